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


def test_experts_imbalance_slows_exchange_and_products():
    run = {"micro_batch": 1, "sequence_length": 4096, "ep": 8, "collective_start_time": 0}
    entries = {**DEEPSEEK, "gpu": "h100-sxm"}
    even, skewed = (value("all_to_all_time", entries, **run, expert_imbalance=i) for i in (1, 1.5))
    assert skewed == pytest.approx((1 + 0.5 * 7 / 8) * even)
    assert value("routed_tokens", DEEPSEEK, **{**run, "expert_imbalance": 1.5}) == (1 + 0.5 * 7 / 8) * 8 * 4096
    assert value("routed_tokens", DEEPSEEK, **{**run, "expert_imbalance": 1.5, "ep": 1}) == 8 * 4096


def test_experts_filled_to_capacity_have_no_imbalance():
    """MaxText fills each expert to 1.25 times its mean, on one rank, too."""
    run = {"micro_batch": 1, "sequence_length": 4096, "expert_imbalance": 1.5, "expert_capacity": 1.25}
    assert {value("routed_tokens", DEEPSEEK, **run, ep=ep) for ep in (1, 8)} == {1.25 * 8 * 4096}


def test_experts_split_over_ranks_work_on_more_tokens_and_fewer_columns():
    run = {**EVEN, "operand_rate": 1e300, "expert_start_time": 0, "precision": "bf16", "ep": 8}
    whole, split = (value("expert_products_time", {**DEEPSEEK, "gpu": "h100-sxm"}, **run, etp=etp) for etp in (1, 4))
    assert split == pytest.approx(whole)
    assert value("routed_tokens", DEEPSEEK, **EVEN, ep=8, etp=4) == 4 * 8 * 4096


SIMUMAX = [
    (20, 1232, 1536, 5120, 0.513, 0.397),
    (32, 1024, 2048, 7168, 0.457, 0.384),
    (64, 512, 2048, 7168, 0.367, 0.427),
    (256, 128, 2048, 7168, 0.208, 0.178),
]


@pytest.mark.parametrize(("experts", "rows", "width", "hidden", "first", "second"), SIMUMAX)
def test_experts_products_by_kernels_of_their_own_equal_measurement(experts, rows, width, hidden, first, second):
    """SimuMax, group_matmul of Transformer Engine on B200, 16 bits, forward, where dense ones reach 0.49 of the peak; within a fifth."""
    shape = {"routed_tokens": experts * rows, "local_experts": experts, "expert_hidden_size": width, "mlp_matrices": 3}
    run = {**shape, "hidden_size": hidden, "gemm_rate": 0.49 * 2250e12, "precision": "bf16", "fused_experts": 0}
    operations = 2 * experts * rows * width * hidden / 2250e12
    assert value("expert_products_time", {"gpu": "b200-sxm"}, **run) == pytest.approx(operations * (2 / first + 1 / second), rel=0.2)


@pytest.mark.parametrize(("width", "experts", "topk", "milliseconds"), [(768, 128, 8, 10.218), (512, 512, 10, 11.411)])
def test_experts_grouped_products_on_h100_equal_measurement(width, experts, topk, milliseconds):
    """VeOmni pull request 460: one grouped kernel, sorting by operators of PyTorch, forward, 32,768 tokens of 2,048 columns; within 5 %."""
    shape = {"hidden_size": 2048, "expert_hidden_size": width, "experts": experts, "experts_per_token": topk, "mlp_matrices": 3}
    run = {**shape, "routed_tokens": 32768 * topk, "local_experts": experts, "linear_biases": 0, "precision": "bf16"}
    products = value("expert_products_time", {"gpu": "h100-sxm"}, **run, fused_experts=1)
    sorting = value("permutation_time", {"gpu": "h100-sxm"}, **run, fused_experts=0, fused_permutation=0)
    assert 1e3 * (products + sorting) == pytest.approx(milliseconds, rel=0.05)


def test_experts_launches_by_kernel_kind():
    run = {"routed_tokens": 0, "local_experts": 8, "expert_hidden_size": 0, "mlp_matrices": 3, "hidden_size": 1000, "gemm_rate": 1.0}
    start = {"expert_start_time": 2.0, "expert_conversion_time": 1.0, "grouped_start_time": 0.5, "operand_rate": 1.0}
    assert value("expert_products_time", **run, **start, fused_experts=0, precision="bf16") == 16
    assert value("expert_products_time", **run, **start, fused_experts=0, precision="fp8") == 24
    assert value("expert_products_time", **run, **start, fused_experts=1, precision="fp8") == 4


def test_experts_traffic_of_routed_token():
    """Router, activation function, biases, and conversion to 8 bits, of which fused experts keep the router and one operand."""
    run = {
        "hidden_size": 3,
        "expert_hidden_size": 10,
        "etp": 1,
        "mlp_matrices": 3,
        "experts_per_token": 2,
        "fused_permutation": 1,
        "router_bytes": 22,
        "expert_bias_bytes": 90,
        "quantize_bytes": 6,
        "eager_permutation_bytes": 17,
    }
    plain = {**run, "linear_biases": 0, "fused_experts": 0, "precision": "bf16"}
    assert value("routed_token_bytes", **plain) == 33 + 60
    assert value("routed_token_bytes", **{**plain, "experts_per_token": 1}) == 66 + 60
    assert value("routed_token_bytes", **{**plain, "experts_per_token": 0}) == 66 + 60
    assert value("routed_token_bytes", **{**plain, "linear_biases": 1}) == 33 + 60 + 900
    assert value("routed_token_bytes", **{**plain, "fused_permutation": 0}) == 33 + 60 + 51
    assert value("routed_token_bytes", **{**plain, "etp": 2}) == 33 + 30
    assert value("routed_token_bytes", **{**plain, "precision": "fp8"}) == pytest.approx(33 + 60 + 6 * (2 + 10))
    assert value("routed_token_bytes", **{**plain, "linear_biases": 1, "precision": "fp8", "fused_experts": 1}) == pytest.approx(33 + 12)


