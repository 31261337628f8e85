"""Names as publications print them find the entry of their shape, and every name that stands for another leads to an entry."""

import pytest

from benchmarks.fidelity import catalogue_match
from sweep.catalog import entries

NAMES = {
    "01-ai/Yi-1.5-34B-Chat": "yi-34b",
    "BAAI/Aquila-7B": "aquila-7b",
    "CohereForAI/c4ai-command-r-plus": "command-r-plus-104b",
    "CohereForAI/c4ai-command-r-v01": "command-r-35b",
    "Deci/DeciLM-7B-instruct": "decilm-7b",
    "EleutherAI/gpt-j-6b": "gpt-j-6b",
    "HuggingFaceH4/zephyr-7b-beta": "mistral-7b",
    "MiniMaxAI/MiniMax-M2.7": "minimax-m2.5",
    "MiniMaxAI/MiniMax-Text-01": "minimax-text-01",
    "Qwen/QwQ-32B-Preview": "qwen2.5-32b",
    "Qwen/Qwen2.5-Coder-14B": "qwen2.5-14b",
    "Qwen/Qwen2.5-Coder-32B-Instruct": "qwen2.5-32b",
    "Qwen/Qwen2.5-Coder-7B-Instruct": "qwen2.5-7b",
    "Qwen/Qwen3-Coder-Next-FP8": "qwen3-next-80b-a3b",
    "Qwen/Qwen3-Next-80B-A3B-Instruct": "qwen3-next-80b-a3b",
    "Qwen/Qwen3-VL-8B-Instruct": "qwen3-8b",
    "Qwen/Qwen3.5-27B": "qwen3.5-27b",
    "Qwen/Qwen3.5-35B-A3B": "qwen3.5-35b-a3b",
    "allenai/OLMo-2-0325-32B-Instruct": "olmo-2-32b",
    "allenai/OLMo-2-1124-13B": "olmo-2-13b",
    "allenai/OLMo-2-1124-7B": "olmo-2-7b",
    "baidu/ERNIE-4.5-300B-A47B": "ernie-4.5-300b-a47b",
    "bigcode/starcoder2-15b": "starcoder2-15b",
    "bigscience/bloom-7b1": "bloom-7b1",
    "bigscience/bloomz": "bloom-176b",
    "codellama/CodeLlama-13b-Python-hf": "llama-2-13b",
    "codellama/CodeLlama-34b-Instruct-hf": "codellama-34b",
    "codellama/CodeLlama-70b-hf": "llama-2-70b",
    "databricks/dbrx-instruct": "dbrx",
    "deepseek-ai/DeepSeek-R1-0528": "deepseek-v3",
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B": "qwen2.5-1.5b",
    "deepseek-ai/DeepSeek-V2.5": "deepseek-v2",
    "deepseek-ai/DeepSeek-V3.1-Terminus": "deepseek-v3",
    "deepseek-ai/DeepSeek-V3.2-Exp": "deepseek-v3.2",
    "deepseek-ai/deepseek-llm-67b-chat": "deepseek-llm-67b",
    "facebook/opt-1.3b": "opt-1.3b",
    "facebook/opt-13b": "opt-13b",
    "facebook/opt-2.7b": "opt-2.7b",
    "google/codegemma-7b-it": "gemma-7b",
    "google/gemma-3-1b-it": "gemma-3-1b",
    "google/gemma-3-27b-pt": "gemma-3-27b",
    "ibm-granite/granite-3.3-8b-instruct": "granite-3-8b",
    "ibm-granite/granite-4.0-h-small": "granite-4.0-h-small",
    "inclusionAI/Ling-1T": "ling-1t",
    "lmsys/vicuna-13b-v1.5": "llama-2-13b",
    "meta-llama/Llama-Guard-3-8B": "llama-3.1-8b",
    "meta-llama/Meta-Llama-3-8B": "llama-3.1-8b",
    "microsoft/Phi-3-medium-4k-instruct": "phi-3-medium",
    "microsoft/Phi-4-mini-instruct": "phi-4-mini",
    "microsoft/Phi-4-reasoning": "phi-4",
    "microsoft/phi-2": "phi-2",
    "mistralai/Devstral-Small-2505": "mistral-small-24b",
    "mistralai/Mistral-7B-v0.1": "mistral-7b",
    "mistralai/Mistral-Large-3-675B-Instruct-2512": "mistral-large-3",
    "mistralai/Mistral-Small-Instruct-2409": "mistral-small-22b",
    "mistralai/Mixtral-8x22B-Instruct-v0.1": "mixtral-8x22b",
    "moonshotai/Kimi-K2-Thinking": "kimi-k2",
    "moonshotai/Kimi-Linear-48B-A3B-Instruct": "kimi-linear-48b-a3b",
    "nvidia/Llama-3_3-Nemotron-Super-49B-v1": "llama-3.3-nemotron-super-49b",
    "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-FP8": "nemotron-3-nano-30b-a3b",
    "nvidia/NVIDIA-Nemotron-Nano-12B-v2": "nemotron-nano-12b-v2",
    "stepfun-ai/step3-fp8": "step-3",
    "swiss-ai/Apertus-70B-Instruct-2509": "apertus-70b",
    "tencent/Hunyuan-A13B-Instruct": "hunyuan-a13b",
    "tiiuae/Falcon3-7B-Instruct": "falcon-3-7b",
    "xai-org/grok-2": "grok-2",
    "zai-org/GLM-4.6": "glm-4.5",
    "zai-org/GLM-5-FP8": "glm-5",
}


@pytest.mark.parametrize("name", NAMES)
def test_match_finds_entry_of_same_shape(name):
    assert catalogue_match.model(name).name == NAMES[name]


@pytest.mark.parametrize("name", ["gpt-4o", "Llama-2-7b-unknown", "c4ai-command-r-08-2024", "Llama-3_1-Nemotron-Ultra-253B-v1"])
def test_match_rejects_entry_of_other_shape(name):
    assert catalogue_match.model(name) is None


def test_match_aliases_lead_to_entries():
    known = {catalogue_match.plain(name) for name in entries.entry_names("model")}
    assert set(catalogue_match.SAME_SHAPE.values()) <= known
    assert not set(catalogue_match.SAME_SHAPE) & known


def test_match_finds_each_entry_by_name():
    for name in entries.entry_names("model"):
        assert catalogue_match.model(name).name == name
