"""What there is, as records: lists of a kind, and one thing by its name. What belongs here: facts to dictionaries, ready for JSON.

How a record is printed for a person is for cli/facts.py.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeAlias

from sweep.catalog.document import read
from sweep.catalog.entries import Entry, entry, entry_names
from sweep.catalog.parameters import Figure, Parameter, catalogues, columns, folder, parameters
from sweep.catalog.sources import sources
from sweep.catalog.units import show
from sweep.equations import registry
from sweep.equations.graph import resolve
from sweep.equations.interpret import compute_point
from sweep.equations.quantities import names, unit_of
from sweep.errors import SweepError, suggestion

Record: TypeAlias = dict[str, Any]
# what tells the entries of a catalogue apart at a glance; of the other catalogues, their first figures
TELLING = {
    "gpu": ("gpu_tdp", "gpu_memory", "hbm_bandwidth", "peak_rate", "gpu_price"),
    "model": ("total_parameters", "active_parameters", "layers", "hidden_size", "experts"),
}
FIRST = 4


def kinds() -> dict[str, Callable[[], list[Record]]]:
    """Every kind of thing that can be listed, in plural, and what lists it."""
    registry.load()
    found: dict[str, Callable[[], list[Record]]] = {f"{name}s": partial(_entries, name) for name in catalogues()}
    return found | {"parameters": _parameters, "quantities": _quantities, "rules": _rules, "sources": _sources, "studies": _studies}


def listed(kind: str) -> list[Record]:
    """The things of one kind, one record each; a figure is a record of its own."""
    known = kinds()
    if kind not in known:
        raise SweepError(f"unknown kind {kind!r}{suggestion(kind, known)}")
    return known[kind]()


def named(name: str) -> list[Record]:
    """Everything of that name, as records; `gpu/NAME` asks for one kind."""
    registry.load()
    kind, _, bare = name.rpartition("/")
    found = [_entry(c, bare) for c in catalogues() if bare in entry_names(c) and kind in ("", c)]
    if bare in parameters() and kind in ("", "parameter"):
        found.append(_parameter(parameters()[bare]))
    if bare in registry.EQUATIONS and kind in ("", "quantity"):
        found.append(_quantity(registry.EQUATIONS[bare]))
    if bare in registry.RULES and kind in ("", "rule"):
        found.append(_rule(registry.RULES[bare]))
    if bare in sources() and kind in ("", "source"):
        found.append(_source(bare))
    if not found:
        legal = {*names(), *registry.RULES, *sources()}.union(*(entry_names(c) for c in catalogues()))
        raise SweepError(f"unknown name {name!r}{suggestion(bare, legal)}")
    return found


def _entries(catalogue: str) -> list[Record]:
    shown = {key: _common_word(catalogue, key) for key in TELLING.get(catalogue, tuple(columns(catalogue))[:FIRST])}
    rows = []
    for name in entry_names(catalogue):
        known = entry(catalogue, name)
        cells = {f"{key}:{word}" if word else key: _cell(known, key, word) for key, word in shown.items()}
        rows.append({"name": name, **cells, "title": known.title})
    return rows


def _common_word(catalogue: str, key: str) -> str:
    """Of a figure that differs by a choice, the word that most entries have a figure for; of these, the one that studies default to."""
    by = parameters()[key].by if key in parameters() else None
    if not by:
        return ""
    counts = Counter(word for name in entry_names(catalogue) for given, word in entry(catalogue, name).figures if given == key)
    usual = parameters()[by].default
    first = parameters()[by].choices[int(usual.value)] if usual else ""
    return max(parameters()[by].choices, key=lambda word: (counts[word], word == first))


def _cell(known: Entry, key: str, word: str) -> Record | None:
    """One figure of an entry for a list; a computed quantity is computed from the entry's figures alone."""
    if key in parameters():
        figure = known.figures.get((key, word))
        return _figure(parameters()[key], figure) | {"printed": show(figure.value, parameters()[key].unit)} if figure else None
    given = {name: figure.value for (name, choice), figure in known.figures.items() if not choice}
    graph = resolve([key], given)
    defaults = {name: p.default.value for name in graph.inputs if (p := parameters()[name]).default}
    value = compute_point(graph, {name: given.get(name, defaults.get(name, math.nan)) for name in graph.inputs}).values[key]
    return None if math.isnan(value) else {"value": value, "unit": unit_of(key), "printed": show(value, unit_of(key))}


def _figure(parameter: Parameter, figure: Figure) -> Record:
    found: Record = {"printed": figure.text, "value": parameter.told(figure.value), "unit": parameter.unit}
    return found | {key: text for key in ("source", "at", "basis", "assumed", "derived") if (text := getattr(figure, key))}


