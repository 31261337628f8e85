"""Tables and values as a person reads them."""

import math

import pytest

from sweep.query import text


def test_table_aligns_columns():
    lines = text.table(("name", "n"), [("a", "1,000"), ("longer", "2")], right=["n"], indent=2).splitlines()
    assert lines == ["  name        n", "  a       1,000", "  longer      2"]


def test_paragraph_wraps_and_indents():
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
def test_amount_uses_display_or_customary_unit(value, unit, display_unit, expected):
    assert text.in_words(value, unit, display_unit) == expected


def test_amount_keeps_written_digits():
    assert text.in_unit(43.875 * 3.6e12, "J", "GWh") == 43.875
    assert text.in_unit(5.0, "J", "") == text.in_unit(5.0, "J", "J") == 5.0


def test_amount_of_choice_is_its_word():
    assert text.amount("precision", 3.0) == "bf16"
    assert text.amount("pue", 1.2) == "1.2"


def test_aligned_uses_unit_of_median():
    assert text.aligned([1e6, 2e6, 3e3, math.nan], "W") == ("MW", ["1", "2", "0.003", "-"])
    assert text.aligned([1e6], "W", "kW") == ("kW", ["1,000"])


def test_span_shows_both_ends_or_single_value():
    assert text.span("gpus", [8.0, 16.0, 64.0]) == "8 .. 64"
    assert text.span("gpus", [8.0]) == "8"
