"""Where the time of a training step goes at one point of a study. What belongs here: the shares by cause, which sum to 1."""

from __future__ import annotations

from dataclasses import replace

from sweep.equations.interpret import compute_point
from sweep.study.definition import Study

SHARES = (
    "products_share",
    "attention_share",
    "memory_bound_share",
    "recompute_share",
    "tensor_exchange_share",
    "context_exchange_share",
    "expert_exchange_share",
    "pipeline_exchange_share",
    "data_exchange_share",
    "bubble_share",
    "launch_share",
    "optimizer_share",
    "straggler_share",
    "failure_share",
)


def step_shares(study: Study) -> dict[str, float]:
    """The shares of each cause at a study's point where the step time is an output that is computed and has a value; else nothing."""
    if "step_time" not in study.outputs or "step_time" in study.given:
        return {}
    asked = replace(study, outputs=dict.fromkeys(SHARES, "1"), claims={})
    values = compute_point(asked.graph, asked.inputs_at(asked.point)).values
    found = {name: values[name] for name in SHARES}
    return found if all(value == value for value in found.values()) else {}
