"""Sources of figures and equations. What belongs here: what a person needs to check a number."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sweep.catalog.document import read
from sweep.catalog.parameters import folder, shown


@dataclass(frozen=True)
class Source:
    """Where figures come from: what a person needs to check them."""

    key: str
    title: str
    reference: str
    date: str
    notes: str


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
