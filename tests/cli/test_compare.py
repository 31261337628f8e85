"""`compare`, as a user types it: in text, in JSON and as a picture."""

import json

import pytest

from tests.commands import SPLITS, refused, sweep, words


def test_compare_prints_changed_inputs_and_outputs():
    asked = ["compare", SPLITS, "--with", "pue=1.5", "--with", "gpus=64", "--of", "facility_power"]
    text = words(sweep(*asked))
    found = json.loads(sweep(*asked, "--json"))
    assert ["pue", f"{found['inputs']['pue']['before']:g}", "1.5"] in text
    assert found["inputs"]["gpus"]["after"] == 64
    assert isinstance(found["inputs"]["gpus"]["after"], int)
    change = found["outputs"]["facility_power"]
    assert change["difference"] == pytest.approx(change["after"] - change["before"])
    assert sum(found["attribution"]["parts"].values()) == pytest.approx(change["difference"])
    assert found["units"]["facility_power"] == "W"


def test_compare_reads_study_of_cube(cube):
    study, read = (json.loads(sweep("compare", subject, "--with", "pue=1.5", "--json")) for subject in (SPLITS, cube))
    assert study == read


def test_compare_plot_writes_picture(tmp_path):
    sweep("compare", SPLITS, "--with", "gpus=64", "--plot", tmp_path / "w.png")
    assert (tmp_path / "w.png").stat().st_size > 1000
    assert "a picture ends in .png or .svg" in refused("compare", SPLITS, "--with", "gpus=64", "--plot", tmp_path / "w.pdf")
