"""Remainders in vector code: the same number as Python's, whatever the quotient."""

import math

import numpy as np
import pytest

from sweep.engine.native import Native
from sweep.engine.nests import Function
from sweep.equations.interpret import call

TEXT = """def nest(n_a, in_x, in_y, out_rest, out_whole):
    '''Remainder and quotient.'''
    for i_a in range(n_a):
        x = in_x[i_a]
        y = in_y[i_a]
        rest = f_rest(x, y)
        whole = f_whole(x, y)
        out_rest[i_a] = rest
        out_whole[i_a] = whole
"""


def rest(x, y):
    return x % y


def whole(x, y):
    return x // y


@pytest.fixture
def computed(tmp_path):
    function = Function("nest", TEXT, ("a",), ("x", "y"), ("rest", "whole"), ("f_rest", "f_whole"))
    native = Native(function, {"f_rest": rest, "f_whole": whole}, frozenset(), tmp_path)

    def computed(x, y):
        found = np.empty(len(x)), np.empty(len(x))
        native(len(x), np.array(x), np.array(y), *found)
        return found

    return computed


def draws():
    draw = np.random.default_rng(0)
    x = draw.normal(size=4000) * 10.0 ** draw.integers(-20, 21, 4000)
    y = draw.normal(size=4000) * 10.0 ** draw.integers(-20, 21, 4000)
    counts = draw.integers(1, 200, 4000).astype(float)
    edges = np.array(
        [0.0, -0.0, 1.0, -1.0, math.nextafter(3.0, 0.0), 3.0, 5e-324, 1e308, 2.0**53, -(2.0**53) - 2, math.inf, -math.inf, math.nan]
    )
    pairs = [(x, y), (counts * draw.integers(1, 50, 4000), counts), (x, np.ones(4000)), np.meshgrid(edges, edges[2:])]
    return [np.concatenate([np.ravel(pair[i]) for pair in pairs]) for i in (0, 1)]


def test_remainder_is_that_of_python(computed):
    x, y = draws()
    rests, _ = computed(x, y)
    expected = [call(rest, [a, b]) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    np.testing.assert_array_equal(rests, expected)


def test_whole_quotient_is_that_of_python(computed):
    x, y = draws()
    ordinary = (np.abs(x) < 1e300) & (np.abs(y) > 1e-300) & (np.abs(y) < 1e300) & (np.abs(x / 2.0**53) < np.abs(y))
    _, wholes = computed(x[ordinary], y[ordinary])
    expected = [call(whole, [a, b]) for a, b in zip(x[ordinary].tolist(), y[ordinary].tolist(), strict=True)]
    np.testing.assert_array_equal(wholes, expected)
