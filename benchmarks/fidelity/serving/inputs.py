"""A row of published-serving.csv to the inputs of the equations. What belongs here: how it is translated, and what cannot be.

The file has no columns for a model's shape: all of it comes from the model's catalogue entry, the GPU's figures from its entry.
What a row leaves empty follows fixed rules that never look at its result:

| field | rule |
| --- | --- |
| `TPn PPn DPn` | serving_tp, serving_pp, serving_dp; `DEPn` is attention data parallelism n with experts spread over n |
| `TPt EPe DP1` with e > t | attention is split over the GPUs that hold the experts: serving_tp = e, serving_ep = e |
| disaggregated | decode replicas and a prefill pool of the sizes that it names; the pool's own split does not count |
| no parallelism | the smallest power of two of GPUs whose memory holds the weights 1.4 times |
| no number of GPUs | those of one replica |
| more GPUs than one replica has | equal replicas share the load; rates of the row are those of all together |
| precision empty | the model's name, else 16 bits |
| fp4 | weights and products in 4 bits where the GPU has a rate for it; else 4-bit weights, products in 16 bits |
| int8, w8a8 | weights and products in 8 bits |
| mxfp4, int4, awq, gptq, native | 4-bit weights, products in 16 bits |
| gpt-oss | weights in MXFP4 whatever is printed; products in fp8 under TensorRT-LLM where the GPU has 4-bit units, else in 16 bits |
| bits of keys and values | 8 under TensorRT-LLM and in MLPerf with weights of 8 bits or fewer, else 16 |
| concurrency stated | so many run at a time, where memory takes them |
| a mean of running sequences stated, more than memory takes at the lengths below | so many run; their mean context is what memory leaves |
| a burst of requests | so many run at a time, where memory takes them |
| a draft | tokens in a row and tokens checked as its options say, SGLang's own 5 and 8 where they say nothing |
| size of a draft | one layer of the model and a head of 32,000 words |
| one length, a number in flight | 0.9 of the requests start together under SGLang, which runs waiting prompts first, else 0.4 |
| a static batch that memory does not take | equal waves, as few as memory allows |
| concurrency empty, offline or saturated | as many as memory and the engine's limit take: 2048 in MLPerf, else the parameter's default |
| a point of equal interactivity | the largest batch that meets its time per output token, which is then no result |
| MLPerf Server and Interactive | the largest batch that meets the benchmark's targets of time per output token and to the first |
| input_tokens empty | the mean of the workload, below |
| output_tokens empty | the mean of the workload, below, else the parameter's default |
| software | the engine of its family and generation (2024 to 2026) in the catalogue, from the row's year or else its version; else vLLM |
| answers to real prompts | lengths vary by 1.1 of their mean; those of GPQA, which share a start, are taken as equal |

Means of MLPerf's data sets and its latency targets are recalled, not verified; lengths of chat prompts are assumed.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache

from benchmarks.fidelity import catalogue_match
from benchmarks.fidelity.evaluation import Evaluator, Inputs, Unscored, Value
from benchmarks.fidelity.rows import Row
from benchmarks.fidelity.serving.words import drafted, engine, formats, hardware, pools, split

# workload or, for MLPerf, model: mean tokens of a prompt and of an answer
LENGTHS = {
    "lm-arena-chat": (150.0, None),  # with lengths that vary by 1.1, what the batches that fill the memory of one GPU leave for a sequence
    "chat": (100.0, None),
    "gpqa": (250.0, None),
    "sourcegraph-fim": (1000.0, None),
    "awesome prompts": (100.0, None),
    "llama2-70b": (294.0, 294.0),
    "mixtral-8x7b": (300.0, 145.0),
    "llama3.1-8b": (778.0, 128.0),
    "llama3.1-405b": (9400.0, 684.0),
    "gptj": (778.0, 69.0),
}
# MLPerf model and scenario: targets of time per output token and of time to first token, in seconds
TARGETS = {
    ("llama2-70b", "Server"): (0.2, 2.0),
    ("llama2-70b", "Interactive"): (0.04, 0.45),
    ("mixtral-8x7b", "Server"): (0.2, 2.0),
    ("llama3.1-8b", "Server"): (0.1, 2.0),
    ("llama3.1-8b", "Interactive"): (0.03, 0.5),
    ("llama3.1-405b", "Server"): (0.175, 6.0),
    ("llama3.1-405b", "Interactive"): (0.08, 4.5),
    ("gptj", "Server"): (0.3, 20.0),
}
FIXED_LENGTH = re.compile("random tokens|synthetic|fixed length|gpqa")
VARIATION = 1.1
SATURATED = ("saturated", "Offline")
MEAN_RUNNING = ("max_num_seqs cap", "max batch cap")  # of sources that print how many sequences ran, on average
STATIC = "static batch"
BURST = "saturated burst"
MANY = 1e6
MLPERF_SEQUENCES = 2048.0
ROOM = 1.4
# acceptance of the first token and its falloff: EAGLE of 2 and 4 tokens in vLLM (pull request 16035); EAGLE-3 at 3 of 4 (recalled)
EAGLE = {"2": (0.59, 0.87), "3": (0.75, 1.0)}
TOGETHER = {True: 0.9, False: 0.4}  # of the fitted models: engines that run waiting prompts first, and that mix them with decoding
DRAFT_WORDS = 32000.0  # of the head of an EAGLE-3 draft


@dataclass(frozen=True)
class Served:
    """A row as the equations take it: inputs of one replica, and how many replicas the row's figures add up."""

    inputs: Inputs
    replicas: float


