"""Carbon of electricity and of making hardware, against published figures."""

import math

import pytest

from sweep.catalog.units import to_si
from sweep.kernels.choices import AS_PUBLISHED, FROM_GENERATOR, FROM_GRID, FROM_MIX
from sweep.kernels.grid import carbon
from tests.at_point import evaluate, value


def test_carbon_intensity_differs_by_kind():
    grams = to_si("1 g/kWh", "kg/J")
    assert value("carbon_intensity", {"site": "us-va"}) == pytest.approx(244.8 * grams)
    assert value("carbon_intensity", {"site": "zone-pjm"}) == pytest.approx(329 * grams)
    assert value("carbon_intensity", {"site": "zone-pjm"}, carbon_kind="average-lifecycle") == pytest.approx(398 * grams)
    assert value("carbon_intensity", {"site": "united-states"}, carbon_kind="marginal-direct") == pytest.approx(707 * grams)


def test_carbon_intensity_of_missing_kind_sets_status():
    result, flags = evaluate("operational_carbon", {"site": "cn-sichuan"}, carbon_kind="average-lifecycle", facility_energy="1 GWh")
    assert math.isnan(result)
    assert flags == {"grid_carbon_intensity_is_missing"}


def test_carbon_intensity_as_published_warns():
    result, flags = evaluate("annual_carbon", {"site": "cn-sichuan"}, carbon_kind="as-published", facility_power="1 GW")
    assert result == pytest.approx(156.4e-3 / 3.6e6 * 0.8e9 * 31.536e6)
    assert flags == {"carbon_kinds_differ"}


@pytest.mark.parametrize(("method", "kilograms"), [("vendor", 164), ("ecologits", 273), ("boavizta", 575)])
def test_embodied_carbon_of_h100_by_publication(method, kilograms):
    total = value("embodied_carbon", {"gpu": "h100-sxm"}, embodied_method=method, gpus=8, servers=1, server_embodied_carbon="0 kg")
    assert total == pytest.approx(8 * kilograms)


def test_embodied_carbon_of_bloom():
    """Luccioni et al. 2022: 1,082,990 GPU hours at 0.003 kg of A100 and servers at 0.056 kg an hour make 11.2 t, at 6 years and 0.85."""
    gpus = 384
    duration = to_si("1082990 h", "s") / gpus
    made = value(
        "run_embodied_carbon", gpus=gpus, servers=gpus / 8, gpu_embodied_carbon="150 kg", server_embodied_carbon="2500 kg",
        run_duration=duration, hardware_lifetime="6 yr", hardware_use="0.85",
    )
    assert made == pytest.approx(11.2e3, rel=0.02)


def test_carbon_intensity_follows_power_source():
    given = {"site_carbon_intensity": 1.0, "generator_carbon_intensity": 2.0, "mix_carbon_intensity": 3.0}
    assert [carbon.carbon_intensity(power_source=source, **given) for source in (FROM_GRID, FROM_GENERATOR, FROM_MIX)] == [1, 2, 3]


def test_carbon_rule_warns_of_published_kind_only():
    warned = [kind for kind in range(5) if carbon.carbon_kinds_differ(carbon_kind=kind, site_carbon_intensity=1.0)]
    assert warned == [AS_PUBLISHED]


def test_carbon_of_runs_queries_and_years_by_hand():
    """1.2 GWh at 400 g/kWh are 480 t; 0.3 Wh at a PUE of 1.2 are 0.144 g."""
    grid = 0.4 / 3.6e6
    assert carbon.operational_carbon(facility_energy=1.2e6 * 3.6e6, run_carbon_intensity=grid) == pytest.approx(480e3)
    assert carbon.serving_carbon(serving_facility_energy=2.5e6 * 3.6e6, serving_carbon_intensity=grid) == pytest.approx(1000e3)
    assert carbon.annual_carbon(annual_energy=5e6 * 3.6e6, carbon_intensity=grid) == pytest.approx(2000e3)
    assert carbon.carbon_per_query(energy_per_query=1080.0, effective_pue=1.2, serving_carbon_intensity=grid) == pytest.approx(0.144e-3)


def test_run_and_serving_take_carbon_of_year_without_hours():
    assert carbon.run_carbon_intensity(carbon_intensity=2.0) == carbon.serving_carbon_intensity(carbon_intensity=2.0) == 2


def test_embodied_carbon_of_run_by_hand():
    """1,000 GPUs of 150 kg in 125 servers of 2 t are 400 t; a tenth of five years at 80 % in use is an eighth of its hours."""
    assert carbon.gpu_embodied_carbon(published_gpu_carbon=150.0) == 150
    made = carbon.embodied_carbon(gpus=1000.0, gpu_embodied_carbon=150.0, servers=125.0, server_embodied_carbon=2000.0)
    assert made == 400e3
    year = 31.536e6
    run = carbon.run_embodied_carbon(embodied_carbon=made, run_duration=0.5 * year, hardware_lifetime=5 * year, hardware_use=0.8)
    assert run == pytest.approx(50e3)
    assert carbon.run_carbon(operational_carbon=150e3, run_embodied_carbon=run) == pytest.approx(200e3)
    assert carbon.embodied_share(run_embodied_carbon=50e3, run_carbon=200e3) == 0.25
