"""What is being built, against published counts."""

import math

import pytest

from sweep.catalog.units import to_si
from sweep.kernels.grid import buildout
from tests.at_point import value

GW, YEAR = 1e9, 31.536e6


def test_buildout_generation_of_chinas_solar_2023():
    """National Energy Administration: 609 GW at the end of 2023; 584.2 TWh were made in that year."""
    mean = buildout.buildout_average_power(buildout_power=609 * GW, buildout_capacity_factor=0.1095)
    assert mean == pytest.approx(66.69 * GW, rel=1e-3)
    assert buildout.buildout_energy(buildout_average_power=mean, year_length=YEAR) == pytest.approx(to_si("584.2 TWh", "J"), rel=1e-3)


def test_buildout_campuses_by_nameplate_exceed_those_by_energy():
    assert buildout.campuses_by_nameplate(buildout_power=609 * GW, facility_power=1.5 * GW) == 406
    assert buildout.campuses_by_energy(buildout_average_power=66 * GW, average_power=1.5 * GW) == 44


def test_buildout_turbine_rating_of_colossus():
    """Shelby County's permit: 247 MW in 15 turbines."""
    assert buildout.onsite_mean_unit_power(onsite_generation_power=247e6, onsite_generation_units=15.0) == pytest.approx(16.47e6, rel=1e-3)
    assert buildout.onsite_mean_unit_power(onsite_generation_power=12e6, onsite_generation_units=1.0) == 12e6
    assert value("onsite_mean_unit_power", {"datacenter": "abilene"}) == pytest.approx(36.05e6, rel=1e-3)


def test_buildout_mean_of_no_generators_is_undefined():
    assert math.isnan(buildout.onsite_mean_unit_power(onsite_generation_power=0.0, onsite_generation_units=0.0))


def test_buildout_coverage_adds_generators_and_grid():
    found = buildout.supply_coverage(onsite_generation_power=247e6, grid_connection_power=150e6, facility_power=300e6)
    assert found == pytest.approx(397 / 300)


def test_buildout_overhead_needs_server_power():
    assert buildout.campus_overhead(stated_campus_power=1200e6, stated_it_power=960e6) == 1.25
    assert buildout.campus_overhead(stated_campus_power=0.75, stated_it_power=0.5) == 1.5
    assert math.isnan(buildout.campus_overhead(stated_campus_power=1200e6, stated_it_power=0.0))
