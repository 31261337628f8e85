"""`sweep solve`. What belongs here: the input that meets a target, printed."""

from __future__ import annotations

import click

from sweep.cli.options import as_json, overrides, print_json, study_argument, tell_of_idle
from sweep.cli.rows import text_of, unit_of_column


@click.command(epilog='Example: sweep solve gpt4 gpus --for "time_to_train = 90 d" --where "facility_power <= 50 MW" --per gpu')
@study_argument
@click.argument("name", metavar="INPUT")
@click.option("--for", "target", required=True, metavar="TARGET", help='What is to be reached, such as "facility_power <= 50 MW".')
@click.option("--where", multiple=True, metavar="CONDITION", help='Only points that meet this, such as "pue <= 1.2".')
@click.option("--per", metavar="AXIS", help="An answer for each label of this axis.")
@overrides
@as_json
def solve(
    study: str,
    name: str,
    target: str,
    where: tuple[str, ...],
    per: str | None,
    set_: tuple[str, ...],
    axis: tuple[str, ...],
    as_json: bool,
) -> None:
    """Find what an input must be for a target: the smallest or largest value that reaches it, over all points of a study.

    An input on an axis is answered by a label of it. With "=" a continuous input is solved for, inside its axis or its bounds. All other
    axes are free: the answer names the point that needs least of the input, or allows most of it.
    """
    from sweep.analysis.solve import inequality
    from sweep.analysis.solve import solve as search
    from sweep.study.parse import open_study
    from sweep.study.where import conditions

    opened = open_study(study, set_, axis)
    rows = search(opened, name, target, where, per)
    asked = dict.fromkeys(one for c in conditions([inequality(target), *where]) for one in c.names)
    tell_of_idle(opened, (), opened.graph_of([*asked]))
    keys = dict.fromkeys(key for row in rows for key in row if key not in ("answer", "why"))
    units = {key: unit_of_column(opened, key) for key in keys}
    if as_json:
        return print_json({"input": name, "target": target, "units": units, "rows": rows})
    first = [*([per] if per else []), name]
    shown = [*first, "answer", *(key for key in keys if key not in first and (key in asked or key in opened.axes))]
    shown += ["why"] if any("why" in row for row in rows) else []
    filled = [{key: row.get(key, "") for key in shown} for row in rows]
    click.echo(text_of(filled, shown, units, opened.outputs))


COMMANDS = (solve,)
