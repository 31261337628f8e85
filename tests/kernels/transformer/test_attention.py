"""Layers of each kind: their numbers, heads and parameters, by hand from published shapes."""

import pytest

from tests.at_point import value

GEMMA = {"model": "gemma-4-31b"}
NEXT = {"model": "qwen3-next-80b-a3b"}


def test_kinds_of_layers_add_up():
    assert value("full_attention_layers", GEMMA) == 10
    assert value("full_attention_layers", NEXT) == 12
    assert value("full_attention_layers", {"model": "llama-3.1-8b"}) == 32
    assert value("full_attention_layers", layers=24, windowed_layers=0, state_layers=24, parallel_state=1) == 24


def test_windowed_layers_have_heads_of_their_own():
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


def test_windowed_layers_have_the_heads_of_the_others_where_none_are_stated():
    gemma = {"model": "gemma-2-9b"}
    assert value("windowed_attention_parameters", gemma) == value("attention_parameters", gemma)
    assert value("window_kv_width", gemma) == value("kv_width", gemma)
    assert value("window_score_width", gemma) == value("score_width", gemma)
    stated = {"windowed_attention_heads": 3, "windowed_kv_heads": 1, "windowed_head_size": 5, "windowed_value_head_size": 7}
    assert value("window_score_width", gemma, **stated) == 3 * 12
    assert value("window_kv_width", gemma, **stated) == 12


def test_gate_and_state_of_qwen3_next():
    """16 heads of 256 over 2 and a gate on them, in 12 of 48 layers; 36 keep a state."""
    attention = 2048 * 256 * (3 * 16 + 2 * 2)
    assert value("attention_parameters", NEXT) == attention
    assert value("mixing_parameters", NEXT) == 12 * attention + 36 * value("state_parameters", NEXT)


def test_windowed_layers_can_be_gated():
    gemma = {"model": "gemma-2-9b"}
    assert (
        value("windowed_attention_parameters", gemma, gated_attention=1) - value("windowed_attention_parameters", gemma)
        == 3584 * 16 * 256
    )


def test_indexer_of_sparse_attention():
    """DeepSeek-V3.2: queries from 1536 to 64 heads of 128, one key of 128 and 64 weights from 7168; sparse from V3 on."""
    more = value("attention_parameters", {"model": "deepseek-v3.2"}) - value("attention_parameters", {"model": "deepseek-v3"})
    assert more == 1536 * 64 * 128 + 7168 * (128 + 64)
    assert value("attention_parameters", {"model": "llama-3.1-8b"}, indexer_heads=4, indexer_head_size=8) - value(
        "attention_parameters", {"model": "llama-3.1-8b"}
    ) == 4096 * 4 * 8 + 4096 * (8 + 4)


def test_queries_behind_a_rank_of_their_own():
    """Step-3: 7168 to 2048 to 64 heads of 256, over one head for keys and values."""
    expected = 2048 * (7168 + 64 * 256) + 7168 * 2 * 256 + 64 * 256 * 7168
    assert value("attention_parameters", {"model": "step-3"}) == expected


def test_biases_of_attention():
    gpt = {"model": "gpt-2"}
    assert value("attention_parameters", gpt) - value("attention_parameters", gpt, linear_biases=0) == 4 * 768


def test_latent_attention_keeps_its_compression():
    assert value("kv_width", {"model": "deepseek-v3"}) == 512 + 64
    assert value("score_width", {"model": "deepseek-v3"}) == pytest.approx(128 * 320)
