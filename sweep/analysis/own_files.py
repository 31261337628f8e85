"""A file of a user's own, checked before it is used. What belongs here: what an entry gives and lacks, and whether a study is complete."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sweep.catalog.document import Node, read
from sweep.catalog.entries import ENTRY_KEYS, own_entry
from sweep.catalog.parameters import catalogues, columns
from sweep.equations import registry
from sweep.errors import SweepError, suggestion
from sweep.study.parse import open_study


@dataclass(frozen=True)
class Lack:
    """A column without a figure and without a default, and the equations that read it."""

    column: str
    unit: str
    meaning: str
    needed_by: tuple[str, ...]


@dataclass(frozen=True)
class Checked:
    """kind: study, or the catalogue whose columns a file gives. figures: how many it gives. lacks: what is missing."""

    kind: str
    figures: int
    lacks: tuple[Lack, ...]


def checked(path: Path) -> Checked:
    """A study, an entry of a catalogue or a model's config.json, as a study reads it. Raises SweepError for what is wrong in it."""
    registry.load()
    if path.suffix == ".json":
        return _entry("model", path)
    root = read(path).mapping()
    if "outputs" in root:
        study = open_study(path)
        tables = [study.input_values(name) for name in study.graph.inputs]
        return Checked("study", len(tables), ())
    return _entry(_catalogue(path, root), path)


def _catalogue(path: Path, root: dict[str, Node]) -> str:
    """The catalogue that has most of the keys of a file as columns."""
    keys = set(root) - set(ENTRY_KEYS)
    shared = {name: len(keys & set(columns(name))) for name in catalogues()}
    best = max(shared, key=lambda name: shared[name])
    if not shared[best]:
        known = {column for name in catalogues() for column in columns(name)}
        nearest = next(filter(None, (suggestion(key, known) for key in sorted(keys))), "")
        raise SweepError(f"{path}: is neither a study, which has outputs, nor an entry: no key is a column of a catalogue{nearest}")
    return best


def _entry(catalogue: str, path: Path) -> Checked:
    found = own_entry(catalogue, path, str(path))
    given = {column for column, _ in found.figures}
    lacks = []
    for column, parameter in columns(catalogue).items():
        if column in given or parameter.default or parameter.like:
            continue
        readers = tuple(name for name, equation in registry.EQUATIONS.items() if column in equation.arguments)
        lacks.append(Lack(column, parameter.unit, parameter.meaning, readers))
    return Checked(catalogue, len(given), tuple(lacks))
