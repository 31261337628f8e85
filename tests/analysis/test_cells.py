"""The best points of a cube, read piece by piece."""

import pytest

from sweep.analysis import cells
from sweep.analysis.search import best
from sweep.errors import SweepError


def test_best_of_cube_is_same_for_any_piece_size(stored, monkeypatch):
    whole = best(stored, "facility_energy", ["overtake_days > 1 d"], top=12)
    monkeypatch.setattr(cells, "CUBE_CELLS", 5)
    assert best(stored, "facility_energy", ["overtake_days > 1 d"], top=12) == whole


def test_best_of_cube_rejects_missing_quantity(memory):
    with pytest.raises(SweepError, match=r"^facility_power: is not in the cube; did you mean 'facility_energy'\?$"):
        best(memory, "facility_power")


def test_row_of_cube_keeps_integers(study, memory, stored):
    for subject in (study, memory, stored):
        (row,) = best(subject, "it_power")
        assert isinstance(row["gpus"], int)
        assert isinstance(row["it_power"], float)
