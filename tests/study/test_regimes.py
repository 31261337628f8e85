"""Regimes of measured errors: which one a point is in, over the axes that say so, and where it is extrapolated."""

import numpy as np
import pytest

from sweep.catalog.accuracy import Regime, accuracy
from sweep.study.parse import open_study
from sweep.study.regimes import NONE, Over, beyond, places

NARROW = Regime("small dense", "experts == 0 and gpus <= 64", "8 <= gpus <= 32", 5, 10, 100, 10)
WIDE = Regime("dense", "experts == 0", "", 6, 20, 300, 30)


def test_places_gives_first_regime_that_holds():
    inputs: dict[str, Over] = {"experts": (("model",), np.array([0.0, 8.0])), "gpus": (("gpus",), np.array([8.0, 64.0, 128.0]))}
    dims, found = places([NARROW, WIDE], inputs.get)
    assert dims == ("model", "gpus")
    assert found.tolist() == [[0, 0, 1], [NONE, NONE, NONE]]
    dims, found = places([WIDE, NARROW], inputs.get)
    assert (dims, found.tolist()) == (("model", "gpus"), [[0, 0, 0], [NONE, NONE, NONE]])


def test_places_skips_regimes_of_missing_inputs():
    dims, found = places([NARROW, WIDE], {"experts": ((), np.array(0.0))}.get)
    assert (dims, int(found)) == ((), 1)
    assert int(places([NARROW], lambda name: None)[1]) == NONE
    assert int(places([Regime("all", "", "", 1, 2, 3, 4)], lambda name: None)[1]) == 0


def test_places_aligns_axes_by_name():
    cells = np.array([[8.0, 128.0], [64.0, 65.0], [1.0, 2.0]])
    read = {"gpus": (("a", "b"), cells), "experts": (("b",), np.array([0.0, 1.0]))}
    dims, found = places([NARROW, WIDE], read.get)
    assert found.transpose([dims.index(name) for name in ("a", "b")]).tolist() == [[0, NONE], [0, NONE], [0, NONE]]


@pytest.mark.parametrize(("gpus", "named"), [(8, []), (32, []), (33, ["gpus"]), (4, ["gpus"])])
def test_beyond_names_inputs_outside_results(gpus, named):
    assert [one.name for one in beyond(NARROW, {"gpus": float(gpus)})] == named
    assert beyond(NARROW, {"pue": 1.2}) == []


def test_regimes_of_study_follow_model_and_gpu():
    study = open_study("layouts", axis=["gpu=a100-sxm-80gb,h100-sxm,l40s", "model=llama-3.1-70b,mixtral-8x22b"])
    dims, found = study.regimes_of("step_time")
    whens = [[accuracy()["step_time"][i].when for i in row] for row in found.transpose([dims.index("gpu"), dims.index("model")])]
    assert whens[0][0] == "experts == 0 and gpu_generation == ampere"
    assert whens[1] == ["experts == 0 and gpu_generation == hopper", "experts > 0 and gpu_generation == hopper"]
    assert whens[2] == ["experts == 0", "experts > 0"]
    held = study.regime("step_time", study.place({"gpu": "l40s", "model": "mixtral-8x22b"}))
    assert held.when == "experts > 0"
    ends = study.range_of("step_time_residual")
    assert ends
    low, high = ends
    assert low.dims == high.dims == dims
    assert low.values[tuple(study.place({"gpu": "l40s", "model": "mixtral-8x22b"})[dim] for dim in dims)] == held.low
