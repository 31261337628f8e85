"""How sure a number is. What belongs here: draws of a point's uncertain inputs, through the equations, and which of two points is better.

Inputs that have a low and a high are drawn, the residuals of predictions among them; all points see the same draws, so what they share
cancels in a comparison. What a residual does not share between points is drawn for each of them apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from sweep.catalog.document import Node
from sweep.engine import blocks, plan, quantiles
from sweep.study.axes import Values, sample
from sweep.study.definition import Study
from sweep.study.sampling import SAMPLE, USUAL

Band = tuple[float, float]
OUTER = (0.05, 0.95)


def bands(study: Study, outputs: Iterable[str] = (), at: Mapping[str, int] | None = None, size: int = USUAL) -> dict[str, Band]:
    """The 5 % and the 95 % quantile in SI of each output that something uncertain reaches, at one point of a study.

    outputs: the study's own unless others are named. at: index by axis; where the study's point stands unless said otherwise. A sample
    axis of the study says how many draws there are, else `size` does. Needs scipy, and no compiler.
    """
    return {name: band(values) for name, values in draws(study, outputs, at, size).items()}


def band(drawn: Values) -> Band:
    """The 5 % and the 95 % quantile of some draws."""
    low, high = quantiles.quantiles(drawn[None, :], OUTER)[0].tolist()
    return low, high


def draws(
    study: Study, outputs: Iterable[str] = (), at: Mapping[str, int] | None = None, size: int = USUAL, member: int = 0
) -> dict[str, Values]:
    """All draws (draws,) of the same. member: another number for each point that is compared with others."""
    held = drawn(study, at or {}, size, member)
    wanted = tuple(outputs) or tuple(study.outputs)
    if not set(held.uncertain) & set(held.graph_of(wanted).inputs):
        return {}
    made = plan.make(held, wanted)
    worker = blocks.Worker(blocks.program(made, math.inf))
    found = {name: made.tables[name].values for name in wanted if name in made.tables and made.tables[name].dims}
    for block in blocks.blocks(made):
        found |= {name: values.astype(float) for name, values in worker.draw(block).items() if values.shape and name in wanted}
    return found


def drawn(study: Study, at: Mapping[str, int], size: int = USUAL, member: int = 0) -> Study:
    """A study held at one point, with a sample axis alone."""
    axis = study.axes.get(SAMPLE) or sample(Node(str(size), study.file, 0, SAMPLE))
    for name in [name for name in study.axes if name != SAMPLE]:
        study = study.without(name, at.get(name))
    return replace(study, axes={SAMPLE: axis}, point={SAMPLE: 0}, member=member)


def chance_of_better(first: Values, other: Values, maximize: bool = False) -> float:
    """The share of draws in which another point is better than the first; a draw without a value is worst."""
    worst = -math.inf if maximize else math.inf
    one, two = (np.where(np.isnan(values), worst, values) for values in (first, other))
    return float(np.mean(two > one if maximize else two < one))


def told_apart(rows: Sequence[Values], maximize: bool = False) -> list[float]:
    """For each row after the first, the share of draws in which it is better than the first."""
    return [chance_of_better(rows[0], other, maximize) for other in rows[1:]]
