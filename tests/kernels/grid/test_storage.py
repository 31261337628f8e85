"""Batteries by hand: 100 MW for four hours at 80 % depth."""

import pytest

from sweep.kernels.grid import storage

MW, MWH = 1e6, 3.6e9


def test_a_battery_holds_more_than_it_gives():
    assert storage.battery_energy(facility_power=100 * MW, battery_hours=4 * 3600.0, battery_depth=0.8) == pytest.approx(500 * MWH)


def test_cells_and_inverter_are_paid_for_apart():
    """500 MWh at 200 USD/kWh and 100 MW at 60 USD/kW."""
    given = {"battery_energy": 500 * MWH, "battery_energy_price": 200 / 3.6e6, "facility_power": 100 * MW, "battery_power_price": 0.06}
    assert storage.battery_capital_cost(**given) == pytest.approx(100e6 + 6e6)


def test_usable_energy_costs_more_in_a_year_than_the_cells_do():
    assert storage.battery_energy_annual_cost(battery_energy_price=200.0, battery_recovery=0.1, battery_depth=0.8) == pytest.approx(25)
    assert storage.battery_power_annual_cost(battery_power_price=60.0, battery_recovery=0.1) == pytest.approx(6)


def test_filling_takes_what_is_used_and_the_losses():
    filled = storage.battery_filling_energy(battery_energy=500 * MWH, battery_depth=0.8, battery_efficiency=0.9)
    assert filled == pytest.approx(444.4 * MWH, rel=1e-3)
