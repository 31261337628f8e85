"""The best points of a study or of a cube. What belongs here: the search, which streams through the grid and stores none of it.

A point counts as the cube would hold it: values are rounded to float32 before they are compared, and of equal ones the first in
the order of the cube wins, so a study and its cube name the same points.
"""

from __future__ import annotations

import heapq
import json
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sweep.analysis import scan
from sweep.analysis.scan import Lines, Places, bound
from sweep.catalog.parameters import Parameter
from sweep.cube.query import unit_of
from sweep.engine.blocks import Array, inner_shape, ranges_of
from sweep.engine.nests import Function
from sweep.engine.plan import STATUS, Dims
from sweep.equations import quantities, registry
from sweep.equations.quantities import names
from sweep.errors import SweepError, suggestion
from sweep.study.definition import Study
from sweep.study.where import OPERATORS, Condition, conditions

if TYPE_CHECKING:
    import xarray

CUBE_CELLS = 1 << 22
Hit = tuple[float, int]

INSERT_TEXT = '''def insert(scores, places, score, place):
    """Put a hit into the sorted list of the best; of equal scores the one that came first stays ahead."""
    k = len(scores) - 1
    while k > 0 and scores[k - 1] > score:
        scores[k] = scores[k - 1]
        places[k] = places[k - 1]
        k -= 1
    scores[k] = score
    places[k] = place
'''
INSERT = Function("insert", INSERT_TEXT, (), (), (), ())


def best(
    subject: Study | xarray.Dataset,
    quantity: str,
    where: Iterable[str] = (),
    top: int = 1,
    maximize: bool = False,
    per: str | None = None,
    threads: int | None = None,
) -> list[dict[str, Any]]:
    """The points with the smallest (or largest) value of a quantity among those that meet some conditions.

    subject: a study, whose grid is streamed and never stored, or an opened cube. where: texts such as "time_to_train <= 90 d".
    per: an axis; the best are then named for each of its labels. Each row holds rank, the labels of the axes that matter, and
    SI values of the quantity and of those in the conditions (from a study: of all its outputs, too). A SweepError says what is wrong.
    """
    if isinstance(subject, Study):
        subject = subject.stated
        registry.only(subject.equations)
    arrays = {} if isinstance(subject, Study) else subject.data_vars
    held = [Parameter(str(name), unit_of(array), "") for name, array in arrays.items() if name != STATUS]
    if quantity not in (known := {*names(), *(p.name for p in held)}):
        raise SweepError(f"unknown quantity {quantity!r}{suggestion(quantity, known)}")
    if top < 1:
        raise SweepError(f"--top {top}: must be at least 1")
    asked = conditions(where, held)
    if isinstance(subject, Study):
        return _of_study(subject, quantity, asked, top, maximize, per, threads)
    return _of_cube(subject, quantity, asked, top, maximize, per)


def _of_study(
    study: Study, quantity: str, asked: list[Condition], top: int, maximize: bool, per: str | None, threads: int | None
) -> list[dict[str, Any]]:
    made = scan.make(study, [quantity], asked, _lines(quantity, maximize), (INSERT,))
    rows = []
    for spans in made.groups(per):
        hits: list[Hit] = []

        def before(places: Places, hits: list[Hit] = hits) -> dict[str, Array]:
            worst = hits[top - 1][0] if len(hits) >= top else math.inf
            scores = np.full(top, np.nextafter(np.float32(worst), np.float32(np.inf)), np.float32)
            return {"scores": scores, "places": np.full(top, -1, np.int64), "row": np.empty(places.row, np.float32)}

        def after(places: Places, out: dict[str, Array], hits: list[Hit] = hits) -> None:
            found = out["places"] >= 0
            flat = places.flat(out["places"][found])
            hits[:] = heapq.nsmallest(top, [*hits, *zip(out["scores"][found].tolist(), flat.tolist(), strict=True)])

        made.run(spans, before, after, threads)
        rows += [{"rank": rank, **made.row(place, per)} for rank, (_, place) in enumerate(hits, 1)]
    return rows


def _lines(objective: str, maximize: bool) -> Lines:
    """The loop that scores every point and keeps the best.

    The innermost loop only counts the scores that beat the worst hit, which runs in vector lanes; a row with such a score is looked
    at again.
    """

    def at_point(meets: str) -> list[str]:
        held = [f"score = score if {meets} else float32(inf)"] if meets else []
        return [f"score = float32({'-' if maximize else ''}{objective})", *held, "out_row[at] = score", "found += int32(score < worst)"]

    again = ["if found:", "    for k in range(len(out_row)):", "        if out_row[k] < out_scores[last]:"]
    again += ["            insert(out_scores, out_places, out_row[k], base + k)", "    worst = out_scores[last]"]
    return Lines(
        name="search",
        about=f"The {'largest' if maximize else 'smallest'} {objective}.",
        start=["last = len(out_scores) - 1", "worst = out_scores[last]"],
        before_row=["found = int32(0)"],
        point=at_point,
        after_row=again,
        writes=("scores", "places", "row"),
    )


