"""The time of one layer: waiting, launching, and tokens on their way to experts."""

import pytest

from tests.at_point import by_hand, value

PARTS = (
    "layer_forward_time", "layer_backward_time", "layer_products_time",
    "gradient_accumulation_time", "optimizer_time", "model_state_memory",
)
ONE_GPU = {"gpus": 1, "scaleup_domain": 8}


def test_layer_time_is_at_least_launch_time():
    """A pass more is launched where activations are computed again."""
    fast = {"layer_forward_time": 1e-4, "layer_backward_time": 2e-4, "recompute_time": 0}
    host = {
        "host_mixture_time": 4e-3,
        "host_expert_time": 0,
        "layers": 24,
        "moe_layers": 6,
        "local_experts": 8,
        "precision": "bf16",
        **ONE_GPU,
    }
    run = {**fast, **host, "host_pass_time": 1e-3, "expert_wait": 0}
    assert value("layer_time", **run, recompute="none", kernel_launch="eager") == pytest.approx(3e-3)
    assert value("layer_time", **run, recompute="full", kernel_launch="eager") == pytest.approx(4e-3)
    assert value("layer_time", **fast, expert_wait=1e-4, layer_host_time=1e-5) == pytest.approx(4e-4)


def test_frozen_weights_take_one_product_backward():
    run = {"gpu": "h100-sxm", "model": "llama-3.1-8b"}, {"micro_batch": 1, "gpus": 8, "zero_stage": 1, "kernel_launch": "whole-graph"}
    trained, frozen = ({name: value(name, run[0], **run[1], trained_fraction=f) for name in PARTS} for f in (1, 0))
    assert frozen["layer_forward_time"] == trained["layer_forward_time"]
    less = trained["layer_products_time"] + trained["gradient_accumulation_time"]
    assert frozen["layer_backward_time"] == pytest.approx(trained["layer_backward_time"] - less)
    assert frozen["optimizer_time"] == frozen["gradient_accumulation_time"] == 0
    assert frozen["model_state_memory"] == pytest.approx(8.03e9 * 2, rel=0.01)


def test_layer_cuda_graphs_reduce_launches():
    host = {
        "host_pass_time": 1e-3,
        "host_mixture_time": 4e-3,
        "host_expert_time": 5e-4,
        "local_experts": 8,
        "recompute": "none",
        **ONE_GPU,
    }
    run = {**host, "layers": 24, "moe_layers": 6, "precision": "bf16"}
    eager, partial, whole = (value("layer_host_time", **run, kernel_launch=how) for how in ("eager", "partial-graph", "whole-graph"))
    assert (eager, partial, whole) == (pytest.approx(4e-3), pytest.approx(2e-3), 0)
    assert value("layer_host_time", **{**run, "precision": "fp8"}, kernel_launch="partial-graph") == pytest.approx(3e-3)
    assert value("layer_host_time", **run, kernel_launch="eager", expert_overlap=1, overlap_launches=1.5) == pytest.approx(6e-3)


def test_layer_expert_exchange_is_exposed_without_overlap():
    run = {"all_to_all_time": 0.75, "expert_gather_time": 0.25, "layers": 4, "moe_layers": 2}
    run |= {"layer_forward_time": 1, "layer_backward_time": 2, "recompute_time": 0}
    waits = {"recompute": "none", "expert_overlap": 0}
    assert value("expert_wait", **run, **waits) == 2
    assert value("expert_wait", **run, **{**waits, "recompute": "full"}) == 3
    assert value("expert_wait", **run, **{**waits, "recompute_experts": 1}) == 3
    assert value("expert_wait", **run, **{**waits, "expert_overlap": 1}, ep_overlap=0.75) == 0.5
    assert value("expert_wait", **{**run, "all_to_all_time": 9.75}, **{**waits, "expert_overlap": 1}, ep_overlap=1) == 20 - 3


def test_layer_ring_latency_beyond_domain_is_exposed():
    run = {"tensor_overlap": 1, "tp_overlap": 1, "collective_start_time": 1e-5, "scaleup_domain": 8, "scaleout_hop_time": 6e-5}
    ring = {"context_parallel_wait": 0}
    assert value("layer_exchange_time", tensor_parallel_time=1e-2, tp=16, **run, **ring) == pytest.approx(2e-5 + 4 * 15 * 6e-5)
    assert value("layer_exchange_time", tensor_parallel_time=1e-2, tp=8, **run, **ring) == pytest.approx(2e-5)


def test_layer_launches_are_slower_across_domains():
    run = {"host_pass_time": 2e-3, "host_rank_time": 1.3e-3, "scaleup_domain": 8}
    assert value("pass_launch_time", tp=4, pp=2, gpus=16, **run) == pytest.approx(2e-3 + 4 * 1.3e-3)
    assert value("pass_launch_time", tp=4, pp=2, gpus=8, **run) == 2e-3
    assert value("pass_launch_time", tp=4, pp=1, gpus=16, **run) == 2e-3


