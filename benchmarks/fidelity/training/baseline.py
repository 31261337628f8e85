"""The rule of thumb that a model must beat. What belongs here: half of the peak rate, times the pipeline bubble."""

from __future__ import annotations

from benchmarks.fidelity.evaluation import Inputs
from benchmarks.fidelity.training.published import forward_flops

EFFICIENCY = 0.5
FULL_RECOMPUTE = 2.0


def step_time(inputs: Inputs) -> float:
    """Seconds of a step at 50 % of peak, recomputed operations counted, times 1 + (p - 1) / (v m)."""
    v = inputs.value
    passes = 4 if v("recompute") == FULL_RECOMPUTE else 3
    work = passes * forward_flops(inputs, 1) * v("global_batch") * v("sequence_length")
    replicas = v("gpus") / (v("tp") * v("pp") * v("cp"))
    micro_batches = v("global_batch") / (v("micro_batch") * replicas)
    bubble = 1 + (v("pp") - 1) / (v("interleaving") * micro_batches)
    return work / (EFFICIENCY * v("peak_rate") * v("gpus")) * bubble
