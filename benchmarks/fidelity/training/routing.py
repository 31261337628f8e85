"""Tokens of a benchmark that are all of two kinds. What belongs here: how unevenly they spread over expert-parallel ranks.

A benchmark whose text is one word and padding sends all its tokens to two sets of experts. Which experts those are differs from layer to
layer, so that the ranks that hold them are as good as drawn, and a layer takes as long as the busiest of them.
"""

from __future__ import annotations

from functools import cache
from math import comb


@cache
def two_kinds(experts: int, experts_per_token: int, ranks: int) -> float:
    """Tokens of the busiest rank over the mean, expected where half of the tokens take one drawn set of experts, half another."""
    draws = comb(experts, experts_per_token) ** 2
    most = sum(1 - _within(experts, experts_per_token, ranks, limit) / draws for limit in range(2 * experts_per_token))
    return most * ranks / (2 * experts_per_token)


def _within(experts: int, experts_per_token: int, ranks: int, limit: int) -> int:
    """Pairs of sets of which no rank holds more than `limit` experts, both sets counted."""
    own = experts // ranks
    ways = {(0, 0): 1}
    for _ in range(ranks):
        longer: dict[tuple[int, int], int] = {}
        for (first, second), count in ways.items():
            for a in range(min(own, experts_per_token - first, limit) + 1):
                for b in range(min(own, experts_per_token - second, limit - a) + 1):
                    place = (first + a, second + b)
                    longer[place] = longer.get(place, 0) + count * comb(own, a) * comb(own, b)
        ways = longer
    return ways.get((experts_per_token, experts_per_token), 0)
