"""Entries: a GPU, a model, a site, one file each. What belongs here: the figures that they give for the parameters of their catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from sweep.catalog.document import Node, read
from sweep.catalog.model_config import read_config
from sweep.catalog.parameters import Figure, catalogues, columns, figure, folder, parameters, shown
from sweep.errors import SweepError, suggestion

ENTRY_KEYS = ("title", "notes")


@dataclass(frozen=True)
class Entry:
    """One thing of a catalogue: its figures by parameter name, or by (parameter name, choice) where they differ by a choice."""

    name: str
    catalogue: str
    title: str
    notes: str
    file: str
    links: dict[str, str] = field(default_factory=dict)
    figures: dict[tuple[str, str], Figure] = field(default_factory=dict)


@cache
def entry_names(catalogue: str) -> tuple[str, ...]:
    """The names of the entries of a catalogue."""
    return tuple(sorted(path.stem for path in (folder() / f"{catalogue}s").glob("*.yaml")))


@cache
def entry(catalogue: str, name: str) -> Entry:
    """One entry of a catalogue; KeyError where there is none of that name."""
    if name not in entry_names(catalogue):
        raise KeyError(name)
    path = folder() / f"{catalogue}s" / f"{name}.yaml"
    return _entry(catalogue, name, read(path, shown(path)), shown(path))


def is_file(name: str) -> bool:
    """Whether a study names a file of its own where an entry of a catalogue could stand: mine.yaml, ./config.json."""
    return name.endswith((".yaml", ".yml", ".json"))


def own_entry(catalogue: str, path: Path, name: str) -> Entry:
    """An entry that a user wrote, or a model's config.json; `name` is how the study names it. Raises SweepError."""
    if path.suffix == ".json":
        if catalogue != "model":
            raise SweepError(f"{path}: a {catalogue} is read from a YAML file; a config.json is of a model")
        return _of_config(path, name)
    return _entry(catalogue, name, read(path), str(path))


def _of_config(path: Path, name: str) -> Entry:
    found: dict[tuple[str, str], Figure] = {}
    for column, value in read_config(path).items():
        parameter = parameters()[column]
        text = f"{value.number:g}" if parameter.unit == "1" else f"{value.number:g} {parameter.unit}"
        figure_of = Figure(value.number, text, str(path), 0, derived=value.said(path.name))
        parameter.check(value.number, Node(text, str(path), 0, column))
        found[column, ""] = figure_of
    return Entry(name, "model", name, "", str(path), {}, found)


def _entry(catalogue: str, name: str, document: Node, place: str) -> Entry:
    legal = columns(catalogue)
    others = [c for c in catalogues() if c != catalogue]
    root = document.mapping([*ENTRY_KEYS, *others, *legal])
    figures: dict[tuple[str, str], Figure] = {}
    for key, node in root.items():
        if key not in legal:
            continue
        parameter = legal[key]
        if parameter.like:
            node.fail(f"takes the figures of {parameter.like}; give those")
        if parameter.by is None:
            figures[key, ""] = figure(node, parameter)
        else:
            for choice, inner in node.mapping(parameters()[parameter.by].choices).items():
                figures[key, choice] = figure(inner, parameter)
    for column, parameter in legal.items():
        figures |= {(column, choice): given for (key, choice), given in figures.items() if key == parameter.like}
        for other in parameter.otherwise:
            taken = figures.get((other.partition(".")[0], other.partition(".")[2]))
            if taken and (column, "") not in figures:
                figures[column, ""] = replace(taken, source="", at="", basis="", derived=f"{other} of this entry")
    text = {key: root[key].text if key in root else "" for key in ENTRY_KEYS}
    links = {key: root[key].text for key in others if key in root}
    for key, target in links.items():
        if target not in entry_names(key):
            root[key].fail(f"no such {key}{suggestion(target, entry_names(key))}")
    return Entry(name, catalogue, text["title"] or name, text["notes"], place, links, figures)


def links_to(catalogue: str, other: str) -> bool:
    """Whether some entry of a catalogue brings the columns of another catalogue along."""
    return catalogue != other and any(other in entry(catalogue, name).links for name in entry_names(catalogue))
