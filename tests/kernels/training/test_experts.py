"""Mixture-of-experts layers on one GPU, with the numbers of DeepSeek-V3."""

import pytest

from tests.at_point import by_hand, value

DEEPSEEK = {"model": "deepseek-v3"}
EVEN = {"micro_batch": 1, "sequence_length": 4096, "expert_imbalance": 1}


def test_experts_tokens_of_one_rank():
    """DeepSeek-V3 report, section 3.2: 256 experts on 64 ranks, 8 for each token."""
    assert value("local_experts", DEEPSEEK, ep=64) == 4
    assert value("routed_tokens", DEEPSEEK, **EVEN) == 8 * 4096


def test_experts_tensor_ranks_route_part_of_sequence():
    assert value("routed_tokens", DEEPSEEK, **EVEN, tp=2, sequence_parallel=1) == 4 * 4096


def test_experts_token_reaches_fewer_nodes_than_experts():
    """64 ranks are 8 nodes: eight experts drawn evenly touch 8 (1 - (7/8)^8) = 5.25 nodes, of which one in eight is its own."""
    assert value("remote_domains", ep=64, scaleup_domain=8, experts_per_token=8) == pytest.approx(7 * (1 - (7 / 8) ** 8))
    assert value("remote_domains", ep=8, scaleup_domain=8, experts_per_token=8) == 0


def test_experts_token_copies_by_dispatcher():
    """Hybrid-EP's tables count 8 (1 - (7/8)^8) = 5.25 ranks for a token of 8 experts on 8 ranks."""
    run = {"ep": 8, "experts_per_token": 8}
    assert value("token_copies", **run, dispatcher="all-to-all") == 8
    assert value("token_copies", **run, dispatcher="all-gather") == 8
    for dispatcher in ("deepep", "hybridep"):
        assert value("token_copies", **run, dispatcher=dispatcher) == pytest.approx(8 * (1 - (7 / 8) ** 8))


@pytest.mark.parametrize(("ranks", "dispatch", "combine"), [(8, 764, 737), (16, 707, 666), (32, 642, 605)])
def test_experts_hybrid_ep_on_gb200_equals_measurement(ranks, dispatch, combine):
    """docs/README_Hybrid-EP.md, GB200, 32 SMs, BF16, kernels alone: bytes of all tokens that a rank receives over the time; within 12 %."""
    run = {**EVEN, "ep": ranks, "collective_start_time": 0, "dispatcher": "hybridep"}
    time = value("all_to_all_time", {**DEEPSEEK, "gpu": "gb200-nvl72"}, **run)
    moved = 2 * 4096 * 7168 * value("token_copies", DEEPSEEK, ep=ranks, dispatcher="hybridep")
    assert moved / time / 1e9 == pytest.approx((dispatch + combine) / 2, rel=0.12)


@pytest.mark.parametrize(("ranks", "measured"), [(32, 58), (64, 51)])
def test_experts_deep_ep_between_nodes_equals_measurement(ranks, measured):
    """docs/legacy.md, H800, 400 Gb/s: bytes of all tokens that a node receives, its own included, over the time; within 10 %."""
    run = {**EVEN, "ep": ranks, "collective_start_time": 0, "dispatcher": "deepep"}
    time = value("all_to_all_time", {**DEEPSEEK, "gpu": "h100-sxm"}, **run)
    nodes = ranks / 8
    assert 2 * 4096 * 7168 * nodes * (1 - (1 - 1 / nodes) ** 8) / time / 1e9 == pytest.approx(measured, rel=0.1)


def test_experts_plain_all_to_all_sends_each_copy():
    run = {**EVEN, "ep": 16, "collective_start_time": 0}
    plain = value("all_to_all_time", {**DEEPSEEK, "gpu": "h100-sxm"}, **run, dispatcher="all-to-all", scaleout_rate=40e9)
    assert plain == pytest.approx(2 * 4096 * 7168 * 8 / 2 / 40e9)
    assert plain > 3 * value("all_to_all_time", {**DEEPSEEK, "gpu": "h100-sxm"}, **run, dispatcher="deepep")


def test_experts_all_gather_cost_grows_with_ranks():
    """GPT-OSS-20B on B300 (halo): ranks that wait 4.6 ms a layer in twos wait 34 ms in eights, 7 times as long."""
    run = {**EVEN, "collective_start_time": 0, "dispatcher": "all-gather"}
    two, eight = (value("all_to_all_time", {**DEEPSEEK, "gpu": "b300-sxm"}, **run, ep=ep) for ep in (2, 8))
    assert eight == pytest.approx(7 * two)


