"""Tokens of two kinds on expert-parallel ranks: the busiest rank, against all pairs of sets drawn one by one."""

from itertools import combinations

import pytest

from benchmarks.fidelity.training.routing import two_kinds


def drawn(experts: int, experts_per_token: int, ranks: int) -> float:
    """Every pair of sets, one after the other."""
    rank = [expert * ranks // experts for expert in range(experts)]
    sets = [[rank[expert] for expert in chosen] for chosen in combinations(range(experts), experts_per_token)]
    most = [max((one + other).count(here) for here in range(ranks)) for one in sets for other in sets]
    return sum(most) / len(most) * ranks / (2 * experts_per_token)


@pytest.mark.parametrize(("experts", "experts_per_token", "ranks"), [(4, 1, 2), (4, 1, 4), (8, 2, 4), (8, 3, 2), (6, 2, 3)])
def test_two_kinds_is_the_mean_over_all_pairs_of_sets(experts, experts_per_token, ranks):
    assert two_kinds(experts, experts_per_token, ranks) == pytest.approx(drawn(experts, experts_per_token, ranks))


def test_two_kinds_one_rank_has_all_tokens():
    assert two_kinds(32, 4, 1) == 1
