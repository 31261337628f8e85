"""A study run to a cube that is kept. What belongs here: a run that begins, resumes or repairs a store, and a cube that is verified."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sweep.cube import dataset
from sweep.cube.compute import Progress, each, in_memory
from sweep.engine import blocks, plan
from sweep.engine.blocks import Array, Block
from sweep.engine.plan import Plan
from sweep.errors import SweepError
from sweep.store import cluster, growing, layout, reading, store, verify
from sweep.store.growing import Growth
from sweep.store.place import Place
from sweep.store.store import Store
from sweep.store.verify import Fault
from sweep.study.definition import Study

if TYPE_CHECKING:
    import xarray

Compute = Callable[[Store, list[Block], Growth | None], None]  # has some blocks of a store computed and written


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

    store: where to write it, and the other options, as in `write`. Without it the cube is made in memory.
    """
    if store is not None:
        write(study, store, threads=threads, overwrite=overwrite, progress=progress, scheduler=scheduler)
        return reading.open_cube(store)
    if scheduler:
        raise SweepError("a cluster writes its blocks: give a store that all its workers see")
    made = plan.make(study)
    plan.check(made)
    return in_memory(made, threads, progress)


def write(
    study: Study,
    store: str | Path,
    *,
    threads: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    scheduler: str | None = None,
    report: Callable[[str], None] | None = None,
) -> None:
    """Evaluate a study over its whole grid and write it to a path as Zarr, block by block.

    Resumes after an interruption, and of a finished cube that lacks labels or outputs keeps all that it has. progress: called with (cells
    done, cells in all). scheduler: the address of a Dask cluster whose workers compute and write the blocks. report: called with what is
    kept of a finished cube, in words. Raises SweepError, and KeyboardInterrupt once no block is half done.
    """
    made = plan.make(study)
    plan.check(made)

    def compute(target: Store, work: list[Block], before: Growth | None) -> None:
        if before and report:
            report(f"{store} grows: {before.told()}")
        if scheduler:
            cluster.each(target, work, scheduler, progress, before)
        else:
            _each(target, work, threads, progress, before)

    if not _to_store(made, store, overwrite, compute) and report:
        report(f"{store} exists and has all of this study: nothing is left to compute")


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
        _mend(place, made, lambda target, work, before: _each(target, work, threads, progress, before))
    except OSError as error:
        raise SweepError(f"{path}: cannot be written: {error.strerror or error}") from None
    return found


def _to_store(made: Plan, path: str | Path, overwrite: bool, compute: Compute) -> bool:
    """Whether a cube was made; False where there was one of this study."""
    real = layout.place(path)
    kept = ""
    try:
        before = None
        if real.exists() and not overwrite:
            before = growing.growth(real, made)
            if verify.faults(real):
                _mend(real, before.old if before else made, compute)
            if not before:
                return False
        with store.alone(real, made):
            if real.exists() and not overwrite:  # a run before this one may not quite have given it its name
                before = growing.growth(real, made)
                if not before:
                    return False
            target = store.opened(real, made, overwrite)
            kept = "; finished blocks are kept, run the study again to resume"
            _fill(target, compute, before)
            store.publish(real)
            return True
    except OSError as error:
        raise SweepError(f"{path}: cannot be written: {error.strerror or error}{kept}") from None


def _each(target: Store, work: list[Block], threads: int | None, progress: Progress | None, before: Growth | None) -> None:
    """Have blocks of a store computed and written by threads. before: a cube that has some of their cells."""
    if not before:
        return each(target.plan, work, target.write, threads, progress)
    before.prepare()

    def write(block: Block, values: dict[str, Array]) -> None:
        target.note(block, before.put(target, block, values))

    each(target.plan, work, write, threads, progress, partial(before.worker, target))


def _mend(path: Place, made: Plan, compute: Compute) -> None:
    """Compute the lost blocks of a finished cube again."""
    with store.alone(path, made):
        _fill(store.mending(path, made), compute)


def _fill(target: Store, compute: Compute, before: Growth | None = None) -> None:
    work = [block for block in blocks.blocks(target.plan) if (block.nest, block.number) not in target.lines]
    try:
        compute(target, work, before)
    except BaseException:
        with suppress(OSError):  # a disk that is full takes no more notes; what they are of is computed again
            target.sync()
        raise
    target.finish()
