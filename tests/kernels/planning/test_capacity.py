"""Fleets within limits, by hand."""

import math

import pytest

from sweep.kernels.planning import capacity
from tests.at_point import value

POINT = {"model": "llama-3.1-70b", "gpu": "h100-sxm"}
GIVEN = {"serving_tp": 4, "serving_precision": "fp8", "weight_bits": 8}


def test_a_power_budget_holds_whole_gpus_and_their_rate():
    assert capacity.gpus_within_power(1e6, 1300.0) == 769
    assert math.isnan(capacity.gpus_within_power(1.0, 0.0 * math.inf))
    assert math.isnan(capacity.gpus_within_power(1e15, 1.0))
    assert capacity.gpus_within_power(1e15 - 1, 1.0) == 1e15 - 1
    assert capacity.output_rate_within_power(1e6, 2.0) == 2e6
    held = value("gpus_within_power", POINT, power_budget=1e6, **GIVEN)
    rate = value("output_rate_within_power", POINT, power_budget=1e6, **GIVEN)
    assert rate == pytest.approx(held * value("output_rate_per_gpu", POINT, **GIVEN), rel=2e-3)


def test_making_a_fleet_emits_carbon_that_its_queries_share():
    made = capacity.fleet_embodied_carbon(16.0, 100.0, 2.0, 5000.0)
    assert made == 11600
    assert capacity.embodied_carbon_per_query(made, 1.16e8, 10.0) == pytest.approx(1e-5)
    assert capacity.embodied_carbon_per_query(made, 1.16e8, 0.5) == pytest.approx(2e-4)
    assert math.isnan(capacity.embodied_carbon_per_query(made, 1.16e8, 0.0))
