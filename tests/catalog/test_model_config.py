"""A config.json becomes the figures of a model: parameters against published counts, each key named, what keys do not settle refused."""

import json
from pathlib import Path

import pytest

from sweep.catalog import model_config
from sweep.catalog.entries import own_entry
from sweep.catalog.parameters import parameters
from sweep.errors import SweepError
from sweep.study.parse import open_study
from tests.at_point import evaluate

CONFIGS = json.loads((Path(__file__).parents[1] / "data" / "configs.json").read_text(encoding="utf-8"))
# published parameters in 1e9: model cards, names and papers as configs/models/ cites them
PUBLISHED = {
    "Qwen/Qwen3-0.6B": 0.596,
    "Qwen/Qwen3-8B": 8.19,
    "Qwen/Qwen3-30B-A3B": 30.5,
    "Qwen/Qwen3-Coder-480B-A35B-Instruct": 480,
    "Qwen/Qwen3.5-397B-A17B": 397,
    "deepseek-ai/DeepSeek-V3": 671,
    "deepseek-ai/DeepSeek-V3.2": 671,
    "moonshotai/Kimi-K2-Instruct": 1026,
    "google/gemma-4-26B-A4B": 25.2,
    "nvidia/Gemma-4-31B-IT-NVFP4": 30.7,
    "meta-llama/Llama-4-Maverick-17B-128E-Instruct": 400,
    "meta-llama/Meta-Llama-3.1-405B": 405.85,
    "mistralai/Mixtral-8x7B-v0.1": 46.7,
    "openai/gpt-oss-120b": 116.8,
    "openai/gpt-oss-20b": 20.9,
    "XiaomiMiMo/MiMo-V2-Flash": 309,
    "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16": 31.6,
    "nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-FP8": 120.6,
    "nvidia/NVIDIA-Nemotron-3-Ultra-550B-A55B-BF16": 550,
    "zai-org/GLM-5": 744,
}
JAMBA = {
    "model_type": "jamba", "num_hidden_layers": 32, "hidden_size": 4096, "num_attention_heads": 32, "num_key_value_heads": 8,
    "intermediate_size": 14336, "vocab_size": 65536, "tie_word_embeddings": False, "num_experts": 16, "num_experts_per_tok": 2,
    "expert_layer_period": 2, "expert_layer_offset": 1, "attn_layer_period": 8, "attn_layer_offset": 4, "mamba_d_state": 16,
    "mamba_d_conv": 4, "mamba_expand": 2, "mamba_dt_rank": 256,
}  # fmt: skip
GPT_2 = {"model_type": "gpt2", "n_layer": 12, "n_embd": 768, "n_head": 12, "n_positions": 1024, "vocab_size": 50257}


def counted(config):
    """Parameters of a config."""
    found = {name: value.number for name, value in model_config.figures(config, "config.json").items()}
    values = {name: p.default.value for name, p in parameters().items() if p.catalogue == "model" and p.default} | found
    return evaluate("total_parameters", **values)[0]


@pytest.mark.parametrize("name", PUBLISHED)
def test_model_config_gives_the_published_parameters(name):
    assert counted(CONFIGS[name]) / 1e9 == pytest.approx(PUBLISHED[name], rel=0.005)


def test_model_config_counts_mamba_and_learned_positions():
    """Jamba has 51.57e9 parameters (arXiv 2403.19887 says 52e9), GPT-2 124.4e6."""
    assert counted(JAMBA) / 1e9 == pytest.approx(51.57, rel=0.001)
    assert counted(GPT_2) / 1e6 == pytest.approx(124.44, rel=0.001)


def test_model_config_gives_each_kind_of_layer_its_own_heads():
    gemma = model_config.figures(CONFIGS["nvidia/Gemma-4-31B-IT-NVFP4"], "config.json")
    assert [gemma[name].number for name in ("kv_heads", "head_size", "windowed_kv_heads", "windowed_head_size")] == [4, 512, 16, 256]
    assert (gemma["windowed_layers"].number, gemma["attention_window"].number) == (50, 1024)
    assert gemma["kv_heads"].said("config.json") == "num_global_key_value_heads of config.json"
    nano = model_config.figures(CONFIGS["nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16"], "config.json")
    shape = [nano[name].number for name in ("layers", "state_layers", "moe_layers", "mixer_only_layers", "ffn_hidden_size", "state_size")]
    assert shape == [29, 23, 23, 6, 0, 64 * 64 * 128]
    jamba = model_config.figures(JAMBA, "config.json")
    assert (jamba["state_layers"].number, jamba["moe_layers"].number) == (28, 16)


