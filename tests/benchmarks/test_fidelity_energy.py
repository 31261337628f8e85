"""Energies of training: the arithmetic of reported ones, the model against metered servers, on rows made by hand."""

import pytest

from benchmarks.fidelity.energy import scoring as energy
from benchmarks.fidelity.rows import Row
from tests.benchmarks.test_fidelity import run

SUM = {
    "id": "card-01",
    "circular": "yes",
    "power_w_per_accel": "400",
    "accel_hours": "1000",
    "energy_mwh": "0.44",
    "pue": "1.1",
    "pue_included": "yes",
}
METERED = {
    "id": "meter-01",
    "year": "2024",
    "model": "Llama2-70B LoRA (MLPerf)",
    "arch": "dense",
    "accelerator": "H100-SXM5-80GB",
    "n_accel": "8",
    "n_nodes": "1",
    "wall_hours": "0.5",
    "power_w_per_node": "7150",
    "energy_mwh": "0.003575",
    "circular": "no",
}


def test_energy_circular_row_uses_its_own_power_and_pue() -> None:
    (one,) = energy.score([Row(SUM)])
    assert one.predicted == pytest.approx(400 * 1000 * 3600 * 1.1)
    assert one.published == pytest.approx(0.44 * 3.6e9)
    assert one.error == pytest.approx(0)
    (one,) = energy.score([Row({**SUM, "pue_included": "no"})])
    assert one.error == pytest.approx(1 / 1.1 - 1)
    (one,) = energy.score([Row({**SUM, "energy_mwh": ""})])
    assert one.skipped == "energy not printed"


def test_energy_metered_server_scores_modelled_power() -> None:
    power, total = energy.score([Row(METERED)])
    assert (power.quantity, total.quantity) == ("node_power", "energy")
    assert power.predicted is not None
    assert 4000 < power.predicted < 10200
    assert total.predicted == pytest.approx(power.predicted * 0.5 * 3600)
    other = energy.score([Row({**METERED, "model": "Stable Diffusion v2 (MLPerf)"})])
    assert [one.skipped for one in other] == ["layers not published"] * 2


def test_energy_metered_row_takes_layout_of_named_run() -> None:
    named = Row({**METERED, "linked_training_row": "paper-001", "joule_per_token": "0.05"})
    per_token = energy.score([named], {"paper-001": run()})[1]
    assert per_token.quantity == "energy_per_token"
    assert per_token.inputs is not None
    assert per_token.inputs.value("gpus") == 48
    assert per_token.predicted is not None


def test_energy_adds_fans_of_air_cooled_server() -> None:
    bare, aired = (energy.score([Row({**METERED, "cooling": word})])[0].predicted for word in ("immersion/liquid", "air"))
    assert bare is not None
    assert aired == pytest.approx(bare / (1 - 0.15))


def test_energy_idle_server_is_scored_separately() -> None:
    (one,) = energy.score([Row({**METERED, "model": "idle", "power_w_per_node": "2370", "energy_mwh": ""})])
    assert one.quantity == "node_power"
    assert one.error == pytest.approx(0, abs=0.01)
