"""Constants of training memory, chosen on one study that prints what ran out of memory: `python -m benchmarks.fit_memory FILE.csv`.

The study (hagemann) tried each layout of five jobs, so its rows lie on both sides of the limit. Of a small grid of round values the
choice is the one that tells most rows right, both sides weighing equally, among those that reject less than 3 % of what ran.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np

from benchmarks.fidelity import rows as reading
from benchmarks.fidelity.training import scoring as training
from benchmarks.fit_training import straight_line

FAMILY = "hagemann"
REJECTED = 0.03
GRID = {
    "kept_norm_bytes": (8.0, 10.0, 12.0, 14.0, 16.0),
    "gathered_logit_bytes": (16.0, 18.0, 20.0),
}


def main(file: Path) -> None:
    """Print the choices, the best first."""
    run, which = straight_line(("memory_per_gpu",))
    known = [p for p in training.prepare(reading.load(file)) if p.inputs and p.row.family == FAMILY]
    bases = [{name: p.inputs.value(name) for name in which.inputs} for p in known if p.inputs]
    room = np.array([p.inputs.value("gpu_memory") for p in known if p.inputs])
    ran = np.array([p.row.text("outcome") != "oom" for p in known])
    found = []
    for values in itertools.product(*GRID.values()):
        chosen = dict(zip(GRID, values, strict=True))
        over = np.array([run({**base, **chosen})["memory_per_gpu"] for base in bases]) > room
        caught, rejected = over[~ran].mean(), over[ran].mean()
        found.append((rejected >= REJECTED, -(caught + 1 - rejected) / 2, caught, rejected, chosen))
    for _, accuracy, caught, rejected, chosen in sorted(found, key=lambda one: one[:2]):
        words = "  ".join(f"{name} {value:g}" for name, value in chosen.items())
        print(f"balanced accuracy {-accuracy:.3f}  caught {caught:.3f}  rejected {rejected:.3f}  {words}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
