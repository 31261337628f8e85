"""Blocks of a plan: how the grid is cut, and which nests are worth compiling."""

from sweep.engine import blocks, plan
from sweep.study.parse import open_study

REDUCED = (
    "gpus=3840,24960,96000",
    "split={tp: [2, 8], pp: [8, 15, 60], ep: [16]}",
    "training_duration=30 d,90 d",
    "queries_per_day=5e8 query/d,1e10 query/d",
    "pue=1.02,1.2,1.5",
)


def test_program_interprets_small_and_compiles_large_work():
    assert not blocks.program(plan.make(open_study("gpt4", axis=REDUCED))).compiled
    large = blocks.program(plan.make(open_study("gpt4")))
    assert large.compiled
    assert large.interpreted, "the small nests of a large study are still interpreted"
