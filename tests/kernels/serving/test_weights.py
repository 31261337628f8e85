"""Weights of a served model by kind, by hand: Mixtral 8x7B, of 32 layers with 8 experts of three matrices of 4096 x 14336."""

import math

import numpy as np
import pytest

from sweep.kernels.serving import weights

EXPERT = 3 * 4096 * 14336


def test_weights_of_mixtral_experts():
    """45.1e9 of its 46.7e9 parameters are in experts, and a token visits a quarter of them."""
    every = weights.expert_weights(moe_layers=32.0, experts=8.0, expert_parameters=EXPERT)
    assert every == pytest.approx(45.1e9, rel=1e-3)
    visited = weights.expert_weights_per_token(expert_weights=every, experts=8.0, experts_per_token=2.0)
    assert visited == every / 4
    assert weights.expert_weights_per_token(expert_weights=every, experts=1.0, experts_per_token=1.0) == every
    head = 32000.0 * 4096
    dense = weights.dense_weights(total_parameters=46.703e9, expert_weights=every, embedding_parameters=head, head_parameters=head / 2)
    assert dense == pytest.approx(46.703e9 - every - 1.5 * head, rel=1e-12)


def test_weights_of_dense_model_have_no_experts():
    assert weights.expert_weights_per_token(expert_weights=0.0, experts=0.0, experts_per_token=0.0) == 0


@pytest.mark.parametrize(
    ("bits", "experts", "dense"),
    [(4.25, 128.0, 16.0), (7.0, 1.0, 16.0), (8.0, 128.0, 8.0), (9.0, 8.0, 9.0), (16.0, 128.0, 16.0), (4.5, 0.0, 4.5), (8.0, 0.0, 8.0)],
)
def test_weights_of_moe_below_8_bit_keep_attention_in_16_bit(bits, experts, dense):
    assert weights.dense_weight_bits(weight_bits=bits, experts=experts) == dense


def test_weight_bytes_by_hand():
    """A thousand weights of 4 bits and a head of a hundred in 16: 500 B and 200 B."""
    assert weights.dense_weight_bytes(dense_weights=1000.0, dense_weight_bits=4.0, embedding_parameters=100.0) == 700
    assert weights.expert_weight_bytes(expert_weights=1000.0, weight_bits=4.0) == 500


def test_weights_divide_experts_and_copy_rest():
    """On 2 x 3 x 5 = 30 GPUs: 606 B over 6, and 900 B of experts over 30."""
    gpus = weights.serving_gpus(serving_tp=2.0, serving_pp=3.0, serving_dp=5.0)
    assert gpus == 30
    found = weights.weight_bytes_per_gpu(
        dense_weight_bytes=600.0, expert_weight_bytes=900.0, head_parameters=3.0, serving_tp=2.0, serving_pp=3.0, serving_gpus=gpus
    )
    assert found == 131


@pytest.mark.parametrize(
    ("experts", "visited", "width", "stages", "visits"),
    [(4.0, 3.0, 1.0, 1.0, 2.0), (9.0, 5.0, 1.0, 1.0, 1.0), (9.0, 5.0, 3.0, 1.0, 3.0), (9.0, 5.0, 4.0, 2.0, 2.0)],
)
def test_weights_expert_visits_are_those_at_which_one_token_reads_its_share(experts, visited, width, stages, visits):
    """(1 + 2 / 2)^-2 = 1 - 3 / 4 and (1 + 1 / 2)^-2 = 1 - 5 / 9, for each token of each stage."""
    found = weights.expert_visits(experts=experts, experts_per_token=visited, step_width=width, serving_pp=stages)
    assert found == pytest.approx(visits)


@pytest.mark.parametrize(("experts", "visited"), [(0.0, 0.0), (0.0, -1.0), (1.0, 1.0), (8.0, 8.0)])
def test_weights_shared_experts_are_always_read(experts, visited):
    assert weights.expert_visits(experts=experts, experts_per_token=visited, step_width=1.0, serving_pp=1.0) == math.inf


@pytest.mark.parametrize(
    ("count", "mean"), [(2.0, 1 / math.sqrt(math.pi)), (3.0, 1.5 / math.sqrt(math.pi)), (8.0, 1.42360), (100.0, 2.50759)]
)
def test_weights_largest_normal_deviation_is_tabulated(count, mean):
    """Expected largest of 2 and 3 by their closed forms, of 8 and 100 by tables of order statistics."""
    assert weights.largest_of(count) == pytest.approx(mean, rel=1e-4)


def test_weights_busiest_group_holds_popular_experts():
    """128 experts over 8 groups, popularity of each drawn from a gamma distribution of shape 2: the busiest group of 20,000 draws."""
    loads = np.random.default_rng(1).gamma(2, 0.5, (20_000, 8, 16)).mean(axis=2)
    measured = (loads.max(axis=1) / loads.mean(axis=1)).mean()
    assert weights.expert_group_imbalance(experts=128.0, serving_ep=8.0) == pytest.approx(measured, rel=0.03)
    assert weights.expert_group_imbalance(experts=128.0, serving_ep=1.0) == 1
    assert weights.expert_group_imbalance(experts=0.0, serving_ep=8.0) == 1


@pytest.mark.parametrize(("experts", "imbalance"), [(1.0, 1 + 1 / math.sqrt(math.pi)), (100.0, 1 + 0.1 / math.sqrt(math.pi))])
def test_weights_busier_of_two_groups(experts, imbalance):
    """The larger of two normal deviations is 1 / sqrt(pi) in the mean."""
    assert weights.expert_group_imbalance(experts=experts, serving_ep=2.0) == pytest.approx(imbalance, rel=1e-6)


@pytest.mark.parametrize(("groups", "exceeds"), [(1, False), (7, False), (12, False), (13, True)])
def test_weights_expert_groups_are_at_most_gpus(groups, exceeds):
    assert weights.expert_groups_exceed_gpus(serving_ep=groups, serving_tp=4, serving_dp=3) is exceeds


def test_weights_format_without_rate_is_unsupported():
    assert weights.serving_precision_not_supported(serving_peak_rate=math.nan)
    assert not weights.serving_precision_not_supported(serving_peak_rate=1e15)


def test_weights_power_limit_lowers_rates():
    assert weights.serving_rate(serving_peak_rate=2e15, limited_clock=0.75) == 1.5e15
    assert weights.serving_rate_16bit(peak_rate_16bit=1e15, limited_clock=0.75) == 0.75e15


def test_weights_heads_must_divide_over_ranks():
    """64 heads of Llama 3.1 70B go on 8 GPUs, not on 3 or 6."""
    assert [tp for tp in range(1, 9) if not weights.heads_not_divisible_by_serving_tp(64, tp)] == [1, 2, 4, 8]
