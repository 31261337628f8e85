"""Calculon's step time, against what Calculon itself says of its eight validation runs, and term by term against sums done by hand."""

import pytest

from sweep.kernels.choices import FULL_RECOMPUTE, NO_RECOMPUTE, SELECTIVE_RECOMPUTE
from sweep.kernels.training_run import calculon
from tests.at_point import by_hand, value

# model, GPUs, pipeline stages, micro-batch, Calculon's own step times [s] with full recompute, and with selective and cut sequences
RUNS = [
    ("megatron-22b", 8, 1, 4, 1.40, 1.14),
    ("gpt-3-175b", 64, 8, 1, 18.03, 13.64),
    ("mt-nlg-530b", 280, 35, 1, 49.89, 34.47),
    ("megatron-1t", 512, 64, 1, 90.08, 66.04),
]


@pytest.mark.parametrize(("model", "gpus", "pp", "micro_batch", "full", "selective"), RUNS)
def test_step_time_is_near_what_calculon_computes(model, gpus, pp, micro_batch, full, selective):
    batch = 4 if gpus == 8 else gpus
    run = {"gpus": gpus, "tp": 8, "pp": pp, "micro_batch": micro_batch, "global_batch": batch, "sequence_length": 2048}
    labels = {"model": model, "gpu": "a100-sxm-80gb"}
    for recompute, shards, expected in (("full", 0.0, full), ("selective", 1.0, selective)):
        found = value("calculon_step_time", labels, recompute=recompute, sequence_parallel=shards, **run)
        assert found == pytest.approx(expected, rel=0.09), recompute


@pytest.mark.parametrize(
    ("tokens", "efficiencies"),
    [(100.0, (0.5, 0.25)), (350.0, (0.5, 0.5)), (400.0, (1.0, 0.5)), (800.0, (1.0, 1.0)), (40.0, (0.25, 0.25))],
)
def test_products_take_the_efficiency_of_their_size(tokens, efficiencies):
    # with 2 ranks and 4 + 2 products, a token adds 10 operations to each projection and 6 to each matrix of the MLP
    given = {"local_tokens": tokens, "tp": 2.0, "attention_weights": 40.0, "attention_width": 6.0, "layer_mlp_weights": 12.0}
    given |= {"mlp_matrices": 2.0, "hidden_size": 3.0, "peak_rate": 10.0, "calculon_memory_rate": 4.0}
    given |= {"calculon_large_efficiency": 1.0, "calculon_efficiency": 0.5, "calculon_small_efficiency": 0.25}
    given |= {"calculon_large_product": 4000.0, "calculon_small_product": 1000.0}
    work = tokens * (40 / efficiencies[0] + 12 / efficiencies[1]) / 10
    # each of the 6 reads or writes 3 columns of the residual stream; on the other side they have 6 and 2 x 2 columns
    traffic = 2 * (tokens * (6 * 3 + (6 + 2 * 2) / 2) + 26) / 4
    assert by_hand("calculon_products_time", given) == pytest.approx(work + traffic)


def test_memory_rate_is_share_of_bandwidth():
    assert calculon.calculon_memory_rate(hbm_bandwidth=8.0, calculon_memory_efficiency=0.75) == 6


def test_scores_and_softmax_are_divided_by_tensor_parallel_ranks():
    scores = {"local_tokens": 10.0, "tp": 2.0, "attention_score_flops_full": 600.0, "layers": 3.0, "peak_rate": 50.0}
    assert by_hand("calculon_scores_time", {**scores, "calculon_large_efficiency": 0.5}) == pytest.approx(10 * 600 / (3 * 2 * 25))
    softmax = {"local_tokens": 10.0, "tp": 2.0, "attention_heads": 4.0, "sequence_length": 7.0, "calculon_memory_rate": 5.0}
    assert by_hand("calculon_softmax_time", {**softmax, "calculon_score_bytes": 13.0}) == pytest.approx(10 * 7 * 4 * 13 / 10)


