"""Facilities, their PUE and their water, against what operators state."""

import math

import pytest

from sweep.catalog.units import to_si
from tests.at_point import evaluate, value


def test_serving_with_cooling_takes_81_gwh():
    assert value("serving_facility_energy", serving_energy="67.5 GWh") == pytest.approx(to_si("81 GWh", "J"), rel=1e-12)


def test_water_on_site_and_of_the_power_plants_stay_apart():
    frankfurt = {"datacenter": "aws-eu-central-1"}
    assert value("onsite_water", frankfurt, training_energy="1 GWh") == pytest.approx(10)
    assert value("offsite_water", frankfurt, training_energy="1 GWh") == pytest.approx(1e6 * 1.35 * 1.947e-3)
    result, flags = evaluate("onsite_water", {"datacenter": "azure-eastus"}, training_energy="1 GWh", operator_water_usage=math.nan)
    assert math.isnan(result)
    assert flags == {"operator_water_usage_is_missing"}


def test_the_pue_of_built_up_facilities_lies_among_those_that_operators_state():
    fleets = {"air-chiller": ("us-stock-2023", 0.05), "air-economizer": ("aws-fleet", 0.03), "evaporative": ("meta-fleet", 0.04)}
    for cooling, (fleet, spread) in fleets.items():
        built = value("effective_pue", {"cooling": cooling}, pue_method="built-up")
        assert built == pytest.approx(value("effective_pue", {"datacenter": fleet}), rel=spread)


def test_liquid_can_raise_pue_and_still_take_less_power():
    air = {"cooling": "evaporative"}
    liquid = {"cooling": "liquid"}
    given = {"it_power": "100 MW", "pue_method": "built-up", "included_fan_share": "0.15"}
    assert value("effective_pue", liquid, **given) > value("effective_pue", air, **given)
    assert value("same_work_facility_power", liquid, **given) < 0.9 * value("same_work_facility_power", air, **given)


def test_part_load_raises_pue():
    assert value("effective_pue", pue_method="part-load", pue=1.2, utilization=1) == pytest.approx(1.2)
    assert value("effective_pue", pue_method="part-load", pue=1.2, utilization=0.5, overhead_fixed_share=1) == pytest.approx(1.4)
    assert value("effective_pue", pue_method="part-load", pue=1.2, utilization=0.5, overhead_fixed_share=0) == pytest.approx(1.2)


def test_reused_heat_lowers_ere_and_not_pue():
    assert value("energy_reuse_effectiveness", pue=1.2, heat_reuse_share=0.3) == pytest.approx(0.9)
    assert value("energy_reuse_factor", pue=1.2, heat_reuse_share=0.3) == pytest.approx(0.25)


def test_the_water_of_all_us_data_centers():
    """LBNL: 17 billion gallons on site in 2023, at 176 TWh."""
    stock = {"datacenter": "us-stock-2023"}
    assert value("annual_onsite_water", stock, annual_energy="176 TWh") == pytest.approx(17e9 * 3.785411784e-3, rel=0.01)
