"""Options that several commands take. What belongs here: decorators for click, and JSON as it is printed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from sweep.graph import Graph
    from sweep.study import Study

Command = TypeVar("Command", bound=Callable[..., Any])
study_argument = click.argument("study", metavar="STUDY")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for other programs.")


def overrides(command: Command) -> Command:
    """The options that change a study: --set and --axis."""
    command = click.option(
        "--axis", "axis", multiple=True, metavar="NAME=SPEC", help="Sweep a parameter: pue=1.05:1.6:0.05, gpus=1000:64000:log7, gpu=all."
    )(command)
    return click.option(
        "--set", "set_", multiple=True, metavar="NAME=VALUE", help="Fix a quantity, or one of a catalogue: pue=1.2, gpu=h100-sxm."
    )(command)


def tell_of_idle(study: Study, set_: Iterable[str], graph: Graph) -> None:
    """Say on stderr which values of --set change nothing."""
    for name in (text.partition("=")[0].strip() for text in set_):
        given = {key for key, _ in study.selected[name].figures} if name in study.selected else {name}
        if name != "split" and not given & graph.read:
            click.echo(f"--set {name}: changes nothing, for nothing that is asked depends on it", err=True)


def print_json(content: Any) -> None:
    """Print as JSON; what has no value is null."""
    click.echo(json.dumps(_plain(content), indent=2, ensure_ascii=False, allow_nan=False))


def _plain(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
