"""Residuals of one's own runs. What belongs here: a table of runs against predictions, to factors that a study takes and their ranges.

The logarithms of measured over predicted are drawn towards 0, the more the fewer runs there are: the prior is the spread that published
results have between families, and what they have within one is the noise of a single run.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweep.catalog.accuracy import Regime
from sweep.catalog.document import Node
from sweep.catalog.parameters import catalogues, parameters
from sweep.catalog.units import factor
from sweep.equations.interpret import compute_point
from sweep.equations.quantities import names, unit_of
from sweep.errors import SweepError, suggestion
from sweep.study.definition import Study
from sweep.study.parse import with_value
from sweep.study.sampling import Z

# measured quantity: the factor that it gives, and whether a longer time makes it larger
MEASURED = {
    "step_time": ("step_time_residual", 1),
    "server_power": ("training_power_residual", 1),
    "time_per_output_token": ("serving_time_residual", 1),
    "output_rate": ("serving_time_residual", -1),
    "serving_gpu_power": ("serving_power_residual", 1),
}
TIMES = ("step_time", "time_per_output_token", "output_rate")  # before powers, which are predicted at the measured time
HEADER = re.compile(r"^(\w+)\s*(?:\[([^\]]+)\])?$")


@dataclass(frozen=True)
class Run:
    """One line of the file: the study that it describes, and what was measured in SI, with its place."""

    study: Study
    measured: dict[str, float]
    line: int


def calibrate(path: str | Path) -> list[dict[str, Any]]:
    """The factors that a file of runs gives: input, value, low, high (of one further run), runs, and the range of the factor itself.

    The columns of the CSV file are inputs, catalogues (gpu, model) and measured quantities, with a unit in the header, "step_time [s]",
    or in the cells. Measured quantities: step_time, server_power, time_per_output_token, output_rate, serving_gpu_power.
    """
    ratios: dict[str, list[float]] = {}
    priors: dict[str, Regime] = {}
    for run in _runs(Path(path)):
        study, done = run.study, set[str]()
        for quantity in (*TIMES, *(other for other in MEASURED if other not in TIMES)):
            name, power = MEASURED[quantity]
            if quantity not in run.measured or name in done:
                continue
            done.add(name)
            predicted = compute_point(study.graph_of([quantity]), study.inputs_at({}, study.graph_of([quantity]))).values[quantity]
            if not predicted > 0:
                raise SweepError(f"{study.file}:{run.line}: {quantity}: no value is predicted for this run; `sweep point` says why")
            ratio = (run.measured[quantity] / predicted) ** power
            ratios.setdefault(name, []).append(math.log(ratio))
            priors.setdefault(name, _prior(name, study))
            if quantity in TIMES:
                study = with_value(study, name, Node(repr(ratio), study.file, run.line, name))
    return [_posterior(name, priors[name], values) for name, values in ratios.items()]


def _prior(name: str, study: Study) -> Regime:
    """The regime of published results in which the first run is, towards whose residuals a factor is drawn."""
    regime = study.regime(parameters()[name].residual_of, {})
    assert regime  # the widest has no condition
    return regime


def _posterior(name: str, prior: Regime, logs: list[float]) -> dict[str, Any]:
    spread = (math.log(prior.high) - math.log(prior.low)) / (2 * Z)
    common = prior.family + prior.job
    between, within = common * spread**2, (1 - common) * spread**2
    precision = 1 / between + len(logs) / within
    mean, sure = sum(logs) / within / precision, math.sqrt(1 / precision)
    width, wide = Z * sure, Z * math.sqrt(1 / precision + within)
    found = {"value": math.exp(mean), "low": math.exp(mean - wide), "high": math.exp(mean + wide)}
    return {
        "input": name,
        **found,
        "runs": len(logs),
        "measured": math.exp(sum(logs) / len(logs)),
        "factor_low": math.exp(mean - width),
        "factor_high": math.exp(mean + width),
        "prior": prior.of,
    }


def fragment(rows: Iterable[dict[str, Any]], path: str | Path) -> str:
    """The factors as YAML that a study names with `include: FILE`, or takes into its own `set:`."""
    lines = ["set:"]
    for row in rows:
        ends = ", ".join(f"{key}: {row[key]:.4g}" for key in ("value", "low", "high"))
        why = f"90 % of further runs, from {row['runs']} runs and the spread of published results"
        lines.append(f'  {row["input"]}: {{{ends}, range: "{why}", source: "{Path(path).name}"}}')
    return "\n".join(lines) + "\n"


def _runs(path: Path) -> list[Run]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SweepError(f"{path}: cannot be read: {error}") from None
    if len(lines) < 2:
        raise SweepError(f"{path}: needs a line of column names and one line for each run")
    heads = [_head(text, path) for text in lines[0]]
    if len({name for name, _ in heads}) < len(heads):
        raise SweepError(f"{path}:1: a column stands twice")
    if not {name for name, _ in heads} & set(MEASURED):
        raise SweepError(f"{path}:1: no measured column; one or more of {', '.join(MEASURED)}")
    return [_read_run(path, number, heads, cells) for number, cells in enumerate(lines[1:], 2) if any(cell.strip() for cell in cells)]


def _head(text: str, path: Path) -> tuple[str, str]:
    found = HEADER.match(text.strip())
    name, unit = (found[1], found[2] or "") if found else (text.strip(), "")
    known = {*names(), *catalogues()}
    if name not in known:
        raise SweepError(f"{path}:1: {text.strip()!r}: unknown column{suggestion(name, known)}")
    if unit:
        if name in catalogues():
            raise SweepError(f"{path}:1: {text.strip()!r}: has labels, no unit")
        try:
            factor(unit, unit_of(name))
        except SweepError as error:
            raise SweepError(f"{path}:1: {text.strip()!r}: {error}") from None
    return name, unit


def _read_run(path: Path, line: int, heads: list[tuple[str, str]], cells: list[str]) -> Run:
    if len(cells) != len(heads):
        raise SweepError(f"{path}:{line}: has {len(cells)} cells under {len(heads)} columns")
    study = Study(str(path), "", str(path), {}, {}, {}, {}, {})
    given = {}
    for (name, unit), cell in zip(heads, cells, strict=True):
        if cell.strip():
            given[name] = Node(f"{cell.strip()} {unit}".strip(), str(path), line, name)
    measured: dict[str, float] = {}
    for name in sorted(given, key=lambda name: name not in catalogues()):
        if name in MEASURED:
            held = with_value(study, name, given[name]).fixed[name]
            if held <= 0:
                given[name].fail("a measured value is above zero")
            measured[name] = held
        else:
            study = with_value(study, name, given[name])
    if "server_power" in measured and "power_method" not in given:
        study = with_value(study, "power_method", Node("modelled", str(path), line, "power_method"))
    return Run(study, measured, line)