def _parameters() -> list[Record]:
    return [
        {
            "name": name,
            "unit": p.unit,
            "default": _figure(p, p.default) if p.default else None,
            "from": p.catalogue or "",
            "meaning": p.meaning,
        }
        for name, p in parameters().items()
    ]


def _quantities() -> list[Record]:
    known = sorted(registry.EQUATIONS.values(), key=lambda e: (e.module, e.name))
    return [{"name": e.name, "unit": e.unit, "in": e.module.removeprefix("sweep.kernels."), "meaning": e.meaning} for e in known]


def _rules() -> list[Record]:
    return [{"name": r.name, "meaning": r.meaning, "guards": ", ".join(r.guards) or "(warns)"} for r in registry.RULES.values()]


def _sources() -> list[Record]:
    return [{"key": s.key, "date": s.date, "title": s.title, "reference": s.reference} for s in sources().values()]


def _studies() -> list[Record]:
    rows = []
    for path in sorted((folder() / "studies").glob("*.yaml")):
        root = read(path).mapping()
        axes = list(root["axes"].mapping()) if "axes" in root else []
        rows.append({"name": path.stem, "axes": ", ".join(axes), "title": root["title"].text if "title" in root else ""})
    return rows


def _entry(catalogue: str, name: str) -> Record:
    known = entry(catalogue, name)
    there = {key for key, _ in known.figures}
    own = {key: p for key, p in columns(catalogue).items() if not p.like}
    same = {key: p.like for key, p in columns(catalogue).items() if p.like in there}
    figures = {f"{key}:{word}" if word else key: _figure(own[key], f) for (key, word), f in known.figures.items() if key in own}
    missing = [key for key, p in own.items() if key not in there and not p.default]
    found: Record = {"kind": catalogue, "name": name, "title": known.title, "file": known.file, "notes": known.notes}
    found |= {"links": known.links, "figures": figures, "missing": missing, "same_figures": same}
    return found | {"sources": _cited(figures.values())}


def _parameter(p: Parameter) -> Record:
    found: Record = {"kind": "parameter", "name": p.name, "meaning": p.meaning, "unit": p.unit}
    found |= {"minimum": p.minimum, "maximum": p.maximum, "whole": p.whole, "choices": list(p.choices), "differs_by": p.by}
    figures = {"default": _figure(p, p.default)} if p.default else {}
    found |= {"given_by": p.catalogue, "takes_figures_of": p.like}
    return found | {"figures": figures, "used_by": _users(p.name), "sources": _cited(figures.values())}


def _quantity(e: registry.Equation) -> Record:
    symbols = {a.name: f"{a.meaning} [{a.unit}]" for a in e.documented}
    found: Record = {"kind": "quantity", "name": e.name, "meaning": e.meaning, "unit": e.unit, "formula": e.formula, "file": _place(e)}
    found |= {"needs": symbols, "used_by": _users(e.name), "rules": [r.name for r in registry.RULES.values() if e.name in r.guards]}
    return found | {"sources": _cited([{"source": e.source}])}


def _rule(r: registry.Rule) -> Record:
    symbols = {a.name: f"{a.meaning} [{a.unit}]" for a in r.documented}
    found: Record = {"kind": "rule", "name": r.name, "meaning": r.meaning, "file": _place(r), "needs": symbols, "guards": list(r.guards)}
    return found | {"sources": _cited([{"source": r.source}])}


def _source(key: str) -> Record:
    known = sources()[key]
    figures = [f"{c}/{n}" for c in catalogues() for n in entry_names(c) if any(f.source == key for f in entry(c, n).figures.values())]
    figures += [p.name for p in parameters().values() if p.default and p.default.source == key]
    declared = [declared.name for declared in _declared() if declared.source == key]
    found: Record = {"kind": "source", "name": key, "title": known.title, "reference": known.reference, "date": known.date}
    return found | {"notes": known.notes, "figures_of": figures, "used_by": declared}


def _cited(figures: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    keys = dict.fromkeys(str(figure["source"]) for figure in figures if figure.get("source"))
    known = sources()
    return {key: f"{known[key].title}, {known[key].reference} ({known[key].date})" for key in keys if key in known}


def _declared() -> list[registry.Equation | registry.Rule]:
    return [*registry.EQUATIONS.values(), *registry.RULES.values()]


def _users(name: str) -> list[str]:
    return [declared.name for declared in _declared() if name in declared.arguments]


def _place(declared: registry.Equation | registry.Rule) -> str:
    return f"{registry.file_of(declared)}:{declared.function.__code__.co_firstlineno}"
