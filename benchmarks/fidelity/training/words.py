"""Words of a row of published-training.csv. What belongs here: what they say of format, recompute, sharding, kernels and class.

How they become inputs is for inputs.py, whose table states the rules.
"""

from __future__ import annotations

import re

from benchmarks.fidelity.evaluation import Unscored
from benchmarks.fidelity.rows import Row
from sweep.catalog.parameters import parameters

PRECISIONS = {"nvfp4": "fp4", "fp4": "fp4", "mxfp8": "fp8", "fp8": "fp8", "bf16": "bf16", "fp16": "fp16", "tf32": "tf32", "fp32": "fp32"}
MODULES = {
    "mlp": "recompute_mlp",
    "layernorm": "recompute_norms",
    "moe_act": "recompute_expert_activation",
    "moe": "recompute_experts",
    "shared_experts": "recompute_shared_experts",
    "mla_up_proj": "recompute_latent_projection",
}
COMPLETE = ("layers", "hidden", "heads", "ffn", "seq_len", "n_gpus", "tp", "pp", "dp", "micro_batch", "global_batch", "precision")


def noted(row: Row, word: str) -> float | None:
    """A parallel size or micro-batch that only the notes name."""
    size = re.search(rf"\b{word.upper()}(\d+)\b", row.text("notes"))
    if size is None and word == "vp" and "interleaved" in row.text("notes"):
        return 2.0
    return float(size[1]) if size else None


def precision(text: str, gpu: str) -> str:
    """The format of the matrix products."""
    for word, name in PRECISIONS.items():
        if text.startswith(word):
            return name
    return "fp16" if gpu.startswith("V100") else "bf16"


def recompute(text: str, fused_attention: bool) -> str:
    """The recompute mode: none, selective or full; where the row is silent, full without a fused attention, whose scores would not fit."""
    said = re.search(r"\b(none|selective|full)\b", text)
    if said:
        return said[1]
    default = parameters()["recompute"].default
    return "full" if not fused_attention or default is None else parameters()["recompute"].choices[int(default.value)]


def modules(row: Row) -> dict[str, float]:
    """The modules that are computed again on top of the mode."""
    text = re.sub("selective|full|none", "", f"{row.text('recompute')} {row.text('recompute_modules')}")
    return {MODULES[word]: 1.0 for word in re.findall(r"[a-z_]+", text) if word in MODULES}


def zero_stage(text: str, default: int) -> int:
    """What data-parallel ranks share: 0 nothing, 1 optimizer state, 2 and gradients, 3 and parameters."""
    stage = re.search(r"ZeRO-([0-3])", text)
    if stage:
        return int(stage[1])
    if "FSDP" in text:
        return 3
    if text.startswith(("none", "DDP")):
        return 0
    return 1 if text.startswith(("dist-optimizer", "ZeRO")) else default


def complete(row: Row) -> bool:
    """Whether the row publishes shape, layout, batch and precision whole."""
    return all(row.text(name) for name in COMPLETE)


def kind(row: Row) -> str:
    """The class in which a row is reported: dense with complete configuration, mixture of experts, other dense."""
    if row.text("arch").startswith("moe"):
        return "moe"
    return "dense complete" if complete(row) else "dense incomplete"


def refuse(row: Row) -> None:
    """Raise Unscored where the run is one that the equations do not describe, or is misprinted."""
    notes, arch, task = row.text("notes"), row.text("arch"), row.text("task")
    reasons = (
        (row.text("status") == "recalled", "figures recalled from memory, not read in a source"),
        (task == "gemm-microbenchmark", "a matrix product alone, no training step"),
        ("mamba" in arch or row.text("model").startswith("Qwen3-Next"), "state-space or linear-attention layers, which the model lacks"),
        ("INCONSISTENT" in notes, "layout inconsistent as printed"),
        ("look swapped" in notes, "columns swapped in the source"),
        (notes.startswith(("MegaScale (parallel block", "ablation: +")), "parallel block and sliding window, whose shape is not printed"),
        ("offload" in row.text("sharding"), "activations kept in host memory"),
    )
    for true, reason in reasons:
        if true:
            raise Unscored(reason)
    gpus, tp, pp, dp = (row.number(name) for name in ("n_gpus", "tp", "pp", "dp"))
    if gpus and tp and pp and dp and gpus != tp * pp * dp * (row.number("cp") or 1):
        raise Unscored("layout inconsistent as printed: tp x pp x cp x dp is not the number of GPUs")
