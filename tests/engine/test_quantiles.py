"""Draws to quantiles: the same as numpy's, gaps aside, and flags by the half that raise them."""

import numpy as np
import pytest

from sweep.engine.quantiles import cut, flags, held, quantiles, reduce

rng = np.random.default_rng(0)


def test_quantiles_equal_numpy():
    drawn = rng.normal(size=(5, 33)).astype(np.float32)
    assert quantiles(drawn) == pytest.approx(np.quantile(drawn, (0.05, 0.5, 0.95), axis=1).T, rel=1e-5)


def test_quantiles_ignore_minority_of_undefined_draws():
    drawn = np.arange(10.0)[None, :].repeat(2, 0)
    drawn[0, :5] = np.nan
    drawn[1, :6] = np.nan
    found = quantiles(drawn, (0.0, 0.5, 1.0))
    assert found[0].tolist() == [5.0, 7.0, 9.0]
    assert np.isnan(found[1]).all()


def test_quantiles_keep_flags_of_half_of_draws():
    drawn = np.array([[1, 1, 3, 0], [4, 0, 0, 0]], np.int32)
    assert flags(drawn).tolist() == [1, 0]


@pytest.mark.parametrize("kind", [np.int32, np.int64])
def test_flags_count_draws_of_each_bit(kind):
    drawn = rng.integers(0, 1 << 20, size=(3, 4, 9), dtype=kind) | kind(1 << 20)
    drawn[0] = 0
    found = flags(drawn)
    assert found.dtype == kind
    for bit in range(21):
        assert (found >> bit & 1).tolist() == (2 * (drawn >> bit & 1).sum(axis=2) >= 9).astype(int).tolist()


def test_cube_stores_quantiles_in_place_of_draws():
    dims = ("gpus", "sample")
    assert held("step_time", dims) == ("gpus", "quantile")
    assert held("status", dims) == ("gpus",)
    assert held("step_time", ("gpus",)) == ("gpus",)
    assert cut("step_time", dims, (4, 100)) == (4, 3)
    assert cut("status", dims, (4, 100)) == (4,)
    assert reduce("step_time", rng.normal(size=(2, 3, 50))).shape == (2, 3, 3)
    assert reduce("status", np.zeros((2, 3, 50), np.int32)).shape == (2, 3)
