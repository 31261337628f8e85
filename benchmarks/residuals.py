"""Residuals: measured over predicted values of published results, as ranges of inputs; and how often such ranges hold.

`python -m benchmarks.residuals FOLDER` prints the coverage: each family of results is held back, the range is that of all other families,
and what counts is the share of the family's rows inside. Only families count on which no constant was fitted; the three constants of
power in training are fitted again without the family. `python -m benchmarks.accuracy FOLDER` writes the ranges.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import click
import numpy as np

from benchmarks.fidelity import rows as reading
from benchmarks.fidelity.energy import scoring as energy
from benchmarks.fidelity.evaluation import Evaluator
from benchmarks.fidelity.measures import by, mean
from benchmarks.fidelity.score import Score
from benchmarks.fidelity.serving import scoring as serving
from benchmarks.fidelity.serving import summary as serving_summary
from benchmarks.fidelity.tables import table
from benchmarks.fidelity.training import scoring as training
from benchmarks.fidelity.training import summary as training_summary
from benchmarks.fidelity.training.words import kind
from sweep.study.sampling import spread, standard

TARGET = Path(__file__).parent.parent / "configs" / "parameters" / "residuals.yaml"
HEADER = """# Measured over predicted, of published results; `python -m benchmarks.accuracy FOLDER` writes this file, and
# `python -m benchmarks.residuals FOLDER` prints how often such a range holds a family that was held back.
parameters:
"""
MEANINGS = {
    "dense_step_time_residual": "measured over predicted time of a training step of a dense model",
    "moe_step_time_residual": "measured over predicted time of a training step of a mixture of experts",
    "training_power_residual": "measured over predicted power of a server in training",
    "serving_time_residual": "measured over predicted time of serving",
    "serving_power_residual": "measured over predicted power of a GPU that serves, at the measured time",
}
Families: TypeAlias = Mapping[str, Sequence[float]]  # of each family, the logarithms of measured over predicted
FEW = 10  # families; of fewer, quantiles in the tails say nothing, and Student's range of a new family's mean is taken
WIDER = 0.2  # over the families; between none and the 0.45 of conformal prediction, which holds them more often than nine times in ten
SHARED_OF_FEW = 0.5  # assumed: rows of so few families are repeats of one setting, which say nothing of others in the same place
DRAWS = 128
POWER = ("tensor_power_fraction", "memory_power_fraction", "waiting_power_fraction")


def ends(families: Families) -> tuple[float, float]:
    """The range that holds a new family's rows nine times in ten, each family of the same weight; logarithms.

    A new family lies outside a little more often than those that the range is taken from, the more so the fewer they are.
    """
    if len(families) < FEW:
        from scipy.stats import t

        means = [mean(values) for values in families.values()]
        width = float(t.ppf(0.95, len(means) - 1)) * float(np.std(means, ddof=1)) * math.sqrt(1 + 1 / len(means))
        return min(0.0, mean(means) - width), max(0.0, mean(means) + width)
    pairs = sorted((value, 1 / len(values)) for values in families.values() for value in values)
    weights = np.array([weight for _, weight in pairs])
    reached = (np.cumsum(weights) - weights / 2) / weights.sum()
    level = 0.05 - WIDER / len(families)
    low, high = np.interp((level, 1 - level), reached, [value for value, _ in pairs])
    return min(0.0, float(low)), max(0.0, float(high))


def shared(families: Families) -> float:
    """The part of the variance that lies between families, which the points of one study have in common."""
    if len(families) < FEW:
        return SHARED_OF_FEW
    between = float(np.var([mean(values) for values in families.values()]))
    within = mean(float(np.var(values)) for values in families.values() if len(values) > 1)
    return between / (between + within)


def coverage(families: Families) -> float:
    """The mean share of a family's rows inside the range of all others."""
    found = []
    for name, values in families.items():
        low, high = ends({other: some for other, some in families.items() if other != name})
        found.append(mean(float(low <= value <= high) for value in values))
    return mean(found)


def step_times(folder: Path) -> dict[str, Families]:
    """Residuals of the time of a training step, by regime."""
    scores = training.score(training.prepare(reading.load(folder / "published-training.csv")))
    fitted = training_summary.fitted("training")
    unseen = [one for one in scores if one.quantity == "step_time" and one.ratio and one.family not in fitted]
    regimes = {"dense_step_time_residual": "dense complete", "moe_step_time_residual": "moe"}
    return {name: _grouped([one for one in unseen if kind(one.row) == said]) for name, said in regimes.items()}


def _grouped(scores: Sequence[Score]) -> Families:
    return {family: [-math.log(one.ratio or 1) for one in some] for family, some in by(scores, lambda one: one.family).items()}


