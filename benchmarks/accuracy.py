"""The errors that results carry: predictions against published results, to configs/accuracy.yaml and configs/parameters/residuals.yaml.

`python -m benchmarks.accuracy FOLDER` reads published-training.csv, published-energy.csv and published-serving*.csv in a folder. Where
constants were fitted to some of the published results, only the others count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from benchmarks import residuals
from benchmarks.fidelity import rows as reading
from benchmarks.fidelity.energy import scoring as energy
from benchmarks.fidelity.measures import by, families_equal, relative_errors
from benchmarks.fidelity.score import Score
from benchmarks.fidelity.serving import scoring as serving
from benchmarks.fidelity.serving import summary as serving_summary
from benchmarks.fidelity.training import scoring as training
from benchmarks.fidelity.training import summary as training_summary
from benchmarks.fidelity.training.words import kind

TARGET = Path(__file__).parent.parent / "configs" / "accuracy.yaml"
HEADER = """# Errors of predictions against published results; `python -m benchmarks.accuracy FOLDER` writes this file.
# median, p90: median and 90th percentile of the relative error over `rows` results; families of training runs weigh the same. Results that
# constants were fitted to are left out unless the line says otherwise.
"""
TRAINED = {"dense complete": "held-out dense training runs", "moe": "held-out MoE training runs"}
SERVED = {
    "output_rate": "output_rate",
    "time_per_output_token": "time_per_output_token",
    "power": "serving_gpu_power",
    "energy_per_output_token": "chip_energy_per_output_token",
}


def records(folder: Path) -> Iterator[tuple[str, str]]:
    """Quantity and its line for each kind of published result."""
    runs = reading.load(folder / "published-training.csv")
    scores = training.score(training.prepare(runs))
    families = training_summary.fitted("training")
    unseen = [one for one in _of(scores, "step_time") if one.family not in families]
    for name, said in TRAINED.items():
        members = [one for one in unseen if kind(one.row) == name]
        groups = {family: _errors(some) for family, some in by(members, lambda one: one.family).items()}
        yield "step_time", _line(families_equal(groups), len(members), f"{said}, {len(groups)} families")
    yield "allocated_memory", _plain(_of(scores, "memory"), "training runs with a measured peak, some of them fitted to")
    metered = energy.score(reading.load(folder / "published-energy.csv"), {row.id: row for row in runs})
    yield "server_power_modelled", _plain(_of(metered, "node_power"), "metered servers in training, the ones fitted to")
    served = serving.score(serving.prepare(reading.load_all(folder, "published-serving")))
    models = training_summary.fitted("serving")
    for quantity, name in SERVED.items():
        rows = [one for one in _of(served, quantity) if one.row.text("kind") == "measured" and serving_summary.entry(one) not in models]
        yield name, _plain(rows, "held-out serving measurements")


def _of(scores: Iterable[Score], quantity: str) -> list[Score]:
    return [one for one in scores if one.quantity == quantity and one.error is not None]


def _errors(scores: Iterable[Score]) -> list[float]:
    return [one.error for one in scores if one.error is not None]


def _plain(scores: Sequence[Score], of: str) -> str:
    return _line(relative_errors(_errors(scores)), len(scores), of)


def _line(found: dict[str, float], rows: int, of: str) -> str:
    median, p90 = (f"{100 * found[name]:.2g} %" for name in ("median", "p90"))
    return f'  - {{median: {median}, p90: {p90}, rows: {rows}, of: "{of}"}}'


def text(found: Iterable[tuple[str, str]]) -> str:
    """The file: the lines of one quantity under its name."""
    lines: dict[str, list[str]] = {}
    for name, line in found:
        lines.setdefault(name, []).append(line)
    return HEADER + "".join(f"{name}:\n" + "".join(f"{line}\n" for line in under) for name, under in lines.items())


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(folder: Path) -> None:
    """Write configs/accuracy.yaml and configs/parameters/residuals.yaml from the published results in a folder."""
    for target, content in ((TARGET, text(records(folder))), (residuals.TARGET, residuals.text(residuals.all_of(folder)))):
        target.write_text(content, encoding="utf-8")
        click.echo(content, nl=False)


if __name__ == "__main__":
    main()
