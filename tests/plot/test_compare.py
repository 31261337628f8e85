"""The waterfall of a comparison."""

import pytest

from sweep.analysis.compare import Change, Comparison
from sweep.plot.compare import waterfall

pytest.importorskip("matplotlib")


def test_waterfall_names_points_and_changed_inputs(tmp_path):
    change = {"training_energy": Change(3.6e13, 7.2e13)}
    found = Comparison({}, change, "training_energy", {"gpu": 5e13, "run_duration": -1.4e13}, "Shapley values")
    waterfall(tmp_path / "w.svg", found, "J", "GWh")
    text = (tmp_path / "w.svg").read_text()
    for word in ("before", "gpu", "run duration", "after", "training energy [GWh]"):
        assert f">{word}<" in text
