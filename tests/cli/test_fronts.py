"""`pareto`, as a user types it."""

import json

from tests.commands import SPLITS, refused, sweep, words


def test_a_front_is_a_table_in_the_units_of_the_study_best_in_the_first_quantity_first():
    header, *rows = words(sweep("pareto", SPLITS, "--minimize", "time_to_train", "--minimize", "facility_power"))
    assert {"gpu", "gpus", "time_to_train [d]", "facility_power [kW]"} & set(header) >= {"gpu", "time_to_train [d]"}
    place = header.index("time_to_train [d]")
    times = [float(row[place].replace(",", "")) for row in rows[: [len(row) for row in rows].index(1)] if len(row) == len(header)]
    assert times == sorted(times)


def test_json_has_every_row_in_si_and_what_was_asked(tmp_path):
    asked = ["--minimize", "time_to_train", "--maximize", "mfu", "--where", "step_time <= 1 h", "--per", "gpu"]
    told = json.loads(sweep("pareto", SPLITS, *asked, "--plot", tmp_path / "front.png", "--json"))
    assert (told["minimize"], told["maximize"]) == (["time_to_train"], ["mfu"])
    assert told["units"]["time_to_train"] == "s"
    assert told["accuracy"]["time_to_train"]
    assert {row["gpu"] for row in told["rows"]} == {"l40s", "h100-sxm"}
    assert all(row["step_time"] <= 3600 for row in told["rows"])
    assert (tmp_path / "front.png").read_bytes().startswith(b"\x89PNG")


def test_no_front_is_no_mistake_but_one_quantity_is():
    assert "no feasible point" in sweep("pareto", SPLITS, "--minimize", "step_time", "--maximize", "mfu", "--where", "mfu > 2")
    assert "two or three" in refused("pareto", SPLITS, "--minimize", "step_time")


def test_a_long_front_is_shown_in_part():
    text = sweep("pareto", SPLITS, "--minimize", "pue", "--maximize", "facility_power", "--axis", "pue=1:2:0.01")
    assert "40 of 101 points of the front" in text
