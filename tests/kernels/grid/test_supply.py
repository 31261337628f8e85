"""Generators, mixes and build-outs, against published figures."""

import math

import pytest

from sweep.catalog.units import to_si
from sweep.kernels.choices import AVERAGE_LIFECYCLE
from sweep.kernels.grid import supply
from tests.at_point import evaluate, value


def test_supply_turbines_of_colossus():
    """100,000 H100 at 1,275 W and a PUE of 1.2 take 153 MW: 10 turbines of 16.5 MW and a spare one."""
    for it_power, units in (("127.5 MW", 11), ("255 MW", 20)):
        assert value("units_for_firm_load", {"generator": "gas-smt130"}, it_power=it_power) == units
    assert value("onsite_mean_unit_power", {"datacenter": "colossus-1"}) == pytest.approx(16.5e6, rel=3e-3)
    assert value("onsite_mean_unit_power", {"datacenter": "abilene"}) == pytest.approx(36.05e6, rel=1e-3)
    assert value("onsite_mean_unit_power", {"datacenter": "colossus-2"}) == pytest.approx(29.3e6, rel=3e-3)


def test_supply_buildout_of_china():
    campus = {"facility_power": "1 GW", "utilization": "1"}
    solar, wind = {"buildout": "china-solar-2023"}, {"buildout": "china-wind-2023"}
    assert value("campuses_by_nameplate", solar, **campus) == pytest.approx(609)
    assert value("campuses_by_nameplate", wind, **campus) == pytest.approx(441)
    assert value("buildout_energy", solar) == pytest.approx(to_si("584.2 TWh", "J"), rel=0.01)
    assert value("buildout_energy", wind) == pytest.approx(to_si("885.9 TWh", "J"), rel=0.01)
    assert value("campuses_by_energy", solar, **campus) == pytest.approx(584.2 / 8.76, rel=0.01)
    assert value("campuses_by_energy", wind, **campus) == pytest.approx(885.9 / 8.76, rel=0.01)


def test_supply_gas_burn_in_simple_and_combined_cycle():
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
def test_supply_levelized_cost_lies_in_lazard_range(generator, low, high):
    assert to_si(f"{low} USD/MWh", "USD/J") < value("generator_lcoe", {"generator": generator}) < to_si(f"{high} USD/MWh", "USD/J")


def test_supply_one_gigawatt_year_by_source():
    load = {"facility_power": "1 GW", "utilization": "1"}
    assert value("nameplate_for_energy", {"generator": "solar"}, **load) == pytest.approx(4.098e9, rel=1e-3)
    assert value("supply_land", {"generator": "solar"}, **load) == pytest.approx(to_si("131 km^2", "m^2"), rel=2e-3)
    assert value("units_for_firm_load", {"generator": "nuclear-large"}, **load) == 2
    assert value("units_for_firm_load", {"generator": "gas-7ha03"}, spare_units=2, **load) == 5
    assert value("annual_stack_carbon", {"generator": "gas-7ha02"}, **load) == pytest.approx(8.76e9 * 0.4829, rel=1e-3)
    result, flags = evaluate("units_for_firm_load", {"generator": "wind-onshore"}, **load)
    assert math.isnan(result)
    assert flags == {"variable_supply_is_not_firm"}


def test_supply_mix_must_sum_to_one():
    half = {"mix_grid": 0.5, "mix_solar": 0.5}
    grid = {"site": "us-va"}
    assert value("carbon_intensity", grid, power_source="mix", **half) == pytest.approx(244.8 / 2 * 1e-3 / 3.6e6)
    price = value("electricity_price", grid, power_source="mix", **half)
    assert price == pytest.approx(to_si("73.6 USD/MWh", "USD/J"), rel=1e-3)
    result, flags = evaluate("carbon_intensity", grid, power_source="mix", mix_solar=0.5)
    assert math.isnan(result)
    assert flags == {"mix_does_not_sum_to_one"}


def test_supply_units_round_up_with_tolerance():
    assert supply.whole_units(0.0, 5.0) == 0
    assert supply.whole_units(10.0, 5.0) == 2
    assert supply.whole_units(10.0 * (1 + 1e-14), 5.0) == 2
    assert supply.whole_units(10.1, 5.0) == 3
    assert supply.whole_units(0.3, 0.1) == 3
    assert supply.whole_units(12.0, 0.5) == 24
    assert supply.whole_units(5e12 - 1, 5.0) == pytest.approx(1e12)


