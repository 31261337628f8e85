"""The methods of others for the time to train, against the numbers that they publish."""

import math

import pytest

from sweep.kernels.training_run import methods
from tests.at_point import by_hand, evaluate, prepared, value

BLOOM = {"model": "bloom-176b", "gpu": "a100-sxm-80gb", "trainer": "megatron-deepspeed-2022"}
RUN = {"gpus": 384, "tp": 4, "pp": 12, "micro_batch": 2, "global_batch": 2048, "sequence_length": 2048, "training_tokens": 366e9}


def test_time_to_train_follows_method():
    named = ("modelled", "fixed_mfu", "pipeline_mfu", "llmcarbon", "calculon")
    for method in named:
        chosen = value("time_to_train", BLOOM, training_method=method, recompute="full", **RUN)
        assert chosen == value(f"time_to_train_{method}", BLOOM, recompute="full", **RUN)
    given = {f"time_to_train_{method}": float(i) for i, method in enumerate(named)}
    assert [methods.time_to_train(training_method=i, **given) for i in range(5)] == [0, 1, 2, 3, 4]


def test_default_method_computes_no_other():
    graph, _ = prepared(["time_to_train"], BLOOM, **RUN)
    assert [e.name for e in graph.equations if e.name.startswith("time_to_train")] == ["time_to_train_modelled", "time_to_train"]


def test_fixed_mfu_is_six_n_d_over_peak_rate():
    # BLOOM: 384 A100 for 118.2 days; its 1,082,990 GPU-hours are 0.318 of the peak rate
    time = value("time_to_train", BLOOM, training_method="fixed_mfu", assumed_mfu=0.318, **RUN)
    assert time * 384 / 3600 == pytest.approx(1_082_990, rel=0.01)


def test_pipeline_mfu_adds_bubble():
    given = {"training_flops": 6e23, "gpus": 1000, "peak_rate_16bit": 300e12, "assumed_stage_mfu": 0.5}
    assert by_hand("time_to_train_pipeline_mfu", {**given, "pp": 1, "interleaving": 1, "micro_batches": 8}) == pytest.approx(4e6)
    assert by_hand("time_to_train_pipeline_mfu", {**given, "pp": 9, "interleaving": 2, "micro_batches": 8}) == pytest.approx(6e6)


def test_llmcarbon_rate_follows_its_fit():
    # 134.546 + 84.5436 x 0.175 - 56.0234 x 0.175^2 = 147.6 TFLOP/s at 175e9 parameters
    given = {"training_flops": 3.15e23, "gpus": 1000, "peak_rate_16bit": 312e12, "active_parameters": 175e9}
    assert by_hand("time_to_train_llmcarbon", given) == pytest.approx(3.15e23 / (1000 * 147.626e12), rel=1e-4)
    twice = {**given, "peak_rate_16bit": 624e12}
    assert by_hand("time_to_train_llmcarbon", twice) == pytest.approx(3.15e23 / (2000 * 147.626e12), rel=1e-4)
    assert math.isnan(by_hand("time_to_train_llmcarbon", {**given, "active_parameters": 3e12}))


@pytest.mark.parametrize(("rate", "expected"), [(-0.5, math.nan), (0.0, math.nan), (0.5, 100 * 2 / (10 * 4 * 0.5))])
def test_llmcarbon_time_is_undefined_without_rate(rate, expected):
    fit = {"llmcarbon_rate": rate, "llmcarbon_rate_slope": 0.0, "llmcarbon_rate_curvature": 0.0, "llmcarbon_peak_rate": 2.0}
    run = {"training_flops": 100.0, "gpus": 10.0, "peak_rate_16bit": 4.0, "active_parameters": 1e9}
    assert methods.time_to_train_llmcarbon(**run, **fit) == pytest.approx(expected, nan_ok=True)


def test_other_methods_need_no_layout():
    found, broken = evaluate("time_to_train", BLOOM, training_method="llmcarbon", **{**RUN, "tp": 7})
    assert found > 0
    assert not broken
