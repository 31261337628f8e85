"""Names as publications print them to entries of the catalogue. What belongs here: which GPU and which model a row means."""

from __future__ import annotations

import re
from functools import cache

from sweep import catalogue
from sweep.catalogue import Entry

# a published name, reduced to letters and digits: the catalogue's name of the same shape
SAME_SHAPE = {
    "llama370b": "llama3170b",
    "llama3370b": "llama3170b",
    "llama38b": "llama318b",
    "llama405b": "llama31405b",
    "llama3405b": "llama31405b",
    "llama33b": "llama30b",
    "llama234b": "codellama34b",
    "llama4maverick17b128e": "llama4maverick",
    "llama4scout17b16e": "llama4scout",
    "grok1314b": "grok1",
    "gpt3": "gpt3175b",
    "gpt175b": "gpt3175b",
    "gpt2124m": "gpt2",
    "gptj": "gptj6b",
    "gptneox": "gptneox20b",
    "bloom": "bloom176b",
    "bloomberggpt50b": "bloomberg50b",
    "starcoderbase155b": "starcoder15b",
    "starcoder": "starcoder15b",
    "deepseekr1": "deepseekv3",
    "deepseekr10528": "deepseekv3",
    "deepseekv31": "deepseekv3",
    "deepseekv30324": "deepseekv3",
    "qwen330b": "qwen330ba3b",
    "qwen3coder30ba3b": "qwen330ba3b",
    "phi3mini4k": "phi3mini",
    "phi3mini128k": "phi3mini",
    "exaone4032b": "exaone432b",
    "commandaplus": "commanda",
    "qwen27b": "qwen257b",
    "qwen272b": "qwen2572b",
    "qwq32b": "qwen2532b",
    "qwen3vl30ba3b": "qwen330ba3b",
    "qwen3vl235ba22b": "qwen3235ba22b",
    "deepseekr1distillllama70b": "llama3170b",
    "deepseekr1distillllama8b": "llama318b",
    "deepseekr1distillqwen32b": "qwen2532b",
    "deepseekr1distillqwen14b": "qwen2514b",
    "deepseekr1distillqwen7b": "qwen257b",
    "kimik25": "kimik2",
    "glm46": "glm45",
    "minimaxm2": "minimaxm25",
    "minimaxm21": "minimaxm25",
        "mistrallarge": "mistrallarge2",
    "mistralnemo": "mistralnemo12b",
    "mistralsmall3124b": "mistralsmall24b",
    "mistralsmall3224b": "mistralsmall24b",
    "nvidianemotronnano12bv2": "nemotronnano12bv2",
    "nvidianemotronnano9bv2": "nemotronnano9bv2",
    "llama7b": "llama27b",
    "phi3medium4k": "phi4",
    "phi3small8k": "llama318b",
}
NOISE = re.compile(
    r"(instruct|chat|base|preview|thinking|terminus|fp8|nvfp4|fp4|mxfp4|bf16|0324|0528|0711|0905|2407|2411|2501|2503|2506|2507|v01|v02|v03|it|hf|99|999)$"
)
NUMBERED = ("rtx", "tpu", "arc")  # product lines, where the word after the first tells the chip


def plain(name: str) -> str:
    """A name without its owner, punctuation and case: `meta-llama/Llama-3.1-8B` and `llama-3.1-8b` are the same."""
    word = re.sub(r"[^a-z0-9]", "", name.rpartition("/")[2].lower())
    return word.removeprefix("meta")


@cache
def model(name: str) -> Entry | None:
    """The catalogue entry of a model: by its name, by a name of the same shape, or less a suffix such as `-Instruct-FP8`."""
    entries = {plain(entry): entry for entry in catalogue.entry_names("model")}
    word = plain(name)
    while word:
        for candidate in (word, SAME_SHAPE.get(word, "")):
            if candidate in entries:
                return catalogue.entry("model", entries[candidate])
        shorter = NOISE.sub("", word)
        if shorter == word:
            return None
        word = shorter
    return None


@cache
def gpu(name: str, memory: float | None) -> Entry | None:
    """The catalogue entry of a GPU: the same chip, PCIe only where it is said, most words of the name, nearest memory.

    memory: bytes that the row states, or None.
    """
    words = re.findall(r"[a-z0-9]+", name.lower().replace("tpuv", "tpu v"))
    found = []
    for entry_name in catalogue.entry_names("gpu"):
        parts = re.findall(r"[a-z0-9]+", entry_name)
        if parts[0] not in words or (parts[0] in NUMBERED and parts[1] not in words):
            continue
        entry = catalogue.entry("gpu", entry_name)
        figure = entry.figures.get(("gpu_memory", ""))
        own = figure.value if figure else 0.0
        unsaid = {"pcie", "nvl"} & set(parts) - set(words)
        size = float(abs(own / memory - 1) > 0.15) if memory else -own
        rank = (len(unsaid), -len(set(parts[1:]) & set(words)), len(parts) if not memory else 0, size, entry_name)
        found.append((rank, entry))
    return min(found, key=lambda item: item[0])[1] if found else None


def linked(entry: Entry) -> tuple[Entry, ...]:
    """An entry and those that it brings along (a GPU its server)."""
    return (entry, *(catalogue.entry(kind, name) for kind, name in entry.links.items()))
