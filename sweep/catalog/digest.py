"""The identity of the facts. What belongs here: one digest of every file in configs/ that a result can rest on."""

from __future__ import annotations

import hashlib

from sweep.catalog.parameters import folder


def catalogue_digest() -> str:
    """A digest of every fact in configs/."""
    digest, facts = hashlib.sha256(), folder()
    for path in sorted(p for p in facts.rglob("*") if p.suffix in (".yaml", ".txt") and "studies" not in p.parts):
        digest.update(path.relative_to(facts).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
