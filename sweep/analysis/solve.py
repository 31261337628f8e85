"""The input that meets a target. What belongs here: the smallest or largest value of one input that does, at each point of a grid.

Every label of the input is evaluated. A continuous one is then narrowed down in each cell between the two labels where the target begins
or ceases to be met, all cells at once, until values are as fine as a cube holds them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray

from sweep.analysis.cells import Cells, cells
from sweep.cube.virtual import open_virtual
from sweep.engine.blocks import Array
from sweep.engine.plan import STATUS
from sweep.equations import registry
from sweep.equations.quantities import names, quantity
from sweep.errors import SweepError, suggestion
from sweep.query.text import amount
from sweep.study.axes import Axis
from sweep.study.conditions import Condition, conditions
from sweep.study.definition import Study
from sweep.study.ranges import Values

STEPS = 61  # of the range of an input that is on no axis
FINER = 33  # values in each cut between two labels; five cuts leave a 2^25th of it, which float32 cannot tell apart
CUTS = 5
MOST = 1 << 33  # points that are evaluated, each of them
CELL = "solved_cell"  # the axis of all cells while they are narrowed down


@dataclass(frozen=True)
class Solutions(Sequence[dict[str, Any]]):
    """The answers, one row for each cell of the grid over the axes `per`."""

    name: str
    per: tuple[str, ...]
    rows: list[dict[str, Any]]

    def __getitem__(self, index: Any) -> Any:
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def dataset(self) -> xarray.Dataset:
        """The same as a dataset over the axes `per`: `answer`, the input, and the values of the quantities."""
        labels = {axis: [*dict.fromkeys(row[axis] for row in self.rows)] for axis in self.per}
        shape = tuple(len(one) for one in labels.values())
        keys = dict.fromkeys(key for row in self.rows for key in row if key not in (*self.per, "why", "crossings"))
        columns = {key: [row.get(key) for row in self.rows] for key in keys}
        held: dict[str, Any] = {}
        for key, column in columns.items():
            words = any(isinstance(value, str) for value in column)
            values = [value or "" for value in column] if words else [math.nan if value is None else float(value) for value in column]
            held[key] = (self.per, np.array(values).reshape(shape), {} if words else {"units": quantity(key).unit})
        return xarray.Dataset(held, labels)


def solve(subject: Study | xarray.Dataset, name: str, target: str, where: Iterable[str] = (), per: str | Iterable[str] = ()) -> Solutions:
    """What an input must be for a target such as "time_to_train = 90 d" or "facility_power <= 50 MW".

    subject: a study, or a cube, of which labels are the answer. name: an axis of numbers, or an input that the study could vary; its
    bounds are then the range. With "=" a continuous input is solved for, and a whole one is the label that reaches the target.
    per: axes; each cell of their grid has an answer of its own, and all other axes are free. Each row holds `answer`: smallest or largest
    (value that meets the target), any (all do) or none, with `why`; the value, the labels of the first point that has it, and SI values
    of the quantities. Where the target begins or ceases to be met more than once, `crossings` says at which values. A SweepError says
    what is wrong.
    """
    per, study, on_axis = (per,) if isinstance(per, str) else tuple(per), None, True
    asked, equal = conditions([inequality(target)]), inequality(target) != target
    if len(asked) != 1 or asked[0].operator in ("==", "!="):
        raise SweepError(f"--for {target!r}: must be one target, such as 'time_to_train = 90 d' or 'facility_power <= 50 MW'")
    if isinstance(subject, Study):
        registry.only(subject.equations)
        study = subject.stated
        on_axis = name in study.axes
        study = _with_range(study, name)
        if not set(study.axes[name].columns) & study.graph_of([*asked[0].names]).read:
            raise SweepError(f"{asked[0].name} does not depend on {name}")
        held = _virtual(study, [*asked[0].names, *(n for c in conditions(where) for n in c.names)])
    else:
        held = subject
        if name not in held.dims:
            raise SweepError(f"{name}: is no axis of the cube{suggestion(name, map(str, held.dims))}")
    if not np.issubdtype(held[name].dtype, np.number):
        raise SweepError(f"{name}: its labels are words, which have no smallest or largest")
    for axis in per:
        if axis not in held.dims or axis == name:
            raise SweepError(f"--per {axis}: is no other axis{suggestion(axis, {*map(str, held.dims)} - {name})}")
    fine = study is not None and (equal or not on_axis) and not (on_axis and quantity(name).whole)
    return _Problem(held, study, name, asked[0], tuple(conditions(where)), per, equal, fine).solutions()


def inequality(target: str) -> str:
    """A target as a condition: where "=" holds, "<=" holds for the first or the last time."""
    return re.sub(r"(?<![<>!=])=(?!=)", "<=", target)


def _virtual(study: Study, wanted: Iterable[str]) -> xarray.Dataset:
    """The study as a dataset of what is wanted, over the axes that this depends on."""
    wanted = dict.fromkeys(wanted)
    read = study.graph_of(wanted).read
    for axis in [axis for axis in study.axes.values() if not {*axis.columns} & {*read, *wanted}]:
        study = study.without(axis.name)
    on_axes = {name for axis in study.axes.values() for name in axis.columns}
    return open_virtual(replace(study, outputs={name: "" for name in wanted if name not in on_axes}, claims={}))


def _with_range(study: Study, name: str) -> Study:
    """The study with the input on an axis: its own, or one from its least to its largest legal value."""
    if name in study.axes:
        return study
    if name not in names():
        raise SweepError(f"unknown quantity {name!r}{suggestion(name, {*names(), *study.axes})}")
    known = quantity(name)
    for axis in study.axes.values():
        if name in axis.columns:
            raise SweepError(f"{name}: is a column of the axis {axis.name}; solve for {axis.name} with --per, or select one label of it")
    if known.choices or name in registry.EQUATIONS or known.minimum is None or known.maximum is None:
        raise SweepError(f"{name}: is on no axis and has no bounds; give a range: --axis {name}=low:high:lin61")
    values = np.linspace(known.minimum, known.maximum, STEPS)
    axis = Axis(name, None, {name: np.unique(np.round(values)) if known.whole else values}, place=study.file)
    return replace(study, axes={**study.axes, name: axis}, point={**study.point, name: 0})


@dataclass(frozen=True)
class _Look:
    """What was seen of each cell and value of the input: whether a point is feasible, whether one meets the target, the first that does.

    nearest: how near the points of a cell come. counts: how many of them are feasible.
    """

    feasible: Array
    meets: Array
    places: Array
    nearest: Array
    counts: Array


@dataclass(frozen=True)
class _Problem:
    """One target for one input. equal: whether it is to be met exactly; fine: whether values between the labels are evaluated, too."""

    held: xarray.Dataset
    study: Study | None
    name: str
    target: Condition
    where: tuple[Condition, ...]
    per: tuple[str, ...]
    equal: bool
    fine: bool

    def solutions(self) -> Solutions:
        found = self._cells(self.held, self.per, (self.name,))
        values = np.asarray(self.held[self.name].values, np.float64)
        order = np.argsort(values)
        look, values, last = self._look(found, len(self.per)), values[order], len(values) - 1
        feasible, meets, places = (seen[:, order] for seen in (look.feasible, look.meets, look.places))
        low, high, each = meets.argmax(1), last - meets[:, ::-1].argmax(1), np.arange(len(meets))
        changes = np.diff(meets, axis=1, append=meets[:, -1:])
        known = changes & feasible & np.roll(feasible, -1, axis=1)  # what the target changes, not a condition or a rule
        first = np.where(known.any(1), known.argmax(1), changes.argmax(1))
        inner = changes.any(1) & (self.equal | ((low == 0) & (high == last)))
        rising = np.where(inner, ~meets[each, first], (low > 0) & ~(known[each, high] & ~known[each, low - 1]))
        none = ~meets.any(1) | (meets.all(1) & self.equal)
        answers = np.select([none, rising, inner | (high < last)], ["none", "smallest", "largest"], "any")
        at = np.where(inner, first + rising, np.where(rising, low, high))
        exact = values[at]
        index = dict(zip(found.dims, np.unravel_index(places[each, at].clip(0), found.shape), strict=True))
        index |= dict(zip(self.per, np.unravel_index(np.arange(len(at)), found.shape[: len(self.per)]), strict=True)) if self.per else {}
        del index[self.name]
        cut = np.flatnonzero(np.isin(answers, ["smallest", "largest"]) & self.fine)
        if len(cut):
            outside = values[at[cut] + np.where(answers[cut] == "smallest", -1, 1)]
            exact[cut] = self._narrowed(index, cut, exact[cut], outside)
        rows = []
        told = self._told(index, exact, at, order)
        for cell, (answer, value) in enumerate(zip(answers.tolist(), exact.tolist(), strict=True)):
            row: dict[str, Any] = {axis: found.label(axis, int(index[axis][cell])) for axis in self.per}
            row |= {"answer": answer, self.name: math.nan if answer == "none" else quantity(self.name).told(value)}
            if answer == "none":
                points = math.prod(found.shape[len(self.per) :])
                counted = f"{look.counts[cell]:,} of {points:,} points ({100 * look.counts[cell] / points:.3g} %) are feasible"
                row["why"] = self._why(bool(meets[cell].all()), float(look.nearest[cell]), values, counted)
            else:
                row |= {axis: found.label(axis, int(places[cell])) for axis, places in index.items() if axis not in self.per}
                row |= {name: quantity(name).told(float(column[cell])) for name, column in told.items()}
            crossings = values[np.flatnonzero(changes[cell]) + 1].tolist()
            rows.append(row | ({"crossings": crossings} if len(crossings) > 1 else {}))
        return Solutions(self.name, self.per, rows)

    def _cells(self, held: xarray.Dataset, first: Sequence[str], last: Sequence[str]) -> Cells:
        """All points, in an order in which those of a cell follow each other, and those of all values of the input innermost."""
        found = cells(held, self.target.names, self.where)
        for axis in (*first, *last):
            if axis not in found.dims:
                raise SweepError(f"--per {axis}: {self.target.name} does not depend on it{suggestion(axis, found.dims)}")
        found = replace(found, dims=(*first, *(dim for dim in found.dims if dim not in (*first, *last)), *last))
        if math.prod(found.shape) > MOST:
            raise SweepError(f"{math.prod(found.shape):.3g} points are too many to evaluate; take fewer labels, or --set")
        return found

    def _look(self, found: Cells, count: int) -> _Look:
        """Evaluate all points. count: how many of the axes, the first ones, make the cells."""
        values = found.shape[-1] if found.dims[-1:] == (self.name,) else 1
        inside, size = math.prod(found.shape[count:]), math.prod(found.shape[:count])
        more = self.target.operator in (">", ">=")
        nearer = np.fmax if more else np.fmin
        feasible, meets = np.zeros((2, size, values), bool)
        look = _Look(feasible, meets, np.full((size, values), -1), np.full(size, np.nan, np.float32), np.zeros(size, int))
        for part in found.parts():
            shape = (math.prod(part.shape[:count]), -1, part.shape[-1] if values > 1 else 1)
            places = part.places(np.arange(math.prod(part.shape))).reshape(shape)
            holds = np.ones(part.shape, bool)
            for condition in self.where:
                holds &= part.meets(condition)
            met = (holds & part.meets(self.target)).reshape(shape)
            first = np.take_along_axis(places, met.argmax(1)[:, None], 1)[:, 0]
            cell = places[:, 0, 0] // inside
            at = np.ix_(cell, places[0, 0] % values)
            look.places[at] = np.where(met.any(1) & ~look.meets[at], first, look.places[at])
            look.meets[at] |= met.any(1)
            value = np.where(holds, part.values(self.target.name), np.nan).reshape(shape)
            look.feasible[at] |= (value == value).any(1)
            look.counts[cell] += np.count_nonzero(value == value, axis=(1, 2))
            look.nearest[cell] = nearer(look.nearest[cell], nearer.reduce(nearer.reduce(value, 1), 1))
        return look

    def _narrowed(self, index: dict[str, Array], cut: Array, met: Values, outside: Values) -> Values:
        """Of some cells the value that meets the target next to one that does not. Leaves in `index` which of the free points has it."""
        row = np.arange(len(cut))
        for _ in range(CUTS):
            tried = np.linspace(met, outside, FINER, axis=1)
            tried = np.round(tried) if quantity(self.name).whole else tried
            at = {axis: np.repeat(index[axis][cut], FINER) for axis in self.per}
            found = self._cells(_virtual(self._zipped(at, tried.ravel()), self._wanted), (CELL,), ())
            look = self._look(found, 1)
            meets, places = look.meets.reshape(tried.shape), look.places.reshape(tried.shape)
            last = np.where(meets.any(1), FINER - 1 - meets[:, ::-1].argmax(1), 0)
            met, outside = tried[row, last], tried[row, np.minimum(last + 1, FINER - 1)]
            for axis, where in zip(found.dims[1:], np.unravel_index(places[row, last].clip(0), found.shape)[1:], strict=True):
                index[axis][cut] = where
        return met

    @property
    def _wanted(self) -> list[str]:
        return [*self.target.names, *(name for condition in self.where for name in condition.names)]

    def _zipped(self, at: dict[str, Array], values: Values) -> Study:
        """The study with cells, and a value of the input for each, along one axis instead of those that make the cells."""
        assert self.study
        columns = {self.name: values}
        for axis, index in at.items():
            columns |= {name: column[index] for name, column in self.study.axes[axis].columns.items()}
        cell = Axis(CELL, tuple(map(str, range(len(values)))), columns, place=self.study.file)
        axes = {name: axis for name, axis in self.study.axes.items() if name not in (*at, self.name)}
        return replace(self.study, axes={CELL: cell, **axes}, point={CELL: 0, **{name: self.study.point[name] for name in axes}})

    def _told(self, index: dict[str, Array], exact: Values, at: Array, order: Array) -> dict[str, Array]:
        """The values of the quantities at the points that were found, and of the outputs that these decide."""
        if self.study:
            held = _virtual(self._zipped(index, exact), [*self._wanted, *self.study.outputs])
            known = [str(name) for name, array in held.data_vars.items() if set(array.dims) <= {CELL} and name != STATUS]
            return {name: np.broadcast_to(held[name].values, exact.shape) for name in known}
        points = {axis: xarray.DataArray(places, dims=CELL) for axis, places in {**index, self.name: order[at]}.items()}
        decided = [str(name) for name, array in self.held.data_vars.items() if set(array.dims) <= set(points) and name != STATUS]
        picked = {name: self.held[name].isel({d: i for d, i in points.items() if d in self.held[name].dims}) for name in decided}
        return {name: np.broadcast_to(array.values, exact.shape) for name, array in picked.items()}

    def _why(self, everywhere: bool, nearest: float, values: Values, feasible: str) -> str:
        """Why nothing meets the target: all does, nothing comes near, or there is no feasible point. feasible: how many points are."""
        text = f"{self.target.name} {self.target.operator} {self.target.other or amount(self.target.name, self.target.value)}"
        if everywhere:
            return f"{text} at every value from {amount(self.name, float(values[0]))} to {amount(self.name, float(values[-1]))}"
        if math.isnan(nearest):
            return feasible
        if self.target.other:
            return f"nowhere {text}; {feasible}"
        bound = "most" if self.target.operator in (">", ">=") else "least"
        return f"{self.target.name} is {amount(self.target.name, nearest)} at {bound}; {feasible}"
