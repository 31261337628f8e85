"""A study: the axes, the fixed values and the outputs that a user asks for. What belongs here: the tables of inputs that follow.

How it is read from a file is for study_file.py; what the outputs need is in graph.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from sweep.axes import Axis, Values
from sweep.catalogue import Figure, catalogues, parameters
from sweep.errors import SweepError
from sweep.graph import Graph, resolve


@dataclass(frozen=True)
class Table:
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
class Study:
    """What to evaluate: axes by name, values that are fixed, outputs with the unit to show them in."""

    title: str
    about: str
    file: str
    axes: Mapping[str, Axis]
    fixed: Mapping[str, float]
    figures: Mapping[str, Figure]
    outputs: Mapping[str, str]
    point: Mapping[str, int]
    claims: Mapping[str, Claim] = field(default_factory=dict)
    equations: Path | None = None
    selected: Mapping[str, str] = field(default_factory=dict)
    by_choice: Mapping[str, Values] = field(default_factory=dict)

    @property
    def given(self) -> set[str]:
        """The quantities that the study gives, so that no equation computes them."""
        found = set(self.fixed) | set(self.by_choice)
        return found.union(*(axis.columns for axis in self.axes.values()))

    @cached_property
    def graph(self) -> Graph:
        """What the outputs need."""
        return self.graph_of(self.outputs)

    def graph_of(self, outputs: Iterable[str]) -> Graph:
        """What some quantities need, under the values that this study gives."""
        return resolve(outputs, self.given, self.choices)

    @cached_property
    def choices(self) -> Mapping[str, float]:
        """The choice parameters that no axis varies, with their values."""
        varied = {name for axis in self.axes.values() for name in axis.columns}
        words = {name: p.default.value for name, p in parameters().items() if p.choices and p.default and name not in varied}
        return words | {name: value for name, value in self.fixed.items() if name in parameters() and parameters()[name].choices}

    def table(self, name: str) -> Table:
        """The values of one input of the graph; a SweepError says what to give where there are none."""
        if name in self.fixed:
            return Table((), np.array(self.fixed[name]), "study")
        for axis in self.axes.values():
            if name in axis.columns:
                return self._pick(name, axis.columns[name], (axis.name,), f"axis {axis.name}")
        if name in self.by_choice:
            return self._pick(name, self.by_choice[name], (), "catalogue")
        parameter = parameters()[name]
        if parameter.default:
            return Table((), np.array(parameter.default.value), "default")
        if parameter.catalogue in self.selected or parameter.catalogue is None:
            advice = f"set: {{{name}: ...}} gives it"
        else:
            advice = f"select a {parameter.catalogue} (select: {{{parameter.catalogue}: ...}}) or give it (set: {{{name}: ...}})"
        needers = [e.name for e in self.graph.equations if name in self.graph.needs[e.name]]
        raise SweepError(f"{self.file}: {name} is needed by {', '.join(needers[:3]) or 'the outputs'} and has no value; {advice}")

    def _pick(self, name: str, values: Values, dims: tuple[str, ...], origin: str) -> Table:
        """Of a column that differs by a choice, the part that the study's choice takes."""
        by = parameters()[name].by if name in parameters() else None
        if by is None:
            return Table(dims, values, origin)
        for axis in self.axes.values():
            if by in axis.columns:
                index = axis.columns[by].astype(int)
                return Table((*dims, axis.name), values[..., index], origin)
        return Table(dims, values[..., int(self.choices[by])], origin)

    def inputs_at(self, index: Mapping[str, int], graph: Graph | None = None) -> dict[str, float]:
        """The value of each input at one point of the grid."""
        tables = {name: self.table(name) for name in (graph or self.graph).inputs}
        return {name: float(table.values[tuple(index[dim] for dim in table.dims)]) for name, table in tables.items()}

    def without(self, name: str) -> Study:
        """The study with one axis held where the study's point stands."""
        axis, at = self.axes[name], self.point[name]
        held = {key: float(values[at]) for key, values in axis.columns.items() if values.ndim == 1 and not math.isnan(values[at])}
        wide = {key: values[at] for key, values in axis.columns.items() if values.ndim == 2}
        figures = {key: given[at] for key, given in axis.figures.items()}
        return replace(
            self,
            axes={key: other for key, other in self.axes.items() if key != name},
            point={key: other for key, other in self.point.items() if key != name},
            fixed={**held, **self.fixed},
            by_choice={**wide, **self.by_choice},
            figures={**{key: figure for key, figure in figures.items() if figure}, **self.figures},
            selected={**self.selected, **({name: axis.labels[at]} if name in catalogues() and axis.labels else {})},
        )
