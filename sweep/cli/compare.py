"""`sweep compare`. What belongs here: two points against each other, as text or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sweep.cli.options import as_json, more_outputs, overrides, picture, print_json

if TYPE_CHECKING:
    from sweep.analysis.compare import Comparison
    from sweep.study.definition import Study


@click.command(
    short_help="Compare two points, and attribute what changes.",
    epilog="Example: sweep compare gpt4 --with gpu=h100-sxm --with gpus=9600 --of training_energy",
)
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
    from sweep.store.place import names_cube
    from sweep.store.reading import study_of
    from sweep.study.parse import open_study

    if names_cube(path):
        return study_of(path, set_)
    return open_study(path, set_, axis, outputs)


def _comparison_record(found: Comparison) -> dict[str, Any]:
    from sweep.equations.quantities import names, quantity

    units = {name: quantity(name).unit for name in [*found.outputs, *(name for name in found.inputs if name in names())]}
    outputs = {
        name: {"before": c.before, "after": c.after, "difference": c.difference, "ratio": c.ratio} for name, c in found.outputs.items()
    }
    inputs = {name: {"before": before, "after": after} for name, (before, after) in found.inputs.items()}
    parts = {"quantity": found.quantity, "unit": quantity(found.quantity).unit, "parts": found.parts, "method": found.method}
    return {"units": units | {"ratio": "1"}, "inputs": inputs, "outputs": outputs, "attribution": parts}


def _comparison_text(found: Comparison, display_units: dict[str, str]) -> str:
    from sweep.equations.quantities import names, unit_of
    from sweep.query.text import aligned, amount, table

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
        parts = zip([*found.parts, "total"], texts, shares, strict=True)
        title = found.quantity if unit == "1" else f"{found.quantity} [{unit}]"
        lines += ["", table(("changed by", title, "share"), parts, right=(title, "share"))]
    return "\n".join([*lines, "", f"attribution: {found.method}"])


COMMANDS = (compare,)
