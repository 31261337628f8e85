"""`sweep best`. What belongs here: the best points of a study or of a cube, printed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sweep.cli.options import as_json, overrides, print_json, tell_of_idle
from sweep.cli.rows import accuracy_of, axes_of, shown_units, text_of, unit_of_column

if TYPE_CHECKING:
    import xarray

    from sweep.study.definition import Study

TOLD_APART = 0.05  # of draws


@click.command(
    epilog='Example: sweep best configs/studies/gpt4.yaml --minimize facility_energy --where "time_to_train <= 90 d" --top 5 --per gpu'
)
@click.argument("subject", metavar="STUDY|CUBE")
@click.option("--minimize", metavar="QUANTITY", help="Look for the smallest value of this quantity.")
@click.option("--maximize", metavar="QUANTITY", help="Look for the largest value of this quantity.")
@click.option("--where", multiple=True, metavar="CONDITION", help='Only points that meet this, such as "facility_power <= 20 MW".')
@click.option("--top", type=click.IntRange(min=1), default=10, show_default=True, metavar="N", help="How many points.")
@click.option("--per", metavar="AXIS", help="The best points for each label of this axis.")
@overrides
@as_json
def best(
    subject: str,
    minimize: str | None,
    maximize: str | None,
    where: tuple[str, ...],
    top: int,
    per: str | None,
    set_: tuple[str, ...],
    axis: tuple[str, ...],
    as_json: bool,
) -> None:
    """Find the points with the smallest or largest value of a quantity.

    A study is searched as it is computed, and nothing of it is stored, however many points it has; a cube is read.
    """
    from sweep.analysis.search import best as search
    from sweep.study.definition import Study
    from sweep.study.where import conditions

    if (minimize is None) == (maximize is None):
        raise click.UsageError("say either --minimize QUANTITY or --maximize QUANTITY")
    opened = _opened(subject, set_, axis)
    name = minimize or maximize or ""
    rows = search(opened, name, where, top, maximize is not None, per)
    if isinstance(opened, Study):
        tell_of_idle(opened, set_, opened.graph_of([name, *(one for c in conditions(where) for one in c.names)]))
    units = {key: unit_of_column(opened, key) for key in (rows[0] if rows else {}) if key != "rank"}
    sure = _sure(opened, rows, name, maximize is not None, per)
    if as_json:
        rows = [{**row, **told} for row, told in zip(rows, sure, strict=True)]
        order = "largest first" if maximize else "smallest first"
        return print_json({"quantity": name, "order": order, "units": units, "accuracy": accuracy_of(opened, name), "rows": rows})
    if not rows:
        return click.echo("no point is possible and meets the conditions; `sweep run` or `sweep point` tells which rules exclude points")
    names = {name, *(one for c in conditions(where) for one in c.names)}
    shown = [key for key in rows[0] if key == "rank" or key in names or key in axes_of(opened)]
    bands = {name: [(told["p5"], told["p95"]) for told in sure]} if any(sure) else {}
    click.echo(text_of(rows, shown, units, shown_units(opened), bands))
    hidden = [key for key in rows[0] if key not in shown]
    if hidden:
        click.echo(f"\n--json tells the {', '.join(hidden[:4])}{' ...' if len(hidden) > 4 else ''} of each point, too")
    for line in [*_undecided(rows, sure, per), *(f"checked {line}" for line in accuracy_of(opened, name))]:
        click.echo(line)


def _opened(subject: str, set_: tuple[str, ...], axis: tuple[str, ...]) -> Study | xarray.Dataset:
    from sweep.cube.query import open_cube
    from sweep.study.parse import open_study

    path = Path(subject)
    if not path.is_dir() and path.suffix != ".zarr":
        return open_study(subject, set_, axis)
    if set_ or axis:
        raise click.UsageError("--set and --axis change a study; a cube is what it is")
    return open_cube(path)


def _sure(opened: Study | xarray.Dataset, rows: list[dict[str, Any]], name: str, maximize: bool, per: str | None) -> list[dict[str, float]]:
    """The band of each row, and how often it beats the first; nothing of a cube, whose points are not drawn again."""
    from importlib.util import find_spec

    from sweep.study.definition import Study

    if not isinstance(opened, Study) or not find_spec("scipy"):
        return [{} for _ in rows]
    from sweep.analysis.bands import ranked

    return ranked(opened, rows, name, maximize, per)


def _undecided(rows: list[dict[str, Any]], sure: list[dict[str, float]], per: str | None) -> list[str]:
    """Which rows may well be better than the first."""
    near = [(row, told["better"]) for row, told in zip(rows, sure, strict=True) if told.get("better", 0) >= TOLD_APART]
    if not near:
        return []
    said = [f"{f'{row[per]} ' if per else ''}{row['rank']} ({100 * share:.0f} %)" for row, share in near]
    return [f"cannot be told apart from the first (share of draws in which they are better): {', '.join(said)}"]


COMMANDS = (best,)