def _of_cube(
    cube: xarray.Dataset, quantity: str, asked: list[Condition], top: int, maximize: bool, per: str | None
) -> list[dict[str, Any]]:
    wanted = tuple(dict.fromkeys([quantity, *(name for c in asked for name in c.names)]))
    for name in wanted:
        if name not in cube.variables:
            raise SweepError(f"{name}: is not in the cube{suggestion(name, map(str, cube.variables))}")
    order = json.loads(cube.attrs.get("axes", "[]")) or [*cube.sizes]
    dims = tuple(dim for dim in order if any(dim in cube[name].dims for name in wanted))
    if per is not None and per not in dims:
        raise SweepError(f"--per {per}: {quantity} does not depend on it{suggestion(per, dims)}")
    sizes = {dim: cube.sizes[dim] for dim in dims}
    rows = []
    whole = {dim: (0, size) for dim, size in sizes.items()}
    for ranges in ({**whole, per: (label, label + 1)} for label in range(sizes[per])) if per else [whole]:
        hits: list[Hit] = []
        shape = tuple(stop - start for start, stop in ranges.values())
        for block in ranges_of(0, shape, inner_shape(shape, CUBE_CELLS)):
            at = {dim: slice(a + ranges[dim][0], b + ranges[dim][0]) for dim, (a, b) in zip(dims, block.ranges, strict=True)}
            hits = heapq.nsmallest(top, [*hits, *_block_hits(cube, dims, sizes, at, quantity, asked, top, maximize)])
        for rank, (_, place) in enumerate(hits, 1):
            index = dict(zip(dims, np.unravel_index(place, tuple(sizes.values())), strict=True))
            labels = {dim: cube[dim].values[index[dim]] for dim in [*([per] if per else []), *(d for d in dims if d != per)]}
            shown = dict.fromkeys([*wanted, *(str(v) for v in cube.data_vars if set(cube[v].dims) <= set(dims) and v != STATUS)])
            left = [name for name in shown if name not in labels]
            values = {name: cube[name].isel({d: int(index[str(d)]) for d in cube[name].dims}).item() for name in left}
            rows.append({"rank": rank, **{d: v if isinstance(v, str) else float(v) for d, v in (labels | values).items()}})
    return rows


def _block_hits(
    cube: xarray.Dataset,
    dims: Dims,
    sizes: Mapping[str, int],
    at: Mapping[str, slice],
    quantity: str,
    asked: list[Condition],
    top: int,
    maximize: bool,
) -> list[Hit]:
    shape = [at[dim].stop - at[dim].start for dim in dims]

    def values(name: str) -> Any:
        found = cube[name].isel({dim: at[dim] for dim in dims if dim in cube[name].dims}).variable
        held = found.transpose(*(dim for dim in dims if dim in found.dims)).values
        if held.dtype.kind not in "fiu":  # the words of a choice
            held = np.array([quantities.quantity(name).choices.index(word) for word in held.flat]).reshape(held.shape)
        return held.astype(np.float32)[tuple(slice(None) if dim in found.dims else None for dim in dims)]

    scores = np.broadcast_to(values(quantity) * (-1 if maximize else 1), shape)
    for c in asked:
        left, right = values(c.name), values(c.other) if c.other else np.float32(bound(c))
        scores = np.where(OPERATORS[c.operator](left, right) & (left == left) & (right == right), scores, np.nan)
    flat = np.where(np.isnan(scores), np.float32(np.inf), scores).reshape(-1)
    if len(flat) > top:
        limit = np.partition(flat, top - 1)[top - 1]
        candidates = np.flatnonzero(flat <= limit)
    else:
        candidates = np.arange(len(flat))
    candidates = candidates[np.isfinite(flat[candidates])]
    candidates = candidates[np.argsort(flat[candidates], kind="stable")][:top]
    corners = np.unravel_index(candidates, shape)
    places = np.ravel_multi_index([corner + at[dim].start for corner, dim in zip(corners, dims, strict=True)], [sizes[d] for d in dims])
    return list(zip(flat[candidates].tolist(), places.tolist(), strict=True))
