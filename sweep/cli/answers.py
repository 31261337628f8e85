"""`sweep best`, `pareto` and `solve`. What belongs here: points found among those of a study or of a cube, printed or drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sweep.cli.options import as_json, bands_can_be_drawn, more_outputs, overrides, per_axis, picture, print_json, warn_unused
from sweep.cli.rows import RESERVED, accuracy_of, axes_of, display_units_of, held_in, open_subject, text_of, unit_of_column

if TYPE_CHECKING:
    import xarray

    from sweep.analysis.ranking import Ranking, Why
    from sweep.study.definition import Study

SHOWN = 40  # rows of a front
TOLD_APART = 0.05  # of draws


@click.command(
    short_help="Find the points where a quantity is smallest or largest.",
    epilog='Example: sweep best configs/studies/gpt4.yaml --minimize facility_energy --where "time_to_train <= 90 d" --top 5 --per gpu',
)
@click.argument("subject", metavar="STUDY|CUBE")
@click.option("--minimize", metavar="QUANTITY", help='Look for the smallest value, also of "0.7*energy_cost + 0.3*time_to_train".')
@click.option("--maximize", metavar="QUANTITY", help="Look for the largest value of this quantity.")
@click.option("--where", multiple=True, metavar="CONDITION", help='Only points that meet this, such as "facility_power <= 20 MW".')
@click.option("--top", type=click.IntRange(min=1), default=10, show_default=True, metavar="N", help="How many different answers.")
@per_axis("The best points for each label of this axis.")
@more_outputs
@overrides
@as_json
def best(
    subject: str,
    minimize: str | None,
    maximize: str | None,
    where: tuple[str, ...],
    top: int,
    per: str | None,
    outputs: tuple[str, ...],
    set_: tuple[str, ...],
    axis: tuple[str, ...],
    as_json: bool,
) -> None:
    """Find the points with the smallest or largest value of a quantity.

    A study is searched as it is computed, without storing its grid; a cube is read. Points of equal
    value are one row. Several quantities are added with weights, each divided by the best value that it has alone: a score of 1 is
    the best that there is in all of them at once.
    """
    from sweep.analysis.search import best as search
    from sweep.study.conditions import conditions
    from sweep.study.definition import Study

    if (minimize is None) == (maximize is None):
        raise click.UsageError("say either --minimize QUANTITY or --maximize QUANTITY")
    opened = open_subject(subject, set_, axis, outputs)
    found = search(opened, minimize or maximize or "", where, top, maximize is not None, per)
    names = dict.fromkeys([*found.quantities, *(name for c in conditions(where, held_in(opened)) for name in c.names)])
    if isinstance(opened, Study):
        warn_unused(opened, set_, opened.graph_of([*names, *outputs]))
    rows = found.rows or ([dict(found.why.nearest)] if found.why and found.why.nearest else [])
    units = {key: unit_of_column(opened, key) for key in (rows[0] if rows else {}) if key not in RESERVED}
    leading = [row for row in found.rows if row["rank"] == 1]
    accuracy = {name: accuracy_of(opened, name, leading) for name in found.quantities}
    sure = _sure(opened, found, maximize is not None, per)
    if as_json:
        order = "largest first" if maximize else "smallest first"
        record: dict[str, Any] = {"quantity": minimize or maximize, "weights": {"unit": "1", **found.weights}, "order": order}
        record["rows"] = [{**row, **told} for row, told in zip(found.rows, sure, strict=True)]
        record["units"] = units | {key: "1" for key in ("score", "better", "infeasible") if any(key in row for row in record["rows"])}
        none = {"removed": found.why.removed, "points": found.why.points, "nearest": found.why.nearest} if found.why else {}
        proof = {"proof": vars(found.proof)} if found.proof else {}
        return print_json({**record, **none, **proof, "omitted": found.omitted, "accuracy": accuracy})
    shown = [key for key in (rows[0] if rows else {}) if key in ("rank", "score", *names, *outputs) or key in axes_of(opened)]
    if found.rows:
        ranked_by = found.quantities[0] if len(found.quantities) == 1 else "score"
        bands = {ranked_by: [tuple(told["bands"][ranked_by].values()) if "bands" in told else None for told in sure]} if any(sure) else {}
        click.echo(text_of(rows, shown, units, display_units_of(opened), bands))
    elif found.why:
        click.echo(_none(found.why, text_of(rows, shown, units, display_units_of(opened)) if rows else ""))
    if found.proof:
        click.echo(f"proof: {found.proof}")
    for label, gaps in found.omitted.items():
        click.echo(f"omitted: {label} (no {', no '.join(gaps)})")
    hidden = [key for key in (found.rows[0] if found.rows else {}) if key not in shown and key not in RESERVED]
    if hidden:
        click.echo(f"\n--json also prints {', '.join(hidden[:4])}{' ...' if len(hidden) > 4 else ''}")
    checked = dict.fromkeys(f"checked {line}" for lines in accuracy.values() for line in lines)
    for line in [*_infeasible(found.rows, sure, per), *_undecided(found.rows, sure, per, top), *checked]:
        click.echo(line)


def _none(why: Why, nearest: str) -> str:
    """What keeps all points from being feasible, and the point that comes nearest."""
    from sweep.query.text import table

    removed = sorted(why.removed.items(), key=lambda item: -item[1])
    lines = [f"no feasible point among {why.points:,}", ""]
    cells = [(name, f"{count:,}", f"{100 * count / why.points:.3g} %") for name, count in removed]
    lines += [table(("removed by", "points", "of all"), cells, right=["points", "of all"])] if removed else []
    return "\n".join([*lines, *(["", "the nearest point", nearest] if nearest else [])])


def _sure(opened: Study | xarray.Dataset, found: Ranking, maximize: bool, per: str | None) -> list[dict[str, Any]]:
    """The band of each row, and how often it beats the first; nothing of a cube, whose points are not drawn again."""
    from sweep.study.definition import Study

    if not isinstance(opened, Study) or not found.rows or not bands_can_be_drawn():
        return [{} for _ in found.rows]
    from sweep.uncertainty.bands import ranked

    return ranked(opened, found.rows, found.scales, maximize, per)


def _infeasible(rows: list[dict[str, Any]], sure: list[dict[str, Any]], per: str | None) -> list[str]:
    """Which rows break a rule in some draws, such as a deadline that holds for what is predicted but not with its error."""
    near = [(row, told["infeasible"]) for row, told in zip(rows, sure, strict=True) if told.get("infeasible", 0) >= TOLD_APART]
    said = ", ".join(f"{f'{row[per]} ' if per else ''}{row['rank']} {100 * share:.0f} %" for row, share in near)
    return [f"infeasible within the error, so not in the band (share of draws): {said}"] if near else []


def _undecided(rows: list[dict[str, Any]], sure: list[dict[str, Any]], per: str | None, top: int) -> list[str]:
    """Which rows may well be better than the first, of each label of `per`."""
    groups: dict[Any, list[tuple[int, float]]] = {}
    for row, told in zip(rows, sure, strict=True):
        groups.setdefault(row[per] if per else "", []).append((row["rank"], told.get("better", 0)))
    lines = []
    for label, ranks in groups.items():
        near = [(rank, share) for rank, share in ranks if share >= TOLD_APART]
        if near:
            last = near[-1][0]
            named = [str(rank) for rank in (1, *(rank for rank, _ in near))]
            which = f"1 to {last}" if 2 < last == len(named) else f"{', '.join(named[:-1])} and {last}"
            chances = ", ".join(f"{rank} {100 * share:.0f} %" for rank, share in near)
            more = f"; so may others beyond --top {top}" if last == top else ""
            first = f"{label}: " if per else ""
            lines.append(f"{first}{which} differ by less than the error; choose by other grounds (better than the first: {chances}{more})")
    return lines


@click.command(
    short_help="Find the Pareto front of two or three quantities.",
    epilog='Example: sweep pareto gpt4 --minimize time_to_train --minimize facility_energy --where "facility_power <= 50 MW" --per gpu',
)
@click.argument("subject", metavar="STUDY|CUBE")
@click.option("--minimize", multiple=True, metavar="QUANTITY", help="A quantity to minimize; may be repeated.")
@click.option("--maximize", multiple=True, metavar="QUANTITY", help="A quantity to maximize; may be repeated.")
@click.option("--where", multiple=True, metavar="CONDITION", help='Only points that meet this, such as "facility_power <= 20 MW".')
@per_axis("A front for each label of this axis.")
@picture("the front")
@more_outputs
@overrides
@as_json
def pareto(
    subject: str,
    minimize: tuple[str, ...],
    maximize: tuple[str, ...],
    where: tuple[str, ...],
    per: str | None,
    plot: Path | None,
    outputs: tuple[str, ...],
    set_: tuple[str, ...],
    axis: tuple[str, ...],
    as_json: bool,
) -> None:
    """Find the Pareto front of two or three quantities: the points that no other point dominates.

    A study is searched as it is computed, without storing its grid; a cube is read. Equal points are one row. Speed
    against throughput in serving, or cost against carbon of training:

    \b
      sweep pareto query-energy --maximize output_rate_per_user --maximize output_rate_per_gpu --plot front.png
      sweep pareto gpt4 --minimize energy_cost --minimize operational_carbon --axis site=us-tx,us-wa,france
    """
    from sweep.analysis.pareto import pareto as search
    from sweep.study.conditions import conditions
    from sweep.study.definition import Study

    opened = open_subject(subject, set_, axis, outputs)
    quantities = [*minimize, *maximize]
    rows = search(opened, minimize, maximize, where, per)
    asked = dict.fromkeys([*quantities, *(name for c in conditions(where, held_in(opened)) for name in c.names)])
    if isinstance(opened, Study):
        warn_unused(opened, set_, opened.graph_of([*asked, *outputs]))
    units = {key: unit_of_column(opened, key) for key in (rows[0] if rows else {})}
    accuracy = {name: accuracy_of(opened, name, rows) for name in quantities}
    if plot and rows:
        from sweep.plot.pareto import front

        front(plot, rows, quantities, units, display_units_of(opened), per)
    if as_json:
        return print_json({"minimize": minimize, "maximize": maximize, "units": units, "accuracy": accuracy, "rows": rows})
    if not rows:
        return click.echo("no feasible point satisfies the constraints; `sweep run` or `sweep point` shows which rules exclude points")
    some = [rows[i * (len(rows) - 1) // (SHOWN - 1)] for i in range(SHOWN)] if len(rows) > SHOWN else rows
    shown = [key for key in rows[0] if key in (*asked, *outputs) or key in axes_of(opened)]
    click.echo(text_of(some, shown, units, display_units_of(opened)))
    click.echo(f"\n{len(some)} of {len(rows):,} points of the front; --json has all, with the outputs of each")
    for line in dict.fromkeys(line for name in quantities for line in accuracy[name]):
        click.echo(f"checked {line}")


@click.command(
    short_help="Find what an input must be to meet a target.",
    epilog='Example: sweep solve gpt4 gpus --for "time_to_train = 90 d" --where "facility_power <= 50 MW" --per gpu',
)
@click.argument("subject", metavar="STUDY|CUBE")
@click.argument("name", metavar="INPUT")
@click.option("--for", "target", required=True, metavar="TARGET", help='What is to be reached, such as "facility_power <= 50 MW".')
@click.option("--where", multiple=True, metavar="CONDITION", help='Only points that meet this, such as "pue <= 1.2".')
@click.option("--per", multiple=True, metavar="AXIS", help="An answer for each label of this axis; for each cell of several.")
@more_outputs
@overrides
@as_json
def solve(
    subject: str,
    name: str,
    target: str,
    where: tuple[str, ...],
    per: tuple[str, ...],
    outputs: tuple[str, ...],
    set_: tuple[str, ...],
    axis: tuple[str, ...],
    as_json: bool,
) -> None:
    """Find what an input must be for a target: the smallest or largest value that reaches it, over all points of a study.

    An input on an axis is answered by a label of it. With "=" a continuous input of a study is solved for, inside its axis or its bounds.
    Axes without --per are free: the answer names the first point that needs least of the input, or allows most of it. Where the target
    begins or ceases to be met more than once, `crossings` says at which values.

    \b
      sweep solve gpt4 pue --for "facility_energy = 30 GWh" --per gpu --per split --set gpus=24960
    """
    from sweep.analysis.solve import inequality
    from sweep.analysis.solve import solve as search
    from sweep.query.text import amount
    from sweep.study.conditions import conditions
    from sweep.study.definition import Study

    opened = open_subject(subject, set_, axis, outputs)
    rows = search(opened, name, target, where, per).rows
    asked = dict.fromkeys(one for c in conditions([inequality(target), *where], held_in(opened)) for one in c.names)
    if isinstance(opened, Study):
        warn_unused(opened, (), opened.graph_of([*asked]))
    keys = dict.fromkeys(key for row in rows for key in row if key not in ("answer", "why", "crossings"))
    units = {key: unit_of_column(opened, key) for key in keys}
    accuracy = _accuracy_of_answers(opened, name, conditions([inequality(target)], held_in(opened))[0].names, rows)
    if as_json:
        return print_json({"input": name, "target": target, "units": units, "accuracy": accuracy, "rows": rows})
    first = [*per, name]
    shown = [*first, "answer", *(key for key in keys if key not in first and (key in (*asked, *outputs) or key in axes_of(opened)))]
    shown += [key for key in ("crossings", "why") if any(key in row for row in rows)]
    told = [row | {"crossings": ", ".join(amount(name, value) for value in row.get("crossings", ()))} for row in rows]
    empty = {key: "" if any(isinstance(row.get(key), str) for row in told) else math.nan for key in shown}
    filled = [{key: row.get(key, empty[key]) for key in shown} for row in told]
    click.echo(text_of(filled, shown, units, display_units_of(opened)))
    for line in dict.fromkeys(line for lines in accuracy.values() for line in lines):
        click.echo(f"checked {line}")


def _accuracy_of_answers(
    opened: Study | xarray.Dataset, name: str, quantities: Iterable[str], rows: Iterable[Mapping[str, Any]]
) -> dict[str, list[str]]:
    """The measured errors of what a target is about, in the regimes of the answers, where the input is what was found."""
    import numpy as np

    from sweep.study.axes import Axis
    from sweep.study.definition import Study

    met = [row for row in rows if row["answer"] != "none"]
    if not met:
        return {}
    if isinstance(opened, Study) and name not in opened.axes:
        axis = Axis(name, None, {name: np.array(sorted({float(row[name]) for row in met}))}, place=opened.file)
        opened = replace(opened, axes={**opened.axes, name: axis}, point={**opened.point, name: 0})
    return {one: accuracy_of(opened, one, met) for one in quantities}


COMMANDS = (best, pareto, solve)
