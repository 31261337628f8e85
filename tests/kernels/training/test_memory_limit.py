"""Peak memory of stages, and whether a job fits: the rule at its limit, and the probability."""

import math
from statistics import NormalDist

import pytest

from sweep.equations import registry
from tests.at_point import by_hand, value


@pytest.mark.parametrize(("needed", "exceeds"), [(79.0, False), (80.0, False), (81.0, True)])
def test_memory_rule_holds_up_to_gpu_memory(needed, exceeds):
    assert registry.RULES["exceeds_memory"].function(memory_per_gpu=needed, gpu_memory=80.0) is exceeds


@pytest.mark.parametrize(("deviations", "share"), [(-2, 0.02275), (0, 0.5), (1, 0.84134), (NormalDist().inv_cdf(0.95), 0.95)])
def test_memory_limit_probability_is_share_of_lognormal_below_gpu_memory(deviations, share):
    given = {"memory_per_gpu": 60e9, "memory_residual_spread": 0.24, "gpu_memory": 60e9 * math.exp(0.24 * deviations)}
    assert by_hand("fit_probability", given) == pytest.approx(share, rel=1e-4)


def test_memory_limit_probability_without_memory_is_zero():
    assert value("fit_probability", memory_per_gpu=1, gpu_memory=0) == 0


STAGE = {"local_tokens": 100, "stage_activation_bytes": 50, "working_bytes": 7, "head_bytes": 120}
LAST = {"last_stage_parameters": 80, "dense_state_bytes": 3, "expert_state_bytes": 5, "last_stage_layers": 2, "slowest_stage_layers": 5}
BY_HAND = [
    ("first_stage_memory", {**STAGE, "model_state_memory": 225, "micro_batches_in_flight": 8, "pp": 8}, 225 + 100 * (8 * 50 + 7)),
    ("first_stage_memory", {**STAGE, "model_state_memory": 225, "micro_batches_in_flight": 8, "pp": 1}, 225 + 100 * (50 + 120 + 7)),
    ("last_stage_memory", {**STAGE, **LAST, "expert_parameters_per_gpu": 0}, 240 + 100 * (20 + 7 + 120)),
    ("last_stage_memory", {**STAGE, **LAST, "expert_parameters_per_gpu": 10}, 240 + 20 + 100 * (20 + 7 + 120)),
    (
        "gathered_memory",
        {
            "zero_stage": 2,
            "dense_parameters_per_gpu": 100,
            "expert_parameters_per_gpu": 50,
            "slowest_stage_layers": 5,
            "parameter_bytes": 2,
            "main_gradient_bytes": 4,
        },
        0,
    ),
    (
        "gathered_memory",
        {
            "zero_stage": 3,
            "dense_parameters_per_gpu": 100,
            "expert_parameters_per_gpu": 50,
            "slowest_stage_layers": 5,
            "parameter_bytes": 2,
            "main_gradient_bytes": 4,
        },
        360,
    ),
    ("allocated_memory", {"first_stage_memory": 625, "last_stage_memory": 400, "gathered_memory": 36}, 661),
    ("allocated_memory", {"first_stage_memory": 225, "last_stage_memory": 400, "gathered_memory": 36}, 436),
    ("memory_per_gpu", {"allocated_memory": 600, "memory_reserve": 90}, 690),
]


@pytest.mark.parametrize(("name", "given", "expected"), BY_HAND, ids=lambda part: part if isinstance(part, str) else "")
def test_memory_limit_by_hand(name, given, expected):
    """A last stage of two layers where the first has five; two layers of five are gathered at a time."""
    assert by_hand(name, given) == pytest.approx(expected, rel=1e-12)


def test_memory_limit_last_stage_of_short_batch_holds_most():
    """Ultra-Scale Playbook, 1B on 32 GPUs: with one micro-batch of 8 the logits of the last stage outweigh the layers of the first."""
    shape = {"layers": 16, "hidden_size": 2048, "attention_heads": 32, "kv_heads": 32, "head_size": 64, "value_head_size": 64}
    shape |= {"ffn_hidden_size": 8192, "vocabulary_size": 131072}
    run = {"sequence_length": 4096, "gpus": 32, "pp": 2, "micro_batch": 8, "global_batch": 128, "recompute": "none"}
    select = {"gpu": "h100-sxm", "trainer": "nanotron-2025", "model": "llama-3.2-1b"}
    first, last = (value(name, select, **shape, **run) for name in ("first_stage_memory", "last_stage_memory"))
    assert last > first
