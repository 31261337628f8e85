"""Bounds of quantities over boxes of a grid. What belongs here: small grids with every value, and larger ones by intervals over these.

A box is a range of labels on each axis. What depends on few axes is computed once, everywhere, and its least and largest value in a box
are looked up; the equations of larger nests are evaluated with intervals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from sweep.bounds.interpreter import interval_of
from sweep.bounds.intervals import FALSE, LIBRARY_SLACK, NONE, Interval, all_of, compare, hull, negated, number, truth, wider
from sweep.engine.blocks import Array, Program, Worker
from sweep.engine.nests import alias
from sweep.engine.plan import Dims, Step
from sweep.equations import registry
from sweep.equations.registry import Rule
from sweep.study.conditions import Condition

STAGED_CELLS = 1 << 22  # of a grid on which every value is computed
Spans = Mapping[str, tuple[int, int]]


class Boxes:
    """The bounds of some quantities of a plan over any box. asked: conditions that points must meet."""

    def __init__(self, program: Program, wanted: Iterable[str], asked: Iterable[Condition]) -> None:
        self.plan, self.asked = program.plan, tuple(asked)
        self._steps, read = _large(program, [*wanted, *(name for c in self.asked for name in c.names)])
        self._arrays = _values(program, read)
        self._known: dict[tuple[str, tuple[tuple[int, int], ...]], Interval] = {}

    def bounds(self, box: Spans) -> dict[str, Interval] | None:
        """The interval of each quantity over a box; None where no point of it can meet the conditions."""
        values = {name: self._looked_up(name, box) for name in self._arrays}
        for step in self._steps:
            values[step.name] = _evaluated(step, values)
        for c in self.asked:
            right = values[c.other] if c.other else number(c.value)
            if not compare(c.operator, rounded(values[c.name]), rounded(right)).high:
                return None
        return values

    def _looked_up(self, name: str, box: Spans) -> Interval:
        ranges = tuple(box[dim] for dim in self.plan.dims[name])
        if (name, ranges) not in self._known:
            low, high, nan = (array[tuple(slice(*r) for r in ranges)] for array in self._arrays[name])
            found = Interval(float(low.min()), float(high.max()), bool(nan.any()))
            exact = name in self.plan.inputs or low.dtype == np.bool_
            self._known[name, ranges] = found if exact or found.empty else wider(found.low, found.high, found.nan, LIBRARY_SLACK)
        return self._known[name, ranges]


def rounded(value: Interval) -> Interval:
    """An interval as the cube would hold it."""
    with np.errstate(over="ignore"):
        return replace(value, low=float(np.float32(value.low)), high=float(np.float32(value.high)))


def _staged(program: Program, dims: Dims) -> bool:
    """Whether every value of a nest is computed."""
    return dims in program.exports and program.plan.cells(dims) <= STAGED_CELLS


def _large(program: Program, wanted: list[str]) -> tuple[tuple[Step, ...], list[str]]:
    """The steps behind some quantities whose grid is too large to compute everywhere, and what these steps read of smaller ones."""
    dims, steps = program.plan.dims, {step.name: step for nest in program.plan.nests for step in nest.steps}
    todo, large, read = list(wanted), set(), dict[str, None]()
    while todo:
        name = todo.pop()
        if name not in steps or _staged(program, dims[name]):
            read[name] = None
        elif name not in large:
            large.add(name)
            todo += steps[name].needs
    return tuple(step for step in steps.values() if step.name in large), [*read]


def _values(program: Program, names: Iterable[str]) -> dict[str, tuple[Array, Array, Array]]:
    """Every value of some quantities on their small grids: for the least, for the largest, and where there is none."""
    plan, names = program.plan, tuple(names)
    whole = {dim: (0, size) for dim, size in plan.sizes.items()}
    worker = Worker(program)
    worker.prepare([nest for nest in plan.nests if _staged(program, nest.dims)], whole)
    found = {}
    for name in names:
        values = np.asarray(worker.read(name, whole))
        nan = np.isnan(values)
        gaps = bool(nan.any())
        low, high = (np.where(nan, end, values) if gaps else values for end in (np.inf, -np.inf))
        found[name] = (low, high, nan if gaps else np.broadcast_to(np.False_, values.shape))
    return found


def _evaluated(step: Step, values: Mapping[str, Interval]) -> Interval:
    """What one step gives, with the mask under which it means anything."""
    arguments = [values[name] for name in step.reads]
    if isinstance(step.what, frozenset):
        return all_of(negated(one) for one in arguments)
    broken = isinstance(step.what, Rule)
    found = arguments[0] if alias(step) else interval_of(registry.function_of(step.name), arguments)
    found = truth(found) if broken else found
    valid = values[step.valid] if step.valid else None
    if valid is None or valid.low:
        return found
    nothing = FALSE if broken else NONE
    return hull([found, nothing]) if valid.high else nothing
