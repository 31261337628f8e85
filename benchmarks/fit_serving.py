"""Fits the constants of the serving model on published runs of half the models, and validates on the other half.

What belongs here: which rows, which constants, the fit, and both scores. `python -m benchmarks.fit_serving FILE.csv... [--write]` prints
the constants; `--write` puts them into configs/parameters/calibration-serving.yaml and configs/engines.

Split: the catalogue names of the models in the first file, sorted; of each pair the first is fitted, the second validates, as does an
odd last one, and every model that came later. The fitted ones stand in benchmarks/fidelity/training/fitted.yaml, so that a new entry moves
none. The search starts at the constants that the catalogue has; what they may stray from is the table below.
Left out of the fit because no constant of the model can express it: one-GPU GPQA runs on B200, whose step at batch 8 is 30 ms for every
model from 8 to 32 billion parameters, 4 to 7 times that of the same model and GPU in chat. They count in both scores.
Residuals are those of rates, times and powers, and, for each setup that was run with small and with large batches, that of the ratio of
energy per token between the two, which no error of a whole setup moves.
"""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

from benchmarks.fidelity import catalogue_match
from benchmarks.fidelity import rows as reading
from benchmarks.fidelity.score import Score
from benchmarks.fidelity.serving import scoring as serving
from benchmarks.fidelity.serving import summary as serving_summary
from benchmarks.fidelity.training import summary as training_summary
from sweep.catalog import entries, parameters

