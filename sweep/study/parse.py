"""A study file, and what the command line changes in it, to a Study. What belongs here: reading and checking what a user wrote.

What an axis may be is in axes.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sweep.catalog.document import Node, exists, parse, text_of, written_as_text
from sweep.catalog.parameters import catalogues, columns, folder, interval
from sweep.catalog.units import factor, factor_is_needed
from sweep.equations import registry
from sweep.equations.graph import Graph, resolve
from sweep.equations.interpret import call, compute_point
from sweep.equations.quantities import names, quantity, unit_of
from sweep.errors import SweepError, suggestion
from sweep.study import axes
from sweep.study.axes import HOUR, Axis, Selected
from sweep.study.definition import Claim, Study, Written
from sweep.study.hours import with_hours
from sweep.study.named_files import equations_of, with_included

KEYS = ("title", "about", "equations", "include", "select", "set", "hours", "axes", "point", "outputs", "claims")
GIVEN_KEYS = ("value", "low", "high", "range", "source")
CLAIM_KEYS = ("text", "printed", "note")


def open_study(
    path: str | Path | Mapping[str, Any], set_: Iterable[str] = (), axis: Iterable[str] = (), outputs: Iterable[str] = ()
) -> Study:
    """Read a study file, with overrides as on the command line: `set_` and `axis` are "name=value" texts.

    A bare name stands for the study of that name in configs/studies; a mapping is what would stand in a file, files that it names being
    looked for in the current folder. Raises SweepError for anything that is wrong in it.
    """
    if isinstance(path, Mapping):
        return read_study("the mapping", Written(written_as_text(path), str(Path.cwd()), tuple(set_), tuple(axis), tuple(outputs)))
    file = _file_of(path)
    return read_study(str(path), Written(text_of(file, str(path)), str(file.parent.resolve()), tuple(set_), tuple(axis), tuple(outputs)))


def _file_of(path: str | Path) -> Path:
    """The file that a path or the bare name of a study in configs/studies stands for."""
    file = Path(path)
    if exists(file):
        return file
    shipped = folder() / "studies" / (file.name if file.suffix else f"{file.name}.yaml")
    if not exists(shipped):
        known = sorted(p.stem for p in (folder() / "studies").glob("*.yaml"))
        raise SweepError(f"{path}: no such study file{suggestion(file.stem, known)}")
    return shipped


def read_study(file: str, written: Written) -> Study:
    """The study that a text and the options beside it say; `file` is the name that errors show."""
    root = with_included(parse(written.text, file).mapping(KEYS), Path(written.folder))
    registry.load()
    registry.only(None)
    own = registry.load_file(equations_of(root["equations"], Path(written.folder))) if "equations" in root else None
    study = _study(file, root, own, _by_name(written.axis, "--axis", "one --axis lists all labels"), list(written.outputs))
    settings = _by_name(written.set_, "--set", "--axis sweeps over several values")
    for name in [name for name in settings if name != HOUR]:
        study = with_value(study, name, settings[name])
    if "hours" in root:
        study = with_hours(study, root["hours"], Path(written.folder), root["point"].mapping().get(HOUR) if "point" in root else None)
        registry.only(study.equations)
    elif HOUR in study.axes:
        raise SweepError(f"{study.axes[HOUR].place}: axes.{HOUR}: needs files of hours (hours: {{load: requests.csv}})")
    if HOUR in settings:
        study = with_value(study, HOUR, settings[HOUR])
    return replace(_without_impossible(study, root), written=written)


def with_value(study: Study, name: str, node: Node) -> Study:
    """The study with one more value fixed, one entry selected, or an axis held at a label; an axis of that quantity is gone."""
    registry.only(study.equations)
    if name in catalogues():
        figures = axes.linked(name, node.text, node, study.selected)
        rest = study.without(name) if name in study.axes else study
        return replace(rest, selected={**rest.selected, name: Selected(node.text, figures)})
    if name in study.axes and name not in names():
        return study.without(name, study.axes[name].find(node))
    if name == "split":
        node.fail("this study has no axis split; set tp, pp, cp or ep instead")
    value, ends = _value(name, node)
    for axis in [axis for axis in study.axes.values() if name in axis.columns and not axis.rows]:
        study = study.without(axis.name)
    ranges = {key: other for key, other in study.ranges.items() if key != name}
    return replace(study, fixed={**study.fixed, name: value}, ranges=ranges | ({name: ends} if ends else {}))


def _pair(text: str, option: str) -> tuple[str, Node]:
    name, equals, value = text.partition("=")
    if not equals or not value.strip():
        raise SweepError(f"{option} {text}: must read name=value")
    name, value = name.strip(), value.strip()
    return name, _unplaced(parse(value, f"{option} {name}"), option, name) if value.startswith(("{", "[")) else Node(value, option, 0, name)


def _by_name(texts: Iterable[str], option: str, instead: str) -> dict[str, Node]:
    """What an option of the command line gives by name, each name once."""
    found: dict[str, Node] = {}
    for name, node in (_pair(text, option) for text in texts):
        if name in found:
            node.fail(f"is the second {option} of this name; {instead}")
        found[name] = node
    return found


def _unplaced(node: Node, option: str, key: str) -> Node:
    """What an option of the command line writes, which stands on no line."""
    if isinstance(node.value, list):
        return Node([_unplaced(item, option, f"{key}[{i}]") for i, item in enumerate(node.value)], option, 0, key)
    if isinstance(node.value, dict):
        return Node({name: _unplaced(item, option, f"{key}.{name}") for name, item in node.value.items()}, option, 0, key)
    return Node(node.value, option, 0, key)


def in_si(name: str, value: float) -> str:
    """A number in SI as a study would write it."""
    unit = quantity(name).unit if name in names() else "1"
    return f"{value!r} {unit}" if unit != "1" and factor_is_needed(unit) else repr(value)


def _study(file: str, root: Mapping[str, Node], equations: registry.Own | None, swept: Mapping[str, Node], extra: list[str]) -> Study:
    for key in ("title", "outputs"):
        if key not in root:
            raise SweepError(f"{file}: a study needs {key!r}")
    select = dict(root["select"].mapping(catalogues())) if "select" in root else {}
    fixed = dict(root["set"].mapping()) if "set" in root else {}
    written = dict(root["axes"].mapping()) if "axes" in root else {}
    built = {name: axes.axis(name, node, ()) for name, node in swept.items() if name not in catalogues()}
    for name in swept:  # an axis of the command line takes the place of whatever the file says of its columns
        select.pop(name, None)
        for column in (name, *(built[name].columns if name in built else ())):
            fixed.pop(column, None)
            written.pop(column, None)
    written |= swept
    for name in set(select) & set(written):
        written[name].fail("is selected as one entry and an axis at once")
    chosen = {*select, *(name for name in written if name in catalogues())}
    built = {name: built[name] if name in built else axes.axis(name, node, chosen) for name, node in written.items()}
    place = dict(root["point"].mapping()) if "point" in root else {}
    for name, node in place.items():
        if name not in built and name not in fixed and name not in select:
            node.fail(f"no axis of that name{suggestion(name, built)}")
    values = {name: _value(name, node) for name, node in fixed.items()}
    study = Study(
        title=" ".join(root["title"].text.split()),
        about=root["about"].text.strip() if "about" in root else "",
        file=file,
        axes=built,
        fixed={name: value for name, (value, _) in values.items()},
        selected={name: Selected(node.text, axes.linked(name, node.text, node, chosen)) for name, node in select.items()},
        outputs=_outputs(root["outputs"], extra),
        point={name: _stands(axis, place[name], name in swept) if name in place and name != HOUR else 0 for name, axis in built.items()},
        claims=_claims(root["claims"]) if "claims" in root else {},
        equations=equations,
        ranges={name: ends for name, (_, ends) in values.items() if ends},
    )
    _once(study, fixed, written)
    return study


def _stands(axis: Axis, node: Node, swept: bool) -> int:
    """Where a study's point stands on an axis: at its first label where the command line gives an axis without the study's."""
    try:
        return axis.find(node)
    except SweepError:
        if not swept:
            raise
        return 0


def _value(name: str, node: Node) -> tuple[float, tuple[float, float] | None]:
    """A value that a study gives and, where it gives them, its low and high: {value: 1.2, low: 1.1, high: 1.4}."""
    if name not in names():
        node.fail(f"unknown quantity{suggestion(name, names())}")
    if quantity(name).by:
        node.fail(f"{name} differs by {quantity(name).by}; select a catalogue entry that gives it")
    if not node.is_mapping:
        return quantity(name).read(node), None
    given = node.mapping(GIVEN_KEYS)
    if "value" not in given:
        node.fail("needs its value, for example {value: 1.2, low: 1.1, high: 1.4}")
    value = quantity(name).read(given["value"])
    return value, interval(node, quantity(name), value) if {"low", "high"} & set(given) else None


def _outputs(node: Node, extra: list[str]) -> dict[str, str]:
    if node.is_mapping:
        wanted = {name: (item.text, item) for name, item in node.mapping().items()}
    else:
        wanted = {item.text: ("", item) for item in node.items}
    found: dict[str, str] = {}
    for name, (unit, item) in wanted.items():
        if name not in names():
            item.fail(f"unknown quantity {name!r}{suggestion(name, names())}")
        try:
            factor(unit or unit_of(name), unit_of(name))
        except SweepError as error:
            item.fail(str(error))
        found[name] = unit
    for name in extra:
        if name not in names():
            raise SweepError(f"unknown quantity {name!r}{suggestion(name, names())}")
        found.setdefault(name, "")
    if not found:
        node.fail("a study needs at least one output")
    return found


def _claims(node: Node) -> dict[str, Claim]:
    found = {}
    for name, item in node.mapping().items():
        given = item.mapping(CLAIM_KEYS)
        found[name] = Claim(*(given[key].text if key in given else "" for key in CLAIM_KEYS))
    return found


def _once(study: Study, fixed: Mapping[str, Node], written: Mapping[str, Node]) -> None:
    """No quantity may be given twice: by two axes, or by an axis and a fixed value."""
    owner: dict[str, str] = {}
    for axis in study.axes.values():
        for name in axis.columns:
            if name in owner and not {axis.name, owner[name]} <= set(catalogues()):
                written[axis.name].fail(f"{name} is already a column of axis {owner[name]}")
            owner[name] = axis.name
    for name, node in fixed.items():
        if name in owner and owner[name] not in catalogues():
            node.fail(f"{name} is already on axis {owner[name]}")


def split_inputs() -> set[str]:
    """What decides which combinations of a split are omitted, whether an output depends on it or not."""
    return {"gpus", *axes.SPLIT, *columns("model")}


def _without_impossible(study: Study, root: Mapping[str, Node]) -> Study:
    """Omit the combinations of the split that no model and no GPU count of the study allows."""
    if "split" not in study.axes:
        return study
    registry.load()
    split = study.axes["split"]
    free = split_inputs()
    judged = []
    for rule in registry.RULES.values():
        graph = resolve(rule.arguments, study.given, study.choices)
        if rule.guards and set(graph.inputs) <= free and set(graph.inputs) & set(split.columns):
            judged.append((rule, graph))
    reasons: set[str] = set()

    def impossible(label: int) -> bool:
        return any(_always(study, rule, graph, label, reasons) for rule, graph in judged)

    node = root["axes"].mapping().get("split", root["axes"]) if "axes" in root else Node("", "--axis", 0, "split")
    kept = _possible(split, impossible, node, lambda: "; ".join(sorted(reasons)))
    labels = list(kept.labels or ())
    at = split.labels[study.point["split"]] if split.labels else ""
    point = {**study.point, "split": labels.index(at) if at in labels else 0}
    return replace(study, axes={**study.axes, "split": kept}, point=point)


def _possible(found: Axis, broken: Callable[[int], bool], node: Node, why: Callable[[], str]) -> Axis:
    """An axis without the labels that are impossible wherever they stand; none left is an error."""
    keep = np.array([i for i in range(found.size) if not broken(i)], dtype=np.int64)
    if not len(keep):
        node.fail(f"none of the {found.size} combinations is possible: {why()}")
    return found.keep(keep)


def _always(study: Study, rule: registry.Rule, graph: Graph, label: int, reasons: set[str]) -> bool:
    """Whether one split breaks a rule wherever it stands."""
    try:
        dims = sorted({dim for name in graph.inputs for dim in study.input_values(name).dims} - {"split"})
    except SweepError:  # an input that the study does not give; what needs it will say so
        return False
    for place in itertools.product(*(range(study.axes[dim].size) for dim in dims)):
        point = compute_point(graph, study.inputs_at({**dict(zip(dims, place, strict=True)), "split": label}, graph))
        if call(rule.function, [point.values[a] for a in rule.arguments]) != 1.0:
            return False
    reasons.add(rule.meaning)
    return True
