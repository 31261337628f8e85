"""A study file, and what the command line changes in it, to a Study. What belongs here: reading and checking what a user wrote.

What an axis may be is in axes.py.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from sweep import axes, registry
from sweep.axes import Values, quantity
from sweep.catalogue import Figure, catalogues, columns, folder, parameters
from sweep.document import Node, parse, read
from sweep.errors import SweepError, suggestion
from sweep.graph import Graph, names, resolve, unit_of
from sweep.point import call, evaluate
from sweep.study import Claim, Study
from sweep.units import factor

KEYS = ("title", "about", "equations", "select", "set", "axes", "point", "outputs", "claims")
CLAIM_KEYS = ("text", "printed", "note")


def open_study(
    path: str | Path, set_: Iterable[str] = (), axis: Iterable[str] = (), outputs: Iterable[str] = ()
) -> Study:
    """Read a study file, with overrides as on the command line: `set_` and `axis` are "name=value" texts.

    A bare name stands for the study of that name in configs/studies. Raises SweepError for anything that is wrong in it.
    """
    where = Path(path)
    if not where.exists():
        shipped = folder() / "studies" / (where.name if where.suffix else f"{where.name}.yaml")
        if not shipped.exists():
            known = sorted(p.stem for p in (folder() / "studies").glob("*.yaml"))
            raise SweepError(f"{path}: no such study file{suggestion(where.stem, known)}")
        where = shipped
    root = read(where, str(path)).mapping(KEYS)
    equations = None
    if "equations" in root:
        equations = (where.parent / root["equations"].text).resolve()
        registry.load()
        registry.load_file(equations)
    return _study(str(path), root, equations, [_pair(t, "--set") for t in set_], [_pair(t, "--axis") for t in axis], list(outputs))


def _pair(text: str, option: str) -> tuple[str, Node]:
    name, equals, value = text.partition("=")
    if not equals or not value.strip():
        raise SweepError(f"{option} {text}: must read name=value")
    node = parse(value.strip(), option) if value.strip().startswith(("{", "[")) else Node(value.strip(), option, 0, name.strip())
    return name.strip(), Node(node.value, option, 0, name.strip())


def _study(
    file: str,
    root: Mapping[str, Node],
    equations: Path | None,
    sets: list[tuple[str, Node]],
    swept: list[tuple[str, Node]],
    extra: list[str],
) -> Study:
    for key in ("title", "outputs"):
        if key not in root:
            raise SweepError(f"{file}: a study needs {key!r}")
    select = dict(root["select"].mapping(catalogues())) if "select" in root else {}
    fixed = dict(root["set"].mapping()) if "set" in root else {}
    written = dict(root["axes"].mapping()) if "axes" in root else {}
    for name, node in swept:  # an axis of the command line takes the place of whatever the file says of that name
        fixed.pop(name, None)
        select.pop(name, None)
        written[name] = node
    late: dict[str, Node] = {}
    for name, node in sets:
        if name in written or name in catalogues():
            written.pop(name, None)
            (select if name in catalogues() else fixed)[name] = node
        elif name == "split" or name not in fixed:
            late[name] = node
        else:
            fixed[name] = node
    for name in set(select) & set(written):
        written[name].fail("is selected as one entry and an axis at once")
    chosen = {**select, **{name: node for name, node in written.items() if name in catalogues()}}
    built = {name: axes.axis(name, node, chosen) for name, node in written.items()}
    for node in [late.pop("split")] if "split" in late else []:
        node.fail("this study has no axis split; set tp, pp, cp or ep instead")
    place = dict(root["point"].mapping()) if "point" in root else {}
    point = {name: axis.find(place[name]) if name in place else 0 for name, axis in built.items()}
    for name, node in place.items():
        if name not in built and name not in fixed and name not in select:
            node.fail(f"no axis of that name{suggestion(name, built)}")

    values, by_choice, figures = _selected(select, chosen, {column for axis in built.values() for column in axis.columns})
    for name, node in fixed.items():
        values[name] = _value(name, node)
        figures.pop(name, None)
    study = Study(
        title=root["title"].text,
        about=root["about"].text.strip() if "about" in root else "",
        file=file,
        axes=built,
        fixed=values,
        figures=figures,
        outputs=_outputs(root["outputs"], extra),
        point=point,
        claims=_claims(root["claims"]) if "claims" in root else {},
        equations=equations,
        selected={name: node.text for name, node in select.items()},
        by_choice=by_choice,
    )
    for name, node in late.items():
        for axis in [a for a in study.axes.values() if name in a.columns]:
            study = study.without(axis.name)
        study = replace(study, fixed={**study.fixed, name: _value(name, node)})
    _once(study, fixed, written)
    return _without_impossible(study, written)


def _value(name: str, node: Node) -> float:
    if name not in names():
        node.fail(f"unknown quantity{suggestion(name, names())}")
    if quantity(name).by:
        node.fail(f"{name} differs by {quantity(name).by}; select a catalogue entry that gives it")
    return quantity(name).read(node)


def _selected(
    select: Mapping[str, Node], chosen: Mapping[str, Node], on_axes: set[str]
) -> tuple[dict[str, float], dict[str, Values], dict[str, Figure]]:
    values: dict[str, float] = {}
    by_choice: dict[str, Values] = {}
    figures: dict[str, Figure] = {}
    for catalogue, node in select.items():
        found = axes.linked(catalogue, node.text, node, chosen)
        figures |= {name: figure for (name, _), figure in found.items()}
        for name in ({key for key, _ in found} | set(columns(catalogue))) - on_axes:
            cells = axes.column(parameters()[name], found)
            if parameters()[name].by:
                by_choice[name] = np.array(cells)
            elif not math.isnan(cells[0]):
                values[name] = cells[0]
    return values, by_choice, figures


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


def _without_impossible(study: Study, written: Mapping[str, Node]) -> Study:
    """Leave out the combinations of the split that no model and no GPU count of the study allows."""
    if "split" not in study.axes:
        return study
    registry.load()
    split = study.axes["split"]
    free = {"gpus", *columns("model"), *split.columns}
    judged = []
    for rule in registry.RULES.values():
        graph = resolve(rule.arguments, study.given, study.choices)
        if rule.guards and set(graph.inputs) <= free and set(graph.inputs) & set(split.columns):
            judged.append((rule, graph))
    reasons: set[str] = set()

    def impossible(label: int) -> bool:
        return any(_always(study, rule, graph, label, reasons) for rule, graph in judged)

    kept = axes.possible(split, impossible, written["split"], "; ".join(sorted(reasons)) or "no rule says why")
    labels = list(kept.labels or ())
    at = split.labels[study.point["split"]] if split.labels else ""
    point = {**study.point, "split": labels.index(at) if at in labels else 0}
    return replace(study, axes={**study.axes, "split": kept}, point=point)


def _always(study: Study, rule: registry.Rule, graph: Graph, label: int, reasons: set[str]) -> bool:
    """Whether one split breaks a rule wherever it stands."""
    try:
        dims = sorted({dim for name in graph.inputs for dim in study.table(name).dims} - {"split"})
    except SweepError:  # an input that the study does not give; what needs it will say so
        return False
    for place in itertools.product(*(range(study.axes[dim].size) for dim in dims)):
        point = evaluate(graph, study.inputs_at({**dict(zip(dims, place, strict=True)), "split": label}, graph))
        if call(rule.function, [point.values[a] for a in rule.arguments]) != 1.0:
            return False
    reasons.add(rule.meaning)
    return True
