"""Draws: each column even, ranges met nine times in ten, and values without a range left alone."""

import numpy as np
import pytest

from sweep.study.sampling import spread, standard, together, width


def test_normal_draws_are_uniform_in_columns_and_pairs():
    z = standard(256, 6, 0)
    assert z.shape == (256, 6)
    assert np.abs(z.mean(axis=0)).max() < 0.02
    assert np.abs(z.std(axis=0) - 1).max() < 0.03
    pairs = np.corrcoef(z.T) - np.eye(6)
    assert np.abs(pairs).max() < 0.1


def test_normal_draws_repeat_by_seed():
    assert np.array_equal(standard(16, 3, 7), standard.__wrapped__(16, 3, 7))
    assert not np.array_equal(standard(16, 3, 7), standard(16, 3, 8))


def test_together_shares_parts_of_equal_key():
    one = together(4096, 0, [(0.6, "family"), (0.4, "one")])
    other = together(4096, 0, [(0.6, "family"), (0.4, "other")])
    assert np.array_equal(one, together(4096, 0, [(0.6, "family"), (0.4, "one")]))
    assert np.corrcoef(one, other)[0, 1] == pytest.approx(0.6, abs=0.04)
    assert one.std() == pytest.approx(1, abs=0.03)
    assert not np.array_equal(one, together(4096, 1, [(0.6, "family"), (0.4, "one")]))


def test_width_makes_numbers_and_their_differences_students_t():
    from scipy.stats import kstest, t

    one, other = (together(1 << 14, 0, [(1.0, key)]) * width(1 << 14, 0, 3.0, "trainer") for key in ("one", "other"))
    assert kstest(one, t(3).cdf).pvalue > 0.01
    assert kstest((one - other) / np.sqrt(2), t(3).cdf).pvalue > 0.01
    assert (width(4, 0, np.inf, "trainer") == 1).all()


@pytest.mark.parametrize(("value", "low", "high"), [(1.2, 1.1, 1.5), (0.0, -2.0, 1.0), (3.0, 0.0, 4.0)])
def test_drawn_values_have_5_and_95_percent_quantiles(value, low, high):
    drawn = spread(standard(4096, 1, 0)[:, 0], np.array(value), np.array(low), np.array(high))
    assert np.mean(drawn < low) == pytest.approx(0.05, abs=0.002)
    assert np.mean(drawn > high) == pytest.approx(0.05, abs=0.002)
    assert np.median(drawn) == pytest.approx(value, abs=0.01)


def test_drawn_value_without_range_is_constant():
    nan = np.array([np.nan, 1.0])
    drawn = spread(standard(8, 1, 0)[:, 0], np.array([2.0, 2.0]), nan, nan + 2)
    assert drawn.shape == (2, 8)
    assert (drawn[0] == 2.0).all()
    assert (drawn[1] != 2.0).any()
