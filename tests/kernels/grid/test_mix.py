"""Mixes of several sources: each quantity is the mean of its sources, weighted by their parts of the energy."""

import pytest

from sweep.kernels.choices import AVERAGE_DIRECT, AVERAGE_LIFECYCLE
from sweep.kernels.grid import mix
from tests.at_point import value

PARTS = {"mix_grid": 0.3, "mix_gas": 0.25, "mix_solar": 0.2, "mix_wind": 0.15, "mix_nuclear": 0.06, "mix_geothermal": 0.04}


def parts(*names):
    return {f"mix_{name}": PARTS[f"mix_{name}"] for name in names}


def test_mix_of_total_one_is_allowed():
    assert not mix.mix_does_not_sum_to_one(**PARTS)
    for name in PARTS:
        assert not mix.mix_does_not_sum_to_one(**{**dict.fromkeys(PARTS, 0.0), name: 1.0})


@pytest.mark.parametrize("name", sorted(PARTS))
@pytest.mark.parametrize("change", [-0.02, 0.02, 0.5])
def test_mix_of_other_total_breaks_rule(name, change):
    assert mix.mix_does_not_sum_to_one(**{**PARTS, name: PARTS[name] + change})


def test_mix_total_tolerates_rounding():
    assert not mix.mix_does_not_sum_to_one(0.1, 0.2, 0.3, 0.1, 0.2, 0.1 + 1e-12)


def test_mix_life_cycle_adds_gas_leakage():
    given = {"gas_carbon": 200.0, "gas_upstream_carbon": 30.0, "mix_gas_efficiency": 0.5}
    assert mix.mix_gas_carbon(carbon_kind=AVERAGE_DIRECT, **given) == 400
    assert mix.mix_gas_carbon(carbon_kind=AVERAGE_LIFECYCLE, **given) == 430


def test_mix_life_cycle_adds_carbon_of_clean_sources():
    figures = {"solar_carbon": 50.0, "wind_carbon": 10.0, "nuclear_carbon": 5.0, "geothermal_carbon": 40.0}
    given = {**parts("solar", "wind", "nuclear", "geothermal"), **figures}
    assert mix.mix_clean_carbon(carbon_kind=AVERAGE_DIRECT, **given) == 0
    assert mix.mix_clean_carbon(carbon_kind=AVERAGE_LIFECYCLE, **given) == pytest.approx(10 + 1.5 + 0.3 + 1.6)


def test_mix_carbon_adds_grid_gas_and_clean_sources():
    given = {**parts("grid", "gas"), "site_carbon_intensity": 300.0, "mix_gas_carbon": 400.0, "mix_clean_carbon": 7.0}
    assert mix.mix_carbon_intensity(**given) == pytest.approx(90 + 100 + 7)


def test_mix_price_is_weighted_mean():
    prices = {"site_electricity": 70.0, "gas_electricity": 80.0, "solar": 40.0, "wind": 60.0, "nuclear": 150.0, "geothermal": 90.0}
    given = {f"{name}_price": price for name, price in prices.items()}
    assert mix.mix_price(**PARTS, **given) == pytest.approx(21 + 20 + 8 + 9 + 9 + 3.6)
    same = dict.fromkeys(given, 55.0)
    assert mix.mix_price(**PARTS, **same) == pytest.approx(55)


def test_mix_water_is_weighted_mean_of_plants():
    given = {"site_water_intensity": 2.0, "gas_water": 0.8, "solar_water": 0.1, "nuclear_water": 2.5}
    assert mix.mix_water_intensity(**parts("grid", "gas", "solar", "nuclear"), **given) == pytest.approx(0.6 + 0.2 + 0.02 + 0.15)


def test_mix_nameplate_is_share_over_capacity_factor():
    factors = {"gas": 0.5, "solar": 0.25, "wind": 0.375, "nuclear": 0.9, "geothermal": 0.8}
    given = {f"{name}_capacity_factor": factor for name, factor in factors.items()}
    found = mix.mix_nameplate(average_power=100.0, **parts(*factors), **given)
    assert found == pytest.approx(100 * (0.5 + 0.8 + 0.4 + 0.2 / 3 + 0.05))


def test_mix_of_solar_needs_four_times_load():
    """EIA: capacity factor of 24.4 % at utility scale; a mix of nothing but solar is what one generator of solar is."""
    load = {"facility_power": "1 GW", "utilization": "1"}
    alone = value("mix_nameplate", {}, mix_grid=0, mix_solar=1, solar_capacity_factor=0.244, **load)
    assert alone == pytest.approx(1e9 / 0.244)
