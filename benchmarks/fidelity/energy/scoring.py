"""Metered and reported energy of training, predicted against published. What belongs here: scores of single rows.

Rows whose energy is an assumed power times hours (`circular` yes or partly, or a system average times hours) test arithmetic only:
the row's own power and hours go through the equations of energy and PUE. Metered servers test what the model says of a server's
power, and of the energy of a token.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from benchmarks.fidelity import catalogue_match
from benchmarks.fidelity.energy.inputs import accelerator, cooling, inputs_of_run
from benchmarks.fidelity.evaluation import Evaluator, Inputs, Unscored
from benchmarks.fidelity.rows import Row
from benchmarks.fidelity.score import Score

JOULES_PER_MWH = 3.6e9
HOUR = 3600.0
SCALED = ("server_power", "energy_per_token_trained", "step_time")
SUMMED = ("training_energy", "facility_energy")
COOLED = ("same_work_facility_power",)
IDLE = "idle"


def score(rows: Iterable[Row], runs: Mapping[str, Row] | None = None) -> list[Score]:
    """Every row and quantity that was published of it: node_power, energy, energy_per_token. `runs`: training runs by id."""
    predicting, summing = Evaluator(SCALED), Evaluator(SUMMED)
    found = []
    for row in rows:
        metered = row.text("circular") == "no" and row.number("power_w_per_node")
        found += _metered(row, predicting, runs or {}) if metered else [_arithmetic(row, summing)]
    return found


def _metered(row: Row, evaluator: Evaluator, runs: Mapping[str, Row]) -> list[Score]:
    published = {"node_power": row.number("power_w_per_node"), "energy_per_token": row.number("joule_per_token")}
    energy = row.number("energy_mwh")
    published["energy"] = energy * JOULES_PER_MWH if energy else None
    known = {name: value for name, value in published.items() if value}
    if IDLE in f"{row.text('model')} {row.text('task')}".lower():
        return [_idle(row, known["node_power"])]
    try:
        inputs = inputs_of_run(row, runs)
    except Unscored as unscored:
        return [Score(row.id, row.family, name, None, value, unscored.reason, row) for name, value in known.items()]
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        return [Score(row.id, row.family, name, None, value, f"cannot be read: {error}", row) for name, value in known.items()]
    prediction = evaluator.predict(inputs, gpu_memory=math.inf)
    power, reason = prediction.of("server_power")
    fans = 1.0
    if power is not None:
        power, reason = _with_fans(row, power)
        fans = (power or 0.0) / prediction.values["server_power"]
    nodes, hours = row.number("n_nodes"), row.number("wall_hours")
    found = []
    for name, value in known.items():
        predicted, why = (power, reason) if name != "energy_per_token" else prediction.of("energy_per_token_trained")
        if name == "energy_per_token" and predicted is not None:
            predicted *= fans
        if name == "energy" and not (nodes and hours):
            predicted, why = None, "nodes or hours not published"
        elif name == "energy" and predicted is not None and nodes and hours:
            predicted *= nodes * hours * HOUR
        found.append(Score(row.id, row.family, name, predicted, value, why, row, prediction, inputs, {"metered": 1.0}))
    return found


def _idle(row: Row, value: float) -> Score:
    gpu = accelerator(row)
    power = Inputs({}, catalogue_match.linked(gpu)).value("server_idle_power") if gpu else math.nan
    known = math.isfinite(power)
    return Score(row.id, row.family, "node_power", power if known else None, value, "" if known else "no figure for server_idle_power", row)


def _with_fans(row: Row, power: float) -> tuple[float | None, str]:
    """The power of a server with the fans that its cooling needs: that of the building around it, were it perfect."""
    inputs = Inputs({"it_power": power, "pue_method": "stated", "pue": 1.0}, (cooling(row),))
    return Evaluator(COOLED).predict(inputs).of(COOLED[0])


def _arithmetic(row: Row, evaluator: Evaluator) -> Score:
    energy, power, hours = row.number("energy_mwh"), row.number("power_w_per_accel"), row.number("accel_hours")
    nodes, node_power, wall = row.number("n_nodes"), row.number("power_w_per_node"), row.number("wall_hours")
    if not power and node_power and nodes and wall:
        power, hours = node_power, nodes * wall
    included = row.text("pue_included") == "yes"
    reason = next(
        (
            text
            for true, text in (
                (row.text("status") == "recalled", "figures recalled from memory, not read in a source"),
                (not energy, "energy not printed"),
                (not power or not hours, "power or hours not published"),
                (included and row.number("pue") is None, "PUE not published, yet included"),
            )
            if true
        ),
        "",
    )
    value = energy * JOULES_PER_MWH if energy else None
    if reason or power is None or hours is None:
        return Score(row.id, row.family, "energy", None, value, reason, row)
    inputs = Inputs({"it_power": power, "run_duration": hours * HOUR, "pue": row.number("pue") or 1.0})
    prediction = evaluator.predict(inputs)
    predicted, reason = prediction.of("facility_energy" if included else "training_energy")
    return Score(row.id, row.family, "energy", predicted, value, reason, row, prediction, inputs, {"metered": 0.0})
