"""The step time: the pipeline of Narayanan et al. 2021, and runs that papers print."""

import pytest

from tests.at_point import evaluate, value

A100 = {"gpu": "a100-sxm-80gb"}
MEGATRON = {
    "precision": "fp16",
    "recompute": "full",
    "fused_attention": 0,
    "sequence_parallel": 0,
    "zero_stage": 0,
    "sequence_length": 2048,
}
WAITING = {"tensor_overlap": 0, "gradient_overlap": 0, "pipeline_overlap": 0, "kernel_launch": "eager"}


def test_bubble_of_the_interleaved_schedule():
    """Narayanan et al. 2021, section 2.2: the bubble is (p - 1) / (v m) of the time of the micro-batches."""
    pipeline = {"layer_time": 0.01, "layers": 96, "pp": 8, "stage_transfer_time": 0, "head_time": 0, "micro_batches": 64}
    for v in (1, 4):
        run = {**pipeline, "interleaving": v}
        assert value("bubble_time", **run) / (64 * value("stage_time", **run)) == pytest.approx(7 / (v * 64))


def test_the_slowest_stage_sets_the_pace():
    uneven = {"layer_time": 0.01, "layers": 61, "pp": 16, "stage_transfer_time": 0, "head_time": 0.05, "micro_batches": 64}
    assert value("stage_time", **uneven) == pytest.approx(3 * 0.01 + 0.05)
    assert value("stage_time", **{**uneven, "head_time": 0}) == pytest.approx(4 * 0.01)


@pytest.mark.parametrize(
    ("model", "gpus", "pp", "v", "batch", "b", "teraflops"),
    [
        ("megatron-18.4b", 256, 1, 1, 1024, 8, 135),
        ("megatron-76.1b", 1024, 4, 3, 1792, 2, 155),
        ("megatron-529.6b", 2520, 35, 3, 2520, 1, 163),
        ("megatron-1t", 3072, 64, 1, 3072, 1, 163),
    ],
)
def test_megatron_on_selene(model, gpus, pp, v, batch, b, teraflops):
    """Narayanan et al. 2021, table 1: achieved TFLOP/s of each A100 by equation 3, with t = 8; within a fifth."""
    run = {"gpus": gpus, "tp": 8, "pp": pp, "interleaving": v, "global_batch": batch, "micro_batch": b, **MEGATRON, **WAITING}
    step, _ = evaluate("step_time", {**A100, "model": model}, **run, gpu_memory=1e12)
    flops, _ = evaluate("model_flops_per_step", {"model": model}, **run)
    assert 4 / 3 * flops / (step * gpus) == pytest.approx(teraflops * 1e12, rel=0.2)


def test_selective_recomputation_gains_what_korthikanti_et_al_measured():
    """2022, table 5, 175B on 64 A100: 18.13 s a step with full recomputation, 13.75 s selective with sequence parallelism."""
    run = {"gpus": 64, "tp": 8, "pp": 8, "interleaving": 3, "global_batch": 64, "micro_batch": 1, **MEGATRON, **WAITING}
    full = value("step_time", {**A100, "model": "gpt-3-175b"}, **run)
    selective = value("step_time", {**A100, "model": "gpt-3-175b"}, **{**run, "recompute": "selective", "sequence_parallel": 1})
    assert selective / full == pytest.approx(13.75 / 18.13, abs=0.05)


def test_shared_parameters_are_gathered_for_every_micro_batch():
    """Rajbhandari et al. 2020, section 7: half as much again is exchanged as without sharing parameters."""
    one = {"gradient_exchange_time": 1.0, "parameter_gather_time": 1.0, "expert_exchange_time": 0, "stage_time": 0, "dp_overlap": 0}
    waits = [value("data_parallel_wait", micro_batches=1, zero_stage=stage, **one) for stage in (1, 3)]
    assert waits == [2, 3]


def test_exchanges_hide_behind_the_passes_only_so_far():
    one = {"gradient_exchange_time": 1.0, "parameter_gather_time": 1.0, "expert_exchange_time": 0, "micro_batches": 4, "zero_stage": 1}
    assert value("data_parallel_wait", stage_time=10, dp_overlap=0.75, **one) == 0.5
    assert value("data_parallel_wait", stage_time=0.5, dp_overlap=0.75, **one) == 1.5


def test_a_layer_takes_as_long_as_its_launches():
    """A pass more is launched where activations are computed again."""
    fast = {"layer_forward_time": 1e-4, "layer_backward_time": 2e-4, "recompute_time": 0}
    host = {"host_mixture_time": 4e-3, "host_expert_time": 0, "layers": 24, "moe_layers": 6, "local_experts": 8, "precision": "bf16"}
    run = {**fast, **host, "host_pass_time": 1e-3, "expert_wait": 0}
    assert value("layer_time", **run, recompute="none", kernel_launch="eager") == pytest.approx(3e-3)
    assert value("layer_time", **run, recompute="full", kernel_launch="eager") == pytest.approx(4e-3)
    assert value("layer_time", **fast, expert_wait=1e-4, layer_host_time=1e-5) == pytest.approx(4e-4)


def test_graphs_launch_attention_or_the_whole_step_at_once():
    host = {"host_pass_time": 1e-3, "host_mixture_time": 4e-3, "host_expert_time": 5e-4, "local_experts": 8, "recompute": "none"}
    run = {**host, "layers": 24, "moe_layers": 6, "precision": "bf16"}
    eager, partial, whole = (value("layer_host_time", **run, kernel_launch=how) for how in ("eager", "partial-graph", "whole-graph"))
    assert (eager, partial, whole) == (pytest.approx(4e-3), pytest.approx(2e-3), 0)
    assert value("layer_host_time", **{**run, "precision": "fp8"}, kernel_launch="partial-graph") == pytest.approx(3e-3)


def test_tokens_on_their_way_to_experts_are_waited_for_unless_another_micro_batch_is_computed():
    run = {"all_to_all_time": 1.0, "layers": 4, "moe_layers": 2, "layer_forward_time": 1, "layer_backward_time": 2, "recompute_time": 0}
    waits = {"recompute": "none", "expert_overlap": 0}
    assert value("expert_wait", **run, **waits) == 2
    assert value("expert_wait", **run, **{**waits, "recompute": "full"}) == 3
    assert value("expert_wait", **run, **{**waits, "recompute_experts": 1}) == 3
    assert value("expert_wait", **run, **{**waits, "expert_overlap": 1}, ep_overlap=0.75) == 0.5
    assert value("expert_wait", **{**run, "all_to_all_time": 10.0}, **{**waits, "expert_overlap": 1}, ep_overlap=1) == 20 - 3


SMALL_RUN = {"gpus": 64, "global_batch": 64, "sequence_length": 4096, "gpu_memory": 1e12}


def test_a_cluster_beyond_all_published_runs_is_a_warning():
    big = {**SMALL_RUN, "gpus": 65536, "global_batch": 65536}
    _, flags = evaluate("step_time", {"gpu": "h100-sxm", "model": "llama-3.1-8b"}, **big)
    assert "stragglers_extrapolated" in flags
    _, flags = evaluate("step_time", {"gpu": "h100-sxm", "model": "llama-3.1-8b"}, **SMALL_RUN)
    assert flags == set()
