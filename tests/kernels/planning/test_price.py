"""Prices of tokens by hand: they add up to the cost of the GPUs that a request takes."""

import pytest

from sweep.kernels.choices import OWNED, RENTED
from sweep.kernels.planning import price
from tests.at_point import value

POINT = {"model": "llama-3.1-70b", "gpu": "h100-sxm"}
GIVEN = {"serving_tp": 4, "serving_precision": "fp8", "weight_bits": 8, "input_tokens": 1000, "output_tokens": 400}


def test_input_and_output_tokens_pay_for_the_gpus_of_a_request():
    at = {
        name: value(name, POINT, **GIVEN, electricity_price=2e-8)
        for name in (
            "serving_gpu_cost",
            "gpu_time_per_output_token",
            "fleet_utilisation",
            "serving_cost_per_input_token",
            "serving_cost_per_output_token",
        )
    }
    paid = 1000 * at["serving_cost_per_input_token"] + 400 * at["serving_cost_per_output_token"]
    assert paid == pytest.approx(at["serving_gpu_cost"] * 400 * at["gpu_time_per_output_token"] / at["fleet_utilisation"])
    assert at["serving_cost_per_output_token"] > 2 * at["serving_cost_per_input_token"]


def test_a_rented_gpu_costs_its_market_price():
    assert value("serving_gpu_cost", POINT, gpu_tenure="rented") == value("gpu_cloud_price", POINT)
    assert price.serving_gpu_cost(RENTED, 1.0, 2.0) == 2
    assert price.serving_gpu_cost(OWNED, 1.0, 2.0) == 1


def test_an_owned_gpu_pays_back_its_parts_and_its_electricity():
    """31,536 USD and a fifth for the network, 1 kW of building at 10 USD/W, a tenth of both each year, and 1 kW at 0.1 USD/kWh."""
    found = price.owned_gpu_cost(31536.0, 0.2, 0.1, 1000.0, 10.0, 0.1, 31536000.0, 0.1 / 3.6e6)
    assert found == pytest.approx(1.2e-4 + 1000 / 31536000 + 0.1 / 3600)


def test_energy_of_all_tokens_and_tokens_for_each_unit_of_power():
    assert price.facility_energy_per_token(0.6, 1000.0, 500.0) == pytest.approx(0.2)
    assert price.output_rate_per_power(0.5) == 2
    assert price.serving_cost_per_input_token(1.0, 8.0, 0.1, 0.0, 0.5) == 0
    assert price.serving_cost_per_input_token(1.0, 8.0, 0.1, 1.0, 0.5) == pytest.approx(1.6)
