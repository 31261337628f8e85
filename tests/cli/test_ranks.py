"""`best`, as a user types it: of a study and of a cube."""

import json

from click.testing import CliRunner

from sweep.cli import main
from tests.commands import SPLITS, sweep, words


def test_the_best_of_a_study_are_those_of_its_cube(cube):
    asked = ["--minimize", "facility_power", "--where", "time_to_train <= 10 d", "--top", "3"]
    study, read = (json.loads(sweep("best", subject, *asked, "--json"))["rows"] for subject in (SPLITS, cube))
    assert len(study) == len(read) == 3
    for one, other in zip(study, read, strict=True):
        assert {key: one[key] for key in ("rank", "gpu", "gpus", "split", "pue")} == {
            key: other[key] for key in ("rank", "gpu", "gpus", "split", "pue")
        }
        assert one["time_to_train"] <= 10 * 86400


def test_the_best_are_shown_in_the_units_of_the_study():
    header, *rows = words(sweep("best", SPLITS, "--maximize", "mfu", "--where", "time_to_train <= 10 d", "--top", "2"))
    assert header[0] == "rank"
    assert {"mfu [%]", "time_to_train [d]"} <= set(header)
    assert [row[0] for row in rows[:2]] == ["1", "2"]


def test_the_best_say_how_far_off_predictions_are(cube):
    study, read = (sweep("best", subject, "--minimize", "time_to_train").splitlines() for subject in (SPLITS, cube))
    assert [line for line in study if line.startswith("checked step_time: median error ")]
    assert {line for line in study if line.startswith("checked")} == {line for line in read if line.startswith("checked")}
    assert json.loads(sweep("best", SPLITS, "--minimize", "time_to_train", "--json"))["accuracy"]
    assert "checked" not in sweep("best", SPLITS, "--minimize", "servers")


def test_the_best_for_each_label_of_an_axis():
    rows = json.loads(sweep("best", SPLITS, "--minimize", "step_time", "--top", "1", "--per", "gpu", "--json"))["rows"]
    assert [row["gpu"] for row in rows] == ["l40s", "h100-sxm"]


def test_no_best_is_no_mistake():
    text = sweep("best", SPLITS, "--minimize", "step_time", "--where", "mfu > 2")
    assert text.startswith("no feasible point among 24\n")
    assert ["mfu > 2", "21"] in words(text)
    assert ["exceeds_memory", "3"] in words(text)
    assert "the nearest point" in text
    found = json.loads(sweep("best", SPLITS, "--minimize", "step_time", "--where", "mfu > 2", "--json"))
    assert found["rows"] == []
    assert found["removed"] == {"exceeds_memory": 3, "mfu > 2": 21}
    assert found["nearest"]["mfu"] < 2


def test_points_of_equal_value_are_one_row():
    header, first, *_ = words(sweep("best", SPLITS, "--minimize", "gpu_power_total", "--top", "1", "--where", "pue < 1.5"))
    assert header[-1] == "alike"
    assert "points alike: " in first[-1]
    (row,) = json.loads(sweep("best", SPLITS, "--minimize", "gpu_power_total", "--top", "1", "--where", "pue < 1.5", "--json"))["rows"]
    assert row["alike"]["points"] > 1
    assert row["alike"]["labels"]["pue"][0] == row["pue"]


def test_one_more_output_is_told_of_the_best():
    header, *_ = words(sweep("best", SPLITS, "--minimize", "step_time", "--top", "1", "--output", "servers"))
    assert "servers" in header


def test_the_best_must_be_least_or_most():
    done = CliRunner().invoke(main, ["best", SPLITS])
    assert done.exit_code == 2
    assert "--minimize QUANTITY or --maximize QUANTITY" in done.stderr
