"""The identity of the facts. What belongs here: one digest of every file in configs/ that a result can rest on."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path

from sweep.catalog.parameters import folder


def catalogue_digest() -> str:
    """A digest of every fact in configs/; files are read again only where their size or time has changed."""
    facts = folder()
    found = []
    for place, folders, names in os.walk(facts):
        folders[:] = [name for name in folders if name != "studies"]
        for name in names:
            if name.endswith((".yaml", ".txt")):
                path = os.path.join(place, name)
                about = os.stat(path)
                found.append((os.path.relpath(path, facts).split(os.sep), about.st_mtime_ns, about.st_size))
    return _digest(facts, tuple(("/".join(parts), time, size) for parts, time, size in sorted(found)))


@lru_cache(maxsize=4)
def _digest(facts: Path, files: tuple[tuple[str, int, int], ...]) -> str:
    digest = hashlib.sha256()
    for name, _, _ in files:
        digest.update(name.encode() + b"\0" + (facts / name).read_bytes() + b"\0")
    return digest.hexdigest()
