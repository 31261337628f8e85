"""Carbon of electricity and of making hardware, against published figures."""

import math

import pytest

from sweep.catalog.units import to_si
from tests.at_point import evaluate, value


def test_one_place_has_several_carbon_intensities():
    grams = to_si("1 g/kWh", "kg/J")
    assert value("carbon_intensity", {"site": "us-va"}) == pytest.approx(244.8 * grams)
    assert value("carbon_intensity", {"site": "zone-pjm"}) == pytest.approx(329 * grams)
    assert value("carbon_intensity", {"site": "zone-pjm"}, carbon_kind="average-lifecycle") == pytest.approx(398 * grams)
    assert value("carbon_intensity", {"site": "united-states"}, carbon_kind="marginal-direct") == pytest.approx(707 * grams)


def test_a_kind_that_a_site_lacks_is_no_number_and_named():
    result, flags = evaluate("operational_carbon", {"site": "cn-sichuan"}, carbon_kind="average-lifecycle", facility_energy="1 GWh")
    assert math.isnan(result)
    assert flags == {"grid_carbon_intensity_is_missing"}


def test_figures_of_whatever_kind_are_warned_of():
    result, flags = evaluate("annual_carbon", {"site": "cn-sichuan"}, carbon_kind="as-published", facility_power="1 GW")
    assert result == pytest.approx(156.4e-3 / 3.6e6 * 0.8e9 * 31.536e6)
    assert flags == {"carbon_kinds_differ"}


@pytest.mark.parametrize(("method", "kilograms"), [("vendor", 164), ("ecologits", 273), ("boavizta", 575)])
def test_embodied_carbon_of_an_h100_spreads_over_publications(method, kilograms):
    total = value("embodied_carbon", {"gpu": "h100-sxm"}, embodied_method=method, gpus=8, servers=1, server_embodied_carbon="0 kg")
    assert total == pytest.approx(8 * kilograms)


def test_bloom_as_its_paper_counts_its_hardware():
    """Luccioni et al. 2022: 1,082,990 GPU hours at 0.003 kg of A100 and servers at 0.056 kg an hour make 11.2 t, at 6 years and 0.85."""
    gpus = 384
    duration = to_si("1082990 h", "s") / gpus
    made = value(
        "run_embodied_carbon", gpus=gpus, servers=gpus / 8, gpu_embodied_carbon="150 kg", server_embodied_carbon="2500 kg",
        training_duration=duration, hardware_lifetime="6 yr", hardware_use="0.85",
    )
    assert made == pytest.approx(11.2e3, rel=0.02)
