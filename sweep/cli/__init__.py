"""The command line. What belongs here: the group of commands and how a mistake is said; what a command does is in its module.

Nothing heavy is imported before a command needs it, so that help comes at once.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any

import click

from sweep.cli import answers, compare, cubes, facts, pictures, points, serve, studies, supply, uncertain
from sweep.errors import SweepError, printable


class Commands(click.Group):
    """A group whose commands end in one line and exit code 2 where the input is wrong."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SweepError as error:
            click.echo(f"error: {printable(str(error))}", err=True)
            ctx.exit(2)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **kwargs)
        except OSError as error:  # of the output, or of a file that a command was not able to say more of
            with suppress(OSError, ValueError):  # what is still to be written would fail once more at the end
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            with suppress(OSError):
                click.echo(f"error: {printable(str(error.filename or 'the output'))}: {error.strerror or error}", err=True)
            sys.exit(2)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Example: sweep point configs/studies/article.yaml",
)
@click.version_option(package_name="wattsweep", prog_name="sweep")
def main() -> None:
    """Sweeps over the energy of AI compute: GPUs, splits, power, cost, carbon and water as labelled cubes.

    A study is a YAML file that says which inputs are fixed, which are axes and which quantities to compute.
    `list`, `show` and `explain` describe catalogue and equations; `plan`, `point`, `compare`, `run`, `best`, `pareto` and `solve`
    evaluate a study; `info`, `slice` and `best` read a cube; `plot` draws either and `serve` shows it in a browser.
    """


for module in (facts, studies, points, compare, answers, uncertain, cubes, pictures, serve, supply):
    for command in module.COMMANDS:
        main.add_command(command)
