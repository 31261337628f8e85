"""Names as publications print them to entries of the catalogue. What belongs here: which GPU and which model a row means."""

from __future__ import annotations

import re
from functools import cache

from sweep.catalog import entries
from sweep.catalog.entries import Entry

# a published name, reduced to letters and digits: the catalogue's name of the same shape
SAME_SHAPE = {
    # Llama and what is trained from it, some with a few tokens more
    "llama7b": "llama27b",
    "llama33b": "llama30b",
    "llama234b": "codellama34b",
    "llama38b": "llama318b",
    "llama370b": "llama3170b",
    "llama3370b": "llama3170b",
    "llama405b": "llama31405b",
    "llama3405b": "llama31405b",
    "llama4maverick17b128e": "llama4maverick",
    "llama4scout17b16e": "llama4scout",
    "codellama7b": "llama27b",
    "codellama13b": "llama213b",
    "codellama70b": "llama270b",
    "vicuna7b": "llama27b",
    "vicuna13b": "llama213b",
    "vicuna33b": "llama30b",
    "openllama7b": "llama27b",
    "openllama13b": "llama213b",
    "llamaguard7b": "llama27b",
    "llamaguard38b": "llama318b",
    "llamaguard28b": "llama318b",
    "llama31nemotron70b": "llama3170b",
    "llama31nemotronnano8b": "llama318b",
    "llama33nemotronsuper49bv1": "llama33nemotronsuper49b",
    "llama33nemotronsuper49bv15": "llama33nemotronsuper49b",
    "hermes3llama318b": "llama318b",
    "tulu38b": "llama318b",
    "llama31tulu38b": "llama318b",
    "llama31tulu370b": "llama3170b",
    "deepseekr1distillllama8b": "llama318b",
    "deepseekr1distillllama70b": "llama3170b",
    "deepseekcoder67b": "llama27b",
    # Mistral
    "mistralnemo": "mistralnemo12b",
    "mistrallarge": "mistrallarge2",
    "mistrallarge3675b": "mistrallarge3",
    "mistralsmall4": "mistralsmall4119b",
    "mistralsmall3": "mistralsmall24b",
    "mistralsmall3124b": "mistralsmall24b",
    "mistralsmall3224b": "mistralsmall24b",
    "devstralsmall": "mistralsmall24b",
    "devstralsmall224b": "mistralsmall24b",
    "magistralsmall": "mistralsmall24b",
    "mistralsmall": "mistralsmall22b",
    "codestral22b": "mistralsmall22b",
    "mathstral7b": "mistral7b",
    "zephyr7b": "mistral7b",
    "openchat35": "mistral7b",
    "openhermes25mistral7b": "mistral7b",
    # DeepSeek, Kimi, GLM, MiniMax
    "deepseekv25": "deepseekv2",
    "deepseekcoderv2": "deepseekv2",
    "deepseekcoderv2lite": "deepseekv2lite",
    "deepseekv30324": "deepseekv3",
    "deepseekv31": "deepseekv3",
    "deepseekr1": "deepseekv3",
    "deepseekr10528": "deepseekv3",
    "deepseekr1zero": "deepseekv3",
    "deepseekmath7b": "deepseekllm7b",
    "deepseekcoder7bv15": "deepseekllm7b",
    "kimik25": "kimik2",
    "kimik26": "kimik2",
    "kimik27code": "kimik2",
    "kimidev72b": "qwen2572b",
    "glm46": "glm45",
    "glm47": "glm45",
    "glm45v": "glm45air",
    "glm46v": "glm45air",
    "intellect3": "glm45air",
    "glm51": "glm5",
    "glm52": "glm5",
    "glm53": "glm5",
    "glm432b0414": "glm432b",
    "glmz132b0414": "glm432b",
    "glm49b0414": "glm49b",
    "chatglm26b": "chatglm36b",
    "minimaxm2": "minimaxm25",
    "minimaxm21": "minimaxm25",
    "minimaxm27": "minimaxm25",
    "minimaxm1": "minimaxtext01",
    "minimaxm140k": "minimaxtext01",
    "minimaxm180k": "minimaxtext01",
    "step35flash": "step37flash",
    "ring1t": "ling1t",
    "ringflash20": "lingflash20",
    "ringmini20": "lingmini20",
    # Qwen
    "qwen27b": "qwen257b",
    "qwen272b": "qwen2572b",
    "qwen205b": "qwen2505b",
    "qwen215b": "qwen2515b",
    "qwq32b": "qwen2532b",
    "qwen330b": "qwen330ba3b",
    "qwen3coder30ba3b": "qwen330ba3b",
    "qwen3omni30ba3b": "qwen330ba3b",
    "qwen3vl2b": "qwen317b",
    "qwen3vl4b": "qwen34b",
    "qwen3vl8b": "qwen38b",
    "qwen3vl32b": "qwen332b",
    "qwen3vl30ba3b": "qwen330ba3b",
    "qwen3vl235ba22b": "qwen3235ba22b",
    "qwen3codernext": "qwen3next80ba3b",
    "qwen3627b": "qwen3527b",
    "qwen3635ba3b": "qwen3535ba3b",
    "qwen25coder05b": "qwen2505b",
    "qwen25coder15b": "qwen2515b",
    "qwen25coder3b": "qwen253b",
    "qwen25coder7b": "qwen257b",
    "qwen25coder14b": "qwen2514b",
    "qwen25coder32b": "qwen2532b",
    "qwen25math15b": "qwen2515b",
    "qwen25math7b": "qwen257b",
    "qwen25math72b": "qwen2572b",
    "qwen25vl3b": "qwen253b",
    "qwen25vl7b": "qwen257b",
    "qwen25vl32b": "qwen2532b",
    "qwen25vl72b": "qwen2572b",
    "qwen2vl7b": "qwen257b",
    "qwen2vl72b": "qwen2572b",
    "deepseekr1distillqwen15b": "qwen2515b",
    "deepseekr1distillqwen7b": "qwen257b",
    "deepseekr1distillqwen14b": "qwen2514b",
    "deepseekr1distillqwen32b": "qwen2532b",
    "deepseekr10528qwen38b": "qwen38b",
    # others
    "gpt3": "gpt3175b",
    "gpt175b": "gpt3175b",
    "gpt2124m": "gpt2",
    "gptj": "gptj6b",
    "gptneox": "gptneox20b",
    "bloom": "bloom176b",
    "bloomz": "bloom176b",
    "bloomz7b1": "bloom7b1",
    "bloomberggpt50b": "bloomberg50b",
    "starcoder": "starcoder15b",
    "starcoderbase155b": "starcoder15b",
    "grok1314b": "grok1",
    "exaone4032b": "exaone432b",
    "codegemma7b": "gemma7b",
    "codegemma2b": "gemma2b",
    "shieldgemma9b": "gemma29b",
    "medgemma27b": "gemma327b",
    "medgemma4b": "gemma34b",
    "c4aicommandr": "commandr35b",
    "commandr": "commandr35b",
    "c4aicommandrplus": "commandrplus104b",
    "commandrplus": "commandrplus104b",
    "c4aicommandrplus082024": "commandrplus104b",
    "commandaplus": "commanda",
    "c4aicommanda": "commanda",
    "ayaexpanse8b": "aya238b",
    "phi3mini4k": "phi3mini",
    "phi3mini128k": "phi3mini",
    "phi35mini": "phi3mini",
    "phi3small8k": "phi3small",
    "phi3small128k": "phi3small",
    "phi3medium4k": "phi3medium",
    "phi3medium128k": "phi3medium",
    "phi4reasoningplus": "phi4",
    "olmo211247b": "olmo27b",
    "olmo2112413b": "olmo213b",
    "olmo2032532b": "olmo232b",
    "olmo310257b": "olmo37b",
    "olmo3112532b": "olmo332b",
    "olmoe1b7b0924": "olmoe1b7b",
    "granite308b": "granite38b",
    "granite318b": "granite38b",
    "granite328b": "granite38b",
    "granite338b": "granite38b",
    "granite302b": "granite32b",
    "granite312b": "granite32b",
    "granite322b": "granite32b",
    "granite332b": "granite32b",
    "yi156b": "yi6b",
    "yi9b": "yi159b",
    "yi1534b": "yi34b",
    "internlm257b": "internlm27b",
    "internlm2520b": "internlm220b",
    "internlm2chat7b": "internlm27b",
    "aquilachat7b": "aquila7b",
    "jamba": "jamba52b",
    "jamba15mini": "jamba52b",
    "tinyllama11bchatv10": "tinyllama11b",
    "stablelm3b4e1t": "stablelm3b",
    "nemotron35lightning30ba3b": "nemotron3nano30ba3b",
}
SUFFIXES = (
    "instruct|chat|base|python|preview|thinking|reasoning|terminus|exp|beta|it|pt|hf|v01|v02|v03|v13|v15|fp8|nvfp4|fp4|mxfp4|bf16|"
    "0324|0528|0711|0725|0905|2407|2409|2410|2411|2501|2503|2505|2506|2507|2508|2509|2512|99|999"
)
NOISE = re.compile(rf"({SUFFIXES})$")
NUMBERED = ("rtx", "tpu", "arc")  # product lines, where the word after the first tells the chip


