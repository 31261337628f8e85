"""`best`, `pareto` and `solve`, as a user types them."""

import json

import pytest
from click.testing import CliRunner

from sweep.cli import main
from tests.commands import SPLITS, refused, sweep, words


def test_best_of_study_equals_best_of_its_cube(cube):
    asked = ["--minimize", "facility_power", "--where", "time_to_train <= 10 d", "--top", "3"]
    study, read = (json.loads(sweep("best", subject, *asked, "--json"))["rows"] for subject in (SPLITS, cube))
    assert len(study) == len(read) == 3
    for one, other in zip(study, read, strict=True):
        assert {key: one[key] for key in ("rank", "gpu", "gpus", "split", "pue")} == {
            key: other[key] for key in ("rank", "gpu", "gpus", "split", "pue")
        }
        assert one["time_to_train"] <= 10 * 86400


def test_best_prints_display_units_of_study():
    header, *rows = words(sweep("best", SPLITS, "--maximize", "mfu", "--where", "time_to_train <= 10 d", "--top", "2"))
    assert header[0] == "rank"
    assert {"mfu [%]", "time_to_train [d]"} <= set(header)
    assert [row[0] for row in rows[:2]] == ["1", "2"]


def test_best_prints_measured_error_of_predictions(cube):
    study, read = (sweep("best", subject, "--minimize", "time_to_train").splitlines() for subject in (SPLITS, cube))
    assert [line for line in study if line.startswith("checked step_time: median error ")]
    assert {line.split(";")[0] for line in study if line.startswith("checked")} < set(read)  # a cube names the regimes of all its points
    assert "checked allocated_memory" not in "".join(study)
    assert json.loads(sweep("best", SPLITS, "--minimize", "time_to_train", "--json"))["accuracy"]
    assert "checked" not in sweep("best", SPLITS, "--minimize", "servers")


def test_best_per_axis_answers_each_label():
    rows = json.loads(sweep("best", SPLITS, "--minimize", "step_time", "--top", "1", "--per", "gpu", "--json"))["rows"]
    assert [row["gpu"] for row in rows] == ["l40s", "h100-sxm"]


@pytest.mark.parametrize("asked", [("best", "--minimize", "step_time"), ("point",)])
def test_second_per_axis_is_refused_where_one_is_taken(asked):
    said = refused(asked[0], SPLITS, *asked[1:], "--per", "gpu", "--per", "split")
    assert "--per takes one axis here, not gpu and split" in said


def test_best_without_feasible_point_prints_what_excludes_points():
    text = sweep("best", SPLITS, "--minimize", "step_time", "--where", "mfu > 2")
    assert text.startswith("no feasible point among 24\n")
    assert ["mfu > 2", "21", "87.5 %"] in words(text)
    assert ["exceeds_memory", "3", "12.5 %"] in words(text)
    assert "the nearest point" in text
    found = json.loads(sweep("best", SPLITS, "--minimize", "step_time", "--where", "mfu > 2", "--json"))
    assert found["rows"] == []
    assert found["removed"] == {"exceeds_memory": 3, "mfu > 2": 21}
    assert found["nearest"]["mfu"] < 2


def test_best_merges_points_of_equal_value():
    header, first, *_ = words(sweep("best", SPLITS, "--minimize", "gpu_power_total", "--top", "1", "--where", "pue < 1.5"))
    assert header[-1] == "alike"
    assert "points alike: " in first[-1]
    (row,) = json.loads(sweep("best", SPLITS, "--minimize", "gpu_power_total", "--top", "1", "--where", "pue < 1.5", "--json"))["rows"]
    assert row["alike"]["points"] > 1
    assert row["alike"]["labels"]["pue"][0] == row["pue"]


def test_best_says_which_rows_differ_by_less_than_the_error():
    (said,) = [line for line in sweep("best", "layouts", "--minimize", "step_time", "--top", "3").splitlines() if "error;" in line]
    assert said.startswith("1 to 3 differ by less than the error; choose by other grounds (better than the first: 2 ")
    assert said.endswith(" %; so may others beyond --top 3)")
    axis = ["--axis", "gpu=h100-sxm,a100-sxm-80gb"]
    lines = sweep("best", "layouts", "--minimize", "step_time", "--top", "2", "--per", "gpu", *axis).splitlines()
    assert [line.split(" differ")[0] for line in lines if "error;" in line] == ["h100-sxm: 1 and 2", "a100-sxm-80gb: 1 and 2"]
    assert "by less than the error" not in sweep("best", "layouts", "--minimize", "step_time", "--top", "1")


def test_best_says_which_rows_are_infeasible_within_the_error():
    text = sweep("best", "gpt4", "--minimize", "training_energy", "--top", "1", "--axis", "gpu=h100-sxm")
    assert "infeasible within the error, so not in the band (share of draws): 1 " in text
    (row,) = json.loads(sweep("best", "gpt4", "--minimize", "training_energy", "--top", "1", "--axis", "gpu=h100-sxm", "--json"))["rows"]
    assert 0.05 < row["infeasible"] < 0.7
    assert "infeasible within" not in sweep("best", "layouts", "--minimize", "step_time", "--top", "1")


def test_best_ranks_stated_values_not_lucky_draws():
    asked = ["layouts", "--minimize", "step_time", "--top", "1", "--json"]
    plain, drawn = (json.loads(sweep("best", *asked, *more))["rows"][0] for more in ([], ["--axis", "sample=64"]))
    assert drawn["step_time"] == plain["step_time"]
    assert "sample" not in drawn


def test_best_output_option_adds_column():
    header, *_ = words(sweep("best", SPLITS, "--minimize", "step_time", "--top", "1", "--output", "servers"))
    assert "servers" in header


