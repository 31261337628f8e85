"""What a file of served models says in total. What belongs here: scores by source, model, GPU and batch; batch scaling."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.fidelity import catalogue_match
from benchmarks.fidelity.measures import by, mean, median, ratios
from benchmarks.fidelity.score import Score
from benchmarks.fidelity.training import summary as training_summary

BATCHES = (1.0, 8.0, 32.0, 128.0, 512.0)
SETUP = ("model", "hardware", "gpus", "parallelism", "precision", "engine", "workload", "input_tokens")
SMALL = 16.0
PEER_WORKLOADS = ("lm-arena-chat", "gpqa")
SCALING = ("energy_per_output_token", "output_rate")


def summary(scores: Sequence[Score]) -> dict[str, Any]:
    """The whole summary, ready for JSON; only measured rows count beyond the first tables."""
    known = [one for one in scores if one.ratio is not None]
    measured = [one for one in known if one.row.text("kind") == "measured"]
    found: dict[str, Any] = {
        kind: {name: _ratios(some) for name, some in by(members, lambda one: one.quantity).items()}
        for kind, members in by(known, lambda one: one.row.text("kind")).items()
    }
    fitted = training_summary.fitted("serving")
    for title, inside in (("fitted on", True), ("validation", False)):
        chosen = [one for one in measured if (entry(one) in fitted) == inside]
        found[title] = {name: _ratios(some) for name, some in by(chosen, lambda one: one.quantity).items()}
    same = [one for one in measured if one.quantity == "energy_per_output_token" and one.row.text("workload") in PEER_WORKLOADS]
    found["peers, each on the rows that it counts"] = {"wattsweep": _ratios(same), **training_summary.noted("peers", "serving")}
    found["batch scaling"] = {name: scaling([one for one in measured if one.quantity == name]) for name in SCALING}
    for name in ("energy_per_output_token", "output_rate", "time_per_output_token"):
        rows = [one for one in measured if one.quantity == name]
        for title, key in (("source", _source), ("GPU", _gpu), ("batch", _batch), ("model", _model), ("class", _class)):
            found[f"{name} by {title}"] = {group: _ratios(some) for group, some in sorted(by(rows, key).items())}
    found["batch scaling of energy"] = setups([one for one in measured if one.quantity == "energy_per_output_token"])
    power = [one for one in measured if one.quantity == "power"]
    found["power by GPU"] = {group: _ratios(some) for group, some in sorted(by(power, _gpu).items())}
    found["skipped"] = training_summary.skipped(scores)
    return found


def scaling(scores: Iterable[Score]) -> dict[str, float]:
    """Predicted over published ratio of the smallest batch to the largest of one setup, where they are far apart."""
    found = [pair["predicted"] / pair["published"] for pair in setups(scores).values()]
    return {**ratios(found), "within_25": mean(float(0.75 <= ratio <= 1.25) for ratio in found)}


def setups(scores: Iterable[Score]) -> dict[str, dict[str, float]]:
    """The smallest and the largest batch of each setup, and the ratio of the quantity between them, published and predicted."""
    found = {}
    for name, members in by(scores, lambda one: " | ".join(one.row.text(name) for name in SETUP)).items():
        ordered = sorted(((one.row.number("concurrency") or 0.0, one) for one in members), key=lambda item: item[0])
        (low, small), (high, large) = ordered[0], ordered[-1]
        if 0 < low <= SMALL and high >= 4 * low and small.published and large.published and small.predicted and large.predicted:
            change = {"published": small.published / large.published, "predicted": small.predicted / large.predicted}
            found[name] = {"small_batch": low, "large_batch": high, **change}
    return found


def batch_range(running: float | None) -> str:
    """The range in which a batch is reported."""
    if running is None:
        return "saturated or unstated"
    top = next((bound for bound in BATCHES if running <= bound), None)
    return f"up to {top:4.0f}" if top else f"over {BATCHES[-1]:.0f}"


def _ratios(scores: Sequence[Score]) -> dict[str, float]:
    values = [one.ratio for one in scores if one.ratio is not None]
    return {**ratios(values), "median_error": median(abs(value - 1) for value in values)}


def _source(one: Score) -> str:
    return one.family


def _gpu(one: Score) -> str:
    return one.row.text("hardware")


def _model(one: Score) -> str:
    return one.row.text("model")


def entry(one: Score) -> str:
    """The name of the catalogue's model that a row served; none where the catalogue lacks it."""
    found = catalogue_match.model(_model(one))
    return found.name if found else ""


def _class(one: Score) -> str:
    """Engine, GPU, format, range of batches, and what is special."""
    assert one.inputs is not None
    engine = next(entry.name for entry in one.inputs.entries if entry.catalogue == "engine")
    given = one.inputs.given
    special = [word for word, there in (("draft", "draft_tokens" in given), ("disaggregated", "prefill_placement" in given)) if there]
    return " | ".join([engine, _gpu(one), str(given["serving_precision"]), _batch(one), *special])


def _batch(one: Score) -> str:
    return batch_range(one.row.number("concurrency"))