def plain(name: str, kept: str = "") -> str:
    """A name without its owner, punctuation and case: `meta-llama/Llama-3.1-8B` and `llama-3.1-8b` are the same.

    kept: punctuation that stays.
    """
    word = re.sub(rf"[^a-z0-9{kept}]", "", name.rpartition("/")[2].lower())
    return word.removeprefix("meta").removeprefix("nvidia")


@cache
def model(name: str) -> Entry | None:
    """The catalogue entry of a model: by its name, by a name of the same shape, or less a suffix such as `-Instruct-FP8`.

    Points count first, as OPT 1.3B is not OPT 13B.
    """
    for kept in (".", ""):
        known = {plain(entry, kept): entry for entry in entries.entry_names("model")}
        word, last = plain(name, kept), ""
        while word != last:
            for candidate in (word, "" if kept else SAME_SHAPE.get(word, "")):
                if candidate in known:
                    return entries.entry("model", known[candidate])
            word, last = NOISE.sub("", word), word
    return None


@cache
def gpu(name: str, memory: float | None) -> Entry | None:
    """The catalogue entry of a GPU: the same chip, PCIe only where it is said, most words of the name, nearest memory.

    memory: bytes that the row states, or None.
    """
    words = re.findall(r"[a-z0-9]+", name.lower().replace("tpuv", "tpu v"))
    found = []
    for entry_name in entries.entry_names("gpu"):
        parts = re.findall(r"[a-z0-9]+", entry_name)
        if parts[0] not in words or (parts[0] in NUMBERED and parts[1] not in words):
            continue
        entry = entries.entry("gpu", entry_name)
        figure = entry.figures.get(("gpu_memory", ""))
        own = figure.value if figure else 0.0
        unsaid = {"pcie", "nvl"} & set(parts) - set(words)
        size = float(abs(own / memory - 1) > 0.15) if memory else -own
        rank = (len(unsaid), -len(set(parts[1:]) & set(words)), len(parts) if not memory else 0, size, entry_name)
        found.append((rank, entry))
    return min(found, key=lambda item: item[0])[1] if found else None


def linked(entry: Entry) -> tuple[Entry, ...]:
    """An entry and those that it brings along (a GPU its server)."""
    return (entry, *(entries.entry(kind, name) for kind, name in entry.links.items()))
