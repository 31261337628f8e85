"""Cost of campuses, runs, queries and tokens."""

import pytest

from tests.at_point import evaluate, value


def test_an_h100_campus_costs_what_epoch_counts():
    """Epoch AI: about 29 billion USD for each gigawatt of facility; 10.2 kW for eight H100 and a PUE of 1.2."""
    gpus = 1e9 / 1.2 / (10.2e3 / 8)
    given = {"gpus": gpus, "it_power": 1e9 / 1.2, "select": {"gpu": "h100-sxm"}}
    total = value("it_capital_cost", **given) + value("building_capital_cost", **given)
    assert total == pytest.approx(29e9, rel=0.3)


def test_prices_of_runs_queries_and_tokens_add_up():
    given = {"annual_capital_cost": "1e9 USD", "annual_energy_cost": "1e8 USD", "it_power": "100 MW"}
    assert value("annual_cost", **given) == pytest.approx(1.1e9)
    per_query = value("cost_per_query", {"site": "us-va"}, energy_per_query=1080, **given)
    capital = 1e9 / (100e3 * 0.85 * 8760) * 0.3e-3
    assert per_query == pytest.approx(capital + 0.3e-3 * 1.2 * 0.0892)
    token = value("cost_per_output_token", {"site": "us-va"}, energy_per_query=1080, output_tokens=500, **given)
    assert token == pytest.approx(per_query / 500)
    assert value("cloud_cost", {"gpu": "h100-sxm"}, gpus=1000, training_duration="1 d") == pytest.approx(24_000 * 3.63)


def test_an_own_plant_pays_for_its_spare_unit():
    """One unit more than the load needs raises the yearly cost of the plant by its part; sun and wind pay for storage instead."""
    given = {"facility_power": "1 GW", "utilization": "1", "power_source": "generator"}
    price = value("electricity_price", {"generator": "gas-combined"}, **given)
    bare = value("electricity_price", {"generator": "gas-combined"}, spare_units=0, **given)
    yearly = value("generator_annual_cost", {"generator": "gas-combined"})
    assert price - bare == pytest.approx(yearly * 640e6 / (1e9 * 31.536e6))
    assert bare == pytest.approx(value("generator_running_cost", {"generator": "gas-combined"}) + yearly * 1.28 / 31.536e6)
    sun, flags = evaluate("electricity_price", {"generator": "solar"}, **given)
    assert sun - value("generator_lcoe", {"generator": "solar"}) == pytest.approx(32.5 / 3.6e9)
    assert flags == {"sun_and_wind_are_matched_by_the_year"}
