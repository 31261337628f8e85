"""`sweep point`. What belongs here: one point of a study, every quantity with its unit, as text or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sweep.cli.options import as_json, overrides, print_json, study_argument, tell_of_idle

if TYPE_CHECKING:
    from sweep.equations.point import Point
    from sweep.equations.registry import Rule
    from sweep.study.definition import Study


@click.command(epilog="Example: sweep point configs/studies/gpt4.yaml --set gpus=24960 --set pue=1.2")
@study_argument
@overrides
@as_json
@click.option("--all", "everything", is_flag=True, help="Print the inputs, too, each with where it is from.")
def point(study: str, set_: tuple[str, ...], axis: tuple[str, ...], as_json: bool, everything: bool) -> None:
    """Evaluate a study at one point: every quantity with its unit. Needs no compiler.

    The point is where the study's `point:` stands, else the first label of each axis. The outputs come first, then all that
    is computed on the way.
    """
    from sweep.equations.point import evaluate
    from sweep.study.parse import open_study

    opened = open_study(study, set_, axis)
    tell_of_idle(opened, set_, opened.graph)
    found = evaluate(opened.graph, opened.inputs_at(opened.point))
    if as_json:
        return print_json(_point_record(opened, found))
    click.echo(_point_text(opened, found, everything))


def _point_record(study: Study, found: Point) -> dict[str, Any]:
    from sweep.cube.text import in_unit
    from sweep.equations.quantities import quantity

    record: dict[str, Any] = {}
    for name in dict.fromkeys([*study.outputs, *found.values]):
        known, value = quantity(name), found.values[name]
        unit = study.outputs.get(name) or known.unit
        record[name] = {"value": in_unit(value, known.unit, unit), "unit": unit}
        if known.choices and value == value:
            record[name]["value"] = known.choices[int(value)]
        if value != value:
            record[name]["status"] = _broken(study, found, name)
    return record


def _broken(study: Study, found: Point, name: str) -> list[str]:
    """The rules for which a quantity has no value."""
    return [rule.name for rule in found.broken if name in study.graph.excludes(rule)]


def _point_text(study: Study, found: Point, everything: bool) -> str:
    from sweep.cube.text import amount, table
    from sweep.equations.quantities import meaning_of

    at = ", ".join(f"{name} = {_label(study, name)}" for name in study.axes)
    lines = [f"{study.title} ({study.file})", *([f"at {at}"] if at else []), ""]
    if study.claims:
        claims = []
        for name, unit in study.outputs.items():
            claim = study.claims.get(name)
            printed, note = (claim.printed or "-", claim.note) if claim else ("", meaning_of(name))
            claims.append((name, amount(name, found.values[name], unit), printed, note))
        lines.append(table(("output", "value", "printed", "what is off in print, or what it is"), claims, right=("value", "printed")))
    else:
        outputs = [(name, amount(name, found.values[name], unit), meaning_of(name)) for name, unit in study.outputs.items()]
        lines.append(table(("output", "value", "meaning"), outputs, right=["value"]))
    lines.append("")
    held = _held(study)
    if found.broken:
        lines += [*(_told(study, held, found, rule) for rule in found.broken), ""]
    computed = [e.name for e in study.graph.equations if e.name not in study.outputs]
    rows = [(name, amount(name, found.values[name]), meaning_of(name)) for name in computed]
    if rows:
        lines.append(table(("on the way", "value", "meaning"), rows, right=["value"]))
    lines += ["", *_checked(study)]
    if everything:
        inputs = [(name, amount(name, found.values[name]), _origin(study, held, name)) for name in study.graph.inputs]
        lines.append(table(("input", "value", "from"), inputs, right=["value"]))
    else:
        figures = [held.figure(name) for name in study.graph.inputs if name not in held.fixed]
        guessed = sum(1 for figure in figures if figure and figure.assumed)
        inputs_there = f"{len(study.graph.inputs)} input{'' if len(study.graph.inputs) == 1 else 's'}"
        lines.append(f"{inputs_there}, {guessed} of them assumed: --all shows them; `sweep explain NAME` shows why")
    return "\n".join(lines)


def _told(study: Study, held: Study, found: Point, rule: Rule) -> str:
    """A broken rule in words, with the values that break it; of a gap, the choices for which there is a figure."""
    from sweep.cube.text import amount

    said = f"{'broken' if study.graph.excludes(rule) else 'warning'}: {rule.name}: {rule.meaning}"
    gaps = [name for name in rule.arguments if found.values[name] != found.values[name]]
    if gaps:
        there = [(label, words) for name in gaps for label, words in held.kinds(name).items()]
        return said + "".join(f"; {label} has it for: {', '.join(words)}" for label, words in there)
    return f"{said} ({', '.join(f'{name} = {amount(name, found.values[name])}' for name in rule.arguments[:6])})"


def _checked(study: Study) -> list[str]:
    """How far off the quantities of a study were where published results say it."""
    from sweep.cube.text import table

    rows = [(name, str(line)) for name, line in study.graph.checked]
    return [table(("checked", "predictions against published results"), rows), ""] if rows else []


def _label(study: Study, name: str) -> str:
    from sweep.cube.text import amount

    axis, at = study.axes[name], study.point[name]
    return axis.labels[at] if axis.labels else amount(name, float(axis.columns[name][at]))


def _held(study: Study) -> Study:
    """The study at its point, without axes."""
    for name in study.axes:
        study = study.without(name)
    return study


def _origin(study: Study, held: Study, name: str) -> str:
    """Where the value of an input at the point is from; `held` is the study at its point."""
    figure = held.figure(name) if name not in held.fixed else None
    if figure is None:
        return next((f"axis {axis.name}" for axis in study.axes.values() if name in axis.columns), "the study")
    said = [", ".join(text for text in (figure.source, figure.where) if text)]
    said += [f"{key}: {text}" for key, text in (("assumed", figure.assumed), ("derived", figure.derived)) if text]
    return f"{held.table(name).origin}: {'; '.join(text for text in said if text)}"


COMMANDS = (point,)
