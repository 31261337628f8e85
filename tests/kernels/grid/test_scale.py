"""Shares of a nation, households and people: the article's rows by their rules."""

import pytest

from sweep.catalog.units import to_si
from sweep.kernels.grid import scale
from tests.at_point import value


@pytest.mark.parametrize(("denominator", "percent"), [("generation", 4.14), ("consumption", 4.40), ("retail-sales", 4.56)])
def test_electricity_share_of_176_twh_by_denominator(denominator, percent):
    share = value("electricity_share", {"site": "united-states"}, average_power="176 TWh/yr", share_denominator=denominator)
    assert share == pytest.approx(percent / 100, abs=5e-5)


def test_household_energy_of_50000_households_is_44_gwh():
    us = {"yardstick": "us-average"}
    assert value("household_energy", us) == pytest.approx(to_si("44.6 GWh", "J"), rel=2e-3)
    assert value("city_residential_energy", us) == pytest.approx(to_si("18.1 GWh", "J"), rel=2e-3)
    assert value("city_energy", us) == pytest.approx(to_si("48.0 GWh", "J"), rel=2e-3)
    assert value("training_households", us, training_energy="43.875 GWh") == pytest.approx(49_137, rel=1e-3)
    assert value("training_people_by_residential_use", us, training_energy="43.875 GWh") == pytest.approx(121_230, rel=2e-3)


@pytest.mark.parametrize(
    ("rule", "households"), [("ercot-peak", 250), ("us-round", 834), ("colossus-press", 1000), ("ge-vernova", 1111), ("us-average", 818)]
)
def test_households_per_megawatt_by_yardstick(rule, households):
    assert value("households", {"yardstick": rule}, average_power="1 MW") == pytest.approx(households, rel=1e-3)


def test_electricity_share_of_data_centers_in_ireland():
    share = value("electricity_share", {"site": "ireland"}, average_power="6969 GWh/yr", share_denominator="consumption")
    assert share == pytest.approx(0.22, abs=0.003)


def test_scale_by_hand():
    """A mean of 90 MW, and 90 GWh over 30 days which are a mean of 125 MW; 1.25 kW for each household, 500 W and 1.5 kW for each person."""
    run = {"training_energy": to_si("90 GWh", "J"), "comparison_period": to_si("30 d", "s")}
    assert scale.national_electricity(electricity_total=5e11) == 5e11
    assert scale.electricity_share(average_power=90e6, national_electricity=450e9) == pytest.approx(2e-4)
    assert scale.households(average_power=90e6, power_per_household=1250.0) == pytest.approx(72_000)
    assert scale.people_by_residential_use(average_power=90e6, residential_power_per_person=500.0) == pytest.approx(180_000)
    assert scale.people(average_power=90e6, power_per_person=1500.0) == pytest.approx(60_000)
    assert scale.training_households(power_per_household=1250.0, **run) == pytest.approx(100_000)
    assert scale.training_people_by_residential_use(residential_power_per_person=500.0, **run) == pytest.approx(250_000)
    assert scale.training_people(power_per_person=1500.0, **run) == pytest.approx(83_333.3, rel=1e-6)
