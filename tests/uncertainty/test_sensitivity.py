"""Sensitivity: shares of variance against a calculation on the whole array, and ranges against what they must give."""

import math

import numpy as np
import pytest

from sweep.cube.compute import evaluate
from sweep.errors import SweepError
from sweep.store.run import run
from sweep.study.parse import open_study
from sweep.uncertainty import sensitivity as module
from sweep.uncertainty.sensitivity import sensitivity

PUE = "pue={value: 1.2, low: 1.1, high: 1.5, range: planning}"
AXES = ["pue=1.1,1.2,1.4", "training_duration=30 d,60 d,90 d,120 d", "queries_per_day=1e8 query/d,1e9 query/d"]


def whole(array, axis):
    """First-order and total share of one axis of an array that is held as a whole."""
    others = tuple(i for i in range(array.ndim) if i != axis)
    return array.mean(axis=others).var() / array.var(), 1 - array.mean(axis=axis).var() / array.var()


def test_grid_shares_equal_whole_array(monkeypatch):
    study = open_study("article", axis=AXES)
    array = run(study).total_facility_energy
    for cells in (module.CELLS, 3):  # one block, and many
        monkeypatch.setattr(module, "CELLS", cells)
        rows = sensitivity(study, "total_facility_energy", "grid")
        assert {row["axis"] for row in rows} == set(array.dims)
        for row in rows:
            first, total = whole(array.values.astype(float), array.dims.index(row["axis"]))
            assert (row["first_order"], row["total"]) == (pytest.approx(first, abs=1e-9), pytest.approx(total, abs=1e-9))
            assert row["points"] == row["of"] == array.size
    assert [row["total"] for row in rows] == sorted((row["total"] for row in rows), reverse=True)


def test_grid_shares_ignore_undefined_points():
    study = open_study("layouts", axis=["gpus=1536,3072", "micro_batch=1,2", "recompute=full,none"])
    row = sensitivity(study, "step_time", "grid")[0]
    assert row["points"] == int(np.isfinite(run(study).step_time).sum()) < row["of"]
    assert all(0 <= one[key] <= 1 for one in sensitivity(study, "step_time", "grid") for key in ("first_order", "total"))


def test_tornado_has_ends_of_ranges():
    study = open_study("article", set_=[PUE])
    (row,) = sensitivity(study, "facility_energy")
    energy = evaluate(study)["training_energy"]
    assert (row["input"], row["low"], row["value"], row["high"]) == ("pue", 1.1, 1.2, 1.5)
    assert [row[key] / energy for key in ("at_low", "stated", "at_high")] == pytest.approx([1.1, 1.2, 1.5], rel=1e-6)


def test_sobol_shares_of_product():
    study = open_study("layouts", set_=[PUE])
    rows = {row["input"]: row for row in sensitivity(study, "facility_energy", "sobol")}
    assert {"pue", "step_time_residual", "training_power_residual"} <= set(rows)
    assert rows["pue"]["total"] > 0.2
    assert sum(row["first_order"] for row in rows.values()) == pytest.approx(1, abs=0.15)
    assert math.isfinite(rows["pue"]["total_95"])


def test_sensitivity_requires_range_or_axis():
    with pytest.raises(SweepError, match="no input of training_energy has a low and a high"):
        sensitivity(open_study("article"), "training_energy")
    with pytest.raises(SweepError, match="depends on no axis"):
        sensitivity(open_study("article", axis=["pue=1.1,1.2"]), "training_flops", "grid")
    with pytest.raises(SweepError, match="is one of tornado, sobol, grid"):
        sensitivity(open_study("article"), "training_energy", "morris")
