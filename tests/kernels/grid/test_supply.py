"""Generators, mixes and build-outs, against published figures."""

import math

import pytest

from sweep.catalog.units import to_si
from tests.at_point import evaluate, value


def test_turbines_that_carry_the_load_of_colossus():
    """100,000 H100 at 1,275 W and a PUE of 1.2 take 153 MW: 10 turbines of 16.5 MW and a spare one."""
    for it_power, units in (("127.5 MW", 11), ("255 MW", 20)):
        assert value("units_for_firm_load", {"generator": "gas-smt130"}, it_power=it_power) == units
    assert value("onsite_mean_unit_power", {"datacenter": "colossus-1"}) == pytest.approx(16.5e6, rel=3e-3)
    assert value("onsite_mean_unit_power", {"datacenter": "abilene"}) == pytest.approx(36.05e6, rel=1e-3)
    assert value("onsite_mean_unit_power", {"datacenter": "colossus-2"}) == pytest.approx(29.3e6, rel=3e-3)


def test_chinas_build_out_in_nameplate_energy_and_campuses():
    campus = {"facility_power": "1 GW", "utilization": "1"}
    solar, wind = {"buildout": "china-solar-2023"}, {"buildout": "china-wind-2023"}
    assert value("campuses_by_nameplate", solar, **campus) == pytest.approx(609)
    assert value("campuses_by_nameplate", wind, **campus) == pytest.approx(441)
    assert value("buildout_energy", solar) == pytest.approx(to_si("584.2 TWh", "J"), rel=0.01)
    assert value("buildout_energy", wind) == pytest.approx(to_si("885.9 TWh", "J"), rel=0.01)
    assert value("campuses_by_energy", solar, **campus) == pytest.approx(584.2 / 8.76, rel=0.01)
    assert value("campuses_by_energy", wind, **campus) == pytest.approx(885.9 / 8.76, rel=0.01)


def test_burning_gas_in_simple_and_combined_cycle():
    grams = to_si("1 g/kWh", "kg/J")
    for generator, stack in (("gas-7ha02", 483), ("gas-combined", 341), ("gas-tm2500", 535)):
        assert value("generator_direct_carbon", {"generator": generator}) == pytest.approx(stack * grams, rel=2e-3)
    lifecycle = value("generator_carbon_intensity", {"generator": "gas-combined"}, carbon_kind="average-lifecycle")
    assert 403 * grams < lifecycle < 513 * grams  # UNECE, combined cycle
    simple = value("generator_carbon_intensity", {"generator": "gas-7ha02"}, carbon_kind="average-lifecycle")
    assert 600 * grams < simple < 655 * grams
    for generator, low, high in (("solar", 18, 180), ("wind-onshore", 7, 56), ("nuclear-large", 3.7, 110), ("geothermal", 6, 79)):
        assert low * grams < value("generator_carbon_intensity", {"generator": generator}, carbon_kind="average-lifecycle") < high * grams
        assert value("generator_carbon_intensity", {"generator": generator}) == 0


@pytest.mark.parametrize(
    ("generator", "low", "high"),
    [("solar", 38, 78), ("wind-onshore", 37, 86), ("gas-combined", 41, 116), ("nuclear-large", 110, 220), ("geothermal", 66, 130)],
)
def test_levelized_costs_lie_in_lazards_ranges(generator, low, high):
    assert to_si(f"{low} USD/MWh", "USD/J") < value("generator_lcoe", {"generator": generator}) < to_si(f"{high} USD/MWh", "USD/J")


def test_a_gigawatt_all_year_by_source():
    load = {"facility_power": "1 GW", "utilization": "1"}
    assert value("nameplate_for_energy", {"generator": "solar"}, **load) == pytest.approx(4.098e9, rel=1e-3)
    assert value("supply_land", {"generator": "solar"}, **load) == pytest.approx(to_si("131 km^2", "m^2"), rel=2e-3)
    assert value("units_for_firm_load", {"generator": "nuclear-large"}, **load) == 2
    assert value("units_for_firm_load", {"generator": "gas-7ha03"}, spare_units=2, **load) == 5
    assert value("annual_stack_carbon", {"generator": "gas-7ha02"}, **load) == pytest.approx(8.76e9 * 0.4829, rel=1e-3)
    result, flags = evaluate("units_for_firm_load", {"generator": "wind-onshore"}, **load)
    assert math.isnan(result)
    assert flags == {"weather_carries_no_firm_load"}


def test_a_mix_must_be_a_whole():
    half = {"mix_grid": 0.5, "mix_solar": 0.5}
    grid = {"site": "us-va"}
    assert value("carbon_intensity", grid, power_source="mix", **half) == pytest.approx(244.8 / 2 * 1e-3 / 3.6e6)
    price = value("electricity_price", grid, power_source="mix", **half)
    assert price == pytest.approx(to_si("73.6 USD/MWh", "USD/J"), rel=1e-3)
    result, flags = evaluate("carbon_intensity", grid, power_source="mix", mix_solar=0.5)
    assert math.isnan(result)
    assert flags == {"mix_is_no_whole"}
