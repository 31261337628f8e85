"""`solve`, as a user types it."""

import json

from tests.commands import SPLITS, refused, sweep, words


def test_the_answers_for_each_label_are_a_table():
    header, *rows = words(sweep("solve", SPLITS, "gpus", "--for", "time_to_train <= 10 d", "--per", "gpu"))
    assert header[:3] == ["gpu", "gpus", "answer"]
    assert {row[0] for row in rows} == {"l40s", "h100-sxm"}


def test_json_has_the_answer_and_why_there_is_none():
    told = json.loads(sweep("solve", SPLITS, "gpus", "--for", "time_to_train <= 1 s", "--per", "gpu", "--json"))
    assert (told["input"], told["target"]) == ("gpus", "time_to_train <= 1 s")
    assert [row["answer"] for row in told["rows"]] == ["none", "none"]
    assert all(row["gpus"] is None and row["why"] for row in told["rows"])


def test_a_target_on_which_the_input_has_no_say_is_refused():
    assert "time_to_train does not depend on pue" in refused("solve", SPLITS, "pue", "--for", "time_to_train <= 9 d")
