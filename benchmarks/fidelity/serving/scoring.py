"""Served models, predicted against published. What belongs here: scores of single rows, each against its own power boundary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.fidelity.evaluation import Evaluator, Overrides, Unscored
from benchmarks.fidelity.rows import Row
from benchmarks.fidelity.score import Score
from benchmarks.fidelity.serving.inputs import Served, served

# boundary: power of one GPU or its share of the server, energy of one output token
BOUNDARIES = {
    "chip": ("serving_gpu_power", "chip_energy_per_output_token"),
    "server": ("serving_server_power", "server_energy_per_output_token"),
    "facility": ("serving_facility_power", "facility_energy_per_output_token"),
}
OUTPUTS = ("output_rate", "time_per_output_token", "batch", *(name for pair in BOUNDARIES.values() for name in pair))
TYPICAL_TO_MEAN = 0.6
SPARSE = 0.6
MOST_WORK = 0.7


@dataclass(frozen=True)
class Prepared:
    """A row that is ready to be predicted: its inputs, or the reason why it has none."""

    row: Row
    served: Served | None
    reason: str


def prepare(rows: Iterable[Row]) -> list[Prepared]:
    """Inputs of rows; done once, then scored as often as needed."""
    found = []
    for row in rows:
        if row.text("status") == "suspect":
            found.append(Prepared(row, None, "the file itself doubts the row"))
            continue
        if limited_by_arrivals(row):
            found.append(Prepared(row, None, "requests arrived more slowly than so many in flight could be served"))
            continue
        if not published(row):
            found.append(Prepared(row, None, "no rate, time, power or energy published"))
            continue
        try:
            inputs = served(row)
            beyond = work(row, inputs) > MOST_WORK
            found.append(Prepared(row, None if beyond else inputs, "more operations than the GPUs can do" if beyond else ""))
        except Unscored as unscored:
            found.append(Prepared(row, None, unscored.reason))
        except (ValueError, ZeroDivisionError, OverflowError) as error:
            found.append(Prepared(row, None, f"cannot be read: {error}"))
    return found


def score(rows: Sequence[Prepared], overrides: Overrides | None = None) -> list[Score]:
    """Every row and quantity that was published of it: output_rate, time_per_output_token, power, energy_per_output_token."""
    evaluator = Evaluator(OUTPUTS, overrides)
    return [one for row in rows for one in _scores(row, evaluator)]


def boundary(row: Row) -> str:
    """Where the row's power is taken: chip, server or facility; empty where it says nothing."""
    text = row.text("power_boundary")
    if text.startswith("GPU"):
        return "chip"
    if "all-in" in text or "PUE" in text or "full stack" in text or "overhead" in text:
        return "facility"
    return "server" if "node" in text else ""


def published(row: Row) -> dict[str, float]:
    """What the row publishes, in SI, by quantity."""
    milliseconds, watts = row.number("tpot_ms"), row.number("avg_power_w_per_gpu")
    values = {
        "output_rate": row.number("output_tok_s"),
        "time_per_output_token": milliseconds / 1e3 if milliseconds else None,
        "power": watts,
        "energy_per_output_token": row.number("j_per_output_token"),
    }
    return {name: value for name, value in values.items() if value}


def prefill_included(row: Row) -> bool:
    """Whether the row's time per output token is the whole batch's time over its output tokens."""
    return "prefill" in row.text("how_measured") and "includ" in row.text("how_measured")


def limited_by_arrivals(row: Row) -> bool:
    """Whether the printed latencies keep far fewer requests in flight than the row states, by Little's law."""
    first, each, rate = row.number("ttft_ms"), row.number("tpot_ms"), row.number("output_tok_s")
    tokens, stated = row.number("output_tokens"), row.number("concurrency")
    if not (first and each and rate and tokens and stated) or row.text("load_point") != "closed loop":
        return False
    return rate / tokens * (first + (tokens - 1) * each) / 1e3 < SPARSE * stated


def work(row: Row, served: Served) -> float:
    """Share of the GPUs' peak rate that the printed rate takes for its matrix products, prompts included and none cached."""
    rate, active, gpus = row.number("output_tok_s"), row.number("params_active_b"), row.number("gpus")
    if not (rate and active and gpus):
        return 0.0
    prompt, output = served.inputs.value("input_tokens"), served.inputs.value("output_tokens")
    return rate * (1 + prompt / output) * 2e9 * active / (gpus * served.inputs.value("serving_peak_rate"))


def _scores(row: Prepared, evaluator: Evaluator) -> list[Score]:
    values = published(row.row)
    if row.served is None:
        names = tuple(values) or ("energy_per_output_token",)
        return [Score(row.row.id, _family(row.row), name, None, values.get(name), row.reason, row.row) for name in names]
    prediction = evaluator.predict(row.served.inputs)
    found = []
    for name, value in values.items():
        asked, factor, reason = _asked(name, row)
        predicted, why = (None, reason) if reason else prediction.of(asked)
        if name == "time_per_output_token" and prefill_included(row.row) and predicted is not None:
            predicted = prediction.values["batch"] / prediction.values["output_rate"]
        if predicted is not None:
            predicted *= factor
        found.append(Score(row.row.id, _family(row.row), name, predicted, value, why, row.row, prediction, row.served.inputs))
    return found


def _asked(name: str, row: Prepared) -> tuple[str, float, str]:
    """The quantity that answers a published one, the factor to the row's own unit, or the reason why none does."""
    assert row.served is not None
    where = boundary(row.row)
    if name == "output_rate":
        return name, row.served.replicas, ""
    if name == "time_per_output_token":
        if row.served.inputs.given["operating_point"] == "latency_target":
            return name, 1.0, "the latency target of the run"
        rate, running, time = row.row.number("output_tok_s"), row.row.number("concurrency"), row.row.number("tpot_ms")
        if rate and running and time and time / 1e3 * rate / running < TYPICAL_TO_MEAN:
            return name, 1.0, "the printed time is that of a typical token, which the mean exceeds by far"
        return name, 1.0, ""
    if not where:
        return name, 1.0, "power boundary not stated"
    return BOUNDARIES[where][0 if name == "power" else 1], 1.0, ""


def _family(row: Row) -> str:
    return row.text("source").partition(" @")[0].partition(" id ")[0].partition(" systems/")[0][:60]
