"""Layers of each kind: their numbers, heads and parameters, by hand from published shapes."""

import pytest

from sweep.kernels.transformer import attention
from tests.at_point import evaluate, value

GEMMA = {"model": "gemma-4-31b"}
NEXT = {"model": "qwen3-next-80b-a3b"}


def test_attention_layer_kinds_sum_to_layers():
    assert value("full_attention_layers", GEMMA) == 10
    assert value("full_attention_layers", NEXT) == 12
    assert value("full_attention_layers", {"model": "llama-3.1-8b"}) == 32
    assert value("full_attention_layers", layers=24, windowed_layers=0, state_layers=24, parallel_state=1) == 24


def test_attention_windowed_layers_have_own_heads():
    """Gemma 4 31B: 32 heads of 512 over 4, one projection for keys and values; 32 heads of 256 over 16 in a window."""
    hidden = 5376
    assert value("attention_parameters", GEMMA) == 2 * hidden * 32 * 512 + hidden * 4 * 512
    assert value("windowed_attention_parameters", GEMMA) == 2 * hidden * 32 * 256 + 2 * hidden * 16 * 256
    assert value("mixing_parameters", GEMMA) == 10 * (2 * 32 + 4) * 512 * hidden + 50 * (2 * 32 + 2 * 16) * 256 * hidden
    assert [value(name, GEMMA) for name in ("kv_width", "window_kv_width", "score_width", "window_score_width")] == [
        4096,
        8192,
        32768,
        16384,
    ]


def test_attention_windowed_layers_default_to_other_heads():
    gemma = {"model": "gemma-2-9b"}
    assert value("windowed_attention_parameters", gemma) == value("attention_parameters", gemma)
    assert value("window_kv_width", gemma) == value("kv_width", gemma)
    assert value("window_score_width", gemma) == value("score_width", gemma)
    stated = {"windowed_attention_heads": 3, "windowed_kv_heads": 1, "windowed_head_size": 5, "windowed_value_head_size": 7}
    assert value("window_score_width", gemma, **stated) == 3 * 12
    assert value("window_kv_width", gemma, **stated) == 12


def test_attention_gate_and_state_of_qwen3_next():
    """16 heads of 256 over 2 and a gate on them, in 12 of 48 layers; 36 keep a state."""
    attention = 2048 * 256 * (3 * 16 + 2 * 2)
    assert value("attention_parameters", NEXT) == attention
    assert value("mixing_parameters", NEXT) == 12 * attention + 36 * value("state_parameters", NEXT)


def test_attention_windowed_layers_can_be_gated():
    gemma = {"model": "gemma-2-9b"}
    assert (
        value("windowed_attention_parameters", gemma, gated_attention=1) - value("windowed_attention_parameters", gemma)
        == 3584 * 16 * 256
    )


def test_attention_sparse_indexer_parameters():
    """DeepSeek-V3.2: queries from 1536 to 64 heads of 128, one key of 128 and 64 weights from 7168; sparse from V3 on."""
    more = value("attention_parameters", {"model": "deepseek-v3.2"}) - value("attention_parameters", {"model": "deepseek-v3"})
    assert more == 1536 * 64 * 128 + 7168 * (128 + 64)
    assert value("attention_parameters", {"model": "llama-3.1-8b"}, indexer_heads=4, indexer_head_size=8) - value(
        "attention_parameters", {"model": "llama-3.1-8b"}
    ) == 4096 * 4 * 8 + 4096 * (8 + 4)


def test_attention_query_rank_parameters():
    """Step-3: 7168 to 2048 to 64 heads of 256, over one head for keys and values."""
    expected = 2048 * (7168 + 64 * 256) + 7168 * 2 * 256 + 64 * 256 * 7168
    assert value("attention_parameters", {"model": "step-3"}) == expected


def test_attention_bias_parameters():
    gpt = {"model": "gpt-2"}
    assert value("attention_parameters", gpt) - value("attention_parameters", gpt, linear_biases=0) == 4 * 768


def test_attention_latent_cache_width():
    assert value("kv_width", {"model": "deepseek-v3"}) == 512 + 64
    assert value("score_width", {"model": "deepseek-v3"}) == pytest.approx(128 * 320)


