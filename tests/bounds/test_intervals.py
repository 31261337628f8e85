"""An interval holds what each number inside its arguments gives."""

import math
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.bounds import intervals
from sweep.bounds.intervals import ALL, FALSE, MAYBE, NONE, TRUE, Interval, compare, corners, hull, number

FLOATS = st.floats(-1e9, 1e9, allow_nan=False).map(lambda number: number + 0.0)  # -0.0 is 0.0, so that pairs sort


@st.composite
def ranges(draw):
    low, high = sorted((draw(FLOATS), draw(FLOATS)))
    return Interval(low, high), draw(st.floats(low, high))


OPERATIONS = [
    (lambda a, b: corners(operator.add, a, b), operator.add),
    (lambda a, b: corners(operator.sub, a, b), operator.sub),
    (lambda a, b: corners(operator.mul, a, b), operator.mul),
    (intervals.divided, operator.truediv),
    (intervals.floor_divided, operator.floordiv),
    (intervals.remainder, operator.mod),
    (lambda a, b: intervals.extreme(min, [a, b]), min),
    (lambda a, b: intervals.extreme(max, [a, b]), max),
    (lambda a, b: intervals.absolute(a), lambda x, y: abs(x)),
    (lambda a, b: intervals.power(intervals.absolute(a), number(0.7)), lambda x, y: abs(x) ** 0.7),
    (lambda a, b: intervals.power(a, number(2.0)), lambda x, y: x**2.0),
    (lambda a, b: intervals.rising(math.floor, a), lambda x, y: math.floor(x)),
]


@pytest.mark.parametrize(("over", "one"), OPERATIONS)
@given(first=ranges(), second=ranges())
def test_interval_arithmetic_contains_results(over, one, first, second):
    (a, x), (b, y) = first, second
    found = over(a, b)
    try:
        value = one(x, y)
    except ZeroDivisionError:
        value = math.nan
    assert found.nan if value != value else found.low <= value <= found.high


@given(first=ranges(), second=ranges(), sign=st.sampled_from(("<", "<=", ">", ">=", "==", "!=")))
def test_interval_comparison_agrees_with_numbers(first, second, sign):
    signs = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne}
    (a, x), (b, y) = first, second
    found = compare(sign, a, b)
    assert found in (TRUE, FALSE, MAYBE)
    assert found.low <= signs[sign](x, y) <= found.high


def test_interval_comparison_with_nan():
    with_nan = Interval(1.0, 2.0, True)
    assert compare("<", with_nan, number(3.0)) == MAYBE
    assert compare(">", with_nan, number(3.0)) == FALSE
    assert compare("!=", with_nan, number(3.0)) == TRUE
    assert compare("==", NONE, number(3.0)) == FALSE
    assert intervals.extreme(min, [with_nan, number(5.0)]) == Interval(1.0, 5.0, True)


def test_interval_without_bound_is_all_numbers():
    assert intervals.divided(number(1.0), Interval(-1.0, 1.0)) == ALL
    assert corners(operator.sub, Interval(0.0, math.inf), Interval(0.0, math.inf)) == ALL
    assert hull([NONE, number(2.0)]) == Interval(2.0, 2.0, True)
    assert NONE.empty
