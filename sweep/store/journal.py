"""The journal of a cube: which blocks are on disk. What belongs here: its lines, each with a checksum; what they mean is for store.py.

The first line says of which study the cube is, the others that a block is done, with the size and checksum of each of its files.
A finished cube keeps it as its manifest, with a last line for the files that are no blocks. A line that is damaged counts as none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sweep.engine.blocks import Block
from sweep.store.place import METADATA, Place

LAYOUT = 2  # of the files of a cube; 1 had no checksums
SEAL = ', "crc32c": "'
Record = dict[str, Any]


@dataclass
class Journal:
    """The intact lines of a journal. header, end, ready: None where there is no such line. damaged: how many lines are."""

    header: Record | None = None
    blocks: list[Record] = field(default_factory=list)
    end: Record | None = None
    ready: int | None = None
    damaged: int = 0

    @property
    def identity(self) -> dict[str, str] | None:
        """What the cube is of, as dataset.identity says it."""
        found: dict[str, str] | None = json.loads(self.header["attributes"]["identity"]) if self.header else None
        return found

    def complete(self) -> bool:
        """Whether this is the manifest of a finished cube, with every line that was written."""
        return bool(self.header and self.end and not self.damaged and len(self.blocks) == self.header["blocks"])

    def of(self, header: Record, blocks: Iterable[Block]) -> dict[tuple[int, int], Record]:
        """The lines of some blocks, if they are of the study of a header and were cut as they are now."""
        mine, there = study_digest(header), {(b.nest, b.number): ranges(b) for b in blocks}
        keyed = {(record["nest"], record["number"]): record for record in self.blocks}
        return {key: keyed[key] for key in sorted(keyed) if keyed[key]["of"] == mine and there.get(key) == keyed[key]["ranges"]}


def read(file: Place) -> Journal:
    """The intact lines of a file; none where there is no such file."""
    found = Journal()
    try:
        content = file.log()
    except FileNotFoundError:
        return found
    for line in content.splitlines():
        record = _record(line)
        if record is None:
            found.damaged += bool(line)
        elif "layout" in record:
            found.header = record
        elif "nest" in record:
            found.blocks.append(record)
        elif "ready" in record:
            found.ready = record["ready"]
        elif "files" in record:
            found.end = record
    return found


def header(attributes: Mapping[str, Any], blocks: int) -> Record:
    """The first line: what the cube says of itself, but for the time at which it was made."""
    kept = {key: value for key, value in attributes.items() if key != "created"}
    return {"layout": LAYOUT, "blocks": blocks, "attributes": kept}


def study_digest(header: Record) -> str:
    """What makes a line belong to the study of a header."""
    return hashlib.sha256(header["attributes"]["identity"].encode()).hexdigest()[:12]


def ranges(block: Block) -> list[list[int]]:
    """Where a block lies, as JSON holds it."""
    return [list(ends) for ends in block.ranges]


def sealed(record: Mapping[str, Any]) -> bytes:
    """A record as a line of JSON that ends with the checksum of the rest."""
    text = json.dumps(record)
    return f'{text[:-1]}{SEAL}{checksum(text.encode()):08x}"}}\n'.encode()


def _record(line: bytes) -> Record | None:
    content, _, seal = line.decode(errors="replace").rpartition(SEAL)
    text = content + "}"
    if not content or seal != f'{checksum(text.encode()):08x}"}}':
        return None
    found: Record = json.loads(text)
    return found


def append(file: Place, records: Iterable[Mapping[str, Any]]) -> None:
    """Add lines and wait until they are kept; the line break before them ends one that a kill has cut short."""
    file.add_log(b"\n" + b"".join(sealed(record) for record in records))


def write(file: Place, records: Iterable[Mapping[str, Any]]) -> None:
    """Write a journal as a whole, in place of the one that is there."""
    file.start_log(b"".join(sealed(record) for record in records))


def checksum(content: bytes) -> int:
    """The CRC32C of some bytes, the checksum that Zarr has, too."""
    import google_crc32c

    return int(google_crc32c.value(content))


def seal(name: str, content: bytes) -> tuple[int, int]:
    """Size and checksum of a file. Those of the cube's own metadata leave out when it was made."""
    if name.rpartition("/")[2] == METADATA:
        try:
            found = json.loads(content)
            found["attributes"].pop("created", None)
            content = json.dumps(found, sort_keys=True).encode()
        except (ValueError, KeyError, TypeError, AttributeError):  # damaged: the checksum of the bytes is another one, too
            pass
    return len(content), checksum(content)