CONFIGS = Path(__file__).parents[1] / "configs"
HARDWARE = CONFIGS / "parameters" / "calibration-serving.yaml"
ENGINE = CONFIGS / "parameters" / "engine.yaml"
DEFAULT_ENGINE = "vllm-2025"
# constant, start, how far (in e-folds) the fit may stray before it pays one unit of residual, largest value
SHARED = (
    ("bandwidth_efficiency", 0.95, 0.1, 1.0),
    ("outstanding_bandwidth", 30e12, 0.5, 1e15),
    ("kv_bandwidth_efficiency", 0.75, 0.2, 1.0),
    ("matmul_efficiency", 0.7, 0.15, 1.0),
    ("expert_matmul_efficiency", 0.4, 0.25, 1.0),
    ("prefill_efficiency", 0.5, 1.5, 1.0),
    ("prefill_expert_efficiency", 0.3, 1.5, 1.0),
    ("prefill_rate_limit", 3e15, 1.0, 1e18),
    ("link_efficiency", 0.6, 0.5, 1.0),
    ("kernel_power_share", 0.5, 1.5, 1.0),
    ("traffic_energy", 50e-12, 0.5, 1e-9),
    ("compute_power_share", 1.0, 1.5, 4.0),
)
OWN = (
    ("engine_layer_time", 25e-6, 0.4, 1e-2),
    ("engine_expert_layer_time", 30e-6, 0.4, 1e-2),
    ("engine_step_time", 0.5e-3, 2.5, 1.0),
    ("engine_sequence_time", 10e-6, 2.5, 1e-2),
    ("engine_waiting_power", 0.2, 1.5, 1.0),
)
# of the one engine whose rows sample from real distributions and hold the same model in two formats
OF_DEFAULT = (
    ("engine_quantize_time", 20e-6, 1.5, 1e-3),
    ("engine_expert_rows", 64.0, 1.5, 1e3),
    ("engine_logit_bytes", 500.0, 1.5, 1e4),
)
PRIOR_WEIGHT = 0.5
FITTED = ("output_rate", "time_per_output_token", "power")
ROWS_OF_FULL_WEIGHT = 50
POWER_WEIGHT = 2.0
SCALING_WEIGHT = 4.0
MISSING = 0.5  # ratio that counts where constants leave a row without a value
FIGURES = 3
SHOWN = {"s": (1e6, " us"), "B": (1, " B"), "J/B": (1e12, " pJ/B"), "B/s": (1e-12, " TB/s"), "FLOP/s": (1e-12, " TFLOP/s")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("csv_files", type=Path, nargs="+")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    found = serving.prepare([row for file in options.csv_files for row in reading.load(file)])
    rows = [row for row in found if row.served and row.row.text("kind") == "measured"]
    fitted = training_summary.fitted("serving")
    half = [row for row in rows if model(row) in fitted]
    fit = constants([row for row in half if not left_out(row)])
    print("fitted models:", ", ".join(sorted(fitted)))
    for key, value in fit.items():
        print(f"{' '.join(key) if isinstance(key, tuple) else key:55s} {value:.{FIGURES}g}")
    print(report("fitted", serving.score(half, fit)))
    print(report("validated", serving.score([row for row in rows if model(row) not in fitted], fit)))
    if options.write:
        write(fit)


def model(row: serving.Prepared) -> str:
    """The catalogue name of a row's model."""
    entry = catalogue_match.model(row.row.text("model"))
    assert entry is not None
    return entry.name


def left_out(row: serving.Prepared) -> bool:
    """Whether the fit does without the row, by the rule at the top."""
    text, gpus = row.row.text, row.row.number("gpus")
    return text("workload") == "gpqa" and text("hardware").startswith("B200") and gpus == 1


def constants(rows: Sequence[serving.Prepared]) -> dict[str | tuple[str, str], float]:
    """Constants, shared and by engine, that meet the rows' rates, times and powers best; far misses count less than their square."""
    engines = sorted({entry.name for row in rows if row.served for entry in row.served.inputs.entries if entry.catalogue == "engine"})
    keys: list[str | tuple[str, str]] = [name for name, *_ in SHARED]
    keys += [(name, engine) for engine in engines for name, *_ in OWN]
    table = [rest for _, *rest in SHARED] + [rest for _ in engines for _, *rest in OWN]
    if DEFAULT_ENGINE in engines:
        keys += [(name, DEFAULT_ENGINE) for name, *_ in OF_DEFAULT]
        table += [rest for _, *rest in OF_DEFAULT]
    start, loose, most = (np.array(column) for column in zip(*table, strict=True))
    x0 = np.log(start)
    scores = serving.score(rows)
    sizes = {family: sum(one.family == family and one.quantity in FITTED for one in scores) for family in {one.family for one in scores}}

    kept = [place for place, one in enumerate(scores) if one.quantity in FITTED and one.ratio]
    pairs = list(serving_summary.setups([one for one in scores if one.quantity == "energy_per_output_token"]))

    def residuals(x: np.ndarray) -> np.ndarray:
        found = serving.score(rows, dict(zip(keys, np.exp(x).tolist(), strict=True)))
        miss = [
            math.log(one.ratio or MISSING)
            * (POWER_WEIGHT if one.quantity == "power" else 1)
            * min(1, math.sqrt(ROWS_OF_FULL_WEIGHT / sizes[one.family]))
            for one in (found[place] for place in kept)
        ]
        change = serving_summary.setups([one for one in found if one.quantity == "energy_per_output_token"])
        both = {name: pair["predicted"] / pair["published"] for name, pair in change.items()}
        slopes = [SCALING_WEIGHT * math.log(both.get(name, MISSING)) for name in pairs]
        return np.concatenate([miss, slopes, PRIOR_WEIGHT * (x - x0) / loose])

    bounds = (x0 - 4, np.log(most))
    first = np.clip(np.log([catalogued(key) for key in keys]), bounds[0] + 1e-6, bounds[1] - 1e-6)
    fit = least_squares(residuals, first, loss="soft_l1", f_scale=0.15, diff_step=1e-3, max_nfev=8, x_scale="jac", bounds=bounds)
    return dict(zip(keys, np.exp(fit.x).tolist(), strict=True))


def catalogued(key: str | tuple[str, str]) -> float:
    """The value that the catalogue has of a constant."""
    if isinstance(key, tuple):
        return entries.entry("engine", key[1]).figures[key[0], ""].value
    default = parameters.parameters()[key].default
    assert default is not None
    return default.value


def report(title: str, scores: Sequence[Score]) -> str:
    """One line for each quantity: rows, median ratio, geometric-mean error, share within a factor of two, median error."""
    lines = []
    for quantity in ("output_rate", "time_per_output_token", "power", "energy_per_output_token"):
        logs = np.array([math.log(one.ratio) for one in scores if one.quantity == quantity and one.ratio])
        if len(logs):
            size = np.abs(logs)
            lines.append(
                f"{title:10s} {quantity:24s} {len(logs):4d} rows  median ratio {math.exp(np.median(logs)):.3f}  "
                f"geometric error {math.exp(size.mean()):.3f}  within 2 x {np.mean(size < math.log(2)):.3f}  "
                f"median error {np.median(np.abs(np.exp(logs) - 1)):.3f}"
            )
    return "\n".join(lines)


def write(fit: dict[str | tuple[str, str], float]) -> None:
    """Put the constants where the catalogue reads them, to three figures."""
    for key, value in fit.items():
        if isinstance(key, tuple):
            name, engine = key
            _replace(CONFIGS / "engines" / f"{engine}.yaml", name, value)
            if engine == DEFAULT_ENGINE:
                _replace(ENGINE, name, value)
        else:
            _replace(HARDWARE, key, value)


def _replace(path: Path, name: str, value: float) -> None:
    unit = parameters.parameters()[name].unit
    scale, word = SHOWN.get(unit, (1, ""))
    shown = f"{float(f'{value * scale:.{FIGURES}g}'):g}{word}"
    text = path.read_text(encoding="utf-8")
    changed, count = re.subn(rf"(?m)^(\s*{name}: .*?value: )[^,}}]+", rf"\g<1>{shown}", text)
    if count != 1:
        raise SystemExit(f"{path}: {name} is there {count} times")
    path.write_text(changed, encoding="utf-8")


if __name__ == "__main__":
    main()
