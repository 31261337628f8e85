"""Sources of figures and equations, and the measured error of predictions. What belongs here: what a person needs to check a number."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sweep.catalog.document import read
from sweep.catalog.parameters import folder, shown
from sweep.catalog.units import to_si


@dataclass(frozen=True)
class Source:
    """Where figures come from: what a person needs to check them."""

    key: str
    title: str
    reference: str
    date: str
    notes: str


@dataclass(frozen=True)
class Accuracy:
    """The relative error of a quantity against published results, in percent: its median and 90th percentile over `rows` of them."""

    median: float
    p90: float
    rows: int
    of: str

    def __str__(self) -> str:
        return f"median error {self.median:.2g} %, 90th percentile {self.p90:.2g} % (n = {self.rows}, {self.of})"


@cache
def sources() -> dict[str, Source]:
    """Every source that figures and equations name, by key."""
    path = folder() / "sources.yaml"
    found = {}
    for key, node in read(path, shown(path)).mapping().items():
        fields = node.mapping(("title", "reference", "date", "notes"))
        text = {name: fields[name].text if name in fields else "" for name in ("title", "reference", "date", "notes")}
        if not text["title"] or not text["reference"]:
            node.fail("a source needs a title and a reference that a person can follow")
        found[key] = Source(key, **text)
    return found


@cache
def accuracy() -> dict[str, tuple[Accuracy, ...]]:
    """The measured errors of the quantities that published results give, in percent."""
    path = folder() / "accuracy.yaml"
    found = {}
    for name, node in read(path, shown(path)).mapping().items():
        lines = [item.mapping(("median", "p90", "rows", "of")) for item in node.items]
        found[name] = tuple(
            Accuracy(100 * to_si(a["median"].text, "1"), 100 * to_si(a["p90"].text, "1"), int(a["rows"].text), a["of"].text) for a in lines
        )
    return found
