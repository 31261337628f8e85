"""`sensitivity`, as a user types it: text, JSON and pictures."""

import json

import pytest

from tests.commands import sweep

PUE = ["--set", "pue={value: 1.2, low: 1.1, high: 1.5}"]


def test_a_tornado_says_the_ranges_that_it_used():
    text = sweep("sensitivity", "article", "--of", "facility_energy", *PUE)
    assert text.splitlines()[1].split()[:4] == ["pue", "1.1", "1.2", "1.5"]
    record = json.loads(sweep("sensitivity", "article", "--of", "facility_energy", *PUE, "--json"))
    assert (record["quantity"], record["unit"], record["method"]) == ("facility_energy", "J", "tornado")
    assert record["rows"][0]["input"] == "pue"


@pytest.mark.parametrize("method", ["tornado", "sobol", "grid"])
def test_each_method_has_a_picture(method, tmp_path):
    axes = ["--axis", "training_duration=30 d,90 d"] if method == "grid" else PUE
    text = sweep("sensitivity", "article", "--of", "facility_energy", "--method", method, *axes, "--plot", tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text().startswith("<?xml")
    assert {"tornado": "at low", "sobol": "±", "grid": "24 of 24 points have a value"}[method] in text
