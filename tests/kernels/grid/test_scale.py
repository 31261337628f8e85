"""Shares of a nation, homes and people: the article's rows by their rules."""

import pytest

from sweep.catalog.units import to_si
from tests.at_point import value


@pytest.mark.parametrize(("denominator", "percent"), [("generation", 4.14), ("consumption", 4.40), ("retail-sales", 4.56)])
def test_176_twh_is_one_of_three_shares(denominator, percent):
    share = value("electricity_share", {"site": "united-states"}, average_power="176 TWh/yr", share_denominator=denominator)
    assert share == pytest.approx(percent / 100, abs=5e-5)


def test_44_gwh_a_month_is_50000_homes_and_not_people():
    us = {"yardstick": "us-average"}
    assert value("town_of_homes_energy", us) == pytest.approx(to_si("44.6 GWh", "J"), rel=2e-3)
    assert value("town_homes_energy", us) == pytest.approx(to_si("18.1 GWh", "J"), rel=2e-3)
    assert value("town_energy", us) == pytest.approx(to_si("48.0 GWh", "J"), rel=2e-3)
    assert value("run_homes", us, training_energy="43.875 GWh") == pytest.approx(49_137, rel=1e-3)
    assert value("run_people_at_home", us, training_energy="43.875 GWh") == pytest.approx(121_230, rel=2e-3)


@pytest.mark.parametrize(
    ("rule", "homes"), [("ercot-peak", 250), ("us-round", 834), ("colossus-press", 1000), ("ge-vernova", 1111), ("us-average", 818)]
)
def test_homes_for_each_megawatt_depend_on_the_rule(rule, homes):
    assert value("homes", {"yardstick": rule}, average_power="1 MW") == pytest.approx(homes, rel=1e-3)


def test_the_share_of_data_centers_in_irelands_metered_electricity():
    share = value("electricity_share", {"site": "ireland"}, average_power="6969 GWh/yr", share_denominator="consumption")
    assert share == pytest.approx(0.22, abs=0.003)
