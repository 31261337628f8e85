"""The shipped studies of sites, plants, demand and build-out: their claims, one cell by hand, compiled against interpreted."""

import json
import math
import random

import pytest

from sweep.catalog.units import factor
from sweep.equations import interpret
from sweep.store.run import run
from sweep.study.parse import open_study


def at(study, **place):
    """Every quantity of a study at its point, or at labels of its axes."""
    index = {name: study.axes[name].labels.index(label) for name, label in place.items()}
    return interpret.compute_point(study.graph, study.inputs_at({**study.point, **index})).values


def test_grid_studies_turbines_plants_and_campuses():
    assert at(open_study("power-plants"))["units_for_firm_load"] == 11
    assert at(open_study("power-plants"))["facility_power"] == pytest.approx(153e6)
    assert at(open_study("hyperion"))["supply_coverage"] == pytest.approx(1.5)
    assert at(open_study("hyperion"))["units_for_firm_load"] == 9
    assert at(open_study("china"))["campuses_by_energy"] == pytest.approx(66.6, abs=0.1)
    assert at(open_study("china"), buildout="china-wind-2023")["campuses_by_energy"] == pytest.approx(101, abs=0.5)


def test_grid_study_one_gigawatt_in_texas_by_hand():
    values = at(open_study("where-to-build-1gw"))
    energy = 1.2e6 * 0.8 * 8760  # kWh
    assert values["annual_energy"] == pytest.approx(energy * 3.6e6)
    assert values["annual_energy_cost"] == pytest.approx(energy * 0.066)
    assert values["annual_carbon"] == pytest.approx(energy * 0.3498)
    assert values["annual_onsite_water"] == pytest.approx(energy / 1.2 * 0.02e-3)
    assert values["annual_offsite_water"] == pytest.approx(energy * 3.1321e-3)


def test_grid_study_ranks_sources_of_one_gigawatt():
    study = open_study("where-to-build-1gw", set_=["power_source=generator"])
    carbon = {name: at(study, generator=name)["annual_carbon"] for name in study.axes["generator"].labels}
    assert carbon["solar"] == carbon["nuclear-large"] == 0 < carbon["gas-combined"] < carbon["fuel-cell"] * 1.1 < carbon["gas-smt130"]
    price = {name: at(study, generator=name)["electricity_price"] for name in study.axes["generator"].labels}
    assert price["gas-combined"] < price["gas-smt130"] < price["nuclear-small"] < price["nuclear-large"]  # a big spare is dear
    alone = open_study("where-to-build-1gw", set_=["power_source=generator", "spare_units=0"])
    assert at(alone, generator="nuclear-large")["electricity_price"] < price["nuclear-large"] / 1.4
    land = {name: at(study, generator=name)["supply_land"] for name in study.axes["generator"].labels}
    assert land["wind-onshore"] > 5 * land["solar"] > 20 * land["nuclear-large"]


def test_grid_sweep_equals_single_points():
    study = open_study("where-to-build-1gw", axis=["pue=1.05:1.4:0.002"])
    cube = run(study)
    chance = random.Random(1)
    for _ in range(60):
        index = {name: chance.randrange(axis.size) for name, axis in study.axes.items()}
        values = interpret.compute_point(study.graph, study.inputs_at(index)).values
        for name, unit in study.outputs.items():
            if name not in cube.data_vars:
                continue
            cell = float(cube[name].isel({dim: index[str(dim)] for dim in cube[name].dims}))
            expected = values[name]
            assert math.isnan(cell) == math.isnan(expected), (name, unit)
            assert math.isnan(cell) or cell == pytest.approx(expected, rel=3e-7)
    assert "site" not in cube["annual_onsite_water"].dims
    assert "cooling" not in cube["annual_carbon"].dims
    assert set(cube["generator_lcoe"].dims) == {"generator"}


def test_grid_study_reports_invalid_input_in_one_line():
    from sweep.errors import SweepError

    for options, words in (
        ({"set_": ["pue=0.9"]}, "pue must be at least 1"),
        ({"set_": ["carbon_kind=lifecycle"]}, "did you mean 'average-lifecycle'?"),
        ({"set_": ["site=us-tex"]}, "did you mean 'us-tx'?"),
        ({"set_": ["utilization=1.2"]}, "utilization must be at most 1"),
    ):
        with pytest.raises(SweepError) as error:
            open_study("where-to-build-1gw", **options)
        assert words in str(error.value)
        assert "\n" not in str(error.value)
    assert factor("g/kWh", "kg/J") == pytest.approx(1e-3 / 3.6e6)


def test_missing_site_figure_sets_status():
    study = open_study("where-to-build-1gw", set_=["site=us-va", "carbon_kind=average-lifecycle"])
    found = interpret.compute_point(study.graph, study.inputs_at(study.point))
    assert math.isnan(found.values["annual_carbon"])
    assert found.values["annual_energy_cost"] == pytest.approx(1.2e6 * 0.8 * 8760 * 0.0892)
    said = next(rule.meaning for rule in found.broken if rule.name == "grid_carbon_intensity_is_missing")
    assert said.endswith(", for this carbon_kind; `sweep show` says for which an entry has one")
    given = open_study("where-to-build-1gw", set_=["site=us-va", "carbon_kind=average-lifecycle", "site_carbon_intensity=300 g/kWh"])
    assert at(given)["carbon_intensity"] == pytest.approx(0.3 / 3.6e6)


def test_missing_source_figure_leaves_other_sources():
    study = open_study("where-to-build-1gw", set_=["generator=gas-combined"], axis=["site=finland,us-tx", "power_source=grid,generator"])
    cube = run(study)
    for source, litres in (("grid", math.nan), ("generator", 0.776)):  # the entry of Finland has no figure for its power plants
        index = {**study.point, "site": 0, "power_source": ("grid", "generator").index(source)}
        water = interpret.compute_point(study.graph, study.inputs_at(index)).values["annual_offsite_water"]
        cell = cube["annual_offsite_water"].isel({dim: index[str(dim)] for dim in cube["annual_offsite_water"].dims})
        for found in (water, float(cell)):
            assert found == pytest.approx(1.2e6 * 0.8 * 8760 * litres * 1e-3, rel=3e-7, nan_ok=True)
    guards = json.loads(cube["status"].attrs["flag_guards"])
    assert "annual_offsite_water" in guards["grid_water_intensity_is_missing"]
    assert cube["annual_offsite_water"].attrs["ancillary_variables"] == "status"
