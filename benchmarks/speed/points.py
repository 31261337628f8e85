"""Points that share nothing. What belongs here: studies turned into one axis on which every input has values of its own, and a sample.

Nothing can be moved out of the loop there: each cell runs all equations. Calibration asks for such points; the draws of uncertain inputs
are nearly so, and are timed apart, with their quantiles.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from benchmarks.speed.measure import Result
from benchmarks.speed.subjects import FOLDER, Subject, widest
from sweep.catalog.parameters import parameters
from sweep.engine import blocks
from sweep.engine.plan import Plan
from sweep.engine.plan import make as make_plan
from sweep.equations.quantities import quantity
from sweep.study.axes import Axis
from sweep.study.definition import Study
from sweep.study.parse import open_study

PHASE = "points"
COUNT = 1 << 16
GOALS = {"serving": 1e7}
GOAL = 2e7


def measure(subject: Subject, small: bool, rounds: int) -> Iterator[Result]:
    """Points per CPU-second where each has all inputs to itself, and how many equations and rules each runs."""
    plan = make_plan(independent(subject.study(small), 64 if small else COUNT))
    yield from _rates(PHASE, subject.name, plan, small, rounds, GOALS.get(subject.name, GOAL))


def draws(small: bool, rounds: int) -> Iterator[Result]:
    """Draws per CPU-second of a study whose inputs are uncertain, quantiles included."""
    axes = ["gpus=1920,3840", "sample=64"] if small else []
    yield from _rates("draws", "monte-carlo", make_plan(open_study(FOLDER / "monte-carlo.yaml", axis=axes)), small, rounds, None)


def _rates(phase: str, name: str, plan: Plan, small: bool, rounds: int, goal: float | None) -> Iterator[Result]:
    program = blocks.program(plan, math.inf if small else -1.0)
    cells = plan.cells(widest(plan).dims)
    rates = []
    for _ in range(rounds + 1):
        worker = blocks.Worker(program)
        start = time.process_time()
        for block in blocks.blocks(plan):
            worker.compute(block)
        rates.append(cells / max(time.process_time() - start, 1e-9))
    yield Result(phase, name, "cells", statistics.median(rates[1:]), "cell/cpu-s", goal)  # the first compiles
    yield Result(phase, name, "equations and rules run in each of these cells", len(program.outputs[widest(plan).dims].calls), "1")


def independent(study: Study, count: int) -> Study:
    """A study with one axis, `point`: points of another study, drawn at random, of whose inputs each has a column."""
    draw = np.random.default_rng(0)
    place = {name: draw.integers(axis.size, size=count) for name, axis in study.axes.items()}
    columns = {}
    for name in study.graph.inputs:
        if name in study.choices:
            continue
        held = study.input_values(name)
        values = np.broadcast_to(held.values[tuple(place[dim] for dim in held.dims)], (count,)).astype(float)
        by = quantity(name).by
        columns[name] = np.repeat(values[:, None], len(parameters()[by].choices), 1) if by else values
    axis = Axis("point", tuple(map(str, range(count))), columns)
    return replace(study, axes={"point": axis}, selected={}, fixed=dict(study.choices), ranges={}, point={"point": 0})