def test_experts_imbalance_slows_exchange_and_products():
    run = {"micro_batch": 1, "sequence_length": 4096, "ep": 8, "collective_start_time": 0}
    entries = {**DEEPSEEK, "gpu": "h100-sxm"}
    even, skewed = (value("all_to_all_time", entries, **run, expert_imbalance=i) for i in (1, 1.5))
    assert skewed == pytest.approx(1.5 * even)
    assert value("routed_tokens", DEEPSEEK, **{**run, "expert_imbalance": 1.5}) == (1 + 0.5 * 7 / 8) * 8 * 4096
    assert value("routed_tokens", DEEPSEEK, **{**run, "expert_imbalance": 1.5, "ep": 1}) == 8 * 4096


def test_experts_exchange_in_rack_is_faster():
    run = {"micro_batch": 1, "sequence_length": 4096, "ep": 64}
    rack, nodes = (value("all_to_all_time", {**DEEPSEEK, "gpu": gpu}, **run) for gpu in ("gb200-nvl72", "h100-sxm"))
    assert nodes > 2 * rack


@pytest.mark.parametrize(("width", "experts", "topk", "milliseconds"), [(768, 128, 8, 10.218), (512, 512, 10, 11.411)])
def test_experts_grouped_products_on_h100_equal_measurement(width, experts, topk, milliseconds):
    """VeOmni pull request 460: forward pass of one grouped kernel, 32,768 tokens of 2,048 columns; within a fifth."""
    shape = {"hidden_size": 2048, "expert_hidden_size": width, "experts": experts, "experts_per_token": topk, "mlp_matrices": 3}
    run = {**shape, "routed_tokens": 32768 * topk, "local_experts": experts, "linear_biases": 0, "precision": "bf16"}
    products = value("expert_products_time", {"gpu": "h100-sxm"}, **run, fused_experts=1)
    sorting = value("permutation_time", {"gpu": "h100-sxm"}, **run, fused_experts=0)
    assert 1e3 * (products + sorting) == pytest.approx(milliseconds, rel=0.2)


def test_experts_pad_last_tile():
    run = {"routed_tokens": 1024, "local_experts": 8, "expert_hidden_size": 100, "mlp_matrices": 3, "hidden_size": 1000, "gemm_rate": 1.0}
    free = {"operand_rate": 1e300, "hbm_bandwidth": 1e300, "expert_start_time": 0, "grouped_efficiency": 0.5, "fused_experts": 0}
    assert value("expert_products_time", **run, **free, grouped_tile=0) == pytest.approx(2 * 1024 * 300_000 / 0.5)
    assert value("expert_products_time", **run, **free, grouped_tile=128) == pytest.approx(2 * (1024 + 8 * 64) * 300_000 / 0.5)


def test_experts_launches_by_kernel_kind():
    run = {"routed_tokens": 0, "local_experts": 8, "expert_hidden_size": 0, "mlp_matrices": 3, "hidden_size": 1000, "gemm_rate": 1.0}
    start = {"expert_start_time": 2.0, "grouped_start_time": 0.5, "operand_rate": 1.0, "hbm_bandwidth": 1.0, "grouped_tile": 128}
    assert value("expert_products_time", **run, **start, fused_experts=0) == 16
    assert value("expert_products_time", **run, **start, fused_experts=1) == 4


def test_experts_traffic_of_routed_token():
    """Sorting, activation function, biases, and conversion to 8 bits, of which fused experts keep sorting and one operand."""
    run = {
        "hidden_size": 3,
        "expert_hidden_size": 10,
        "mlp_matrices": 3,
        "permutation_bytes": 11,
        "expert_bias_bytes": 90,
        "quantize_bytes": 6,
    }
    plain = {**run, "linear_biases": 0, "fused_experts": 0, "precision": "bf16"}
    assert value("routed_token_bytes", **plain) == 33 + 60
    assert value("routed_token_bytes", **{**plain, "linear_biases": 1}) == 33 + 60 + 900
    assert value("routed_token_bytes", **{**plain, "precision": "fp8"}) == pytest.approx(33 + 60 + 6 * (2 + 10))
    assert value("routed_token_bytes", **{**plain, "linear_biases": 1, "precision": "fp8", "fused_experts": 1}) == pytest.approx(33 + 12)


def test_experts_few_tokens_are_memory_bound():
    run = {"sequence_length": 4096, "ep": 8}
    one, eight = (value("expert_products_time", {**DEEPSEEK, "gpu": "h100-sxm"}, micro_batch=b, **run) for b in (1, 8))
    assert eight < 8 * one


def test_experts_of_dense_model_are_zero():
    assert value("routed_tokens", {"model": "llama-3.1-8b"}, micro_batch=1, sequence_length=4096) == 0


