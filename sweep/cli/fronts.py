"""`sweep pareto`. What belongs here: the best trade-offs of a study, printed or drawn."""

from __future__ import annotations

from pathlib import Path

import click

from sweep.cli.options import as_json, overrides, picture, print_json, study_argument, tell_of_idle
from sweep.cli.rows import accuracy_of, text_of, unit_of_column

SHOWN = 40


@click.command(
    epilog='Example: sweep pareto gpt4 --minimize time_to_train --minimize facility_energy --where "facility_power <= 50 MW" --per gpu'
)
@study_argument
@click.option("--minimize", multiple=True, metavar="QUANTITY", help="A quantity to minimize; may be repeated.")
@click.option("--maximize", multiple=True, metavar="QUANTITY", help="A quantity to maximize; may be repeated.")
@click.option("--where", multiple=True, metavar="CONDITION", help='Only points that meet this, such as "facility_power <= 20 MW".')
@click.option("--per", metavar="AXIS", help="A front for each label of this axis.")
@picture("the front")
@overrides
@as_json
def pareto(
    study: str,
    minimize: tuple[str, ...],
    maximize: tuple[str, ...],
    where: tuple[str, ...],
    per: str | None,
    plot: Path | None,
    set_: tuple[str, ...],
    axis: tuple[str, ...],
    as_json: bool,
) -> None:
    """Find the Pareto front of two or three quantities: the points that no other point dominates.

    The study is searched as it is computed, without storing its grid. Equal points are one row. Speed
    against throughput in serving, or cost against carbon of training:

    \b
      sweep pareto query-energy --maximize output_rate_per_user --maximize output_rate_per_gpu --plot front.png
      sweep pareto gpt4 --minimize energy_cost --minimize operational_carbon --axis site=us-tx,us-wa,france
    """
    from sweep.analysis.pareto import pareto as search
    from sweep.study.parse import open_study
    from sweep.study.where import conditions

    opened = open_study(study, set_, axis)
    quantities = [*minimize, *maximize]
    rows = search(opened, minimize, maximize, where, per)
    asked = dict.fromkeys([*quantities, *(name for c in conditions(where) for name in c.names)])
    tell_of_idle(opened, set_, opened.graph_of(asked))
    units = {key: unit_of_column(opened, key) for key in (rows[0] if rows else {})}
    accuracy = {name: accuracy_of(opened, name) for name in quantities}
    if plot and rows:
        from sweep.plot.pareto import front

        front(plot, rows, quantities, units, opened.outputs, per)
    if as_json:
        return print_json({"minimize": minimize, "maximize": maximize, "units": units, "accuracy": accuracy, "rows": rows})
    if not rows:
        return click.echo("no feasible point satisfies the constraints; `sweep run` or `sweep point` shows which rules exclude points")
    some = [rows[i * (len(rows) - 1) // (SHOWN - 1)] for i in range(SHOWN)] if len(rows) > SHOWN else rows
    click.echo(text_of(some, [key for key in rows[0] if key in asked or key in opened.axes], units, opened.outputs))
    click.echo(f"\n{len(some)} of {len(rows):,} points of the front; --json has all, with the outputs of each")
    for line in dict.fromkeys(line for name in quantities for line in accuracy[name]):
        click.echo(f"checked {line}")


COMMANDS = (pareto,)
