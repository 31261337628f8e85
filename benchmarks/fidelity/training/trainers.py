"""The trainer that a published run used. What belongs here: framework and release of a row to an entry of configs/trainers.

The framework is the one that the row's source, sharding and notes name, else Megatron-LM; of its entries the newest that is no newer
than the row's release counts, else the oldest. A release is a container (`26.04`), a version of recipes (`v25.05`) or, where only
the year is printed, the end of May of that year. What a row says of its recipe replaces what the entry says:

| column | input |
| --- | --- |
| ep_overlap, or `EP overlap`, `MoE comm overlap` in comm_overlap and notes | expert_overlap |
| dispatcher, or `alltoall`, `DeepEP`, `HybridEP` in the notes | dispatcher |
| cuda_graph, or `no CUDA graphs` in the notes | kernel_launch |
| fused_experts, attention_fp8 | fused_experts, attention_format |
| `forced balance`, `balanced` in the notes, recipes of Megatron-Bridge, which force it | expert_imbalance 1 |
| `token drop` in the notes | expert_capacity 1 |
| `expert-TP 4` in the notes | etp |
| `permute fusion off` in the notes | fused_permutation 0 |
| a step of the figure of Primus, which add up | dispatcher deepep from `DeepEP` on, fused_permutation 1 from `sync-free` on |
| layout of a model that its trainer's recipes name (LAYOUTS), where the row leaves it empty | tp, pp, ep, interleaving, dispatcher |
| comm_overlap `off`, a run that a paper compares its own overlap with | nothing hidden |
| tensor parallelism without sequence parallelism, `no async TP`, `async TP off` | tensor_overlap 0 |
| `kernel:` in the notes | fused_attention, attention_kernel, fused_softmax, fused_norms, fused_operators 0 |
| `compile` in the notes | fused_operators 1 |
| Automodel, low-rank adapters, tensor parallelism | recompute full (examples/llm_benchmark, activation_checkpointing) |
| release, GPU and model of RECIPES | what the recipe sets |
"""

from __future__ import annotations

import re
from functools import cache

from benchmarks.fidelity.evaluation import Value
from benchmarks.fidelity.rows import Row
from sweep.catalog import entries
from sweep.catalog.entries import Entry

# words of source, sharding and notes: framework, the first that matches
FRAMEWORKS = (
    ("MaxText|JAX", "maxtext"),
    ("Megatron-Bridge", "megatron-bridge"),
    ("Automodel", "automodel"),
    ("Ultra-Scale|nanotron", "nanotron"),
    ("Halo", "halo"),
    ("Primus", "primus"),
    ("BigScience|BLOOM|MT-NLG", "megatron-deepspeed"),
    ("Hagemann", "aleph-alpha"),
    ("InternEvo", "internevo"),
    ("MosaicML", "composer"),
    ("torchtitan|fms-fsdp", "torchtitan"),
    ("MegaScale", "megascale"),
    ("NeMo|DGX Cloud|MLPerf|Nemotron", "nemo"),
    ("Megatron MoE model zoo", "megatron-moe"),
    ("Megatron", "megatron-lm"),
    ("FSDP", "fsdp2"),
    ("ZeRO-3", "deepspeed"),
)
LAUNCHES = {"none": "eager", "transformer_engine": "partial-graph", "local": "whole-graph", "full_iteration": "whole-graph"}
DISPATCHERS = {"alltoall": "all-to-all", "deepep": "deepep", "hybridep": "hybridep"}
# release or else trainer, GPU, model: what the recipe sets where the row's columns are empty.
# 25.09: Megatron-Bridge at 0fa501ac, setup_experiment.py and configs/deepseek: DeepSeek-V3 on H100 alone sends tokens by DeepEP while
# another micro-batch is computed. 25.05: dgxc-benchmarking, deepseek_v3/pretraining/launch.sh, which runs pretrain_deepseek_v3.py of NeMo
# 2.3.0, without overlap of tensor-parallel exchanges; on GB200 it computes the core of attention again, which Transformer Engine 2.2
# (fused_attn.cpp) has no fused kernel for where heads are wider than 128. 25.04: dgxc-benchmarking, grok1/cfg/grok1_314b.yaml of NeMo
# 24.12, without that overlap either, and with experts split like all else, as Megatron does where nothing is said. maxtext: MaxText,
# benchmarks/maxtext_trillium_model_configs.py, mixtral_8x7b_dropped and its like, which the recipes run.
RECIPES: dict[tuple[str, str, str], dict[str, Value]] = {
    ("25.09", "H100-SXM", "DeepSeek-V3"): {
        "dispatcher": "deepep",
        "expert_overlap": 1.0,
        "kernel_launch": "eager",
        "gradient_overlap": 0.0,
        "recompute_latent_projection": 1.0,
        "recompute_mlp": 1.0,
    },
    ("25.04", "H100-SXM", "Grok1-314B"): {"tensor_overlap": 0.0, "etp": 4.0, "fused_permutation": 0.0},
    ("25.05", "H100-SXM", "DeepSeek-V3"): {"tensor_overlap": 0.0, "recompute_latent_projection": 1.0},
    ("25.05", "GB200", "DeepSeek-V3"): {"tensor_overlap": 0.0, "fused_attention": 0.0},
    ("maxtext-2025", "TPU v6e", "Mixtral-8x7B"): {"expert_capacity": 1.25},
    ("maxtext-2025", "TPU v6e", "Mixtral-8x22B"): {"expert_capacity": 1.25},
}
# Megatron-MoE-ModelZoo at e8650517, runtime_configs/benchmarking/runtime.conf and best_practice: tp, pp, ep, chunks, dispatcher
LAYOUTS: dict[tuple[str, str], tuple[float, float, float, float, str]] = {
    ("megatron-moe-2025", "Mixtral-8x7B"): (1, 4, 8, 8, "all-to-all"),
    ("megatron-moe-2025", "Mixtral-8x22B"): (2, 8, 8, 7, "all-to-all"),
    ("megatron-moe-2025", "DeepSeek-V2"): (1, 16, 8, 2, "all-to-all"),
    ("megatron-moe-2025", "DeepSeek-V2-Lite"): (1, 1, 8, 1, "all-to-all"),
    ("megatron-moe-2025", "DeepSeek-V3"): (1, 16, 64, 1, "deepep"),
    ("megatron-moe-2025", "Qwen3-235B-A22B"): (2, 8, 32, 4, "deepep"),
    ("megatron-moe-2025", "Qwen3-30B-A3B"): (1, 1, 8, 1, "all-to-all"),
    ("megatron-moe-2025", "Kimi-K2"): (1, 4, 64, 4, "deepep"),
}
EXCHANGES = ("tensor_overlap", "pipeline_overlap", "gradient_overlap", "expert_overlap")


