"""What the published runs say of each constant of training time: `python -m benchmarks.identification FILE.csv [--curve]`.

A constant is identified by the runs whose step time follows it: for each, the table has its default, whether it was fitted, how many
rows of the families that were fitted, and of all, move by more than a thousandth when it grows by a tenth, the family that follows it
most, and by how much of its growth. The constants are the figures of
configs/parameters/calibration-*.yaml and trainer.yaml; those of memory alone move no time.
The learning curve fits the constants to more and more families and scores the runs of all others.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path

import click

from benchmarks import fit_training
from benchmarks.fidelity import rows as reading
from benchmarks.fidelity import tables
from benchmarks.fidelity.measures import by, families_equal, mean
from benchmarks.fidelity.training import scoring as training
from benchmarks.fidelity.training.summary import fitted
from sweep.catalog.parameters import parameters

GROWTH = 1.1
SEEN = 1e-3
FILES = ("calibration-compute", "calibration-training", "trainer")


def constants(inputs: Iterable[str]) -> list[str]:
    """Those of the inputs that are measured, fitted or assumed constants of training time, not facts, choices or switches."""
    known = [(name, parameters()[name]) for name in inputs if name in parameters()]
    return [name for name, one in known if one.default and not one.whole and not one.choices and Path(one.default.file).stem in FILES]


def table(prepared: list[training.Prepared]) -> dict[str, dict[str, object]]:
    """Each constant of training time: its value, the rows that follow it and the family that does so most."""
    families = fitted("training")
    scored = set(training.score_training(prepared).ids)
    known = [p for p in prepared if p.row.id in scored]
    run, which = fit_training.straight_line(("step_time",))
    bases = [({name: p.inputs.value(name) for name in which.inputs}, p.row.family) for p in known if p.inputs]
    times = [run(dict(base))["step_time"] for base, _ in bases]
    found = {}
    for name in constants(which.inputs):
        moved = [
            (family, abs(math.log(run({**base, name: base[name] * GROWTH})["step_time"] / time)))
            for (base, family), time in zip(bases, times, strict=True)
        ]
        strength = {family: mean(by_how_much for _, by_how_much in some) for family, some in by(moved, lambda one: one[0]).items()}
        first = max(strength, key=strength.__getitem__)
        default = parameters()[name].default
        found[name] = {
            "value": f"{default.value:.4g} {parameters()[name].unit}" if default else "",
            "fitted": name in fit_training.CONSTANTS or f"{name} of H100" in fit_training.CONSTANTS,
            "rows_of_fitted": float(sum(by_how_much > SEEN for family, by_how_much in moved if family in families)),
            "rows": float(sum(by_how_much > SEEN for _, by_how_much in moved)),
            "followed_by": first if strength[first] > 0 else "-",
            "elasticity": strength[first] / math.log(GROWTH),
        }
    return found


def curve(prepared: list[training.Prepared]) -> dict[str, dict[str, float]]:
    """Errors of dense runs of all families that were not fitted, after fits to one family, to two, and so on."""
    steps = accumulate(((name,) for name in sorted(fitted("training"))), lambda one, other: one + other)
    found = {}
    for families in steps:
        values = fit_training.fit(prepared, frozenset(families))
        scores = training.score_training(prepared, fit_training.overrides(values))
        errors: dict[str, list[float]] = {}
        for family, kind, error in zip(scores.families, scores.kinds, scores.errors, strict=True):
            if family not in fitted("training") and kind != "moe":
                errors.setdefault(family, []).append(error)
        found[" + ".join(families)] = families_equal(errors)
    return found


@click.command()
@click.argument("csv_files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--curve", "learning", is_flag=True, help="Fit the constants to one family, to two, and so on: some minutes.")
def main(csv_files: tuple[Path, ...], learning: bool) -> None:
    """Which published runs identify each constant of training time."""
    prepared = training.prepare([row for file in csv_files for row in reading.load(file)])
    click.echo(tables.text({"constants": table(prepared)} | ({"learning curve": curve(prepared)} if learning else {})), nl=False)


if __name__ == "__main__":
    main()
