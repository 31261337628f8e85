"""The best points and trade-offs of a study. What belongs here: the streaming scan against numpy over cubes that are there already."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator

import numpy as np

from benchmarks.speed.measure import Result, race, ratio
from benchmarks.speed.subjects import Subject, widest
from sweep.analysis.pareto import pareto
from sweep.analysis.search import best
from sweep.engine import blocks
from sweep.study.parse import open_study

PHASE = "best"


def measure(subject: Subject, small: bool, rounds: int) -> Iterator[Result]:
    """Cells of the grid per CPU-second that a search for the ten best, or for a front, evaluates, planning included."""
    study, plan = subject.study(small), subject.plan(small)
    place = plan.nests.index(widest(plan))
    worker = blocks.Worker(blocks.program(plan))
    filled = (worker.compute(block)[subject.objective] for block in blocks.blocks(plan) if block.nest == place)
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
    if subject.huge:
        yield from _optimum(subject, small, rounds)
    yield Result(PHASE, subject.name, "over numpy.nanargmin of a ready block", ratio(rates["free"], rates["numpy"]), "1")


def _optimum(subject: Subject, small: bool, rounds: int) -> Iterator[Result]:
    """Points of a grid too large to evaluate, of which bounds find the best, per CPU-second."""
    study = open_study(subject.path, axis=subject.smoke if small else subject.huge)
    points = float(math.prod(axis.size for axis in study.axes.values()))

    def bounded() -> float:
        best(study, subject.objective, where=[subject.limit], top=10)
        return points

    rate = statistics.median(race({"bounded": bounded}, rounds)["bounded"])
    yield Result(PHASE, subject.name, "points of a grid too large to evaluate", points, "point")
    yield Result(PHASE, subject.name, "points of which bounds find the ten best", rate, "point/cpu-s", 1e14)
