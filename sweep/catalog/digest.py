"""The identity of the facts. What belongs here: one digest of every file in configs/ that a result can rest on."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from sweep.catalog.parameters import folder


def catalogue_digest() -> str:
    """A digest of every fact in configs/; files are read again only where their size or time has changed."""
    facts = folder()
    found = sorted(path for path in facts.rglob("*") if path.suffix in (".yaml", ".txt") and "studies" not in path.parts)
    return _digest(facts, tuple((path.relative_to(facts).as_posix(), path.stat().st_mtime_ns, path.stat().st_size) for path in found))


@lru_cache(maxsize=4)
def _digest(facts: Path, files: tuple[tuple[str, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for name, _, _ in files:
        digest.update(name.encode() + b"\0" + (facts / name).read_bytes() + b"\0")
    return digest.hexdigest()
