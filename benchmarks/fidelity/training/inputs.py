"""A row of published-training.csv to the inputs of the equations. What belongs here: how it is translated, and what cannot be.

Shape comes from the row's own columns; what the file has no column for (head size, latent attention, shared experts, which
layers are mixtures) from the model's catalogue entry, where its width and heads are those of the row; the GPU's figures from its
entry. What a row leaves empty follows fixed rules that look at the row's trainer and layout only, never at its result:

| empty | rule |
| --- | --- |
| micro_batch | the size that the notes name (`MBS2`), else global_batch / (dp x grad_accum) where known, grad_accum 1 in MaxText; else 1 |
| global_batch | micro_batch x dp x grad_accum (one, where that is empty too); without micro_batch the row is not scored |
| tp, pp, cp, vp | the size that the notes name (`TP4 PP4 VP5`, `interleaved`: 2), else the recipe's, else 1; tp what a printed dp leaves |
| ep | 1 in MaxText, which shares experts as all parameters; else as many GPUs as divide experts and stage, at most 64 as in recipes |
| precision | fp16 on V100, else bf16 |
| imbalance of experts | the trainer's default; that of tokens of two kinds in Halo, whose benchmark text is one word and padding |
| trainer | the entry of configs/trainers of the framework and release that the source names (trainers.py) |
| recompute | full where the trainer's attention is not fused or, but in MaxText, less needs three times the memory; else the default |
| recompute_modules | the modules that it names, on top of what `recompute` says |
| attention of `packed` sequences | within 512 tokens, which texts of instruction data seldom exceed |
| seq_parallel | 1 where tp > 1 and the trainer hides tensor-parallel exchanges; else 0 |
| sharding | the optimizer state (ZeRO-1); nothing shared where the trainer is a Megatron-LM without fused attention |
| kv_heads | heads |
| ffn | the catalogue entry, else 4 x hidden |
| mlp_gated | the catalogue entry, else no where the inner width is 4 x hidden or not printed, else yes |
| vocab | the catalogue entry, else the 51200 of Megatron's padded GPT-2 vocabulary |
| head size | the catalogue entry, else hidden / heads |
| tied embeddings | the catalogue entry, else what the printed number of parameters is closer to, else where the MLP is not gated |
| learned positions | the catalogue entry, else where the MLP is not gated, as in GPT |
| biases of linear layers | the catalogue entry, else where the MLP is not gated |
| GPU memory | the catalogue entry, unless the row's differs by more than 15 % |
| network | the catalogue entry, unless the row states the node's rate in Gb/s |
| power cap | replaces the GPU's TDP where the row states one |

A name that no equation and no parameter knows is left out, so this table may name more than the equations read.
"""

from __future__ import annotations

import math
import re
from functools import cache

from benchmarks.fidelity import catalogue_match
from benchmarks.fidelity.evaluation import Evaluator, Inputs, Unscored, Value, index
from benchmarks.fidelity.rows import Row
from benchmarks.fidelity.training.routing import two_kinds
from benchmarks.fidelity.training.trainers import layout, recipe, trainer
from benchmarks.fidelity.training.words import modules, noted, precision, recompute, refuse, zero_stage
from sweep.catalog.entries import Entry

# input: column, for what is copied as it stands
COPIED = {
    "layers": "layers",
    "hidden_size": "hidden",
    "attention_heads": "heads",
    "kv_heads": "kv_heads",
    "ffn_hidden_size": "ffn",
    "vocabulary_size": "vocab",
    "experts": "experts",
    "experts_per_token": "topk",
    "expert_hidden_size": "moe_ffn",
    "sequence_length": "seq_len",
    "gpus": "n_gpus",
}
SPLIT = {"tp": "tp", "pp": "pp", "cp": "cp", "ep": "ep", "interleaving": "vp"}
GPT2_VOCABULARY = 51200
MOST_EXPERT_RANKS = 64
OVERFLOW = 3
ADAPTERS = 0.0  # share of the parameters that is trained with low-rank adapters, some 0.001, whose own products are left out
PACKED_TEXT = 512.0  # tokens of a text among several in one packed sequence; assumed
UNGATED = 4  # inner width over that of the residual stream, of an MLP of two matrices


