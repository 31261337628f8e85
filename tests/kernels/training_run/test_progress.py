"""Utilization, time to train, failures and checkpoints, by the formulas of their papers."""

import math

import pytest

from tests.at_point import by_hand, value

GPT3 = {"model": "gpt-3-175b"}  # the papers leave out its biases


def test_progress_flops_of_step():
    """Narayanan et al. 2021, equation 3: 96 B s l h^2 (1 + s / 6h + V / 16lh), with the forward pass of all layers counted again."""
    batch, s, layers, h, vocabulary = 1536, 2048, 96, 12288, 51200
    printed = 96 * batch * s * layers * h**2 * (1 + s / (6 * h) + vocabulary / (16 * layers * h))
    run = {"gpus": 1024, "tp": 8, "pp": 8, "global_batch": batch, "sequence_length": s, "vocabulary_size": vocabulary}
    ours = value("model_flops_per_step", GPT3, **run, linear_biases=0)
    head = 6 * batch * s * h * vocabulary
    assert 4 / 3 * (ours - head) + head == pytest.approx(printed, rel=1e-6)


def test_time_to_train_of_gpt_3():
    """The same, section 5.1: 300 billion tokens on 1024 A100 at 140 TFLOP/s each take 34 days, by 8 T P / (n X)."""
    run = {"gpus": 1024, "tp": 8, "pp": 8, "global_batch": 1536, "sequence_length": 2048}
    flops = 4 / 3 * value("model_flops_per_step", GPT3, **run)
    days = (
        value("time_to_train", GPT3, step_time=flops / (1024 * 140e12), training_tokens=300e9, effective_training_fraction=1, **run) / 86400
    )
    assert days == pytest.approx(34, rel=0.05)


def test_mfu_counts_against_16_bit_peak():
    assert value("mfu", model_flops_per_step=4e15, step_time=10, gpus=1, peak_rate_16bit=1e15) == pytest.approx(0.4)


def test_hfu_counts_recomputation_and_mfu_does_not():
    assert value("hfu", mfu=0.45, recompute="full") == pytest.approx(0.6)
    assert value("hfu", mfu=0.45, recompute="none") == 0.45


def test_interruption_interval_of_llama_3_405b():
    """Dubey et al. 2024, section 3.3.4: 419 unexpected interruptions of 16,384 GPUs in 54 days, more than 90 % effective training time."""
    assert value("cluster_failure_interval", gpus=16384) == pytest.approx(54 * 86400 / 419, rel=0.02)
    assert 0.9 < value("effective_training_fraction", gpus=16384) < 1


def test_checkpoint_interval_equals_young():
    assert value("checkpoint_interval", checkpoint_time=18, cluster_failure_interval=24 * 3600) == pytest.approx(math.sqrt(2 * 18 * 86400))


def test_checkpoint_interval_minimizes_loss():
    run = {"checkpoint_time": 60, "cluster_failure_interval": 4 * 3600, "restart_time": 0}
    best = value("checkpoint_interval", **run)
    kept = [value("effective_training_fraction", checkpoint_interval=best * f, **run) for f in (0.5, 1, 2)]
    assert kept[1] == max(kept)


def test_effective_training_fraction_is_zero_without_progress():
    assert value("effective_training_fraction", gpus=16384, gpu_failure_interval=3600 * 50.0) == 0


@pytest.mark.parametrize(("model", "precision"), [("pythia-70m", "bf16"), ("qwen3-next-80b-a3b", "bf16"), ("llama-3.1-8b", "fp8")])
def test_required_mfu_equals_mfu_at_deadline(model, precision):
    run = {"gpus": 64, "global_batch": 256, "sequence_length": 2048, "zero_stage": 3, "precision": precision, "training_tokens": 1e11}
    given = {**run, "gpu_memory": 1e13}
    select = {"gpu": "h100-sxm", "model": model}
    time = value("time_to_train", select, **given)
    assert value("required_mfu", select, **given, training_duration=time) == pytest.approx(value("mfu", select, **given), rel=1e-12)


def test_training_flops_by_parameters_without_layers():
    given = {"training_flops": 2e25, "training_flops_full": 3e25}
    assert value("model_flops", flops_method="parameters", **given) == 2e25
    assert value("model_flops", flops_method="layers", **given) == 3e25


BY_HAND = [
    ("model_flops_per_step", {"tokens_per_step": 4e6, "training_flops_per_token_full": 6e9}, 24e15),
    ("mfu", {"model_flops_per_step": 24e15, "step_time": 2.0, "gpus": 100, "peak_rate_16bit": 3e14}, 0.4),
    ("hfu", {"mfu": 0.45, "recompute": "full"}, 0.6),
    ("hfu", {"mfu": 0.45, "recompute": "selective"}, 0.45),
    ("time_to_train_modelled", {"training_tokens": 3e9, "tokens_per_step": 3e4, "step_time": 4, "effective_training_fraction": 0.8}, 5e5),
    ("cluster_failure_interval", {"gpu_failure_interval": 5e8, "gpus": 10000}, 5e4),
    ("checkpoint_interval", {"checkpoint_time": 50, "cluster_failure_interval": 10000}, 1000),
    (
        "effective_training_fraction",
        {"checkpoint_time": 250, "checkpoint_interval": 1000, "restart_time": 500, "cluster_failure_interval": 10000},
        0.8 * 0.9,
    ),
    (
        "effective_training_fraction",
        {"checkpoint_time": 250, "checkpoint_interval": 1000, "restart_time": 500, "cluster_failure_interval": 900},
        0,
    ),
]


@pytest.mark.parametrize(("name", "given", "expected"), BY_HAND, ids=lambda part: part if isinstance(part, str) else "")
def test_progress_by_hand(name, given, expected):
    """A tenth is lost to failures and a fifth to checkpoints."""
    assert by_hand(name, given) == pytest.approx(expected, rel=1e-12)
