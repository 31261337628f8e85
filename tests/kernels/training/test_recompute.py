"""Activations that are computed again: the words for sets of modules, and single modules."""

import pytest

from tests.at_point import by_hand, value

H100 = {"gpu": "h100-sxm"}
RUN = {"micro_batch": 1, "sequence_length": 4096}
LAYER = {"layer_forward_time": 10, "core_attention_time": 2, "layer_exchange_time": 1, "dense_recompute_time": 0.5}


def test_recompute_words_are_sets_of_modules():
    none, selective, full = (
        value("recompute_time", **LAYER, mixture_recompute_time=0.25, recompute=word, fused_attention=0)
        for word in ("none", "selective", "full")
    )
    assert none == 0.75
    assert selective == 0.75 + 2
    assert full == 10


def test_recompute_fused_attention_recomputes_scores():
    assert value("recompute_time", **LAYER, mixture_recompute_time=0, recompute="selective", fused_attention=1) == 0.5
    share = value("recompute_time", **LAYER, mixture_recompute_time=0, recompute="selective", fused_attention=1, selective_share=0.4)
    assert share == pytest.approx(0.5 + 0.4 * 7)


def test_recompute_none_adds_no_flops():
    entries = {**H100, "model": "deepseek-v3"}
    assert value("dense_recompute_time", entries, **RUN) == 0
    assert value("mixture_recompute_time", entries, **RUN, ep=8) == 0


def test_recompute_mlp_applies_to_dense_layers():
    run = {**RUN, "recompute_mlp": 1, "mlp_products_time": 1.0, "pointwise_rate": 1e300, "layers": 60}
    assert value("dense_recompute_time", {**H100, "model": "llama-3.1-8b"}, **run, moe_layers=0) == pytest.approx(1.0)
    assert value("dense_recompute_time", {**H100, "model": "llama-3.1-8b"}, **run, moe_layers=57) == pytest.approx(0.05)


def test_recompute_latent_projection_is_two_products():
    """DeepSeek-V3: 128 heads, ranks 1536 and 512, heads of 192 and 128 columns."""
    run = {**RUN, "recompute_latent_projection": 1, "mlp_products_time": 0, "gemm_rate": 1.0, "pointwise_rate": 1e300}
    found = value("dense_recompute_time", {"model": "deepseek-v3"}, **run)
    assert found == pytest.approx(2 * 4096 * 128 * (1536 * 192 + 512 * (192 + 128)))


def test_recompute_experts_include_activation():
    run = {"expert_products_time": 1.0, "permutation_time": 0.5, "shared_expert_time": 0.25, "layers": 61, "moe_layers": 61}
    entries = {**H100, "model": "deepseek-v3"}
    whole = value("mixture_recompute_time", entries, **RUN, **run, recompute_experts=1)
    assert whole == pytest.approx(1.5)
    assert value("mixture_recompute_time", entries, **RUN, **run, recompute_experts=1, recompute_expert_activation=1) == whole
    assert 0 < value("mixture_recompute_time", entries, **RUN, **run, recompute_expert_activation=1) < 0.5
    assert value("mixture_recompute_time", entries, **RUN, **run, recompute_shared_experts=1) == pytest.approx(0.25)