def test_best_requires_minimize_or_maximize():
    done = CliRunner().invoke(main, ["best", SPLITS])
    assert done.exit_code == 2
    assert "--minimize QUANTITY or --maximize QUANTITY" in done.stderr


def test_pareto_prints_rows_sorted_by_first_quantity():
    header, *rows = words(sweep("pareto", SPLITS, "--minimize", "time_to_train", "--minimize", "facility_power"))
    assert {"gpu", "gpus", "time_to_train [d]", "facility_power [kW]"} & set(header) >= {"gpu", "time_to_train [d]"}
    place = header.index("time_to_train [d]")
    times = [float(row[place].replace(",", "")) for row in rows[: [len(row) for row in rows].index(1)] if len(row) == len(header)]
    assert times == sorted(times)


def test_pareto_json_has_all_rows_in_si(tmp_path):
    asked = ["--minimize", "time_to_train", "--maximize", "mfu", "--where", "step_time <= 1 h", "--per", "gpu"]
    told = json.loads(sweep("pareto", SPLITS, *asked, "--plot", tmp_path / "front.png", "--json"))
    assert (told["minimize"], told["maximize"]) == (["time_to_train"], ["mfu"])
    assert told["units"]["time_to_train"] == "s"
    assert told["accuracy"]["time_to_train"]
    assert {row["gpu"] for row in told["rows"]} == {"l40s", "h100-sxm"}
    assert all(row["step_time"] <= 3600 for row in told["rows"])
    assert (tmp_path / "front.png").read_bytes().startswith(b"\x89PNG")


def test_pareto_without_feasible_point_exits_zero_and_rejects_one_quantity():
    assert "no feasible point" in sweep("pareto", SPLITS, "--minimize", "step_time", "--maximize", "mfu", "--where", "mfu > 2")
    assert "two or three" in refused("pareto", SPLITS, "--minimize", "step_time")


def test_pareto_prints_part_of_long_front():
    text = sweep("pareto", SPLITS, "--minimize", "pue", "--maximize", "facility_power", "--axis", "pue=1:2:0.01")
    assert "40 of 101 points of the front" in text


def test_solve_per_axis_prints_table():
    header, *rows = words(sweep("solve", SPLITS, "gpus", "--for", "time_to_train <= 10 d", "--per", "gpu"))
    assert header[:3] == ["gpu", "gpus", "answer"]
    assert {row[0] for row in rows if len(row) > 1} == {"l40s", "h100-sxm"}


def test_solve_json_has_answer_and_reason():
    told = json.loads(sweep("solve", SPLITS, "gpus", "--for", "time_to_train <= 1 s", "--per", "gpu", "--json"))
    assert (told["input"], told["target"]) == ("gpus", "time_to_train <= 1 s")
    assert [row["answer"] for row in told["rows"]] == ["none", "none"]
    assert all(row["gpus"] is None and row["why"] for row in told["rows"])


@pytest.mark.parametrize(
    "asked",
    [
        ("pareto", "--minimize", "time_to_train", "--minimize", "facility_power", "--per", "gpu"),
        ("solve", "gpus", "--for", "facility_power <= 100 kW", "--per", "gpu", "--per", "split"),
    ],
)
def test_pareto_and_solve_of_study_equal_those_of_its_cube(cube, asked):
    command, *rest = asked
    study, read = (json.loads(sweep(command, subject, *rest, "--json"))["rows"] for subject in (SPLITS, cube))
    assert len(study) > 2
    assert [set(row) for row in study] == [set(row) for row in read]
    words = ("gpu", "gpus", "split", "answer")
    assert [[row.get(key) for key in words] for row in study] == [[row.get(key) for key in words] for row in read]


def test_pareto_and_solve_print_measured_error_in_regimes_of_their_rows():
    asked = [("pareto", "--minimize", "time_to_train", "--minimize", "facility_power"), ("solve", "gpus", "--for", "time_to_train <= 10 d")]
    for command, *rest in asked:
        one = ("--axis", "gpu=h100-sxm")
        told = json.loads(sweep(command, SPLITS, *rest, *one, "--json"))["accuracy"]["time_to_train"]
        assert [line for line in told if line.startswith("step_time") and "Hopper" in line]
        assert "any GPU" not in "".join(line for line in told if line.startswith("step_time"))
        assert f"checked {told[0]}" in sweep(command, SPLITS, *rest, *one)
    assert "checked" not in sweep("solve", SPLITS, "gpus", "--for", "time_to_train <= 1 s")


def test_best_prints_band_of_weighted_sum():
    header, *_ = words(sweep("best", SPLITS, "--minimize", "0.5*time_to_train + 0.5*facility_power", "--top", "2"))
    assert header[:1] == ["rank"]
    assert header[header.index("score") + 1] == "[5 %, 95 %]"


def test_best_takes_probability_of_fitting_as_condition():
    rows = json.loads(sweep("best", SPLITS, "--minimize", "time_to_train", "--where", "fit_probability >= 0.9", "--json"))["rows"]
    assert rows
    assert all(row["fit_probability"] >= 0.9 for row in rows)


def test_solve_prints_display_unit_beside_cells_without_answer():
    header, *rows = words(sweep("solve", SPLITS, "gpus", "--for", "mfu >= 40 %", "--per", "gpu", "--per", "split"))
    assert "mfu [%]" in header
    assert ["l40s", "tp1-pp4", "-", "none", "-", "mfu is 0.3443 at most"] in [[*row[:-1], row[-1].split(";")[0]] for row in rows]


def test_solve_rejects_input_without_effect_on_target():
    assert "time_to_train does not depend on pue" in refused("solve", SPLITS, "pue", "--for", "time_to_train <= 9 d")
