"""Ranges of residuals. What belongs here: the range that holds a new family's rows nine times in ten, and how often such ranges do.

The range is the 5 and 95 % quantile, each family of the same weight, widened as Student's t widens the interval of a mean over so few
families. No constant of it is chosen, so holding back one family after the other is a test of it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist
from typing import TypeAlias

import numpy as np

from benchmarks.fidelity.measures import by, mean, median, quantile
from benchmarks.residuals import Result

Families: TypeAlias = Mapping[str, Sequence[float]]  # of each family, the logarithms of measured over predicted
Z = NormalDist().inv_cdf(0.95)
LAYOUTS = 5  # of one job; of fewer, the spread within the job says little
THIRD = NormalDist().inv_cdf(5 / 6)
SHARED_OF_FEW = 0.5  # assumed: families of servers and of served models are too few to tell, and many of their rows are repeats


def family(result: Result) -> str:
    return result.family


def families(results: Sequence[Result], key: Callable[[Result], str] = family) -> Families:
    """The residuals of each family."""
    return {name: [one.log for one in some] for name, some in by(results, key).items()}


def programme(result: Result) -> str:
    """The benchmark that a family's table is from, as far as its name says: dgxc24-l405 and dgxc25-dsv3h are both of dgxc."""
    return result.family.split("-")[0].rstrip("0123456789")


def ends(known: Families) -> tuple[float, float]:
    """The range that holds a new family's rows nine times in ten; logarithms."""
    from scipy.stats import t

    pairs = sorted((value, 1 / len(values)) for values in known.values() for value in values)
    weights = np.array([weight for _, weight in pairs])
    reached = (np.cumsum(weights) - weights / 2) / weights.sum()
    low, middle, high = np.interp((0.05, 0.5, 0.95), reached, [value for value, _ in pairs]).tolist()
    widened = float(t.ppf(0.95, len(known) - 1)) / Z * math.sqrt(1 + 1 / len(known))
    return min(0.0, middle + widened * (low - middle)), max(0.0, middle + widened * (high - middle))


def coverage(results: Sequence[Result], key: Callable[[Result], str] = family) -> float:
    """The mean share of the rows of a family, or of a programme, inside the range of all others."""
    found = []
    for name, held in by(results, key).items():
        low, high = ends(families([one for one in results if key(one) != name]))
        found.append(mean(float(low <= one.log <= high) for one in held))
    return mean(found)


def layout_spread(results: Sequence[Result]) -> float:
    """The standard deviation of residuals between layouts of one job: the median over families of half the range of two thirds of them."""
    found = []
    for members in by(results, family).values():
        jobs = [[one.log for one in some] for some in by(members, lambda one: one.job).values()]
        offsets = [value - median(values) for values in jobs if len(values) >= LAYOUTS for value in values]
        found += [(quantile(offsets, 5 / 6) - quantile(offsets, 1 / 6)) / (2 * THIRD)] if offsets else []
    return median(found) if found else 0.0


def layout_parts(results: Sequence[Result], spread: float) -> tuple[float, float]:
    """The parts of the variance that points of one family have in common, and beyond that those of one job.

    spread: between layouts of one job, which is the rest.
    """
    low, high = ends(families(results))
    rest = max(0.0, 1 - (spread / ((high - low) / (2 * Z))) ** 2)
    between = float(np.var([median(values) for values in families(results).values()]))
    jobs = [[median(values) for values in families(some, lambda one: one.job).values()] for some in by(results, family).values()]
    within = mean(float(np.var(medians, ddof=1)) for medians in jobs if len(medians) > 1)
    share = between / (between + within)
    return rest * share, rest * (1 - share)


def pairs(results: Sequence[Result]) -> dict[str, list[tuple[float, float]]]:
    """For each two layouts of one job, by family: the stated chance that the one predicted to be faster is, and 1 where it was.

    The spread between layouts is that of all other families.
    """
    found: dict[str, list[tuple[float, float]]] = {}
    for name, members in by(results, family).items():
        spread = layout_spread([one for one in results if one.family != name])
        for job in by(members, lambda one: one.job).values():
            for one, other in itertools.combinations(job if len(job) >= LAYOUTS else (), 2):
                gap = math.log(other.predicted / one.predicted)
                stated = NormalDist().cdf(abs(gap) / (math.sqrt(2) * spread))
                found.setdefault(name, []).append((stated, float((gap + other.log - one.log) * gap > 0)))
    return found
