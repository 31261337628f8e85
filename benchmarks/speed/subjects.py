"""The studies that are timed. What belongs here: a file, and how it is made small for a run that only shows that all works."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sweep.engine.plan import Nest, Plan
from sweep.engine.plan import make as make_plan
from sweep.study.definition import Study
from sweep.study.parse import open_study

FOLDER = Path(__file__).parent / "studies"


@dataclass(frozen=True)
class Subject:
    """A study. smoke: axes that make it tiny; huge: axes that make it too large to evaluate each point.

    broadcast: whether its all-axes nest has no branch, so that numpy can follow it.
    """

    name: str
    smoke: tuple[str, ...]
    broadcast: bool
    objective: str
    limit: str
    front: tuple[str, str]
    huge: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.yaml"

    def study(self, small: bool) -> Study:
        return open_study(self.path, axis=self.smoke if small else ())

    def plan(self, small: bool) -> Plan:
        return make_plan(self.study(small))


SUBJECTS = (
    Subject(
        "cluster",
        smoke=("gpus=1536,3072", "training_duration=10 d,90 d", "queries_per_day=1e9 query/d,1e10 query/d", "pue=1.1,1.2"),
        broadcast=True,
        objective="total_facility_energy",
        limit="time_to_train <= 120 d",
        front=("time_to_train", "total_facility_energy"),
        huge=(
            "training_duration=10 d:120 d:linear2000",
            "queries_per_day=1e8 query/d:1e10 query/d:log20000",
            "pue=1.05:1.6:linear20000",
        ),
    ),
    Subject(
        "layouts",
        smoke=("gpus=1536,3072", "global_batch=1536", "micro_batch=1,2", "recompute=full"),
        broadcast=False,
        objective="time_to_train",
        limit="memory_per_gpu <= 64 GB",
        front=("time_to_train", "memory_per_gpu"),
    ),
    Subject(
        "serving",
        smoke=(
            "gpu=h200-sxm",
            "input_tokens=500 token,1000 token",
            "output_tokens=200 token,400 token",
            "target_time_per_output_token=40 ms,80 ms",
            "target_time_to_first_token=200 ms,300 ms",
        ),
        broadcast=False,
        objective="facility_energy_per_output_token",
        limit="time_per_output_token <= 50 ms",
        front=("time_per_output_token", "facility_energy_per_output_token"),
    ),
)


def widest(plan: Plan) -> Nest:
    """The output nest with most cells, over all axes."""
    return max(plan.output_nests, key=lambda nest: plan.cells(nest.dims))
