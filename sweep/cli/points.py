"""`sweep point`. What belongs here: one point of a study, or one for each label of an axis, as text or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from sweep.cli.options import as_json, bands_can_be_drawn, more_outputs, overrides, per_axis, print_json, study_argument, warn_unused

if TYPE_CHECKING:
    from sweep.equations.interpret import PointValues
    from sweep.equations.registry import Rule
    from sweep.study.definition import Claim, Study
    from sweep.uncertainty.bands import Band
    from sweep.uncertainty.origins import Origin

WIDTH = 40  # characters of all bars together
SHOWN = 0.0005
FIT = "fit_probability"


@dataclass(frozen=True)
class Sure:
    """How sure quantities are: the band of each that something uncertain reaches.

    origins, gaps: of outputs, what the width of the band is from, and the share of draws that have no value.
    """

    bands: Mapping[str, Band]
    origins: Mapping[str, Origin]
    gaps: Mapping[str, float]


@click.command(epilog="Example: sweep point configs/studies/gpt4.yaml --set gpus=24960 --set pue=1.2")
@study_argument
@more_outputs
@overrides
@as_json
@click.option("--all", "everything", is_flag=True, help="Print the inputs, too, each with its source.")
@per_axis("The outputs for each label of this axis, side by side.")
def point(
    study: str, set_: tuple[str, ...], axis: tuple[str, ...], outputs: tuple[str, ...], as_json: bool, everything: bool, per: str | None
) -> None:
    """Evaluate a study at one point: every quantity with its unit. Needs no compiler.

    The point is the study's `point:`, else the first label of each axis. The outputs come first, then the intermediate
    quantities. Beside a value is its 90 % band: inputs are drawn from the ranges that their sources or the study give, predictions
    from their measured errors; `variance from` says how much is from which, and which input has most of it. Where a step of
    training is among the outputs, bars show where its time goes.

    \b
      sweep point gpt4 --per gpu
      sweep point gpt4 --axis training_method=all --per training_method    # modelled beside other estimates
    """
    from sweep.cube.dataset import check_finite
    from sweep.equations.interpret import compute_point
    from sweep.study.parse import open_study

    given = open_study(study, set_, axis, outputs)
    warn_unused(given, set_, given.graph)
    if not per:
        given = _with_fit(given)
    opened = given.stated
    if per:
        return _each(given, per, as_json)
    found = compute_point(opened.graph, opened.inputs_at(opened.point))
    check_finite(opened, found.values, opened.outputs, "this point")
    sure = _sure(given, found)
    if as_json:
        return print_json(_point_record(opened, found, sure))
    click.echo(_point_text(opened, found, sure, everything))


def _with_fit(study: Study) -> Study:
    """The study with the probability that it fits, where memory is computed."""
    known = {equation.name for equation in study.graph.equations}
    return replace(study, outputs={**study.outputs, FIT: "%"}) if "memory_per_gpu" in known and FIT not in study.outputs else study


def _sure(study: Study, found: PointValues) -> Sure:
    if not bands_can_be_drawn():
        return Sure({}, {}, {})
    from sweep.uncertainty.bands import bands_of, draws, gap
    from sweep.uncertainty.origins import origins

    known = draws(study, found.values)
    bands = bands_of(known)
    outputs = {name: known[name] for name in study.outputs if name in bands and found.values[name] == found.values[name]}
    return Sure(bands, origins(study, outputs), {name: share for name, values in outputs.items() if (share := gap(values))})


def _each(given: Study, per: str, as_json: bool) -> None:
    """The outputs at each label of an axis, where the study's point stands on the others."""
    from sweep.cube.dataset import check_finite
    from sweep.equations.interpret import compute_point
    from sweep.equations.quantities import quantity, unit_of
    from sweep.errors import SweepError, suggestion
    from sweep.query.text import aligned, band, table
    from sweep.uncertainty.bands import bands

    study = given.stated
    if per not in study.axes:
        raise SweepError(f"--per {per}: is no axis of the study{suggestion(per, study.axes)}")
    axis = study.axes[per]
    places = [{**study.point, per: at} for at in range(axis.size)]
    found = [compute_point(study.graph, study.inputs_at(at)).values for at in places]
    for place, values in enumerate(found):
        check_finite(study, values, study.outputs, f"{per} = {_label(study, per, place)}")
    sure = [bands(given, study.outputs, at) for at in places] if bands_can_be_drawn() else [{} for _ in places]
    if as_json:
        known = {name: quantity(name) for name in study.outputs}
        labels = [_label_told(study, per, at) for at in range(axis.size)]
        at, units = _at(study)
        del at[per]
        rows = [{per: label} | {n: known[n].told(values[n]) for n in known} for label, values in zip(labels, found, strict=True)]
        bounds = [{n: dict(zip(("p5", "p95"), ends, strict=True)) for n, ends in drawn.items()} for drawn in sure]
        units = {per: "1", **units} | {name: unit_of(name) for name in known}
        rows = [row | {"bands": ends} for row, ends in zip(rows, bounds, strict=True)]
        return print_json({"study": study.file, "at": at, "units": units, "rows": rows})
    lines = []
    for name, display_unit in study.outputs.items():
        unit, texts = aligned([values[name] for values in found], unit_of(name), display_unit)
        ends = [band(values[name], unit_of(name), drawn.get(name), unit) for values, drawn in zip(found, sure, strict=True)]
        cells = [f"{text} {span}".strip() for text, span in zip(texts, ends, strict=True)]
        lines.append((name if unit == "1" else f"{name} [{unit}]", *cells))
    held = [f"{name} = {_label(study, name, at)}" for name, at in study.point.items() if name != per]
    header = [per, *(_label(study, per, at) for at in range(axis.size))]
    click.echo("\n".join([f"{study.title} ({study.file})", *([f"at {', '.join(held)}"] if held else []), "", table(header, lines)]))


