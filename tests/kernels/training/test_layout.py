"""The split of a training job, against layouts that papers print."""

import pytest

from sweep.equations import registry
from sweep.kernels.training import layout
from tests.at_point import by_hand, evaluate, value

TRILLION = {"gpus": 3072, "tp": 8, "pp": 64, "micro_batch": 1, "global_batch": 3072, "sequence_length": 2048}


def test_layout_of_megatron_trillion_parameter_run():
    """Narayanan et al. 2021, table 1, last row: 3072 A100, t = 8, p = 64, batch 3072, so d = 6 and 512 micro-batches."""
    assert value("data_parallel_size", **TRILLION) == 6
    assert value("micro_batches", **TRILLION) == 512
    assert value("tokens_per_step", **TRILLION) == 3072 * 2048


def test_layout_balanced_stages_of_llama_3():
    """Dubey et al. 2024, section 3.3.2: 126 layers on 16 stages, one layer less beside the embedding and one less beside the head."""
    split = {"select": {"model": "llama-3.1-405b"}, "pp": 16}
    assert value("slowest_stage_layers", **split) == 8
    assert value("last_stage_layers", **split) == 7
    assert value("stage_layers", **split) == 126 / 16


def test_layout_stages_are_equal_when_chunks_divide_layers():
    assert value("slowest_stage_layers", layers=96, pp=8, interleaving=12, head_layers=1) == 12
    assert value("last_stage_layers", layers=96, pp=8, interleaving=12, head_layers=1) == 12


def test_layout_stages_cut_by_flops():
    """The rule of nanotron for 16 layers and a head of four: a stage ends with the block that passes its share of 20."""
    run = {"layers": 16, "head_layers": 4, "balanced_stages": 1}
    assert [value("slowest_stage_layers", **run, pp=pp) for pp in (1, 2, 4, 8)] == [16, 11, 6, 3]
    assert [value("last_stage_layers", **run, pp=pp) for pp in (1, 2, 4, 8)] == [16, 5, 0, 0]


def test_layout_head_counts_as_layers_by_flops():
    """1B of the Ultra-Scale grid: 131072 x 2048 in the head, 4 x 2048 x 2048 + 3 x 2048 x 8192 in a layer."""
    shape = {"hidden_size": 2048, "vocabulary_size": 131072, "attention_weights": 4 * 2048**2, "layer_mlp_weights": 3 * 2048 * 8192}
    assert value("head_layers", **shape) == 4


def test_layout_batch_follows_given_micro_batches():
    assert value("tokens_per_step", gpus=64, tp=8, micro_batches=16, micro_batch=2, sequence_length=4096) == 8 * 16 * 2 * 4096


def test_layout_idle_gpus_warn():
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
        ("stages_left_empty", {"balanced_stages": 1, "pp": 32, "vocabulary_size": 1e6}),
        ("chunks_exceed_layers", {"pp": 8, "interleaving": 8}),
        ("interleaving_without_pipeline", {"interleaving": 2}),
        ("ep_exceeds_experts", {"ep": 8}),
        ("ep_does_not_fit_ranks", {"ep": 128}),
        ("sequence_not_divisible_by_cp", {"cp": 16, "sequence_length": 4100}),
        ("exceeds_memory", {"micro_batch": 64, "gpus": 1}),
    ],
)
def test_layout_rule_excludes_impossible_layout(rule, changes):
    found, flags = evaluate("step_time", **{**H100, **changes})
    assert found != found
    assert rule in flags


def test_layout_without_fault_has_step_time():
    found, flags = evaluate("step_time", **H100)
    assert found > 0
    assert flags == set()


BY_HAND = [
    ("gpus_per_replica", {"tp": 8, "pp": 15, "cp": 2}, 240),
    ("replicas", {"gpus": 25000, "gpus_per_replica": 120}, 25000 / 120),
    ("servers", {"gpus": 25000, "gpus_per_server": 8}, 3125),
    ("data_parallel_size", {"replicas": 208.3}, 208),
    ("data_parallel_size", {"replicas": 4.0}, 4),
    ("micro_batches", {"global_batch": 1536, "data_parallel_size": 16, "micro_batch": 4}, 24),
    ("tokens_per_step", {"data_parallel_size": 16, "micro_batches": 24, "micro_batch": 4, "sequence_length": 2048}, 1536 * 2048),
    ("local_tokens", {"micro_batch": 4, "sequence_length": 2048, "cp": 2}, 4096),
    ("sequence_shards", {"tp": 8, "sequence_parallel": 1}, 8),
    ("sequence_shards", {"tp": 8, "sequence_parallel": 0}, 1),
    ("stage_layers", {"layers": 96, "pp": 8}, 12),
    ("slowest_stage_layers", {"balanced_stages": 0, "head_layers": 4, "layers": 96, "pp": 8, "interleaving": 3}, 12),
    ("slowest_stage_layers", {"balanced_stages": 0, "head_layers": 4, "layers": 61, "pp": 16, "interleaving": 1}, 4),
    ("slowest_stage_layers", {"balanced_stages": 0, "head_layers": 4, "layers": 94, "pp": 8, "interleaving": 2}, 12),
    ("slowest_stage_layers", {"balanced_stages": 0, "head_layers": 4, "layers": 95, "pp": 8, "interleaving": 3}, 15),
    ("slowest_stage_layers", {"balanced_stages": 0, "head_layers": 4, "layers": 126, "pp": 16, "interleaving": 1}, 8),
    ("last_stage_layers", {"layers": 96, "pp": 8, "slowest_stage_layers": 12, "balanced_stages": 0, "head_layers": 2}, 12),
    ("last_stage_layers", {"layers": 61, "pp": 16, "slowest_stage_layers": 4, "balanced_stages": 0, "head_layers": 2}, 3),
]


