"""The input that meets a target. What belongs here: the smallest or largest value of one input that does, over all points of the others.

An input on an axis is answered by its labels. A continuous one is narrowed down: the range is cut into steps, the step in which the
target is met first is cut again, and so on, until values are as fine as a cube holds them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sweep.analysis.search import best
from sweep.cube.text import amount
from sweep.equations import registry
from sweep.equations.quantities import names, quantity
from sweep.errors import SweepError, suggestion
from sweep.study.axes import Axis, Values
from sweep.study.conditions import Condition, conditions
from sweep.study.definition import Study

STEPS = 61  # of the first cut of a range
FINER = 1000  # steps of each further cut; two of them leave a 60-millionth of the range, which is what float32 can tell apart
CUTS = 2


def solve(
    study: Study, name: str, target: str, where: Iterable[str] = (), per: str | None = None, threads: int | None = None
) -> list[dict[str, Any]]:
    """What an input must be for a target such as "time_to_train = 90 d" or "facility_power <= 50 MW", over all points of a study.

    name: an axis of numbers, or an input that the study could vary; its bounds are then the range to look in. With "=" a continuous
    input is solved for, and a whole one is the label that reaches the target. per: an axis; each of its labels has an answer of its own.
    Each row holds `answer`: smallest or largest (value that meets the target), any (all do) or none, with `why`; the value, the labels of
    the point that has it, and SI values of the quantities. A SweepError says what is wrong.
    """
    study = study.stated
    registry.only(study.equations)
    if name not in names():
        raise SweepError(f"unknown quantity {name!r}{suggestion(name, {*names(), *study.axes})}")
    asked, equal = conditions([inequality(target)]), inequality(target) != target
    if len(asked) != 1 or asked[0].operator in ("==", "!="):
        raise SweepError(f"--for {target!r}: must be one target, such as 'time_to_train = 90 d' or 'facility_power <= 50 MW'")
    on_axis = name in study.axes
    study = study if on_axis else replace(study, axes={**study.axes, name: _range(study, name)}, point={**study.point, name: 0})
    read = study.graph_of([*asked[0].names]).read
    if not set(study.axes[name].columns) & read:
        raise SweepError(f"{asked[0].name} does not depend on {name}")
    if per is not None and (per not in study.axes or per == name):
        raise SweepError(f"--per {per}: is no other axis of the study{suggestion(per, set(study.axes) - {name})}")
    problem = _Problem(name, asked[0], tuple(where), equal, (equal or not on_axis) and not quantity(name).whole, threads)
    return [{**labels, **problem.answer(part)} for part, labels in _groups(study, per)]


def inequality(target: str) -> str:
    """A target as a condition: where "=" holds, "<=" holds for the first or the last time."""
    return re.sub(r"(?<![<>!=])=(?!=)", "<=", target)


def _range(study: Study, name: str) -> Axis:
    """The range of an input that is on no axis: from its least to its largest legal value."""
    known = quantity(name)
    if known.choices or name in registry.EQUATIONS or known.minimum is None or known.maximum is None:
        raise SweepError(f"{name}: is on no axis and has no bounds to look in; give a range: --axis {name}=low:high:lin61")
    return Axis(name, None, {name: _between(known.minimum, known.maximum, STEPS, known.whole)}, place=study.file)


def _between(low: float, high: float, steps: int, whole: bool) -> Values:
    values = np.linspace(low, high, steps)
    return np.unique(np.round(values)) if whole else values


def _groups(study: Study, per: str | None) -> list[tuple[Study, dict[str, Any]]]:
    """The study, or what it is at each label of an axis."""
    if per is None:
        return [(study, {})]
    axis = study.axes[per]
    labels = axis.labels or axis.columns[per].tolist()
    one = [replace(study, axes={**study.axes, per: axis.keep(np.array([i]))}, point={**study.point, per: 0}) for i in range(axis.size)]
    return [(part, {per: label}) for part, label in zip(one, labels, strict=True)]


@dataclass(frozen=True)
class _Problem:
    """One target for one input. equal: whether it is to be met exactly; fine: whether values between the labels are looked at, too."""

    name: str
    target: Condition
    where: tuple[str, ...]
    equal: bool
    fine: bool
    threads: int | None

    @property
    def text(self) -> str:
        """The target as a condition."""
        return f"{self.target.name} {self.target.operator} {self.target.other or amount(self.target.name, self.target.value)}"

    def answer(self, study: Study) -> dict[str, Any]:
        """The answer for all points of a study."""
        values = np.sort(study.axes[self.name].columns[self.name])
        smallest, largest = self._end(study, False), self._end(study, True)
        if smallest is None or largest is None:
            return {"answer": "none", self.name: math.nan, "why": self._nearest(study)}
        for answer, most, row, end in (("smallest", False, smallest, values[0]), ("largest", True, largest, values[-1])):
            if row[self.name] != end:
                return {"answer": answer, **(self._finer(study, values, row, most) if self.fine else row)}
        if self.equal:
            span = f"{amount(self.name, float(values[0]))} .. {amount(self.name, float(values[-1]))}"
            return {"answer": "none", self.name: math.nan, "why": f"{self.text} at both ends of {span}"}
        return {"answer": "any", **largest}

    def _end(self, study: Study, most: bool) -> dict[str, Any] | None:
        """The point with the smallest or largest value of the input that meets the target."""
        rows = best(study, self.name, [self.target.text, *self.where], maximize=most, threads=self.threads)
        return {key: value for key, value in rows[0].items() if key not in ("rank", "alike")} if rows else None

    def _finer(self, study: Study, values: Values, row: dict[str, Any], most: bool) -> dict[str, Any]:
        """The same point with the input cut finer: between a value that meets the target and its neighbour that does not."""
        for _ in range(CUTS):
            at = int(np.argmin(np.abs(values - row[self.name])))
            low, high = sorted((float(values[at]), float(values[at + (1 if most else -1)])))
            values = np.linspace(low, high, FINER + 1)
            cut = replace(study, axes={**study.axes, self.name: Axis(self.name, None, {self.name: values}, place=study.file)})
            row = self._end(cut, most) or row
        return row

    def _nearest(self, study: Study) -> str:
        """Why no point meets the target: how near they come, or that there is none."""
        most = self.target.operator in (">", ">=")
        rows = [] if self.target.other else best(study, self.target.name, self.where, maximize=most, threads=self.threads)
        if not rows:
            return "no feasible point satisfies the constraints" if not self.target.other else f"nowhere {self.text}"
        row = rows[0]
        return f"{self.target.name} is {amount(self.target.name, row[self.target.name])} at {'most' if most else 'least'}"
