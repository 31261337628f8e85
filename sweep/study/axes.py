"""Axes: labelled dimensions with one or more columns. What belongs here: what a study writes for an axis, to labels and values.

Which axes a study has and what else it fixes is for study.py.
"""

from __future__ import annotations

import itertools
import math
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sweep.catalog.document import Node, exists
from sweep.catalog.entries import Entry, entry, entry_names, is_file, own_entry
from sweep.catalog.parameters import Figure, Parameter, catalogues, columns, parameters
from sweep.catalog.units import show
from sweep.equations.quantities import names, quantity
from sweep.errors import suggestion
from sweep.study.ranges import Values, axis_values, check_distinct, items_of, whole_number
from sweep.study.sampling import LARGEST, SAMPLE

HOUR = "hour"
SPLIT = ("tp", "pp", "cp", "ep", "interleaving")


@dataclass(frozen=True)
class Selected:
    """A catalogue entry that holds for the whole study: its name and figures, those of entries that it links to included."""

    label: str
    figures: Mapping[tuple[str, str], Figure]


@dataclass(frozen=True)
class Axis:
    """A labelled dimension of a study.

    labels: words, or None where the single column's values label it. columns: quantity name to values (n,) in SI; a quantity that
    differs by a choice (a peak rate by precision) has values (n, choices). rows: the entries of a catalogue axis.
    place: the file and line that it is written in. seed: of the draws of a sample axis; given: the draws themselves.
    """

    name: str
    labels: tuple[str, ...] | None
    columns: Mapping[str, Values]
    rows: tuple[Selected, ...] = ()
    omitted: int = 0
    place: str = ""
    seed: int = 0
    given: Values | None = None

    @property
    def size(self) -> int:
        return len(next(iter(self.columns.values())))

    def find(self, node: Node) -> int:
        """The index of the label that a node names; for numbers the nearest value must agree to 1e-9."""
        if self.labels is not None:
            if node.text not in self.labels:
                node.fail(f"no such label on axis {self.name}{suggestion(node.text, self.labels)}")
            return self.labels.index(node.text)
        value = quantity(self.name).read(node)
        values = self.columns[self.name]
        index = int(np.argmin(np.abs(values - value)))
        if not math.isclose(values[index], value, rel_tol=1e-9):
            node.fail(f"is not on axis {self.name}; the nearest value there is {self.word(index)}")
        return index

    def word(self, index: int) -> str:
        """One label as text, a number with its unit."""
        if self.labels is not None:
            return self.labels[index]
        known, value = quantity(self.name), float(self.columns[self.name][index])
        return str(known.told(value)) if known.in_words else show(value, known.unit)

    def index(self, label: object) -> int:
        """The place of a label, or of the number that is nearest to it."""
        if self.labels is not None:
            return self.labels.index(str(label))
        known = quantity(self.name)
        value = known.read(Node(label, "", 0, self.name)) if isinstance(label, str) else float(label)  # type: ignore[arg-type]
        return int(np.argmin(np.abs(self.columns[self.name] - value)))

    def part(self, name: str, part: str) -> Values:
        """The low or the high of a column of a catalogue axis."""
        cells = [figure_values(parameters()[name], row.figures, part) for row in self.rows]
        return np.array(cells if parameters()[name].by else [cell[0] for cell in cells])

    def keep(self, index: npt.NDArray[np.int64]) -> Axis:
        """The same axis with the labels at `index` only."""
        labels = None if self.labels is None else tuple(self.labels[i] for i in index)
        rows = tuple(self.rows[i] for i in index) if self.rows else ()
        cut = {name: values[index] for name, values in self.columns.items()}
        return Axis(self.name, labels, cut, rows, self.omitted + self.size - len(index), self.place)


def axis(name: str, node: Node, chosen: Collection[str]) -> Axis:
    """The axis that a study writes under `name`; `chosen` are the catalogues that it selects itself."""
    return replace(_written(name, node, chosen), place=f"{node.file}:{node.line}" if node.line else node.file)


def _written(name: str, node: Node, chosen: Collection[str]) -> Axis:
    if name == "split":
        return _split(node)
    if name == SAMPLE:
        return sample(node)
    if name == HOUR:
        return _hours(node)
    if name in catalogues():
        return _selection(name, node, chosen)
    if node.is_mapping and "zip" in node.mapping():
        return _zipped(name, node.mapping(("zip",))["zip"])
    if name not in names():
        node.fail(f"unknown axis{suggestion(name, {*names(), *catalogues(), 'split', SAMPLE, HOUR})}")
    values = axis_values(name, node)
    labels = tuple(str(quantity(name).told(i)) for i in values.tolist()) if quantity(name).choices else None
    return Axis(name, labels, {name: values})


def linked(catalogue: str, name: str, node: Node, chosen: Collection[str]) -> dict[tuple[str, str], Figure]:
    """The figures of a catalogue entry, with those of the entries it links to, unless the study selects these itself."""
    found = _entry(catalogue, name, node)
    figures = dict(found.figures)
    for other, target in found.links.items():
        if other not in chosen:
            figures |= entry(other, target).figures
    return figures


