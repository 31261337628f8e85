"""A study evaluated. What belongs here: one point, the cube in memory, and workers over blocks that hand each to whoever keeps it."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np

from sweep.catalog.document import Node
from sweep.cube import coordinates, dataset
from sweep.engine import blocks
from sweep.engine.blocks import Array, Block, Worker
from sweep.engine.plan import Plan
from sweep.equations import interpret
from sweep.errors import SweepError
from sweep.study.definition import Study
from sweep.study.parse import in_si, with_value

if TYPE_CHECKING:
    import xarray

IN_MEMORY_BYTES = 8 << 30  # the largest array or cube that is made in memory
Progress = Callable[[int, int], None]
Sink = Callable[[Block, dict[str, Array]], None]


class Computes(Protocol):
    """What gives the outputs of blocks, for one thread."""

    def compute(self, block: Block) -> dict[str, Array]: ...


def evaluate(study: Study, **at: float | str) -> dict[str, float]:
    """Every quantity that the outputs of a study need, at one point, interpreted: name to value in SI, NaN where it is undefined.

    at: where the point differs from the study's own: a number in SI, a text with a unit ("90 d"), a label (gpu="h100-sxm",
    split="tp8-pp15"). Any quantity may be given. Raises SweepError.
    """
    for name, value in at.items():
        study = with_value(study, name, Node(str(value) if isinstance(value, str) else in_si(name, value), "evaluate", 0, name))
    study = study.stated
    values = interpret.compute_point(study.graph, study.inputs_at(study.point)).values
    dataset.check_finite(study, values, study.outputs, "this point")
    return {name: math.nan if math.isinf(value) else value for name, value in values.items()}


def uncompressed_bytes(plan: Plan) -> int:
    """The size of a plan's outputs, each cell as it is in memory."""
    return sum(plan.cells(v.dims) * np.dtype(v.dtype).itemsize for v in dataset.outputs(plan))


def in_memory(made: Plan, threads: int | None, progress: Progress | None) -> xarray.Dataset:
    """The cube of a plan, in memory. Raises SweepError where that is too small."""
    import xarray

    size = uncompressed_bytes(made)
    if size > IN_MEMORY_BYTES:
        raise SweepError(f"{made.study.file}: a cube of {size / 1e9:.0f} GB is too large for memory; give a store to write it to")
    variables = dataset.outputs(made)
    dims = {v.name: v.dims for v in variables}
    arrays = {v.name: np.empty(tuple(made.sizes[dim] for dim in v.dims), v.dtype) for v in variables}
    found: dataset.Statistics = {}
    lock = threading.Lock()

    def keep(block: Block, values: dict[str, Array]) -> None:
        for name, array in values.items():
            arrays[name][block.region(dims[name])] = array
        with lock:
            dataset.merge(found, dataset.measured(made, block, values))

    each(made, list(blocks.blocks(made)), keep, threads, progress)
    along = {v.name: (v.dims, v.values, v.attributes) for v in coordinates.coordinates(made)}
    filled = {v.name: (v.dims, arrays[v.name], v.attributes | dataset.actual_range(made, found, v.name)) for v in variables}
    return xarray.Dataset(filled, along, dataset.attributes(made))


def each(
    made: Plan,
    work: list[Block],
    sink: Sink,
    threads: int | None = None,
    progress: Progress | None = None,
    worker: Callable[[], Computes] | None = None,
) -> None:
    """Evaluate some blocks of a plan, each handed to `sink` by the thread that computed it. worker: makes what computes in a thread."""
    if worker is None:
        program = blocks.program(made)
        _ = program.code  # compile once, before the threads ask for it
        worker = partial(Worker, program)
    total, count = sum(block.cells for block in work), 0
    if progress:
        progress(0, total)
    for block in _done(worker, work, sink, threads):
        count += block.cells
        if progress:
            progress(count, total)


def _done(worker: Callable[[], Computes], work: list[Block], sink: Sink, threads: int | None) -> Iterator[Block]:
    """The blocks in the order in which they are finished. Each thread has a worker of its own; an interrupt lets each finish its block."""
    workers = threading.local()
    stop = threading.Event()

    def one(block: Block) -> Block | None:
        if stop.is_set():
            return None
        if not hasattr(workers, "own"):
            workers.own = worker()
        sink(block, workers.own.compute(block))
        return block

    count = max(1, min(threads or os.cpu_count() or 1, len(work)))
    if count == 1:
        yield from (block for block in map(one, work) if block)
        return
    with ThreadPoolExecutor(count) as pool:
        waiting: set[Future[Block | None]] = set()
        queue = iter(work)
        try:
            while True:
                for block in queue:
                    waiting.add(pool.submit(one, block))
                    if len(waiting) >= 2 * count:
                        break
                if not waiting:
                    return
                finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (found for future in finished if (found := future.result()))
        except BaseException:
            stop.set()
            raise
