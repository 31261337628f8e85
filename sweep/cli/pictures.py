"""`sweep plot`. What belongs here: a quantity of a study or of a cube, drawn over one axis or two, or on a map."""

from __future__ import annotations

from pathlib import Path

import click

from sweep.cli.options import labels_of, nearest_label, overrides, selection, warn_unused
from sweep.cli.rows import open_subject
from sweep.errors import SweepError, suggestion


@click.command(
    short_help="Draw a quantity over one axis or two.",
    epilog="Example: sweep plot gpt4 training_energy --x gpus --y gpu --reduce min=split -o energy.png",
)
@click.argument("subject", metavar="STUDY|CUBE")
@click.argument("quantity", metavar="QUANTITY")
@click.option("--x", required=True, metavar="AXIS", help="The axis along which to draw.")
@click.option("--y", metavar="AXIS", help="A second axis, upwards: the quantity becomes colour, a heat map.")
@click.option("--by", metavar="AXIS", help="A second axis with a line, or a bar, for each of its labels.")
@click.option("--map", "on_map", is_flag=True, help="Draw an axis of sites, --x site, as dots on a map, with the quantity as colour.")
@selection
@nearest_label
@click.option("--reduce", default="", metavar="HOW=AXES", help="Take min, max, mean, median or p95 over other axes: min=split.")
@overrides
@click.option("-o", "--output", "file", required=True, type=click.Path(path_type=Path), metavar="FILE", help="A .png or .svg file.")
def plot(
    subject: str,
    quantity: str,
    x: str,
    y: str | None,
    by: str | None,
    on_map: bool,
    sel: tuple[str, ...],
    nearest: bool,
    reduce: str,
    set_: tuple[str, ...],
    axis: tuple[str, ...],
    file: Path,
) -> None:
    """Draw lines along one axis, or a heat map over two. A study is computed only where the picture needs it.

    An axis that is neither drawn nor reduced stands at --sel, else at the point of the study. With an axis of samples, lines have their
    90 % band. Cells without value are hatched, each with the rule that it breaks:

    \b
      sweep plot gpt4 time_to_train --x gpus --by gpu --axis sample=256 -o time.png
      sweep plot gpt4 mfu --x gpus --y split -o mfu.svg
      sweep plot where-to-build-1gw annual_carbon --x site --map -o map.png
    """
    from sweep.cube.virtual import open_virtual
    from sweep.plot import style
    from sweep.plot.view import view
    from sweep.store.reading import study_in
    from sweep.study.definition import Study

    if sum(map(bool, (y, by, on_map))) > 1:
        raise click.UsageError("say --y for a heat map, --by for lines or --map for dots at --x, and not two of them")
    style.checked(file)
    opened = open_subject(subject, set_, axis, ())
    if isinstance(opened, Study):
        from sweep.study.parse import open_study

        opened = open_study(subject, set_, axis, (quantity,))
        warn_unused(opened, set_, opened.graph_of([quantity]))
        opened = open_virtual(opened)
    where = {}
    if on_map:
        from sweep.plot.sitemap import positions, sitemap

        study = study_in(opened.attrs)
        if x not in study.axes:
            raise SweepError(f"{x}: no axis of the study{suggestion(x, study.axes)}")
        where = positions(study.axes[x])
    along = [x, *(name for name in (y, by) if name)]
    seen = view(opened, quantity, along, labels_of(sel), reduce, nearest)
    if on_map:
        if omitted := sitemap(file, seen, where):
            click.echo(f"omitted, for no latitude and longitude is known of them: {', '.join(omitted)}", err=True)
        return click.echo(f"{file}: {quantity} over {x}")
    if y:
        from sweep.plot.heatmap import heatmap as draw
    else:
        from sweep.plot.lines import lines as draw
    draw(file, seen)
    click.echo(f"{file}: {quantity} over {', '.join(along)}")


COMMANDS = (plot,)
