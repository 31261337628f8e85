"""The points of a cube, read piece by piece. What belongs here: scores and conditions over arrays of a cube."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sweep.analysis.ranking import ROOM, Hit, Objective, Why, best_of
from sweep.analysis.scan import Spans, bound
from sweep.engine.blocks import Array, inner_shape, ranges_of
from sweep.engine.plan import STATUS, Dims
from sweep.equations import quantities
from sweep.errors import SweepError, suggestion
from sweep.query.selection import flag_counts, told, with_columns
from sweep.study.conditions import OPERATORS, Condition

if TYPE_CHECKING:
    import xarray

CUBE_CELLS = 1 << 22


@dataclass(frozen=True)
class Cells:
    """The points of a cube that some quantities depend on. dims: the axes that matter, in the order of the cube."""

    cube: xarray.Dataset
    wanted: tuple[str, ...]
    dims: Dims
    asked: tuple[Condition, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.cube.sizes[dim] for dim in self.dims)

    def groups(self, per: str | None) -> Iterator[Spans]:
        """The ranges to read: the whole grid, or each label of an axis."""
        if per is not None and per not in self.dims:
            raise SweepError(f"--per {per}: {self.wanted[0]} does not depend on it{suggestion(per, self.dims)}")
        whole = dict(zip(self.dims, ((0, size) for size in self.shape), strict=True))
        yield from ({**whole, per: (label, label + 1)} for label in range(self.cube.sizes[per])) if per else [whole]

    def hits(self, spans: Spans, objective: Objective, weights: Sequence[float], top: int) -> list[Hit]:
        """The best hits in some ranges."""
        hits: list[Hit] = []
        for part in self.parts(spans):
            score = part.score(objective, weights)
            for condition in self.asked:
                score = np.where(part.meets(condition), score, np.nan)
            hits = best_of([*hits, *part.lowest(np.broadcast_to(score, part.shape), top)], top)
        return hits

    def why(self, objective: Objective) -> Why:
        """How many points each rule and each condition removes, and the point that misses the conditions by the least."""
        removed = dict.fromkeys((c.text for c in self.asked), 0)
        nearest, place, points = np.inf, -1, int(np.prod(self.shape, dtype=np.int64))
        for part in self.parts():
            score = part.score(objective, objective.weights([1.0] * len(objective.terms)))
            missed: Any = np.where(score == score, np.float32(0), np.float32(np.inf))
            for condition in self.asked:
                known, meets = part.known(condition), part.meets(condition)
                removed[condition.text] += int(np.count_nonzero(np.broadcast_to(known & ~meets, part.shape)))
                missed = np.where(known, np.maximum(missed, np.where(meets, 0, part.missed_by(condition))), np.inf)
            missed = np.broadcast_to(missed, part.shape).reshape(-1)
            at = int(np.argmin(missed))
            if missed[at] < nearest:
                nearest, place = missed[at], int(part.places(np.array([at]))[0])
        rules = {}
        if STATUS in self.cube:
            status = self.cube[STATUS]
            guards = json.loads(status.attrs["flag_guards"])
            counts = flag_counts(status)
            rules = {n: round(c / status.size * points) for n, c in counts.items() if c and set(guards[n]) & set(self.wanted)}
        return Why(points, rules | removed, self.row(place) if place >= 0 else None)

    def omitted(self) -> dict[str, list[str]]:
        """The labels that have no value for want of a figure, with the figures that are missing."""
        found: dict[str, list[str]] = {}
        if STATUS not in self.cube:
            return found
        status = self.cube[STATUS]
        guards = json.loads(status.attrs["flag_guards"])
        masks = zip(str(status.attrs["flag_meanings"]).split(), np.atleast_1d(status.attrs["flag_masks"]).tolist(), strict=True)
        for rule, mask in masks:
            if not rule.endswith("_is_missing") or not set(guards[rule]) & set(self.wanted):
                continue
            for dim in status.dims:
                everywhere = ((status & mask) != 0).all([other for other in status.dims if other != dim]).values
                if 0 < everywhere.sum() < len(everywhere):
                    for label in self.cube[dim].values[everywhere].tolist():
                        found.setdefault(str(label), []).append(rule.removesuffix("_is_missing"))
        return found

    def labels(self, place: int) -> dict[str, Any]:
        """The labels of a place."""
        index = dict(zip(self.dims, np.unravel_index(place, self.shape), strict=True))
        return {dim: self.label(dim, int(index[dim])) for dim in self.dims}

    def label(self, dim: str, at: int) -> Any:
        """A label of an axis as the study tells it."""
        return told(dim, self.cube[dim].values[at])

    def row(self, place: int) -> dict[str, Any]:
        """The point at a place: its labels, and SI values of all variables that they decide."""
        index = dict(zip(self.dims, np.unravel_index(place, self.shape), strict=True))
        labels = self.labels(place)
        decided = (str(v) for v in self.cube.data_vars if set(self.cube[v].dims) <= set(self.dims) and v != STATUS)
        shown = [name for name in dict.fromkeys([*self.wanted, *decided]) if name not in labels]
        return labels | {n: told(n, self.cube[n].isel({d: int(index[str(d)]) for d in self.cube[n].dims}).item()) for n in shown}

    def parts(self, spans: Spans | None = None) -> Iterator[Part]:
        """The grid, or some ranges of it, in pieces that fit in memory."""
        spans = spans or dict(zip(self.dims, ((0, size) for size in self.shape), strict=True))
        shape = tuple(stop - start for start, stop in spans.values())
        for block in ranges_of(0, shape, inner_shape(shape, CUBE_CELLS)):
            at = {dim: slice(a + spans[dim][0], b + spans[dim][0]) for dim, (a, b) in zip(self.dims, block.ranges, strict=True)}
            yield Part(self, at)


@dataclass(frozen=True)
class Part:
    """A piece of the grid that fits in memory."""

    cells: Cells
    at: Mapping[str, slice]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(at.stop - at.start for at in self.at.values())

    def values(self, name: str) -> Array:
        """A quantity in the piece, with a length of 1 along axes on which it does not depend."""
        dims = self.cells.dims
        found = self.cells.cube[name].isel({dim: self.at[dim] for dim in dims if dim in self.cells.cube[name].dims}).variable
        held = found.transpose(*(dim for dim in dims if dim in found.dims)).values
        if held.dtype.kind not in "fiu":  # the words of a choice
            held = np.array([quantities.quantity(name).choices.index(word) for word in held.flat]).reshape(held.shape)
        return np.asarray(held.astype(np.float32)[tuple(slice(None) if dim in found.dims else None for dim in dims)])

    def score(self, objective: Objective, weights: Sequence[float]) -> Any:
        if len(objective.terms) == 1:
            return self.values(objective.names[0]) * np.float32(weights[0])
        parts = (weight * self.values(name).astype(np.float64) for name, weight in zip(objective.names, weights, strict=True))
        return sum(parts).astype(np.float32)  # type: ignore[union-attr]

    def sides(self, condition: Condition) -> tuple[Any, Any]:
        return self.values(condition.name), self.values(condition.other) if condition.other else np.float32(bound(condition))

    def known(self, condition: Condition) -> Any:
        left, right = self.sides(condition)
        return (left == left) & (right == right)

    def meets(self, condition: Condition) -> Any:
        left, right = self.sides(condition)
        return OPERATORS[condition.operator](left, right) & self.known(condition)

    def missed_by(self, condition: Condition) -> Any:
        left, right = self.sides(condition)
        return np.abs(left - right) / np.maximum(np.maximum(np.abs(left), np.abs(right)), np.float32(1e-30)) + np.float32(1e-9)

    def lowest(self, scores: Array, top: int) -> list[Hit]:
        flat = scores.reshape(-1)
        places = np.flatnonzero(np.isfinite(flat))
        if not len(places):
            return []
        values, inverse, counts = np.unique(flat[places], return_inverse=True, return_counts=True)
        first = [tuple(self.places(places[inverse == k][:ROOM]).tolist()) for k in range(min(top, len(values)))]
        return [Hit(float(values[k]), held, int(counts[k])) for k, held in enumerate(first)]

    def places(self, inside: Any) -> Any:
        if not self.shape:
            return inside
        corners = np.unravel_index(inside, self.shape)
        return np.ravel_multi_index([corner + at.start for corner, at in zip(corners, self.at.values(), strict=True)], self.cells.shape)


def cells(cube: xarray.Dataset, names: Sequence[str], asked: Sequence[Condition]) -> Cells:
    """The points of a cube for some quantities and conditions."""
    wanted = tuple(dict.fromkeys([*names, *(name for c in asked for name in c.names)]))
    cube = with_columns(cube, wanted)
    for name in wanted:
        if name not in cube.variables:
            raise SweepError(f"{name}: is not in the cube{suggestion(name, map(str, cube.variables))}")
    order = json.loads(cube.attrs.get("axes", "[]")) or [*cube.sizes]
    return Cells(cube, wanted, tuple(dim for dim in order if any(dim in cube[name].dims for name in wanted)), tuple(asked))
