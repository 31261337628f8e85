"""The best points and trade-offs of a study. What belongs here: the streaming scan against numpy over cubes that are there already."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import numpy as np

from benchmarks.speed.measure import Result, race, ratio
from benchmarks.speed.subjects import Subject, widest
from sweep.analysis.pareto import pareto
from sweep.analysis.search import best
from sweep.engine import blocks

PHASE = "best"


def measure(subject: Subject, small: bool, rounds: int) -> Iterator[Result]:
    """Cells of the grid per CPU-second that a search for the ten best, or for a front, looks at, planning included."""
    study, plan = subject.study(small), subject.plan(small)
    place = plan.nests.index(widest(plan))
    worker = blocks.Worker(blocks.program(plan))
    filled = (worker.evaluate(block)[subject.objective] for block in blocks.blocks(plan) if block.nest == place)
    ready = next(values for values in filled if np.isfinite(values).any())
    cells = float(plan.cells(widest(plan).dims))

    def materialised() -> float:
        np.nanargmin(ready)
        return float(ready.size)

    def free() -> float:
        best(study, subject.objective, top=10)
        return cells

    def limited() -> float:
        best(study, subject.objective, where=[subject.limit], top=10)
        return cells

    def front() -> float:
        pareto(study, subject.front, where=[subject.limit])
        return cells

    rates = race({"free": free, "limited": limited, "front": front, "numpy": materialised}, rounds)
    enough = 1e9 if subject.broadcast else None
    yield Result(PHASE, subject.name, "cells", statistics.median(rates["free"]), "cell/cpu-s", enough)
    yield Result(PHASE, subject.name, f"cells where {subject.limit}", statistics.median(rates["limited"]), "cell/cpu-s", enough)
    least = 1e8 if subject.broadcast else None
    yield Result(
        PHASE, subject.name, f"points for a front of {' and '.join(subject.front)}", statistics.median(rates["front"]), "point/cpu-s", least
    )
    yield Result(PHASE, subject.name, "over numpy.nanargmin of a ready block", ratio(rates["free"], rates["numpy"]), "1")
