"""The step time: the pipeline of Narayanan et al. 2021, and runs that papers print."""

import pytest

from sweep.equations import registry
from tests.at_point import by_hand, evaluate, value

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


def test_step_bubble_of_interleaved_schedule():
    """Narayanan et al. 2021, section 2.2: the bubble is (p - 1) / (v m) of the time of the micro-batches."""
    pipeline = {"layer_time": 0.01, "layers": 96, "pp": 8, "stage_transfer_time": 0, "head_time": 0, "micro_batches": 64, "head_layers": 1}
    for v in (1, 4):
        run = {**pipeline, "interleaving": v}
        assert value("bubble_time", **run) / (64 * value("stage_time", **run)) == pytest.approx(7 / (v * 64))


def test_step_time_follows_slowest_stage():
    uneven = {
        "layer_time": 0.01,
        "layers": 61,
        "pp": 16,
        "stage_transfer_time": 0,
        "head_time": 0.05,
        "micro_batches": 64,
        "head_layers": 1,
    }
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
def test_step_time_of_megatron_on_selene(model, gpus, pp, v, batch, b, teraflops):
    """Narayanan et al. 2021, table 1: achieved TFLOP/s of each A100 by equation 3, with t = 8; within a fifth."""
    run = {"gpus": gpus, "tp": 8, "pp": pp, "interleaving": v, "global_batch": batch, "micro_batch": b, **MEGATRON, **WAITING}
    step, _ = evaluate("step_time", {**A100, "model": model}, **run, gpu_memory=1e12)
    flops, _ = evaluate("model_flops_per_step", {"model": model}, **run)
    assert 4 / 3 * flops / (step * gpus) == pytest.approx(teraflops * 1e12, rel=0.2)


def test_step_time_gain_of_selective_recomputation():
    """2022, table 5, 175B on 64 A100: 18.13 s a step with full recomputation, 13.75 s selective with sequence parallelism."""
    run = {"gpus": 64, "tp": 8, "pp": 8, "interleaving": 3, "global_batch": 64, "micro_batch": 1, **MEGATRON, **WAITING}
    full = value("step_time", {**A100, "model": "gpt-3-175b"}, **run)
    selective = value("step_time", {**A100, "model": "gpt-3-175b"}, **{**run, "recompute": "selective", "sequence_parallel": 1})
    assert selective / full == pytest.approx(13.75 / 18.13, abs=0.05)


def test_step_gathers_sharded_parameters_per_micro_batch():
    """Rajbhandari et al. 2020, section 7: half as much again is exchanged as without sharing parameters."""
    one = {"gradient_exchange_time": 1.0, "parameter_gather_time": 1.0, "expert_exchange_time": 0, "stage_time": 0, "dp_overlap": 0}
    waits = [value("data_parallel_wait", micro_batches=1, zero_stage=stage, **one) for stage in (1, 3)]
    assert waits == [2, 3]


def test_step_communication_overlap_is_bounded():
    one = {"gradient_exchange_time": 1.0, "parameter_gather_time": 1.0, "expert_exchange_time": 0, "micro_batches": 4, "zero_stage": 1}
    assert value("data_parallel_wait", stage_time=10, dp_overlap=0.75, **one) == 0.5
    assert value("data_parallel_wait", stage_time=0.5, dp_overlap=0.75, **one) == 1.5


SMALL_RUN = {"gpus": 64, "global_batch": 64, "sequence_length": 4096, "gpu_memory": 1e12}


def test_step_beyond_published_cluster_size_warns():
    big = {**SMALL_RUN, "gpus": 131072, "global_batch": 131072}
    _, flags = evaluate("step_time", {"gpu": "h100-sxm", "model": "llama-3.1-8b"}, **big)
    assert "stragglers_extrapolated" in flags
    _, flags = evaluate("step_time", {"gpu": "h100-sxm", "model": "llama-3.1-8b"}, **SMALL_RUN)
    assert flags == set()


