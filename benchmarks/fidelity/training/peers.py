"""Other open models on the same rows. What belongs here: one function for each peer, from a row's inputs to its step time.

None is a dependency: llm-analysis (`pip install llm-analysis`) and mlsysim are used where they import, Calculon from a checkout. Each
gets the mapping that suits it best. llm-analysis and mlsysim take an efficiency as input: half of the peak rate, as their own advice.
Calculon has no gated MLP, grouped queries, fused attention or embedding: a gated MLP is 1.5 times the width, fused attention is
recompute of attention alone; groups of up to eight GPUs talk over NVLink. What a peer cannot express it does not score.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.fidelity.evaluation import Inputs, Unscored

EFFICIENCY = 0.5
HBM_EFFICIENCY = 0.9
DOMAIN = 8
NONE, SELECTIVE, FULL = 0.0, 1.0, 2.0
SYSTEMS = {"a100": "a100_80g.json", "h100": "h100_80g_nvl8.json"}
GPUS = {"a100": "a100-sxm-80gb", "h100": "h100-sxm-80gb"}
Peer = Callable[[Inputs], float]


def available(calculon: Path | None) -> dict[str, Peer]:
    """The peers that can be run here, by name. calculon: a checkout of its repository."""
    logging.disable(logging.CRITICAL)
    found: dict[str, Peer] = {}
    if calculon is not None:
        sys.path.insert(0, str(calculon))
        found["Calculon"] = lambda inputs: calculon_time(inputs, calculon)
    if importlib.util.find_spec("llm_analysis"):
        found["llm-analysis"] = llm_analysis_time
    if importlib.util.find_spec("mlsysim"):
        found["mlsysim"] = mlsysim_time
    return found


def calculon_time(inputs: Inputs, folder: Path) -> float:
    """Step time by Calculon; its memory check and its demand for whole divisions leave rows out."""
    from calculon.llm import Llm
    from calculon.system import System

    n = _sizes(inputs)
    if n["zero_stage"] > 1:
        raise Unscored("parameters shared by data-parallel ranks")
    kept = "full" if n["recompute"] == FULL else "attn_only" if n["recompute"] == SELECTIVE or n["fused_attention"] else "none"
    gated = 1.5 if n["mlp_matrices"] == 3 else 1.0
    shape = {"hidden": n["hidden_size"], "feedforward": int(gated * n["ffn_hidden_size"]), "seq_size": n["sequence_length"]}
    application = Llm.Application({**shape, "attn_heads": n["attention_heads"], "attn_size": n["head_size"], "num_blocks": n["layers"]})
    system = json.loads((folder / "systems" / SYSTEMS[_chip(inputs)]).read_text(encoding="utf-8"))
    system["mem1"]["GiB"] = inputs.value("gpu_memory") / 2**30
    nets = [int(n["tp"] > DOMAIN), int(n["tp"] * n["pp"] > DOMAIN), int(n["gpus"] > DOMAIN)]
    exchange = "rs_ag" if n["sequence_parallel"] and n["tp"] > 1 else "ar"
    shared = n["zero_stage"] == 1 and n["dp"] > 1
    split = (n["gpus"], n["tp"], n["pp"], n["dp"], *nets, n["global_batch"], n["micro_batch"], "float16", True, "multihead", kept)
    rest = (n["interleaving"], shared, exchange, "none", False, n["dp"] > 1, False, False, False, True)
    machine = System(system)
    model = Llm(application, logging.getLogger("calculon"))
    try:
        model.compile(machine, Llm.Execution(*split, *rest))
        model.run(machine)
    except (Llm.Error, AssertionError) as error:  # a job that does not fit, or does not divide, is no answer
        raise Unscored(str(error)) from None
    return float(model.get_total_time())


def llm_analysis_time(inputs: Inputs) -> float:
    """Step time by llm-analysis: its forward latency, which holds exchanges, times three passes (four with full recompute) and steps."""
    from llm_analysis.analysis import ActivationRecomputation, DSZeRO, LLMAnalysis
    from llm_analysis.config import DtypeConfig, ModelConfig, ParallelismConfig, get_gpu_config_by_name

    n = _sizes(inputs)
    width = n["ffn_hidden_size"] * (1.5 if n["mlp_matrices"] == 3 else 1.0)
    model = ModelConfig("row", n["layers"], n["attention_heads"], n["hidden_size"], n["vocabulary_size"], n["sequence_length"])
    model.num_key_value_heads, model.num_key_value_groups = n["kv_heads"], n["attention_heads"] / n["kv_heads"]
    model.ffn_embed_dim, model.expansion_ratio = width, width / n["hidden_size"]
    sequence = n["tp"] if n["sequence_parallel"] else 1
    split = ParallelismConfig(n["tp"], n["pp"], n["dp"], 1, sequence)
    gpu = get_gpu_config_by_name(GPUS[_chip(inputs)])
    analysis = LLMAnalysis(model, gpu, DtypeConfig(), split, flops_efficiency=EFFICIENCY, hbm_memory_efficiency=HBM_EFFICIENCY)
    steps = n["global_batch"] // (n["dp"] * n["micro_batch"])
    found = analysis.training(
        batch_size_per_gpu=n["micro_batch"],
        gradient_accumulation_steps=steps,
        global_batch_size=n["global_batch"],
        seq_len=n["sequence_length"],
        total_num_tokens=1e9,
        activation_recomputation=ActivationRecomputation(int(n["recompute"])),
        ds_zero=DSZeRO(int(n["zero_stage"])),
        flash_attn=bool(n["fused_attention"]),
    )
    return float(found["latency_fwd"]) * (4 if n["recompute"] == FULL else 3) * steps


def mlsysim_time(inputs: Inputs) -> float:
    """Step time by the distributed model of mlsysim."""
    import mlsysim
    from mlsysim.engine.solvers.distributed import DistributedModel
    from mlsysim.models.types import TransformerWorkload
    from mlsysim.systems.types import Fleet, NetworkFabric, Node

    n, quantity = _sizes(inputs), mlsysim.Q_
    gpu: Any = getattr(mlsysim.Hardware.Cloud, _chip(inputs).upper())
    size = (
        inputs.value("layers")
        * (
            2 * inputs.value("hidden_size") * inputs.value("head_size") * (n["attention_heads"] + n["kv_heads"])
            + n["mlp_matrices"] * inputs.value("hidden_size") * n["ffn_hidden_size"]
        )
        + (1 if n["tied_embeddings"] else 2) * n["vocabulary_size"] * n["hidden_size"]
    )
    shape = {"layers": n["layers"], "hidden_dim": n["hidden_size"], "heads": n["attention_heads"], "kv_heads": n["kv_heads"]}
    model = TransformerWorkload(
        name="row", architecture="transformer", parameters=quantity(size, "param"), vocab_size=n["vocabulary_size"], **shape
    )
    inside = quantity(inputs.value("scaleup_bandwidth") / 1e9, "GB/s")
    per_node = min(DOMAIN, n["gpus"])
    node = Node(name="node", accelerator=gpu, accelerators_per_node=per_node, intra_node_bw=inside)
    fabric = NetworkFabric(name="network", bandwidth=quantity(inputs.value("scaleout_bandwidth") / 1e9, "GB/s"))
    fleet = Fleet(name="cluster", node=node, count=n["gpus"] // per_node, fabric=fabric)
    steps = n["global_batch"] // (n["dp"] * n["micro_batch"])
    found = DistributedModel().solve(
        model,
        fleet,
        batch_size=n["global_batch"],
        efficiency=EFFICIENCY,
        tp_size=n["tp"],
        pp_size=n["pp"],
        v_stages=n["interleaving"],
        microbatch_count=steps,
        zero_stage=n["zero_stage"],
        activation_recomputation=n["recompute"] == FULL,
        overlap_comm=True,
        seq_len=n["sequence_length"],
    )
    return float(found.step_latency_total.to("s").magnitude)


def _sizes(inputs: Inputs) -> dict[str, int]:
    names = (
        *("layers", "hidden_size", "attention_heads", "kv_heads", "head_size", "ffn_hidden_size", "mlp_matrices", "vocabulary_size"),
        *("tied_embeddings", "sequence_length", "gpus", "tp", "pp", "interleaving", "micro_batch", "global_batch", "recompute"),
        *("sequence_parallel", "zero_stage", "fused_attention"),
    )
    found = {name: int(inputs.value(name)) for name in names}
    found["dp"] = found["gpus"] // (found["tp"] * found["pp"])
    return found


def _chip(inputs: Inputs) -> str:
    chip = inputs.entries[0].name.partition("-")[0]
    if chip not in SYSTEMS:
        raise Unscored(f"no figures for {chip}")
    return chip
