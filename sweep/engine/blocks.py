"""Blocks: the only unit of work. What belongs here: how a nest's grid is cut, and one block evaluated into buffers.

A block is a hyper-rectangle of one output nest: one call of the nests, one write, one done mark. It is a pure function of
(plan, block); a worker only keeps what the block before it has computed in the same ranges.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sweep.engine import compile, quantiles
from sweep.engine.nests import Function, source
from sweep.engine.plan import QUANTILE, STATUS, Dims, Nest, Plan
from sweep.equations import registry
from sweep.equations.registry import Equation
from sweep.errors import SweepError
from sweep.study.sampling import SAMPLE

COLOURS = re.compile(r"\x1b\[[0-9;]*m")  # of numba's messages, where the terminal has some
Array: TypeAlias = npt.NDArray[Any]
Ranges: TypeAlias = tuple[tuple[int, int], ...]
INTERPRETED_CALLS = 300_000  # of equations, about 0.3 s; compiling one nest of ten equations takes longer
CALLS_PER_EQUATION = 5_000  # about 5 ms, a tenth of what compiling an equation takes; a nest itself takes as long as three
CHUNK_CELLS = 1 << 18  # 1 MB of float32
BLOCK_CELLS = 5 << 20  # 20 MB of float32
BLOCK_BYTES = 80 << 20  # of all variables of a block and what they are computed from


@dataclass(frozen=True)
class Block:
    """A hyper-rectangle of the nest `nest`: ranges (start, stop) along its dims."""

    nest: int
    number: int
    ranges: Ranges

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(stop - start for start, stop in self.ranges)

    def region(self, dims: Dims) -> tuple[slice, ...]:
        """The part of an array over `dims` that this block fills; what a cube keeps of the draws of a sample is all there."""
        return tuple(slice(None) if dim == QUANTILE else slice(*ends) for dim, ends in zip(dims, self.ranges, strict=False))

    @property
    def cells(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class Grid:
    """How an output nest is cut: shape of the whole, of a block (one shard) and of a chunk inside it."""

    shape: tuple[int, ...]
    block: tuple[int, ...]
    chunk: tuple[int, ...]

    def repeats(self, dims: Dims, other: Dims) -> int:
        """How often a nest over some of the dims is computed for the blocks, at most: once for each cut of the other dims."""
        cuts = {dim: -(-size // step) for dim, size, step in zip(dims, self.shape, self.block, strict=True)}
        return math.prod(cuts[dim] for dim in dims if dim not in other)


def grid(plan: Plan, nest: Nest) -> Grid:
    """The cut of one output nest: chunks of whole inner axes, blocks of whole chunks."""
    shape = tuple(plan.sizes[dim] for dim in nest.dims)
    chunk = inner_shape(shape, CHUNK_CELLS)
    bytes_per_cell = 4.0 * len(nest.outputs)
    for other in plan.ancestors(nest, nest.outputs):
        missing = math.prod(plan.sizes[dim] for dim in nest.dims if dim not in other.dims)
        bytes_per_cell += 8 * len(other.exports) / min(missing, 64)
    cells = max(math.prod(chunk), int(min(BLOCK_CELLS, BLOCK_BYTES / bytes_per_cell)))
    block = list(chunk)
    for i in reversed(range(len(shape))):
        room = cells // math.prod(block)
        block[i] = chunk[i] * even(-(-shape[i] // chunk[i]), max(room, 1))
        if block[i] < shape[i]:
            break
    return Grid(shape, tuple(block), chunk)


def inner_shape(shape: tuple[int, ...], cells: int) -> tuple[int, ...]:
    """The shape of whole inner axes, and a part of the first that does not fit, within some number of cells."""
    found = [1] * len(shape)
    for i in reversed(range(len(shape))):
        found[i] = even(shape[i], max(1, cells // math.prod(found)))
        if found[i] < shape[i]:
            break
    return tuple(found)


def even(size: int, most: int) -> int:
    """The length of the pieces of an axis: at most `most`, and such that the last piece is whole or nearly so."""
    if size <= most:
        return size
    whole = [length for length in range(most, most // 2, -1) if size % length == 0]
    return whole[0] if whole else -(-size // -(-size // most))


def blocks(plan: Plan) -> Iterator[Block]:
    """Every block of a plan, in order."""
    for index, nest in enumerate(plan.nests):
        if nest.outputs:
            cut = grid(plan, nest)
            yield from ranges_of(index, cut.shape, cut.block)


def ranges_of(nest: int, shape: tuple[int, ...], block: tuple[int, ...]) -> Iterator[Block]:
    """The blocks of one grid, the last axis fastest."""
    starts = [range(0, size, step) for size, step in zip(shape, block, strict=True)]
    for number, corner in enumerate(itertools.product(*starts)):
        ends = [min(start + step, size) for start, step, size in zip(corner, block, shape, strict=True)]
        yield Block(nest, number, tuple(zip(corner, ends, strict=True)))


def dtype_of(plan: Plan, name: str) -> np.dtype[Any]:
    """The type of an output in the cube: float32, and whole numbers for the flags."""
    if name == STATUS:
        return np.dtype(np.int32 if len(plan.graph.rules) < 31 else np.int64)
    return np.dtype(np.float32)


@dataclass(frozen=True)
class Program:
    """The functions of a plan: what every worker runs. outputs: by the dims of their nest. calls: what each function costs.

    Small work runs interpreted, and so do the cheapest functions of larger work, which would take longer to compile.
    """

    plan: Plan
    exports: dict[Dims, Function]
    outputs: dict[Dims, Function]
    calls: dict[str, int]
    more: tuple[Function, ...] = ()
    budget: float = INTERPRETED_CALLS

    @cached_property
    def interpreted(self) -> frozenset[str]:
        """The names of the functions that are not worth compiling: all of them where the whole work is small."""
        if sum(self.calls.values()) <= self.budget:
            return frozenset(self.calls)
        if self.budget < 0:
            return frozenset()
        all_of_them = {f.name: f for f in (*self.exports.values(), *self.outputs.values())}
        return frozenset(name for name, f in all_of_them.items() if self.calls[name] <= CALLS_PER_EQUATION * (3 + len(f.calls)))

    @property
    def compiled(self) -> list[Function]:
        """The functions that are compiled."""
        found = [f for f in (*self.exports.values(), *self.outputs.values()) if f.name not in self.interpreted]
        return [*self.more, *found] if found else []

    @cached_property
    def code(self) -> dict[str, Callable[..., Any]]:
        """What to call, by function name."""
        registry.only(self.plan.study.equations)
        plain = [f for f in (*self.exports.values(), *self.outputs.values()) if f.name in self.interpreted]
        found = compile.interpreted([*plain, *self.more])
        if self.compiled:
            found |= compile.compiled(self.compiled, self.plan.study.equations)
        return found


def program(plan: Plan, budget: float = INTERPRETED_CALLS) -> Program:
    """The program that fills a plan's outputs. budget: how many calls of equations may run interpreted."""
    repeats: dict[Dims, int] = {}
    for nest in plan.output_nests:
        for other in plan.ancestors(nest, nest.outputs):
            repeats[other.dims] = repeats.get(other.dims, 0) + grid(plan, nest).repeats(nest.dims, other.dims)
    exports = {nest.dims: source(plan, nest, nest.exports, "exports") for nest in plan.nests if nest.dims in repeats}
    outputs = {nest.dims: source(plan, nest, nest.outputs, "outputs") for nest in plan.output_nests}
    calls = {f.name: f.cost * plan.cells(dims) * repeats[dims] for dims, f in exports.items()}
    calls |= {f.name: f.cost * plan.cells(dims) for dims, f in outputs.items()}
    return Program(plan, exports, outputs, calls, budget=budget)