def _point_record(study: Study, found: PointValues, sure: Sure) -> dict[str, Any]:
    from sweep.equations.quantities import quantity
    from sweep.study.shares import step_shares

    quantities: dict[str, Any] = {}
    for name in dict.fromkeys([*study.outputs, *found.values]):
        known, value = quantity(name), found.values[name]
        quantities[name] = {"value": known.told(value), "unit": known.unit}
        if name in sure.bands and value == value:
            quantities[name] |= dict(zip(("p5", "p95"), sure.bands[name], strict=True))
            if origin := sure.origins.get(name):
                quantities[name]["variance"] = {"unit": "1", "predictions": origin.predictions, **origin.inputs}
            if name in sure.gaps:
                quantities[name]["infeasible"] = {"unit": "1", "value": sure.gaps[name]}
        if value != value:
            quantities[name]["status"] = _broken(study, found, name)
    if shares := step_shares(study):
        quantities["step_time"]["shares"] = {"unit": "1", **shares}
    at, units = _at(study)
    return {"study": study.file, "at": at, "units": units, "quantities": quantities}


def _at(study: Study) -> tuple[dict[str, Any], dict[str, str]]:
    """The label of each axis at which the study's point stands, and the units of those that are numbers."""
    from sweep.equations.quantities import unit_of

    at = {name: _label_told(study, name, place) for name, place in study.point.items()}
    return at, {name: unit_of(name) for name in at if not study.axes[name].labels}


def _label_told(study: Study, name: str, at: int) -> Any:
    from sweep.equations.quantities import quantity

    axis = study.axes[name]
    return axis.labels[at] if axis.labels else quantity(name).told(float(axis.columns[name][at]))


def _broken(study: Study, found: PointValues, name: str) -> list[str]:
    """The rules for which a quantity has no value."""
    return [rule.name for rule in found.broken if name in study.graph.excludes(rule)]


