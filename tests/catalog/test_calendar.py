"""Dates of a year of 365 days."""

import pytest

from sweep.catalog import calendar
from sweep.errors import SweepError

DAY = 86400


@pytest.mark.parametrize(
    ("text", "time"),
    [("01-01", 0), ("02-28", 58 * DAY), ("03-01", 59 * DAY), ("12-31", 364 * DAY), ("07-01T18", 181.75 * DAY), ("01-02T00:30", DAY + 1800)],
)
def test_date_is_time_since_beginning_of_year_and_back(text, time):
    assert calendar.is_date(text)
    assert calendar.seconds(text) == time
    assert calendar.date(time) == text


def test_date_may_have_a_space_before_its_hour():
    assert calendar.seconds(" 07-01 18:30 ") == 181.75 * DAY + 1800


@pytest.mark.parametrize("text", ["90 d", "7-1", "07-01-2024", "July", "0", "07-01T"])
def test_date_is_nothing_else(text):
    assert not calendar.is_date(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2024-07-01", "a date has no year, .*: 07-01"),
        ("02-29", "29 February is left out"),
        ("13-01", "month must be"),
        ("07-01T24", "hour must be"),
    ],
)
def test_date_that_is_none_says_why(text, words):
    with pytest.raises(SweepError, match=words):
        calendar.seconds(text)


@pytest.mark.parametrize(("time", "text"), [(365 * DAY, "365 d"), (1.5, "1.73611e-05 d")])
def test_time_that_is_no_date_stays_in_days(time, text):
    assert calendar.date(time) == text
