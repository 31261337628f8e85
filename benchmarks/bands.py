"""Ranges of residuals. What belongs here: the range that holds a new programme's rows nine times in ten, and how often such ranges do.

The range is the 5 and 95 % quantile, each programme of the same weight, widened as Student's t widens the interval of a mean over so few
programmes. No constant of it is chosen, so holding back one programme after the other is a test of it. A programme is the benchmark that
families of results are from, as they share software and ways to measure; a family is one where that is not known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist
from typing import TypeAlias

import numpy as np

from benchmarks.fidelity.measures import by, mean, median
from benchmarks.residuals import Result

Key: TypeAlias = Callable[[Result], str]
Pairs: TypeAlias = Mapping[str, Sequence[tuple[float, float]]]  # of each family, logarithms of predicted ratios and of residual ratios
Z = NormalDist().inv_cdf(0.95)
SHARED_OF_FEW = 0.5  # assumed: families of servers and of served models are too few to tell, and many of their rows are repeats
TAILS = (1.0, 100.0)  # of Student's t: from one without a mean to one that is normal


def family(result: Result) -> str:
    return result.family


def programme(result: Result) -> str:
    """What is new at once in a new result: its programme, or its family where no programme is known."""
    return result.programme or result.family


def weighted(results: Sequence[Result]) -> tuple[list[float], np.ndarray]:
    """Residuals in their order and the weight of each: programmes weigh the same, families in one, and rows in a family."""
    pairs = []
    for members in by(results, programme).values():
        families = by(members, family).values()
        pairs += [(one.log, 1 / (len(families) * len(rows))) for rows in families for one in rows]
    values, weights = zip(*sorted(pairs), strict=True)
    return list(values), np.array(weights)


def ends(results: Sequence[Result]) -> tuple[float, float]:
    """The range that holds a new programme's rows nine times in ten; logarithms."""
    from scipy.stats import t

    values, weights = weighted(results)
    count = len(by(results, programme))
    reached = (np.cumsum(weights) - weights / 2) / weights.sum()
    low, middle, high = np.interp((0.05, 0.5, 0.95), reached, values).tolist()
    widened = float(t.ppf(0.95, count - 1)) / Z * math.sqrt(1 + 1 / count)
    return min(0.0, middle + widened * (low - middle)), max(0.0, middle + widened * (high - middle))


def coverage(results: Sequence[Result], key: Key) -> list[float]:
    """Of each family or programme, the share of its rows inside the range of all others; families in a programme weigh the same."""
    found = []
    for name, held in by(results, key).items():
        low, high = ends([one for one in results if key(one) != name])
        found.append(mean(mean(float(low <= one.log <= high) for one in rows) for rows in by(held, family).values()))
    return found


def coverage_together(results: Sequence[Result], parts: Sequence[Sequence[Result]]) -> list[float]:
    """Of each family, the share of its rows inside the range that the ranges of some factors give, each learnt from all other families."""
    from sweep.study.sampling import USUAL, spread, standard

    found = []
    for name, held in by(results, family).items():
        drawn = np.ones(USUAL)
        for i, part in enumerate(parts):
            low, high = np.exp(ends([one for one in part if one.family != name]))
            drawn = drawn * spread(standard(USUAL, len(parts), 0)[:, i], np.array(1.0), low, high)
        low, high = np.log(np.quantile(drawn, (0.05, 0.95)))
        found.append(mean(float(low <= one.log <= high) for one in held))
    return found


def error(values: Sequence[float]) -> float:
    """The standard error of a mean."""
    return float(np.std(values, ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan


def pairs(results: Sequence[Result]) -> dict[str, list[tuple[float, float]]]:
    """By family, each layout of a job beside the one that is predicted to be the best: log ratios of predictions and of residuals."""
    found: dict[str, list[tuple[float, float]]] = {}
    for name, members in by(results, family).items():
        for job in by(members, lambda one: one.job).values():
            first = min(job, key=lambda one: one.predicted)
            others = [one for one in job if one.predicted > first.predicted * (1 + 1e-9)]
            found.setdefault(name, []).extend((math.log(one.predicted / first.predicted), one.log - first.log) for one in others)
    return {name: some for name, some in found.items() if some}


def layout_spread(known: Pairs) -> tuple[float, float]:
    """The scale and the degrees of freedom of Student's t that make residual ratios of layouts of one job likeliest.

    Each family has the same weight. Few degrees are a heavy tail: families differ in how far layouts of a job differ.
    """
    from scipy.optimize import minimize
    from scipy.stats import t

    def unlikely(guess: np.ndarray) -> float:
        scale, tail = np.exp(guess)
        return -sum(float(np.mean(t.logpdf([ratio for _, ratio in some], tail, scale=scale))) for some in known.values())

    bounds = [(math.log(0.001), math.log(10)), tuple(map(math.log, TAILS))]
    scale, tail = np.exp(minimize(unlikely, [math.log(0.1), math.log(3)], bounds=bounds, method="Nelder-Mead").x)
    return float(scale), float(tail)


def chances(known: Pairs) -> dict[str, list[tuple[float, float]]]:
    """The stated chance that the best layout beats another, and 1 where it did, by family; the spread is that of all other families."""
    from scipy.stats import t

    found = {}
    for name, some in known.items():
        scale, tail = layout_spread({other: pairs for other, pairs in known.items() if other != name})
        found[name] = [(float(t.cdf(gap / scale, tail)), float(gap + ratio > 0)) for gap, ratio in some]
    return found


def layout_parts(results: Sequence[Result], scale: float) -> tuple[float, float]:
    """The parts of the variance that points of one family have in common, and beyond that those of one job.

    scale: of the ratio of two layouts of one job, which share all but the rest.
    """
    low, high = ends(results)
    rest = max(0.0, 1 - (scale / math.sqrt(2) / ((high - low) / (2 * Z))) ** 2)
    medians = [[median(one.log for one in job) for job in by(some, lambda one: one.job).values()] for some in by(results, family).values()]
    between = float(np.var([median(one.log for one in some) for some in by(results, family).values()]))
    within = mean(float(np.var(jobs, ddof=1)) for jobs in medians if len(jobs) > 1)
    share = between / (between + within)
    return rest * share, rest * (1 - share)
