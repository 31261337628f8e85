"""A study: the axes, the fixed values and the outputs that a user asks for. What belongs here: the values of inputs that follow.

How it is read from a file is in parse.py; what the outputs need is in graph.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from sweep.catalog.accuracy import Regime, accuracy
from sweep.catalog.entries import links_to
from sweep.catalog.parameters import Figure, catalogues, parameters
from sweep.equations import registry
from sweep.equations.graph import Graph, resolve
from sweep.errors import SweepError
from sweep.study import regimes, sampling
from sweep.study.axes import Axis, Selected, figure_values
from sweep.study.ranges import Values
from sweep.study.sampling import SAMPLE


@dataclass(frozen=True)
class InputValues:
    """The values of one input: dims are axis names, values have one dimension for each of them; SI units."""

    dims: tuple[str, ...]
    values: Values
    origin: str


@dataclass(frozen=True)
class Claim:
    """What a text that the study recomputes prints for a quantity."""

    text: str
    printed: str
    note: str


@dataclass(frozen=True)
class Written:
    """A study as its user wrote it: the text of its file, the folder of that, and the options beside it."""

    text: str = ""
    folder: str = ""
    set_: tuple[str, ...] = ()
    axis: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Study:
    """What to evaluate: axes by name, values that are fixed, entries that are selected, outputs with the unit to show them in.

    A value that the study fixes goes before an axis, an axis before a selected entry, and an entry before a default. ranges: low and
    high of values that are fixed.
    """

    title: str
    about: str
    file: str
    axes: Mapping[str, Axis]
    fixed: Mapping[str, float]
    selected: Mapping[str, Selected]
    outputs: Mapping[str, str]
    point: Mapping[str, int]
    claims: Mapping[str, Claim] = field(default_factory=dict)
    equations: registry.Own | None = None
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    written: Written = Written()

    def word(self, name: str, index: int) -> str:
        """One label of an axis as text, a number with its unit."""
        return self.axes[name].word(index)

    def _repr_html_(self) -> str:
        """The study in a notebook: its axes with their ends, and its outputs."""
        rows = [(name, f"{axis.size:,} labels", f"{self.word(name, 0)} .. {self.word(name, -1)}") for name, axis in self.axes.items()]
        cells = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
        outputs = ", ".join(f"{name} [{unit}]" if unit else name for name, unit in self.outputs.items())
        return f"<b>{escape(self.title)}</b><table>{cells}</table>{escape(outputs)}"

    @property
    def stated(self) -> Study:
        """The study without draws, each input as it is stated."""
        return self.without(SAMPLE) if SAMPLE in self.axes else self

    @property
    def given(self) -> set[str]:
        """The quantities that the study gives, so that no equation computes them."""
        chosen = {name for entry in self.selected.values() for name, _ in entry.figures}
        return chosen.union(self.fixed, *(axis.columns for axis in self.axes.values()))

    @cached_property
    def graph(self) -> Graph:
        """What the outputs need."""
        return self.graph_of(self.outputs)

    def graph_of(self, outputs: Iterable[str]) -> Graph:
        """What some quantities need, under the values that this study gives."""
        registry.only(self.equations)
        on_axes = [(name, values, axis.name) for axis in self.axes.values() for name, values in axis.columns.items()]
        gaps = {name for name, values, axis in on_axes if np.isnan(self._pick(name, values, (axis,), axis).values).any()}
        by_choice = {name for entry in self.selected.values() for name, word in entry.figures if word} - set(self.fixed)
        gaps |= {name for name in by_choice if np.isnan(self.input_values(name).values).any()}
        return resolve(outputs, self.given, self.choices, gaps)

    @cached_property
    def choices(self) -> Mapping[str, float]:
        """The choice parameters that no axis varies, with their values."""
        varied = {name for axis in self.axes.values() for name in axis.columns}
        words = {name: p.default_among(self.given) for name, p in parameters().items() if p.choices and p.default and name not in varied}
        return words | {name: value for name, value in self.fixed.items() if name in parameters() and parameters()[name].choices}

    @cached_property
    def uncertain(self) -> tuple[str, ...]:
        """The inputs that have a range where this study takes them from: those that a sample axis draws, each from its own column."""
        own = {name for name in self.ranges if name in self.fixed}
        held = {name for entry in self.selected.values() for (name, _), figure in entry.figures.items() if figure.range}
        swept = {name for axis in self.axes.values() for row in axis.rows for (name, _), figure in row.figures.items() if figure.range}
        usual = {name for name, p in parameters().items() if p.residual_of or (p.default and p.default.range)}
        return tuple(sorted(name for name in own | held | swept | usual if self.range_of(name)))

    def range_of(self, name: str) -> tuple[InputValues, InputValues] | None:
        """The low and the high of an input, each over the axes of its values; None where it has no range."""
        if name in self.fixed:
            if name not in self.ranges:
                return None
            low, high = (InputValues((), np.array(end), "study") for end in self.ranges[name])
            return low, high
        for axis in self.axes.values():
            if name in axis.columns and not axis.rows:
                return None
        if residual_of := self.residual_of(name):
            dims, place = self.regimes_of(residual_of)
            known = np.array([(one.low, one.high) for one in accuracy().get(residual_of, ())] + [(math.nan, math.nan)])[place]
            ends = InputValues(dims, known[..., 0], "accuracy"), InputValues(dims, known[..., 1], "accuracy")
        else:
            ends = self._values(name, "low"), self._values(name, "high")
        return None if np.isnan(ends[0].values).all() else ends

    def residual_of(self, name: str) -> str:
        """The quantity whose residual an input is, where neither the study nor an axis gives it."""
        return "" if name in self.given or name not in parameters() else parameters()[name].residual_of

    def regimes_of(self, quantity: str) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
        """The place of each point's regime among those of a quantity's measured errors, over the axes that say which it is."""

        def read(name: str) -> regimes.Over | None:
            try:
                found = self.stated._values(name)
            except SweepError:  # a study may have no value of what an equation elsewhere needs
                return None
            return found.dims, found.values

        return regimes.places(accuracy().get(quantity, ()), read)

    def regime(self, quantity: str, at: Mapping[str, int]) -> Regime | None:
        """The regime of a quantity's measured errors at one point."""
        dims, found = self.regimes_of(quantity)
        place = int(found[tuple(at[dim] for dim in dims)])
        return None if place == regimes.NONE else accuracy()[quantity][place]

    def checked(self, graph: Graph) -> list[tuple[str, Regime]]:
        """The measured errors of computed quantities, where published results give them: of each regime that a point of the grid is in."""
        known = [equation.name for equation in graph.equations if equation.name in accuracy()]
        return [(name, accuracy()[name][i]) for name in known for i in np.unique(self.regimes_of(name)[1]) if i != regimes.NONE]

    def input_values(self, name: str) -> InputValues:
        """The values of one input of the graph; a SweepError says what to give where there are none."""
        found = self._values(name)
        if SAMPLE not in self.axes or name not in self.uncertain:
            return found
        low, high = self.range_of(name) or (found, found)
        drawn = sampling.spread(self._deviations(name), found.values, low.values, high.values)
        limits = parameters().get(name)
        if limits and (limits.minimum is not None or limits.maximum is not None):
            drawn = np.clip(drawn, limits.minimum, limits.maximum)
        return InputValues((*(found.dims or low.dims), SAMPLE), drawn, found.origin)

    def _deviations(self, name: str) -> Values:
        """The draws of one input as standard normal numbers, the same at all points."""
        axis, column = self.axes[SAMPLE], self.uncertain.index(name)
        if axis.given is not None:
            return axis.given[:, column]
        common: Values = sampling.standard(axis.size, len(self.uncertain), axis.seed)[:, column]
        return common

    def _values(self, name: str, part: str = "value") -> InputValues:
        """The values of one input without draws, or the low or the high of its figures."""
        if name in self.fixed:
            return InputValues((), np.array(self.fixed[name]), "study")
        for axis in self.axes.values():
            if name in axis.columns:
                cells = axis.columns[name] if part == "value" else axis.part(name, part)
                return self._pick(name, cells, (axis.name,), f"axis {axis.name}")
        if entry := self._entry(name):
            cells = np.array(figure_values(parameters()[name], entry.figures, part))
            found = self._pick(name, cells if parameters()[name].by else cells[0], (), entry.label)
            if part != "value" or not np.isnan(cells).all():  # an entry that has the figure for another choice has a gap, which is a status
                return found
        parameter = parameters()[name]
        if parameter.default:
            value = parameter.default_among(self.given) if part == "value" else getattr(parameter.default, part)
            return InputValues((), np.array(value), "default")
        others = [other for other in self.graph.inputs if other != name and other not in self.given and not parameters()[other].default]
        rest = f"; nor have {', '.join(others)}" if others else ""
        raise SweepError(f"{self.file}: {name} {self._advice(name, parameter.catalogue)}{rest}")

    def figure(self, name: str) -> Figure | None:
        """The figure behind an input on no axis; None where the study itself gives the value."""
        if name in self.fixed:
            return None
        if entry := self._entry(name):
            by = parameters()[name].by
            word = parameters()[by].choices[int(self.choices[by])] if by and by in self.choices else ""
            return entry.figures.get((name, word), parameters()[name].default)
        return parameters()[name].default

    def kinds(self, name: str) -> dict[str, list[str]]:
        """For an input that differs by a choice: the selected entries that give it, and for which choices they do."""
        found = {e.label: sorted({word for key, word in e.figures if key == name and word}) for e in self.selected.values()}
        return {label: words for label, words in found.items() if words}

    def _entry(self, name: str) -> Selected | None:
        """The selected entry that gives an input: that of its own catalogue before one that links to it."""
        own = parameters()[name].catalogue
        for catalogue, entry in sorted(self.selected.items(), key=lambda item: item[0] != own):
            if catalogue == own or any(key == name for key, _ in entry.figures):
                return entry
        return None

    def _advice(self, name: str, catalogue: str | None) -> str:
        needers = [e.name for e in self.graph.equations if name in self.graph.needs[e.name]]
        need = f"is needed by {', '.join(needers[:3]) or 'the outputs'} and has no value"
        by = parameters()[name].by
        given = name if not by else needers[0] if len(needers) == 1 else ""  # a figure that differs by a choice cannot be given itself
        give = [f"give {'it' if given == name else given} (set: {{{given}: ...}})"] if given else []
        if entry := self._entry(name):
            which = f" for {by} {parameters()[by].choices[int(self.choices[by])]}" if by and by in self.choices else ""
            return f"{need}: {entry.label} has no such figure{which}; {' or '.join(give) or 'select another'}"
        if catalogue:
            first = next((other for other in catalogues() if links_to(other, catalogue)), catalogue)
            known = {*self.axes, *self.selected}
            if first in known and first != catalogue:
                ways = " or ".join([f"select one (select: {{{catalogue}: ...}})", *give])
                return f"{need}: no {first} of the study leads to a {catalogue}; {ways}"
            return f"{need}; {' or '.join([f'select a {first} (select: {{{first}: ...}})', *give])}"
        return "; ".join([need, *give])

    def _pick(self, name: str, values: Values, dims: tuple[str, ...], origin: str) -> InputValues:
        """Of a column that differs by a choice, the part that the study's choice takes."""
        by = parameters()[name].by if name in parameters() else None
        if by is None:
            return InputValues(dims, values, origin)
        for axis in self.axes.values():
            if by in axis.columns:
                index = axis.columns[by].astype(int)
                return InputValues((*dims, axis.name), values[..., index], origin)
        return InputValues(dims, values[..., int(self.choices[by])], origin)

    def place(self, labels: Mapping[str, Any]) -> dict[str, int]:
        """The index on each axis of a point that is named by labels; where no label is given, that of the study's point."""
        return {name: axis.index(labels[name]) if name in labels else self.point[name] for name, axis in self.axes.items()}

    def inputs_at(self, index: Mapping[str, int], graph: Graph | None = None) -> dict[str, float]:
        """The value of each input at one point of the grid."""
        found = {name: self.input_values(name) for name in (graph or self.graph).inputs}
        return {name: float(held.values[tuple(index[dim] for dim in held.dims)]) for name, held in found.items()}

    def without(self, name: str, at: int | None = None) -> Study:
        """The study with one axis held at one of its labels; without `at`, where the study's point stands."""
        axis = self.axes[name]
        place = self.point[name] if at is None else at
        rest = replace(
            self,
            axes={key: other for key, other in self.axes.items() if key != name},
            point={key: other for key, other in self.point.items() if key != name},
        )
        if name == SAMPLE:
            return rest
        if axis.rows:
            return replace(rest, selected={**self.selected, name: axis.rows[place]})
        return replace(rest, fixed={**{key: float(values[place]) for key, values in axis.columns.items()}, **self.fixed})
