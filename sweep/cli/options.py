"""Options that several commands take. What belongs here: decorators for click, and JSON as it is printed.

JSON is the same for all commands: one object, numbers in SI, whole ones without a point, words for choices and labels, null where there
is no value. One quantity is {"value": ..., "unit": ...}, with "status", the rules that it breaks, where it has no value, and "p5", "p95"
where it has a band. A table is {"units": {column: unit}, "rows": [{column: value}]}; a row may have "bands": {column: {"p5", "p95"}}.
The unit of a number is in the `unit` beside it, or in the nearest `units` around it, under its name or that of what it is part of.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sweep.errors import SweepError

if TYPE_CHECKING:
    from sweep.equations.graph import Graph
    from sweep.study.definition import Study

Command = TypeVar("Command", bound=Callable[..., Any])
study_argument = click.argument("study", metavar="STUDY")
selection = click.option(
    "--sel", "sel", multiple=True, metavar="AXIS=LABELS", help="Take one label, several or a range: gpu=a,b, pue=1.1:1.3."
)
nearest_label = click.option("--nearest", is_flag=True, help="Take the nearest label where a number is not on its axis.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for other programs.")


def overrides(command: Command) -> Command:
    """The options that change a study: --set and --axis."""
    command = click.option(
        "--axis", "axis", multiple=True, metavar="NAME=SPEC", help="Sweep a parameter: pue=1.05:1.6:0.05, gpus=1000:64000:log7, gpu=all."
    )(command)
    return click.option(
        "--set", "set_", multiple=True, metavar="NAME=VALUE", help="Fix a quantity, or one of a catalogue: pue=1.2, gpu=h100-sxm."
    )(command)


def more_outputs(command: Command) -> Command:
    """The option that adds outputs to those of a study."""
    return click.option("--output", "outputs", multiple=True, metavar="NAME", help="Compute this quantity, too.")(command)


def per_axis(of: str) -> Callable[[Command], Command]:
    """The option that divides an answer by the labels of one axis; a second axis is refused, not taken instead of the first."""

    def only(_: click.Context, __: click.Parameter, axes: tuple[str, ...]) -> str | None:
        if len(axes) > 1:
            raise SweepError(f"--per takes one axis here, not {' and '.join(axes)}")
        return axes[0] if axes else None

    return click.option("--per", multiple=True, metavar="AXIS", callback=only, help=of)


def picture(of: str) -> Callable[[Command], Command]:
    """The option that draws a picture; its name and what draws it are checked before anything is computed."""

    def checked(_: click.Context, __: click.Parameter, file: Path | None) -> Path | None:
        from sweep.plot import style

        if file:
            style.checked(file)
        return file

    path = click.Path(path_type=Path)
    return click.option("--plot", type=path, callback=checked, metavar="FILE", help=f"Draw {of} to a .png or .svg (extra `plot`).")


def labels_of(sel: Iterable[str]) -> dict[str, str]:
    """The labels that each --sel names, by axis."""
    at: dict[str, str] = {}
    for text in sel:
        axis, equals, label = (part.strip() for part in text.partition("="))
        if not equals or not label:
            raise SweepError(f"--sel {text}: must read axis=label")
        if axis in at:
            raise SweepError(f"--sel {axis}={label}: {axis} is already fixed at {at[axis]}")
        at[axis] = label
    return at


def bands_can_be_drawn() -> bool:
    """Whether the package is there that draws uncertain inputs; where it is not, stderr says so."""
    there = find_spec("scipy") is not None
    if not there:
        click.echo("no bands: they need scipy, pip install 'wattsweep[stats]'", err=True)
    return there


def warn_unused(study: Study, set_: Iterable[str], graph: Graph) -> None:
    """Warn on stderr of values without effect: of --set on what is asked now, of the study on its own outputs, too."""
    from sweep.equations.quantities import names
    from sweep.errors import nearest
    from sweep.study.parse import split_inputs

    why = "has no effect, no requested quantity depends on it"
    named = [text.partition("=")[0].strip() for text in set_]
    for name in named:
        given = {key for key, _ in study.selected[name].figures} if name in study.selected else {name}
        held = name not in study.selected and name not in names()  # an axis, such as split or hour, at one of its labels
        if not held and not given & graph.read:
            click.echo(f"--set {name}: {why}{nearest(name, graph.read)}", err=True)
    read = graph.read | study.graph.read
    study = study.stated
    written = {*study.fixed, *(name for axis in study.axes.values() if not axis.rows for name in axis.columns)}
    judging = split_inputs() if "split" in {*study.axes, *named} else set()
    for name in sorted(written - read - judging - set(named)):
        click.echo(f"{study.file}: {name} {why}{nearest(name, read)}", err=True)


def print_json(content: Any) -> None:
    """Print as JSON; what has no value is null."""
    click.echo(json.dumps(_plain(content), indent=2, ensure_ascii=False, allow_nan=False))


def _plain(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
