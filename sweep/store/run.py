"""A study run to a cube that is kept. What belongs here: a run that begins, resumes or repairs a store, and a cube that is verified."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sweep.cube import dataset
from sweep.cube.compute import Progress, each, in_memory
from sweep.engine import blocks, plan
from sweep.engine.blocks import Block
from sweep.engine.plan import Plan
from sweep.errors import SweepError
from sweep.store import cluster, layout, reading, store, verify
from sweep.store.place import Place
from sweep.store.store import Store
from sweep.store.verify import Fault
from sweep.study.definition import Study

if TYPE_CHECKING:
    import xarray

Compute = Callable[[Store, list[Block]], None]  # has some blocks of a store computed and written


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
        return in_memory(made, threads, progress)

    def compute(target: Store, work: list[Block]) -> None:
        if scheduler:
            cluster.each(target, work, scheduler, progress)
        else:
            each(made, work, target.write, threads, progress)

    return _to_store(made, store, overwrite, compute)


def check(path: str | Path, *, repair: bool = False, threads: int | None = None, progress: Progress | None = None) -> list[Fault]:
    """What is missing or damaged in a finished cube, found by reading all of it; empty where nothing is.

    repair: the blocks that are lost are computed again from the study that the cube keeps, and its metadata are made anew. Raises
    SweepError, too, where today's equations and facts would give another cube.
    """
    verify.check_complete(path)
    place = layout.place(path)
    found = verify.faults(place, deep=True)
    if not (found and repair):
        return found
    made = plan.make(reading.study_of(path))
    if changed := dataset.differences(verify.identity(place), dataset.identity(made)):
        advice = "blocks of it would not fit together; run its study again with --overwrite"
        raise SweepError(f"{path}: equations or facts are not those that it was made with: {'; '.join(changed[:4])}: {advice}")
    try:
        _mend(place, made, lambda target, work: each(made, work, target.write, threads, progress))
    except OSError as error:
        raise SweepError(f"{path}: cannot be written: {error.strerror or error}") from None
    return found


def _to_store(made: Plan, path: str | Path, overwrite: bool, compute: Compute) -> xarray.Dataset:
    real = layout.place(path)
    kept = ""
    try:
        if real.exists() and not overwrite:
            verify.check_same(real, made, "holds")
            if verify.faults(real):
                _mend(real, made, compute)
            return reading.open_cube(path)
        with store.alone(real, made):
            if real.exists() and not overwrite:  # a run before this one had not quite given it its name
                verify.check_same(real, made, "holds")
                return reading.open_cube(path)
            target = store.opened(real, made, overwrite)
            kept = "; finished blocks are kept, run the study again to resume"
            _fill(target, compute)
            store.publish(real)
    except OSError as error:
        raise SweepError(f"{path}: cannot be written: {error.strerror or error}{kept}") from None
    return reading.open_cube(path)


def _mend(path: Place, made: Plan, compute: Compute) -> None:
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
