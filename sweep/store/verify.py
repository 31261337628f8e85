"""A finished cube looked at. What belongs here: whether it is complete, of what study it is, and which of its files are lost."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from sweep.errors import SweepError
from sweep.store import journal, layout
from sweep.store.place import CUBE, JOURNAL, MANIFEST, METADATA, Place


@dataclass(frozen=True)
class Fault:
    """A file of a cube that is missing or damaged; `block` is the key of the block that it holds, if it holds one."""

    file: str
    why: str
    block: tuple[int, int] | None = None
    at: str = ""

    def __str__(self) -> str:
        return f"{self.file}{f', which is {self.at},' if self.at else ''} {self.why}"


def state(path: str | Path) -> dict[str, Any]:
    """How complete a cube is: complete, and the blocks that are done of those there are."""
    place = layout.place(path)
    half = layout.partial(place)
    if place.exists():
        return {"complete": True, "done": None, "total": None}
    if not half.exists():
        raise SweepError(f"{path}: no such cube")
    lines = journal.read(half / JOURNAL)
    if lines.ready is not None:
        lines = journal.read(half / CUBE / MANIFEST)
    return {"complete": False, "done": len(lines.blocks), "total": lines.header["blocks"] if lines.header else None}


def faults(path: Place, deep: bool = False) -> list[Fault]:
    """What is missing or damaged in a finished cube. deep: read every block, too, instead of looking at its size."""
    lines = journal.read(path / MANIFEST)
    try:
        sizes = path.sizes()
    except OSError as error:
        return [Fault(str(error.filename), f"cannot be read: {error.strerror}")]
    found = [] if lines.complete() else [Fault(MANIFEST, "is damaged" if MANIFEST in sizes else "is missing")]
    for name, sealed in (lines.end or {"files": {}})["files"].items():
        found += _fault(path, sizes, name, sealed, True)
    for record in lines.blocks:
        for name, sealed in record["files"].items():
            at = f"{name.split('/')[0]}[{', '.join(f'{start}:{stop}' for start, stop in record['ranges'])}]"
            found += _fault(path, sizes, name, sealed, deep, (record["nest"], record["number"]), at)
    return found


def _fault(
    path: Place, sizes: dict[str, int], name: str, sealed: list[int], deep: bool, block: tuple[int, int] | None = None, at: str = ""
) -> list[Fault]:
    if name not in sizes:
        return [Fault(name, "is missing", block, at)]
    if block and sizes[name] != sealed[0]:
        return [Fault(name, "is cut short", block, at)]
    try:
        return [Fault(name, "is damaged", block, at)] if deep and list(journal.seal(name, (path / name).read())) != sealed else []
    except OSError as error:
        return [Fault(name, f"cannot be read: {error.strerror}", block, at)]


def identity(path: Place) -> dict[str, str]:
    """What a finished cube is of: from its manifest, or from its metadata where that is damaged."""
    try:
        lines = journal.read(path / MANIFEST)
        if lines.header:
            return lines.identity or {}
        found: dict[str, str] = json.loads(layout.group(path, "r").attrs["identity"])
    except (KeyError, ValueError, OSError):
        raise SweepError(f"{path}: exists and is not a wattsweep store; give another name") from None
    return found


def check_complete(path: str | Path) -> None:
    """Raise where no finished cube of this layout stands at a path."""
    found, place = state(path), layout.place(path)
    if not found["complete"]:
        raise SweepError(f"{path}: is incomplete, {found['done']} of {found['total']} blocks are done; run the study again to resume")
    try:
        header = journal.read(place / MANIFEST).header
        if header and header["layout"] != journal.LAYOUT:
            raise SweepError(f"{path}: was written by another version of wattsweep with another layout")
        if not header and "written" not in (kept := layout.group(place, "r").attrs):
            older = "was written by an older version of wattsweep without checksums; xarray.open_zarr reads it, --overwrite replaces it"
            raise SweepError(f"{path}: {older if 'identity' in kept else 'is not a wattsweep store'}")
    except FileNotFoundError:
        raise SweepError(f"{path}: cannot be read as a cube: it has no {METADATA}") from None
    except (KeyError, ValueError, OSError) as error:
        said = getattr(error, "strerror", None) or (str(error).splitlines() or [type(error).__name__])[0]
        raise SweepError(f"{path}: cannot be read as a cube: {said}") from None


def refuse(path: Place, verb: str, found: list[str]) -> NoReturn:
    """Raise for a cube of another study; found: what differs."""
    more = f" (and {len(found) - 4} more)" if len(found) > 4 else ""
    raise SweepError(f"{path}: {verb} another study: {'; '.join(found[:4])}{more}; give another name or --overwrite")
