"""The equations against the slow computation in tests/naive, which shares nothing with them, at random points of realistic inputs."""

import random

import pytest

from sweep.catalog.entries import entry
from sweep.equations import interpret
from tests.at_point import prepared
from tests.naive import serving, training, transformer

MODELS = (
    "llama-3.1-8b", "llama-3.1-70b", "gpt-3-175b", "gpt-2", "mixtral-8x7b", "qwen3-30b-a3b", "gpt-oss-120b", "deepseek-v3",
    "deepseek-v3.2", "gemma-3-12b", "gemma-4-31b", "qwen3-next-80b-a3b", "nemotron-nano-12b-v2",
)
CLOSE = 1e-9  # the share of activated experts is worked out within 2e-10


def compare(quantities, select, oracle, **given):
    """Every quantity that the oracle has, at one point that breaks no rule."""
    graph, inputs = prepared(quantities, select, **given)
    found = interpret.compute_point(graph, inputs)
    assert not [rule.name for rule in found.broken if rule.guards]
    expected = oracle(inputs)
    for name in quantities:
        assert found.values[name] == pytest.approx(expected[name], rel=CLOSE), f"{name} of {select} with {given}"


def counted(inputs):
    n = transformer.count(inputs)
    return {"total_parameters": n["total"], "active_parameters": n["total"] - n["experts"] + n["visited"]} | {
        "forward_flops_per_token": transformer.forward_flops(inputs)
    }


@pytest.mark.parametrize("model", MODELS)
def test_oracle_transformer_parameters_and_flops(model):
    quantities = ("total_parameters", "active_parameters", "forward_flops_per_token")
    compare(quantities, {"model": model}, counted, sequence_length=random.Random(model).choice((96, 1000, 3000)))


SERVING = (
    "weight_bytes_per_gpu", "batch_in_memory", "batch", "decode_step_time", "prefill_compute_time", "prefill_time",
    "time_per_output_token", "time_to_first_token", "request_time", "output_rate", "busy_gpu_power", "chip_energy_per_output_token",
    "energy_per_query", "fleet_servers", "fleet_power",
)


@pytest.mark.parametrize("seed", range(28))
def test_oracle_serving_from_step_to_fleet(seed):
    chance = random.Random(seed)
    precision, bits = chance.choice((("bf16", 16), ("bf16", 4.25), ("fp8", 8), ("fp8", 4.25)))
    heads = entry("model", MODELS[seed % len(MODELS)]).figures["attention_heads", ""].value
    given = {
        "concurrency": chance.choice((0.5, 1, 7, 64, 1000)),
        "input_tokens": 10 * chance.randint(1, 200),
        "prefix_cache_hit": chance.choice((0, 0.3, 0.8)),
        "offload_hit": chance.choice((0, 0, 0.2)),
        "host_bandwidth": chance.choice((1e9, 64e9)),
        "output_tokens": chance.randint(20, 1500),
        "output_variation": chance.choice((0, 0.5, 1)),
        "serving_precision": precision,
        "weight_bits": bits,
        "kv_bits": chance.choice((8, 16)),
        "serving_tp": chance.choice([tp for tp in (1, 2, 4, 8, 16) if heads % tp == 0][-3:]),
        "serving_pp": chance.choice((2, 3)),
        "serving_dp": (ranks := chance.choice((1, 1, 4))),
        "serving_ep": ranks,
        "engine_lockstep": chance.choice((0, 1)),
        "draft_tokens": (drafted := chance.choice((0, 0, 3))),
        "draft_parameters": 5e8 if drafted else 0,
        "acceptance": chance.choice((0.4, 0.8)),
        "acceptance_falloff": chance.choice((1, 0.9)),
        "draft_tree_tokens": chance.choice((0, 5)),
        "simultaneous_share": chance.choice((0, 0.5)),
        "prefill_placement": chance.choice(("mixed", "disaggregated")),
        "prefill_load": 0.6,
        "exchange_overlap": 0.25,
        "queries_per_day": chance.choice((1e6, 1e9)) / 86400,
        "idle_switched_off": chance.choice((0, 0.5)),
        "serving_time_residual": chance.choice((1, 1.2)),
        "serving_power_residual": chance.choice((1, 0.9)),
    }
    select = {
        "model": MODELS[seed % len(MODELS)],
        "gpu": chance.choice(("h100-sxm", "h200-sxm", "b200-sxm", "gb200-nvl72", "mi300x")),
        "engine": chance.choice(("vllm-2025", "vllm-2026", "sglang-2026")),
    }
    compare(SERVING, select, serving.serving, **given)