BY_HAND = [
    (
        "dense_recompute_time",
        {
            "recompute_norms": 1,
            "recompute_mlp": 0,
            "recompute_latent_projection": 0,
            "mlp_products_time": 9,
            "local_tokens": 100,
            "tp": 4,
            "sequence_shards": 2,
            "hidden_size": 10,
            "ffn_hidden_size": 8,
            "mlp_matrices": 3,
            "attention_heads": 6,
            "head_size": 5,
            "value_head_size": 3,
            "q_lora_rank": 7,
            "kv_lora_rank": 2,
            "gemm_rate": 50,
            "pointwise_rate": 40,
            "layers": 12,
            "moe_layers": 3,
        },
        100,
    ),
    (
        "dense_recompute_time",
        {
            "recompute_norms": 0,
            "recompute_mlp": 1,
            "recompute_latent_projection": 0,
            "mlp_products_time": 9,
            "local_tokens": 100,
            "tp": 4,
            "sequence_shards": 2,
            "hidden_size": 10,
            "ffn_hidden_size": 8,
            "mlp_matrices": 3,
            "attention_heads": 6,
            "head_size": 5,
            "value_head_size": 3,
            "q_lora_rank": 7,
            "kv_lora_rank": 2,
            "gemm_rate": 50,
            "pointwise_rate": 40,
            "layers": 12,
            "moe_layers": 3,
        },
        0.75 * (9 + 30),
    ),
    (
        "dense_recompute_time",
        {
            "recompute_norms": 0,
            "recompute_mlp": 0,
            "recompute_latent_projection": 1,
            "mlp_products_time": 9,
            "local_tokens": 100,
            "tp": 4,
            "sequence_shards": 2,
            "hidden_size": 10,
            "ffn_hidden_size": 8,
            "mlp_matrices": 3,
            "attention_heads": 6,
            "head_size": 5,
            "value_head_size": 3,
            "q_lora_rank": 7,
            "kv_lora_rank": 2,
            "gemm_rate": 50,
            "pointwise_rate": 40,
            "layers": 12,
            "moe_layers": 3,
        },
        100 * 2 * 6 * 51 / 200,
    ),
    (
        "dense_recompute_time",
        {
            "recompute_norms": 1,
            "recompute_mlp": 1,
            "recompute_latent_projection": 1,
            "mlp_products_time": 9,
            "local_tokens": 100,
            "tp": 4,
            "sequence_shards": 2,
            "hidden_size": 10,
            "ffn_hidden_size": 8,
            "mlp_matrices": 3,
            "attention_heads": 6,
            "head_size": 5,
            "value_head_size": 3,
            "q_lora_rank": 7,
            "kv_lora_rank": 2,
            "gemm_rate": 50,
            "pointwise_rate": 40,
            "layers": 12,
            "moe_layers": 3,
        },
        100 + 0.75 * 39 + 306,
    ),
    (
        "mixture_recompute_time",
        {
            "recompute_experts": 1,
            "recompute_shared_experts": 1,
            "recompute_expert_activation": 1,
            "expert_products_time": 9,
            "permutation_time": 5,
            "shared_expert_time": 3,
            "routed_tokens": 100,
            "expert_hidden_size": 4,
            "mlp_matrices": 3,
            "pointwise_rate": 40,
            "layers": 12,
            "moe_layers": 3,
        },
        0.25 * 17,
    ),
    (
        "mixture_recompute_time",
        {
            "recompute_experts": 0,
            "recompute_shared_experts": 0,
            "recompute_expert_activation": 1,
            "expert_products_time": 9,
            "permutation_time": 5,
            "shared_expert_time": 3,
            "routed_tokens": 100,
            "expert_hidden_size": 4,
            "mlp_matrices": 3,
            "pointwise_rate": 40,
            "layers": 12,
            "moe_layers": 3,
        },
        0.25 * 60,
    ),
    (
        "mixture_recompute_time",
        {
            "recompute_experts": 0,
            "recompute_shared_experts": 1,
            "recompute_expert_activation": 1,
            "expert_products_time": 9,
            "permutation_time": 5,
            "shared_expert_time": 3,
            "routed_tokens": 100,
            "expert_hidden_size": 4,
            "mlp_matrices": 3,
            "pointwise_rate": 40,
            "layers": 12,
            "moe_layers": 3,
        },
        0.25 * 63,
    ),
]


@pytest.mark.parametrize(("name", "given", "expected"), BY_HAND, ids=lambda part: part if isinstance(part, str) else "")
def test_recompute_by_hand(name, given, expected):
    """A quarter of 12 layers are mixtures."""
    assert by_hand(name, given) == pytest.approx(expected, rel=1e-12)
