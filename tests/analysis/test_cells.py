"""The best points of a cube, read piece by piece."""

import pytest

from sweep.analysis import cells
from sweep.analysis.search import best
from sweep.errors import SweepError


def test_a_cube_read_in_pieces_names_the_same_points(stored, monkeypatch):
    whole = best(stored, "facility_energy", ["overtake_days > 1 d"], top=12)
    monkeypatch.setattr(cells, "CUBE_CELLS", 5)
    assert best(stored, "facility_energy", ["overtake_days > 1 d"], top=12) == whole


def test_what_a_cube_does_not_hold_is_said(memory):
    with pytest.raises(SweepError, match=r"^facility_power: is not in the cube; did you mean 'facility_energy'\?$"):
        best(memory, "facility_power")


def test_whole_numbers_stay_whole(study, memory, stored):
    for subject in (study, memory, stored):
        (row,) = best(subject, "it_power")
        assert isinstance(row["gpus"], int)
        assert isinstance(row["it_power"], float)
