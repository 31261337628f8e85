"""Demand studies, against their own figures."""

import math

import pytest

from sweep.catalog.units import to_si
from tests.at_point import evaluate, names_of, value


def test_the_regions_of_the_iea_sum_to_its_world():
    regions = [e for e in names_of("scenario", "iea-2025-") if e != "iea-2025-world"]
    assert len(regions) == 5
    for year, world in ((2024, 415), (2030, 945)):
        total = sum(value("datacenter_energy", {"scenario": region}, demand_year=year) for region in regions)
        assert total == pytest.approx(to_si(f"{world} TWh", "J"), rel=0.003)
        assert value("datacenter_energy", {"scenario": "iea-2025-world"}, demand_year=year) == pytest.approx(to_si(f"{world} TWh", "J"))


def test_the_growth_of_studies_is_what_they_print():
    assert value("scenario_growth", {"scenario": "iea-2025-usa"}) == pytest.approx(0.151, abs=0.001)
    assert value("scenario_growth", {"scenario": "lbnl-2024-history"}) == pytest.approx(0.131, abs=0.001)
    for case, growth in (("lowest", 0.037), ("moderate", 0.05), ("high", 0.10), ("highest", 0.15)):
        assert value("scenario_growth", {"scenario": f"epri-2024-{case}"}) == pytest.approx(growth, abs=2e-4)
    assert value("datacenter_energy", {"scenario": "lbnl-2024-low"}, demand_year=2023) == pytest.approx(to_si("176 TWh", "J"))
    printed = {2023: 147, 2028: 450, 2030: 606}
    for year, energy in printed.items():
        assert value("datacenter_energy", {"scenario": "mckinsey-medium"}, demand_year=year) == pytest.approx(to_si(f"{energy} TWh", "J"))
    years_between = {2024: 178, 2025: 224, 2026: 292, 2027: 371, 2029: 513}
    for year, energy in years_between.items():
        between = value("datacenter_energy", {"scenario": "mckinsey-medium"}, demand_year=year)
        assert between == pytest.approx(to_si(f"{energy} TWh", "J"), rel=0.04)


@pytest.mark.parametrize("case", ["low", "high"])
def test_lbnl_expects_data_centers_at_half_their_power(case):
    assert value("implied_utilization", {"scenario": f"lbnl-2024-{case}"}) == pytest.approx(0.5, abs=0.01)


def test_shares_in_2030_fan_out():
    stated = {"epri-2024-lowest": 4.6, "epri-2024-moderate": 5.0, "epri-2024-high": 6.8, "goldman-2024": 8, "epri-2024-highest": 9.1,
              "mckinsey-medium": 11.7, "epri-2026-high": 17}
    for scenario, percent in stated.items():
        assert value("datacenter_share", {"scenario": scenario}, demand_year=2030) == pytest.approx(percent / 100)


def test_a_year_without_data_and_a_study_without_energy_are_named():
    result, flags = evaluate("datacenter_demand", {"scenario": "lbnl-2024-low"}, demand_year=2030)
    assert math.isnan(result)
    assert flags == {"year_outside_the_study"}
    result, flags = evaluate("datacenter_demand", {"scenario": "goldman-2024"}, demand_year=2028)
    assert math.isnan(result)
    assert flags == {"study_states_no_energy"}


def test_one_operator_in_the_worlds_demand():
    """Google's data centers took 30.8 TWh in 2024, of 415 TWh."""
    share = value("fleet_share_of_demand", {"scenario": "iea-2025-world"}, demand_year=2024, average_power="30.8 TWh/yr")
    assert share == pytest.approx(30.8 / 415, rel=1e-6)
