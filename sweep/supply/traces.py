"""The hours of a year from files as they are downloaded. What belongs here: a CSV file of load, price or carbon to hourly numbers in SI.

A column is known by the unit in its heading: "Day-ahead Price [EUR/MWh]" (ENTSO-E), "Demand (MW)" (EIA-930), "Carbon intensity
gCO₂eq/kWh (direct)" (Electricity Maps). Half hours and quarters are averaged; of a leap year 29 February is omitted. A column of queries
or requests counts those of each hour, of a year, a week or a day.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from sweep.catalog.units import comparable, factor
from sweep.errors import SweepError

Series = npt.NDArray[np.float64]
Kind = Literal["load", "price", "carbon", "queries"]
UNITS: dict[Kind, str] = {"load": "W", "price": "USD/J", "carbon": "kg/J", "queries": "query/s"}
EXAMPLES: dict[Kind, str] = {
    "load": "load [MW]",
    "price": "price [EUR/MWh]",
    "carbon": "carbon intensity [g/kWh]",
    "queries": "queries",
}
# words of a heading that choose among columns of one unit, the first that some column has
WORDS: dict[str, tuple[str, ...]] = {
    "load": ("actual total load", "demand (mw)", "load"),
    "price": ("day-ahead price", "price"),
    "average-direct": ("direct",),
    "average-direct-co2": ("direct",),
    "average-lifecycle": ("life cycle", "lca", "lifecycle"),
}
COUNTED = re.compile(r"(queries|requests)\b", re.IGNORECASE)  # a heading of what is counted in each hour
# the day and the month of a row, in either order; the first of January has one
DATE = re.compile(r"(?:\d{4}[-/.](\d{1,2})[-/.](\d{1,2})|(\d{1,2})[-/.](\d{1,2})[-/.]\d{4})\b")
BORDERS = ({1}, {12, 31})  # of a year: 1 January, or 31 December where a file is in another time than its zone's
HOURS = 8760
LEAP = 8784
DAY, WEEK = 24, 168
LEAP_DAY = slice((31 + 28) * 24, (31 + 29) * 24)
GAPS = ("", "-", "n/e", "n/a", "nan", "null")
MOST_GAPS = 0.01  # of the rows


def read_trace(path: str | Path, kind: Kind, carbon_kind: str = "average-direct") -> Series:
    """The 8,760 hours of a year from the column of a CSV file that has the unit of the kind, in SI; of queries also a day or a week."""
    heading, lines = _rows_of(Path(path))
    rows = list(lines)
    column, scale = _column(path, heading, kind, carbon_kind if kind == "carbon" else kind)
    values = np.array([_number(path, line, row, column) for line, row in rows]) * scale
    gaps = np.isnan(values)
    if gaps.sum() > MOST_GAPS * len(values):
        raise SweepError(f"{path}: {heading[column]!r} has no number in {gaps.sum()} of {len(values)} rows")
    if gaps.any():
        known = np.flatnonzero(~gaps)
        values = np.interp(np.arange(len(values)), known, values[known])
    if kind == "queries" and len(values) in (DAY, WEEK):
        return values
    _check_start(path, *rows[0])
    return _hourly(path, values, kind)


def _check_start(path: str | Path, line: int, row: list[str]) -> None:
    """Raise where the first row is dated, and not with the beginning of a year."""
    date = next((found for cell in row[:3] if (found := DATE.match(cell.strip()))), None)
    if date and {int(part) for part in date.groups() if part} not in BORDERS:
        raise SweepError(f"{path}:{line}: {date[0]!r} is not the beginning of a year; the rows must go from 1 January to 31 December")


def _rows_of(path: Path) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SweepError(f"{path}: cannot be read as a table: {getattr(error, 'strerror', None) or error}") from None
    lines = text.splitlines()
    comma = max(",;\t", key=lambda mark: lines[0].count(mark)) if lines else ","
    found = list(csv.reader(lines, delimiter=comma))
    if len(found) < 2:
        raise SweepError(f"{path}: holds no table: a line of headings and one line for each hour")
    return found[0], ((line, row) for line, row in enumerate(found[1:], 2) if row)


def _units(heading: str) -> Iterable[str]:
    """What may be the unit in a heading: what stands in brackets, then each word."""
    return [*re.findall(r"[\[(]([^\])]+)[\])]", heading), *heading.split()]


def _column(path: str | Path, heading: list[str], kind: Kind, choice: str) -> tuple[int, float]:
    """The column whose unit is one of the kind, and what one of its unit is in SI."""
    found: dict[int, float] = {}
    for index, name in enumerate(heading):
        if kind == "queries" and COUNTED.match(name.strip()):
            found[index] = factor("query/h", UNITS[kind])
        for unit in _units(name):
            try:
                if comparable(unit, UNITS[kind]):
                    found[index] = factor(unit, UNITS[kind])
                    break
            except SweepError:
                continue
    for word in WORDS.get(choice, ()):
        named = [index for index in found if word in heading[index].lower()]
        if named:
            found = {named[0]: found[named[0]]}
            break
    if len(found) != 1:
        those = ", ".join(repr(heading[index]) for index in found)
        there = f"several: {those}; keep one" if found else f"none, such as {EXAMPLES[kind]!r}; there is: {', '.join(heading[:8])}"
        raise SweepError(f"{path}: needs one column with a unit of {kind} in its heading and has {there}")
    return next(iter(found.items()))


def _number(path: str | Path, line: int, row: list[str], column: int) -> float:
    text = row[column].strip() if column < len(row) else ""
    if text.lower() in GAPS:
        return float("nan")
    try:
        return float(text.replace(",", ""))
    except ValueError:
        raise SweepError(f"{path}:{line}: {text!r} is not a number") from None


def _hourly(path: str | Path, values: Series, kind: Kind) -> Series:
    for hours in (HOURS, LEAP):
        parts = len(values) // hours
        if parts in (1, 2, 4, 12) and len(values) == parts * hours:
            mean: Series = values.reshape(hours, parts).mean(axis=1)
            return np.delete(mean, LEAP_DAY) if hours == LEAP else mean
    year = f"the {HOURS:,} hours of a year, {LEAP:,} of a leap year, or their halves or quarters"
    if kind == "queries":
        year = f"{DAY} hours of a day, {WEEK} of a week, or {year}"
    raise SweepError(f"{path}: must hold {year}; it holds {len(values):,} rows")
