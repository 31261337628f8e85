"""Factors from one's own runs: drawn towards 1 by how few there are, and usable in a study; wrong files are one clear line."""

import math

import pytest

from sweep.cube.compute import evaluate
from sweep.errors import SweepError
from sweep.study.parse import open_study
from sweep.uncertainty.bands import bands
from sweep.uncertainty.calibrate import calibrate, fragment

HEAD = "gpu,model,gpus,tp,pp,micro_batch,global_batch,sequence_length [token],precision"
SETTING = "h100-sxm,llama-3.1-70b,{},8,4,1,512,8192,bf16"
STUDY = """title: one
{include}
select: {{model: llama-3.1-70b, gpu: h100-sxm}}
set: {{precision: bf16, gpus: 1024, tp: 8, pp: 4, micro_batch: 1, global_batch: 512, sequence_length: 8192, power_method: modelled}}
outputs: [step_time, server_power]
"""


@pytest.fixture
def study(tmp_path):
    def write(include=""):
        (tmp_path / "one.yaml").write_text(STUDY.format(include=include and f"include: {include}"))
        return open_study(tmp_path / "one.yaml")

    return write


def runs(tmp_path, measured, values, gpus=1024):
    lines = [f"{HEAD},{measured}", *(f"{SETTING.format(gpus)},{value}" for value in values)]
    (tmp_path / "runs.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "runs.csv"


def test_calibrate_moves_factor_more_with_more_runs(tmp_path, study):
    predicted = evaluate(study())["step_time"]
    found = [calibrate(runs(tmp_path, "step_time [s]", [1.2 * predicted] * n))[0] for n in (1, 4, 100)]
    assert [row["runs"] for row in found] == [1, 4, 100]
    assert all(row["input"] == "step_time_residual" and row["measured"] == pytest.approx(1.2) for row in found)
    values = [row["value"] for row in found]
    assert 1 < values[0] < values[1] < values[2] == pytest.approx(1.2, abs=0.01)
    assert found[0]["factor_high"] - found[0]["factor_low"] > found[1]["factor_high"] - found[1]["factor_low"]
    assert all(row["low"] < row["factor_low"] < row["value"] < row["factor_high"] < row["high"] for row in found)


def test_calibrate_factor_is_posterior_mean(tmp_path, study):
    predicted = evaluate(study())["step_time"]
    (row,) = calibrate(runs(tmp_path, "step_time", [f"{1.1 * predicted} s", f"{1.3 * predicted} s"]))
    known = study().regime("step_time", {})
    assert row["prior"] == known.of
    variance = (math.log(known.high / known.low) / (2 * 1.6448536)) ** 2
    common = known.family + known.job
    between, within = common * variance, (1 - common) * variance
    mean = (math.log(1.1) + math.log(1.3)) / 2
    assert math.log(row["value"]) == pytest.approx(mean * between / (between + within / 2), rel=1e-6)


def test_calibrate_power_uses_measured_time(tmp_path, study):
    slow = evaluate(study(), step_time_residual=2.0)
    rows = calibrate(runs(tmp_path, "step_time [s],server_power [W]", [f"{slow['step_time']},{slow['server_power']}"]))
    assert {row["input"]: pytest.approx(row["measured"]) for row in rows} == {"step_time_residual": 2.0, "training_power_residual": 1.0}


def test_study_values_override_included_factors(tmp_path, study):
    predicted = evaluate(study())["step_time"]
    path = runs(tmp_path, "step_time [s]", [1.2 * predicted] * 5)
    (row,) = calibrate(path)
    (tmp_path / "mine.yaml").write_text(fragment([row], path))
    given = study("mine.yaml")
    assert evaluate(given)["step_time"] == pytest.approx(row["value"] * predicted, rel=1e-3)
    low, high = bands(given, ["step_time"])["step_time"]
    assert [low / predicted, high / predicted] == pytest.approx([row["low"], row["high"]], rel=0.02)
    (tmp_path / "mine.yaml").write_text("set: {gpus: 2048, step_time_residual: 1.5}\n")
    assert evaluate(study("mine.yaml"))["step_time"] == pytest.approx(1.5 * predicted)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gpuz,step_time [s]\nh100-sxm,1\n", "1: 'gpuz': unknown column; did you mean 'gpu'"),
        ("gpu,step_time [kW]\nh100-sxm,1\n", r"1: 'step_time \[kW\]': kW is not a unit of s"),
        ("gpu [s],step_time [s]\nh100-sxm,1\n", r"1: 'gpu \[s\]': has labels, no unit"),
        ("gpu,step_time\nh100-sxm,1\n", "2: step_time = '1': needs a unit of s"),
        ("gpu,step_time [s]\nh100-sxm,-1\n", "2: step_time = '-1 s': a measured value is above zero"),
        ("gpu,step_time [s]\nh101-sxm,1\n", "2: gpu = 'h101-sxm': no such gpu; did you mean"),
        ("gpu,step_time [s]\nh100-sxm\n", "2: has 1 cells under 2 columns"),
        ("gpu,gpu,step_time [s]\na,b,1\n", "1: a column stands twice"),
        ("gpu,tp\nh100-sxm,1\n", "1: no measured column; one or more of step_time"),
        ("gpu,step_time [s]\n", "needs a line of column names and one line for each run"),
        ("gpu,step_time [s]\nh100-sxm,1\n", "has no value"),
    ],
)
def test_calibrate_reports_invalid_file_in_one_line(tmp_path, text, said):
    (tmp_path / "runs.csv").write_text(text)
    with pytest.raises(SweepError, match=said):
        calibrate(tmp_path / "runs.csv")
