"""A service hour by hour, by hand; the hours of a day add up to the fleet's day."""

import math

import pytest

from sweep.kernels.planning import hours
from tests.at_point import value

POINT = {"model": "llama-3.1-70b", "gpu": "h100-sxm"}
GIVEN = {"serving_tp": 4, "serving_precision": "fp8", "weight_bits": 8}
LOADS = [1 + 0.5 * math.sin(2 * math.pi * hour / 24) for hour in range(24)]


@pytest.mark.parametrize(("load", "replicas"), [(0.0, 1), (1.0, 25), (1.5, 38)])
def test_replicas_of_an_hour_follow_its_load(load, replicas):
    """100 queries a second in the mean, 5 of each replica of which 80 % are used."""
    rate = hours.hour_query_rate(100.0, load)
    assert rate == 100 * load
    assert hours.hour_replicas(rate, 5.0, 0.8) == replicas
    assert hours.hour_replica_load(rate, replicas, 5.0) == pytest.approx(20 * load / replicas)
    assert hours.hour_gpus(replicas, 4.0) == 4 * replicas


def test_replicas_of_an_hour_are_fewer_than_1e15():
    assert math.isnan(hours.hour_replicas(1e15, 1.0, 1.0))
    assert hours.hour_replicas(1e15 - 1, 1.0, 1.0) == 1e15 - 1
    assert math.isnan(hours.hour_replicas(math.nan, 5.0, 0.8))


def test_the_busiest_hour_needs_the_fleet():
    assert value("hour_gpus", POINT, hour_load=1.5, **GIVEN) == value("fleet_gpus", POINT, **GIVEN)


def test_power_of_an_hour_serves_and_waits():
    """40 of 100 queries a second at 1 kJ, and 60 % of a fleet that draws 20 kW when it waits, at a PUE of 1.25; none beyond 100."""
    assert hours.hour_power(40.0, 1000.0, 20.0, 5.0, 20e3, 1.25) == pytest.approx(65e3)
    assert hours.hour_power(120.0, 1000.0, 20.0, 5.0, 20e3, 1.25) == pytest.approx(150e3)
    assert hours.hour_energy(65e3, 86400.0) == pytest.approx(65e3 * 3600)


def test_hour_pays_and_emits_for_its_energy():
    assert hours.hour_electricity_price(2.0) == hours.hour_carbon_intensity(2.0) == 2
    assert hours.hour_energy_cost(3.0, 2.0) == hours.hour_carbon(3.0, 2.0) == 6


def test_energy_of_all_hours_is_that_of_the_fleet_in_a_day():
    day = sum(value("hour_energy", POINT, hour_load=load, **GIVEN) for load in LOADS)
    each = value("all_in_energy_per_query", POINT, **GIVEN)
    assert day == pytest.approx(each * value("queries_per_day", POINT, **GIVEN) * 86400, rel=1e-9)