@pytest.mark.parametrize(("name", "given", "expected"), BY_HAND, ids=lambda part: part if isinstance(part, str) else "")
def test_layout_by_hand(name, given, expected):
    """Counts of the article, of Narayanan et al. 2021 and of Llama 3 405B, whose 126 layers are 8 a stage on 16 with embedding and head."""
    assert by_hand(name, given) == pytest.approx(expected, rel=1e-12)


RULES = [
    ("cluster_smaller_than_replica", {"replicas": 0.9}, True),
    ("cluster_smaller_than_replica", {"replicas": 1.0}, False),
    ("gpus_left_over", {"replicas": 208.3}, True),
    ("gpus_left_over", {"replicas": 208.0}, False),
    ("gpus_left_over", {"replicas": 209.0}, False),
    ("stages_left_empty", {"balanced_stages": 1, "pp": 16, "layers": 16, "head_layers": 4.0}, True),
    ("stages_left_empty", {"balanced_stages": 1, "pp": 15, "layers": 16, "head_layers": 4.0}, False),
    ("stages_left_empty", {"balanced_stages": 0, "pp": 16, "layers": 16, "head_layers": 4.0}, False),
    ("stages_left_empty", {"balanced_stages": 2, "pp": 16, "layers": 16, "head_layers": 4.0}, False),
    ("stages_left_empty", {"balanced_stages": 1, "pp": 1, "layers": 16, "head_layers": 1e9}, False),
    ("stages_left_empty", {"balanced_stages": 1, "pp": 2, "layers": 1, "head_layers": 1e9}, False),
    ("stages_left_empty", {"balanced_stages": 1, "pp": 4, "layers": 1, "head_layers": 4.0}, True),
    ("batch_not_divisible", {"global_batch": 96, "data_parallel_size": 6, "micro_batch": 4}, False),
    ("batch_not_divisible", {"global_batch": 100, "data_parallel_size": 6, "micro_batch": 4}, True),
    ("batch_not_divisible", {"global_batch": 24, "data_parallel_size": 10, "micro_batch": 2}, True),
    ("heads_not_divisible_by_tp", {"attention_heads": 96, "tp": 8}, False),
    ("heads_not_divisible_by_tp", {"attention_heads": 96, "tp": 5}, True),
    ("stages_exceed_layers", {"layers": 96, "pp": 96}, False),
    ("stages_exceed_layers", {"layers": 96, "pp": 97}, True),
    ("chunks_exceed_layers", {"layers": 10, "pp": 4, "interleaving": 3}, False),
    ("chunks_exceed_layers", {"layers": 9, "pp": 4, "interleaving": 3}, True),
    ("chunks_exceed_layers", {"layers": 9, "pp": 9, "interleaving": 3}, True),
    ("chunks_exceed_layers", {"layers": 8, "pp": 9, "interleaving": 3}, False),
    ("interleaving_without_pipeline", {"pp": 1, "interleaving": 1}, False),
    ("interleaving_without_pipeline", {"pp": 1, "interleaving": 2}, True),
    ("interleaving_without_pipeline", {"pp": 2, "interleaving": 2}, False),
    ("ep_exceeds_experts", {"experts": 64, "ep": 64}, False),
    ("ep_exceeds_experts", {"experts": 64, "ep": 128}, True),
    ("ep_exceeds_experts", {"experts": 64, "ep": 48}, True),
    ("ep_exceeds_experts", {"experts": 64, "ep": 5}, True),
    ("ep_exceeds_experts", {"experts": 65, "ep": 2}, True),
    ("ep_exceeds_experts", {"experts": 0, "ep": 1}, False),
    ("ep_exceeds_experts", {"experts": 0, "ep": 2}, True),
    ("ep_does_not_fit_ranks", {"ep": 8, "etp": 2, "tp": 2, "cp": 2, "data_parallel_size": 4}, False),
    ("ep_does_not_fit_ranks", {"ep": 8, "etp": 2, "tp": 2, "cp": 2, "data_parallel_size": 5}, True),
    ("ep_does_not_fit_ranks", {"ep": 3, "etp": 1, "tp": 3, "cp": 1, "data_parallel_size": 1}, False),
    ("ep_does_not_fit_ranks", {"ep": 6, "etp": 1, "tp": 3, "cp": 2, "data_parallel_size": 1}, False),
    ("ep_does_not_fit_ranks", {"ep": 9, "etp": 1, "tp": 2, "cp": 2, "data_parallel_size": 5}, True),
    ("sequence_not_divisible_by_cp", {"sequence_length": 4096, "cp": 4}, False),
    ("sequence_not_divisible_by_cp", {"sequence_length": 4100, "cp": 4}, True),
    ("sequence_not_divisible_by_cp", {"sequence_length": 4097, "cp": 1}, False),
    ("sequence_not_divisible_by_cp", {"sequence_length": 4098, "cp": 2}, True),
    ("sequence_not_divisible_by_cp", {"sequence_length": 12, "cp": 3}, False),
]


@pytest.mark.parametrize(("name", "given", "broken"), RULES, ids=lambda part: part if isinstance(part, str) else "")
def test_layout_rules_by_hand(name, given, broken):
    assert bool(registry.RULES[name].function(**given)) is broken


def test_layout_head_layers_by_hand():
    """Nanotron's 1B: 131,072 rows of 2048 against layers of 4 x 2048^2 in attention and 3 x 2048 x 8192 in the MLP: four layers."""
    layer = {"attention_weights": 4 * 2048**2, "layer_mlp_weights": 3 * 2048 * 8192}
    assert layout.head_layers(vocabulary_size=131072, hidden_size=2048, **layer) == 4
