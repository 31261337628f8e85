"""Evaluating into re-used buffers. What belongs here: the engine against the same nests in C, numpy, and the memory itself."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.speed import broadcast, c
from benchmarks.speed.measure import Result, race, ratio
from benchmarks.speed.subjects import Subject, widest
from sweep.engine import blocks
from sweep.engine.blocks import Block
from sweep.engine.plan import Plan

PHASE = "evaluate"
WHOLE_CELLS = 50_000_000


def measure(subject: Subject, small: bool, rounds: int) -> Iterator[Result]:
    """Cells of the widest outputs per CPU-second: the whole plan, smaller nests included, block by block."""
    plan = subject.plan(small)
    budget = math.inf if small else -1.0  # all interpreted, or all compiled
    place = plan.nests.index(widest(plan))
    work = [block for block in blocks.blocks(plan) if block.nest == place]
    cells = float(sum(block.cells for block in work))
    widths = sum(blocks.dtype_of(plan, name).itemsize for name in widest(plan).outputs)

    def over(program: blocks.Program, work: list[Block] = work) -> Callable[[], float]:
        def once() -> float:
            worker.forget()
            for block in work:
                worker.compute(block)
            return float(sum(block.cells for block in work))

        worker = Forgetful(program)
        return once

    target = np.empty(max(block.cells for block in work), np.float32)
    source = np.ones_like(target)

    def copy() -> float:
        for block in work:
            np.copyto(target[: block.cells], source[: block.cells])
        return cells * 4

    def fill() -> float:
        for block in work:
            target[: block.cells].fill(1.0)
        return cells * 4

    contenders = {"engine": over(blocks.program(plan, budget)), "copy": copy, "fill": fill}
    if c.available():
        contenders["C"] = over(c.program(plan))
    if subject.broadcast:
        numpy = broadcast.program(plan, budget)
        contenders["numpy in blocks"] = over(numpy)
        contenders["numpy"] = over(numpy, [_as_much_as_fits(plan, place)])
    rates = race(contenders, rounds)
    engine = rates["engine"]
    enough = 5e8 if subject.broadcast else 1e7
    yield Result(PHASE, subject.name, "cells", statistics.median(engine), "cell/cpu-s", enough)
    run = len(blocks.program(plan).outputs[widest(plan).dims].calls)
    yield Result(PHASE, subject.name, "equations and rules run in each of these cells", run, "1")
    if "C" in rates:
        yield Result(PHASE, subject.name, "the same nests in C", statistics.median(rates["C"]), "cell/cpu-s")
        yield Result(PHASE, subject.name, "engine over C", ratio(engine, rates["C"]), "1", 0.8)
    for name in [name for name in rates if name.startswith("numpy")]:
        yield Result(PHASE, subject.name, f"{name}, broadcasting in float64", statistics.median(rates[name]), "cell/cpu-s")
        yield Result(PHASE, subject.name, f"engine over {name}", ratio(engine, rates[name]), "1", 20 if name == "numpy" else None)
    written = [rate * widths for rate in engine]
    yield Result(PHASE, subject.name, "bytes written", statistics.median(written), "B/cpu-s")
    yield Result(PHASE, subject.name, "over filling a block of memory", ratio(written, rates["fill"]), "1")
    yield Result(PHASE, subject.name, "over copying a block of memory", ratio(written, rates["copy"]), "1")


def _as_much_as_fits(plan: Plan, nest: int) -> Block:
    """A block of all axes as they are but the outermost, of which as many labels as memory surely holds."""
    sizes = [plan.sizes[dim] for dim in plan.nests[nest].dims]
    first = max(1, min(sizes[0], WHOLE_CELLS // math.prod(sizes[1:])))
    return Block(nest, 0, tuple((0, size) for size in [first, *sizes[1:]]))


class Forgetful(blocks.Worker):
    """A worker that can be made to compute again what it has computed before."""

    def forget(self) -> None:
        self._exports.clear()
