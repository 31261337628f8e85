"""A scan of every point of a study's grid. What belongs here: the compiled loop over the points, block by block, and a point as a row.

What is kept of the points is for search.py and pareto.py. A point counts as the cube would hold it: values are rounded to float32
before they are compared, and of equal points the first in the order of the cube stands.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from sweep.cube import dataset
from sweep.engine import plan
from sweep.engine.blocks import Array, Block, Grid, Program, Ranges, Worker, inner_shape, ranges_of
from sweep.engine.nests import INDENT, Function, body, calls, needed, reads_at, source
from sweep.engine.plan import Dims, Nest, Plan
from sweep.equations import interpret, quantities
from sweep.errors import SweepError, suggestion
from sweep.study.conditions import Condition
from sweep.study.definition import Study

SCAN_CELLS = 1 << 25
SCAN_BYTES = 64 << 20  # of what the scan of one block reads
Spans = Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Lines:
    """What a loop does: before all points, before a row of them, at each point and after each row.

    point: given the condition that a point must meet, or "" where there is none. `at` is the place in the row, and after a row `base`
    is the place of its first point in the block.
    """

    name: str
    about: str
    start: list[str]
    before_row: list[str]
    point: Callable[[str], list[str]]
    after_row: list[str]
    writes: tuple[str, ...]


@dataclass(frozen=True)
class Scan:
    """The points that some quantities of a study depend on, and the loop over them. dims: the axes that matter."""

    study: Study
    made: Plan
    wanted: tuple[str, ...]
    nest: Nest
    ancestors: tuple[Nest, ...]
    program: Program

    @property
    def dims(self) -> Dims:
        return self.nest.dims

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.made.sizes[dim] for dim in self.dims)

    def groups(self, per: str | None) -> Iterator[Spans]:
        """The ranges to scan: the whole grid, or each label of an axis."""
        if per is not None and per not in self.dims:
            raise SweepError(f"--per {per}: {self.wanted[0]} does not depend on it{suggestion(per, self.dims)}")
        whole = {dim: (0, self.made.sizes[dim]) for dim in self.dims}
        yield from ({**whole, per: (label, label + 1)} for label in range(self.made.sizes[per])) if per else [whole]

    def visit(self, spans: Spans, before: Before, after: After, threads: int | None = None) -> None:
        """Scan some ranges, block by block on some threads. before: the arrays that the loop writes; after: what came of a block."""
        shape = tuple(spans[dim][1] - spans[dim][0] for dim in self.dims)
        work = list(ranges_of(0, shape, _cut(self.made, self.nest, self.ancestors, shape)))
        own = threading.local()
        lock = threading.Lock()
        _ = self.program.code

        def one(block: Block) -> None:
            if not hasattr(own, "worker"):
                own.worker = Worker(self.program)
            ranges = tuple((a + spans[dim][0], b + spans[dim][0]) for dim, (a, b) in zip(self.dims, block.ranges, strict=True))
            places = Places(ranges, self.shape)
            inner = dict(zip(self.dims, ranges, strict=True))
            with lock:
                out = before(places)
            own.worker.prepare(self.ancestors, inner)
            own.worker.call(self.program.outputs[self.dims], inner, out)
            with lock:
                after(places, out)

        count = max(1, min(threads or os.cpu_count() or 1, len(work)))
        with ThreadPoolExecutor(count) as pool:
            for _ in pool.map(one, work):
                pass

    @cached_property
    def _full(self) -> Plan:
        return plan.make(self.study, [*self.study.outputs, *self.wanted])

    def labels(self, place: int, per: str | None = None) -> dict[str, Any]:
        """The labels of a place of the grid."""
        return _labels(self.study, dict(zip(self.dims, (int(i) for i in np.unravel_index(place, self.shape)), strict=True)), per)

    def row(self, place: int, per: str | None = None) -> dict[str, Any]:
        """The point at a place of the grid: its labels, and SI values of what is wanted and of the outputs that they decide.

        Raises SweepError where one of them is infinite as the cube would hold it.
        """
        index = dict(zip(self.dims, (int(i) for i in np.unravel_index(place, self.shape)), strict=True))
        at = {**self.study.point, **index}
        full, held = self._full, self._full.inputs
        inputs = {name: float(held[name].values[tuple(at[dim] for dim in held[name].dims)]) for name in full.graph.inputs}
        values = interpret.compute_point(full.graph, inputs).values
        labels = self.labels(place, per)
        shown = dict.fromkeys([*self.wanted, *(name for name in self.study.outputs if set(full.dims[name]) <= set(self.dims))])
        dataset.check_finite(self.study, values, shown, ", ".join(f"{axis} = {label}" for axis, label in labels.items()) or "its point")
        return labels | {name: quantities.quantity(name).told(values[name]) for name in shown if name not in labels}


@dataclass(frozen=True)
class Places:
    """The points of a block as places in the whole grid, which are in order from block to block."""

    ranges: Ranges
    whole: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(stop - start for start, stop in self.ranges)

    @property
    def row(self) -> int:
        """The length of a row."""
        return self.shape[-1] if self.ranges else 1

    def flat(self, inside: Any) -> Any:
        """Places in the whole grid of places in the block."""
        if not self.ranges:
            return inside
        corners = np.unravel_index(inside, self.shape)
        return np.ravel_multi_index([c + start for c, (start, _) in zip(corners, self.ranges, strict=True)], self.whole)


def make(study: Study, wanted: Iterable[str], asked: Iterable[Condition], lines: Lines, more: tuple[Function, ...] = ()) -> Scan:
    """The scan of a study for some quantities. more: functions that the lines call."""
    asked = tuple(asked)
    wanted = tuple(dict.fromkeys([*wanted, *(name for c in asked for name in c.names)]))
    made = plan.make(study, wanted, exported=wanted)
    dims = tuple(dim for dim in made.order if any(dim in made.dims[name] for name in wanted))
    nest = next((n for n in made.nests if n.dims == dims), Nest(dims, (), (), ()))
    ancestors = made.ancestors(nest, wanted)
    exports = {n.dims: source(made, n, n.exports, "exports") for n in ancestors}
    loop = _loop(made, nest, wanted, asked, lines)
    whole = tuple(made.sizes[dim] for dim in dims)
    cut = Grid(whole, _cut(made, nest, ancestors, whole), whole)
    costs = {f.name: f.cost * made.cells(d) * cut.repeats(dims, d) for d, f in exports.items()}
    costs[loop.name] = loop.cost * made.cells(dims)
    return Scan(study, made, wanted, nest, ancestors, Program(made, exports, {dims: loop}, costs, more))


def _loop(made: Plan, nest: Nest, wanted: tuple[str, ...], asked: tuple[Condition, ...], do: Lines) -> Function:
    """The loop over the points of a nest, row by row.

    A condition is tested as soon as its quantity is known, so that one on few axes skips all that lies inside.
    """
    dims = nest.dims
    steps = needed(nest, wanted)
    inside = {step.name for step in steps}
    reads = tuple(dict.fromkeys([*(n for s in steps for n in s.needs if n not in inside), *(n for n in wanted if n not in inside)]))

    def depth_of(name: str) -> int:
        return len(dims) if name in inside else max((dims.index(dim) + 1 for dim in made.dims[name]), default=0)

    tests: list[list[str]] = [[] for _ in range(len(dims) + 1)]
    for c in asked:
        left, right = f"float32({c.name})", f"float32({c.other})" if c.other else repr(bound(c))
        signs = ("<", ">") if c.operator == "!=" else (c.operator,)  # what has no value is not unequal to anything either
        tests[max(depth_of(name) for name in c.names)].append(f"({' or '.join(f'{left} {sign} {right}' for sign in signs)})")

    arguments = [*(f"n_{dim}" for dim in dims), *(f"in_{name}" for name in reads), *(f"out_{name}" for name in do.writes)]
    lines = [f"def {do.name}({', '.join(arguments)}):", f'{INDENT}"""{do.about}"""', *(INDENT + line for line in do.start)]
    row = max(len(dims) - 1, 0)
    for depth in range(len(dims) + 1):
        indent = INDENT * (depth + 1)
        if depth:
            lines.append(f"{INDENT * depth}for i_{dims[depth - 1]} in range(n_{dims[depth - 1]}):")
        lines += reads_at(made, dims, reads, depth)
        if depth < len(dims) and tests[depth]:
            lines += [f"{indent}if not ({' and '.join(tests[depth])}):", f"{indent}{INDENT}{'continue' if depth else 'return'}"]
        if depth == row:
            lines += [indent + line for line in do.before_row]
    inner, outer = INDENT * (len(dims) + 1), INDENT * (row + 1)
    lines += [inner + line for line in (*body(made, steps), f"at = {f'i_{dims[-1]}' if dims else 0}", *do.point(" & ".join(tests[-1])))]
    flat = "0"
    for dim in dims[:-1]:
        flat = f"i_{dim}" if flat == "0" else f"({flat}) * n_{dim} + i_{dim}"
    lines += [outer + line for line in (f"base = ({flat}) * {f'n_{dims[-1]}' if dims else 1}", *do.after_row)]
    return Function(do.name, "\n".join(lines) + "\n", dims, reads, do.writes, calls(steps), native=False)


def _cut(made: Plan, nest: Nest, ancestors: tuple[Nest, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a block of the scan: whole inner axes, as many as the exports of the ancestors leave memory for."""
    per_cell = 1e-9
    for other in ancestors:
        missing = math.prod(made.sizes[dim] for dim in nest.dims if dim not in other.dims)
        per_cell += 8 * len(other.exports) / missing
    return inner_shape(shape, int(min(SCAN_CELLS, SCAN_BYTES / per_cell)))


def _labels(study: Study, index: Mapping[str, int], per: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in [*([per] if per else []), *(name for name in index if name != per)]:
        axis, at = study.axes[name], index[name]
        found[name] = axis.labels[at] if axis.labels is not None else quantities.quantity(name).told(float(axis.columns[name][at]))
    return found


def bound(condition: Condition) -> float:
    """What a quantity is compared with, as the cube would hold it, so that a bound that is met exactly is met."""
    with np.errstate(over="ignore"):
        return float(np.float32(condition.value))


Before: TypeAlias = Callable[[Places], dict[str, Array]]
After: TypeAlias = Callable[[Places, dict[str, Array]], None]
