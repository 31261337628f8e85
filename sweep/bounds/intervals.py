"""Ranges of numbers. What belongs here: intervals, and what arithmetic and comparisons make of them.

The interval of a result holds every number that the operation gives for arguments inside theirs, whatever a compiler rounds. NaN is kept
beside the ends: `nan` says whether there can be one.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

SLACK = 4e-16  # of a value, on each side of what one operation gives: more than a rounding
LIBRARY_SLACK = 1e-14  # of math's functions, of which libraries differ in the last digits


@dataclass(frozen=True, slots=True)
class Interval:
    """All numbers from low to high, and NaN if `nan`; none where low is above high."""

    low: float
    high: float
    nan: bool = False

    @property
    def empty(self) -> bool:
        return self.low > self.high


ALL = Interval(-math.inf, math.inf, True)
NONE = Interval(math.inf, -math.inf, True)
TRUE, FALSE, MAYBE = Interval(1.0, 1.0), Interval(0.0, 0.0), Interval(0.0, 1.0)


def number(value: float) -> Interval:
    """The interval of one number."""
    return NONE if value != value else Interval(float(value), float(value))


def hull(intervals: Iterable[Interval]) -> Interval:
    """The smallest interval that holds some others."""
    known = list(intervals)
    return Interval(min(i.low for i in known), max(i.high for i in known), any(i.nan for i in known))


def wider(low: float, high: float, nan: bool, slack: float = SLACK) -> Interval:
    """An interval with room for what a computer rounds."""
    if low != low or high != high:
        return ALL
    low = low if math.isinf(low) else math.nextafter(low - abs(low) * slack, -math.inf)
    return Interval(low, high if math.isinf(high) else math.nextafter(high + abs(high) * slack, math.inf), nan)


def corners(operation: Callable[[float, float], float], a: Interval, b: Interval, slack: float = SLACK) -> Interval:
    """What an operation that rises or falls in each argument gives: its extremes are at the corners."""
    if a.empty or b.empty:
        return NONE
    try:
        found = [operation(x, y) for x, y in itertools.product((a.low, a.high), (b.low, b.high))]
    except (ArithmeticError, ValueError):
        return ALL
    if any(value != value for value in found):
        return ALL
    return wider(min(found), max(found), a.nan or b.nan, slack)


def divided(a: Interval, b: Interval) -> Interval:
    """A quotient; where the divisor can be 0 it is unknown."""
    return ALL if b.low <= 0.0 <= b.high else corners(lambda x, y: x / y, a, b)


def power(a: Interval, b: Interval) -> Interval:
    """A power of what is not below 0, or a square."""
    if a.low > 0.0 or (a.low >= 0.0 and b.low > 0.0):
        return corners(lambda x, y: x**y, a, b, LIBRARY_SLACK)
    if b.low == b.high == 2.0 and not a.empty:
        ends = (a.low * a.low, a.high * a.high)
        return wider(0.0 if a.low < 0.0 < a.high else min(ends), max(ends), a.nan, LIBRARY_SLACK)
    return NONE if a.empty or b.empty else ALL


def floor_divided(a: Interval, b: Interval) -> Interval:
    return rising(math.floor, divided(a, b))


def remainder(a: Interval, b: Interval) -> Interval:
    """What a division leaves."""
    if a.low == a.high and b.low == b.high and b.low:
        return Interval(a.low % b.low, a.low % b.low, a.nan or b.nan)
    return Interval(0.0, b.high, a.nan or b.nan) if b.low > 0.0 and not a.empty else ALL


def rising(function: Callable[[float], float], a: Interval, slack: float = 0.0) -> Interval:
    """What a function that never falls gives."""
    if a.empty:
        return NONE
    try:
        low, high = (
            x if math.isinf(x) and function in (math.floor, math.ceil, math.trunc, round) else function(x) for x in (a.low, a.high)
        )
    except (ArithmeticError, ValueError):
        return ALL
    return wider(low, high, a.nan, slack) if slack else Interval(float(low), float(high), a.nan)


def absolute(a: Interval) -> Interval:
    """A size without its sign."""
    if a.empty:
        return NONE
    ends = (abs(a.low), abs(a.high))
    return Interval(0.0 if a.low <= 0.0 <= a.high else min(ends), max(ends), a.nan)


def extreme(which: Callable[..., float], values: list[Interval]) -> Interval:
    """min or max; with a NaN among them it can be any of the values."""
    if any(v.nan or v.empty for v in values):
        return hull(values)
    return Interval(which(v.low for v in values), which(v.high for v in values))


def compare(sign: str, a: Interval, b: Interval) -> Interval:
    """Whether a comparison holds: 1, 0 or both; NaN is unequal to all, and nothing else holds of it."""
    if a.empty or b.empty:
        return TRUE if sign == "!=" else FALSE
    nan = a.nan or b.nan
    always, never = {
        "<": (a.high < b.low, a.low >= b.high),
        "<=": (a.high <= b.low, a.low > b.high),
        ">": (a.low > b.high, a.high <= b.low),
        ">=": (a.low >= b.high, a.high < b.low),
        "==": (a.low == a.high == b.low == b.high, a.high < b.low or a.low > b.high),
        "!=": (a.high < b.low or a.low > b.high, a.low == a.high == b.low == b.high),
    }[sign]
    if sign == "!=":
        return TRUE if always else FALSE if never and not nan else MAYBE
    return FALSE if never else TRUE if always and not nan else MAYBE


def truth(a: Interval) -> Interval:
    """A number as a condition: 0 is false, all else true."""
    return compare("!=", a, number(0.0))


def negated(a: Interval) -> Interval:
    """The opposite of a condition."""
    return Interval(1.0 - a.high, 1.0 - a.low)


def all_of(verdicts: Iterable[Interval]) -> Interval:
    """Whether all of some conditions hold."""
    known = list(verdicts)
    return Interval(min((v.low for v in known), default=1.0), min((v.high for v in known), default=1.0))
