"""What is looked for and what is found. What belongs here: an objective of one or more quantities, hits of equal score, and rows.

How points are evaluated belongs in scan.py and cells.py.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sweep.analysis.optimum import Proof
from sweep.errors import SweepError, suggestion

NUMBER = r"\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+"
TERM = re.compile(rf"^(?:({NUMBER})\s*\*\s*)?([A-Za-z_]\w*)$")
ROOM = 1024  # places that are kept of points of one score; how many there are is always counted


@dataclass(frozen=True)
class Objective:
    """Quantities with weights, 1 in all. Of several, each is divided by the best value that it has alone: 1 is as good as can be."""

    terms: Mapping[str, float]
    maximize: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.terms)

    def weights(self, bests: Sequence[float] = ()) -> list[float]:
        """What each quantity is multiplied with, so that the smallest sum is the best. bests: of each alone, where there are several."""
        sign = -1.0 if self.maximize else 1.0
        if len(self.terms) == 1:
            return [sign]
        for name, best in zip(self.names, bests, strict=True):
            if not best:
                raise SweepError(f"{name}: its best value is 0, so that no part of it can be weighed against another quantity")
        return [sign * weight / abs(best) for weight, best in zip(self.terms.values(), bests, strict=True)]


def objective(text: str, maximize: bool, known: Collection[str]) -> Objective:
    """A quantity, or weighted ones: "energy_cost", "0.7*energy_cost + 0.3*time_to_train"."""
    found: dict[str, float] = {}
    for term in re.split(r"\s*\+\s*(?![0-9]+\s*$)", text.strip()):
        match = TERM.match(term)
        if not match:
            raise SweepError(f"{text!r}: must be a quantity, or quantities with weights such as '0.7*energy_cost + 0.3*time_to_train'")
        weight, name = match.groups()
        if name not in known:
            raise SweepError(f"unknown quantity {name!r}{suggestion(name, known)}")
        if name in found:
            raise SweepError(f"{text!r}: {name} stands twice")
        found[name] = float(weight or 1)
        if not found[name]:
            raise SweepError(f"{text!r}: a weight must be above zero")
    whole = sum(found.values())
    return Objective({name: weight / whole for name, weight in found.items()}, maximize)


@dataclass(frozen=True)
class Hit:
    """Points of one score: the first of their places in the grid, in order, and how many there are."""

    score: float
    places: tuple[int, ...]
    count: int


def best_of(hits: Iterable[Hit], top: int) -> list[Hit]:
    """The hits with the smallest scores; those of equal score are one."""
    found: dict[float, Hit] = {}
    for hit in hits:
        other = found.get(hit.score)
        if other:
            hit = Hit(hit.score, tuple(sorted((*other.places, *hit.places))[:ROOM]), other.count + hit.count)
        found[hit.score] = hit
    return [found[score] for score in sorted(found)[:top]]


@dataclass(frozen=True)
class Why:
    """Why no point is feasible: how many points there are, how many each rule and each condition removes, and the nearest point."""

    points: int
    removed: Mapping[str, int]
    nearest: Mapping[str, Any] | None = None


@dataclass
class Ranking(Sequence[dict[str, Any]]):
    """The rows of the best points, best first. weights: of the quantities that are ranked, 1 in all.

    omitted: labels without value for lack of figures, with these. why: where there is no row. proof: where bounds excluded points.
    scales: what the SI value of each quantity is multiplied with in the score; 1 of a quantity alone.
    """

    rows: list[dict[str, Any]]
    weights: Mapping[str, float]
    omitted: dict[str, list[str]] = field(default_factory=dict)
    why: Why | None = None
    proof: Proof | None = None
    scales: Mapping[str, float] = field(default_factory=dict)

    @property
    def quantities(self) -> tuple[str, ...]:
        return tuple(self.weights)

    def __getitem__(self, index: Any) -> Any:
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)


def alike(hit: Hit, places: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How many points have the score, and the labels of the axes on which they differ. places: the labels of those that are known."""
    if hit.count == 1:
        return {}
    labels = {axis: [*dict.fromkeys(place[axis] for place in places)] for axis in places[0]}
    return {"alike": {"points": hit.count, "labels": {axis: names for axis, names in labels.items() if len(names) > 1}}}
