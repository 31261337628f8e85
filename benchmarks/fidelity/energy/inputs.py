"""A row of published-energy.csv to the inputs of the equations. What belongs here: the workload behind a metered run.

The file prints the machine and the meter, not the layout. A row that names a training run (`linked_training_row`) takes that
run's layout where the file of runs is given; the MLPerf tasks take the settings below: those of LoRA from the logs of
training_results_v4.0 (smc-ac-power), the others recalled from the submissions' configuration files and not verified; any other
run takes the fewest tensor-parallel GPUs of one server on which the model fits, the rest data-parallel, one sequence at a time
and four million tokens a step. Number format: fp8 where the accelerator has it, else 16 bits. The catalogue's servers are
measured without fans; what the row's cooling adds follows: where it says nothing, liquid for a rack that is one domain, else air.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from benchmarks.fidelity import catalogue_match
from benchmarks.fidelity.evaluation import Evaluator, Inputs, Unscored
from benchmarks.fidelity.rows import Row
from benchmarks.fidelity.training.inputs import inputs_of
from sweep.catalog import entries
from sweep.catalog.entries import Entry

TOKENS_PER_STEP = 2.0**22
BERT = {"layers": "24", "hidden": "1024", "heads": "16", "ffn": "4096", "mlp_gated": "no", "vocab": "30522"}
# words of the model's name: settings of the run
TASKS: dict[str, dict[str, str]] = {
    "LoRA": {"task": "lora", "model": "Llama2-70B", "seq_len": "8192", "tp": "4", "sharding": "none", "micro_batch": "1"},
    "GPT-3 175B": {"model": "GPT-175B", "seq_len": "2048", "tp": "4", "pp": "8", "vp": "6", "global_batch": "2048", "micro_batch": "2"},
    "GPT-3": {"model": "GPT-175B", "seq_len": "2048", "tp": "4", "pp": "8", "vp": "6", "global_batch": "2048", "micro_batch": "2"},
    "BERT-large": {**BERT, "seq_len": "512", "tp": "1", "sharding": "none", "micro_batch": "48", "grad_accum": "1"},
}
GRAPHED = {"step_overhead": 0.002}  # MLPerf submissions but those of LoRA launch whole steps as one graph; assumed
LORA_BATCH = 8


COOLINGS = {"immersion": "immersion", "liquid": "liquid", "water": "liquid"}


def cooling(row: Row) -> Entry:
    """The catalogue entry of the row's cooling; where it says nothing, liquid for a rack that is one domain, else air."""
    gpu = accelerator(row)
    usual = "liquid" if gpu and "nvl72" in gpu.name and not row.text("cooling") else "air-chiller"
    name = next((entry for word, entry in COOLINGS.items() if row.text("cooling").startswith(word)), usual)
    return entries.entry("cooling", name)


def accelerator(row: Row) -> Entry | None:
    """The catalogue entry of the accelerator that the row names."""
    memory = re.search(r"(\d+) ?GB", row.text("accelerator"))
    name = re.sub(r"[ -]?\d+ ?GB", "", row.text("accelerator"))
    return catalogue_match.gpu(re.sub(r"(SXM|sxm)\d", "SXM", name), float(memory[1]) * 1e9 if memory else None)


def inputs_of_run(row: Row, runs: Mapping[str, Row]) -> Inputs:
    """The inputs of the training run behind a metered row, or Unscored with the reason."""
    gpus, name = row.number("n_accel"), row.text("model")
    if not gpus:
        raise Unscored("number of accelerators not published")
    linked = runs.get(row.text("linked_training_row"))
    if linked is not None:
        return _modelled(inputs_of(linked))
    gpu = accelerator(row)
    fp8 = gpu is not None and Inputs({"precision": "fp8"}, (gpu,)).value("peak_rate") > 0
    fields = {
        **{key: row.text(key) for key in ("id", "year", "status", "arch", "params_total_b")},
        "task": "pretrain-benchmark",
        "model": name,
        "gpu": gpu.name if gpu else row.text("accelerator"),
        "n_gpus": f"{gpus:.0f}",
        "seq_len": "4096",
        "precision": "fp8" if fp8 else "bf16",
        "recompute": "selective",
        "micro_batch": "1",
    }
    task = next((word for word in TASKS if word in name), None)
    if task:
        fields |= TASKS[task]
    if task == "LoRA":
        parallel = 8.0 if gpus > 8 else 4.0
        fields |= {"cp": f"{parallel / 4:.0f}", "global_batch": f"{max(LORA_BATCH, gpus / parallel):.0f}"}
        return _modelled(inputs_of(Row(fields)))
    if task:
        return _modelled(inputs_of(Row(fields)), GRAPHED)
    return _modelled(_smallest(fields, gpus))


def _smallest(fields: dict[str, str], gpus: float) -> Inputs:
    """The layout with the fewest tensor-parallel GPUs of one server that fits its memory; the widest where none does."""
    evaluator = Evaluator(("memory_per_gpu",))
    for tp in (1, 2, 4, 8):
        if tp > gpus:
            break
        dp = gpus // tp
        batch = max(dp, dp * round(TOKENS_PER_STEP / float(fields["seq_len"]) / dp))
        found = inputs_of(Row({**fields, "tp": str(tp), "n_gpus": f"{dp * tp:.0f}", "global_batch": f"{batch:.0f}"}))
        need, _ = evaluator.predict(found, gpu_memory=math.inf).of("memory_per_gpu")
        if need is not None and need <= found.value("gpu_memory"):
            return found
    return found


def _modelled(inputs: Inputs, changed: Mapping[str, float] | None = None) -> Inputs:
    return Inputs({**inputs.given, **(changed or {}), "power_method": "modelled"}, inputs.entries)
