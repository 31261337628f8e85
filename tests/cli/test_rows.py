"""Rows of points are shown with the units of the study or of its cube."""

from sweep.cli.rows import axes_of, display_units_of, text_of, unit_of_column
from sweep.store.run import run
from sweep.study.parse import open_study
from tests.commands import SPLITS


def test_study_and_cube_have_equal_units_and_axes():
    study = open_study(SPLITS)
    cube = run(study)
    for opened in (study, cube):
        assert unit_of_column(opened, "time_to_train") == "s"
        assert display_units_of(opened)["time_to_train"] == "d"
        assert {"gpu", "split"} <= axes_of(opened)
    assert unit_of_column(study, "gpu") == "1"


def test_text_of_uses_one_unit_per_column():
    rows = [{"gpu": "a", "time_to_train": 86400.0}, {"gpu": "b", "time_to_train": 2 * 86400.0}]
    lines = text_of(rows, ["gpu", "time_to_train"], {"gpu": "1", "time_to_train": "s"}, {}).splitlines()
    assert [line.split() for line in lines] == [["gpu", "time_to_train", "[d]"], ["a", "1"], ["b", "2"]]
