"""Measures of agreement. What belongs here: plain statistics of lists of numbers; an empty list gives NaN."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


def quantile(values: Iterable[float], share: float) -> float:
    """The value below which a share of the values lies, interpolated between neighbours."""
    ordered = sorted(values)
    if not ordered:
        return math.nan
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def median(values: Iterable[float]) -> float:
    return quantile(values, 0.5)


def mean(values: Iterable[float]) -> float:
    known = list(values)
    return sum(known) / len(known) if known else math.nan


def share(values: Iterable[float], within: float) -> float:
    """The share of values whose size is at most `within`."""
    known = list(values)
    return mean(float(abs(value) <= within) for value in known)


def ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1; equal values share their mean rank."""
    order = sorted(range(len(values)), key=values.__getitem__)
    found = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in range(start, end + 1):
            found[order[place]] = (start + end) / 2 + 1
        start = end + 1
    return found


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's correlation; 0 where one side has a single value, so that a constant answer earns nothing."""
    a, b = ranks(one), ranks(other)
    if not a:
        return math.nan
    centre = (len(a) + 1) / 2
    spread = math.sqrt(sum((x - centre) ** 2 for x in a) * sum((y - centre) ** 2 for y in b))
    return sum((x - centre) * (y - centre) for x, y in zip(a, b, strict=True)) / spread if spread else 0.0


def relative_errors(errors: Sequence[float]) -> dict[str, float]:
    """Median and P90 of the size, bias (median of the signed error) and shares within 10 % and 25 %."""
    sizes = [abs(error) for error in errors]
    return {
        "rows": float(len(errors)),
        "median": median(sizes),
        "mean": mean(sizes),
        "p90": quantile(sizes, 0.9),
        "bias": mean(errors),
        "within_10": share(errors, 0.10),
        "within_25": share(errors, 0.25),
    }


def families_equal(errors: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The measures of all rows where each family has the same weight, however many rows it has."""
    known = {name: list(values) for name, values in errors.items() if values}
    weighted = [(value, 1 / len(values)) for values in known.values() for value in values]
    return {
        "families": float(len(known)),
        "rows": float(len(weighted)),
        "median": weighted_quantile([(abs(value), weight) for value, weight in weighted], 0.5),
        "mean": mean(mean(map(abs, values)) for values in known.values()),
        "p90": weighted_quantile([(abs(value), weight) for value, weight in weighted], 0.9),
        "bias": mean(mean(values) for values in known.values()),
        "within_10": mean(share(values, 0.10) for values in known.values()),
        "within_25": mean(share(values, 0.25) for values in known.values()),
        "median_of_family_medians": median(median(map(abs, values)) for values in known.values()),
    }


def weighted_quantile(values: Sequence[tuple[float, float]], at: float) -> float:
    """The smallest value at which the weight of those up to it reaches a share of the whole."""
    ordered = sorted(values)
    whole = sum(weight for _, weight in ordered)
    reached = 0.0
    for value, weight in ordered:
        reached += weight
        if reached >= at * whole * (1 - 1e-12):
            return value
    return math.nan


def by(items: Iterable[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    """Items in groups, in the order in which the groups appear."""
    found: dict[str, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


def ratios(values: Iterable[float]) -> dict[str, float]:
    """Geometric-mean error, median ratio and shares within factors of 1.5 and 2 of predicted over published ratios."""
    known = [value for value in values if value > 0]
    logs = [abs(math.log(value)) for value in known]
    return {
        "rows": float(len(known)),
        "geometric_error": math.exp(mean(logs)) if known else math.nan,
        "median_ratio": median(known),
        "within_1.5x": share(logs, math.log(1.5)),
        "within_2x": share(logs, math.log(2)),
    }
