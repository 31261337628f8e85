"""What a file of training runs says in total. What belongs here: scores to families, classes, confusion table and layout choice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from benchmarks.fidelity.measures import by, families_equal, mean, median, relative_errors
from benchmarks.fidelity.rows import Row
from benchmarks.fidelity.score import Score
from benchmarks.fidelity.training import layouts
from benchmarks.fidelity.training.words import complete, kind

FOLDER = Path(__file__).parent
PEER_GPUS = ("A100-SXM", "H100-SXM")


def fitted(kind: str) -> frozenset[str]:
    """On what the constants were fitted: families of training runs, models in serving; all others validate."""
    return frozenset(noted("fitted", kind) or ())


def noted(name: str, kind: str) -> Any:
    """What a file beside this one notes of a kind of file."""
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))[kind]


def summary(scores: Sequence[Score]) -> dict[str, Any]:
    """The whole summary, ready for JSON."""
    times = [one for one in scores if one.quantity == "step_time" and one.error is not None]
    families = fitted("training")
    verdicts = {one.id: one.predicted for one in scores if one.quantity == "fits" and one.predicted is not None}
    classes = by(times, lambda one: kind(one.row))
    jobs, kernels = (layouts.groups(times, verdicts, kernel) for kernel in (False, True))
    one_kernel = layouts.summary(kernels)
    verdicts_of = by([one for one in scores if one.quantity == "fits"], lambda one: _cause(one.row))
    fits = confusion([*verdicts_of.get("ran", ()), *verdicts_of.get("oom", ())])
    return {
        "step_time": {
            "all": _equal(times),
            **{name: _equal(members) for name, members in sorted(classes.items())},
            "fitted on": _equal([one for one in times if one.family in families]),
            "validation": _equal([one for one in times if one.family not in families]),
        },
        "baseline": {"all": _equal(times, "baseline"), **{name: _equal(members, "baseline") for name, members in sorted(classes.items())}},
        "families": {name: _family(members, name in families) for name, members in sorted(by(times, lambda one: one.family).items())},
        "memory": relative_errors([one.error for one in scores if one.quantity == "memory" and one.error is not None]),
        "fits": fits,
        "fits, by study": _studies([*verdicts_of.get("ran", ()), *verdicts_of.get("oom", ()), *verdicts_of.get("failed", ())]),
        "layouts": layouts.summary(jobs),
        "layouts of one kernel": one_kernel,
        "layouts, validation": layouts.summary([group for group in kernels if group.name.split(" | ")[0] not in families]),
        "jobs": {group.name: layouts.shown(group) for group in kernels},
        "peers, each on the rows that it counts": {
            "wattsweep": beside_peers(times, one_kernel, fits),
            **noted("peers", "training"),
        },
        "skipped": skipped(scores),
    }


def beside_peers(times: Sequence[Score], jobs: dict[str, float], fits: dict[str, float]) -> dict[str, float]:
    """What the peers were scored on: each row alike, on the kind of run that all of them can express."""
    found = relative_errors([one.error for one in times if one.error is not None and expressible(one.row)])
    shown = {name: found[name] for name in ("rows", "mean", "median", "bias")}
    regret = {"regret": jobs["mean_regret"], "rank_correlation": jobs["mean_rank_correlation"]}
    return shown | regret | {"out_of_memory_caught": fits["out_of_memory_caught"]}


def confusion(scores: Sequence[Score]) -> dict[str, float]:
    """Predicted to fit against what happened. Balanced accuracy is the mean of the two shares that are right."""
    known = [(one.predicted == 1.0, one.published == 1.0) for one in scores if not one.skipped and one.predicted is not None]
    count = {pair: float(known.count(pair)) for pair in ((True, True), (True, False), (False, True), (False, False))}
    kept = mean(float(predicted) for predicted, ran in known if ran)
    caught = mean(float(not predicted) for predicted, ran in known if not ran)
    return {
        "ran, predicted to fit": count[True, True],
        "ran, predicted not to": count[False, True],
        "out of memory, predicted to fit": count[True, False],
        "out of memory, predicted not to": count[False, False],
        "balanced_accuracy": (kept + caught) / 2,
        "good_runs_rejected": 1 - kept,
        "out_of_memory_caught": caught,
    }


def _studies(scores: Sequence[Score]) -> dict[str, dict[str, float]]:
    """Verdicts of the studies that tell what failed, whether they print that memory ran out or no cause."""
    groups = by((one for one in scores if not one.skipped), lambda one: one.family.removesuffix("-failed"))
    known = {name: members for name, members in groups.items() if {one.published for one in members} == {0.0, 1.0}}
    shown = ("balanced_accuracy", "good_runs_rejected", "out_of_memory_caught")
    return {
        name: {"rows": float(len(members)), **{key: value for key, value in confusion(members).items() if key in shown}}
        for name, members in known.items()
    }


def _cause(row: Row) -> str:
    return row.text("outcome") if row.text("outcome") in ("oom", "failed") else "ran"


def skipped(scores: Sequence[Score]) -> dict[str, int]:
    """How many rows each reason keeps from being scored; an out-of-memory row has no step time to miss."""
    reasons = by((one for one in scores if one.skipped), lambda one: f"{one.quantity}: {one.skipped}")
    return {reason: len(members) for reason, members in sorted(reasons.items(), key=lambda item: (-len(item[1]), item[0]))}


def errors(scores: Sequence[Score], of: str = "model") -> list[float]:
    """Relative errors of step times: of the model, or of the baseline."""
    if of == "model":
        return [one.error for one in scores if one.error is not None]
    return [one.notes[of] / one.published - 1 for one in scores if one.published]


def _equal(scores: Sequence[Score], of: str = "model") -> dict[str, float]:
    return families_equal({name: errors(members, of) for name, members in by(scores, lambda one: one.family).items()})


def _family(scores: Sequence[Score], fitted: bool) -> dict[str, Any]:
    thumb = errors(scores, "baseline")
    found: dict[str, Any] = relative_errors(errors(scores))
    found["baseline_median"] = median(map(abs, thumb))
    found["baseline_mean"] = mean(map(abs, thumb))
    found["beats_baseline"] = found["median"] < found["baseline_median"]
    found["fitted"] = fitted
    return found


def expressible(row: Row) -> bool:
    """Whether the run is one that every peer can express: dense, A100 or H100, 16 bits, no context parallelism, all sizes published."""
    text = row.text
    plain = text("arch") == "dense" and text("gpu") in PEER_GPUS and text("cp") in ("", "1")
    return plain and text("precision").startswith("bf16") and complete(row)
