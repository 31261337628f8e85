"""Sources of figures and equations, and how far off predictions were. What belongs here: what a person needs to check a number."""

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
    """How far a quantity was off: half of `rows` published results lie within `half`, nine in ten within `most`."""

    half: float
    most: float
    rows: int
    of: str

    def __str__(self) -> str:
        return f"half within {self.half:.2g} %, nine in ten within {self.most:.2g} %, of {self.rows} {self.of}"


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
    """What published results say of the quantities that could be held against them; percent."""
    path = folder() / "accuracy.yaml"
    found = {}
    for name, node in read(path, shown(path)).mapping().items():
        lines = [item.mapping(("half", "most", "rows", "of")) for item in node.items]
        found[name] = tuple(
            Accuracy(100 * to_si(a["half"].text, "1"), 100 * to_si(a["most"].text, "1"), int(a["rows"].text), a["of"].text) for a in lines
        )
    return found
