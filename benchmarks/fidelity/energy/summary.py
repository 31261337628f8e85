"""What a file of training energies says in total. What belongs here: arithmetic apart from prediction, and each metered row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.fidelity.measures import by, relative_errors
from benchmarks.fidelity.score import Score
from benchmarks.fidelity.training.summary import skipped


def summary(scores: Sequence[Score]) -> dict[str, Any]:
    """The whole summary, ready for JSON."""
    known = [one for one in scores if one.error is not None]
    metered = [one for one in known if one.notes.get("metered")]
    sums = [one for one in known if not one.notes.get("metered")]
    return {
        "metered": {name: _errors(some) for name, some in by(metered, lambda one: one.quantity).items()},
        "node power": {name: _errors(some) for name, some in by(_of(metered, "node_power"), lambda one: one.family).items()},
        "energy per token": {name: _errors(some) for name, some in by(_of(metered, "energy_per_token"), lambda one: one.family).items()},
        "arithmetic": {f"circular {name}": _errors(some) for name, some in by(sums, lambda one: one.row.text("circular")).items()},
        "skipped": skipped(scores),
    }


def _of(scores: Sequence[Score], quantity: str) -> list[Score]:
    return [one for one in scores if one.quantity == quantity]


def _errors(scores: Sequence[Score]) -> dict[str, float]:
    return relative_errors([one.error for one in scores if one.error is not None])
