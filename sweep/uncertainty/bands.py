"""How sure a number is. What belongs here: draws of a point's uncertain inputs, through the equations, and which of two points is better.

Inputs that have a low and a high are drawn, the residuals of predictions among them, of the regime of each point. All points see the
same draws of other inputs; of a residual, points of one regime and trainer share a part and layouts of one job another, so both cancel
where such points are compared.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sweep.catalog.document import Node
from sweep.engine import blocks, plan, quantiles
from sweep.study import sampling
from sweep.study.axes import Axis, Values, sample
from sweep.study.definition import Study
from sweep.study.sampling import SAMPLE, USUAL

Band = tuple[float, float]
OUTER = (0.05, 0.95)
JOB = ("gpus", "sequence_length", "precision")  # beside GPU and model, what layouts of one job have in common


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
    study: Study, outputs: Iterable[str] = (), at: Mapping[str, int] | None = None, size: int = USUAL, apart: bool = False
) -> dict[str, Values]:
    """All draws (draws,) of the same. apart: what points do not have in common is drawn for each, so that they can be compared."""
    held = drawn(study, at or {}, size)
    wanted = tuple(outputs) or tuple(study.outputs)
    reached = set(held.uncertain) & set(held.graph_of(wanted).inputs)
    return outcomes(_apart(held, reached) if apart else held, wanted) if reached else {}


def outcomes(held: Study, wanted: Iterable[str]) -> dict[str, Values]:
    """The draws (draws,) of quantities of a study at one point with a sample axis; none of what nothing uncertain reaches."""
    made = plan.make(held, wanted)
    worker = blocks.Worker(blocks.program(made, math.inf))
    found = {name: held.values for name, held in made.inputs.items() if name in wanted and SAMPLE in held.dims}
    for block in blocks.blocks(made):
        if SAMPLE in made.nests[block.nest].dims:
            found |= {name: values.astype(float) for name, values in worker.draw(block).items() if name in wanted}
    return {name: values.reshape(-1) for name, values in found.items()}


def drawn(study: Study, at: Mapping[str, int], size: int = USUAL) -> Study:
    """A study at one point: a sample axis, and of each other axis one label."""
    axis = study.axes.get(SAMPLE) or sample(Node(str(size), study.file, 0, SAMPLE))
    rest = study.stated
    axes = {name: other.keep(np.array([at.get(name, rest.point[name])])) for name, other in rest.axes.items()}
    return replace(rest, axes={**axes, SAMPLE: axis}, point=dict.fromkeys([*axes, SAMPLE], 0))


def _apart(held: Study, names: Collection[str]) -> Study:
    """A study at one point, some of whose inputs are residuals, drawn so that points which share them in part can be compared."""
    axis = held.axes[SAMPLE]
    given = sampling.standard(axis.size, len(held.uncertain), axis.seed).copy()
    for i, name in enumerate(held.uncertain):
        if name in names and (quantity := held.residual_of(name)):
            given[:, i] = sampling.together(axis.size, axis.seed, _shares(held, name, quantity))
    return replace(held, axes={**held.axes, SAMPLE: replace(axis, given=given)})


def _shares(held: Study, name: str, quantity: str) -> list[tuple[float, object]]:
    """The parts of a residual's variance at the point of a study, each with what points have in common that share it."""
    regime = held.regime(quantity, held.point)
    assert regime  # else the residual had no range
    rest = held.stated
    read = rest.graph_of([quantity])
    places = {dim for need in read.inputs for dim in rest.input_values(need).dims}
    labels = {dim: _label(rest.axes[dim]) for dim in sorted(places)} | {key: entry.label for key, entry in rest.selected.items()}
    values = rest.inputs_at(rest.point, read)
    trainer = (name, regime.of, labels.get("trainer"))
    job = (*trainer, *(labels.get(key) for key in ("gpu", "model")), *(values.get(key) for key in JOB))
    return [(regime.family, trainer), (regime.job, job), (1 - regime.family - regime.job, (job, sorted(labels.items())))]


def _label(axis: Axis) -> str:
    return axis.labels[0] if axis.labels else repr(float(axis.columns[axis.name][0]))


def ranked(
    study: Study, rows: Sequence[Mapping[str, Any]], scales: Mapping[str, float], maximize: bool = False, per: str | None = None
) -> list[dict[str, Any]]:
    """For each row that `best` found, the `bands` of what it is ranked by (p5, p95), and how often it is `better` than the first.

    scales: what each quantity is multiplied with in that; the sum of several is `score`. per: as in `best`; the first is then that of the
    same label. A row whose value is the same in all draws has no band.
    """
    found: list[dict[str, Any]] = []
    first: dict[Any, Values] = {}
    ranked_by = "score" if len(scales) > 1 else next(iter(scales))
    for row in rows:
        known = draws(study, scales, study.place(row), apart=True)
        if not known:
            return [{} for _ in rows]
        values = np.sum(np.broadcast_arrays(*(scale * known.get(name, row[name]) for name, scale in scales.items())), axis=0)
        group = row[per] if per else None
        low, high = band(values)
        ends = {"bands": {ranked_by: {"p5": low, "p95": high}}} if low != high else {}
        better = {"better": chance_of_better(first[group], values, maximize)} if group in first else {}
        first.setdefault(group, values)
        found.append({**ends, **better})
    return found


def chance_of_better(first: Values, other: Values, maximize: bool = False) -> float:
    """The share of draws in which another point is better than the first; a draw without a value is worst."""
    worst = -math.inf if maximize else math.inf
    one, two = (np.where(np.isnan(values), worst, values) for values in (first, other))
    return float(np.mean(two > one if maximize else two < one))
