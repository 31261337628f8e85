"""Draws of uncertain inputs. What belongs here: numbers between 0 and 1 that fill a cube evenly, and a range to a distribution.

A value with a low and a high is drawn from two half lognormals that meet at the value: one draw in twenty lies below the low and one
above the high. Where the low is not above zero they are half normals.
"""

from __future__ import annotations

import math
import warnings
import zlib
from collections.abc import Iterable
from functools import cache

import numpy as np
import numpy.typing as npt

from sweep.errors import SweepError

SAMPLE = "sample"
LARGEST = 1 << 16
USUAL = 512
Z = 1.6448536269514722  # of 95 %
Values = npt.NDArray[np.float64]


@cache
def standard(count: int, columns: int, seed: int) -> Values:
    """Standard normal numbers (count, columns) from a scrambled Sobol sequence; each column is stratified, and so are pairs of them."""
    try:
        from scipy.special import ndtri
        from scipy.stats import qmc
    except ImportError:
        raise SweepError("drawing from ranges needs scipy: pip install 'wattsweep[stats]'") from None
    with warnings.catch_warnings():  # a count that is no power of two is drawn as the first part of one
        warnings.simplefilter("ignore")
        found = qmc.Sobol(max(columns, 1), seed=seed).random(count)
    drawn: Values = ndtri(np.clip(found, 1e-12, 1 - 1e-12))
    drawn.setflags(write=False)
    return drawn


def together(count: int, seed: int, parts: Iterable[tuple[float, object]]) -> Values:
    """Standard normal numbers (count,) as a sum of parts, each with its share of the variance and what tells its draws from others."""
    drawn: Values = np.zeros(count)
    for share, key in parts:
        drawn += math.sqrt(max(share, 0.0)) * _generator(seed, key).standard_normal(count)
    return drawn


def width(count: int, seed: int, tail: float, key: object) -> Values:
    """What normal numbers (count,) are multiplied with to be of Student's t with so many degrees of freedom.

    Numbers that share it differ by Student's t, too.
    """
    return np.ones(count) if math.isinf(tail) else np.sqrt(tail / _generator(seed, key).chisquare(tail, count))


def _generator(seed: int, key: object) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(repr(key).encode())])


def spread(z: Values, value: Values, low: Values, high: Values) -> Values:
    """Draws (..., count) of values (...) with these ranges; a value without one is drawn as it is."""
    here, low, high = (np.asarray(part)[..., None] for part in (value, low, high))
    end = np.where(z < 0, low, high)
    share = np.abs(z) / Z
    with np.errstate(divide="ignore", invalid="ignore"):
        by_ratio = here * (end / here) ** share
    drawn = np.where((low > 0) & (here > 0), by_ratio, here + (end - here) * share)
    return np.where(np.isnan(low), here, drawn)
