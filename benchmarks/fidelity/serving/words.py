"""Words of a row of published-serving.csv. What belongs here: what they say of hardware, split, software, formats and drafts.

How they become inputs is for inputs.py, whose table states the rules.
"""

from __future__ import annotations

import re

from benchmarks.fidelity import catalogue_match
from benchmarks.fidelity.evaluation import Inputs, Unscored, Value
from benchmarks.fidelity.rows import Row
from sweep.catalog import entries
from sweep.catalog.entries import Entry

# format: bits of one weight with its scales, format of the products
FORMATS = {
    "bfloat16": (16.0, "bf16"),
    "bf16": (16.0, "bf16"),
    "fp16": (16.0, "bf16"),
    "fp8": (8.0, "fp8"),
    "int8": (8.0, "int8"),
    "w8a8": (8.0, "int8"),
    "fp4": (4.5, "fp4"),
    "nvfp4": (4.5, "fp4"),
    "mxfp4": (4.25, "bf16"),
    "native": (4.25, "bf16"),
    "uint4": (4.5, "bf16"),
    "int4": (4.25, "bf16"),
    "awq": (4.25, "bf16"),
    "gptq": (4.25, "bf16"),
    "w4a16": (4.25, "bf16"),
}
IN_NAMES = ("nvfp4", "fp8", "awq", "gptq", "int4", "int8")
FAMILIES = {"tensorrt": "tensorrt-llm", "trtllm": "tensorrt-llm", "sglang": "sglang", "deepspeed": "deepspeed"}
# engine: the first version of each generation after 2024
GENERATIONS = {"vllm": ((0, 7), (0, 11)), "tensorrt-llm": ((1, 0), (1, 2)), "sglang": ((0, 4), (0, 5))}
TREE = (5.0, 8.0)  # tokens in a row and tokens checked that SGLang takes where nobody says more (its documentation)


def hardware(text: str, source: str = "") -> Entry | None:
    """The catalogue entry of an accelerator; the memory in its name decides between sizes. Those of Argonne are A100 of 40 GB."""
    if text == "A100 SXM" and source.startswith("argonne"):
        text = "A100-40GB SXM"
    memory = re.search(r"(\d+) ?GB\b", text)
    name = re.sub(r"[ -]?\d+ ?GB\b", "", text)
    return catalogue_match.gpu(name, float(memory[1]) * 1e9 if memory else None)


def split(text: str, gpus: float) -> dict[str, Value] | None:
    """Parallel sizes of one replica, from words such as `TP1 EP8 DP1` or `DEP4`; None where there are none."""
    sizes = {name: float(size) for name, size in re.findall(r"\b(TP|PP|DP|EP|DEP)(\d+)", text)}
    if not sizes:
        return None
    if "DEP" in sizes:
        sizes = {"DP": sizes["DEP"], "EP": sizes["DEP"]}
    tp, ep, dp = sizes.get("TP", 1.0), sizes.get("EP", 1.0), sizes.get("DP", 1.0)
    if dp == 1 and ep > tp and gpus >= ep:
        tp = ep
    return {"serving_tp": tp, "serving_pp": sizes.get("PP", 1.0), "serving_dp": dp, "serving_ep": ep}


def pools(text: str) -> tuple[dict[str, Value], float, float] | None:
    """Parallel sizes of a replica that decodes, how many there are, and GPUs of the prefill pool; None where both are the same GPUs."""
    if not text.startswith("disaggregated"):
        return None
    plain = re.search(r"prefill (\d+)xTP(\d+) decode (\d+)xTP(\d+)", text)
    if plain:
        prompts, each, replicas, tp = map(float, plain.groups())
        return {"serving_tp": tp, "serving_pp": 1.0, "serving_dp": 1.0, "serving_ep": 1.0}, replicas, prompts * each
    size = {name: float(number) for name, number in re.findall(r"(\w+)=(\d+)", text)}
    if "decode_tp_size" not in size:
        raise Unscored("rates of the nodes of one role in a disaggregated cluster")
    ranks = size["decode_attention_dp_size"]
    sizes: dict[str, Value] = {
        "serving_tp": 1.0 if ranks > 1 else size["decode_tp_size"],
        "serving_pp": size["decode_pp_size"],
        "serving_dp": ranks,
        "serving_ep": size["decode_moe_ep_size"],
    }
    each = size["prefill_tp_size"] * size["prefill_pp_size"] * size["prefill_attention_dp_size"]
    return sizes, size.get("decode_num_workers", 1.0), size.get("prefill_num_workers", 1.0) * each


