"""The command line of the speed benchmarks. What belongs here: which phases run, the table, the file of results."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import click

from benchmarks.speed import c, evaluating, points, searching, starting, storing
from benchmarks.speed.measure import Result
from benchmarks.speed.subjects import SUBJECTS

PHASES = {
    "start": starting.measure,
    "evaluate": evaluating.measure,
    "points": points.measure,
    "store": storing.measure,
    "best": searching.measure,
}
OWN = {"draws": points.draws, "commands": starting.commands}  # phases with studies of their own
CHOICES = [*PHASES, *OWN]
SLOW = ("start", "store")  # each starts processes that compile


@click.command()
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write the results to this file.")
@click.option("--smoke", is_flag=True, help="Run each phase once on tiny grids; the figures mean nothing.")
@click.option("--rounds", type=int, default=5, show_default=True, help="How often each contender runs.")
@click.option("--only", "chosen", multiple=True, type=click.Choice(CHOICES), help="Run some phases only.")
def main(file: Path | None, smoke: bool, rounds: int, chosen: tuple[str, ...]) -> None:
    """Measure the engine against C, numpy, memory bandwidth and plain zarr, in CPU time."""
    if not c.available():
        click.echo("gcc is not there: the comparison with C is left out", err=True)
    results = []
    for result in _results(chosen or tuple(CHOICES), smoke, 1 if smoke else rounds):
        result = replace(result, target=None) if smoke else result
        results.append(result)
        click.echo(_line(result))
    if file:
        found = {"machine": _machine(), "smoke": smoke, "results": [result.as_dict() for result in results]}
        file.write_text(json.dumps(found, indent=1) + "\n")
    if smoke:
        click.echo("all phases ran")
    else:
        missed = sum(result.met is False for result in results)
        click.echo(f"{missed} of {sum(result.target is not None for result in results)} targets missed")


def _results(chosen: Iterable[str], smoke: bool, rounds: int) -> Iterator[Result]:
    for name in chosen:
        if name in OWN:
            yield from OWN[name](smoke, rounds)
            continue
        for subject in SUBJECTS[:1] if smoke and name in SLOW else SUBJECTS:
            yield from PHASES[name](subject, smoke, rounds)


def _line(result: Result) -> str:
    target = "" if result.target is None else f"{'<=' if result.at_most else '>='} {result.target:.4g}"
    verdict = {None: "", True: "met", False: "MISSED"}[result.met]
    figure = f"{result.value:10.4g} {result.unit:11s}"
    return f"{result.phase:20s} {result.subject:8s} {result.what:44s} {figure} {target:10s} {verdict}".rstrip()


def _machine() -> dict[str, str | int | None]:
    packages = {package: version(package) for package in ("wattsweep", "numba", "numpy", "zarr")}
    here = {"processor": _processor(), "cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}
    return here | packages


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


if __name__ == "__main__":
    main()
