"""The time of one layer: waiting, launching, and tokens on their way to experts."""

import pytest

from tests.at_point import value

ONE_GPU = {"gpus": 1, "scaleup_domain": 8}


def test_a_layer_takes_as_long_as_its_launches():
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


def test_graphs_launch_attention_or_the_whole_step_at_once():
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


def test_tokens_on_their_way_to_experts_are_waited_for_unless_another_micro_batch_is_computed():
    run = {"all_to_all_time": 1.0, "layers": 4, "moe_layers": 2, "layer_forward_time": 1, "layer_backward_time": 2, "recompute_time": 0}
    waits = {"recompute": "none", "expert_overlap": 0}
    assert value("expert_wait", **run, **waits) == 2
    assert value("expert_wait", **run, **{**waits, "recompute": "full"}) == 3
    assert value("expert_wait", **run, **{**waits, "recompute_experts": 1}) == 3
    assert value("expert_wait", **run, **{**waits, "expert_overlap": 1}, ep_overlap=0.75) == 0.5
    assert value("expert_wait", **{**run, "all_to_all_time": 10.0}, **{**waits, "expert_overlap": 1}, ep_overlap=1) == 20 - 3


def test_waiting_for_a_ring_beyond_one_domain_does_not_hide():
    run = {"tensor_overlap": 1, "tp_overlap": 1, "collective_start_time": 1e-5, "scaleup_domain": 8, "scaleout_hop_time": 6e-5}
    ring = {"context_parallel_time": 0, "core_attention_time": 0}
    assert value("layer_exchange_time", tensor_parallel_time=1e-2, tp=16, **run, **ring) == pytest.approx(2e-5 + 4 * 15 * 6e-5)
    assert value("layer_exchange_time", tensor_parallel_time=1e-2, tp=8, **run, **ring) == pytest.approx(2e-5)


def test_the_host_launches_more_slowly_where_stages_stand_in_several_domains():
    run = {"host_pass_time": 2e-3, "host_rank_time": 1.3e-3, "scaleup_domain": 8}
    assert value("pass_launch_time", tp=4, pp=2, gpus=16, **run) == pytest.approx(2e-3 + 4 * 1.3e-3)
    assert value("pass_launch_time", tp=4, pp=2, gpus=8, **run) == 2e-3
    assert value("pass_launch_time", tp=4, pp=1, gpus=16, **run) == 2e-3
