"""Cost of campuses, runs, queries and tokens."""

import pytest

from sweep.kernels.choices import FROM_GENERATOR, FROM_GRID, FROM_MIX
from sweep.kernels.grid import cost
from tests.at_point import evaluate, value


def test_capital_cost_of_h100_campus_equals_epoch():
    """Epoch AI: about 29 billion USD for each gigawatt of facility; 10.2 kW for eight H100 and a PUE of 1.2."""
    gpus = 1e9 / 1.2 / (10.2e3 / 8)
    given = {"gpus": gpus, "it_power": 1e9 / 1.2, "select": {"gpu": "h100-sxm"}}
    total = value("it_capital_cost", **given) + value("building_capital_cost", **given)
    assert total == pytest.approx(29e9, rel=0.3)


def test_cost_of_runs_queries_and_tokens_adds_up():
    given = {"annual_capital_cost": "1e9 USD", "annual_energy_cost": "1e8 USD", "it_power": "100 MW"}
    assert value("annual_cost", **given) == pytest.approx(1.1e9)
    per_query = value("cost_per_query", {"site": "us-va"}, energy_per_query=1080, **given)
    capital = 1e9 / (100e3 * 0.85 * 8760) * 0.3e-3
    assert per_query == pytest.approx(capital + 0.3e-3 * 1.2 * 0.0892)
    token = value("cost_per_output_token", {"site": "us-va"}, energy_per_query=1080, output_tokens=500, **given)
    assert token == pytest.approx(per_query / 500)
    assert value("cloud_cost", {"gpu": "h100-sxm"}, gpus=1000, run_duration="1 d") == pytest.approx(24_000 * 3.63)


def test_cost_of_own_plant_includes_spare_unit():
    """One unit more than the load needs raises the yearly cost of the plant by its part; sun and wind pay for storage instead."""
    given = {"facility_power": "1 GW", "utilization": "1", "power_source": "generator"}
    price = value("electricity_price", {"generator": "gas-combined"}, **given)
    bare = value("electricity_price", {"generator": "gas-combined"}, spare_units=0, **given)
    yearly = value("generator_annual_cost", {"generator": "gas-combined"})
    assert price - bare == pytest.approx(yearly * 640e6 / (1e9 * 31.536e6))
    assert bare == pytest.approx(value("generator_running_cost", {"generator": "gas-combined"}) + yearly * 1.28 / 31.536e6)
    sun, flags = evaluate("electricity_price", {"generator": "solar"}, **given)
    assert sun - value("generator_lcoe", {"generator": "solar"}) == pytest.approx(32.5 / 3.6e9)
    assert flags == {"variable_supply_is_matched_annually"}


def test_electricity_price_follows_power_source():
    given = {"site_electricity_price": 1.0, "generator_supply_price": 2.0, "mix_price": 3.0}
    assert [cost.electricity_price(power_source=source, **given) for source in (FROM_GRID, FROM_GENERATOR, FROM_MIX)] == [1, 2, 3]
    assert cost.site_electricity_price(grid_electricity_price=7.0) == 7


def test_electricity_cost_by_hand():
    """1.2 GWh at 50 USD/MWh are 60,000 USD; 0.3 Wh at a PUE of 1.2 are 18 millionths of a dollar."""
    price = 50 / 3.6e9
    assert cost.energy_cost(facility_energy=1200 * 3.6e9, run_electricity_price=price) == pytest.approx(60e3)
    assert cost.annual_energy_cost(annual_energy=8760 * 3.6e9, electricity_price=price) == pytest.approx(438e3)
    assert cost.energy_cost_per_query(energy_per_query=1080.0, effective_pue=1.2, serving_electricity_price=price) == pytest.approx(18e-6)


def test_run_and_serving_pay_price_of_year_without_hours():
    assert cost.run_electricity_price(electricity_price=2.0) == cost.serving_electricity_price(electricity_price=2.0) == 2


def test_capital_cost_of_cluster_by_hand():
    """1,000 GPUs at 30,000 USD with 20 % for the network are 36 M USD; 2 MW of building at 10 USD/W are 20 M."""
    assert cost.it_capital_cost(gpus=1000.0, gpu_price=30e3, network_cost_share=0.2) == pytest.approx(36e6)
    assert cost.building_capital_cost(facility_power=2e6, building_price=10.0) == 20e6
    yearly = {"it_capital_cost": 36e6, "hardware_recovery": 0.25, "building_capital_cost": 20e6, "building_recovery": 0.1}
    assert cost.annual_capital_cost(**yearly) == pytest.approx(11e6)
    assert cost.annual_cost(annual_capital_cost=11e6, annual_energy_cost=1e6) == 12e6


def test_cost_of_run_by_hand():
    """A quarter of a year at 80 % in use takes 0.3125 of a year's capital."""
    year = 31.536e6
    given = {"run_duration": year / 4, "year_length": year, "hardware_use": 0.8, "energy_cost": 5e5}
    assert cost.training_cost(annual_capital_cost=8e6, **given) == pytest.approx(3e6)
    assert cost.cloud_cost(gpus=1000.0, gpu_cloud_price=3.6 / 3600, run_duration=86400.0) == pytest.approx(86400)
    assert cost.training_cost_per_token(training_cost=3e6, training_tokens=1.5e12) == pytest.approx(2e-6)


def test_cost_of_query_includes_server_time():
    """10 M USD a year over 1 MW that works half of it; a query of 1,000 J, and 500 tokens in its answer."""
    year = 31.536e6
    capital = cost.capital_cost_per_energy(annual_capital_cost=10e6, it_power=1e6, hardware_use=0.5, year_length=year)
    assert capital == pytest.approx(20 / year)
    query = cost.cost_per_query(energy_per_query=1000.0, capital_cost_per_energy=2e-7, energy_cost_per_query=5e-5)
    assert query == pytest.approx(2.5e-4)
    assert cost.cost_per_output_token(cost_per_query=query, output_tokens=500.0) == pytest.approx(5e-7)