def test_model_config_reads_attention_beside_state():
    falcon = {
        "model_type": "falcon_h1", "num_hidden_layers": 24, "hidden_size": 2048, "num_attention_heads": 8, "num_key_value_heads": 2,
        "head_dim": 128, "intermediate_size": 4096, "vocab_size": 65537, "tie_word_embeddings": False, "mamba_n_heads": 48,
        "mamba_d_head": 64, "mamba_n_groups": 1, "mamba_d_state": 256, "mamba_d_conv": 4,
    }  # fmt: skip
    found = model_config.figures(falcon, "config.json")
    assert (found["layers"].number, found["state_layers"].number, found["parallel_state"].number) == (24, 24, 1)
    assert found["state_size"].number == 48 * 64 * 256


def test_model_config_ignores_disabled_window():
    qwen = {**CONFIGS["Qwen/Qwen3-8B"], "sliding_window": 4096, "use_sliding_window": False}
    assert "windowed_layers" not in model_config.figures(qwen, "config.json")


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ([], "must hold one mapping"),
        ({}, "names its model_type"),
        ({"model_type": "deepseek_v4"}, "cannot be read from its keys"),
        ({"model_type": "llama", "num_hidden_layers": 2}, "has no hidden_size or n_embd or d_model"),
        ({**GPT_2, "n_layer": 1.5}, "n_layer"),
        ({**GPT_2, "vocab_size": "many"}, "vocab_size = 'many' is not an integer"),
        ({**CONFIGS["nvidia/Nemotron-H-56B-Base-8K"], "hybrid_override_pattern": "MX"}, "hybrid_override_pattern holds 'X'"),
    ],
)
def test_model_config_rejects_ambiguous_keys(tmp_path, config, reason):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    with pytest.raises(SweepError, match=reason) as refused:
        model_config.read_config(path)
    assert str(refused.value).startswith(str(path))


@pytest.mark.parametrize("text", ["{", "", "[" * 100_000, '{"model_type": "llama", "num_hidden_layers": {}}'])
def test_model_config_reports_damaged_file_in_one_line(tmp_path, text):
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(SweepError):
        model_config.read_config(path)


def test_study_selects_config_json_or_own_entry(tmp_path):
    (tmp_path / "own").mkdir()
    config = tmp_path / "own" / "config.json"
    config.write_text(json.dumps(CONFIGS["Qwen/Qwen3-8B"]))
    study = tmp_path / "study.yaml"
    study.write_text("title: x\nselect: {model: own/config.json}\noutputs: [total_parameters]\n")
    opened = open_study(study)
    assert opened.selected["model"].figures["layers", ""].derived == "num_hidden_layers"
    assert opened.selected["model"].figures["hidden_size", ""].derived == "hidden_size of config.json"
    out = tmp_path / "mine.yaml"
    out.write_text(model_config.entry_text("own", model_config.read_config(config), "config.json"))
    entry = own_entry("model", out, "mine")
    assert entry.figures["vocabulary_size", ""].value == 151936
    assert entry.title == "own"
    study.write_text(study.read_text().replace("own/config.json", "mine.yaml"))
    assert open_study(study).fixed == opened.fixed
    assert open_study(study, axis=[f"model={out},llama-3.1-8b"]).axes["model"].labels == (str(out), "llama-3.1-8b")


@pytest.mark.parametrize(
    ("select", "reason"),
    [
        ("{model: none.yaml}", "no such file"),
        ("{gpu: config.json}", "a gpu is read from a YAML file"),
        ("{model: wrong.yaml}", "wrong.yaml:2: hiden_size = '1': unknown key 'hiden_size'"),
    ],
)
def test_study_reports_invalid_own_entry_in_one_line(tmp_path, select, reason):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "wrong.yaml").write_text("title: x\nhiden_size: 1\n")
    (tmp_path / "study.yaml").write_text(f"title: x\nselect: {select}\noutputs: [total_parameters]\n")
    with pytest.raises(SweepError, match=reason):
        open_study(tmp_path / "study.yaml")