def engine(row: Row) -> Entry:
    """The catalogue entry of the software: its family and generation, from the row's words."""
    words = row.text("engine").lower()
    family = next((name for word, name in FAMILIES.items() if word in words), "vllm")
    year = generation(row, family)
    if family == "vllm" and "leaderboard-v2" in row.text("source"):
        return entries.entry("engine", "vllm-2024-server")
    if family == "vllm" and year == 2024 and row.text("hardware").startswith("MI"):
        return entries.entry("engine", "vllm-2024-rocm")
    for name in (f"{family}-{year}", f"{family}-2026", f"vllm-{year}", "vllm-2025"):
        if name in entries.entry_names("engine"):
            break
    return entries.entry("engine", name)


def generation(row: Row, family: str = "vllm") -> int:
    """2024, 2025 or 2026: runs of InferenceMAX are tuned and of late 2025 on, which counts as 2026; else the year or the version told."""
    text = f"{row.text('how_measured')} {row.text('engine')} {row.text('source')}"
    if "InferenceMAX" in text:
        return 2026
    if "inference_results_v4" in text or "LLM-Inference-Bench" in text:
        return 2024
    dated = re.search(r"\b(202\d)\b", text)
    if dated:
        return min(max(int(dated[1]), 2024), 2026)
    version = re.search(r"\b v?(\d+)\.(\d+)", row.text("engine"))
    if version and family in GENERATIONS:
        return 2024 + sum((int(version[1]), int(version[2])) >= first for first in GENERATIONS[family])
    return 2025


def formats(row: Row, known: Inputs) -> dict[str, Value]:
    """Formats of the products, the weights, and the keys and values."""
    text = row.text("precision").lower().split("/")[0]
    name = row.text("model").lower()
    if "gpt-oss" in name:
        return _mixed(row, known)
    text = text or next((word for word in IN_NAMES if word in name), "bf16")
    if text not in FORMATS:
        raise Unscored(f"number format {row.text('precision')} unknown")
    bits, products = FORMATS[text]
    if products != "bf16" and not Inputs({"serving_precision": products}, known.entries).value("serving_peak_rate") > 0:
        products = "bf16"
    keys = 8.0 if bits <= 8 and _short_keys(row) else 16.0
    return {"serving_precision": products, "weight_bits": bits, "kv_bits": keys}


def _mixed(row: Row, known: Inputs) -> dict[str, Value]:
    """Formats of a checkpoint with experts in MXFP4: products in fp8 under TensorRT-LLM where the GPU has 4-bit units, else in 16 bits."""
    four = Inputs({"serving_precision": "fp4"}, known.entries).value("serving_peak_rate") > 0
    keys = 8.0 if _short_keys(row) else 16.0
    narrow = four and re.search("tensorrt|trtllm", row.text("engine").lower())
    return {"serving_precision": "fp8" if narrow else "bf16", "weight_bits": 4.25, "kv_bits": keys}


def _short_keys(row: Row) -> bool:
    return bool(re.search("tensorrt|trtllm", row.text("engine").lower())) or row.text("workload").startswith("MLPerf")


def drafted(row: Row) -> tuple[float, float] | None:
    """Tokens in a row that a draft proposes and all that a pass then checks, by the options of vLLM and SGLang; None without a draft."""
    text = row.text("how_measured")
    if "speculative decoding:" not in text:
        return None
    found = dict(re.findall(r"(num-steps|eagle-topk|num-draft-tokens|num_speculative_tokens)\W+(\d+)", text))
    if "num_speculative_tokens" in found:
        depth = float(found["num_speculative_tokens"])
        return depth, depth + 1
    if "num-steps" not in found:
        return TREE
    depth = float(found["num-steps"])
    return depth, float(found.get("num-draft-tokens", depth * float(found.get("eagle-topk", 1))))
