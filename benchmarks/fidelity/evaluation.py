"""Published configurations through the equations. What belongs here: inputs of one row to predicted quantities, or the reason why not.

A value comes from the first that has it: an override, the row, its catalogue entries, the parameter's default. A graph is
resolved once for each distinct set of given names.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sweep.catalog.entries import Entry
from sweep.catalog.parameters import parameters
from sweep.equations import graph, interpret, quantities, registry
from sweep.equations.graph import Graph

Value = float | str
Overrides = Mapping[str | tuple[str, str], float]


@dataclass(frozen=True)
class Unscored(Exception):
    """Why a row cannot be scored."""

    reason: str


@dataclass(frozen=True)
class Inputs:
    """What a row fixes: given values in SI (words for choices) and the catalogue entries that it means."""

    given: Mapping[str, Value]
    entries: tuple[Entry, ...] = ()

    def value(self, name: str) -> float:
        """One input: the row, else a catalogue entry, else the default; NaN where nobody says."""
        if name in self.given:
            return index(name, self.given[name])
        parameter = parameters().get(name)
        if parameter is None:
            return math.nan
        choice = ""
        if parameter.by is not None:
            chooser = parameters()[parameter.by]
            position = self.value(parameter.by)
            if math.isnan(position):
                return math.nan
            choice = chooser.choices[int(position)]
        for entry in self.entries:
            if (name, choice) in entry.figures:
                return entry.figures[name, choice].value
        return parameter.default.value if parameter.default is not None else math.nan

    def said(self, name: str) -> bool:
        """Whether the row or a catalogue entry gives a value, so that no default is needed."""
        return name in self.given or any(key[0] == name for entry in self.entries for key in entry.figures)


@dataclass(frozen=True)
class Prediction:
    """Predicted quantities of one row; `broken` are the names of the rules that it breaks."""

    values: Mapping[str, float]
    broken: tuple[str, ...]
    missing: tuple[str, ...] = ()
    terms: Mapping[str, float] = field(default_factory=dict)

    def of(self, quantity: str) -> tuple[float | None, str]:
        """The value of a quantity, or None and the reason."""
        if quantity not in self.values:
            return None, f"no equation {quantity} yet"
        value = self.values[quantity]
        if math.isfinite(value):
            return value, ""
        if self.broken:
            return None, "rules broken: " + ", ".join(self.broken)
        if self.missing:
            return None, "no figure for " + ", ".join(self.missing)
        return None, f"{quantity} has no value"


def index(name: str, value: Value) -> float:
    """A value as equations take it: the position of a word among its choices, else the number."""
    if not isinstance(value, str):
        return float(value)
    choices = parameters()[name].choices
    if value not in choices:
        raise ValueError(f"{value!r} is not a choice of {name}")
    return float(choices.index(value))


class Evaluator:
    """Evaluates the same outputs for many rows, with overrides of any input or quantity by name, or by (name, catalogue entry)."""

    def __init__(self, outputs: Iterable[str], overrides: Overrides | None = None) -> None:
        registry.load()
        self.outputs = tuple(name for name in outputs if name in registry.EQUATIONS)
        self.overrides = dict(overrides or {})
        self.names = quantities.names()
        self.selecting = {e.selects for e in registry.EQUATIONS.values() if e.selects}
        self.graphs: dict[tuple[frozenset[str], tuple[tuple[str, float], ...]], Graph] = {}

    def predict(self, inputs: Inputs, **changed: float) -> Prediction:
        """The outputs for one row; `changed` sets single inputs on top of it."""
        if not self.outputs:
            return Prediction({}, ())
        own = {name: value for name, value in inputs.given.items() if name in self.names}
        here = Inputs({**own, **self._overridden(inputs.entries), **changed}, inputs.entries)
        which = self._graph(here)
        values = {name: here.value(name) for name in which.inputs}
        result = interpret.compute_point(which, values)
        guards = tuple(rule.name for rule in result.broken if rule.guards)
        missing = tuple(name for name in which.inputs if math.isnan(values[name]))
        return Prediction({name: result.values[name] for name in self.outputs}, guards, missing, result.values)

    def _overridden(self, entries: tuple[Entry, ...]) -> dict[str, float]:
        here = {name: value for name, value in self.overrides.items() if isinstance(name, str)}
        for entry in entries:
            here |= {key[0]: value for key, value in self.overrides.items() if isinstance(key, tuple) and key[1] == entry.name}
        return here

    def _graph(self, inputs: Inputs) -> Graph:
        fixed = tuple((name, value) for name in sorted(self.selecting) if not math.isnan(value := inputs.value(name)))
        key = (frozenset(inputs.given), fixed)
        if key not in self.graphs:
            self.graphs[key] = graph.resolve(self.outputs, inputs.given, dict(fixed))
        return self.graphs[key]
