"""How sure a number is. What belongs here: draws of a point's uncertain inputs, through the equations, and which of two points is better.

Inputs that have a low and a high are drawn, the residuals of predictions among them, of the regime of each point. Where points are
compared all see the same draws of other inputs; of a residual, points of one regime and trainer share a part and layouts of one job
another, so both cancel, and what is left differs by Student's t.
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
from sweep.study.axes import Axis, sample
from sweep.study.definition import Study
from sweep.study.ranges import Values
from sweep.study.sampling import SAMPLE, USUAL

Band = tuple[float, float]
OUTER = (0.05, 0.95)
JOB = ("gpus", "sequence_length", "precision")  # beside GPU and model, what layouts of one job have in common


def bands(study: Study, outputs: Iterable[str] = (), at: Mapping[str, int] | None = None, size: int = USUAL) -> dict[str, Band]:
    """The 5 % and the 95 % quantile in SI of each output that something uncertain reaches, at one point of a study.

    outputs: the study's own unless others are named. at: index by axis; where the study's point stands unless said otherwise. A sample
    axis of the study says how many draws there are, else `size` does. Needs scipy, and no compiler.
    """
    return bands_of(draws(study, outputs, at, size))


def bands_of(known: Mapping[str, Values]) -> dict[str, Band]:
    """The bands of draws, of what varies."""
    found = {name: band(values) for name, values in known.items()}
    return {name: ends for name, ends in found.items() if ends[0] != ends[1]}  # what is uncertain may be in alternatives alone


def gap(drawn: Values) -> float:
    """The share of draws that have no value, because a rule is broken there; a band is that of the others."""
    return float(np.isnan(drawn).mean())


def band(drawn: Values) -> Band:
    """The 5 % and the 95 % quantile of some draws."""
    low, high = quantiles.quantiles(drawn[None, :], OUTER)[0].tolist()
    return low, high


def draws(study: Study, outputs: Iterable[str] = (), at: Mapping[str, int] | None = None, size: int = USUAL) -> dict[str, Values]:
    """All draws (draws,) of the same."""
    held = drawn(study, at or {}, size)
    wanted = tuple(outputs) or tuple(study.outputs)
    return outcomes(held, wanted) if _reached(held, wanted) else {}


def comparable(study: Study, outputs: Collection[str], at: Mapping[str, int]) -> dict[str, Values]:
    """Draws (draws,) of outputs at one point that can be compared with those of other points of the study."""
    held = drawn(study, at)
    return outcomes(_apart(held, study.uncertain, _reached(held, outputs)), outputs) if _reached(held, outputs) else {}


def _reached(held: Study, outputs: Iterable[str]) -> set[str]:
    """The uncertain inputs on which outputs depend."""
    return set(held.uncertain) & set(held.graph_of(outputs).inputs)


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


def _apart(held: Study, uncertain: Sequence[str], names: Collection[str]) -> Study:
    """A study at one point that draws each input as other points do, and in part the residuals among `names`.

    uncertain: the inputs that some point of the study draws.
    """
    axis = held.axes[SAMPLE]
    columns = [uncertain.index(name) for name in held.uncertain]
    given = sampling.standard(axis.size, len(uncertain), axis.seed)[:, columns]
    residuals = {name: _residual(held, name, held.residual_of(name)) for name in names if held.residual_of(name)}
    return replace(held, axes={**held.axes, SAMPLE: replace(axis, columns={**axis.columns, **residuals}, given=given)})


def _residual(held: Study, name: str, quantity: str) -> Values:
    """Draws of a residual at the point of a study: what points of one trainer share, what layouts of one job do, and the rest."""
    axis = held.axes[SAMPLE]
    regime = held.regime(quantity, held.point)
    assert regime  # else the residual had no range
    rest = held.stated
    read = rest.graph_of([quantity])
    places = {dim for need in read.inputs for dim in rest.input_values(need).dims}
    labels = {dim: _label(rest.axes[dim]) for dim in sorted(places)} | {key: entry.label for key, entry in rest.selected.items()}
    values = rest.inputs_at(rest.point, read)
    trainer = (name, regime.of, labels.get("trainer"))
    job = (*trainer, *(labels.get(key) for key in ("gpu", "model")), *(values.get(key) for key in JOB))
    common = sampling.together(axis.size, axis.seed, [(regime.family, trainer), (regime.job, job)])
    own = sampling.together(axis.size, axis.seed, [(1 - regime.family - regime.job, (job, sorted(labels.items())))])
    own *= sampling.width(axis.size, axis.seed, regime.tail, trainer)
    low, high = np.array(regime.low), np.array(regime.high)
    between: Values = sampling.spread(common, np.array(1.0), low, high) * (high / low) ** (own / (2 * sampling.Z))
    return between


def _label(axis: Axis) -> str:
    return axis.labels[0] if axis.labels else repr(float(axis.columns[axis.name][0]))


def ranked(
    study: Study, rows: Sequence[Mapping[str, Any]], scales: Mapping[str, float], maximize: bool = False, per: str | None = None
) -> list[dict[str, Any]]:
    """For each row that `best` found, the `bands` of what it is ranked by (p5, p95), how often it is `better` than the first,
    and the share of draws in which it is `infeasible`.

    scales: what each quantity is multiplied with in that; the sum of several is `score`. per: as in `best`; the first is then that of the
    same label. A row whose value is the same in all draws has no band.
    """

    def total(known: Mapping[str, Values], row: Mapping[str, Any]) -> Values:
        summed: Values = np.sum(np.broadcast_arrays(*(scale * known.get(name, row[name]) for name, scale in scales.items())), axis=0)
        return summed

    found: list[dict[str, Any]] = []
    first: dict[Any, Values] = {}
    ranked_by = "score" if len(scales) > 1 else next(iter(scales))
    for row in rows:
        place = study.place(row)
        known = draws(study, scales, place)
        if not known:
            return [{} for _ in rows]
        values = total(comparable(study, [*scales], place), row)
        group = row[per] if per else None
        low, high = band(total(known, row))
        ends = {"bands": {ranked_by: {"p5": low, "p95": high}}} if low != high else {}
        better = {"better": chance_of_better(first[group], values, maximize)} if group in first else {}
        first.setdefault(group, values)
        infeasible = {"infeasible": share} if (share := gap(values)) else {}
        found.append({**ends, **better, **infeasible})
    return found


def chance_of_better(first: Values, other: Values, maximize: bool = False) -> float:
    """The share of draws in which another point is better than the first; a draw without a value is worst."""
    worst = -math.inf if maximize else math.inf
    one, two = (np.where(np.isnan(values), worst, values) for values in (first, other))
    return float(np.mean(two > one if maximize else two < one))