def test_experts_sorting_by_dispatcher():
    """All-to-all sorts before sending, and apart once received; the kernels read each copy that arrives for all its experts."""
    run = {"hidden_size": 10, "experts_per_token": 4, "token_copies": 3}
    assert value("sorted_token_bytes", **run, etp=1, dispatcher="all-to-all", local_experts=1) == 40 * 1.25
    assert value("sorted_token_bytes", **run, etp=1, dispatcher="all-to-all", local_experts=2) == 40 * 3.25
    assert value("sorted_token_bytes", **run, etp=2, dispatcher="all-to-all", local_experts=2) == 40 * 2.625
    assert value("sorted_token_bytes", **run, etp=1, dispatcher="deepep", local_experts=2) == 40 * 1.75
    dense = {**run, "experts_per_token": 0}
    assert value("sorted_token_bytes", **dense, etp=1, dispatcher="deepep", local_experts=0) == 0


def test_experts_few_tokens_are_memory_bound():
    run = {"sequence_length": 4096, "ep": 8}
    one, eight = (value("expert_products_time", {**DEEPSEEK, "gpu": "h100-sxm"}, micro_batch=b, **run) for b in (1, 8))
    assert eight < 8 * one


def test_experts_of_dense_model_are_zero():
    assert value("routed_tokens", {"model": "llama-3.1-8b"}, micro_batch=1, sequence_length=4096) == 0


BY_HAND = [
    ("routed_tokens", {"local_tokens": 100, "sequence_shards": 4, "experts_per_token": 5, "routing_load": 1.2, "etp": 2}, 300),
    ("routing_load", {"expert_imbalance": 1.4, "expert_capacity": 0, "ep": 2}, 1.2),
    ("routing_load", {"expert_imbalance": 1.4, "expert_capacity": 1.25, "ep": 2}, 1.25),
    ("routing_load", {"expert_imbalance": 1.4, "expert_capacity": 0.75, "ep": 2}, 0.75),
    ("local_experts", {"experts": 64, "ep": 16}, 4),
    (
        "expert_products_time",
        {
            "routed_tokens": 100,
            "local_experts": 4,
            "expert_hidden_size": 4,
            "etp": 2,
            "mlp_matrices": 3,
            "hidden_size": 10,
            "gemm_rate": 50,
            "operand_rate": 20,
            "precision": "bf16",
            "fused_experts": 0,
            "expert_start_time": 3,
            "expert_conversion_time": 5,
            "grouped_start_time": 7,
        },
        240 + 2 * (2600 + 240) / 20 + 4 * 3,
    ),
    (
        "expert_products_time",
        {
            "routed_tokens": 100,
            "local_experts": 4,
            "expert_hidden_size": 2,
            "etp": 1,
            "mlp_matrices": 3,
            "hidden_size": 10,
            "gemm_rate": 50,
            "operand_rate": 20,
            "precision": "fp8",
            "fused_experts": 0,
            "expert_start_time": 3,
            "expert_conversion_time": 5,
            "grouped_start_time": 7,
        },
        240 + 2 * (2600 + 240) / 20 + 4 * 8,
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
            "expert_hidden_size": 12,
            "mlp_matrices": 3,
            "linear_biases": 1,
            "fused_experts": 0,
            "precision": "bf16",
            "etp": 2,
            "experts_per_token": 4,
            "fused_permutation": 0,
            "router_bytes": 8,
            "eager_permutation_bytes": 6,
            "expert_bias_bytes": 5,
            "quantize_bytes": 4,
        },
        60 + 180 + 6 * 11,
    ),
    (
        "routed_token_bytes",
        {
            "hidden_size": 30,
            "expert_hidden_size": 12,
            "mlp_matrices": 3,
            "linear_biases": 0,
            "fused_experts": 1,
            "precision": "bf16",
            "etp": 2,
            "experts_per_token": 4,
            "fused_permutation": 0,
            "router_bytes": 8,
            "eager_permutation_bytes": 6,
            "expert_bias_bytes": 5,
            "quantize_bytes": 4,
        },
        60 + 180,
    ),
    (
        "routed_token_bytes",
        {
            "hidden_size": 30,
            "expert_hidden_size": 12,
            "mlp_matrices": 3,
            "linear_biases": 0,
            "fused_experts": 0,
            "precision": "fp8",
            "etp": 2,
            "experts_per_token": 4,
            "fused_permutation": 0,
            "router_bytes": 8,
            "eager_permutation_bytes": 6,
            "expert_bias_bytes": 5,
            "quantize_bytes": 4,
        },
        60 + 180 + 36 + 4 * 26,
    ),
    (
        "permutation_time",
        {
            "routed_tokens": 100,
            "routed_token_bytes": 30,
            "sorted_token_bytes": 60,
            "pointwise_rate": 40,
            "hbm_bandwidth": 50,
            "permutation_efficiency": 0.5,
        },
        75 + 160,
    ),
]


@pytest.mark.parametrize(("name", "given", "expected"), BY_HAND, ids=lambda part: part if isinstance(part, str) else "")
def test_experts_by_hand(name, given, expected):
    assert by_hand(name, given) == pytest.approx(expected, rel=1e-12)
