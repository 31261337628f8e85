"""Bands: what an exact calculation gives, the same in points and cubes, and comparisons in which what is shared cancels."""

import math

import numpy as np
import pytest

from sweep.analysis.search import best
from sweep.cube.compute import evaluate
from sweep.cube.virtual import open_virtual
from sweep.errors import SweepError
from sweep.store.run import run
from sweep.study.parse import open_study
from sweep.study.sampling import Z
from sweep.uncertainty.bands import band, bands, chance_of_better, comparable, draws, ranked

PUE = "pue={value: 1.2, low: 1.1, high: 1.5, range: planning}"


def test_bands_scale_with_input_range():
    study = open_study("article", set_=[PUE])
    low, high = bands(study, ["facility_energy"])["facility_energy"]
    energy = evaluate(study)["training_energy"]
    assert low == pytest.approx(1.1 * energy, rel=2e-3)
    assert high == pytest.approx(1.5 * energy, rel=5e-3)


def test_bands_omit_certain_quantities():
    study = open_study("article", set_=[PUE])
    assert "training_energy" not in bands(study, ["training_energy", "facility_energy"])
    assert bands(open_study("article")) == {}


def test_bands_of_prediction_include_residual():
    study = open_study("layouts")
    low, high = bands(study, ["step_time"])["step_time"]
    residual = study.regime("step_time", study.point)
    assert residual.when == "experts == 0 and gpu_generation == hopper"
    here = evaluate(study)["step_time"]
    assert [low / here, high / here] == pytest.approx([residual.low, residual.high], rel=0.02)


def test_bands_of_set_values_use_own_range():
    assert bands(open_study("layouts", set_=["step_time_residual=1.1"]), ["step_time"]) == {}
    given = open_study("layouts", set_=["step_time_residual={value: 1.1, low: 1, high: 1.2}"])
    low, high = bands(given, ["step_time"])["step_time"]
    assert high / low == pytest.approx(1.2, rel=0.01)


def test_cube_quantiles_equal_bands(tmp_path):
    study = open_study("article", set_=[PUE], axis=["sample={size: 64, seed: 3}", "training_duration=30 d,90 d"])
    made = run(study)
    stored = run(study, tmp_path / "a.zarr")
    assert made.facility_energy.dims == ("training_duration", "quantile")
    assert made.sizes["quantile"] == 3
    assert "sample" not in made.dims
    assert np.array_equal(made.facility_energy, stored.facility_energy)
    assert made.training_energy.dims == ("training_duration",)
    virtual = open_virtual(study)
    assert virtual.facility_energy.dims == made.facility_energy.dims
    assert np.array_equal(virtual.facility_energy, made.facility_energy)
    assert float(virtual.facility_energy[1, 2]) == float(made.facility_energy[1, 2])
    assert np.array_equal(virtual.status, made.status)
    low, high = bands(study, ["facility_energy"], {"training_duration": 1})["facility_energy"]
    assert made.facility_energy.values[1, [0, 2]] == pytest.approx([low, high], rel=1e-6)


def test_sample_axis_without_ranges_is_rejected():
    with pytest.raises(SweepError, match=r"axes\.sample: no input of the outputs has a low and a high"):
        run(open_study("article", axis=["sample=16"]))
    for text, reason in (("sample=1", "2 to 65,536 draws"), ("sample=many", "an integer"), ("sample={seed: 1}", "size")):
        with pytest.raises(SweepError, match=reason):
            open_study("article", axis=[text])


def logs(at, **changes):
    study = open_study("layouts", axis=["gpu=h100-sxm,h200-sxm,b200-sxm", "gpus=1024,2048", "pue=1.1,1.2"])
    return np.log(comparable(study, ["step_time"], study.place({"gpu": "h100-sxm", **at}))["step_time"])


def test_residuals_are_correlated_by_regime_and_job():
    first, *others = (np.array(logs(at)) for at in ({}, {"pue": 1.2}, {"recompute": "full"}, {"gpus": 2048}, {"gpu": "b200-sxm"}))
    power, layout, job, regime = (np.corrcoef(first, other)[0, 1] for other in others)
    assert power == pytest.approx(1)  # step time does not depend on PUE
    assert 1 > layout > job > 0
    assert abs(regime) < 0.1