def served(row: Row) -> Served:
    """The inputs of one row, or Unscored with the reason."""
    gpus = row.number("gpus")
    gpu = hardware(row.text("hardware"), row.text("source"))
    model = catalogue_match.model(row.text("model"))
    if model is None:
        raise Unscored(f"no catalogue entry for the model {row.text('model')}")
    if gpu is None:
        raise Unscored(f"no catalogue entry for the accelerator {row.text('hardware')}")
    if row.text("parallelism").startswith("PD disaggregated"):
        raise Unscored("rates of the nodes of one role in a disaggregated cluster")
    if row.text("model").startswith("gptj"):
        raise Unscored("beam search with four beams for each answer")
    if "idle ones" in row.text("power_boundary"):
        raise Unscored("energy of idle GPUs beside the one at work")
    entries = (*catalogue_match.linked(gpu), model, engine(row))
    given: dict[str, Value] = formats(row, Inputs({}, entries))
    apart = pools(row.text("parallelism"))
    if apart:
        sizes, replicas, prefill = apart
        given |= {**sizes, "prefill_placement": "disaggregated", "prefill_gpus": prefill / replicas}
    else:
        given |= split(row.text("parallelism"), gpus or math.inf) or _smallest(row, gpus or math.inf, Inputs(given, entries))
        each = _size(given, "serving_tp") * _size(given, "serving_pp") * _size(given, "serving_dp")
        replicas = (gpus or each) / each
    if replicas < 1:
        raise Unscored("more ranks than GPUs as printed")
    given |= _lengths(row)
    given |= _load(row, replicas)
    given |= _draft(row, Inputs(given, entries))
    if not FIXED_LENGTH.search(row.text("workload")):
        given["output_variation"] = VARIATION
    elif row.text("load_point") == "closed loop":
        prompts_first = any(entry.name.startswith("sglang") for entry in entries)
        given["simultaneous_share"] = TOGETHER[prompts_first]
    given |= _room(row, Inputs(given, entries))
    return Served(Inputs(given, entries), replicas)


def _smallest(row: Row, gpus: float, known: Inputs) -> dict[str, Value]:
    parameters = row.number("params_total_b")
    memory = known.value("gpu_memory")
    if parameters is None or not memory > 0:
        raise Unscored("parallelism not published, and nothing to choose it by")
    need = ROOM * parameters * 1e9 * known.value("weight_bits") / 8
    size = 1.0
    while size * memory < need and size < gpus:
        size *= 2
    return {"serving_tp": size, "serving_pp": 1.0, "serving_dp": 1.0, "serving_ep": 1.0}


def _lengths(row: Row) -> dict[str, Value]:
    benchmark = next(
        (value for key, value in LENGTHS.items() if key == row.text("workload") or row.text("model").startswith(key)), (None, None)
    )
    given: dict[str, Value] = {}
    for name, usual in zip(("input_tokens", "output_tokens"), benchmark, strict=True):
        length = row.number(name) or usual
        if length is not None:
            given[name] = length
    return given


def _draft(row: Row, known: Inputs) -> dict[str, Value]:
    found = drafted(row)
    if not found:
        return {}
    depth, width = found
    given: dict[str, Value] = {"draft_tokens": depth, "draft_tree_tokens": max(0.0, width - depth - 1)}
    eagle = re.search(r"EAGLE-?([23])", row.text("how_measured"))
    if eagle:
        given |= {"acceptance": EAGLE[eagle[1]][0], "acceptance_falloff": EAGLE[eagle[1]][1]}
    layer = _shape().predict(known).values["dense_weights"] / known.value("layers")
    given["draft_parameters"] = layer + DRAFT_WORDS * known.value("hidden_size")
    return given


def _load(row: Row, replicas: float) -> dict[str, Value]:
    running, point = row.number("concurrency"), row.text("load_point")
    limit: dict[str, Value] = {"sequence_limit": MLPERF_SEQUENCES} if row.text("workload").startswith("MLPerf") else {}
    if point == "batch 1" and running is None:
        running = replicas
    burst = re.search(r"(\d+) (?:requests|prompts)", row.text("how_measured"))
    if point == BURST and running is None and burst:
        running = float(burst[1])
    if running is not None:
        each = max(running / replicas, 1.0)
        return {"operating_point": "concurrency", "concurrency": each, "sequence_limit": each}
    if point.startswith(SATURATED):
        return {"operating_point": "concurrency", "concurrency": MANY, **limit}
    token = row.number("tpot_ms")
    if token and ("interactivity" in point or "tok/s/user" in point):
        return {"operating_point": "latency_target", "target_time_per_output_token": token / 1e3, "target_time_to_first_token": math.inf}
    targets = next((both for (model, name), both in TARGETS.items() if row.text("model").startswith(model) and name == point), None)
    if targets is None:
        raise Unscored("batch not published")
    token, first = targets
    return {"operating_point": "latency_target", "target_time_per_output_token": token, "target_time_to_first_token": first, **limit}


def _room(row: Row, known: Inputs) -> dict[str, Value]:
    """What follows where a row states more sequences than the memory takes."""
    point = row.text("load_point")
    if point != STATIC and point not in MEAN_RUNNING:
        return {}
    found, stated = _memory().predict(known).values, known.value("concurrency")
    most = found["batch_in_memory"]
    if not 0 < most < stated:
        return {}
    if point == STATIC:
        return {"concurrency": stated / math.ceil(stated / most)}
    return {"mean_context": found["mean_context"] * most / stated}


@cache
def _shape() -> Evaluator:
    return Evaluator(("dense_weights",))


@cache
def _memory() -> Evaluator:
    return Evaluator(("batch_in_memory", "mean_context"))


def _size(given: dict[str, Value], name: str) -> float:
    return float(given[name])
