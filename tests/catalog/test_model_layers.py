"""The kind of each layer, by the keys of each family, and what a state keeps and takes."""

import json
from collections import Counter
from pathlib import Path

import pytest

from sweep.catalog.model_layers import Reader, kinds_of, state_figures
from sweep.errors import SweepError

CONFIGS = json.loads((Path(__file__).parents[1] / "data" / "configs.json").read_text(encoding="utf-8"))


def states(kind, family, **config):
    found = {}
    state_figures(
        Reader({"model_type": family, **config}, "config.json"), lambda name, number, how="": found.update({name: number}), kind
    )
    return found


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (CONFIGS["openai/gpt-oss-120b"], {"sliding_attention": 18, "full_attention": 18}),
        (CONFIGS["XiaomiMiMo/MiMo-V2-Flash"], {"sliding_attention": 39, "full_attention": 9}),
        (CONFIGS["nvidia/NVIDIA-Nemotron-3-Ultra-550B-A55B-BF16"], {"mamba": 48, "full_attention": 12, "moe": 48}),
        (CONFIGS["meta-llama/Llama-4-Maverick-17B-128E-Instruct"], {"chunked_attention": 36, "full_attention": 12}),
        ({"model_type": "gemma2", "num_hidden_layers": 42}, {"sliding_attention": 21, "full_attention": 21}),
        (
            {"model_type": "gemma3", "num_hidden_layers": 48, "sliding_window": 1024, "sliding_window_pattern": 6},
            {"sliding_attention": 40, "full_attention": 8},
        ),
        ({"model_type": "mistral", "num_hidden_layers": 32, "sliding_window": 4096}, {"sliding_attention": 32}),
        ({"model_type": "mistral", "num_hidden_layers": 32, "sliding_window": None}, {"full_attention": 32}),
        ({"model_type": "minimax", "attn_type_list": [0, 0, 1], "num_hidden_layers": 3}, {"lightning_attention": 2, "full_attention": 1}),
        (
            {"model_type": "kimi_linear", "num_hidden_layers": 4, "linear_attn_config": {"kda_layers": [1, 2, 3]}},
            {"kda": 3, "full_attention": 1},
        ),
    ],
    ids=lambda value: value.get("model_type") or "",
)
def test_model_layers_count_each_kind(config, expected):
    assert Counter(kinds_of(Reader(config, "config.json"))) == expected


def test_model_layers_state_of_mamba_2():
    """Nemotron-H 56B: in 8192 to 2 x 16384 + 2 x 8 x 256 + 256, a convolution of 4 and its bias, out 16384 to 8192."""
    found = states("mamba", "nemotron_h", hidden_size=8192, mamba_num_heads=256, mamba_head_dim=64, n_groups=8, ssm_state_size=256)
    mixed = 16384 + 2 * 8 * 256
    assert found["state_size"] == 256 * 64 * 256
    assert found["state_parameters"] == 8192 * (16384 + mixed + 256) + mixed * 5 + 3 * 256 + 16384 + 16384 * 8192


def test_model_layers_state_of_linear_attention():
    """Qwen3-Next: 16 heads of 128 for keys, 32 of 128 for values; query, key, value, gate, two numbers a head, and the output."""
    shape = {"linear_num_key_heads": 16, "linear_num_value_heads": 32, "linear_key_head_dim": 128, "linear_value_head_dim": 128}
    found = states("linear_attention", "qwen3_next", hidden_size=2048, **shape)
    assert found["state_size"] == 32 * 128 * 128
    assert found["state_parameters"] == 2048 * (2 * 2048 + 2 * 4096 + 64) + 4096 * 2048 + (2 * 2048 + 4096) * 4 + 64 + 128


def test_model_layers_reads_text_model_of_vision_config():
    reader = Reader({"model_type": "x_vl", "text_config": {"model_type": "x_text", "hidden_size": 8}, "vision_config": {}}, "config.json")
    assert (reader.family, reader.whole_number("hidden_size")) == ("x", 8)
    with pytest.raises(SweepError, match="has no vocab_size"):
        reader.need("vocab_size")
