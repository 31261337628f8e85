"""What the page asks for: quantities and axes, and views as plain numbers."""

import json

import pytest

from sweep.cube.virtual import open_virtual
from sweep.errors import SweepError
from sweep.serve.explorer import MOST_LABELS, described, view_of
from sweep.study.parse import open_study
from tests.serve.conftest import STUDY


def test_described_names_quantities_with_their_axes_and_where_the_point_stands(cube):
    found = described(cube)
    assert found["title"] == "A small cluster"
    assert found["quantities"]["it_power"]["axes"] == ["gpus"]
    assert sorted(found["quantities"]["facility_power"]["axes"]) == ["gpus", "pue"]
    assert found["axes"] == {"gpus": {"size": 4, "point": 2}, "pue": {"size": 4, "point": 1}}
    json.dumps(found, allow_nan=False)


def test_view_of_has_values_in_display_units_and_the_labels_held(cube):
    seen = view_of(cube, {"quantity": "facility_power", "x": "gpus"})
    assert seen["title"] == "facility power [kW]"
    assert seen["held"] == {"pue": "1.2"}
    assert seen["sides"][0]["numbers"] == [8, 12, 16, 24]
    at = cube.facility_power.isel(pue=1).values
    assert seen["values"] == [pytest.approx(value / 1e3, rel=1e-5) if value == value else None for value in at]
    assert [seen["values"][i] is None for i in range(4)] == [seen["reasons"][i] >= 0 for i in range(4)]
    moved = view_of(cube, {"quantity": "facility_power", "x": "gpus", "at.pue": "3"})
    assert moved["held"] == {"pue": "1.4"}
    json.dumps(moved, allow_nan=False)


def test_view_of_a_long_axis_shows_some_labels_with_both_ends():
    study = {**STUDY, "axes": {"gpus": {"from": 8, "to": 8_000_000, "step": 8}, "pue": [1.1, 1.2]}, "point": {}}
    seen = view_of(open_virtual(open_study(study)), {"quantity": "facility_power", "x": "gpus", "y": "pue"})
    places = seen["sides"][0]["places"]
    assert len(places) == MOST_LABELS
    assert (places[0], places[-1]) == (0, 999_999)
    assert len(seen["values"]) == 2 * MOST_LABELS


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"quantity": "it_powr", "x": "gpus"}, "did you mean 'it_power'"),
        ({"quantity": "it_power", "x": "pue"}, "pue: it_power does not depend on such an axis"),
        ({"quantity": "it_power", "x": "gpus", "at.pue": "4"}, "at.pue=4: must be a whole number from 0 to 3"),
        ({"quantity": "it_power", "x": "gpus", "at.pue": "-1"}, "must be a whole number"),
        ({"quantity": "it_power", "x": "gpus", "at.peu": "1"}, "did you mean 'pue'"),
        ({"quantity": "it_power", "x": "gpus", "file": "/etc/passwd"}, "is not quantity, x, y or at.AXIS"),
    ],
)
def test_view_of_refuses_what_is_not_there(cube, asked, said):
    with pytest.raises(SweepError) as refused:
        view_of(cube, asked)
    assert said in str(refused.value)