BY_HAND = [
    ("context_parallel_wait", {"context_parallel_time": 5, "core_attention_time": 3}, 2),
    ("context_parallel_wait", {"context_parallel_time": 3, "core_attention_time": 3.5}, 0),
    (
        "layer_products_time",
        {
            "attention_products_time": 5,
            "mlp_products_time": 8,
            "expert_products_time": 20,
            "shared_expert_time": 4,
            "layers": 12,
            "moe_layers": 3,
        },
        5 + 6 + 6,
    ),
    (
        "layer_exchange_time",
        {
            "tensor_parallel_time": 10,
            "tp": 8,
            "scaleup_domain": 8,
            "scaleout_hop_time": 9,
            "tensor_overlap": 1,
            "tp_overlap": 0.5,
            "collective_start_time": 1,
            "context_parallel_wait": 6,
        },
        10 - 4 + 6,
    ),
    (
        "layer_exchange_time",
        {
            "tensor_parallel_time": 10,
            "tp": 8,
            "scaleup_domain": 8,
            "scaleout_hop_time": 9,
            "tensor_overlap": 0,
            "tp_overlap": 0.5,
            "collective_start_time": 1,
            "context_parallel_wait": 0,
        },
        10,
    ),
    (
        "layer_exchange_time",
        {
            "tensor_parallel_time": 1,
            "tp": 8,
            "scaleup_domain": 8,
            "scaleout_hop_time": 9,
            "tensor_overlap": 1,
            "tp_overlap": 0.5,
            "collective_start_time": 1,
            "context_parallel_wait": 0,
        },
        1,
    ),
    (
        "layer_forward_time",
        {
            "layer_products_time": 17,
            "core_attention_time": 3,
            "pointwise_time": 6,
            "permutation_time": 8,
            "layer_exchange_time": 5,
            "layers": 12,
            "moe_layers": 3,
        },
        33,
    ),
    (
        "layer_backward_time",
        {
            "layer_forward_time": 29,
            "core_attention_time": 3,
            "core_attention_backward_time": 7,
            "layer_exchange_time": 5,
            "gradient_accumulation_time": 4,
            "layer_products_time": 8,
            "trained_fraction": 0.25,
        },
        42 - 6 + 7 + 5 + 4,
    ),
    (
        "expert_wait",
        {
            "all_to_all_time": 9,
            "expert_gather_time": 3,
            "expert_overlap": 1,
            "ep_overlap": 0.75,
            "recompute": "none",
            "recompute_experts": 0.5,
            "layer_forward_time": 2,
            "layer_backward_time": 3,
            "recompute_time": 1,
            "layers": 12,
            "moe_layers": 3,
        },
        9,
    ),
    (
        "layer_host_time",
        {
            "kernel_launch": "eager",
            "recompute": "none",
            "precision": "bf16",
            "pass_launch_time": 5,
            "host_mixture_time": 4,
            "host_expert_time": 2,
            "local_experts": 8,
            "layers": 12,
            "moe_layers": 3,
        },
        10 + 5,
    ),
    (
        "layer_host_time",
        {
            "kernel_launch": "eager",
            "recompute": "full",
            "precision": "fp8",
            "pass_launch_time": 5,
            "host_mixture_time": 4,
            "host_expert_time": 2,
            "local_experts": 8,
            "layers": 12,
            "moe_layers": 3,
        },
        15 + 9,
    ),
    (
        "layer_host_time",
        {
            "kernel_launch": "partial-graph",
            "recompute": "full",
            "precision": "bf16",
            "pass_launch_time": 5,
            "host_mixture_time": 4,
            "host_expert_time": 2,
            "local_experts": 8,
            "layers": 12,
            "moe_layers": 3,
        },
        5,
    ),
    (
        "layer_host_time",
        {
            "kernel_launch": "whole-graph",
            "recompute": "full",
            "precision": "bf16",
            "pass_launch_time": 5,
            "host_mixture_time": 4,
            "host_expert_time": 2,
            "local_experts": 8,
            "layers": 12,
            "moe_layers": 3,
        },
        0,
    ),
    ("layer_time", {"layer_forward_time": 1, "layer_backward_time": 2, "recompute_time": 4, "expert_wait": 8, "layer_host_time": 3}, 15),
    ("layer_time", {"layer_forward_time": 1, "layer_backward_time": 2, "recompute_time": 4, "expert_wait": 8, "layer_host_time": 30}, 30),
    (
        "layer_exchange_time",
        {
            "tensor_parallel_time": 20,
            "tp": 3,
            "scaleup_domain": 2,
            "scaleout_hop_time": 1,
            "tensor_overlap": 1,
            "tp_overlap": 0.5,
            "collective_start_time": 1,
            "context_parallel_wait": 0,
        },
        20 - 5,
    ),
    ("pass_launch_time", {"host_pass_time": 5, "host_rank_time": 2, "tp": 3, "pp": 2, "gpus": 9, "scaleup_domain": 8}, 11),
    ("pass_launch_time", {"host_pass_time": 5, "host_rank_time": 2, "tp": 3, "pp": 2, "gpus": 8, "scaleup_domain": 8}, 5),
    ("pass_launch_time", {"host_pass_time": 5, "host_rank_time": 2, "tp": 3, "pp": 1, "gpus": 9, "scaleup_domain": 8}, 5),
]


@pytest.mark.parametrize(("name", "given", "expected"), BY_HAND, ids=lambda part: part if isinstance(part, str) else "")
def test_layer_by_hand(name, given, expected):
    """A quarter of 12 layers are mixtures; what hides behind other work is not waited for."""
    assert by_hand(name, given) == pytest.approx(expected, rel=1e-12)
