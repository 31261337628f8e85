"""Two points against each other: what differs, what it changes, and by how much each input does."""

import math

import pytest

from sweep.analysis.compare import compare
from sweep.errors import SweepError
from tests.at_point import value

RUN = {"title": "run", "select": {"gpu": "a100-sxm-80gb"}, "set": {"gpus": 8, "it_power": "1 MW", "time_to_train": "10 d", "pue": 1.2}}
STUDY = {**RUN, "outputs": ["facility_energy", "gpu_power_total"]}
DAY = 86400.0


def between(opened, **changes):
    before = opened(STUDY)
    return compare(before, opened(STUDY, set_=[f"{name}={text}" for name, text in changes.items()]), "facility_energy")


def test_compare_of_equal_points_is_empty(opened):
    found = between(opened)
    assert (found.inputs, found.parts) == ({}, {})
    assert found.outputs["facility_energy"].difference == 0
    assert found.outputs["facility_energy"].ratio == 1


def test_compare_attributes_product_by_mean_of_orders(opened):
    """E = P T PUE from 10 d x 1.2 to 20 d x 1.5: each part is its change at the mean of the other factor."""
    found = between(opened, time_to_train="20 d", pue="1.5")
    assert found.inputs == {"pue": (1.2, 1.5), "time_to_train": (10 * DAY, 20 * DAY)}
    assert found.parts["time_to_train"] == pytest.approx(1e6 * 10 * DAY * 1.35)
    assert found.parts["pue"] == pytest.approx(1e6 * 15 * DAY * 0.3)
    assert sum(found.parts.values()) == pytest.approx(found.outputs["facility_energy"].difference)
    assert found.method == "Shapley values, the mean of 2 orders of changes"


def test_compare_treats_catalogue_entry_as_one_input(opened):
    found = between(opened, gpu="h100-sxm")
    assert found.inputs == {"gpu": ("a100-sxm-80gb", "h100-sxm")}
    change = found.outputs["gpu_power_total"]
    assert (change.before, change.after) == (value("gpu_power_total", {"gpu": "a100-sxm-80gb"}, gpus=8), 8 * 700)


def test_compare_given_quantity_with_computed_one(opened):
    study = {**STUDY, "set": {name: text for name, text in STUDY["set"].items() if name != "it_power"} | {"server_power": "6 kW"}}
    found = compare(opened(study), opened(study, set_=["it_power=1 MW"]), "facility_energy")
    assert found.inputs == {"it_power": (6000.0, 1e6)}
    assert sum(found.parts.values()) == pytest.approx(found.outputs["facility_energy"].difference)


def test_compare_skips_orders_through_infeasible_points(opened):
    """20 days do not end in 15, so that the deadline must move first."""
    late = {**STUDY, "set": {**STUDY["set"], "training_duration": "15 d"}}
    changes = ["time_to_train=20 d", "training_duration=30 d"]
    found = compare(opened(late), opened(late, set_=changes), "facility_energy")
    assert found.parts == {"training_duration": 0, "time_to_train": pytest.approx(1e6 * 10 * DAY * 1.2)}
    assert found.method.endswith("the mean of 1 order of changes; the other 1 meet an impossible point")


def test_compare_of_undefined_value_has_no_attribution(opened):
    found = between(opened, training_duration="5 d")
    assert found.parts == {}
    assert math.isnan(found.outputs["facility_energy"].ratio)
    assert found.method.startswith("none: it has no value")


def test_compare_of_many_inputs_adds_interaction_term(opened):
    names = [f"matmul_{axis}" for axis in "mnk"]
    base = {**STUDY, "outputs": ["matmul_time"], "select": {"gpu": "h100-sxm"}}
    changes = [f"{name}=8192" for name in names] + ["element_bytes=4 B", "hbm_bandwidth=1 TB/s"]
    base["set"] = {**base["set"], "element_bytes": "2 B"}
    more = ["gpu=a100-sxm-80gb", "pue=1.3", "time_to_train=20 d"]
    base["outputs"] = ["matmul_time", "facility_energy"]
    found = compare(opened(base), opened(base, set_=[*changes, *more]), "matmul_time")
    assert len(found.inputs) == 8
    assert found.parts["pue"] == 0
    assert sum(found.parts.values()) == pytest.approx(found.outputs["matmul_time"].difference)
    assert found.method == "each input changed alone, and what they do together"


def test_compare_rejects_unknown_quantity(opened):
    with pytest.raises(SweepError, match="unknown quantity 'facility_enrgy'; did you mean 'facility_energy'"):
        compare(opened(STUDY), opened(STUDY), "facility_enrgy")
