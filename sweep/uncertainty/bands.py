"""How sure a number is. What belongs here: draws of a point's uncertain inputs, through the equations, and which of two points is better.

Inputs that have a low and a high are drawn, the residuals of predictions among them; all points see the same draws, so what they share
cancels in a comparison. What a residual does not share between points is drawn for each of them apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sweep.catalog.document import Node
from sweep.engine import blocks, plan, quantiles
from sweep.study.axes import Axis, Values, sample
from sweep.study.definition import Study
from sweep.study.sampling import SAMPLE, USUAL

Band = tuple[float, float]
OUTER = (0.05, 0.95)


def bands(study: Study, outputs: Iterable[str] = (), at: Mapping[str, int] | None = None, size: int = USUAL) -> dict[str, Band]:
    """The 5 % and the 95 % quantile in SI of each output that something uncertain reaches, at one point of a study.

    outputs: the study's own unless others are named. at: index by axis; where the study's point stands unless said otherwise. A sample
    axis of the study says how many draws there are, else `size` does. Needs scipy, and no compiler.
    """
    found = {name: band(values) for name, values in draws(study, outputs, at, size).items()}
    return {name: ends for name, ends in found.items() if ends[0] != ends[1]}  # what is uncertain may be in alternatives alone


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
    return outcomes(held, wanted) if set(held.uncertain) & set(held.graph_of(wanted).inputs) else {}


def outcomes(held: Study, wanted: Iterable[str]) -> dict[str, Values]:
    """The draws (draws,) of quantities of a study at one point with a sample axis; none of what nothing uncertain reaches."""
    made = plan.make(held, wanted)
    worker = blocks.Worker(blocks.program(made, math.inf))
    found = {name: held.values for name, held in made.inputs.items() if name in wanted and SAMPLE in held.dims}
    for block in blocks.blocks(made):
        if SAMPLE in made.nests[block.nest].dims:
            found |= {name: values.astype(float) for name, values in worker.draw(block).items() if name in wanted}
    return {name: values.reshape(-1) for name, values in found.items()}


def drawn(study: Study, at: Mapping[str, int], size: int = USUAL, member: int = 0) -> Study:
    """A study at one point: a sample axis, and of each other axis one label."""
    axis = study.axes.get(SAMPLE) or sample(Node(str(size), study.file, 0, SAMPLE))
    rest = study.stated
    axes = {name: other.keep(np.array([at.get(name, rest.point[name])])) for name, other in rest.axes.items()}
    return replace(rest, axes={**axes, SAMPLE: axis}, point=dict.fromkeys([*axes, SAMPLE], 0), member=member)


def ranked(
    study: Study, rows: Sequence[Mapping[str, Any]], quantity: str, maximize: bool = False, per: str | None = None
) -> list[dict[str, Any]]:
    """For each row that `best` found, the `bands` of the quantity (p5, p95) and the share of draws in which it is `better` than the first.

    per: as in `best`; the first is then that of the same label. A row whose value is the same in all draws has no band.
    """
    found: list[dict[str, Any]] = []
    first: dict[Any, Values] = {}
    for member, row in enumerate(rows, 1):
        at = {name: _index(axis, row[name]) for name, axis in study.axes.items() if name in row}
        values = draws(study, [quantity], at, member=member).get(quantity)
        if values is None:
            return [{} for _ in rows]
        group = row[per] if per else None
        low, high = band(values)
        ends = {"bands": {quantity: {"p5": low, "p95": high}}} if low != high else {}
        better = {"better": chance_of_better(first[group], values, maximize)} if group in first else {}
        first.setdefault(group, values)
        found.append({**ends, **better})
    return found


def _index(axis: Axis, label: Any) -> int:
    """The place of a row's label on an axis."""
    if axis.labels is not None:
        return axis.labels.index(str(label))
    return int(np.argmin(np.abs(axis.columns[axis.name] - float(label))))


def chance_of_better(first: Values, other: Values, maximize: bool = False) -> float:
    """The share of draws in which another point is better than the first; a draw without a value is worst."""
    worst = -math.inf if maximize else math.inf
    one, two = (np.where(np.isnan(values), worst, values) for values in (first, other))
    return float(np.mean(two > one if maximize else two < one))
