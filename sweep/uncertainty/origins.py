"""Where the width of a band is from. What belongs here: shares of variance of measured errors and of ranges of inputs, from draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sweep.study import sampling
from sweep.study.definition import Study
from sweep.study.ranges import Values
from sweep.study.sampling import SAMPLE, USUAL
from sweep.uncertainty.bands import drawn

CHANCE = 4  # over the number of draws: the squared correlation that independent draws exceed one time in twenty


@dataclass(frozen=True)
class Origin:
    """What the variance of a quantity is from: shares of the measured errors of predictions and of each input with a range."""

    predictions: float
    inputs: Mapping[str, float]

    def __str__(self) -> str:
        rest = sum(self.inputs.values())
        most = max(self.inputs, key=self.inputs.__getitem__, default="")
        if not self.inputs:
            return "predictions"
        if not self.predictions:
            return f"inputs: {most}"
        said = [(self.predictions, f"predictions {100 * self.predictions:.0f} %"), (rest, f"inputs {100 * rest:.0f} %: {most}")]
        return ", ".join(text for _, text in sorted(said, reverse=True))


def origins(study: Study, known: Mapping[str, Values], at: Mapping[str, int] | None = None, size: int = USUAL) -> dict[str, Origin]:
    """What the variance of quantities is from. known: their draws, as `draws` made them of the same study, point and size.

    A share is that of the squared rank correlations with the draws of all inputs on which a quantity depends, so what inputs do together
    is shared among them. What has a share below that of chance is omitted.
    """
    held = drawn(study, at or {}, size)
    axis = held.axes[SAMPLE]
    columns = dict(zip(held.uncertain, sampling.standard(axis.size, len(held.uncertain), axis.seed).T, strict=True))
    found: dict[str, Origin] = {}
    for name, values in known.items():
        there = ~np.isnan(values)
        needed = set(held.graph_of([name]).inputs)
        shares = {key: _squared(column[there], values[there]) for key, column in columns.items() if key in needed}
        shares = {key: share for key, share in shares.items() if share > CHANCE / axis.size}
        whole = sum(shares.values())
        if whole:
            inputs = {key: share / whole for key, share in shares.items() if not held.residual_of(key)}
            found[name] = Origin(max(0.0, 1 - sum(inputs.values())) if len(inputs) < len(shares) else 0.0, inputs)
    return found


def _squared(one: Values, other: Values) -> float:
    """The squared rank correlation; 0 where one of them does not vary."""
    if one.size < 2 or np.ptp(other) == 0:
        return 0.0
    a, b = (np.argsort(np.argsort(values)) - (values.size - 1) / 2 for values in (one, other))
    return float(a @ b) ** 2 / float((a @ a) * (b @ b))
