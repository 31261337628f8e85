"""Facilities, their PUE and their water, against what operators state."""

import math

import pytest

from sweep.catalog.units import to_si
from sweep.kernels.choices import BUILT_UP_PUE, PART_LOAD_PUE, STATED_PUE
from sweep.kernels.facility import facility
from tests.at_point import evaluate, value


def test_facility_energy_of_serving_is_81_gwh():
    assert value("serving_facility_energy", serving_energy="67.5 GWh") == pytest.approx(to_si("81 GWh", "J"), rel=1e-12)


def test_facility_water_separates_site_and_power_plants():
    frankfurt = {"datacenter": "aws-eu-central-1"}
    assert value("onsite_water", frankfurt, training_energy="1 GWh") == pytest.approx(10)
    assert value("offsite_water", frankfurt, training_energy="1 GWh") == pytest.approx(1e6 * 1.35 * 1.947e-3)
    result, flags = evaluate("onsite_water", {"datacenter": "azure-eastus"}, training_energy="1 GWh", operator_water_usage=math.nan)
    assert math.isnan(result)
    assert flags == {"operator_water_usage_is_missing"}


def test_computed_pue_lies_in_stated_range():
    fleets = {"air-chiller": ("us-stock-2023", 0.05), "air-economizer": ("aws-fleet", 0.03), "evaporative": ("meta-fleet", 0.04)}
    for cooling, (fleet, spread) in fleets.items():
        built = value("effective_pue", {"cooling": cooling}, pue_method="built-up")
        assert built == pytest.approx(value("effective_pue", {"datacenter": fleet}), rel=spread)


def test_liquid_cooling_can_raise_pue_and_lower_power():
    air = {"cooling": "evaporative"}
    liquid = {"cooling": "liquid"}
    given = {"it_power": "100 MW", "pue_method": "built-up", "included_fan_share": "0.15"}
    assert value("effective_pue", liquid, **given) > value("effective_pue", air, **given)
    assert value("same_work_facility_power", liquid, **given) < 0.9 * value("same_work_facility_power", air, **given)


def test_part_load_raises_pue():
    assert value("effective_pue", pue_method="part-load", pue=1.2, utilization=1) == pytest.approx(1.2)
    assert value("effective_pue", pue_method="part-load", pue=1.2, utilization=0.5, overhead_fixed_share=1) == pytest.approx(1.4)
    assert value("effective_pue", pue_method="part-load", pue=1.2, utilization=0.5, overhead_fixed_share=0) == pytest.approx(1.2)


def test_heat_reuse_lowers_ere_and_not_pue():
    assert value("energy_reuse_effectiveness", pue=1.2, heat_reuse_share=0.3) == pytest.approx(0.9)
    assert value("energy_reuse_factor", pue=1.2, heat_reuse_share=0.3) == pytest.approx(0.25)


def test_facility_water_of_us_data_centers():
    """LBNL: 17 billion gallons on site in 2023, at 176 TWh."""
    stock = {"datacenter": "us-stock-2023"}
    assert value("annual_onsite_water", stock, annual_energy="176 TWh") == pytest.approx(17e9 * 3.785411784e-3, rel=0.01)


def test_pue_follows_method():
    given = {"pue": 1.1, "part_load_pue": 1.2, "component_pue": 1.3}
    assert [facility.effective_pue(pue_method=m, **given) for m in (STATED_PUE, PART_LOAD_PUE, BUILT_UP_PUE)] == [1.1, 1.2, 1.3]


def test_pue_without_load_is_undefined():
    assert math.isnan(facility.part_load_pue(pue=1.2, utilization=0.0, overhead_fixed_share=0.5))


def test_pue_adds_cooling_and_other_over_electrical_efficiency():
    built = facility.component_pue(cooling_power_share=0.2, other_overhead=0.05, electrical_efficiency=0.9)
    assert built == pytest.approx(1.25 / 0.9)


def test_pue_counts_server_fans_as_overhead():
    """Patterson et al. 2013: at a PUE of 1.2 and a tenth of the servers' power in fans, TUE is 1.33."""
    assert facility.total_usage_effectiveness(effective_pue=1.2, server_fan_share=0.1) == pytest.approx(4 / 3)
    given = {"it_power": 10e6, "included_fan_share": 0.15, "total_usage_effectiveness": 1.25}
    assert facility.same_work_facility_power(**given) == pytest.approx(10.625e6)


def test_facility_year_by_hand():
    """20 MW of IT at a PUE of 1.25 and a utilization of 0.8 take a mean of 20 MW: 175.2 GWh, of which 140.16 reach the IT."""
    assert facility.facility_power(it_power=20e6, effective_pue=1.25) == 25e6
    assert facility.average_power(facility_power=25e6, utilization=0.8) == 20e6
    year = facility.annual_energy(average_power=20e6, year_length=31.536e6)
    assert year == pytest.approx(to_si("175.2 GWh", "J"))
    assert facility.annual_it_energy(annual_energy=year, effective_pue=1.25) == pytest.approx(to_si("140.16 GWh", "J"))
    assert facility.annual_reused_heat(annual_it_energy=140.0, heat_reuse_share=0.25) == 35
