"""`sweep best`. What belongs here: the best points of a study or of a cube, printed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sweep.cli.options import as_json, overrides, print_json, tell_of_idle

if TYPE_CHECKING:
    import xarray

    from sweep.study.definition import Study


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
    units = {key: _unit(opened, key) for key in (rows[0] if rows else {}) if key != "rank"}
    if as_json:
        order = "largest first" if maximize else "smallest first"
        return print_json({"quantity": name, "order": order, "units": units, "accuracy": _accuracy(opened, name), "rows": rows})
    if not rows:
        return click.echo("no point is possible and meets the conditions; `sweep run` or `sweep point` tells which rules exclude points")
    names = {name, *(one for c in conditions(where) for one in c.names)}
    shown = [key for key in rows[0] if key == "rank" or key in names or key in _axes(opened)]
    click.echo(_text(rows, shown, units, _display(opened)))
    hidden = [key for key in rows[0] if key not in shown]
    if hidden:
        click.echo(f"\n--json tells the {', '.join(hidden[:4])}{' ...' if len(hidden) > 4 else ''} of each point, too")
    for line in _accuracy(opened, name):
        click.echo(f"checked {line}")


def _opened(subject: str, set_: tuple[str, ...], axis: tuple[str, ...]) -> Study | xarray.Dataset:
    from sweep.cube.query import open_cube
    from sweep.study.parse import open_study

    path = Path(subject)
    if not path.is_dir() and path.suffix != ".zarr":
        return open_study(subject, set_, axis)
    if set_ or axis:
        raise click.UsageError("--set and --axis change a study; a cube is what it is")
    return open_cube(path)


def _unit(opened: Study | xarray.Dataset, name: str) -> str:
    """The SI unit of a column; none for the labels of an axis in words."""
    from sweep.cube.query import unit_of
    from sweep.study.definition import Study

    if isinstance(opened, Study):
        from sweep.equations.quantities import quantity

        return "1" if name in opened.axes and opened.axes[name].labels else quantity(name).unit
    return unit_of(opened[name])


def _accuracy(opened: Study | xarray.Dataset, name: str) -> list[str]:
    """How far off a quantity was on published results, or what it follows from."""
    from sweep.cube.dataset import accuracies
    from sweep.study.definition import Study

    told = accuracies(opened.graph_of([name]), name) if isinstance(opened, Study) else opened[name].attrs.get("accuracy", "")
    return told.split("; ") if told else []


def _display(opened: Study | xarray.Dataset) -> Mapping[str, str]:
    """The units in which the study wants its outputs shown, which a cube keeps."""
    from sweep.study.definition import Study

    if isinstance(opened, Study):
        return opened.outputs
    return {str(name): held.attrs.get("display_units", "") for name, held in opened.data_vars.items()}


def _axes(opened: Study | xarray.Dataset) -> set[str]:
    from sweep.study.definition import Study

    return set(opened.axes) if isinstance(opened, Study) else set(map(str, opened.dims))


def _text(rows: list[dict[str, Any]], shown: list[str], units: dict[str, str], wanted: Mapping[str, str]) -> str:
    from sweep.cube.text import column, table

    columns: dict[str, list[str]] = {}
    for key in shown:
        values = [row[key] for row in rows]
        if any(isinstance(value, str) for value in values) or key == "rank":
            columns[key] = [str(value) for value in values]
            continue
        unit, texts = column(values, units[key], wanted.get(key, ""))
        columns[key if unit == "1" else f"{key} [{unit}]"] = texts
    return table(list(columns), zip(*columns.values(), strict=True), right=[key for key in columns if "[" in key])


COMMANDS = (best,)
