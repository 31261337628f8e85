"""Conditions as text: every form, units, and mistakes in one line; nothing is evaluated as code."""

import math

import pytest

from sweep.errors import SweepError
from sweep.study.conditions import conditions

DAY = 86400.0


def read(*texts):
    return [(c.name, c.operator, c.other or c.value) for c in conditions(texts)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("time_to_train <= 90 d", [("time_to_train", "<=", 90 * DAY)]),
        ("time_to_train<=90d", [("time_to_train", "<=", 90 * DAY)]),
        ("90 d >= time_to_train", [("time_to_train", "<=", 90 * DAY)]),
        ("3 < tp", [("tp", ">", 3.0)]),
        ("30 d <= time_to_train < 90 d", [("time_to_train", ">=", 30 * DAY), ("time_to_train", "<", 90 * DAY)]),
        ("90 d > time_to_train >= 30 d", [("time_to_train", "<", 90 * DAY), ("time_to_train", ">=", 30 * DAY)]),
        ("pue < 1.2 and gpus > 8, tp == 8", [("pue", "<", 1.2), ("gpus", ">", 8.0), ("tp", "==", 8.0)]),
        ("mfu >= 40 %", [("mfu", ">=", 0.4)]),
        ("mfu >= 0.4", [("mfu", ">=", 0.4)]),
        ("facility_power <= 20 MW", [("facility_power", "<=", 20e6)]),
        ("facility_energy != 1 kWh", [("facility_energy", "!=", 3.6e6)]),
        ("precision == bf16", [("precision", "==", 3.0)]),
        ("pue >= -1", [("pue", ">=", -1.0)]),  # a bound may lie where the quantity itself may not
        ("required_mfu <= mfu", [("required_mfu", "<=", "mfu")]),
        ("time_to_train <= training_duration", [("time_to_train", "<=", "training_duration")]),
    ],
)
def test_conditions_read_units_on_either_side(text, expected):
    assert [(name, operator, value) for name, operator, value in read(text)] == expected


def test_conditions_read_several_texts():
    assert read("tp >= 2", "pp >= 3") == read("tp >= 2 and pp >= 3")
    assert read() == []


def test_conditions_compare_two_quantities():
    (found,) = conditions(["required_mfu <= mfu"])
    assert math.isnan(found.value)
    assert found.names == ("required_mfu", "mfu")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("time_to_train <= 90", "needs a unit of s, such as '90 s'"),
        ("time_to_train <= 90 kg", "kg is not a unit of s"),
        ("time_to_trian <= 90 d", "unknown quantity 'time_to_trian'; did you mean 'time_to_train'?"),
        ("time_to_train", "must compare a quantity with a value, such as 'time_to_train <= 90 d'"),
        ("time_to_train = 90 d", "must compare a quantity with a value, such as 'time_to_train <= 90 d'"),
        ("", "must compare a quantity with a value, such as 'time_to_train <= 90 d'"),
        ("1 < pue < 2 < 3", "must compare a quantity with a value, such as 'time_to_train <= 90 d'"),
        ("pue < 1.1 or gpus < 8", "all conditions must hold, joined by `and`; ask twice for one `or` the other"),
        ("pue < 1.1 || gpus < 8", "all conditions must hold"),
        ("precision == bf61", "is not a choice of precision; did you mean 'bf16'?"),
        ("pue <= nan", "'nan' is not a finite number"),
        ("step_time < pue", "step_time is in s and pue in 1"),
        ("pue < __import__('os')", "\"__import__('os')\" is not a number"),
        ("__import__('os') < 1", "unknown quantity \"__import__('os')\""),
    ],
)
def test_conditions_report_invalid_text_in_one_line(text, line):
    with pytest.raises(SweepError) as found:
        conditions([text])
    assert str(found.value).startswith(f"--where {text.strip()!r}: ")
    assert line in str(found.value)
    assert "\n" not in str(found.value)


def test_condition_with_comma_in_its_number_says_how_it_is_written():
    with pytest.raises(SweepError, match=r"--where 'energy_cost <= 30,000 USD': .*a number has no comma"):
        conditions(["energy_cost <= 30,000 USD"])
    assert len(conditions(["energy_cost <= 30000 USD,pue >= 1.1"])) == 2
