"""The best points of a grid that is too large for a full scan. What belongs here: boxes that can hold no better point are excluded.

The box with the best bound is taken first. If it is small its points are evaluated, as in any scan; else it is halved along the axis that
tells most. It ends when no box is left whose bound reaches what was found, so the points named are those that a full scan would name.
"""

from __future__ import annotations

import heapq
import itertools
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sweep.analysis.scan import After, Before, Scan
from sweep.bounds.boxes import Boxes, Spans, rounded
from sweep.bounds.intervals import corners, number
from sweep.errors import SweepError
from sweep.study.conditions import Condition

ENUMERABLE = 1 << 33  # points that a scan evaluates, each of them
LEAF = 1 << 22  # points of a box that are evaluated
MOST = 1 << 38  # points evaluated before it is said that bounds do not help
BOXES = 20_000


@dataclass
class Proof:
    """Why an answer holds where not every point is evaluated: points in all, points evaluated, and boxes excluded by their bounds."""

    points: int = 0
    explored: int = 0
    bounded: int = 0

    def __str__(self) -> str:
        return f"{self.explored:,} of {self.points:.4g} points were evaluated; bounds excluded the rest in {self.bounded:,} boxes"


@dataclass(frozen=True, order=True)
class _Box:
    """A box to search, the best bound first; of equal bounds the smallest box, then the last one made."""

    bound: float
    cells: int
    turn: int
    spans: Spans = field(compare=False)


class Optimum:
    """The search for points with the least sum of weighted quantities: a scan of them all, or of what bounds leave of too many."""

    def __init__(self, made: Scan, weights: Mapping[str, float], asked: Iterable[Condition]) -> None:
        self.made, self.weights, self.asked = made, weights, tuple(asked)
        self.proof: Proof | None = None

    @cached_property
    def _boxes(self) -> Boxes:
        return Boxes(self.made.program, self.weights, self.asked)

    def visit(self, spans: Spans, before: Before, after: After, limit: Callable[[], float], threads: int | None = None) -> None:
        """Scan every point of some ranges that can have a score of `limit()` or less, which may fall meanwhile."""
        points = math.prod(b - a for a, b in spans.values())
        if points <= ENUMERABLE:
            self.made.visit(spans, before, after, threads)
            return
        if self.proof is None:
            self.proof = Proof()
        self.proof.points += points
        self._search(spans, lambda box: self.made.visit(box, before, after, threads), limit, self.proof)

    def _box(self, spans: Spans, turn: int) -> _Box | None:
        """A box with its bound; None where none of its points has a score."""
        values = self._boxes.bounds(spans)
        if values is None:
            return None
        score = number(0.0)
        for name, weight in self.weights.items():
            score = corners(operator.add, score, corners(operator.mul, number(weight), values[name]))
        return None if score.empty else _Box(rounded(score).low, math.prod(b - a for a, b in spans.values()), turn, spans)

    def _search(self, spans: Spans, look: Callable[[Spans], None], limit: Callable[[], float], proof: Proof) -> None:
        turns = itertools.count(0, -1)
        first = self._box(spans, next(turns))
        heap = [first] if first else []
        while heap:
            box = heapq.heappop(heap)
            if box.bound > limit():
                proof.bounded += 1 + len(heap)
                return
            if box.cells <= LEAF:
                look(box.spans)
                proof.explored += box.cells
            else:
                long = [(b - a, dim) for dim, (a, b) in box.spans.items() if b - a > 1]
                ways = [(length, [self._box(half, next(turns)) for half in _halves(box.spans, dim)]) for length, dim in long]
                for half in max(ways, key=_told)[1]:
                    if half and half.bound <= limit():
                        heapq.heappush(heap, half)
                    else:
                        proof.bounded += 1
            if proof.explored > MOST or proof.bounded + len(heap) > BOXES:
                raise SweepError(f"bounds do not help here: {proof}; ask with fewer labels, a condition, or --set")


def _halves(box: Spans, dim: str) -> tuple[Spans, Spans]:
    low, high = box[dim]
    middle = (low + high) // 2
    return {**box, dim: (low, middle)}, {**box, dim: (middle, high)}


def _told(way: tuple[int, list[_Box | None]]) -> tuple[float, float, int]:
    """How much two halves of a box tell: the higher their bounds the better; where they tell the same the longest axis is halved."""
    length, halves = way
    low, high = sorted(half.bound if half else math.inf for half in halves)
    return high, low, length
