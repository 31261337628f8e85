"""The command line of the fidelity harness. What belongs here: files in, tables and files out."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import click

from benchmarks.fidelity import report, tables
from benchmarks.fidelity import rows as reading
from benchmarks.fidelity.energy import scoring as energy
from benchmarks.fidelity.energy import summary as energy_summary
from benchmarks.fidelity.score import Score
from benchmarks.fidelity.serving import scoring as serving
from benchmarks.fidelity.serving import summary as serving_summary
from benchmarks.fidelity.training import peers, side_by_side
from benchmarks.fidelity.training import scoring as training
from benchmarks.fidelity.training import summary as training_summary


@click.group()
def main() -> None:
    """Score predictions against a file of published results."""


FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def options(command: Any) -> Any:
    """The files to write, the same for every kind of file."""
    file = click.Path(dir_okay=False, path_type=Path)
    command = click.option("--report", "page", type=file, help="Write a report page: .md with a picture beside it, or .html.")(command)
    command = click.option("--json", "json_file", type=file, help="Write the summary and every row.")(command)
    return command


@main.command("training")
@click.argument("csv_files", nargs=-1, required=True, type=FILE)
@options
def training_command(csv_files: tuple[Path, ...], json_file: Path | None, page: Path | None) -> None:
    """Step time, memory and out-of-memory verdicts of training runs, those of several files together."""
    scores = training.score(training.prepare([row for file in csv_files for row in reading.load(file)]))
    _finish("Training runs, predicted against published", scores, training_summary.summary(scores), json_file, page)


@main.command("energy")
@click.argument("csv_file", type=FILE)
@options
@click.option(
    "--runs",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Training runs that rows name; by default the file beside with `training` for `energy` in its name.",
)
def energy_command(csv_file: Path, json_file: Path | None, page: Path | None, runs: Path | None) -> None:
    """Power of a server, energy and energy per token of training."""
    beside = csv_file.with_name(csv_file.name.replace("energy", "training"))
    runs = runs or (beside if beside != csv_file and beside.is_file() else None)
    linked = {row.id: row for row in reading.load(runs)} if runs else {}
    scores = energy.score(reading.load(csv_file), linked)
    _finish("Energy of training, predicted against published", scores, energy_summary.summary(scores), json_file, page)


@main.command("serving")
@click.argument("csv_files", nargs=-1, required=True, type=FILE)
@options
def serving_command(csv_files: tuple[Path, ...], json_file: Path | None, page: Path | None) -> None:
    """Throughput, time per output token, power and energy per output token of served models, those of several files together."""
    scores = serving.score(serving.prepare([row for file in csv_files for row in reading.load(file)]))
    _finish("Served models, predicted against published", scores, serving_summary.summary(scores), json_file, page)


@main.command("peers")
@click.argument("csv_file", type=FILE)
@click.option("--calculon", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A checkout of Calculon.")
def peers_command(csv_file: Path, calculon: Path | None) -> None:
    """Other open models beside ours, on the training runs that each can express; those that import here."""
    found = peers.available(calculon)
    if not found:
        raise click.ClickException("no peer here: pip install llm-analysis mlsysim, or --calculon CHECKOUT")
    click.echo(tables.part(side_by_side.compared(training.prepare(reading.load(csv_file)), found)))


def _finish(title: str, scores: list[Score], summary: dict[str, Any], json_file: Path | None, page: Path | None) -> None:
    click.echo(tables.text(summary), nl=False)
    if json_file:
        whole = _strict({"summary": summary, "rows": [one.entry() for one in scores]})
        json_file.write_text(json.dumps(whole, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    if page:
        report.write(page, title, scores, summary)


def _strict(value: Any) -> Any:
    """The same without numbers that JSON lacks: what is not finite is null."""
    if isinstance(value, dict):
        return {key: _strict(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_strict(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


if __name__ == "__main__":
    main()