def inputs_of(row: Row) -> Inputs:
    """The inputs of one row, or Unscored with the reason."""
    refuse(row)
    memory = row.number("gpu_mem_gb")
    gpu = catalogue_match.gpu(row.text("gpu"), memory * 1e9 if memory else None)
    if gpu is None:
        raise Unscored(f"no catalogue entry for the GPU {row.text('gpu')}")
    model, software = _model(row), trainer(row)
    entries = (*catalogue_match.linked(gpu), *((model,) if model else ()), software)
    given: dict[str, Value] = {name: value for name, column in COPIED.items() if (value := row.number(column)) is not None}
    given |= _split(row)
    known = Inputs(given, entries)

    def fill(name: str, value: Value | None) -> None:
        if not known.said(name) and value is not None:
            given[name] = value

    for name in ("layers", "hidden_size", "attention_heads", "sequence_length"):
        if not known.said(name):
            raise Unscored(f"{name.replace('_', ' ')} not published")
    if row.text("mlp_gated"):
        given["mlp_matrices"] = 3.0 if row.text("mlp_gated") == "yes" else 2.0
    heads, hidden = known.value("attention_heads"), known.value("hidden_size")
    inner = known.value("expert_hidden_size" if row.number("moe_ffn") else "ffn_hidden_size")
    fill("mlp_matrices", 3.0 if inner > 0 and inner != UNGATED * hidden else 2.0)
    gated = known.value("mlp_matrices") == 3
    fill("kv_heads", heads)
    fill("ffn_hidden_size", 4 * hidden if not row.number("moe_ffn") else 0.0)
    fill("vocabulary_size", GPT2_VOCABULARY)
    fill("head_size", hidden / heads)
    given.setdefault("value_head_size", known.value("value_head_size") if known.said("value_head_size") else known.value("head_size"))
    fill("linear_biases", float(not gated))
    fill("learned_positions", 0.0 if gated else known.value("sequence_length"))
    for name in ("q_lora_rank", "kv_lora_rank", "rope_head_size", "shared_expert_hidden_size", "attention_window", "windowed_layers"):
        fill(name, 0.0)
    _mixture(row, given, known)
    fill("tied_embeddings", _tied(known, row.number("params_total_b"), float(not gated)))
    if row.number("ep") is None and not layout(row) and known.value("experts") > 0 and not _maxtext(row):
        given["ep"] = _expert_ranks(known.value("experts"), (row.number("n_gpus") or 1.0) / index("pp", given["pp"]))
    _batch(row, given)
    if "packed" in row.text("notes"):
        given |= {"attention_window": PACKED_TEXT, "windowed_layers": known.value("layers")}
    if row.text("task") == "lora":
        given["trained_fraction"] = ADAPTERS
    given["precision"] = precision(row.text("precision"), row.text("gpu"))
    fused, hides = (known.value(name) == 1 for name in ("fused_attention", "tensor_overlap"))
    given["recompute"] = recompute(row.text("recompute"), fused)
    given |= modules(row)
    said = row.text("seq_parallel")
    given["sequence_parallel"] = float(said == "yes" if said else index("tp", given["tp"]) > 1 and hides)
    alone = not fused and software.name.startswith("megatron-lm")
    given["zero_stage"] = float(zero_stage(row.text("sharding"), 0 if alone else 1))
    given |= recipe(row, given["sequence_parallel"] == 1)
    if software.name.startswith("halo"):
        given |= _one_word(known)
    _machine(row, given, known)
    if not row.text("recompute") and not _maxtext(row) and _overflows(Inputs(given, entries)):
        given["recompute"] = "full"
    return Inputs(given, entries)


def _maxtext(row: Row) -> bool:
    """Whether a run shares everything, experts too, and takes its batch whole, offloading what does not fit."""
    return "MaxText" in row.text("sharding")


@cache
def _memory() -> Evaluator:
    return Evaluator(("memory_per_gpu",))


def _overflows(inputs: Inputs) -> bool:
    """Whether a run needs several times the memory of its GPU, so that it must have computed all activations again."""
    need, _ = _memory().predict(inputs, gpu_memory=math.inf).of("memory_per_gpu")
    return need is not None and need > OVERFLOW * inputs.value("gpu_memory")


def _model(row: Row) -> Entry | None:
    """The catalogue entry of the row's model, unless the row prints another width or number of heads."""
    entry = catalogue_match.model(row.text("model"))
    for name, column in (("hidden_size", "hidden"), ("attention_heads", "heads")):
        printed = row.number(column)
        if entry and printed and (name, "") in entry.figures and entry.figures[name, ""].value != printed:
            return None
    return entry


