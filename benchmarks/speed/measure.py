"""Clocks. What belongs here: CPU time of interleaved contenders, and what a child process took.

CPU time, because a shared machine steals wall time without saying so; interleaved, because its speed drifts within minutes.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Result:
    """One figure. target: what it should reach, at least or at most; None where it is there to compare with."""

    phase: str
    subject: str
    what: str
    value: float
    unit: str
    target: float | None = None
    at_most: bool = False

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        return self.value <= self.target if self.at_most else self.value >= self.target

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "met": self.met}


def race(
    contenders: Mapping[str, Callable[[], float]], rounds: int, before: Callable[[], None] = lambda: None
) -> dict[str, list[float]]:
    """Rates of some contenders, each called once in every round: the work that it says it did over its CPU seconds.

    before: called ahead of each, and not counted.
    """
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for call in contenders.values():
        before()
        call()
    for _ in range(rounds):
        for name, call in contenders.items():
            before()
            start = time.process_time()
            work = call()
            rates[name].append(work / max(time.process_time() - start, 1e-9))
    return rates


def ratio(one: list[float], other: list[float]) -> float:
    """How many times faster one is than the other: the median over the rounds."""
    return statistics.median(a / b for a, b in zip(one, other, strict=True))


@dataclass(frozen=True)
class Child:
    """What a child process took, CPU and wall seconds, and what it printed."""

    cpu: float
    wall: float
    printed: str


def child(*arguments: str, cache: Path | None = None) -> Child:
    """Run Python with some arguments in a process of its own; `cache` is where its compiled nests are kept."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    if cache:
        environment["WATTSWEEP_CACHE"] = str(cache)
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)[:200]}: ended with {process.returncode}")
    return Child(usage.ru_utime + usage.ru_stime, wall, printed)


def peak_memory() -> float:
    """Largest resident memory of this process in bytes. getrusage would count what the parent held when it started us."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(float(line.split()[1]) * 1024 for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