BY_HAND = [
    ("routed_tokens", {"local_tokens": 100, "sequence_shards": 4, "experts_per_token": 5, "expert_imbalance": 1.4, "ep": 2}, 150),
    ("local_experts", {"experts": 64, "ep": 16}, 4),
    (
        "expert_products_time",
        {
            "routed_tokens": 100,
            "local_experts": 4,
            "expert_hidden_size": 2,
            "mlp_matrices": 3,
            "hidden_size": 10,
            "gemm_rate": 50,
            "grouped_efficiency": 0.8,
            "grouped_tile": 25,
            "operand_rate": 20,
            "hbm_bandwidth": 30,
            "fused_experts": 0,
            "expert_start_time": 3,
            "grouped_start_time": 7,
        },
        450 + 260 + 4 * (4 + 3),
    ),
    (
        "expert_products_time",
        {
            "routed_tokens": 100,
            "local_experts": 4,
            "expert_hidden_size": 2,
            "mlp_matrices": 3,
            "hidden_size": 10,
            "gemm_rate": 50,
            "grouped_efficiency": 0.8,
            "grouped_tile": 25,
            "operand_rate": 20,
            "hbm_bandwidth": 30,
            "fused_experts": 1,
            "expert_start_time": 3,
            "grouped_start_time": 7,
        },
        450 + 260 + 4 * (4 + 7),
    ),
    (
        "shared_expert_time",
        {
            "local_tokens": 100,
            "tp": 4,
            "shared_expert_hidden_size": 8,
            "mlp_matrices": 3,
            "hidden_size": 10,
            "gemm_rate": 50,
            "operand_rate": 20,
            "gemm_start_time": 3,
        },
        240 + 2 * 2660 / 20 + 6,
    ),
    (
        "shared_expert_time",
        {
            "local_tokens": 100,
            "tp": 4,
            "shared_expert_hidden_size": 0,
            "mlp_matrices": 3,
            "hidden_size": 10,
            "gemm_rate": 50,
            "operand_rate": 20,
            "gemm_start_time": 3,
        },
        0,
    ),
    (
        "shared_expert_time",
        {
            "local_tokens": 100,
            "tp": 4,
            "shared_expert_hidden_size": 1,
            "mlp_matrices": 4,
            "hidden_size": 10,
            "gemm_rate": 50,
            "operand_rate": 20,
            "gemm_start_time": 3,
        },
        40 + 2 * 2110 / 20 + 6,
    ),
    (
        "routed_token_bytes",
        {
            "hidden_size": 30,
            "expert_hidden_size": 6,
            "mlp_matrices": 3,
            "linear_biases": 1,
            "fused_experts": 0,
            "precision": "bf16",
            "permutation_bytes": 8,
            "expert_bias_bytes": 5,
            "quantize_bytes": 4,
        },
        240 + 6 * 11,
    ),
    (
        "routed_token_bytes",
        {
            "hidden_size": 30,
            "expert_hidden_size": 6,
            "mlp_matrices": 3,
            "linear_biases": 0,
            "fused_experts": 1,
            "precision": "bf16",
            "permutation_bytes": 8,
            "expert_bias_bytes": 5,
            "quantize_bytes": 4,
        },
        240,
    ),
    (
        "routed_token_bytes",
        {
            "hidden_size": 30,
            "expert_hidden_size": 6,
            "mlp_matrices": 3,
            "linear_biases": 0,
            "fused_experts": 0,
            "precision": "fp8",
            "permutation_bytes": 8,
            "expert_bias_bytes": 5,
            "quantize_bytes": 4,
        },
        240 + 36 + 4 * 26,
    ),
    ("permutation_time", {"routed_tokens": 100, "routed_token_bytes": 30, "pointwise_rate": 40}, 75),
    ("remote_domains", {"ep": 32, "scaleup_domain": 8, "experts_per_token": 2}, 3 * 7 / 16),
    ("remote_domains", {"ep": 4, "scaleup_domain": 8, "experts_per_token": 2}, 0),
    ("token_copies", {"dispatcher": "all-gather", "ep": 4, "experts_per_token": 3}, 4),
    ("token_copies", {"dispatcher": "all-to-all", "ep": 4, "experts_per_token": 3}, 3),
    ("token_copies", {"dispatcher": "deepep", "ep": 4, "experts_per_token": 2}, 4 * 7 / 16),
]


@pytest.mark.parametrize(("name", "given", "expected"), BY_HAND, ids=lambda part: part if isinstance(part, str) else "")
def test_experts_by_hand(name, given, expected):
    """Experts of width 2 on a stream of 10: 4 of them fill up half a tile of 25 rows each."""
    assert by_hand(name, given) == pytest.approx(expected, rel=1e-12)


SENT = {
    "local_tokens": 100,
    "sequence_shards": 4,
    "expert_imbalance": 1.2,
    "hidden_size": 10,
    "ep": 32,
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
        ({"dispatcher": "hybridep", "ep": 1}, 0),
    ],
    ids=str,
)
def test_experts_exchange_uses_slower_network(changes, expected):
    assert value("all_to_all_time", **{**SENT, **changes}) == pytest.approx(expected)