def _entry(catalogue: str, name: str, node: Node) -> Entry:
    if is_file(name):
        path = (Path(node.file).parent if node.line else Path()) / name
        if not exists(path) or not path.is_file():
            node.fail(f"no such file: {path}")
        return own_entry(catalogue, path, name)
    try:
        return entry(catalogue, name)
    except KeyError:
        if name == "all":
            node.fail(f"only an axis takes all of them (axes: {{{catalogue}: all}})")
        node.fail(f"no such {catalogue}{suggestion(name, entry_names(catalogue))}")


def figure_values(parameter: Parameter, figures: Mapping[tuple[str, str], Figure], part: str = "value") -> list[float]:
    """The value of a parameter among an entry's figures, one for each choice where it differs by one; NaN where it is missing.

    part: `low` or `high` for an end of its range instead.
    """
    words = parameters()[parameter.by].choices if parameter.by else ("",)
    fallback = getattr(parameter.default, part) if parameter.default else math.nan
    return [getattr(figures[parameter.name, word], part) if (parameter.name, word) in figures else fallback for word in words]


def _selection(catalogue: str, node: Node, chosen: Collection[str]) -> Axis:
    items = [Node(label, node.file, node.line, node.key) for label in entry_names(catalogue)] if node.value == "all" else items_of(node)
    labels = tuple(item.text for item in items)
    check_distinct(labels, node)
    rows = tuple(Selected(label, linked(catalogue, label, place, chosen)) for label, place in zip(labels, items, strict=True))
    bare = Axis(catalogue, labels, {}, rows)
    known = sorted({key for row in rows for key, _ in row.figures} | set(columns(catalogue)))
    return replace(bare, columns={name: bare.part(name, "value") for name in known})


def _hours(node: Node) -> Axis:
    """The axis of the hours of a study's files, which hours.py fills."""
    if node.value != "all":
        node.fail("an axis of hours has all of those in the files under hours (axes: {hour: all}); --set hour=... picks one")
    return Axis(HOUR, ("",), {"hour_load": np.ones(1)})


def _split(node: Node) -> Axis:
    if not node.is_mapping:
        node.fail("an axis of splits has the sizes of each part, for example {tp: [1, 2, 8], pp: [1, 4]}")
    given = {key: axis_values(key, item) for key, item in node.mapping(SPLIT).items()}
    if not given:
        node.fail(f"a split needs one or more of {', '.join(SPLIT)}")
    rows = list(itertools.product(*given.values()))
    labels = tuple("-".join(f"{key}{int(value)}" for key, value in zip(given, row, strict=True)) for row in rows)
    sizes = np.array(rows)
    return Axis("split", labels, {key: sizes[:, i] for i, key in enumerate(given)})


def sample(node: Node) -> Axis:
    """The axis along which uncertain inputs are drawn: how many draws, and the seed."""
    given = node.mapping(("size", "seed")) if node.is_mapping else {"size": node}
    if "size" not in given:
        node.fail("needs the size of the sample, for example {size: 512, seed: 0}")
    size = whole_number(given["size"])
    seed = whole_number(given["seed"]) if "seed" in given else 0
    if not 2 <= size <= LARGEST:
        given["size"].fail(f"a sample has 2 to {LARGEST:,} draws")
    return Axis(SAMPLE, tuple(map(str, range(size))), {SAMPLE: np.arange(size, dtype=float)}, seed=seed)


def _zipped(name: str, node: Node) -> Axis:
    if name in names():
        node.fail(f"an axis of zipped columns needs a name of its own; {name} is a quantity")
    same = unicodedata.normalize("NFKC", name) == name  # as generated code has it
    if not name.isidentifier() or not same or name == "status" or "__" in name or name.strip("_") != name:
        node.fail("is not a valid axis name; use one word of letters, digits and _")
    found: dict[str, Values] = {}
    for key, item in node.mapping().items():
        if key not in names():
            item.fail(f"unknown quantity {key!r}{suggestion(key, names())}")
        found[key] = axis_values(key, item, distinct=False)
    if not found:
        node.fail("an axis needs at least one column")
    lengths = {key: len(values) for key, values in found.items()}
    if len(set(lengths.values())) > 1:
        node.fail(f"zipped columns must be of one length, here {', '.join(f'{key} has {length}' for key, length in lengths.items())}")
    words = [[f"{key}={_word(key, value)}" for value in values.tolist()] for key, values in found.items()]
    labels = tuple(", ".join(row) for row in zip(*words, strict=True))
    check_distinct(labels, node)
    return Axis(name, labels, found)


def _word(name: str, value: float) -> str:
    """A value of a zipped column in a label: the word of a choice, or the number in SI."""
    known = quantity(name)
    return str(known.told(value)) if known.in_words else f"{value:.6g}"
