"""Tables and values as a person reads them."""

import math

import pytest

from sweep.cube import text


def test_a_table_is_as_wide_as_its_cells_and_numbers_end_flush():
    lines = text.table(("name", "n"), [("a", "1,000"), ("longer", "2")], right=["n"], indent=2).splitlines()
    assert lines == ["  name        n", "  a       1,000", "  longer      2"]


def test_a_paragraph_is_broken_at_the_width_and_indented():
    lines = text.paragraph("word " * 60, indent=3).splitlines()
    assert len(lines) > 1
    assert all(len(line) <= text.WIDTH and line.startswith("   word") for line in lines)


@pytest.mark.parametrize(
    ("value", "unit", "display_unit", "expected"),
    [
        (43.875e9 * 3600, "J", "GWh", "43.88 GWh"),
        (0.4125, "1", "%", "41.25 %"),
        (25e6, "W", "", "25 MW"),
        (3125.0, "1", "1", "3,125"),
    ],
)
def test_a_value_is_shown_in_its_display_unit_or_in_a_customary_one(value, unit, display_unit, expected):
    assert text.in_words(value, unit, display_unit) == expected


def test_a_converted_value_keeps_the_digits_that_were_written():
    assert text.in_unit(43.875 * 3.6e12, "J", "GWh") == 43.875
    assert text.in_unit(5.0, "J", "") == text.in_unit(5.0, "J", "J") == 5.0


def test_a_choice_is_shown_by_its_word():
    assert text.amount("precision", 3.0) == "bf16"
    assert text.amount("pue", 1.2) == "1.2"


def test_numbers_under_each_other_share_the_unit_of_the_middle_one():
    assert text.aligned([1e6, 2e6, 3e3, math.nan], "W") == ("MW", ["1", "2", "0.003", "-"])
    assert text.aligned([1e6], "W", "kW") == ("kW", ["1,000"])


def test_an_axis_is_shown_by_its_two_ends_or_by_its_one_value():
    assert text.span("gpus", [8.0, 16.0, 64.0]) == "8 .. 64"
    assert text.span("gpus", [8.0]) == "8"
