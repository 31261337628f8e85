"""Choosing a layout. What belongs here: groups of published layouts of one job, the regret of the predicted choice, rank correlation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.fidelity.measures import by, mean, median, rank_correlation
from benchmarks.fidelity.score import Score

JOB = ("family", "model", "gpu", "gpu_mem_gb", "n_gpus", "seq_len", "global_batch", "precision")
LAYOUT = ("tp", "pp", "vp", "cp", "ep", "dp", "micro_batch", "recompute", "sharding", "seq_parallel")
FEWEST = 5


@dataclass(frozen=True)
class Group:
    """Layouts of one job: the loss from running the predicted choice instead of the measured best, and how well the ranks agree.

    repeats: how much longer the slower of two runs of one layout took, the most of all that ran twice; None where none did.
    """

    name: str
    layouts: int
    chosen: str
    best: str
    regret: float
    unlimited_regret: float
    correlation: float
    baseline_regret: float
    baseline_correlation: float
    random_regret: float
    repeats: float | None


def groups(step_times: Sequence[Score], fits: dict[str, float], kernel: bool) -> list[Group]:
    """Groups of at least five measured layouts of one job; `kernel` keeps runs with different software kernels apart.

    The choice is the shortest predicted step time among the layouts that are predicted to fit, among all where none is; the
    unlimited choice asks for no memory, as models without a memory check must.
    """
    known = [one for one in step_times if one.error is not None]
    found = []
    for name, members in by(known, lambda one: _job(one, kernel)).items():
        if len({_layout(one) for one in members}) >= FEWEST:
            found.append(_group(name, members, fits))
    return found


def summary(found: Sequence[Group]) -> dict[str, float]:
    """Means over the groups; below the difference of two runs of one layout, a regret says nothing."""
    repeats = [one.repeats for one in found if one.repeats is not None]
    return {
        "groups": float(len(found)),
        "layouts": float(sum(one.layouts for one in found)),
        "best_picked": float(sum(one.regret < 1e-9 for one in found)),
        "mean_regret": mean(one.regret for one in found),
        "median_regret": median(one.regret for one in found),
        "mean_regret_without_memory": mean(one.unlimited_regret for one in found),
        "max_regret": max((one.regret for one in found), default=float("nan")),
        "mean_rank_correlation": mean(one.correlation for one in found),
        "baseline_mean_regret": mean(one.baseline_regret for one in found),
        "baseline_mean_rank_correlation": mean(one.baseline_correlation for one in found),
        "random_mean_regret": mean(one.random_regret for one in found),
        "groups_with_repeats": float(len(repeats)),
        "median_difference_of_repeats": median(repeats),
    }


def shown(group: Group) -> dict[str, object]:
    """One group as a line of a table."""
    choice = {"chosen": group.chosen, "best": group.best, "repeats": "-" if group.repeats is None else group.repeats}
    return {"layouts": float(group.layouts), "regret": group.regret, "rank_correlation": group.correlation, **choice}


def _group(name: str, members: Sequence[Score], fits: dict[str, float]) -> Group:
    measured = [one.published or 0.0 for one in members]
    predicted = [one.predicted or 0.0 for one in members]
    rule = [one.notes["baseline"] for one in members]
    allowed = [i for i, one in enumerate(members) if fits.get(one.id, 1.0)] or list(range(len(members)))
    chosen = min(allowed, key=predicted.__getitem__)
    best = min(range(len(members)), key=measured.__getitem__)
    return Group(
        name,
        len(members),
        members[chosen].id,
        members[best].id,
        _regret([predicted[i] for i in allowed], [measured[i] for i in allowed], measured[best]),
        _regret(predicted, measured, measured[best]),
        rank_correlation(predicted, measured),
        _regret(rule, measured, measured[best]),
        rank_correlation(rule, measured),
        mean(measured) / measured[best] - 1,
        _repeats(members),
    )


def _repeats(members: Sequence[Score]) -> float | None:
    times = [[one.published or 0.0 for one in some] for some in by(members, lambda one: " | ".join(_layout(one))).values()]
    return max((max(some) / min(some) - 1 for some in times if len(some) > 1), default=None)


def _regret(predicted: Sequence[float], measured: Sequence[float], best: float) -> float:
    """The loss of the predicted choice; where several tie, the mean of what they measured."""
    shortest = min(predicted) * (1 + 1e-9)
    return mean(time for guess, time in zip(predicted, measured, strict=True) if guess <= shortest) / best - 1


def _job(one: Score, kernel: bool) -> str:
    words = [one.family, *(one.row.text(name) for name in JOB[1:])]
    notes = one.row.text("notes")
    return " | ".join([*words, notes] if kernel and notes.startswith("kernel:") else words)


def _layout(one: Score) -> tuple[str, ...]:
    return tuple(one.row.text(name) for name in LAYOUT)