def _split(row: Row) -> dict[str, float]:
    """Sizes of the split; tensor parallelism is what the published data parallelism leaves where nothing names it."""
    known = layout(row)
    found = {name: row.number(column) or noted(row, column) or known.get(name) for name, column in SPLIT.items()}
    sizes = {name: value or 1.0 for name, value in found.items()}
    gpus, copies = row.number("n_gpus"), row.number("dp")
    if not found["tp"] and gpus and copies:
        left = gpus / (copies * sizes["pp"] * sizes["cp"])
        sizes["tp"] = left if left >= 1 and left.is_integer() else 1.0
    return sizes


def _mixture(row: Row, given: dict[str, Value], known: Inputs) -> None:
    if not row.text("arch").startswith("moe"):
        given |= {"experts": 0.0, "experts_per_token": 0.0, "expert_hidden_size": 0.0, "shared_expert_hidden_size": 0.0, "moe_layers": 0.0}
        return
    for name in ("experts", "experts_per_token", "expert_hidden_size"):
        if not known.said(name):
            raise Unscored(f"{name.replace('_', ' ')} not published")
    layers = known.value("layers")
    if "moe_layers" in {key[0] for entry in known.entries for key in entry.figures}:
        whole = next(entry.figures["layers", ""].value for entry in known.entries if ("layers", "") in entry.figures)
        dense = whole - known.value("moe_layers")  # a shortened copy of a model keeps its dense layers, or one where they would prevail
        kept = dense if layers > 2 * dense else min(dense, 1.0)
        given["moe_layers"] = layers - kept if layers != whole else known.value("moe_layers")
    else:
        given["moe_layers"] = layers


def _tied(known: Inputs, printed: float | None, otherwise: float) -> float:
    """Whether head and embedding are one matrix: what the printed 10^9 parameters are closer to."""
    if printed is None:
        return otherwise
    found = {flag: _parameters().predict(known, tied_embeddings=flag).of("total_parameters")[0] for flag in (0.0, 1.0)}
    return min(found, key=lambda flag: abs((found[flag] or 0.0) - printed * 1e9))


@cache
def _parameters() -> Evaluator:
    return Evaluator(("total_parameters",))


def _one_word(known: Inputs) -> dict[str, float]:
    """The imbalance of a benchmark text of one word and padding, as that of many ranks, which it is given as."""
    experts, ranks = known.value("experts"), known.value("ep")
    if experts == 0 or ranks == 1 or experts % ranks:
        return {}
    busiest = two_kinds(int(experts), int(known.value("experts_per_token")), int(ranks))
    return {"expert_imbalance": 1 + (busiest - 1) / (1 - 1 / ranks)}


def _expert_ranks(experts: float, ranks: float) -> float:
    """The most of the ranks of a stage over which the experts spread evenly."""
    return float(max(n for n in range(1, MOST_EXPERT_RANKS + 1) if experts % n == 0 and ranks % n == 0))


def _batch(row: Row, given: dict[str, Value]) -> None:
    gpus = row.number("n_gpus")
    if gpus is None:
        raise Unscored("number of GPUs not published")
    dp = gpus / (index("tp", given["tp"]) * index("pp", given["pp"]) * index("cp", given["cp"]))
    micro, batch, steps = row.number("micro_batch") or noted(row, "mbs"), row.number("global_batch"), row.number("grad_accum")
    if batch is None:
        if micro is None:
            raise Unscored("batch not published")
        batch = micro * (steps or 1.0) * dp
    if micro is None:
        steps = steps or (1.0 if _maxtext(row) else None)
        micro = batch / (dp * steps) if steps and (batch / (dp * steps)).is_integer() else 1.0
    given["micro_batch"], given["global_batch"] = micro, batch


def _machine(row: Row, given: dict[str, Value], known: Inputs) -> None:
    memory, cap = row.number("gpu_mem_gb"), row.number("power_cap_w")
    if memory and not abs(memory * 1e9 / known.value("gpu_memory") - 1) <= 0.15:
        given["gpu_memory"] = memory * 1e9
    if cap:
        given["gpu_tdp"] = cap
    text = f"{row.text('source_ref')} {row.text('notes')}"
    many, one = re.search(r"(\d+) ?x ?(\d+) Gb/s", text), re.search(r"(\d+) Gbps node-node", text)
    rate = float(many[1]) * float(many[2]) if many else float(one[1]) if one else None
    per_node = re.search(r"(\d+) GPUs per node|nodes x (\d+) GPUs", text)
    if per_node:
        given["gpus_per_server"] = float(per_node[1] or per_node[2])
        given["scaleup_domain"] = given["gpus_per_server"]
    if rate:
        given["scaleout_bandwidth"] = rate * 1e9 / 8 / index("gpus", given.get("gpus_per_server", 8.0))
