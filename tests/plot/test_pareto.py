"""The picture of a front has its points, its units and one colour or marker for each label."""

import pytest

from sweep.plot.pareto import front

ROWS = [
    {"gpu": gpu, "time_to_train": 86400.0 * i, "facility_energy": 3.6e12 * (9 - i), "pue": 1.1} for gpu in ("a", "b") for i in (1, 2, 3)
]
UNITS = {"time_to_train": "s", "facility_energy": "J", "pue": "1"}


@pytest.mark.parametrize("quantities", [("time_to_train", "facility_energy"), ("time_to_train", "facility_energy", "pue")])
@pytest.mark.parametrize("per", [None, "gpu"])
def test_front_plot_has_units(tmp_path, quantities, per):
    front(tmp_path / "front.svg", ROWS, quantities, UNITS, {"facility_energy": "MWh"}, per)
    text = (tmp_path / "front.svg").read_text()
    assert "time to train [d]" in text
    assert "facility energy [MWh]" in text
    assert (">pue<" in text) == (len(quantities) == 3)
    assert (">gpu<" in text) == (per == "gpu")
    assert "6 points that no other beats" in text
