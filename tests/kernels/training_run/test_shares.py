"""Shares of the time of a training run: they sum to 1 wherever the run can be, and each is what its cause takes."""

import math
import random

import pytest

from sweep.equations import interpret
from sweep.study.shares import SHARES
from tests.at_point import prepared, value

CHOICES = {
    "gpus": (8, 64, 512, 4096),
    "tp": (1, 2, 4, 8, 16),
    "pp": (1, 2, 4, 8),
    "cp": (1, 2),
    "interleaving": (1, 2),
    "micro_batch": (1, 2, 4),
    "global_batch": (1024, 4096, 16384),
    "sequence_length": (4096, 32768),
    "recompute": ("none", "selective", "full"),
    "zero_stage": (0, 1, 3),
    "sequence_parallel": (0, 1),
    "straggler_growth": (0, 1e-5),
    "gpu_failure_interval": (1e8, 1e10),
    "gpu_memory": (1e15,),
}
MODELS = ("llama-3.1-8b", "llama-3.1-405b", "mixtral-8x7b", "deepseek-v3", "gpt-3-175b")
GPUS = ("a100-sxm-80gb", "h100-sxm", "gb200-nvl72")
TRAINERS = ("megatron-bridge-26.04", "megatron-lm-2021", "nanotron-2025", "maxtext-2025")


def test_shares_sum_to_one_at_random_points():
    draw = random.Random(0)
    known = 0
    while known < 300:
        run = {name: draw.choice(values) for name, values in CHOICES.items()}
        model = draw.choice(MODELS)
        run["ep"] = draw.choice((1, 2, 8)) if model in ("mixtral-8x7b", "deepseek-v3") else 1
        select = {"model": model, "gpu": draw.choice(GPUS), "trainer": draw.choice(TRAINERS)}
        values = interpret.compute_point(*prepared([*SHARES, "step_time"], select, **run)).values
        if math.isnan(values["step_time"]):
            continue
        known += 1
        shares = {name: values[name] for name in SHARES}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-9), (select, run)
        assert all(share >= -1e-12 for share in shares.values()), (select, run, shares)


RUN = {"select": {"model": "llama-3.1-70b", "gpu": "h100-sxm"}, "gpus": 512, "tp": 8, "pp": 4, "global_batch": 512, "gpu_memory": 1e15}


@pytest.mark.parametrize(
    ("share", "changes"),
    [
        ("recompute_share", {"recompute": "full"}),
        ("tensor_exchange_share", {"tp_overlap": 0}),
        ("pipeline_exchange_share", {"transfer_overlap": 0}),
        ("data_exchange_share", {"gradient_overlap": 0}),
        ("bubble_share", {"pp": 8}),
        ("launch_share", {"step_overhead": 1}),
        ("optimizer_share", {"zero_stage": 0}),
        ("straggler_share", {"straggler_growth": 1e-4}),
        ("failure_share", {"gpu_failure_interval": 1e7}),
        ("attention_share", {"attention_efficiency": 0.1}),
        ("products_share", {"gemm_efficiency": 0.3}),
        ("memory_bound_share", {"hbm_efficiency": 0.2}),
        ("context_exchange_share", {"cp": 4, "tp": 2, "scaleup_efficiency": 0.001}),
    ],
)
def test_shares_grow_with_cause(share, changes):
    assert value(share, **{**RUN, **changes}) > value(share, **RUN) + 1e-3


def test_shares_in_seconds_by_hand():
    assert value("layer_passes", micro_batches=8, layers=80, pp=4) == 160
    assert value("time_to_share", step_time=4, step_time_residual=2, effective_training_fraction=0.9) == 0.45
    transfers = {"micro_batches": 8, "pp": 4, "interleaving": 2, "transfer_overlap": 0.5, "stage_transfer_time": 1}
    assert value("pipeline_exchange_time", pipeline_overlap=1, **transfers) == 2 * (8 + 3)
    layer = {"layer_time": 10, "layer_forward_time": 2, "layer_backward_time": 4, "recompute_time": 1, "expert_wait": 0.5}
    assert value("launch_share", time_to_share=0.01, layer_passes=4, step_overhead=3, **layer) == pytest.approx(0.01 * (4 * 2.5 + 3))