def _point_text(study: Study, found: PointValues, sure: Sure, everything: bool) -> str:
    from sweep.query.text import amount, table
    from sweep.study.shares import step_shares

    at = ", ".join(f"{name} = {_label(study, name, study.point[name])}" for name in study.axes)
    lines = [f"{study.title} ({study.file})", *([f"at {at}"] if at else []), ""]
    lines.append(_valued("output", study.outputs, found, sure, study.claims))
    for share in sorted({round(100 * share) for share in sure.gaps.values()} - {0}):
        said = ", ".join(name for name, gap in sure.gaps.items() if round(100 * gap) == share)
        lines.append(f"infeasible within the error in {share} % of draws, which are not in the band: {said}")
    lines.append("")
    held = _held(study)
    if found.broken:
        lines += [*(_rule_text(study, held, found, rule) for rule in found.broken), ""]
    if shares := step_shares(study):
        lines += [_waterfall(shares), ""]
    computed = {e.name: "" for e in study.graph.equations if e.name not in study.outputs}
    if computed:
        lines += [_valued("intermediate quantity", computed, found, sure), ""]
    lines += _checked(study, found.values)
    if everything:
        inputs = [(name, amount(name, found.values[name]), _origin(study, held, name)) for name in study.graph.inputs]
        lines.append(table(("input", "value", "from"), inputs, right=["value"]))
    else:
        figures = [held.figure(name) for name in study.graph.inputs if name not in held.fixed]
        guessed = sum(1 for figure in figures if figure and figure.assumed)
        inputs_there = f"{len(study.graph.inputs)} input{'' if len(study.graph.inputs) == 1 else 's'}"
        lines.append(f"{inputs_there}, {guessed} of them assumed: --all shows them; `sweep explain NAME` shows why")
    return "\n".join(lines)


def _valued(head: str, units: Mapping[str, str], found: PointValues, sure: Sure, claims: Mapping[str, Claim] | None = None) -> str:
    """Quantities with their values, with how sure they are where something uncertain reaches one of them, and with what a text prints."""
    from sweep.equations.quantities import meaning_of, unit_of
    from sweep.query.text import amount, band, table

    columns: dict[str, list[str]] = {head: [*units]}
    columns["value"] = [amount(name, found.values[name], unit) for name, unit in units.items()]
    columns["[5 %, 95 %]"] = [band(found.values[name], unit_of(name), sure.bands.get(name), unit) for name, unit in units.items()]
    columns["variance from"] = [str(sure.origins.get(name, "")) for name in units]
    for key in [key for key in ("[5 %, 95 %]", "variance from") if not any(columns[key])]:
        del columns[key]
    if claims:
        columns["printed"] = [(claims[name].printed or "-") if name in claims else "" for name in units]
        columns["note on the printed value, or meaning"] = [claims[name].note if name in claims else meaning_of(name) for name in units]
    else:
        columns["meaning"] = [meaning_of(name) for name in units]
    return table([*columns], zip(*columns.values(), strict=True), right=("value", "printed"))


def _rule_text(study: Study, held: Study, found: PointValues, rule: Rule) -> str:
    """A broken rule in words, with the values that break it; of a gap, the choices for which there is a figure."""
    from sweep.query.text import amount

    said = f"{'broken' if study.graph.excludes(rule) else 'warning'}: {rule.name}: {rule.meaning}"
    gaps = [name for name in rule.arguments if found.values[name] != found.values[name]]
    if gaps:
        there = [(label, words) for name in gaps for label, words in held.kinds(name).items()]
        return said + "".join(f"; {label} has it for: {', '.join(words)}" for label, words in there)
    return f"{said} ({', '.join(f'{name} = {amount(name, found.values[name])}' for name in rule.arguments[:6])})"


def _waterfall(shares: Mapping[str, float]) -> str:
    """The shares as bars, each beginning where the one before it ends; what is less than a twentieth of a percent is omitted."""
    from sweep.query.text import table

    lines, before = [], 0.0
    for name, share in shares.items():
        if share >= SHOWN:
            first, last = round(WIDTH * before), round(WIDTH * (before + share))
            lines.append((name, f"{100 * share:.1f} %", " " * first + "#" * max(last - first, 1)))
        before += share
    return table(("where the time goes", "share", ""), lines, right=("share",))


def _checked(study: Study, values: Mapping[str, float]) -> list[str]:
    """The measured errors of the quantities of a study's point, where published results give them."""
    from sweep.cli.rows import regime_text
    from sweep.query.text import table

    known = {e.name: study.regime(e.name, study.point) for e in study.graph.equations}
    rows = [(name, regime_text(regime, values)) for name, regime in known.items() if regime]
    return [table(("checked", "predictions against published results of its kind"), rows), ""] if rows else []


def _label(study: Study, name: str, at: int) -> str:
    from sweep.query.text import amount

    axis = study.axes[name]
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
    said = [", ".join(text for text in (figure.source, figure.at) if text)]
    said += [f"{key}: {text}" for key, text in (("assumed", figure.assumed), ("derived", figure.derived)) if text]
    return f"{held.input_values(name).origin}: {'; '.join(text for text in said if text)}"


COMMANDS = (point,)
