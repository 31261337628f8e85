"""Coordinates are the axes and what a study writes along them; figures of the catalogue stand aside until they are asked for."""

import json

import numpy as np
import xarray

from sweep.cube import dataset
from sweep.cube.compute import in_memory
from sweep.cube.coordinates import columns, coordinates
from sweep.cube.virtual import open_virtual
from sweep.engine import plan
from sweep.query.selection import select

STUDY = {
    "title": "small",
    "set": {"server_power": "6 kW", "training_flops": "1e24 FLOP", "training_duration": "90 d"},
    "axes": {"gpu": ["h100-sxm", "a100-sxm-80gb"], "precision": ["bf16", "fp8"], "gpus": [8, 64], "pue": [1.1, 1.2]},
    "outputs": ["it_power", "required_mfu", "facility_energy"],
}


def test_coordinates_share_the_order_and_shape_of_axes(opened):
    found = plan.make(opened(STUDY, outputs=["peak_rate"]))
    assert json.loads(dataset.attributes(found)["axes"]) == list(found.order)
    for variable in [*dataset.outputs(found), *coordinates(found)]:
        assert list(variable.dims) == [axis for axis in found.order if axis in variable.dims]
    names = [variable.name for variable in coordinates(found)]
    assert len(names) == len(set(names))
    for variable in coordinates(found):
        assert variable.values.shape == tuple(found.sizes[axis] for axis in variable.dims)


def test_coordinates_are_axes_and_what_is_asked_for(opened):
    bare = plan.make(opened(STUDY))
    assert {v.name for v in coordinates(bare)} == {"gpu", "precision", "gpus", "pue"}
    assert "peak_rate" in columns(bare)
    asked = plan.make(opened(STUDY, outputs=["peak_rate"]))
    assert {v.name for v in coordinates(asked)} == {"gpu", "precision", "gpus", "pue", "peak_rate"}
    assert "peak_rate" not in columns(asked)


def test_columns_are_read_by_xarray_and_by_a_selection(opened):
    made = plan.make(opened(STUDY))
    for cube in (open_virtual(made.study), in_memory(made, None, None)):
        read = xarray.Dataset.from_dict(json.loads(cube.attrs["columns"]))
        assert float(read.peak_rate.transpose("gpu", "precision")[0, 0]) == 989.4e12
        found = select(cube, "peak_rate", {"gpu": "h100-sxm"})
        assert found.attrs["long_name"]
        assert found.sel(precision="bf16") == 989.4e12
        assert np.isnan(select(cube, "peak_rate", {"gpu": "a100-sxm-80gb", "precision": "fp8"}))


def test_repr_of_a_cube_has_all_axes_and_no_figures_of_the_catalogue(opened):
    text = repr(open_virtual(opened(STUDY)))
    assert all(f"* {axis} " in text for axis in STUDY["axes"])
    assert "peak_rate" not in text.split("Attributes:")[0]