def test_layouts_of_one_job_differ_by_students_t():
    from scipy.stats import t

    study = open_study("layouts", axis=["sample=16384"])
    regime = study.regime("step_time", dict.fromkeys(study.axes, 0))
    scale = math.sqrt(2 * (1 - regime.family - regime.job)) * math.log(regime.high / regime.low) / (2 * Z)
    rows = best(study, "step_time", top=6)
    gaps = [math.log(row["step_time"] / rows[0]["step_time"]) for row in rows[1:]]
    stated = [one["better"] for one in ranked(study, rows, {"step_time": 1})[1:]]
    assert stated == pytest.approx(t.sf(np.array(gaps) / scale, regime.tail).tolist(), abs=0.015)


def test_points_with_different_ranges_see_the_same_draws_of_an_input():
    study = open_study("gpt4", set_=[PUE], axis=["gpu=h100-sxm,h200-sxm", "gpus=24960"])
    held = [comparable(study, ["pue"], study.place({"gpu": gpu})) for gpu in ("h100-sxm", "h200-sxm")]
    assert "gpu_price" in study.uncertain
    assert np.array_equal(held[0]["pue"], held[1]["pue"])


def test_chance_of_better_is_share_of_draws():
    one = np.array([1.0, 2.0, 3.0, 4.0])
    assert chance_of_better(one, 1.01 * one) == 0.0
    assert chance_of_better(one, 1.01 * one, maximize=True) == 1.0
    assert chance_of_better(one, np.array([0.9, 1.9, 3.1, np.nan])) == 0.5
    assert band(np.arange(101.0)) == (5.0, 95.0)


def test_ranked_rows_have_share_of_draws_better_than_first():
    study = open_study("layouts")
    rows = best(study, "step_time", top=3)
    found = ranked(study, rows, {"step_time": 1})
    assert "better" not in found[0]
    assert all(0 < one["better"] < 0.6 for one in found[1:])
    ends = [one["bands"]["step_time"] for one in found]
    assert all(one["p5"] < row["step_time"] < one["p95"] for one, row in zip(ends, rows, strict=True))
    sure = open_study("article", set_=[PUE], axis=["training_duration=30 d,90 d"])
    rows = best(sure, "facility_energy", top=2)
    assert [one.get("better") for one in ranked(sure, rows, {"facility_energy": 1})] == [None, 0.0]
    assert ranked(sure, best(sure, "training_energy", top=2), {"training_energy": 1}) == [{}, {}]


def test_ranked_rows_per_label_are_compared_within_label():
    study = open_study("layouts", axis=["gpu=h100-sxm,h200-sxm"])
    rows = best(study, "step_time", top=2, per="gpu")
    assert ["better" in one for one in ranked(study, rows, {"step_time": 1}, per="gpu")] == [False, True, False, True]


def test_ranked_rows_of_weighted_sum_have_band_of_score():
    study = open_study("gpt4", set_=["pue={value: 1.2, low: 1.1, high: 1.4}"], axis=["gpus=24960", "gpu=h100-sxm,h200-sxm"])
    found = best(study, "0.5*energy_cost + 0.3*time_to_train + 0.2*servers", top=2)
    told = ranked(study, found, found.scales)
    assert found[0]["score"] == pytest.approx(sum(scale * found[0][name] for name, scale in found.scales.items()), rel=1e-5)
    assert all(one["bands"]["score"]["p5"] < row["score"] < one["bands"]["score"]["p95"] for one, row in zip(told, found, strict=True))
    assert 0 < told[1]["better"] < 0.6
    place = study.place(found[0])
    each = draws(study, found.scales, place)
    assert set(each) == {"energy_cost", "time_to_train"}  # how many servers there are is sure
    together = band(sum(found.scales[name] * each.get(name, found[0][name]) for name in found.scales))
    assert [*told[0]["bands"]["score"].values()] == pytest.approx(together)
