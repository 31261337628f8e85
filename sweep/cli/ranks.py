"""`sweep best`. What belongs here: the best points of a study or of a cube, printed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sweep.cli.options import as_json, overrides, print_json, tell_of_idle
from sweep.cli.rows import accuracy_of, axes_of, shown_units, text_of, unit_of_column

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
    units = {key: unit_of_column(opened, key) for key in (rows[0] if rows else {}) if key != "rank"}
    if as_json:
        order = "largest first" if maximize else "smallest first"
        return print_json({"quantity": name, "order": order, "units": units, "accuracy": accuracy_of(opened, name), "rows": rows})
    if not rows:
        return click.echo("no point is possible and meets the conditions; `sweep run` or `sweep point` tells which rules exclude points")
    names = {name, *(one for c in conditions(where) for one in c.names)}
    shown = [key for key in rows[0] if key == "rank" or key in names or key in axes_of(opened)]
    click.echo(text_of(rows, shown, units, shown_units(opened)))
    hidden = [key for key in rows[0] if key not in shown]
    if hidden:
        click.echo(f"\n--json tells the {', '.join(hidden[:4])}{' ...' if len(hidden) > 4 else ''} of each point, too")
    for line in accuracy_of(opened, name):
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


COMMANDS = (best,)
