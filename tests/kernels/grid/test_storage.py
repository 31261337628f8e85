"""Batteries by hand: 100 MW for four hours at 80 % depth."""

import pytest

from sweep.kernels.grid import storage

MW, MWH = 1e6, 3.6e9


def test_battery_capacity_exceeds_usable_energy():
    assert storage.battery_energy(facility_power=100 * MW, battery_hours=4 * 3600.0, battery_depth=0.8) == pytest.approx(500 * MWH)


def test_battery_cost_adds_cells_and_inverter():
    """500 MWh at 200 USD/kWh and 100 MW at 60 USD/kW."""
    given = {"battery_energy": 500 * MWH, "battery_energy_price": 200 / 3.6e6, "facility_power": 100 * MW, "battery_power_price": 0.06}
    assert storage.battery_capital_cost(**given) == pytest.approx(100e6 + 6e6)


def test_battery_annual_cost_is_per_usable_energy():
    assert storage.battery_energy_annual_cost(battery_energy_price=200.0, battery_recovery=0.1, battery_depth=0.8) == pytest.approx(25)
    assert storage.battery_power_annual_cost(battery_power_price=60.0, battery_recovery=0.1) == pytest.approx(6)


def test_battery_charging_includes_losses():
    filled = storage.battery_filling_energy(battery_energy=500 * MWH, battery_depth=0.8, battery_efficiency=0.9)
    assert filled == pytest.approx(444.4 * MWH, rel=1e-3)
