"""Training runs, predicted against published. What belongs here: scores of single rows; their summary is for training_summary.py.

A row's step time is judged with unlimited GPU memory, so that a run which the memory model would reject still tells how good
the step time is; whether it fits is judged apart, with the memory of its GPU.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.fidelity.evaluation import Evaluator, Inputs, Overrides, Unscored
from benchmarks.fidelity.rows import Row
from benchmarks.fidelity.score import Score
from benchmarks.fidelity.training import baseline, published
from benchmarks.fidelity.training.inputs import inputs_of
from benchmarks.fidelity.training.words import kind

QUANTITIES = ("step_time", "memory_per_gpu", "allocated_memory", "first_stage_memory")
FULL = 2.0
FAILED = ("oom", "failed")  # ran out of memory, or failed without a cause in print


@dataclass(frozen=True)
class Prepared:
    """A row that is ready to be predicted: its inputs, or the reason why it has none, and what was published."""

    row: Row
    inputs: Inputs | None
    reason: str
    step_time: float | None = None
    read_from: str = ""
    no_step_time: str = ""
    memory: float | None = None


@dataclass(frozen=True)
class Arrays:
    """Step times of all rows that have both values, in the order of the file, for a script that fits constants."""

    ids: list[str]
    families: list[str]
    kinds: list[str]
    predicted: list[float]
    published: list[float]
    errors: list[float]


def prepare(rows: Iterable[Row]) -> list[Prepared]:
    """Inputs and published values of rows; done once, then scored as often as needed."""
    found = []
    for row in rows:
        try:
            found.append(_prepare(row))
        except Unscored as unscored:
            found.append(Prepared(row, None, unscored.reason))
        except (ValueError, KeyError, ZeroDivisionError, OverflowError) as error:
            found.append(Prepared(row, None, f"cannot be read: {error}"))
    return found


def score(rows: Sequence[Prepared] | Sequence[Row], overrides: Overrides | None = None) -> list[Score]:
    """Every row and quantity that was published of it: step_time, memory, fits."""
    evaluator = Evaluator(QUANTITIES, overrides)
    return [one for row in _prepared(rows) for one in _scores(row, evaluator)]


def score_training(rows: Sequence[Prepared] | Sequence[Row], overrides: Overrides | None = None) -> Arrays:
    """Predicted and published step times under overrides of any parameter, by name or by (name, catalogue entry)."""
    evaluator = Evaluator(("step_time",), overrides)
    arrays = Arrays([], [], [], [], [], [])
    for row in _prepared(rows):
        if row.inputs is None or row.step_time is None:
            continue
        predicted, _ = evaluator.predict(row.inputs, gpu_memory=math.inf).of("step_time")
        if predicted is None:
            continue
        arrays.ids.append(row.row.id)
        arrays.families.append(row.row.family)
        arrays.kinds.append(kind(row.row))
        arrays.predicted.append(predicted)
        arrays.published.append(row.step_time)
        arrays.errors.append(predicted / row.step_time - 1)
    return arrays


def _prepare(row: Row) -> Prepared:
    inputs = inputs_of(row)
    seconds, read_from, reason = None, "", "ran out of memory, or failed"
    if row.text("outcome") not in FAILED:
        try:
            seconds, read_from = published.step_time(row, inputs)
        except Unscored as unscored:
            reason = unscored.reason
    return Prepared(row, inputs, "", seconds, read_from, "" if seconds else reason, published.memory(row))


def _prepared(rows: Sequence[Prepared] | Sequence[Row]) -> list[Prepared]:
    return [one for row in rows for one in ([row] if isinstance(row, Prepared) else prepare([row]))]


def _scores(row: Prepared, evaluator: Evaluator) -> list[Score]:
    """Memory is compared as the source counted it: by the driver, or by the framework's allocator, in the Ultra-Scale plots on rank 0,
    which writes nanotron's results (helpers.py, log_throughput) and belongs to the first stage. Where the recompute mode is not
    published, the run is judged to fit where it fits with the mode that needs the least memory, since any could have been used.
    """
    ran = float(row.row.text("outcome") not in FAILED)
    if row.inputs is None:
        return [Score(row.row.id, row.row.family, "step_time" if ran else "fits", None, None, row.reason, row.row)]
    limited = evaluator.predict(row.inputs)
    free = evaluator.predict(row.inputs, gpu_memory=math.inf) if limited.broken else limited

    def one(quantity: str, predicted: float | None, value: float | None, reason: str) -> Score:
        return Score(row.row.id, row.row.family, quantity, predicted, value, reason, row.row, free, row.inputs)

    found = []
    if ran:
        value, reason = free.of("step_time")
        found.append(one("step_time", value, row.step_time, row.no_step_time or reason))
        if row.step_time:
            found[0].notes["baseline"] = baseline.step_time(row.inputs)
    if row.memory is not None:
        counted = "allocated_memory" if "allocated" in row.row.text("measured_how") else "memory_per_gpu"
        counted = "first_stage_memory" if "Ultra-Scale" in row.row.text("source") else counted
        need, reason = free.of(counted)
        found.append(one("memory", need, row.memory, reason))
    least = free if row.row.text("recompute") else evaluator.predict(row.inputs, gpu_memory=math.inf, recompute=FULL)
    need, reason = least.of("memory_per_gpu")
    have = row.inputs.value("gpu_memory")
    if not reason and math.isnan(have):
        reason = "no figure for gpu_memory"
    fits = None if need is None else float(need <= have)
    found.append(one("fits", fits, ran, reason))
    return found
