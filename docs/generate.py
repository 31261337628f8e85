"""The pages of the site that the code and the facts give. What belongs here: equations, commands and catalogues to Markdown.

mkdocs calls `on_files` before it builds; these pages are not kept in the repository.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib import import_module
from itertools import groupby
from typing import Any

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from sweep.analysis.describe import listed, named
from sweep.catalog.accuracy import accuracy
from sweep.catalog.entries import entry_names
from sweep.catalog.parameters import catalogues, parameters
from sweep.catalog.sources import sources
from sweep.cli import main
from sweep.equations.registry import EQUATIONS, RULES, Argument, Equation, Rule, load

ROOMS = {
    "transformer": "Transformer: parameters and operations of a model",
    "training": "Training: layout, memory and step time",
    "training_run": "Training run: shares of the step, time to train, power",
    "serving": "Serving: step time, throughput, latency and energy of a response",
    "facility": "Facility: servers, clusters and cooling",
    "grid": "Grid: supply, cost, carbon, water and demand",
    "planning": "Planning: latency quantiles, prices of tokens, power budgets and fleets",
}
TITLES = {"gpu": "GPUs"}  # of catalogues whose name is no plain word
MAIN_COLUMNS_ONLY = ("model",)  # catalogues of so many entries that their page has one row for each
SPECIAL = re.compile(r"[\\`*_{}\[\]<>#|&~^$]")
ADDRESS = re.compile(r"(https?://[^\s,;)]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to those of docs/; mkdocs calls this."""
    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def pages() -> dict[str, str]:
    """Every generated page by its path within the site."""
    load()
    found = {"method/index.md": _method(), "reference.md": _reference(), "sources.md": _sources()}
    found |= {f"method/{room}.md": _room(room, title) for room, title in ROOMS.items()}
    found |= {"catalogues/parameters.md": _parameters()}
    return found | {f"catalogues/{name}s.md": _catalogue(name) for name in catalogues()}


def _method() -> str:
    rows = [(_quantity(name), plain(line)) for name, lines in accuracy().items() for line in map(str, lines)]
    count = {room: sum(room_of(e) == room for e in EQUATIONS.values()) for room in ROOMS}
    return _joined(
        "# Method",
        "Every quantity is one equation: a function of inputs and of other quantities, in SI units. An equation reads quantities of its "
        "own group and of the groups before it. A rule marks the points that are impossible, or that lie beyond what was measured.",
        _table(("group", "equations"), [(f"[{title}]({room}.md)", str(count[room])) for room, title in ROOMS.items()]),
        "## Measured error",
        "The relative error of predictions against published results. A quantity that is not listed follows from others, or has no "
        "published results to compare with.",
        _table(("quantity", "error"), rows),
    )


def _room(room: str, title: str) -> str:
    both: list[Equation | Rule] = [*EQUATIONS.values(), *RULES.values()]
    declared = sorted((d for d in both if room_of(d) == room), key=lambda d: (d.function.__module__, isinstance(d, Rule)))
    parts = [f"# {title}"]
    for module, inside in groupby(declared, key=lambda d: d.function.__module__):
        about = (import_module(module).__doc__ or "").strip().split("\n\n")[0]
        parts += [f"## {module.rpartition('.')[2].replace('_', ' ').capitalize()}", plain(about)]
        parts += [_equation(d) if isinstance(d, Equation) else _rule(d) for d in inside]
    return _joined(*parts)


def _equation(e: Equation) -> str:
    facts = [f"Unit: {plain(e.unit)}", f"source: {_source(e.source, '../')}"]
    facts += [f"chosen by {_quantity(e.selects)}"] if e.selects else []
    facts += [str(line) for line in accuracy().get(e.name, ())]
    formula = f"```text\n{e.formula}\n```" if e.formula else ""
    return _joined(f"### `{e.name}` {{ #{e.name} }}", plain(e.meaning) + ".", formula, "; ".join(facts) + ".", _arguments(e.documented))


def _rule(r: Rule) -> str:
    guards = ", ".join(_quantity(name) for name in r.guards)
    effect = f"Where it is broken there is no value for {guards}" if guards else "A warning; values stay"
    return _joined(
        f"### Rule `{r.name}` {{ #{r.name} }}",
        plain(r.meaning) + ".",
        f"{effect}; source: {_source(r.source, '../')}.",
        _arguments(r.documented),
    )


def _arguments(documented: Sequence[Argument]) -> str:
    rows = []
    for argument in documented:
        symbol, comma, meaning = argument.meaning.partition(", ")
        said = (symbol, meaning) if comma and " " not in symbol else ("", argument.meaning)
        rows.append((plain(said[0]), _quantity(argument.name), plain(said[1]), plain(argument.unit)))
    return _table(("symbol", "quantity", "meaning", "unit"), rows) if rows else ""


