"""The identity of the facts. What belongs here: one digest of every file in configs/ that a result can rest on."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from sweep.catalog.parameters import folder


def catalogue_digest() -> str:
    """A digest of every fact in configs/, as this process first read them."""
    return _digest(folder())


@cache
def _digest(facts: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in facts.rglob("*") if p.suffix in (".yaml", ".txt") and "studies" not in p.parts):
        digest.update(path.relative_to(facts).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
