"""An equation over intervals holds what the equation gives for numbers inside them: every equation and rule that there is."""

import math
import random

import pytest

from sweep.bounds.interpreter import interval_of
from sweep.bounds.intervals import ALL, Interval, number
from sweep.equations import quantities, registry
from sweep.equations.interpret import call

registry.load()
DECLARED = [*registry.EQUATIONS.values(), *registry.RULES.values()]
MOST_UNKNOWN = 0.15  # of the equations, those with unbounded loops


def drawn(name, source):
    """A range of an argument, and some numbers in it."""
    known = quantities.quantity(name)
    if known.choices:
        words = [float(source.randrange(len(known.choices))) for _ in range(2)]
        return Interval(min(words), max(words)), [source.choice(words) for _ in range(6)]
    low, high = sorted(source.choice((source.uniform(0, 2), 10 ** source.uniform(-3, 9), float(source.randint(0, 64)))) for _ in range(2))
    low = max(low, known.minimum if known.minimum is not None else low)
    high = max(low, min(high, known.maximum if known.maximum is not None else high))
    if source.random() < 0.5:
        high = min(high, low * 1.2)
    if known.whole:
        low, high = float(math.floor(low)), float(math.ceil(high))
        return Interval(low, high), [float(source.randint(int(low), int(high))) for _ in range(6)]
    return Interval(low, high), [source.uniform(low, high) for _ in range(6)]


@pytest.mark.parametrize("declared", DECLARED, ids=lambda d: d.name)
def test_interval_of_equation_contains_its_values(declared):
    source = random.Random(declared.name)
    for _ in range(6):
        given = [drawn(name, source) for name in declared.arguments]
        found = interval_of(declared.function, [interval for interval, _ in given])
        if found == ALL:
            continue
        for values in zip(*(numbers for _, numbers in given), strict=True):
            value = call(declared.function, list(values))
            assert found.nan if value != value else found.low <= value <= found.high, (values, found, value)


def test_interval_is_known_for_nearly_all_equations():
    unknown = [d.name for d in DECLARED if interval_of(d.function, [number(2.0)] * len(d.arguments)) == ALL]
    assert len(unknown) <= MOST_UNKNOWN * len(DECLARED), unknown


def branch(x, y):
    if x > 1.0:
        z = x * 2.0
    else:
        return y
    z += 1.0
    return z if y < 3.0 else -z


def loop(x):
    total = 0.0
    for i in range(3):
        total += x * i
    return total


def endless(x):
    while x > 1.0:
        x = x / 2.0
    return x


def test_interval_of_branch_joins_both_ways():
    assert interval_of(branch, [Interval(2.0, 3.0), number(0.0)]).low == pytest.approx(5.0)
    both = interval_of(branch, [Interval(0.0, 3.0), Interval(2.0, 4.0)])
    assert [both.low, both.high] == pytest.approx([-7.0, 7.0])
    assert interval_of(branch, [Interval(0.0, 1.0), Interval(2.0, 4.0)]) == Interval(2.0, 4.0)


def test_interval_of_loop_needs_fixed_end():
    found = interval_of(loop, [Interval(1.0, 2.0)])
    assert [found.low, found.high] == pytest.approx([3.0, 6.0])
    assert interval_of(endless, [Interval(1.0, 2.0)]) == ALL