def _reference() -> str:
    rows = [(f"[`{name}`](#{name})", plain(c.get_short_help_str(limit=200))) for name, c in sorted(main.commands.items())]
    parts = ["# Commands", _table(("command", "does"), rows), "What `sweep COMMAND --help` prints:"]
    above = click.Context(main, info_name="sweep", terminal_width=100, **main.context_settings)
    for name, command in sorted(main.commands.items()):
        with click.Context(command, info_name=name, parent=above, terminal_width=100) as context:
            parts += [f"## `sweep {name}` {{ #{name} }}", f"```text\n{click.unstyle(command.get_help(context))}\n```"]
    return _joined(*parts)


def _sources() -> str:
    rows = [(f"`{s.key}`{{ #{s.key} }}", _linked(s.title), _linked(s.reference), s.date, _linked(s.notes)) for s in sources().values()]
    return _joined("# Sources", "What figures and equations rest on.", _table(("key", "title", "reference", "date", "notes"), rows))


def _parameters() -> str:
    rows = []
    for name, parameter in parameters().items():
        default, given_by = parameter.default, parameter.catalogue
        origin = _origin(vars(default)) if default else f"[{given_by}s]({given_by}s.md)" if given_by else ""
        meaning = plain(parameter.meaning) + (f": {', '.join(map(plain, parameter.choices))}" if parameter.choices else "")
        rows.append((f"`{name}`{{ #{name} }}", meaning, plain(parameter.unit), plain(default.text) if default else "", origin))
    about = "Every input, with its default and where that is from. A study sets any of them with `set`, or makes it an axis."
    return _joined("# Parameters", about, _table(("parameter", "meaning", "unit", "default", "from"), rows))


def _catalogue(catalogue: str) -> str:
    names, title = entry_names(catalogue), f"# {TITLES.get(catalogue, catalogue.capitalize() + 's')}"
    about = f"{len(names)} entries of `configs/{catalogue}s/`; `sweep show {catalogue}/NAME` prints one."
    if catalogue in MAIN_COLUMNS_ONLY:
        return _joined(title, about, _main_columns(catalogue))
    parts = [title, about]
    for name in names:
        record = named(f"{catalogue}/{name}")[0]
        links = ", ".join(f"{other}: [{key}]({other}s.md#{plain(key)})" for other, key in record["links"].items())
        rows = [(f"`{key}`", plain(figure["printed"]), _origin(figure)) for key, figure in record["figures"].items()]
        heading = f"## {plain(record['title'])} {{ #{name} }}"
        parts += [heading, f"`{name}` {plain(record['notes'])}", links, _table(("figure", "as printed", "from"), rows)]
    return _joined(*parts)


def _main_columns(catalogue: str) -> str:
    """One row for each entry: the figures that tell it apart, and every source that the entry names."""
    found = listed(f"{catalogue}s")
    columns = [key for key in found[0] if key not in ("name", "title")]
    rows = []
    for row in found:
        figures = named(f"{catalogue}/{row['name']}")[0]["figures"].values()
        keys = dict.fromkeys(figure["source"] for figure in figures if "source" in figure)
        cells = [plain(row[key]["printed"]) if row[key] else "" for key in columns]
        origin = ", ".join(_source(key, "../") for key in keys)
        rows.append((f"`{row['name']}`{{ #{row['name']} }}", plain(row["title"]), *cells, origin))
    return _table(("name", "title", *(column.replace("_", " ") for column in columns), "from"), rows)


def _origin(figure: dict[str, Any]) -> str:
    """Where a figure is from: its source with the place in it, or what it was assumed or derived from."""
    said = {key: plain(figure[key]) for key in ("at", "basis", "assumed", "derived") if figure.get(key)}
    source = [_source(figure["source"], "../")] if figure.get("source") else []
    place = ", ".join([*source, said.pop("at")] if "at" in said else source)
    return "; ".join([*([place] if place else []), *(f"{key}: {text}" for key, text in said.items())])


def _source(key: str, up: str) -> str:
    return f"[{plain(key)}]({up}sources.md#{key})"


def _quantity(name: str) -> str:
    """A link from a page of method/ to where a quantity or a parameter is explained."""
    if name in EQUATIONS:
        return f"[`{name}`]({room_of(EQUATIONS[name])}.md#{name})"
    return f"[`{name}`](../catalogues/parameters.md#{name})"


def room_of(declared: Equation | Rule) -> str:
    return declared.function.__module__.split(".")[2]


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(" ".join(cell.split()) for cell in line) + " |" for line in lines)


def plain(text: str) -> str:
    """Text in which no sign means anything to Markdown."""
    return SPECIAL.sub(lambda sign: f"&#{ord(sign.group())};", text)


def _linked(text: str) -> str:
    """Plain text in which addresses are links."""
    return "".join(f"<{part}>" if ADDRESS.fullmatch(part) else plain(part) for part in ADDRESS.split(text))


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"
