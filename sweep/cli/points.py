"""`sweep point` and `sweep compare`. What belongs here: one point of a study, or two against each other, as text or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sweep.cli.options import as_json, bands_can_be_drawn, more_outputs, overrides, picture, print_json, study_argument, warn_unused

if TYPE_CHECKING:
    from sweep.analysis.compare import Comparison
    from sweep.equations.interpret import PointValues
    from sweep.equations.registry import Rule
    from sweep.study.definition import Claim, Study
    from sweep.uncertainty.bands import Band

WIDTH = 40  # characters of all bars together
SHOWN = 0.0005


@click.command(epilog="Example: sweep point configs/studies/gpt4.yaml --set gpus=24960 --set pue=1.2")
@study_argument
@more_outputs
@overrides
@as_json
@click.option("--all", "everything", is_flag=True, help="Print the inputs, too, each with its source.")
def point(study: str, set_: tuple[str, ...], axis: tuple[str, ...], outputs: tuple[str, ...], as_json: bool, everything: bool) -> None:
    """Evaluate a study at one point: every quantity with its unit. Needs no compiler.

    The point is the study's `point:`, else the first label of each axis. The outputs come first, then the intermediate
    quantities. Beside a value is its 90 % band: inputs are drawn from the ranges that their sources or the study give, predictions
    from their measured errors. Where a step of training is among the outputs, bars show where its time goes.
    """
    from sweep.equations.interpret import compute_point
    from sweep.study.parse import open_study

    given = open_study(study, set_, axis, outputs)
    warn_unused(given, set_, given.graph)
    opened = given.stated
    found = compute_point(opened.graph, opened.inputs_at(opened.point))
    bands = _bands(given, found)
    if as_json:
        return print_json(_point_record(opened, found, bands))
    click.echo(_point_text(opened, found, bands, everything))


def _bands(study: Study, found: PointValues) -> dict[str, Band]:
    """The band of every quantity that something uncertain reaches; none where the package is not there that draws them."""
    from sweep.uncertainty.bands import bands

    return bands(study, found.values) if bands_can_be_drawn() else {}


def _point_record(study: Study, found: PointValues, bands: Mapping[str, Band]) -> dict[str, Any]:
    from sweep.equations.quantities import quantity
    from sweep.study.shares import step_shares

    record: dict[str, Any] = {}
    for name in dict.fromkeys([*study.outputs, *found.values]):
        known, value = quantity(name), found.values[name]
        record[name] = {"value": known.told(value), "unit": known.unit}
        if name in bands and value == value:
            record[name] |= dict(zip(("p5", "p95"), bands[name], strict=True))
        if value != value:
            record[name]["status"] = _broken(study, found, name)
    if shares := step_shares(study):
        record["step_time"]["shares"] = shares
    return record


def _broken(study: Study, found: PointValues, name: str) -> list[str]:
    """The rules for which a quantity has no value."""
    return [rule.name for rule in found.broken if name in study.graph.excludes(rule)]


def _point_text(study: Study, found: PointValues, bands: Mapping[str, Band], everything: bool) -> str:
    from sweep.cube.text import amount, table
    from sweep.study.shares import step_shares

    at = ", ".join(f"{name} = {_label(study, name)}" for name in study.axes)
    lines = [f"{study.title} ({study.file})", *([f"at {at}"] if at else []), ""]
    lines.append(_valued("output", study.outputs, found, bands, study.claims))
    lines.append("")
    held = _held(study)
    if found.broken:
        lines += [*(_rule_text(study, held, found, rule) for rule in found.broken), ""]
    if shares := step_shares(study):
        lines += [_waterfall(shares), ""]
    computed = {e.name: "" for e in study.graph.equations if e.name not in study.outputs}
    if computed:
        lines.append(_valued("intermediate quantity", computed, found, bands))
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


def _valued(
    head: str, units: Mapping[str, str], found: PointValues, bands: Mapping[str, Band], claims: Mapping[str, Claim] | None = None
) -> str:
    """Quantities with their values, with their bands where something uncertain reaches one of them, and with what a text prints."""
    from sweep.cube.text import amount, band, table
    from sweep.equations.quantities import meaning_of

    columns: dict[str, list[str]] = {head: [*units]}
    columns["value"] = [amount(name, found.values[name], unit) for name, unit in units.items()]
    columns["[5 %, 95 %]"] = [band(name, found.values[name], bands.get(name), unit) for name, unit in units.items()]
    if not any(columns["[5 %, 95 %]"]):
        del columns["[5 %, 95 %]"]
    if claims:
        columns["printed"] = [(claims[name].printed or "-") if name in claims else "" for name in units]
        columns["note on the printed value, or meaning"] = [claims[name].note if name in claims else meaning_of(name) for name in units]
    else:
        columns["meaning"] = [meaning_of(name) for name in units]
    return table([*columns], zip(*columns.values(), strict=True), right=("value", "printed"))


def _rule_text(study: Study, held: Study, found: PointValues, rule: Rule) -> str:
    """A broken rule in words, with the values that break it; of a gap, the choices for which there is a figure."""
    from sweep.cube.text import amount

    said = f"{'broken' if study.graph.excludes(rule) else 'warning'}: {rule.name}: {rule.meaning}"
    gaps = [name for name in rule.arguments if found.values[name] != found.values[name]]
    if gaps:
        there = [(label, words) for name in gaps for label, words in held.kinds(name).items()]
        return said + "".join(f"; {label} has it for: {', '.join(words)}" for label, words in there)
    return f"{said} ({', '.join(f'{name} = {amount(name, found.values[name])}' for name in rule.arguments[:6])})"


def _waterfall(shares: Mapping[str, float]) -> str:
    """The shares as bars, each beginning where the one before it ends; what is less than a twentieth of a percent is left out."""
    from sweep.cube.text import table

    lines, before = [], 0.0
    for name, share in shares.items():
        if share >= SHOWN:
            first, last = round(WIDTH * before), round(WIDTH * (before + share))
            lines.append((name, f"{100 * share:.1f} %", " " * first + "#" * max(last - first, 1)))
        before += share
    return table(("where the time goes", "share", ""), lines, right=("share",))


def _checked(study: Study) -> list[str]:
    """The measured errors of the quantities of a study, where published results give them."""
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
    return f"{held.input_values(name).origin}: {'; '.join(text for text in said if text)}"


@click.command(epilog="Example: sweep compare gpt4 --with gpu=h100-sxm --with gpus=9600 --of training_energy")
@click.argument("one", metavar="STUDY|CUBE")
@click.argument("other", metavar="[STUDY|CUBE]", required=False)
@click.option("--with", "changes", multiple=True, metavar="NAME=VALUE", help="Set this in the second alone; gpu=h100-sxm, pue=1.1.")
@click.option("--of", "quantity", metavar="QUANTITY", help="Attribute the change of this output to the inputs; else of the first.")
@picture("the attribution")
@more_outputs
@overrides
@as_json
def compare(
    one: str,
    other: str | None,
    changes: tuple[str, ...],
    quantity: str | None,
    plot: Path | None,
    outputs: tuple[str, ...],
    set_: tuple[str, ...],
    axis: tuple[str, ...],
    as_json: bool,
) -> None:
    """Compare two points: the inputs that differ, the change of each output, and which input it is from.

    The points are those at which two studies, or the studies of two cubes, stand; without a second, the first is changed by --with.
    A change is attributed by Shapley values: what an input adds when it is changed, averaged over all orders of the changes.
    """
    from sweep.analysis.compare import compare as found_between
    from sweep.equations.quantities import unit_of

    first = _opened(one, set_, axis, outputs)
    second = _opened(other or one, [*set_, *changes], axis, outputs)
    found = found_between(first, second, quantity)
    display_units = {**second.outputs, **first.outputs}
    if plot:
        from sweep.plot.compare import waterfall

        waterfall(plot, found, unit_of(found.quantity), display_units.get(found.quantity, ""))
    if as_json:
        return print_json(_comparison_record(found))
    click.echo(_comparison_text(found, display_units))


def _opened(path: str, set_: Any, axis: tuple[str, ...], outputs: tuple[str, ...]) -> Study:
    from sweep.cube.compute import study_of
    from sweep.study.parse import open_study

    file = Path(path)
    if file.is_dir() or file.suffix == ".zarr":
        return study_of(file, set_)
    return open_study(path, set_, axis, outputs)


def _comparison_record(found: Comparison) -> dict[str, Any]:
    from sweep.equations.quantities import names, quantity

    units = {name: quantity(name).unit for name in [*found.outputs, *(name for name in found.inputs if name in names())]}
    outputs = {
        name: {"before": c.before, "after": c.after, "difference": c.difference, "ratio": c.ratio} for name, c in found.outputs.items()
    }
    inputs = {name: {"before": before, "after": after} for name, (before, after) in found.inputs.items()}
    parts = {"quantity": found.quantity, "parts": found.parts, "method": found.method}
    return {"units": units, "inputs": inputs, "outputs": outputs, "attribution": parts}


def _comparison_text(found: Comparison, display_units: dict[str, str]) -> str:
    from sweep.cube.text import aligned, amount, table
    from sweep.equations.quantities import names, unit_of

    def told(name: str, value: str | float) -> str:
        return value if isinstance(value, str) else amount(name, value) if name in names() else f"{value:g}"

    inputs = [(name, told(name, before), told(name, after)) for name, (before, after) in found.inputs.items()]
    rows = []
    for name, change in found.outputs.items():
        unit, texts = aligned([change.before, change.after, change.difference], unit_of(name), display_units.get(name, ""))
        ratio = f"{change.ratio:.4g}" if change.ratio == change.ratio else "-"
        rows.append((name if unit == "1" else f"{name} [{unit}]", *texts, ratio))
    lines = [table(("input", "before", "after"), inputs, right=("before", "after")) if inputs else "No input differs.", ""]
    lines.append(table(("output", "before", "after", "difference", "ratio"), rows, right=("before", "after", "difference", "ratio")))
    if found.parts:
        whole = found.outputs[found.quantity].difference
        unit, texts = aligned([*found.parts.values(), whole], unit_of(found.quantity), display_units.get(found.quantity, ""))
        shares = [f"{100 * part / whole:.3g} %" if whole else "-" for part in [*found.parts.values(), whole]]
        parts = zip([*found.parts, "in all"], texts, shares, strict=True)
        title = found.quantity if unit == "1" else f"{found.quantity} [{unit}]"
        lines += ["", table(("changed by", title, "share"), parts, right=(title, "share"))]
    return "\n".join([*lines, "", f"attribution: {found.method}"])


COMMANDS = (point, compare)
