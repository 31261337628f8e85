"""The measured error of predictions. What belongs here: what configs/accuracy.yaml says, by quantity and regime.

Which regime a point of a study is in is for study/regimes.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from sweep.catalog.document import Node, read
from sweep.catalog.parameters import folder, shown
from sweep.catalog.units import to_si

KEYS = ("of", "when", "within", "median", "p90", "rows", "families", "low", "high", "family", "job", "tail")


@dataclass(frozen=True)
class Regime:
    """The relative error of a quantity over published results that share a condition.

    of: the regime in words. when: conditions on inputs; empty for what no other regime holds. within: the inputs of those results.
    median, p90: of the error, in percent, over `rows` results of `families` tables. low, high: measured over predicted, of a new
    programme's rows nine times in ten. family, job: the part of its variance that points of one trainer, and of one job, have in common.
    tail: degrees of freedom of Student's t, as which the rest is distributed, in which layouts of one job differ.
    """

    of: str
    when: str
    within: str
    median: float
    p90: float
    rows: int
    families: int
    low: float = math.nan
    high: float = math.nan
    family: float = 1.0
    job: float = 0.0
    tail: float = math.inf

    def __str__(self) -> str:
        counted = f"n = {self.rows} in {self.families} families"
        return f"median error {percent(self.median)}, 90th percentile {percent(self.p90)} ({self.of}, {counted})"

    @property
    def range(self) -> str:
        """What says that the range is so."""
        return f"90 % of {self.rows} results in {self.families} families: {self.of}"


def percent(value: float) -> str:
    """An error in two digits, three above a hundred."""
    return f"{value:.2g} %" if value < 99.5 else f"{value:.0f} %"


@cache
def accuracy() -> dict[str, tuple[Regime, ...]]:
    """The measured errors of the quantities that published results give; of each the regimes, the narrow ones first."""
    path = folder() / "accuracy.yaml"
    return {name: tuple(map(_regime, node.items)) for name, node in read(path, shown(path)).mapping().items()}


def _regime(node: Node) -> Regime:
    given = node.mapping(KEYS)
    of, when, within = (given[key].text if key in given else "" for key in KEYS[:3])
    median, p90 = (100 * to_si(given[key].text, "1") for key in KEYS[3:5])
    rows, families = (int(given[key].text) for key in KEYS[5:7])
    return Regime(of, when, within, median, p90, rows, families, **{key: to_si(given[key].text, "1") for key in KEYS[7:] if key in given})
