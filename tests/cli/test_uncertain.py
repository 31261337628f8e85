"""`sensitivity` and `calibrate`, as a user types them: text, JSON and pictures."""

import json

import pytest

from tests.commands import numbers_without_unit, sweep

PUE = ["--set", "pue={value: 1.2, low: 1.1, high: 1.5}"]


def test_sensitivity_tornado_prints_ranges():
    text = sweep("sensitivity", "article", "--of", "facility_energy", *PUE)
    assert text.splitlines()[1].split()[:4] == ["pue", "1.1", "1.2", "1.5"]
    record = json.loads(sweep("sensitivity", "article", "--of", "facility_energy", *PUE, "--json"))
    assert (record["quantity"], record["units"]["at_low"], record["method"]) == ("facility_energy", "J", "tornado")
    assert record["rows"][0]["input"] == "pue"


@pytest.mark.parametrize("method", ["tornado", "sobol", "grid"])
def test_sensitivity_plot_writes_picture_for_each_method(method, tmp_path):
    axes = ["--axis", "training_duration=30 d,90 d"] if method == "grid" else PUE
    text = sweep("sensitivity", "article", "--of", "facility_energy", "--method", method, *axes, "--plot", tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text().startswith("<?xml")
    assert {"tornado": "at low", "sobol": "±", "grid": "24 of 24 points have a value"}[method] in text


RUNS = """gpu,model,gpus,tp,pp,micro_batch,global_batch,sequence_length [token],precision,step_time [s]
h100-sxm,llama-3.1-70b,1024,8,4,1,512,8192,bf16,4.9
h100-sxm,llama-3.1-70b,2048,8,4,1,512,8192,bf16,2.95
"""


def test_calibrate_prints_json_and_writes_fragment(tmp_path):
    (tmp_path / "runs.csv").write_text(RUNS)
    text = sweep("calibrate", tmp_path / "runs.csv")
    assert "step_time_residual: {value: 1." in text
    record = json.loads(sweep("calibrate", tmp_path / "runs.csv", "--json"))
    assert record["rows"][0]["runs"] == 2
    assert numbers_without_unit(record) == []
    assert "include: mine.yaml" in sweep("calibrate", tmp_path / "runs.csv", "-o", tmp_path / "mine.yaml")
    assert (tmp_path / "mine.yaml").read_text().startswith("set:\n  step_time_residual: {value: 1.")
    sweep("calibrate", tmp_path / "runs.csv", "-o", tmp_path / "no" / "mine.yaml", code=2)
