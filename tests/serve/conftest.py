"""A small study for what serves it: two axes, a rule that is broken at one GPU count, and nothing on disk."""

import pytest

from sweep.cube.virtual import open_virtual
from sweep.study.parse import open_study

STUDY = {
    "title": "A small cluster",
    "about": "Power of servers.",
    "select": {"gpu": "h100-sxm"},
    "set": {"server_power": "6 kW"},
    "axes": {"gpus": [8, 12, 16, 24], "pue": {"from": 1.1, "to": 1.4, "step": 0.1}},
    "point": {"gpus": 16, "pue": 1.2},
    "outputs": {"it_power": "kW", "facility_power": "kW"},
}


@pytest.fixture(scope="package")
def cube():
    return open_virtual(open_study(STUDY))