class Worker:
    """Evaluates blocks one after another in buffers of its own; not shared between threads."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.plan = program.plan
        self._memory: dict[tuple[Dims, str], Array] = {}
        self._exports: dict[Dims, tuple[Ranges, dict[str, Array]]] = {}
        self._inputs: dict[tuple[str, Ranges], Array | float] = {}
        self._nest: int | None = None
        self._ancestors: tuple[Nest, ...] = ()

    def compute(self, block: Block) -> dict[str, Array]:
        """The outputs of one block as the cube holds them, with quantiles in place of draws; the next block overwrites them."""
        drawn = self.draw(block)
        if SAMPLE not in self.plan.nests[block.nest].dims:
            return drawn
        return {name: quantiles.reduce(name, values) for name, values in drawn.items()}

    def draw(self, block: Block) -> dict[str, Array]:
        """The outputs of one block, each of the block's shape; the next block overwrites them."""
        nest = self.plan.nests[block.nest]
        if block.nest != self._nest:  # what another nest needed would only take memory now
            self._memory.clear()
            self._exports.clear()
            self._nest, self._ancestors = block.nest, self.plan.ancestors(nest, nest.outputs)
        spans = dict(zip(nest.dims, block.ranges, strict=True))
        self.prepare(self._ancestors, spans)
        out = {name: self._buffer(nest.dims, name, block.shape, dtype_of(self.plan, name)) for name in nest.outputs}
        self.call(self.program.outputs[nest.dims], spans, out)
        return out

    def call(self, function: Function, spans: dict[str, tuple[int, int]], out: dict[str, Array]) -> None:
        """Call one generated function in some ranges of its axes."""
        sizes = [spans[dim][1] - spans[dim][0] for dim in function.sizes]
        reads = [self.read(name, spans) for name in function.reads]
        try:
            with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, which is refused where values are kept
                self.program.code[function.name](*sizes, *reads, *(out[name] for name in function.writes))
        except SweepError:
            raise
        except Exception as error:
            if self.plan.study.equations is None:
                raise
            lines = [*COLOURS.sub("", str(error)).splitlines(), type(error).__name__]
            said = next(line for line in lines if line and not line.startswith("Failed in nopython"))
            allowed = "floats, math, min, max, abs, if and bounded loops, with a number returned on every path"
            raise SweepError(f"{self.plan.study.equations.path}: an equation cannot be compiled ({said}); what can be: {allowed}") from None

    def prepare(self, nests: Iterable[Nest], spans: dict[str, tuple[int, int]]) -> None:
        """Compute what some nests export in the ranges of a block, unless the block before it had the same."""
        for nest in nests:
            self._export(nest, spans)

    def _export(self, nest: Nest, spans: dict[str, tuple[int, int]]) -> None:
        ranges = tuple(spans[dim] for dim in nest.dims)
        if nest.dims in self._exports and self._exports[nest.dims][0] == ranges:
            return
        shape = tuple(stop - start for start, stop in ranges)
        out = {name: self._buffer(nest.dims, f"export {name}", shape, self._export_type(nest, name)) for name in nest.exports}
        self.call(self.program.exports[nest.dims], spans, out)
        self._exports[nest.dims] = (ranges, out)

    def _export_type(self, nest: Nest, name: str) -> np.dtype[Any]:
        what = next(step.what for step in nest.steps if step.name == name)
        return np.dtype(np.float64 if isinstance(what, Equation) else np.bool_)

    def read(self, name: str, spans: dict[str, tuple[int, int]]) -> Array | float:
        """What is known of a quantity in the ranges of a block: an input, or what a nest that was prepared exports."""
        dims = self.plan.dims[name]
        if name not in self.plan.inputs:
            return self._exports[dims][1][name]
        key = (name, tuple(spans[dim] for dim in dims))
        if key not in self._inputs:
            held = self.plan.inputs[name]
            if len(self._inputs) > 4096:
                self._inputs.clear()
            if not dims:
                self._inputs[key] = float(held.values)
            else:
                ordered = held.values.transpose([held.dims.index(dim) for dim in dims])
                self._inputs[key] = np.ascontiguousarray(ordered[tuple(slice(*spans[dim]) for dim in dims)])
        return self._inputs[key]

    def _buffer(self, dims: Dims, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        cells = math.prod(shape)
        held = self._memory.get((dims, name))
        if held is None or held.size < cells:
            held = self._memory[dims, name] = np.empty(cells, dtype)
        return held[:cells].reshape(shape)
