"""Draws to quantiles. What belongs here: what a cube keeps of a sample axis, which no cube holds.

Blocks hold all draws of their points, and are reduced before anything is stored: a value to three quantiles of the draws that have
one, the flags to those that half of the draws raise or more. A point without a value in most draws has none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sweep.engine.plan import QUANTILE, QUANTILES, STATUS, Dims
from sweep.study.sampling import SAMPLE

Array = npt.NDArray[Any]
AT_A_TIME = 1 << 20  # draws that are sorted together


def held(name: str, dims: Dims) -> Dims:
    """The axes over which the cube holds an output that is computed over `dims`."""
    if SAMPLE not in dims:
        return dims
    return dims[:-1] if name == STATUS else (*dims[:-1], QUANTILE)


def cut(name: str, dims: Dims, lengths: tuple[int, ...]) -> tuple[int, ...]:
    """The same for the lengths of these axes."""
    if SAMPLE not in dims:
        return lengths
    return lengths[:-1] if name == STATUS else (*lengths[:-1], len(QUANTILES))


def reduce(name: str, drawn: Array) -> Array:
    """What is kept of draws (..., draws)."""
    if name == STATUS:
        return flags(drawn)
    flat = drawn.reshape(-1, drawn.shape[-1])
    found = np.empty((len(flat), len(QUANTILES)), drawn.dtype)
    step = max(1, AT_A_TIME // flat.shape[1])
    for start in range(0, len(flat), step):
        found[start : start + step] = quantiles(flat[start : start + step])
    return found.reshape(*drawn.shape[:-1], len(QUANTILES))


def quantiles(drawn: Array, at: tuple[float, ...] = QUANTILES) -> Array:
    """Quantiles of each row, straight between the two nearest draws; those without a value do not count unless they are most."""
    ordered = np.sort(drawn, axis=1)  # NaN last
    count = np.full(len(ordered), drawn.shape[1])
    gaps = np.isnan(ordered[:, -1])
    count[gaps] = np.count_nonzero(~np.isnan(ordered[gaps]), axis=1)
    rows = np.arange(len(ordered))
    found = np.empty((len(ordered), len(at)), drawn.dtype)
    for k, share in enumerate(at):
        place = share * np.maximum(count - 1, 0)
        below = place.astype(np.int64)
        above = np.minimum(below + 1, np.maximum(count - 1, 0))
        low = ordered[rows, below]
        found[:, k] = low + (ordered[rows, above] - low) * (place - below)
    found[2 * count < drawn.shape[1]] = np.nan
    return found


def flags(drawn: Array) -> Array:
    """The flags that half of the draws raise, or more. Draws are counted only where some raise a flag and others do not."""
    rows = drawn.reshape(-1, drawn.shape[-1])
    found = np.bitwise_and.reduce(rows, axis=1)
    undecided = np.bitwise_or.reduce(rows, axis=1) ^ found
    for bit in range(int(np.bitwise_or.reduce(undecided)).bit_length()):
        mask = drawn.dtype.type(1 << bit)
        mixed = np.flatnonzero(undecided & mask)
        raised = np.count_nonzero(rows[mixed] & mask, axis=1)
        found[mixed] |= np.where(2 * raised >= rows.shape[1], mask, drawn.dtype.type(0))
    kept: Array = found.reshape(drawn.shape[:-1])
    return kept
