"""Why a quantity has its value: the chain of equations back to the inputs. What belongs here: a graph as text or as rows.

Without a study the chain is that of the default choices, and the inputs show where a value would come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sweep.catalog.accuracy import accuracy
from sweep.catalog.entries import entry_names
from sweep.catalog.parameters import Figure, parameters
from sweep.catalog.sources import sources
from sweep.catalog.units import show
from sweep.engine import plan
from sweep.equations import registry
from sweep.equations.graph import Graph, resolve
from sweep.equations.quantities import meaning_of, names, unit_of
from sweep.equations.quantities import quantity as described
from sweep.equations.registry import Equation
from sweep.errors import SweepError, suggestion
from sweep.study.definition import Study


def tree(quantity: str, study: Study | None = None) -> str:
    """The chain as an indented tree; a quantity that is needed twice is spelled out once."""
    graph = _graph(quantity, study)
    dims = plan.make(study, [quantity]).dims if study else None
    computed = {equation.name: equation for equation in graph.equations}
    lines: list[str] = []
    done: set[str] = set()
    cited: dict[str, None] = {}

    def add(name: str, said: str, lead: str, inner: str) -> None:
        unit = unit_of(name)
        axes = f"({', '.join(dims[name])})" if dims and dims[name] else ""
        head = f"{lead}{name}{axes}{'' if unit == '1' else f' [{unit}]'}: {said}"
        if name not in computed:
            lines.append(f"{head}{_value(name, study, cited, again=name in done)}")
            done.add(name)
            return
        if name in done:
            lines.append(f"{head} (see above)")
            return
        done.add(name)
        equation = computed[name]
        needs = graph.needs[name]
        cited[equation.source] = None
        lines.append(head)
        bar = f"{inner}{'|' if needs else ' '}   "
        lines.extend(f"{bar}{line}" for line in _formula(equation, needs))
        meanings = {a.name: a.meaning for a in equation.documented}
        for i, need in enumerate(needs):
            last = i == len(needs) - 1
            add(need, meanings.get(need, meaning_of(need)), f"{inner}{'`' if last else '|'}-- ", f"{inner}{' ' if last else '|'}   ")

    add(quantity, meaning_of(quantity), "", "")
    return "\n".join([*lines, *_rules(graph, cited), *_choices(graph, study), *_checked(graph, study), *_sources(cited)])


def record(quantity: str, study: Study | None = None) -> list[dict[str, Any]]:
    """The chain as rows, each after what it needs: equations with formula, source and axes, inputs with their value on no axis."""
    graph = _graph(quantity, study)
    dims = plan.make(study, [quantity]).dims if study else {}
    rows = []
    for name in (*graph.inputs, *(equation.name for equation in graph.equations)):
        row: dict[str, Any] = {"name": name, "unit": unit_of(name), "meaning": meaning_of(name)}
        equation = registry.EQUATIONS.get(name) if name not in graph.inputs else None
        if equation:
            row |= {"formula": equation.formula, "source": equation.source, "file": registry.file_of(equation), "needs": graph.needs[name]}
        elif study:
            held = study.input_values(name)
            row |= {"from": held.origin} | ({} if held.dims else {"value": described(name).told(float(held.values))})
        elif (known := parameters().get(name)) and known.default:
            row |= {"from": "default", "value": known.told(known.default.value)}
        rows.append(row | ({"axes": dims[name]} if study else {}))
    return rows


def flowchart(quantity: str, study: Study | None = None) -> str:
    """The chain as a Mermaid flowchart: equations in boxes, inputs rounded, arrows to what needs them."""
    graph = _graph(quantity, study)
    lines = ["flowchart LR"]
    for name in graph.inputs:
        lines.append(f'    {name}("{name} [{unit_of(name)}]")')
    for equation in graph.equations:
        lines.append(f'    {equation.name}["{equation.name} [{equation.unit}]"]')
    lines += [f"    {need} --> {equation.name}" for equation in graph.equations for need in graph.needs[equation.name]]
    return "\n".join(lines)


def code(quantity: str, study: Study) -> str:
    """The source of the nests that compute a quantity over its axes, as it is handed to the compiler."""
    from sweep.engine import blocks, compile

    if quantity in _graph(quantity, study).inputs:
        raise SweepError(f"{quantity}: is an input of {study.file}, so no nest computes it")
    program = blocks.program(plan.make(study, [quantity]))
    return compile.text([*program.exports.values(), *program.outputs.values()])


def _graph(quantity: str, study: Study | None) -> Graph:
    _known(quantity)
    if study:
        return study.graph_of([quantity])
    given = {name for rule in registry.RULES.values() for name in rule.if_given}  # so that no rule is missing
    return resolve([quantity], given, _default_choices())


def _default_choices() -> dict[str, float]:
    return {name: p.default.value for name, p in parameters().items() if p.choices and p.default}


def _known(quantity: str) -> None:
    if quantity not in names():
        raise SweepError(f"unknown quantity {quantity!r}{suggestion(quantity, names())}")


def _formula(equation: Equation, needs: tuple[str, ...]) -> list[str]:
    place = f"({equation.source}, {registry.file_of(equation)})"
    if equation.selects and len(needs) == 1:
        return [f"is {needs[0]}, as {equation.selects} chooses {place}"]
    first, *more = (equation.formula or "-").splitlines()
    return [f"{first}   {place}", *(line.strip() for line in more)]


def _value(name: str, study: Study | None, cited: dict[str, None], again: bool) -> str:
    """What an input is and where from; where it stands in the tree again, only what it is."""
    parameter = parameters().get(name)
    default = parameter.default if parameter else None
    if study is None:
        if default:
            return f" = {_shown(name, default.value)}" + ("" if again else f", the default{_origin(default, cited)}")
        return f" <- one of {len(entry_names(parameter.catalogue))} {parameter.catalogue}s" if parameter and parameter.catalogue else ""
    held = study.input_values(name)
    if held.dims:
        known = [f for axis in study.axes.values() for row in axis.rows for (key, _), f in row.figures.items() if key == name]
        cited.update({figure.source: None for figure in known if figure.source})
        guessed = sum(1 for figure in known if figure.assumed)
        ends = dict.fromkeys((_shown(name, float(held.values.min())), _shown(name, float(held.values.max()))))
        return f" = {' .. '.join(ends)}" + (f" ({guessed} of {len(known)} assumed)" if guessed and not again else "")
    said = f" = {_shown(name, float(held.values))}"
    if again:
        return said
    origin = {"study": "given by the study", "default": "the default"}.get(held.origin, f"of {held.origin}")
    figure = study.figure(name)
    return f"{said}, {origin}{_origin(figure, cited) if figure else ''}"


def _shown(name: str, value: float) -> str:
    known = described(name)
    return str(known.told(value)) if known.in_words else show(value, known.unit)


def _origin(figure: Figure, cited: dict[str, None]) -> str:
    if figure.source:
        cited[figure.source] = None
    said = [f"{figure.source}{f', {figure.at}' if figure.at else ''}" if figure.source else ""]
    said += [f"{key}: {text}" for key, text in (("assumed", figure.assumed), ("derived", figure.derived)) if text]
    return f" ({'; '.join(text for text in said if text)})"


def _rules(graph: Graph, cited: dict[str, None]) -> list[str]:
    if not graph.rules:
        return []
    cited.update({rule.source: None for rule in graph.rules})
    said = {rule: f"  {rule.name}: {rule.meaning} ({', '.join(rule.arguments)})" for rule in graph.rules}
    excluding = [text for rule, text in said.items() if graph.excludes(rule)]
    warning = [text for rule, text in said.items() if not graph.excludes(rule)]
    return [*(["", "no value where", *excluding] if excluding else []), *(["", "only a warning where", *warning] if warning else [])]


def _choices(graph: Graph, study: Study | None) -> list[str]:
    """The choices that decide which equations are in the chain."""
    fixed = study.choices if study else _default_choices()
    used = dict.fromkeys(e.selects for e in graph.equations if e.selects in fixed)
    lines = [f"  {name} = {_shown(name, fixed[name])}: of {', '.join(parameters()[name].choices)}" for name in used if name]
    return ["", "other choices lead to other equations", *lines] if lines else []


def _checked(graph: Graph, study: Study | None) -> list[str]:
    """The measured errors of the quantities of the chain, where published results give them: of all regimes, or of those of a study."""
    every = [(equation.name, regime) for equation in graph.equations for regime in accuracy().get(equation.name, ())]
    lines = [f"  {name}: {regime}" for name, regime in (study.checked(graph) if study else every)]
    return ["", "predictions against published results", *lines] if lines else []


def _sources(cited: Mapping[str, None]) -> list[str]:
    known = sources()
    lines = [f"  {key}: {known[key].title}, {known[key].reference} ({known[key].date})" for key in cited if key in known]
    return ["", "sources", *lines] if lines else []