def training_power(folder: Path) -> Families:
    """Residuals of the power of a server in training, each family predicted with constants that are fitted to the other families."""
    from scipy.optimize import lsq_linear

    runs = {row.id: row for row in reading.load(folder / "published-training.csv")}
    metered = [one for one in energy.score(reading.load(folder / "published-energy.csv"), runs) if one.quantity == "node_power"]
    families = by([one for one in metered if one.ratio and one.prediction], lambda one: one.family)
    parts = {name: [_power_parts(one) for one in some] for name, some in families.items()}
    found = {}
    for name in parts:
        others = [(part, offset, 1 / math.sqrt(len(some))) for key, some in parts.items() if key != name for part, offset in some]
        left = np.array([part * weight for part, _, weight in others])
        constants = lsq_linear(left, np.array([(1 - offset) * weight for _, offset, weight in others]), bounds=(0, 1.2)).x
        found[name] = [-math.log(float(part @ constants) + offset) for part, offset in parts[name]]
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


def serving_residuals(folder: Path) -> dict[str, Families]:
    """Residuals of the time of serving and, at the measured time, of the power of a GPU that serves."""
    rows = served(folder)
    times = serving_times(rows)
    models = {one.id: serving_summary.entry(one) for some in rows.values() for one in some}
    evaluator = Evaluator(("serving_gpu_power",))
    power: dict[str, list[float]] = {}
    for one in rows["power"]:
        if one.inputs and one.id in times and one.published:
            predicted, _ = evaluator.predict(one.inputs, serving_time_residual=times[one.id]).of("serving_gpu_power")
            if predicted:
                power.setdefault(models[one.id], []).append(math.log(one.published / predicted))
    pace = {model: [math.log(times[id_]) for id_ in some] for model, some in by(list(times), lambda id_: models[id_]).items()}
    return {"serving_time_residual": pace, "serving_power_residual": power}


def energy_coverage(folder: Path, residuals: Mapping[str, Families]) -> tuple[float, int, int]:
    """The mean share of a model's rows whose energy per token lies in the band that draws from the other models' residuals give."""
    evaluator = Evaluator(("chip_energy_per_output_token",))
    rows = by([one for one in served(folder)["energy_per_output_token"] if one.inputs], serving_summary.entry)
    z = standard(DRAWS, 2, 0)
    found = []
    for model, members in rows.items():
        others = [ends({name: some for name, some in families.items() if name != model}) for families in residuals.values()]
        (low, high), one = np.exp(np.array(others)).T, np.ones(2)
        drawn = np.array([spread(z[:, i], one[i], low[i], high[i]) for i in range(2)]).T
        inside = []
        for row in members:
            named = [dict(zip(residuals, pair, strict=True)) for pair in drawn.tolist()]
            values = [evaluator.predict(row.inputs, **some).values["chip_energy_per_output_token"] for some in named if row.inputs]
            bottom, top = np.quantile(values, (0.05, 0.95))
            inside.append(float(bottom <= (row.published or 0.0) <= top))
        found.append(mean(inside))
    return mean(found), len(rows), sum(map(len, rows.values()))


def all_of(folder: Path) -> dict[str, Families]:
    """Every residual that is an input, with its families."""
    return {**step_times(folder), "training_power_residual": training_power(folder), **serving_residuals(folder)}


def text(found: Mapping[str, Families]) -> str:
    """The file of parameters: each residual with its range, and the share of its variance that all points of a study have in common."""
    lines = []
    for name, families in found.items():
        low, high = map(math.exp, ends(families))
        held = f"90 % of {sum(map(len, families.values()))} rows of {len(families)} families held back from what was fitted"
        ends_there = f'low: {low:.3g}, high: {high:.3g}, range: "{held}", shared: {shared(families):.2g}'
        default = f'default: {{value: 1, derived: "predictions as they are", {ends_there}}}'
        lines.append(f'  {name}: {{unit: "1", meaning: "{MEANINGS[name]}", minimum: 0, {default}}}\n')
    return HEADER + "".join(lines)


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(folder: Path) -> None:
    """Print how often a 90 % band holds what was measured, family by family held back; published results are read from a folder."""
    found = all_of(folder)
    lines = [["band of", "families", "rows", "5 %", "95 %", "shared", "inside"]]
    for name, families in found.items():
        low, high = map(math.exp, ends(families))
        counts = [str(len(families)), str(sum(map(len, families.values())))]
        lines.append([name, *counts, f"{low:.2f}", f"{high:.2f}", f"{shared(families):.2f}", f"{100 * coverage(families):.0f} %"])
    inside, models, rows = energy_coverage(folder, {name: found[name] for name in ("serving_time_residual", "serving_power_residual")})
    lines.append(["chip_energy_per_output_token", str(models), str(rows), "-", "-", "-", f"{100 * inside:.0f} %"])
    click.echo(table(lines))


if __name__ == "__main__":
    main()
