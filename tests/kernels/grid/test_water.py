"""Water on site and of the power plants, by hand: 1 GWh of IT at 1.8 L/kWh, in a facility of PUE 1.2 on a grid of 3 L/kWh."""

import pytest

from sweep.kernels.choices import COOLING_WATER, FROM_GENERATOR, FROM_GRID, FROM_MIX, STATED_WATER
from sweep.kernels.grid import water

KWH = 3.6e6
LITER = 1e-3
WUE = 1.8 * LITER / KWH
PLANTS = 3 * LITER / KWH


def test_wue_is_stated_or_of_cooling():
    assert water.onsite_water_usage(water_method=STATED_WATER, stated_water_usage=1.0, cooling_water_usage=2.0) == 1
    assert water.onsite_water_usage(water_method=COOLING_WATER, stated_water_usage=1.0, cooling_water_usage=2.0) == 2
    assert water.stated_water_usage(operator_water_usage=WUE) == WUE


def test_water_intensity_follows_power_source():
    given = {"site_water_intensity": 1.0, "generator_water": 2.0, "mix_water_intensity": 3.0}
    assert [water.offsite_water_intensity(power_source=source, **given) for source in (FROM_GRID, FROM_GENERATOR, FROM_MIX)] == [1, 2, 3]
    assert water.site_water_intensity(grid_water_intensity=PLANTS) == PLANTS


def test_water_of_run_by_hand():
    assert water.onsite_water(training_energy=1e6 * KWH, onsite_water_usage=WUE) == pytest.approx(1800)
    assert water.offsite_water(facility_energy=1.2e6 * KWH, offsite_water_intensity=PLANTS) == pytest.approx(3600)


def test_water_of_year_by_hand():
    assert water.annual_onsite_water(annual_it_energy=5e6 * KWH, onsite_water_usage=WUE) == pytest.approx(9000)
    assert water.annual_offsite_water(annual_energy=6e6 * KWH, offsite_water_intensity=PLANTS) == pytest.approx(18000)


def test_water_of_query_by_hand():
    """0.3 Wh at 1.8 L/kWh are 0.54 mL on site; at a PUE of 1.2 and 3 L/kWh, 1.08 mL elsewhere."""
    assert water.onsite_water_per_query(energy_per_query=1080.0, onsite_water_usage=WUE) == pytest.approx(0.54e-6)
    found = water.offsite_water_per_query(energy_per_query=1080.0, effective_pue=1.2, offsite_water_intensity=PLANTS)
    assert found == pytest.approx(1.08e-6)
