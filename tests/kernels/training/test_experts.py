"""Mixture-of-experts layers on one GPU, with the numbers of DeepSeek-V3."""

import pytest

from tests.at_point import value

DEEPSEEK = {"model": "deepseek-v3"}


def test_tokens_and_experts_of_one_rank():
    """DeepSeek-V3 report, section 3.2: 256 experts on 64 ranks, 8 for each token."""
    assert value("local_experts", DEEPSEEK, ep=64) == 4
    assert value("routed_tokens", DEEPSEEK, micro_batch=1, sequence_length=4096) == 8 * 4096


def test_tensor_parallel_ranks_route_their_part_of_the_sequence():
    assert value("routed_tokens", DEEPSEEK, micro_batch=1, sequence_length=4096, tp=2, sequence_parallel=1) == 4 * 4096


def test_a_token_reaches_fewer_nodes_than_experts():
    """64 ranks are 8 nodes: eight experts drawn evenly touch 8 (1 - (7/8)^8) = 5.25 nodes, of which one in eight is its own."""
    assert value("remote_domains", ep=64, scaleup_domain=8, experts_per_token=8) == pytest.approx(7 * (1 - (7 / 8) ** 8))
    assert value("remote_domains", ep=8, scaleup_domain=8, experts_per_token=8) == 0


def test_expert_parallelism_inside_a_rack_is_faster_than_between_nodes():
    run = {"micro_batch": 1, "sequence_length": 4096, "ep": 64}
    rack, nodes = (value("all_to_all_time", {**DEEPSEEK, "gpu": gpu}, **run) for gpu in ("gb200-nvl72", "h100-sxm"))
    assert nodes > 2 * rack


def test_few_tokens_do_not_pay_for_reading_the_experts():
    run = {"sequence_length": 4096, "ep": 8}
    one, eight = (value("expert_products_time", {**DEEPSEEK, "gpu": "h100-sxm"}, micro_batch=b, **run) for b in (1, 8))
    assert eight < 8 * one


def test_a_dense_model_has_no_routed_tokens():
    assert value("routed_tokens", {"model": "llama-3.1-8b"}, micro_batch=1, sequence_length=4096) == 0