BY_HAND = [
    (
        "stage_time",
        {
            "layer_time": 10,
            "head_time": 5,
            "slowest_stage_layers": 4,
            "last_stage_layers": 4,
            "stage_transfer_time": 3,
            "interleaving": 2,
            "pipeline_overlap": 1,
            "transfer_overlap": 0.75,
        },
        45 + 3,
    ),
    (
        "stage_time",
        {
            "layer_time": 10,
            "head_time": 5,
            "slowest_stage_layers": 4,
            "last_stage_layers": 3,
            "stage_transfer_time": 3,
            "interleaving": 2,
            "pipeline_overlap": 0,
            "transfer_overlap": 0.75,
        },
        40 + 12,
    ),
    ("bubble_time", {"pp": 8, "interleaving": 2, "stage_layers": 6, "layer_time": 10, "stage_transfer_time": 3}, 7 * 36),
    (
        "data_parallel_wait",
        {
            "gradient_exchange_time": 4,
            "parameter_gather_time": 2,
            "expert_exchange_time": 1,
            "stage_time": 3,
            "micro_batches": 5,
            "zero_stage": 1,
            "gradient_overlap": 1,
            "sharding_overlap": 1,
            "dp_overlap": 0.5,
        },
        4,
    ),
    (
        "data_parallel_wait",
        {
            "gradient_exchange_time": 4,
            "parameter_gather_time": 2,
            "expert_exchange_time": 1,
            "stage_time": 30,
            "micro_batches": 5,
            "zero_stage": 1,
            "gradient_overlap": 1,
            "sharding_overlap": 1,
            "dp_overlap": 0.5,
        },
        3.5,
    ),
    (
        "data_parallel_wait",
        {
            "gradient_exchange_time": 4,
            "parameter_gather_time": 2,
            "expert_exchange_time": 1,
            "stage_time": 3,
            "micro_batches": 5,
            "zero_stage": 3,
            "gradient_overlap": 1,
            "sharding_overlap": 1,
            "dp_overlap": 0.5,
        },
        30,
    ),
    (
        "data_parallel_wait",
        {
            "gradient_exchange_time": 4,
            "parameter_gather_time": 2,
            "expert_exchange_time": 1,
            "stage_time": 3,
            "micro_batches": 5,
            "zero_stage": 3,
            "gradient_overlap": 0,
            "sharding_overlap": 1,
            "dp_overlap": 0.5,
        },
        45,
    ),
    (
        "data_parallel_wait",
        {
            "gradient_exchange_time": 4,
            "parameter_gather_time": 2,
            "expert_exchange_time": 1,
            "stage_time": 3,
            "micro_batches": 5,
            "zero_stage": 2,
            "gradient_overlap": 0,
            "sharding_overlap": 1,
            "dp_overlap": 0.5,
        },
        7,
    ),
    *(
        (
            "data_parallel_wait",
            {
                "gradient_exchange_time": 4,
                "parameter_gather_time": 2,
                "expert_exchange_time": 1,
                "stage_time": 30,
                "micro_batches": 5,
                "zero_stage": stage,
                "gradient_overlap": 1,
                "sharding_overlap": 0,
                "dp_overlap": 0.5,
            },
            waited,
        )
        for stage, waited in ((0, 3.5), (1, 7))
    ),
    ("pipeline_time", {"micro_batches": 5, "stage_time": 3, "bubble_time": 7}, 22),
    ("straggler_factor", {"gpus": 1000, "straggler_growth": 1e-5}, 1.01),
    (
        "step_time",
        {
            "pipeline_time": 22,
            "data_parallel_wait": 5,
            "optimizer_time": 3,
            "step_overhead": 1,
            "straggler_factor": 1.1,
            "step_time_residual": 2,
        },
        68,
    ),
]


@pytest.mark.parametrize(("name", "given", "expected"), BY_HAND, ids=lambda part: part if isinstance(part, str) else "")
def test_step_by_hand(name, given, expected):
    """A quarter of 12 layers are mixtures; what hides behind other work is not waited for."""
    assert by_hand(name, given) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("gpus", "warned"), [(6251, False), (50000, False), (50001, True)])
def test_step_straggler_loss_beyond_half_warns(gpus, warned):
    assert registry.RULES["stragglers_extrapolated"].function(gpus=gpus, straggler_growth=1e-5) is warned
