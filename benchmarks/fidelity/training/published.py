"""Published results in one unit. What belongs here: step time and memory of a row, converted by the convention of its source."""

from __future__ import annotations

from benchmarks.fidelity.evaluation import Inputs, Unscored
from benchmarks.fidelity.rows import Row

GIB = 2.0**30
FULL = ("palm-mfu", "mcore", "nemo-mcore", "dgxc-full", "megascale", "mosaic", "korthikanti", "nemo-longseq")
CAUSAL = ("mbridge-causal", "causal attention counted", "automodel-causal")


def forward_flops(inputs: Inputs, attention: float) -> float:
    """Operations of one token forward through the model, as publications count them: matrix products and attention only.

    attention: share of the score matrix that is counted, 1 whole, 0.5 causal, 0 none.
    """
    v = inputs.value
    hidden, heads, head, value_head = v("hidden_size"), v("attention_heads"), v("head_size"), v("value_head_size")
    if v("kv_lora_rank") > 0:
        rope = v("rope_head_size")
        query = hidden * v("q_lora_rank") + v("q_lora_rank") * heads * head if v("q_lora_rank") > 0 else hidden * heads * head
        key_value = hidden * (v("kv_lora_rank") + rope) + v("kv_lora_rank") * heads * (head - rope + value_head)
    else:
        query, key_value = hidden * heads * head, v("kv_heads") * hidden * (head + value_head)
    projections = query + key_value + heads * value_head * hidden
    scores = attention * v("sequence_length") * heads * (head + value_head)
    dense = v("mlp_matrices") * hidden * v("ffn_hidden_size")
    mixture = v("mlp_matrices") * hidden * (v("experts_per_token") * v("expert_hidden_size") + v("shared_expert_hidden_size"))
    layers, mixed = v("layers"), v("moe_layers")
    mlp = dense * (layers - mixed) + mixture * mixed
    return 2 * (layers * (projections + scores) + mlp + hidden * v("vocabulary_size"))


def convention(row: Row, inputs: Inputs) -> float:
    """Operations of one token of training in the convention of the row's printed rate; Unscored where it is not known."""
    name, total = row.text("flop_convention"), row.number("params_total_b")
    passes = 4.0 if row.text("tflops_kind") == "hardware" and inputs.value("recompute") == 2.0 else 3.0
    if name.startswith("narayanan-96"):
        return 4 * forward_flops(inputs, 1)
    if name.startswith(("8*N*tokens", "6*N*tokens")) and total:
        return float(name[0]) * total * 1e9
    if name.startswith(FULL):
        return passes * forward_flops(inputs, 1)
    if name.startswith(CAUSAL):
        return passes * forward_flops(inputs, 0.5)
    raise Unscored(f"printed rate not comparable: {name}" if name else "no step time, token rate or FLOP convention published")


def step_time(row: Row, inputs: Inputs) -> tuple[float, str]:
    """Seconds of one optimizer step and what it was read from: the step time itself, else tokens a second, else FLOP/s."""
    seconds = row.number("step_time_s")
    if seconds:
        return seconds, "step time"
    tokens = inputs.value("global_batch") * inputs.value("sequence_length")
    gpus = inputs.value("gpus")
    rate = row.number("tokens_per_s") or gpus * (row.number("tokens_per_s_per_gpu") or 0)
    if rate:
        return tokens / rate, "tokens/s"
    flops = (row.number("tflops_per_gpu") or 0) * 1e12
    if not flops:
        flops = (row.number("mfu_pct") or 0) / 100 * (row.number("peak_tflops_used") or 0) * 1e12
    if not flops:
        production = row.text("task") == "pretrain-production"
        raise Unscored("whole-run hours only, which hold restarts and evaluation" if production else "no result published")
    return tokens * convention(row, inputs) / (flops * gpus), "FLOP/s"


def memory(row: Row) -> float | None:
    """Peak bytes of one GPU, where the row gives them."""
    peak = row.number("peak_mem_gib")
    return peak * GIB if peak else None
