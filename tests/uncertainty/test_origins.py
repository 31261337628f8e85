"""Where bands are from: shares that an exact calculation gives, and ranges of the catalogues beside measured errors."""

import math

import numpy as np
import pytest

from sweep.study.parse import open_study
from sweep.uncertainty.bands import draws
from sweep.uncertainty.origins import Origin, origins


def shares(study, *names):
    return origins(study, draws(study, names))


def test_shares_of_a_product_are_those_of_its_logarithms():
    ranges = ["pue={value: 1.2, low: 1.1, high: 1.309}", "training_duration={value: 90 d, low: 81 d, high: 100 d}"]
    found = shares(open_study("article", set_=ranges), "facility_energy", "training_energy")
    one, other = math.log(1.2 / 1.1) ** 2, math.log(100 / 90) ** 2
    assert found["facility_energy"].predictions == pytest.approx(0, abs=1e-9)
    assert found["facility_energy"].inputs["pue"] == pytest.approx(one / (one + other), abs=0.03)
    assert str(found["training_energy"]) == "inputs: training_duration"


def test_ranges_of_inputs_are_told_from_measured_errors():
    wide, narrow = ("pue={value: 1.2, low: 1.05, high: 2}", "pue={value: 1.2, low: 1.195, high: 1.205}")
    found = [shares(open_study("gpt4", set_=[pue]), "facility_energy")["facility_energy"] for pue in (wide, narrow)]
    assert str(found[0]).startswith("inputs ")
    assert str(found[0]).endswith(" %")
    assert str(found[1]) == "predictions"
    assert found[0].predictions + sum(found[0].inputs.values()) == pytest.approx(1)


def test_sites_whose_sources_disagree_widen_carbon():
    found = shares(open_study("gpt4", set_=["site=us-va"]), "operational_carbon", "energy_cost")
    assert found["operational_carbon"].inputs["grid_carbon_intensity"] > 0.1
    assert "grid_carbon_intensity" not in found["energy_cost"].inputs


def test_origin_without_variance_is_omitted():
    study = open_study("article", set_=["pue={value: 1.2, low: 1.1, high: 1.5}"])
    assert origins(study, {"pue": np.ones(512)}) == {}
    assert str(Origin(0.8, {"pue": 0.15, "utilization": 0.05})) == "predictions 80 %, inputs 20 %: pue"
