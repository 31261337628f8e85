"""A view holds what a picture shows: values over its sides, where all other axes stand, and why a cell is empty."""

import numpy as np
import pytest

from sweep.cube.virtual import open_virtual
from sweep.errors import SweepError
from sweep.plot.view import view
from sweep.study.parse import open_study


@pytest.fixture(scope="module")
def cube():
    return open_virtual(open_study("layouts", axis=["gpus=1024,2048", "micro_batch=1,2"], set_=["zero_stage=1"], outputs=["step_time"]))


def test_view_takes_the_point_of_the_study_where_nothing_else_is_said(cube):
    seen = view(cube, "step_time", ["gpus"])
    at = cube.step_time.sel(split="tp8-pp16-cp2-interleaving2", recompute="selective").isel(micro_batch=0)
    np.testing.assert_array_equal(seen.values, at.values)
    assert seen.title.startswith("step time\nat ")
    held = set(seen.title.removeprefix("step time\nat ").split(", "))
    assert held == {"split = tp8-pp16-cp2-interleaving2", "micro batch = 1", "recompute = selective"}
    assert seen.sides[0].words == ["1,024", "2,048"]


def test_view_reduces_over_axes(cube):
    splits = [str(name) for name in cube.split.values if str(name).startswith(("tp8-pp16", "tp1-pp1-"))][:4]
    seen = view(cube, "step_time", ["gpus"], {"split": ",".join(splits)}, "min=split,micro_batch,recompute")
    whole = cube.step_time.sel(split=splits)
    np.testing.assert_allclose(seen.values, whole.min(["split", "micro_batch", "recompute"]).values)
    assert "smallest over split, micro_batch, recompute" in seen.title
    counted = view(cube, "step_time", ["gpus"], {"split": ",".join(splits)}, "count=split,micro_batch,recompute")
    np.testing.assert_array_equal(counted.values, whole.count(["split", "micro_batch", "recompute"]).values)
    assert counted.unit == "1"


def test_view_tells_the_rules_of_empty_cells(cube):
    seen = view(cube, "step_time", ["split", "recompute"])
    empty = np.isnan(seen.values)
    assert empty.any()
    assert not empty.all()
    assert all((seen.reasons != "")[empty])
    assert not any((seen.reasons != "")[~empty])
    assert "exceeds memory" in set(seen.reasons[empty])


def test_view_has_a_band_where_a_sample_is_drawn():
    cube = open_virtual(open_study("layouts", axis=["sample=8", "gpus=1024,2048"], outputs=["step_time"]))
    seen = view(cube, "step_time", ["gpus"])
    assert seen.band is not None
    assert (seen.band[0] < seen.values).all()
    assert (seen.values < seen.band[1]).all()


@pytest.mark.parametrize(
    ("along", "sel", "reduce", "said"),
    [
        (["gpu"], {}, "", "gpu: step_time does not depend on such an axis; did you mean 'gpus'"),
        (["gpus"], {"spilt": "a"}, "", "--sel spilt=a: no such axis; did you mean 'split'"),
        (["gpus"], {"micro_batch": "1,2"}, "", "--sel micro_batch=1,2: is 2 labels; take one, or the best with --reduce min=micro_batch"),
        (["gpus", "gpus"], {}, "", "gpus: is already an axis of the picture"),
        (["gpus"], {}, "min=gpus", "gpus: is already an axis of the picture"),
    ],
)
def test_view_refuses_what_it_cannot_show(cube, along, sel, reduce, said):
    with pytest.raises(SweepError) as refused:
        view(cube, "step_time", along, sel, reduce)
    assert said in str(refused.value)


def test_view_of_a_cube_without_a_point_asks_for_labels(cube):
    cube = cube.copy()
    del cube.attrs["point"]
    with pytest.raises(SweepError, match=r"(\w+): has \d+ labels; --sel \1=... takes one, --reduce min=\1 the best"):
        view(cube, "step_time", ["gpus"])
