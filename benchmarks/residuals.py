"""Residuals: measured over predicted values of published results, by family; what is held back from what constants were fitted to.

A run counts as held back where no constant was fitted to its family, nor to a run of the same job by the same trainer in another table.
The three constants of power in training are fitted again without each family. What follows for regimes is for accuracy.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.fidelity import rows as reading
from benchmarks.fidelity.energy import scoring as energy
from benchmarks.fidelity.evaluation import Evaluator, Inputs
from benchmarks.fidelity.measures import by
from benchmarks.fidelity.score import Score
from benchmarks.fidelity.serving import scoring as serving
from benchmarks.fidelity.serving import summary as serving_summary
from benchmarks.fidelity.training import layouts
from benchmarks.fidelity.training import scoring as training
from benchmarks.fidelity.training import summary as training_summary

SERVICE = ("model", "hardware", "precision", "engine", "workload", "input_tokens", "output_tokens")  # what layouts of one service share
READ = ("experts", "gpu_generation", "gpus", "sequence_length")  # what conditions of regimes may name


@dataclass(frozen=True)
class Result:
    """One published result: the logarithm of measured over predicted, family, job, inputs that conditions may name, and the prediction.

    predicted: a time or a power, of which less is better. programme: the benchmark that a family's table is from, where that is more.
    """

    log: float
    family: str
    job: str = ""
    inputs: Mapping[str, float] = field(default_factory=dict)
    predicted: float = math.nan
    programme: str = ""

    @property
    def error(self) -> float:
        """Predicted over measured, less one."""
        return math.expm1(-self.log)


def trained(folder: Path) -> dict[str, list[Score]]:
    """The scores of training runs that are held back, by quantity."""
    scores = training.score(training.prepare(reading.load_all(folder, "published-training")))
    families = training_summary.fitted("training")
    seen = {_run(one) for one in scores if one.family in families}
    return by([one for one in scores if one.inputs and one.family not in families and _run(one) not in seen], lambda one: one.quantity)


def _run(one: Score) -> tuple[str, ...]:
    """The job and the trainer of a run, whatever table it is in."""
    return (*(one.row.text(name) for name in layouts.JOB[1:]), *(entry.name for entry in (one.inputs or Inputs({})).entries))


def results(scores: Iterable[Score]) -> list[Result]:
    """The results of training runs."""
    return [
        Result(-math.log(one.ratio), one.family, "|".join(_run(one)), _read(one.inputs), one.predicted or math.nan, programme(one.family))
        for one in scores
        if one.ratio and one.inputs
    ]


def programme(family: str) -> str:
    """The benchmark that a family's table is from, as far as its name says: dgxc24-l405 and dgxc25-dsv3h are both of dgxc."""
    return family.split("-")[0].rstrip("0123456789")


def _read(inputs: Inputs) -> dict[str, float]:
    return {name: value for name in READ if not math.isnan(value := inputs.value(name))}


def training_power(folder: Path) -> list[Result]:
    """Residuals of the power of a server in training, each family predicted with constants that are fitted to the other families."""
    from scipy.optimize import lsq_linear

    runs = {row.id: row for row in reading.load_all(folder, "published-training")}
    metered = [one for one in energy.score(reading.load_all(folder, "published-energy"), runs) if one.quantity == "node_power"]
    families = by([one for one in metered if one.ratio and one.prediction], lambda one: one.family)
    parts = {name: [_power_parts(one) for one in some] for name, some in families.items()}
    found = []
    for name in parts:
        others = [(part, offset, 1 / math.sqrt(len(some))) for key, some in parts.items() if key != name for part, offset in some]
        left = np.array([part * weight for part, _, weight in others])
        constants = lsq_linear(left, np.array([(1 - offset) * weight for _, offset, weight in others]), bounds=(0, 1.2)).x
        found += [Result(-math.log(float(part @ constants) + offset), name, name) for part, offset in parts[name]]
    return found


def _power_parts(one: Score) -> tuple[np.ndarray, float]:
    """Predicted over published power as a sum: what multiplies the three constants, and the rest."""
    terms = one.prediction.terms if one.prediction else {}
    tensor = min(1.0, terms["tensor_time"] / terms["step_time"])
    memory = min(1 - tensor, terms["memory_time"] / terms["step_time"])
    scale = (one.ratio or 1) / (terms["server_power"] * terms["supply_efficiency"])
    rated = scale * terms["gpus_per_server"] * terms["gpu_tdp"]
    return rated * np.array([tensor, memory, 1 - tensor - memory]), scale * terms["server_host_power"]


def served(folder: Path) -> dict[str, list[Score]]:
    """The measured rows of served models on which no constant was fitted, by quantity."""
    scores = serving.score(serving.prepare(reading.load_all(folder, "published-serving")))
    fitted = training_summary.fitted("serving")
    rows = [one for one in scores if one.ratio and one.row.text("kind") == "measured" and serving_summary.entry(one) not in fitted]
    return by(rows, lambda one: one.quantity)


def serving_times(rows: Mapping[str, Sequence[Score]]) -> dict[str, float]:
    """Measured over predicted time of each row: of its time per output token, else of its rate."""
    times = {one.id: 1 / one.ratio for one in rows["time_per_output_token"] if one.ratio}
    return {one.id: one.ratio for one in rows["output_rate"] if one.ratio} | times


def serving_result(one: Score, ratio: float, predicted: float = math.nan) -> Result:
    """A result of serving, whose family is its model; ratio: measured over predicted."""
    model = serving_summary.entry(one)
    job = "|".join(one.row.text(name) for name in SERVICE)
    return Result(math.log(ratio), model, job, _read(one.inputs or Inputs({})), predicted)


def serving_residuals(rows: Mapping[str, Sequence[Score]]) -> tuple[list[Result], list[Result]]:
    """Residuals of the time of serving and, at the measured time, of the power of a GPU that serves."""
    times = serving_times(rows)
    scores = {one.id: one for some in rows.values() for one in some}
    evaluator = Evaluator(("serving_gpu_power",))
    power = []
    for one in rows["power"]:
        if one.inputs and one.id in times and one.published:
            predicted, _ = evaluator.predict(one.inputs, serving_time_residual=times[one.id]).of("serving_gpu_power")
            power += [serving_result(one, one.published / predicted)] if predicted else []
    return [serving_result(scores[id_], ratio) for id_, ratio in times.items()], power


def services(rows: Mapping[str, Sequence[Score]]) -> list[Result]:
    """Layouts of one service, each with its time per output token, all users together."""
    return [serving_result(one, one.ratio, 1 / one.predicted) for one in rows["output_rate"] if one.ratio and one.predicted]
