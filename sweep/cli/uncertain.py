"""`sweep sensitivity` and `sweep calibrate`. What belongs here: sensitivities, and factors from runs, printed or drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sweep.cli.options import as_json, overrides, picture, print_json, study_argument, warn_unused

METHODS = ("tornado", "sobol", "grid")


@click.command(
    short_help="Report which inputs a quantity is sensitive to.",
    epilog="Example: sweep sensitivity layouts --of energy_per_token_trained --plot tornado.png",
)
@study_argument
@click.option("--of", "of", required=True, metavar="QUANTITY", help="The quantity whose sensitivity is computed.")
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default="tornado",
    show_default=True,
    help="One range at a time; shares of the variance of all ranges drawn together; shares over the whole grid of axes.",
)
@picture("the shares or ranges")
@overrides
@as_json
def sensitivity(study: str, of: str, method: str, plot: Path | None, set_: tuple[str, ...], axis: tuple[str, ...], as_json: bool) -> None:
    """Report what a quantity is sensitive to: ranges of inputs at the study's point, or the axes of its grid.

    `tornado` and `sobol` (extra `stats`) vary inputs that have a low and a high; `grid` gives every axis its exact first-order and
    total share of the variance over all points, each label counting the same.
    """
    from sweep.equations.quantities import quantity
    from sweep.query.text import table
    from sweep.study.parse import open_study
    from sweep.uncertainty.sensitivity import sensitivity as look

    opened = open_study(study, set_, axis)
    rows = look(opened, of, method)
    warn_unused(opened, set_, opened.graph_of([of]))
    unit = quantity(of).unit
    if plot:
        from sweep.plot.sensitivity import bars

        bars(plot, rows, of, unit, opened.outputs.get(of, ""))
    if as_json:
        if method != "tornado":
            shares = dict.fromkeys((key for key in rows[0] if key.startswith(("first_order", "total"))), "1")
            return print_json({"quantity": of, "method": method, "units": shares, "rows": rows})
        told = [{**row, "units": dict.fromkeys(("low", "value", "high"), quantity(row["input"]).unit)} for row in rows]
        ends = dict.fromkeys(("at_low", "stated", "at_high"), unit)
        return print_json({"quantity": of, "method": method, "units": ends, "rows": told})
    heads, cells = _tornado(rows, of, opened.outputs.get(of, "")) if method == "tornado" else _shares(rows)
    click.echo(table(heads, cells, right=heads[1:]))
    if method == "grid":
        click.echo(f"\n{rows[0]['points']:,} of {rows[0]['of']:,} points have a value")


def _tornado(rows: list[dict[str, Any]], of: str, display_unit: str) -> tuple[list[str], list[list[str]]]:
    from sweep.query.text import amount

    found = []
    for row in rows:
        ends = [amount(row["input"], row[key]) for key in ("low", "value", "high")]
        found.append([row["input"], *ends, *(amount(of, row[key], display_unit) for key in ("at_low", "stated", "at_high"))])
    return ["input", "low", "value", "high", f"{of} at low", "at value", "at high"], found


def _shares(rows: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    first = "axis" if "axis" in rows[0] else "input"
    keys = ["labels"] if first == "axis" else []
    found = []
    for row in rows:
        found.append([row[first], *(f"{row[key]:,}" for key in keys), _share(row, "first_order"), _share(row, "total")])
    return [first, *keys, "first order", "total"], found


def _share(row: dict[str, Any], key: str) -> str:
    """A share, with the half width of its interval where it is sampled."""
    width = row.get(f"{key}_95")
    return f"{100 * row[key]:.1f} %" + ("" if width is None else f" ± {100 * width:.1f}")


@click.command(
    short_help="Fit correction factors to a few runs of your own.",
    epilog="Example: sweep calibrate my-runs.csv -o my-factors.yaml",
)
@click.argument("runs", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="RUNS.csv")
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="FILE.yaml", help="Write the factors for `include:` of a study.")
@as_json
def calibrate(runs: Path, out: Path | None, as_json: bool) -> None:
    """Fit correction factors, with bands, from a few runs of your own.

    The columns of the CSV file are inputs and catalogues by name (gpu, model, gpus, tp, micro_batch, ...), with a unit in the header,
    `step_time [s]`, or in the cells, and one or more measured quantities: step_time, server_power, time_per_output_token, output_rate,
    serving_gpu_power. With few runs a factor stays near 1, as far as published results suggest.
    """
    from sweep.errors import SweepError
    from sweep.query.text import table
    from sweep.uncertainty.calibrate import calibrate as learn
    from sweep.uncertainty.calibrate import fragment

    rows = learn(runs)
    if out:
        try:
            out.write_text(fragment(rows, runs), encoding="utf-8")
        except OSError as error:
            raise SweepError(f"{out}: cannot be written: {error.strerror}") from None
    if as_json:
        units = dict.fromkeys(("measured", "value", "low", "high", "factor_low", "factor_high"), "1")
        return print_json({"runs": str(runs), "units": units, "rows": rows})
    cells = []
    for row in rows:
        sure, one = (f"[{row[low]:.3g}, {row[high]:.3g}]" for low, high in (("factor_low", "factor_high"), ("low", "high")))
        cells.append((row["input"], str(row["runs"]), f"{row['measured']:.4g}", f"{row['value']:.4g}", sure, one))
    heads = ("input", "runs", "measured over predicted", "factor", "[5 %, 95 %]", "of one further run")
    click.echo(table(heads, cells, right=heads[1:]))
    click.echo(f"\n{f'{out}: name it in a study with include: {out.name}' if out else fragment(rows, runs).rstrip()}")


COMMANDS = (sensitivity, calibrate)
