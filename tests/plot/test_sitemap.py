"""A map has each site that has a position, at its place, and says which have none."""

import numpy as np
import pytest

from sweep.catalog.document import Node
from sweep.errors import SweepError
from sweep.plot.sitemap import _beside, _compass, _ends, positions, sitemap
from sweep.plot.view import Side, View
from sweep.study.axes import axis


def seen(values, reasons=None):
    labels = np.array([f"site{i}" for i in range(len(values))], object)
    told = np.array(reasons or [""] * len(values), object)
    return View("energy_cost", {}, "", "USD", "", (Side("site", "site", labels),), np.array(values, float), None, told)


def test_map_has_unit_names_and_reasons(tmp_path):
    where = {"site0": (31.0, -99.0), "site1": (46.6, 2.5), "site2": (51.2, 10.4)}
    view = seen([1e6, 3e6, np.nan, 5e6], ["", "", "exceeds memory", ""])
    assert sitemap(tmp_path / "a.svg", view, where) == ["site3"]
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    for word in ("energy cost [", "site0", "site1", "site2", "no value: exceeds memory", "° N", "° W"):
        assert word in text
    assert "site3" not in text


def test_map_without_any_position_is_refused(tmp_path):
    with pytest.raises(SweepError, match="none of the labels drawn has a latitude"):
        sitemap(tmp_path / "a.svg", seen([1.0]), {"elsewhere": (1.0, 2.0)})


def test_map_ends_around_its_sites_and_within_the_earth():
    assert _ends(np.array([0.0, 100.0]), -180, 180) == (-12.0, 112.0)
    assert _ends(np.array([10.0]), -180, 180) == (6.0, 14.0)
    assert _ends(np.array([-85.0, 85.0]), -90, 90) == (-90, 90)
    assert [_compass(x, "E", "W") for x in (-30.0, 0.0, 2.5)] == ["30° W", "0°", "2.5° E"]


def test_names_of_near_sites_stand_on_sides_of_their_own():
    assert _beside(["one"], np.array([0.0]), np.array([0.0])) == [(1, 0)]
    near = _beside(["one", "two", "three"], np.array([0.0, 0.2, 0.3]), np.array([0.0, 0.0, 0.02]))
    assert near[0] == (-1, 0)
    assert near[2] == (1, 0)


def test_positions_are_those_of_the_catalogue_and_of_own_sites(tmp_path):
    (tmp_path / "mine.yaml").write_text("title: x\nlatitude: {value: 12, assumed: x}\nlongitude: {value: -34, assumed: x}\n")
    found = positions(selected("site", "united-states", "cn-anhui", str(tmp_path / "mine.yaml")))
    assert found.pop(str(tmp_path / "mine.yaml")) == (12.0, -34.0)
    assert list(found) == ["united-states"]
    with pytest.raises(SweepError, match="gpu: none of its labels has a latitude"):
        positions(selected("gpu", "h100-sxm"))


def selected(catalogue, *labels):
    return axis(catalogue, Node([Node(label, "", 0, "") for label in labels], "", 0, catalogue), ())