@pytest.mark.parametrize(
    ("power", "unit"), [(10.0, 0.0), (10.0, -5.0), (10.0, math.inf), (-1.0, 5.0), (5e12, 5.0), (math.nan, 5.0), (10.0, math.nan)]
)
def test_supply_units_of_undefined_power_are_undefined(power, unit):
    assert math.isnan(supply.whole_units(power, unit))


def test_supply_plants_by_hand():
    """90 MW at a capacity factor of 0.3 are 300 MW of nameplate: five units of 70 MW; 100 MW firm take two and a spare one."""
    assert supply.nameplate_for_energy(average_power=90e6, generator_capacity_factor=0.3) == pytest.approx(300e6)
    assert supply.units_for_energy(nameplate_for_energy=300e6, generator_unit_power=70e6) == 5
    assert supply.units_for_firm_load(facility_power=100e6, generator_unit_power=70e6, spare_units=1.0) == 3
    assert supply.nameplate_for_firm_load(units_for_firm_load=3.0, generator_unit_power=70e6) == 210e6
    assert supply.supply_land(nameplate_for_energy=300e6, generator_land=0.02) == pytest.approx(6e6)
    assert supply.supply_capital_cost(nameplate_for_energy=300e6, generator_capital_price=1.5) == pytest.approx(450e6)
    assert supply.firm_capital_cost(nameplate_for_firm_load=210e6, generator_capital_price=1.5) == pytest.approx(315e6)


def test_supply_variable_sources_are_matched_annually():
    for follows, expected in ((0.0, False), (0.5, True), (1.0, True)):
        assert supply.variable_supply_is_not_firm(follows_weather=follows) is expected
        assert supply.variable_supply_is_matched_annually(follows_weather=follows, generator_lcoe=0.5) is expected
    assert not supply.variable_supply_is_matched_annually(follows_weather=1.0, generator_lcoe=0.0)


def test_supply_gas_by_hand():
    """At an efficiency of 0.4: 100 J of electricity are 250 J of gas, and 20 g/J of gas are 50 g/J."""
    assert supply.annual_gas(annual_energy=100.0, generator_efficiency=0.4) == pytest.approx(250)
    assert supply.generator_direct_carbon(gas_carbon=20.0, generator_efficiency=0.4) == pytest.approx(50)
    assert supply.annual_gas(annual_energy=100.0, generator_efficiency=0.0) == 0
    assert supply.generator_direct_carbon(gas_carbon=20.0, generator_efficiency=0.0) == 0
    assert supply.annual_stack_carbon(annual_gas=250.0, gas_carbon=20.0) == 5000


def test_supply_upstream_carbon_counts_in_life_cycle_only():
    given = {"generator_direct_carbon": 50.0, "generator_upstream_carbon": 7.0}
    counted = [supply.generator_carbon_intensity(carbon_kind=kind, **given) for kind in range(5)]
    assert counted == [57 if kind == AVERAGE_LIFECYCLE else 50 for kind in range(5)]


def test_supply_generator_costs_by_hand():
    """2 USD/W at 9 % and 2 % of upkeep are 0.22 USD a year for each watt; half the load doubles it for each unit, and fuel comes on top."""
    yearly = supply.generator_annual_cost(generator_capital_price=2.0, generator_recovery=0.09, generator_fixed_cost=0.02)
    assert yearly == pytest.approx(0.22)
    burning = {"generator_variable_cost": 3.0, "gas_price": 4.0, "gas_heating_ratio": 1.1}
    assert supply.generator_running_cost(generator_efficiency=0.5, **burning) == pytest.approx(3 + 8.8)
    assert supply.generator_running_cost(generator_efficiency=0.0, **burning) == 3
    lcoe = supply.generator_lcoe(generator_annual_cost=0.11, generator_capacity_factor=0.5, year_length=11.0, generator_running_cost=0.03)
    assert lcoe == pytest.approx(0.05)


def test_supply_price_by_hand():
    """100 W on units of 30 W are four and a spare one, 150 W; at 2 USD a year for each over 600 J, 0.5 USD/J beside 0.25 for running."""
    given = {
        "generator_lcoe": 7.0, "firming_price": 0.5, "generator_annual_cost": 2.0, "generator_running_cost": 0.25,
        "generator_unit_power": 30.0, "spare_units": 1.0, "facility_power": 100.0, "annual_energy": 600.0,
    }
    assert supply.generator_supply_price(follows_weather=0.0, **given) == pytest.approx(0.75)
    for follows in (0.5, 1.0):
        assert supply.generator_supply_price(follows_weather=follows, **given) == 7.5
