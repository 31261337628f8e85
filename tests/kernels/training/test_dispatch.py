"""Sending tokens to their experts and back, with the numbers of DeepSeek-V3."""

import pytest

from tests.at_point import by_hand, value

DEEPSEEK = {"model": "deepseek-v3"}
EVEN = {"micro_batch": 1, "sequence_length": 4096, "expert_imbalance": 1}


def test_dispatch_token_reaches_fewer_nodes_than_experts():
    """64 ranks are 8 nodes: eight experts drawn evenly touch 8 (1 - (7/8)^8) = 5.25 nodes, of which one in eight is its own."""
    assert value("remote_domains", ep=64, scaleup_domain=8, experts_per_token=8) == pytest.approx(7 * (1 - (7 / 8) ** 8))
    assert value("remote_domains", ep=8, scaleup_domain=8, experts_per_token=8) == 0


def test_dispatch_token_copies_by_dispatcher():
    """Hybrid-EP's tables count 8 (1 - (7/8)^8) = 5.25 ranks for a token of 8 experts on 8 ranks."""
    run = {"ep": 8, "experts_per_token": 8}
    assert value("token_copies", **run, dispatcher="all-to-all") == 8
    assert value("token_copies", **run, dispatcher="all-gather") == 8
    for dispatcher in ("deepep", "hybridep"):
        assert value("token_copies", **run, dispatcher=dispatcher) == pytest.approx(8 * (1 - (7 / 8) ** 8))


@pytest.mark.parametrize(("ranks", "dispatch", "combine"), [(8, 764, 737), (16, 707, 666), (32, 642, 605)])
def test_dispatch_hybrid_ep_on_gb200_equals_measurement(ranks, dispatch, combine):
    """docs/README_Hybrid-EP.md, GB200, 32 SMs, BF16, kernels alone: bytes of all tokens that a rank receives over the time; within 12 %."""
    run = {**EVEN, "ep": ranks, "collective_start_time": 0, "dispatcher": "hybridep"}
    time = value("all_to_all_time", {**DEEPSEEK, "gpu": "gb200-nvl72"}, **run)
    moved = 2 * 4096 * 7168 * value("token_copies", DEEPSEEK, ep=ranks, dispatcher="hybridep")
    assert moved / time / 1e9 == pytest.approx((dispatch + combine) / 2, rel=0.12)


@pytest.mark.parametrize(("ranks", "measured"), [(32, 58), (64, 51)])
def test_dispatch_deep_ep_between_nodes_equals_measurement(ranks, measured):
    """docs/legacy.md, H800, 400 Gb/s: bytes of all tokens that a node receives, its own included, over the time; within 10 %."""
    run = {**EVEN, "ep": ranks, "collective_start_time": 0, "dispatcher": "deepep"}
    time = value("all_to_all_time", {**DEEPSEEK, "gpu": "h100-sxm"}, **run)
    nodes = ranks / 8
    assert 2 * 4096 * 7168 * nodes * (1 - (1 - 1 / nodes) ** 8) / time / 1e9 == pytest.approx(measured, rel=0.1)


def test_dispatch_plain_all_to_all_sends_each_copy():
    run = {**EVEN, "ep": 16, "collective_start_time": 0}
    plain = value("all_to_all_time", {**DEEPSEEK, "gpu": "h100-sxm"}, **run, dispatcher="all-to-all", scaleout_rate=40e9)
    assert plain == pytest.approx(2 * 4096 * 7168 * 8 / 2 / 40e9)
    assert plain > 3 * value("all_to_all_time", {**DEEPSEEK, "gpu": "h100-sxm"}, **run, dispatcher="deepep")


def test_dispatch_all_gather_cost_grows_with_ranks():
    """GPT-OSS-20B on B300 (halo): ranks that wait 4.6 ms a layer in twos wait 34 ms in eights, 7 times as long."""
    run = {**EVEN, "collective_start_time": 0, "dispatcher": "all-gather"}
    two, eight = (value("all_to_all_time", {**DEEPSEEK, "gpu": "b300-sxm"}, **run, ep=ep) for ep in (2, 8))
    assert eight == pytest.approx(7 * two)


def test_dispatch_exchange_in_rack_is_faster():
    run = {"micro_batch": 1, "sequence_length": 4096, "ep": 64}
    rack, nodes = (value("all_to_all_time", {**DEEPSEEK, "gpu": gpu}, **run) for gpu in ("gb200-nvl72", "h100-sxm"))
    assert nodes > 2 * rack