TRAINED = (
    "llama-3.1-8b", "gpt-3-175b", "mixtral-8x7b", "qwen3-30b-a3b", "deepseek-v3", "gemma-3-12b", "gpt-oss-120b", "qwen3-next-80b-a3b",
)
TRAINING = (
    "step_time", "bubble_time", "data_parallel_wait", "tensor_time", "gpu_power_modelled", "memory_per_gpu", "total_parameters",
)
SWITCHES = (
    "sequence_parallel", "fused_attention", "fused_softmax", "fused_norms", "fused_operators", "fused_experts", "tensor_overlap",
    "fused_permutation",
    "gradient_overlap", "sharding_overlap", "gradient_scatter", "pipeline_overlap", "expert_overlap", "balanced_stages", "gathered_logits",
    "gathered_inputs", "recompute_norms", "recompute_mlp",
    "recompute_latent_projection", "recompute_experts", "recompute_shared_experts", "recompute_expert_activation",
)


@pytest.mark.parametrize("seed", range(40))
def test_oracle_training_step_memory_and_power(seed):
    chance = random.Random(seed)
    model = TRAINED[seed % len(TRAINED)]
    experts = model in ("mixtral-8x7b", "qwen3-30b-a3b", "deepseek-v3", "gpt-oss-120b", "qwen3-next-80b-a3b")
    split = {"tp": chance.choice((1, 2, 4, 8)), "pp": (stages := chance.choice((1, 2, 4))), "cp": chance.choice((1, 1, 2))}
    copies = chance.choice((1, 4, 16))
    ranks = split["tp"] * split["cp"] * copies
    spread = chance.choice([e for e in (1, 2, 4, 8) if ranks % e == 0]) if experts else 1
    given = {
        **split,
        "gpus": split["pp"] * ranks,
        "ep": spread,
        "etp": chance.choice([e for e in (1, 2) if ranks % (spread * e) == 0]) if experts else 1,
        "interleaving": chance.choice((1, 2)) if stages > 1 else 1,
        "micro_batch": (each := chance.choice((1, 2))),
        "global_batch": each * copies * chance.choice((1, 4, 9)),
        "sequence_length": chance.choice((512, 2048)),
        "precision": chance.choice(("bf16", "fp8")),
        "zero_stage": chance.choice((0, 1, 2, 3)),
        "recompute": chance.choice(("none", "selective", "full")),
        "kernel_launch": chance.choice(("eager", "partial-graph", "whole-graph")),
        "dispatcher": chance.choice(("all-gather", "all-to-all", "deepep", "hybridep")),
        "selective_share": chance.choice((0, 0.3)),
        "gather_slice_time": chance.choice((0, 1e-4)),
        "expert_imbalance": chance.choice((1, 1.2)),
        "expert_capacity": chance.choice((0, 0, 1.25)),
        "step_time_residual": chance.choice((1, 1.1)),
        "gpu_memory": 1e15,
        "trained_fraction": chance.choice((0, 0.25, 1)),
        **{name: chance.choice((0, 1)) for name in SWITCHES},
    }
    select = {"model": model, "gpu": chance.choice(("a100-sxm-80gb", "h100-sxm", "b200-sxm", "gb200-nvl72"))}
    if select["gpu"] == "a100-sxm-80gb":
        given["precision"] = "bf16"
    compare(TRAINING, select, training.training, **given)