SHAPE = {
    "hidden_size": 10.0, "attention_heads": 6.0, "kv_heads": 2.0, "head_size": 5.0, "value_head_size": 3.0, "q_lora_rank": 0.0,
    "kv_lora_rank": 0.0, "rope_head_size": 2.0, "linear_biases": 0.0, "gated_attention": 0.0, "shared_key_value": 0.0,
    "indexer_heads": 0.0, "indexer_head_size": 0.0,
}
PLAIN = 10 * 30 + 10 * 10 + 10 * 6 + 18 * 10


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, PLAIN),
        ({"linear_biases": 1.0}, PLAIN + 30 + 10 + 6 + 10),
        ({"gated_attention": 1.0}, PLAIN + 180),
        ({"shared_key_value": 1.0}, PLAIN - 60),
        ({"q_lora_rank": 1.0}, PLAIN - 300 + 10 + 30),
        ({"q_lora_rank": 4.0}, PLAIN - 300 + 40 + 120),
        ({"kv_lora_rank": 1.0}, 300 + 10 * 3 + 6 * (3 + 3) + 180),
        ({"kv_lora_rank": 7.0}, 300 + 10 * 9 + 7 * 6 * (3 + 3) + 180),
        ({"kv_lora_rank": 7.0, "q_lora_rank": 1.0}, 40 + 10 * 9 + 7 * 6 * (3 + 3) + 180),
        ({"kv_lora_rank": 7.0, "q_lora_rank": 4.0}, 160 + 10 * 9 + 7 * 6 * (3 + 3) + 180),
        ({"indexer_heads": 0.0, "indexer_head_size": 8.0}, PLAIN),
        ({"indexer_heads": 1.0, "indexer_head_size": 8.0}, PLAIN + 10 * 8 + 10 * 9),
        ({"indexer_heads": 3.0, "indexer_head_size": 8.0}, PLAIN + 10 * 24 + 10 * 11),
        ({"indexer_heads": 3.0, "indexer_head_size": 8.0, "q_lora_rank": 1.0}, PLAIN - 300 + 40 + 24 + 110),
        ({"indexer_heads": 3.0, "indexer_head_size": 8.0, "kv_lora_rank": 7.0}, 300 + 90 + 252 + 180 + 240 + 110),
    ],
    ids=str,
)
def test_attention_matrices_by_hand(changes, expected):
    """6 heads of 5 over 2, values of 3, on a stream of 10."""
    assert attention.attention_parameters(**{**SHAPE, **changes}) == expected


@pytest.mark.parametrize(("stated", "expected"), [(0.0, 9.0), (1.0, 1.0), (4.0, 4.0)])
def test_attention_windowed_sizes_by_hand(stated, expected):
    assert attention.window_heads(windowed_attention_heads=stated, attention_heads=9.0) == expected
    assert attention.window_kv_heads(windowed_kv_heads=stated, kv_heads=9.0) == expected
    assert attention.window_head_size(windowed_head_size=stated, head_size=9.0) == expected
    assert attention.window_value_head_size(windowed_value_head_size=stated, value_head_size=9.0) == expected


def test_attention_windowed_layers_by_hand():
    heads = {"window_heads": 6.0, "window_kv_heads": 2.0, "window_head_size": 5.0, "window_value_head_size": 3.0, "hidden_size": 10.0}
    found = [attention.windowed_attention_parameters(linear_biases=b, gated_attention=g, **heads) for b, g in ((0, 0), (1, 0), (0, 1))]
    assert found == [PLAIN, PLAIN + 56, PLAIN + 180]
    assert attention.window_kv_width(window_kv_heads=2.0, window_head_size=5.0, window_value_head_size=3.0) == 16
    assert attention.window_score_width(window_heads=6.0, window_head_size=5.0, window_value_head_size=3.0) == 48


@pytest.mark.parametrize(("parallel", "full"), [(0.0, 3), (1.0, 8)])
def test_attention_layer_kinds_by_hand(parallel, full):
    found = attention.full_attention_layers(layers=10.0, windowed_layers=2.0, state_layers=5.0, parallel_state=parallel)
    assert found == full
    mixing = attention.mixing_parameters(
        full_attention_layers=3.0, attention_parameters=100.0, windowed_layers=2.0, windowed_attention_parameters=70.0,
        state_layers=5.0, state_parameters=11.0,
    )
    assert mixing == 300 + 140 + 55


@pytest.mark.parametrize(("latent", "kept"), [(0.0, 16), (1.0, 3), (7.0, 9)])
def test_attention_cache_widths_by_hand(latent, kept):
    found = attention.kv_width(kv_heads=2.0, head_size=5.0, value_head_size=3.0, kv_lora_rank=latent, rope_head_size=2.0)
    assert found == kept
    assert attention.score_width(attention_heads=6.0, head_size=5.0, value_head_size=3.0) == 48


def test_attention_inconsistent_layer_kinds_break_rule():
    llama = {"model": "llama-3.1-8b"}
    for wrong in ({"state_layers": 33}, {"windowed_layers": 33, "attention_window": 1024}, {"moe_layers": 20, "mixer_only_layers": 13}):
        number, broken = evaluate("total_parameters", llama, **wrong)
        assert number != number, wrong
        assert "kinds_exceed_layers" in broken
    number, broken = evaluate("kv_bytes_per_sequence", llama, windowed_layers=8)
    assert number != number
    assert "window_missing" in broken
    assert evaluate("total_parameters", llama, state_layers=32)[1] == set()


def test_attention_position_part_wider_than_head_breaks_rule():
    deepseek = {"model": "deepseek-v3"}
    assert evaluate("attention_parameters", deepseek, rope_head_size=192)[1] == set()
    number, broken = evaluate("attention_parameters", deepseek, rope_head_size=193)
    assert number != number
    assert broken == {"rope_head_exceeds_head"}