SENT = {
    "local_tokens": 100,
    "sequence_shards": 4,
    "routing_load": 1.2,
    "hidden_size": 10,
    "ep": 32,
    "etp": 1,
    "token_copies": 4,
    "remote_domains": 2,
    "scaleup_domain": 8,
    "scaleup_bandwidth": 100,
    "scaleout_bandwidth": 20,
    "scaleup_rate": 50,
    "scaleout_rate": 15,
    "deepep_scaleup_efficiency": 0.6,
    "deepep_scaleout_efficiency": 0.5,
    "hybridep_scaleup_efficiency": 0.8,
    "hybridep_scaleout_efficiency": 0.9,
    "gathered_token_bytes": 3,
    "collective_start_time": 3,
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"dispatcher": "all-to-all"}, 600 * 3 / 15 + 3),
        ({"dispatcher": "all-to-all", "ep": 4}, 600 * 3 / 50 + 3),
        ({"dispatcher": "all-to-all", "scaleup_rate": 1}, 600 * 4 * 7 / 32 + 3),
        ({"dispatcher": "deepep"}, 600 * 2 / 10 + 3),
        ({"dispatcher": "deepep", "remote_domains": 0}, 600 * 3.5 / 60 + 3),
        ({"dispatcher": "hybridep"}, 600 * 2 / 18 + 3),
        ({"dispatcher": "hybridep", "remote_domains": 0}, 600 * 3.5 / 80 + 3),
        ({"dispatcher": "hybridep", "remote_domains": 0, "ep": 4}, 600 * 3 / 80 + 3),
        ({"dispatcher": "hybridep", "remote_domains": 0, "ep": 2}, 600 * 2 / 80 + 3),
        ({"dispatcher": "all-gather", "token_copies": 32}, 900 * 24 / 15 + 3),
        ({"dispatcher": "all-to-all", "ep": 4, "etp": 4}, 600 * 2 / 15 + 3),
        ({"dispatcher": "all-to-all", "ep": 4, "etp": 16}, 600 * 3 / 15 + 3),  # one expert fills two domains: all others are outside
        ({"dispatcher": "deepep", "remote_domains": 0.5, "scaleup_bandwidth": 1000}, 600 * 0.5 / 10 + 3),
        ({"dispatcher": "hybridep", "remote_domains": 0, "scaleout_bandwidth": 0}, 600 * 3.5 / 80 + 3),
        ({"dispatcher": "hybridep", "ep": 1}, 0),
    ],
    ids=str,
)
def test_dispatch_exchange_uses_slower_network(changes, expected):
    assert value("all_to_all_time", **{**SENT, **changes}) == pytest.approx(expected)


def test_dispatch_gathers_tokens_for_shared_experts():
    """Two ranks that share each expert see twice the tokens, half of which come from the other."""
    run = {**EVEN, "ep": 8, "collective_start_time": 0, "scaleup_rate": 1e11}
    assert value("expert_gather_time", DEEPSEEK, **run, etp=1) == 0
    assert value("expert_gather_time", DEEPSEEK, **run, etp=2) == pytest.approx(2 * 2 * 8 * 4096 * 7168 / 2 / 1e11)


BY_HAND = [
    ("remote_domains", {"ep": 32, "etp": 1, "scaleup_domain": 8, "experts_per_token": 2}, 3 * 7 / 16),
    ("remote_domains", {"ep": 4, "etp": 1, "scaleup_domain": 8, "experts_per_token": 2}, 0),
    ("token_copies", {"dispatcher": "all-gather", "ep": 4, "experts_per_token": 3}, 4),
    ("token_copies", {"dispatcher": "all-to-all", "ep": 4, "experts_per_token": 3}, 3),
    ("token_copies", {"dispatcher": "deepep", "ep": 4, "experts_per_token": 2}, 4 * 7 / 16),
    ("remote_domains", {"ep": 8, "etp": 4, "scaleup_domain": 8, "experts_per_token": 2}, 3 * 7 / 16),
    ("expert_gather_time", {"routed_tokens": 100, "hidden_size": 10, "etp": 4, "scaleup_rate": 50, "collective_start_time": 3}, 33),
    ("expert_gather_time", {"routed_tokens": 100, "hidden_size": 10, "etp": 1, "scaleup_rate": 50, "collective_start_time": 3}, 0),
]


@pytest.mark.parametrize(("name", "given", "expected"), BY_HAND, ids=lambda part: part if isinstance(part, str) else "")
def test_dispatch_by_hand(name, given, expected):
    assert by_hand(name, given) == pytest.approx(expected, rel=1e-12)
