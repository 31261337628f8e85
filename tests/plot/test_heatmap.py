"""A heat map has its units, and hatches cells without value by their reason."""

import numpy as np
import pytest

from sweep.plot.heatmap import HATCHES, _edges, heatmap
from sweep.plot.view import Side, View

SPLITS = Side("split", "split", np.array(["tp1", "tp2", "tp4"], object))


def numbers(*labels):
    return Side("gpus", "gpus", np.array(labels, float))


def seen(x, y, reasons):
    values = 1e6 * (1.0 + np.arange(len(x.labels) * len(y.labels)).reshape(len(x.labels), len(y.labels)))
    told = np.full(values.shape, "", object)
    for place, reason in reasons.items():
        values.flat[place], told.flat[place] = np.nan, reason
    return View("it_power", {}, "", "W", "MW", (x, y), values, None, told)


@pytest.mark.parametrize("x", [numbers(8, 16, 24), numbers(1, 10, 1000), SPLITS])
def test_heatmap_has_units_and_reasons(tmp_path, x):
    heatmap(tmp_path / "a.svg", seen(x, SPLITS, {0: "exceeds memory", 4: "does not divide"}))
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "it power [MW]" in text
    assert "no value: exceeds memory" in text
    assert "no value: does not divide" in text
    assert "tp4" in text


def test_heatmap_puts_the_rarest_of_many_reasons_together(tmp_path):
    heatmap(tmp_path / "a.svg", seen(SPLITS, SPLITS, {i: f"rule {i}" for i in range(len(HATCHES) + 1)}))
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert text.count("no value: rule") == len(HATCHES) - 1
    assert text.count("no value: other rules") == 1


def test_heatmap_without_any_value_is_all_hatched(tmp_path):
    heatmap(tmp_path / "a.svg", seen(SPLITS, SPLITS, dict.fromkeys(range(9), "exceeds memory")))
    assert "no value: exceeds memory" in (tmp_path / "a.svg").read_text(encoding="utf-8")


def test_heatmap_cells_end_halfway_on_the_scale_that_is_drawn():
    np.testing.assert_allclose(_edges(numbers(1, 2, 4)), [0.5, 1.5, 3, 5])
    np.testing.assert_allclose(_edges(numbers(1, 10, 1000)), [10**-0.5, 10**0.5, 100, 10**4])
    np.testing.assert_allclose(_edges(SPLITS), [-0.5, 0.5, 1.5, 2.5])
    np.testing.assert_allclose(_edges(numbers(3)), [2.5, 3.5])
