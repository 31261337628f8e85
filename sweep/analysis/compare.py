"""Two points against each other. What belongs here: the inputs that differ, the change of each output, and which input it is from.

The change of an output is attributed by Shapley's values: the inputs that differ are changed one after the other, and what each
adds is averaged over all orders, so that the parts add up to the change whatever depends on what.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sweep.equations import interpret, registry
from sweep.equations.quantities import names, quantity
from sweep.errors import SweepError, suggestion
from sweep.study.definition import Study

MOST_FACTORS = 7  # whose 5,040 orders are all evaluated


@dataclass(frozen=True)
class Change:
    """One output at both points, in SI; ratio and difference are NaN where it has no value at one of them."""

    before: float
    after: float

    @property
    def difference(self) -> float:
        return self.after - self.before

    @property
    def ratio(self) -> float:
        return self.after / self.before if self.before else math.nan


@dataclass(frozen=True)
class Comparison:
    """inputs: what differs, as it is told at both points. outputs: the change of each. parts: of the change of `quantity`, by input.

    method: how the parts are found.
    """

    inputs: Mapping[str, tuple[str | float, str | float]]
    outputs: Mapping[str, Change]
    quantity: str
    parts: Mapping[str, float]
    method: str


def compare(one: Study, other: Study, quantity: str | None = None) -> Comparison:
    """Compare the points of two studies. quantity: the output whose change is attributed; the first of the outputs without it.

    A selected entry, such as a GPU, is one input with all its figures. Raises SweepError.
    """
    registry.only(one.equations)
    before, after = _held(one), _held(other)
    outputs = list(dict.fromkeys([*one.outputs, *other.outputs, *([quantity] if quantity else [])]))
    for name in outputs:
        if name not in names():
            raise SweepError(f"unknown quantity {name!r}{suggestion(name, names())}")
    ends = [_values(study, outputs) for study in (before, after)]
    changes = {name: Change(*(values[name] for values in ends)) for name in outputs}
    factors = _factors(before, after, outputs)
    told = quantity or outputs[0]
    parts, method = _attributed(before, after, [*factors], told)
    return Comparison(factors, changes, told, parts, method)


def _held(study: Study) -> Study:
    """The study at its point, without axes."""
    for name in study.axes:
        study = study.without(name)
    return study


def _values(study: Study, outputs: Sequence[str]) -> Mapping[str, float]:
    graph = study.graph_of(outputs)
    return interpret.compute_point(graph, study.inputs_at({}, graph)).values


def _factors(before: Study, after: Study, outputs: Sequence[str]) -> dict[str, tuple[str | float, str | float]]:
    """What differs between two points and matters to the outputs: entries by their labels, other inputs by their values."""
    found: dict[str, tuple[str | float, str | float]] = {}
    read = [study.graph_of(outputs).read for study in (before, after)]
    matters = read[0] | read[1]
    covered: set[str] = set()
    for catalogue in dict.fromkeys([*before.selected, *after.selected]):
        pair = [study.selected.get(catalogue) for study in (before, after)]
        figures = {name for entry in pair if entry for name, _ in entry.figures}
        if pair[0] != pair[1] and figures & matters:
            found[catalogue] = (pair[0].label if pair[0] else "none", pair[1].label if pair[1] else "none")
            covered |= figures
    given = {*before.fixed, *after.fixed} & names()
    for name in sorted(given & (matters | set(outputs))):
        values = [study.fixed.get(name, _otherwise(study, name)) for study in (before, after)]
        if values[0] != values[1] and not (name in covered and all(name not in study.fixed for study in (before, after))):
            found[name] = (quantity(name).told(values[0]), quantity(name).told(values[1]))
    return found


def _otherwise(study: Study, name: str) -> float:
    """The value of a quantity that a study does not fix: of its entry, its default, or as it is computed."""
    return _values(study, [name])[name]


def _attributed(before: Study, after: Study, factors: Sequence[str], output: str) -> tuple[dict[str, float], str]:
    known: dict[frozenset[str], float] = {}

    def at(changed: frozenset[str]) -> float:
        if changed not in known:
            known[changed] = _values(_mixed(before, after, changed), [output])[output]
        return known[changed]

    whole = at(frozenset(factors)) - at(frozenset())
    if math.isnan(whole):
        return {}, "none: it has no value at one of the points"
    if len(factors) > MOST_FACTORS:
        alone = {name: at(frozenset({name})) - at(frozenset()) for name in factors}
        return alone | {"together": whole - sum(alone.values())}, "each input changed alone, and what they do together"
    sums, count = dict.fromkeys(factors, 0.0), 0
    for order in itertools.permutations(factors):
        steps = [at(frozenset(order[:k])) for k in range(len(order) + 1)]
        if any(math.isnan(step) for step in steps):  # a mixture of both points may be impossible
            continue
        count += 1
        for name, (low, high) in zip(order, itertools.pairwise(steps), strict=True):
            sums[name] += high - low
    if not count:
        return {"together": whole}, "none: every order of changes meets a point without a value"
    orders = math.factorial(len(factors))
    fewer = "" if count == orders else f"; the other {orders - count} meet an impossible point"
    method = f"Shapley values, the mean of {count} order{'' if count == 1 else 's'} of changes{fewer}"
    return {name: total / count for name, total in sums.items()}, method


def _mixed(before: Study, after: Study, changed: frozenset[str]) -> Study:
    """The first point with some of its inputs as at the second."""
    fixed = {**before.fixed, **{name: value for name, value in after.fixed.items() if name in changed}}
    selected = {**before.selected, **{name: entry for name, entry in after.selected.items() if name in changed}}
    for name in changed - {*after.fixed, *after.selected}:
        fixed.pop(name, None)
        selected.pop(name, None)
    return replace(before, fixed=fixed, selected=selected)
