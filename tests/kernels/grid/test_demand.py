"""Demand studies, against their own figures."""

import math

import pytest

from sweep.catalog.units import to_si
from sweep.kernels.grid import demand
from tests.at_point import evaluate, names_of, value


def test_demand_of_iea_regions_sums_to_world():
    regions = [e for e in names_of("scenario", "iea-2025-") if e != "iea-2025-world"]
    assert len(regions) == 5
    for year, world in ((2024, 415), (2030, 945)):
        total = sum(value("datacenter_energy", {"scenario": region}, demand_year=year) for region in regions)
        assert total == pytest.approx(to_si(f"{world} TWh", "J"), rel=0.003)
        assert value("datacenter_energy", {"scenario": "iea-2025-world"}, demand_year=year) == pytest.approx(to_si(f"{world} TWh", "J"))


def test_demand_growth_of_studies():
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
def test_demand_utilization_of_lbnl_is_half(case):
    assert value("implied_utilization", {"scenario": f"lbnl-2024-{case}"}) == pytest.approx(0.5, abs=0.01)


def test_demand_shares_in_2030_differ_by_study():
    stated = {"epri-2024-lowest": 4.6, "epri-2024-moderate": 5.0, "epri-2024-high": 6.8, "goldman-2024": 8, "epri-2024-highest": 9.1,
              "mckinsey-medium": 11.7, "epri-2026-high": 17}
    for scenario, percent in stated.items():
        assert value("datacenter_share", {"scenario": scenario}, demand_year=2030) == pytest.approx(percent / 100)


def test_demand_missing_year_or_energy_sets_status():
    result, flags = evaluate("datacenter_demand", {"scenario": "lbnl-2024-low"}, demand_year=2030)
    assert math.isnan(result)
    assert flags == {"year_outside_study"}
    result, flags = evaluate("datacenter_demand", {"scenario": "goldman-2024"}, demand_year=2028)
    assert math.isnan(result)
    assert flags == {"study_states_no_energy"}


def test_demand_share_of_one_operator():
    """Google's data centers took 30.8 TWh in 2024, of 415 TWh."""
    share = value("fleet_share_of_demand", {"scenario": "iea-2025-world"}, demand_year=2024, average_power="30.8 TWh/yr")
    assert share == pytest.approx(30.8 / 415, rel=1e-6)


@pytest.mark.parametrize(
    ("last", "growth"),
    [
        ({"scenario_last_year": 2024.0, "scenario_last_demand": 110.0}, 0.1),
        ({"scenario_last_year": 2025.0, "scenario_last_demand": 144.0}, 0.2),
    ],
)
def test_demand_growth_by_hand(last, growth):
    assert demand.scenario_growth(scenario_first_year=2023.0, scenario_first_demand=100.0, **last) == pytest.approx(growth)


def test_demand_growth_needs_two_years():
    given = {"scenario_first_year": 2023.0, "scenario_last_year": 2030.0, "scenario_first_demand": 100.0, "scenario_last_demand": 200.0}
    assert math.isnan(demand.scenario_growth(**{**given, "scenario_last_year": 2023.0}))
    assert math.isnan(demand.scenario_growth(**{**given, "scenario_first_demand": 0.0}))
    assert demand.scenario_growth(**{**given, "scenario_first_demand": 0.5, "scenario_last_demand": 64.0}) == pytest.approx(1.0)


@pytest.mark.parametrize(("year", "outside"), [(2022, True), (2023, False), (2026, False), (2030, False), (2031, True)])
def test_demand_year_outside_study_breaks_rule(year, outside):
    assert demand.year_outside_study(demand_year=year, scenario_first_year=2023.0, scenario_last_year=2030.0) is outside


@pytest.mark.parametrize(("first", "last", "silent"), [(0.0, 0.0, True), (0.0, 2.0, True), (2.0, 0.0, True), (0.04, 0.09, False)])
def test_demand_with_one_figure_is_undefined(first, last, silent):
    assert demand.study_states_no_energy(scenario_first_demand=first, scenario_last_demand=last) is silent
    assert demand.study_states_no_share(scenario_first_share=first, scenario_last_share=last) is silent


STUDY = {
    "scenario_first_year": 2020.0,
    "scenario_middle_year": 2024.0,
    "scenario_last_year": 2026.0,
    "scenario_first_demand": 0.25,
    "scenario_last_demand": 36.0,
}


@pytest.mark.parametrize(("year", "middle", "expected"), [
    (2020, 4.0, 0.25), (2022, 4.0, 1.0), (2024, 4.0, 4.0), (2025, 4.0, 12.0), (2026, 4.0, 36.0), (2023, 0.0, 3.0), (2022, 0.5, 0.125**0.5)
])
def test_demand_is_interpolated_by_constant_growth(year, middle, expected):
    """Fourfold steps of two years, then a threefold one a year; without a figure between, twelvefold in three years."""
    assert demand.datacenter_demand(demand_year=year, scenario_middle_demand=middle, **STUDY) == pytest.approx(expected)


def test_demand_interpolation_needs_two_years():
    assert math.isnan(demand.between(2024, 2024, 2024, 1.0, 2.0))
    assert math.isnan(demand.between(2024, 2023, 2025, 0.0, 2.0))
    assert demand.between(2024, 2023, 2024, 1.0, 2.0) == 2.0
    assert demand.between(2024, 2023, 2025, 0.5, 2.0) == pytest.approx(1.0)


def test_demand_shares_and_energies_by_hand():
    given = {"scenario_first_year": 2020.0, "scenario_last_year": 2030.0, "scenario_first_share": 0.02, "scenario_last_share": 0.08}
    assert demand.datacenter_share(demand_year=2025.0, **given) == pytest.approx(0.04)
    assert demand.datacenter_energy(datacenter_demand=20e9, year_length=31.536e6) == pytest.approx(to_si("175.2 TWh", "J"))
    assert demand.fleet_share_of_demand(average_power=2e9, datacenter_demand=20e9) == pytest.approx(0.1)
    assert demand.implied_utilization(scenario_last_demand=3.0, scenario_last_capacity=4.0) == 0.75
    assert demand.implied_utilization(scenario_last_demand=0.25, scenario_last_capacity=0.5) == 0.5
    assert math.isnan(demand.implied_utilization(scenario_last_demand=3.0, scenario_last_capacity=0.0))
