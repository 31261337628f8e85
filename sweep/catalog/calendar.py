"""Dates of a year without a leap day. What belongs here: 07-01 and 07-01T18 to seconds since the beginning of the year, and back."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sweep.errors import SweepError

DATE = re.compile(r"\s*(\d{4}-)?(\d\d)-(\d\d)(?:[T ](\d\d)(?::?(\d\d))?)?\s*$")
START = datetime(2023, 1, 1)  # of any year of 365 days
WHOLE = 1e-6  # s: what rounding may leave of a minute


def is_date(text: str) -> bool:
    """Whether a text is written as a date."""
    return DATE.match(text) is not None


def seconds(text: str) -> float:
    """The time of a date since the beginning of its year."""
    match = DATE.match(text)
    assert match
    year, month, day, hour, minute = match.groups()
    if year:
        raise SweepError(f"a date has no year, which is that of the file of hours: {text.strip()[5:]}")
    if (month, day) == ("02", "29"):
        raise SweepError("a year has 365 days here, 29 February is left out")
    try:
        found = datetime(START.year, int(month), int(day), int(hour or 0), int(minute or 0))
    except ValueError as error:
        raise SweepError(f"is no date of a year: {error}; a date reads month-day, such as 07-01 or 07-01T18") from None
    return (found - START).total_seconds()


def date(value: float) -> str:
    """A time since the beginning of a year as a date, with its hour where it is not midnight."""
    found = START + timedelta(seconds=round(value / 60) * 60)
    if abs(value - (found - START).total_seconds()) > WHOLE or found.year != START.year:
        return f"{value / 86400:.6g} d"
    day, hour, minute = f"{found:%m-%d}", f"T{found:%H}", f":{found:%M}"
    return f"{day}{hour}{minute}" if found.minute else f"{day}{hour}" if found.hour else day