def trainer(row: Row) -> Entry:
    """The entry of the framework and release that a row names."""
    text = " ".join(row.text(name) for name in ("source", "sharding", "notes"))
    framework = next((name for words, name in FRAMEWORKS if re.search(words, text)), "megatron-lm")
    known = _entries(framework)
    return ([entry for when, entry in known if when <= _release(row)] or [known[0][1]])[-1]


def layout(row: Row) -> dict[str, float]:
    """The layout that the recipes of a row's trainer set for its model, where the row names none."""
    known = LAYOUTS.get((trainer(row).name, row.text("model")))
    if known is None or any(row.text(name) for name in ("tp", "pp", "ep")):
        return {}
    return dict(zip(("tp", "pp", "ep", "interleaving"), known[:4], strict=True))


def recipe(row: Row, sequence_parallel: bool) -> dict[str, Value]:
    """What a row says itself of how it ran, in place of what its trainer does."""
    software = trainer(row).name
    found = dict(RECIPES.get((_printed(row) or software, row.text("gpu"), row.text("model")), {}))
    if layout(row):
        found["dispatcher"] = LAYOUTS[software, row.text("model")][4]
    notes, said = row.text("notes"), f"{row.text('comm_overlap')} {row.text('notes')}"
    if row.text("comm_overlap").startswith("off") or re.search("Megatron-LM baseline|ablation: baseline", notes):
        found |= dict.fromkeys(EXCHANGES, 0.0)
    if "Automodel" in row.text("source") and row.text("task") == "lora" and row.number("tp") != 1 and not row.text("recompute"):
        found["recompute"] = "full"
    if not sequence_parallel or re.search("no async TP|async TP off", notes):
        found["tensor_overlap"] = 0.0
    overlap = re.search(r"(no )?(?:EP|MoE comm) overlap(?: (on|off))?", said)
    if row.text("ep_overlap"):
        found["expert_overlap"] = float(row.text("ep_overlap"))
    elif overlap:
        found["expert_overlap"] = float(not overlap[1] and overlap[2] != "off")
    sender = re.search("alltoall|deepep|hybridep", (row.text("dispatcher") or notes).lower())
    if sender:
        found["dispatcher"] = DISPATCHERS[sender[0]]
    if software.startswith("primus") and re.search("sync-free|launch|all optimi", notes):
        found |= {"dispatcher": "deepep", "fused_permutation": 1.0}
    if "Megatron-Bridge" in row.text("source") or re.search("forced? balance|balanced", notes):
        found["expert_imbalance"] = 1.0
    if re.search("token.drop", notes):
        found["expert_capacity"] = 1.0
    if re.search("permute.fusion off", notes):
        found["fused_permutation"] = 0.0
    shared = re.search(r"expert-TP (\d+)", notes)
    if shared:
        found["etp"] = float(shared[1])
    if row.text("fused_experts"):
        found["fused_experts"] = float(row.text("fused_experts"))
    if row.text("attention_fp8"):
        found["attention_format"] = "fp8" if float(row.text("attention_fp8")) else "16-bit"
    if row.text("cuda_graph") in LAUNCHES:
        found["kernel_launch"] = LAUNCHES[row.text("cuda_graph")]
    elif "no CUDA graphs" in notes:
        found["kernel_launch"] = "eager"
    kernel = re.search(r"kernel: (\w+)", notes)
    if kernel:
        found |= {"fused_attention": float("flash" in kernel[1]), "fused_softmax": float(kernel[1] != "torch")}
        found |= {"fused_norms": float("RMS" in notes), "fused_operators": 0.0}
        found["attention_kernel"] = "flash-1" if "attentionv1" in kernel[1] else "flash-2"
    elif re.search("compile", notes):
        found["fused_operators"] = 1.0
    return found


@cache
def _entries(framework: str) -> tuple[tuple[float, Entry], ...]:
    """Releases of a framework, oldest first: 2024 or 26.04 in the name of its file, as years."""
    names = [name for name in entries.entry_names("trainer") if name.rpartition("-")[0] == framework]
    return tuple(sorted((_years(name.rpartition("-")[2]), entries.entry("trainer", name)) for name in names))


def _years(release: str) -> float:
    year, _, month = release.partition(".")
    return float(year) % 2000 + float(month or 0) / 12


def _release(row: Row) -> float:
    return _years(_printed(row) or f"{row.text('year') or 2099}.05")


def _printed(row: Row) -> str:
    printed = re.search(r"(?:container |v)(2\d\.\d\d)", row.text("source"))
    return printed[1] if printed else ""
