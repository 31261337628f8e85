"""The split of a training job, against layouts that papers print."""

import pytest

from tests.at_point import evaluate, value

TRILLION = {"gpus": 3072, "tp": 8, "pp": 64, "micro_batch": 1, "global_batch": 3072, "sequence_length": 2048}


def test_the_trillion_parameter_run_of_megatron():
    """Narayanan et al. 2021, table 1, last row: 3072 A100, t = 8, p = 64, batch 3072, so d = 6 and 512 micro-batches."""
    assert value("data_parallel_size", **TRILLION) == 6
    assert value("micro_batches", **TRILLION) == 512
    assert value("tokens_per_step", **TRILLION) == 3072 * 2048


def test_llama_3_balances_its_stages():
    """Dubey et al. 2024, section 3.3.2: 126 layers on 16 stages, one layer less beside the embedding and one less beside the head."""
    split = {"select": {"model": "llama-3.1-405b"}, "pp": 16}
    assert value("slowest_stage_layers", **split) == 8
    assert value("last_stage_layers", **split) == 7
    assert value("stage_layers", **split) == 126 / 16


def test_stages_are_alike_where_the_chunks_divide_the_layers():
    assert value("slowest_stage_layers", layers=96, pp=8, interleaving=12) == 12
    assert value("last_stage_layers", layers=96, pp=8, interleaving=12) == 12


def test_given_micro_batches_make_the_batch():
    assert value("tokens_per_step", gpus=64, tp=8, micro_batches=16, micro_batch=2, sequence_length=4096) == 8 * 16 * 2 * 4096


def test_gpus_left_over_are_a_warning():
    found, flags = evaluate("data_parallel_size", gpus=100, tp=8)
    assert found == 12
    assert "gpus_left_over" in flags


H100 = {"select": {"gpu": "h100-sxm", "model": "llama-3.1-8b"}, "gpus": 64, "global_batch": 64, "sequence_length": 4096}


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("cluster_smaller_than_replica", {"gpus": 4, "tp": 8}),
        ("batch_not_divisible", {"global_batch": 65}),
        ("heads_not_divisible_by_tp", {"tp": 3, "gpus": 63, "global_batch": 63}),
        ("stages_exceed_layers", {"pp": 64}),
        ("chunks_exceed_layers", {"pp": 8, "interleaving": 8}),
        ("interleaving_without_pipeline", {"interleaving": 2}),
        ("ep_exceeds_experts", {"ep": 8}),
        ("ep_does_not_fit_ranks", {"ep": 128}),
        ("sequence_not_divisible_by_cp", {"cp": 16, "sequence_length": 4100}),
        ("exceeds_memory", {"micro_batch": 64, "gpus": 1}),
    ],
)
def test_a_layout_that_cannot_be_has_a_name_and_no_step_time(rule, changes):
    found, flags = evaluate("step_time", **{**H100, **changes})
    assert found != found
    assert rule in flags


def test_the_same_layout_without_fault_has_a_step_time():
    found, flags = evaluate("step_time", **H100)
    assert found > 0
    assert flags == set()
