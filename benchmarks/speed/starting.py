"""What a person waits for. What belongs here: planning, compiling for the first and for a later time, and the small commands."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.speed.measure import Result, child, race
from benchmarks.speed.subjects import Subject

FIRST_BLOCK = """
import sys
from benchmarks.speed.subjects import SUBJECTS
from sweep.engine import blocks
subject = next(s for s in SUBJECTS if s.name == sys.argv[1])
plan = subject.plan(small=sys.argv[2] == "small")
worker = blocks.Worker(blocks.program(plan))
seen = set()
for block in blocks.blocks(plan):
    if block.nest not in seen:
        seen.add(block.nest)
        worker.compute(block)
"""
COMMAND = """
import sys
from sweep.cli import main
sys.argv[0] = "sweep"
main()
"""
MEMORY = f"""
import atexit
from benchmarks.speed.measure import peak_memory
atexit.register(lambda: print(peak_memory()))
{COMMAND}
"""


def measure(subject: Subject, small: bool, rounds: int) -> Iterator[Result]:
    """Planning per CPU-second, and CPU seconds of a process until the first block of each output is there."""
    plans = race({"plan": lambda: float(subject.plan(small) is not None)}, rounds)["plan"]
    yield Result("plan", subject.name, "opening and planning", 1 / statistics.median(plans), "cpu-s")
    with tempfile.TemporaryDirectory() as folder:
        for phase, limit in (("compile, first time", 10.0), ("compile, later", 2.0)):
            used = child("-c", FIRST_BLOCK, subject.name, "small" if small else "whole", cache=Path(folder))
            yield Result(phase, subject.name, "process until the first blocks", used.cpu, "cpu-s", limit, at_most=True)


def commands(small: bool, rounds: int) -> Iterator[Result]:
    """CPU seconds of the commands that a person types most."""
    article = "configs/studies/article.yaml"
    for arguments, limit in ((("--help",), 0.3), (("point", article), 0.6), (("plan", article), None), (("list", "gpus"), None)):
        took = min(child("-c", COMMAND, *arguments).cpu for _ in range(rounds))
        yield Result("command", "sweep", " ".join(arguments).replace("configs/studies/", ""), took, "cpu-s", limit, at_most=True)
    study = "article.yaml" if small else "gpt4.yaml"
    with tempfile.TemporaryDirectory() as folder:
        for turn, limit in (("first", 10.0), ("later", None)):
            used = child("-c", MEMORY, "run", f"configs/studies/{study}", "-o", f"{folder}/{turn}.zarr", cache=Path(folder))
            yield Result("command", "sweep", f"run {study}, {turn} time, to zarr", used.cpu, "cpu-s", limit, at_most=True)
            memory = float(used.printed.split()[-1])
            yield Result("command", "sweep", f"run {study}, {turn} time, memory", memory, "B", 700e6, at_most=True)