def test_stream_is_cut_with_the_sequence():
    given = {"local_tokens": 10.0, "tp": 4.0, "sequence_shards": 2.0, "hidden_size": 6.0, "mlp_matrices": 2.0, "layer_mlp_weights": 240.0}
    given["calculon_memory_rate"] = 5.0
    found = by_hand("calculon_stream_time", {**given, "calculon_stream_bytes": 30.0})
    assert found == pytest.approx(10 * (30 * 6 / 2 + 4 * 240 / (2 * 6 * 4)) / 5)
    backward = by_hand("calculon_stream_backward_time", {**given, "calculon_stream_backward_bytes": 50.0})
    assert backward == pytest.approx(10 * (50 * 6 / 2 + 8 * 6 + 4 * 240 / (2 * 6 * 4)) / 5)


@pytest.mark.parametrize(
    ("tp", "shards", "expected"),
    [
        (1.0, 1.0, 0.0),
        (4.0, 1.0, 30 * (8 * 0.75 / 10 + 8 / 5)),
        (4.0, 4.0, 30 * (12 * 0.75 / 10 + 16 / 5)),
        (2.0, 2.0, 30 * (12 * 0.5 / 10 + 16 / 5)),
        (8.0, 1.0, 30 * (8 * 0.875 / 10 + 8 / 5)),
        (16.0, 1.0, 30 * (8 * 15 / 16 / 2 + 8 / 5)),
    ],
)
def test_exchange_takes_the_network_of_the_group(tp, shards, expected):
    given = {"local_tokens": 10.0, "tp": tp, "sequence_shards": shards, "hidden_size": 3.0, "scaleup_domain": 8.0}
    given |= {"scaleup_bandwidth": 20.0, "scaleout_bandwidth": 8.0, "calculon_scaleup_efficiency": 0.5}
    found = by_hand("calculon_exchange_time", {**given, "calculon_scaleout_efficiency": 0.25, "calculon_memory_rate": 5.0})
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("recompute", "expected"),
    [
        (NO_RECOMPUTE, 3 + 40 + 300 + 1000 + 20000 + 100000),
        (SELECTIVE_RECOMPUTE, 3 + 40 + 300 + 1000 + 20000 + 100000),
        (FULL_RECOMPUTE, 4 + 40 + 300 + 2000 + 30000 + 100000),
    ],
)
def test_layer_computes_scores_or_all_again(recompute, expected):
    names = ("products", "scores", "softmax", "stream", "exchange", "stream_backward")
    given = {f"calculon_{name}_time": 10.0**power for power, name in enumerate(names)}
    assert calculon.calculon_layer_time(recompute=recompute, **given) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, 6 * (5 + 0.5) * 2 + 4 * 5 * 2 * 30 / (4 * 2) + 4 * 1000 * 0.75 / 2 + 12 * 1000 / (4 * 5)),
        ({"gpus": 8.0}, 6 * 5.5 * 2 + 4 * 5 * 2 * 30 / (4 * 10) + 4 * 1000 * 0.75 / 10 + 600),
        ({"pp": 1.0}, 12 * 5 * 2 + 1500 + 600),
        ({"data_parallel_size": 1.0}, 66 + 150 + 600),
        ({"data_parallel_size": 2.0}, 66 + 150 + 4 * 1000 * 0.5 / 2 + 600),
    ],
)
def test_step_adds_bubble_exchanges_and_optimizer(changed, expected):
    given = {"calculon_layer_time": 2.0, "layers": 12.0, "pp": 2.0, "interleaving": 2.0, "micro_batches": 5.0, "local_tokens": 10.0}
    given |= {"tp": 4.0, "hidden_size": 3.0, "parameters_per_gpu": 1000.0, "data_parallel_size": 4.0, "gpus": 32.0, "scaleup_domain": 8.0}
    given |= {"scaleup_bandwidth": 20.0, "scaleout_bandwidth": 8.0, "calculon_scaleup_efficiency": 0.5}
    given |= {"calculon_scaleout_efficiency": 0.25, "optimizer_shards": 4.0, "calculon_memory_rate": 5.0}
    assert calculon.calculon_step_time(**{**given, **changed}) == pytest.approx(expected)


def test_time_to_train_is_that_of_all_steps():
    assert calculon.time_to_train_calculon(training_tokens=1e6, tokens_per_step=1e3, calculon_step_time=2.0) == 2000
