"""A study run to a cube, or at one point. What belongs here: workers over blocks, into memory or a store, stopped, resumed or repaired."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sweep.catalog.document import Node, exists
from sweep.cube import cluster, dataset, layout, reading, store
from sweep.cube.store import Store
from sweep.engine import blocks, plan
from sweep.engine.blocks import Array, Block, Program, Worker
from sweep.engine.plan import Plan
from sweep.equations import interpret
from sweep.errors import SweepError
from sweep.study.definition import Study
from sweep.study.parse import in_si, with_value

if TYPE_CHECKING:
    import xarray

Progress = Callable[[int, int], None]
Compute = Callable[[Store, list[Block]], None]  # has some blocks of a store computed and written
Sink = Callable[[Block, dict[str, Array]], None]


def run(
    study: Study,
    store: str | Path | None = None,
    *,
    threads: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    scheduler: str | None = None,
) -> xarray.Dataset:
    """Evaluate a study over its whole grid: an xarray.Dataset with each output over just the axes that it depends on.

    store: a path to write to as Zarr, block by block; resumes after an interruption. Without it the cube is made in
    memory. progress: called with (cells done, cells in all). scheduler: the address of a Dask cluster whose workers compute and write the
    blocks. Raises SweepError, and KeyboardInterrupt once no block is half done.
    """
    made = plan.make(study)
    plan.check(made)
    if store is None:
        if scheduler:
            raise SweepError("a cluster writes its blocks: give a store that all its workers see")
        return _in_memory(made, threads, progress)

    def compute(target: Store, work: list[Block]) -> None:
        if scheduler:
            cluster.each(target, work, scheduler, progress)
        else:
            each(made, work, target.write, threads, progress)

    return _to_store(made, Path(store), overwrite, compute)


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


def check(path: str | Path, *, repair: bool = False, threads: int | None = None, progress: Progress | None = None) -> list[store.Fault]:
    """What is missing or damaged in a finished cube, found by reading all of it; empty where nothing is.

    repair: the blocks that are lost are computed again from the study that the cube keeps, and its metadata are made anew. Raises
    SweepError, too, where today's equations and facts would give another cube.
    """
    store.check_complete(Path(path))
    place = layout.place(Path(path))
    found = store.faults(place, deep=True)
    if not (found and repair):
        return found
    made = plan.make(reading.study_of(place))
    if changed := dataset.differences(store.identity(place), dataset.identity(made)):
        advice = "blocks of it would not fit together; run its study again with --overwrite"
        raise SweepError(f"{path}: equations or facts are not those that it was made with: {'; '.join(changed[:4])}: {advice}")
    try:
        _mend(place, made, lambda target, work: each(made, work, target.write, threads, progress))
    except OSError as error:
        raise SweepError(f"{path}: cannot be written: {error.strerror or error}") from None
    return found


def _to_store(made: Plan, path: Path, overwrite: bool, compute: Compute) -> xarray.Dataset:
    from sweep.cube.query import open_cube

    real = layout.place(path)
    kept = ""
    try:
        if exists(real) and not overwrite:
            store.check_same(real, made, "holds")
            if store.faults(real):
                _mend(real, made, compute)
            return open_cube(path)
        with store.alone(real, made):
            if exists(real) and not overwrite:  # a run before this one had not quite given it its name
                store.check_same(real, made, "holds")
                return open_cube(path)
            target = store.opened(real, made, overwrite)
            kept = "; finished blocks are kept, run the study again to resume"
            _fill(target, compute)
            store.publish(real)
    except OSError as error:
        raise SweepError(f"{path}: cannot be written: {error.strerror or error}{kept}") from None
    return open_cube(path)


def _mend(path: Path, made: Plan, compute: Compute) -> None:
    """Compute the lost blocks of a finished cube again."""
    with store.alone(path, made):
        _fill(store.mending(path, made), compute)


def _fill(target: Store, compute: Compute) -> None:
    work = [block for block in blocks.blocks(target.plan) if (block.nest, block.number) not in target.lines]
    try:
        compute(target, work)
    except BaseException:
        with suppress(OSError):  # a disk that is full takes no more notes; what they are of is computed again
            target.sync()
        raise
    target.finish()


def _in_memory(made: Plan, threads: int | None, progress: Progress | None) -> xarray.Dataset:
    import xarray

    size = layout.bytes_on_disk(made)
    if size > layout.IN_MEMORY_BYTES:
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
    coordinates = {v.name: (v.dims, v.values, v.attributes) for v in dataset.coordinates(made)}
    filled = {v.name: (v.dims, arrays[v.name], v.attributes | dataset.actual_range(made, found, v.name)) for v in variables}
    return xarray.Dataset(filled, coordinates, dataset.attributes(made))


def each(made: Plan, work: list[Block], sink: Sink, threads: int | None = None, progress: Progress | None = None) -> None:
    """Evaluate some blocks of a plan, each handed to `sink` by the thread that computed it."""
    program = blocks.program(made)
    total, count = sum(block.cells for block in work), 0
    if progress:
        progress(0, total)
    for block in _done(program, work, sink, threads):
        count += block.cells
        if progress:
            progress(count, total)


def _done(program: Program, work: list[Block], sink: Sink, threads: int | None) -> Iterator[Block]:
    """The blocks in the order in which they are finished. Each thread has a worker of its own; an interrupt lets each finish its block."""
    workers = threading.local()
    stop = threading.Event()
    _ = program.code  # compile once, before the threads ask for it

    def one(block: Block) -> Block | None:
        if stop.is_set():
            return None
        if not hasattr(workers, "own"):
            workers.own = Worker(program)
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
