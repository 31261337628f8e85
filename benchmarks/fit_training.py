"""Constants of training time, fitted on some families of published runs: `python -m benchmarks.fit_training FILE.csv`.

The families are those of benchmarks/fidelity/training/fitted.yaml; the curves of single kernels come from benchmarks/fit_microbenchmarks.py
and stay as they are. Each constant starts from an estimate, keeps within bounds that physics sets, and is pulled weakly back to
its start, so that what the runs do not tell stays where it was. Families weigh equally, and single outliers weigh little.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from benchmarks.fidelity import rows as reading
from benchmarks.fidelity.training import scoring as training
from benchmarks.fidelity.training.summary import fitted
from sweep.catalog import entries
from sweep.equations import graph, registry

PULL = 0.02  # weight of the start against one row of 1/sqrt(MOST), in units of the logit of the place between the bounds
MOST = 90  # rows of one family that take part
CLOCKS = {"a100": "A100", "h100": "H100", "h200": "H100", "b200": "Blackwell", "gb200": "Blackwell", "b300": "Blackwell Ultra"}
CLOCKS["gb300"] = CLOCKS["b300"]
# start, lowest, highest, in SI units
CONSTANTS: dict[str, tuple[float, float, float]] = {
    "training_clock of A100": (0.80, 0.6, 1),
    "training_clock of H100": (0.88, 0.6, 1),
    "training_clock of Blackwell": (0.88, 0.6, 1),
    "training_clock of Blackwell Ultra": (0.88, 0.6, 1),
    "fp8_efficiency": (0.8, 0.5, 1),
    "fp4_efficiency": (0.6, 0.3, 1),
    "hbm_efficiency": (0.8, 0.5, 0.95),
    "fused_stream_bytes": (24, 14, 80),
    "norm_bytes": (44, 10, 120),
    "branch_passes": (1.5, 1, 6),
    "eager_passes": (1.5, 1, 4),
    "scaleout_efficiency": (0.8, 0.4, 1),
    "tp_overlap": (0.5, 0, 1),
    "dp_overlap": (0.8, 0, 1),
    "transfer_overlap": (0.5, 0, 1),
    "step_overhead": (0.02, 0, 0.2),
    "expert_conversion_time": (2e-5, 0, 1e-4),
    "expert_bias_bytes": (73, 5, 150),
    "attention_backward_ratio": (3, 2, 5),
    "accumulation_bytes": (8, 2, 16),
    "loss_bytes": (24, 8, 60),
    "batched_efficiency": (0.5, 0.2, 1),
    "softmax_bytes": (17, 7, 60),
}


def straight_line(outputs: tuple[str, ...]) -> tuple[Callable[[dict[str, float]], dict[str, float]], graph.Graph]:
    """One function that evaluates the equations of `outputs` in order, without rules: fast enough to fit with."""
    registry.load()
    which = graph.resolve(outputs, given=())
    names: dict[str, Callable[..., Any]] = {f"f{i}": equation.function for i, equation in enumerate(which.equations)}
    lines = [f" v[{e.name!r}]=f{i}({','.join(f'v[{a!r}]' for a in which.needs[e.name])})" for i, e in enumerate(which.equations)]
    exec("\n".join(["def run(v):", *lines, " return v"]), names)  # source text from our own registry
    return names["run"], which


def overrides(values: Mapping[str, float]) -> dict[str | tuple[str, str], float]:
    """Fitted constants as overrides of the harness: a clock for each GPU of its generation."""
    found: dict[str | tuple[str, str], float] = {}
    for name, value in values.items():
        plain, _, chip = name.partition(" of ")
        if chip:
            gpus = entries.entry_names("gpu")
            found |= {(plain, gpu): value for gpu in gpus if CLOCKS.get(gpu.partition("-")[0]) == chip}
        else:
            found[plain] = value
    return found


def fit(prepared: Sequence[training.Prepared], families: frozenset[str]) -> dict[str, float]:
    """The constants fitted to some families, by name."""
    run, which = straight_line(("step_time",))
    known = [p for p in prepared if p.inputs and p.step_time and p.row.family in families]
    chosen: list[tuple[dict[str, float], set[str], str, float, float]] = []
    draw = np.random.default_rng(0)
    for family in sorted(families):
        members = [p for p in known if p.row.family == family]
        if len(members) > MOST:
            members = [members[i] for i in sorted(draw.choice(len(members), MOST, replace=False))]
        for p in members:
            assert p.inputs is not None
            assert p.step_time is not None
            chip = next((word for name, word in CLOCKS.items() if p.inputs.entries[0].name.split("-")[0] == name), "")
            base = {name: p.inputs.value(name) for name in which.inputs}
            chosen.append(
                (
                    base,
                    {name for name in which.inputs if p.inputs.said(name)},
                    f"training_clock of {chip}",
                    p.step_time,
                    1 / math.sqrt(len(members)),
                )
            )

    names = list(CONSTANTS)
    start = np.array([_logit(*CONSTANTS[name]) for name in names])

    def residuals(place: Any) -> Any:
        values = {name: _value(u, *CONSTANTS[name][1:]) for name, u in zip(names, place, strict=True)}
        errors = []
        for base, given, clock, published, weight in chosen:
            own = {name: value for name, value in values.items() if name not in given and not name.startswith("training_clock")}
            if clock in values:
                own["training_clock"] = values[clock]
            errors.append(weight * math.log(run({**base, **own})["step_time"] / published))
        return np.concatenate([errors, PULL * (place - start)])

    found = least_squares(residuals, start, loss="soft_l1", f_scale=0.02, max_nfev=25)
    return {name: _value(u, *CONSTANTS[name][1:]) for name, u in zip(names, found.x, strict=True)}


def _logit(value: float, low: float, high: float) -> float:
    share = min(max((value - low) / (high - low), 0.03), 0.97)
    return math.log(share / (1 - share))


def _value(place: float, low: float, high: float) -> float:
    return low + (high - low) / (1 + math.exp(-place))


if __name__ == "__main__":
    for name, value in fit(training.prepare(reading.load(Path(sys.argv[1]))), fitted("training")).items():
        print(f"{name:30} {value:.3g}")
