"""A run to zarr. What belongs here: the engine against writing ready-made arrays through the same zarr, and its memory."""

from __future__ import annotations

import shutil
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.speed.measure import Result, child, race, ratio
from benchmarks.speed.subjects import Subject
from sweep.cube.compute import uncompressed_bytes
from sweep.engine import blocks
from sweep.engine.blocks import Array
from sweep.store import layout, store
from sweep.store.run import run

PHASE = "run to zarr"
MEMORY = """
import sys
from benchmarks.speed.measure import peak_memory
from benchmarks.speed.subjects import SUBJECTS
from sweep.store.run import run
subject = next(s for s in SUBJECTS if s.name == sys.argv[1])
run(subject.study(sys.argv[2] == "small"), sys.argv[3])
print(peak_memory())
"""


def measure(subject: Subject, small: bool, rounds: int) -> Iterator[Result]:
    """Uncompressed bytes per CPU-second from a study to a finished cube on disk, and the largest resident memory."""
    study, plan = subject.study(small), subject.plan(small)
    size = float(uncompressed_bytes(plan))
    work = list(blocks.blocks(plan))
    worker = blocks.Worker(blocks.program(plan))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cube.zarr"

        def empty() -> None:
            layout.partial(layout.place(path)).remove()
            shutil.rmtree(path, ignore_errors=True)

        def engine() -> float:
            run(study, path)
            return size

        ready: dict[tuple[int, tuple[int, ...]], list[dict[str, Array]]] = {}
        for block in work:
            kept = ready.setdefault((block.nest, block.shape), [])
            if block.number % max(1, len(work) // 12) == 0 or not kept:
                kept.append({name: np.array(array) for name, array in worker.compute(block).items()})

        def ready_made() -> float:
            arrays = store.opened(layout.place(path), plan).arrays
            for block in work:
                kept = ready[block.nest, block.shape]
                for name, array in kept[block.number % len(kept)].items():
                    arrays[name][block.region(plan.dims[name])] = array
            return size

        enough = 0.8e9 if subject.broadcast else None  # a small cube takes the time of its files
        rates = race({"engine": engine, "ready": ready_made}, rounds, empty)
        yield Result(PHASE, subject.name, "uncompressed bytes", statistics.median(rates["engine"]), "B/cpu-s", enough)
        yield Result(PHASE, subject.name, "ready-made arrays through zarr", statistics.median(rates["ready"]), "B/cpu-s")
        yield Result(PHASE, subject.name, "engine over ready-made", ratio(rates["engine"], rates["ready"]), "1")
        used = child("-c", MEMORY, subject.name, "small" if small else "whole", str(Path(folder) / "memory.zarr")).printed
        yield Result(PHASE, subject.name, "peak memory", float(used.split()[-1]), "B", 700e6, at_most=True)
