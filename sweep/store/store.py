"""A cube that is written block by block. What belongs here: the journal's meaning, resuming, finishing, and whether a cube is complete.

While it is written a cube lies in the folder `<path>.partial`, beside a journal of the blocks that are on disk; it takes its own
name only when it is complete, so a reader never sees an incomplete one. What it takes the place of is deleted after that.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sweep.catalog.document import exists
from sweep.cube import dataset
from sweep.engine import quantiles
from sweep.engine.blocks import Array, Block, blocks
from sweep.engine.plan import Plan
from sweep.errors import SweepError
from sweep.store import disk, journal, layout
from sweep.store.journal import Record
from sweep.store.layout import CUBE, JOURNAL, MANIFEST, OLD, SKELETON, partial

SYNC_BYTES = 64 << 20  # what is written before it is waited for
SYNC_SECONDS = 1.0
OURS = {CUBE, JOURNAL, JOURNAL + ".new", SKELETON, OLD, disk.LOCK}


@dataclass(frozen=True)
class Fault:
    """A file of a cube that is missing or damaged; `block` is the key of the block that it holds, if it holds one."""

    file: str
    why: str
    block: tuple[int, int] | None = None
    at: str = ""

    def __str__(self) -> str:
        return f"{self.file}{f', which is {self.at},' if self.at else ''} {self.why}"


def state(path: Path) -> dict[str, Any]:
    """How complete a cube is: complete, and the blocks that are done of those there are."""
    half = partial(layout.place(path))
    if exists(path):
        return {"complete": True, "done": None, "total": None}
    if not exists(half):
        raise SweepError(f"{path}: no such cube")
    lines = journal.read(half / JOURNAL)
    if lines.ready is not None:
        lines = journal.read(half / CUBE / MANIFEST)
    return {"complete": False, "done": len(lines.blocks), "total": lines.header["blocks"] if lines.header else None}


def faults(path: Path, deep: bool = False) -> list[Fault]:
    """What is missing or damaged in a finished cube. deep: read every block, too, instead of looking at its size."""
    lines = journal.read(path / MANIFEST)
    found = [] if lines.complete() else [Fault(MANIFEST, "is damaged" if (path / MANIFEST).exists() else "is missing")]
    for name, sealed in (lines.end or {"files": {}})["files"].items():
        found += _fault(path, name, sealed, True)
    for record in lines.blocks:
        for name, sealed in record["files"].items():
            at = f"{name.split('/')[0]}[{', '.join(f'{start}:{stop}' for start, stop in record['ranges'])}]"
            found += _fault(path, name, sealed, deep, (record["nest"], record["number"]), at)
    return found


def _fault(path: Path, name: str, sealed: list[int], deep: bool, block: tuple[int, int] | None = None, at: str = "") -> list[Fault]:
    try:
        if block and os.path.getsize(path / name) != sealed[0]:
            return [Fault(name, "is cut short", block, at)]
        return [Fault(name, "is damaged", block, at)] if deep and list(journal.on_disk(path / name)) != sealed else []
    except FileNotFoundError:
        return [Fault(name, "is missing", block, at)]
    except OSError as error:
        return [Fault(name, f"cannot be read: {error.strerror}", block, at)]


@dataclass
class Store:
    """A cube that is being written in `folder`. lines: of the blocks that need not be computed, by (nest, number).

    journal: the file that notes each of them; without one the lines are kept for the manifest alone.
    """

    folder: Path
    plan: Plan
    arrays: Mapping[str, Any]
    header: Record
    lines: dict[tuple[int, int], Record]
    journal: Path | None = None
    waiting: list[Record] = field(default_factory=list)
    synced: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, block: Block, values: Mapping[str, Array]) -> None:
        """Write the outputs of one block; the journal notes it once it is on disk, some blocks at a time."""
        self.note(block, self.put(block, values))

    def put(self, block: Block, values: Mapping[str, Array]) -> Record:
        """Write the outputs of one block, and give the line that notes it."""
        found = dataset.measured(self.plan, block, values)
        try:
            for name, array in values.items():
                self.arrays[name][block.region(quantiles.held(name, self.plan.dims[name]))] = array
        except RuntimeError as error:  # what the zarrs codecs make of a full disk
            raise OSError(str(error)) from None
        files = [layout.shard(self.arrays[name], block) for name in values]
        return {
            "nest": block.nest,
            "number": block.number,
            "ranges": journal.ranges(block),
            "statistics": found,
            "files": {name: journal.on_disk(self.folder / name) for name in files},
        }

    def note(self, block: Block, record: Record) -> None:
        """Note a block that was written; what was noted is waited for on disk, some blocks at a time."""
        record["of"] = journal.study_digest(self.header)
        with self.lock:
            self.lines[block.nest, block.number] = record
            self.waiting.append(record)
            size = sum(size for waiting in self.waiting for size, _ in waiting["files"].values())
            due = size > SYNC_BYTES or time.monotonic() - self.synced > SYNC_SECONDS
        if due:
            self.sync()

    def sync(self) -> None:
        """Wait until the blocks that were written are on disk, and note them in the journal."""
        with self.lock:
            records, self.waiting = self.waiting, []
        disk.sync(self.folder / name for record in records for name in record["files"])
        with self.lock:
            if records and self.journal:
                journal.append(self.journal, records)
            self.synced = time.monotonic()

    def finish(self) -> None:
        """Say in the attributes what the cube holds, and in its manifest what it is made of."""
        import zarr

        self.sync()
        found = dataset.Statistics()
        for key in sorted(self.lines):
            dataset.merge(found, self.lines[key]["statistics"])
        for name, array in self.arrays.items():
            array.attrs.update(dataset.actual_range(self.plan, found, name))
        with warnings.catch_warnings():  # zarr warns that consolidated metadata is no part of v3 yet; every reader we know reads it
            warnings.simplefilter("ignore")
            zarr.consolidate_metadata(str(self.folder))
        held = {name for record in self.lines.values() for name in record["files"]}
        names = sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*") if path.is_file())
        beside = [name for name in names if name not in held and not name.startswith(MANIFEST)]
        end = {"files": {name: journal.on_disk(self.folder / name) for name in beside}}
        disk.sync([self.folder / name for name in beside])
        journal.write(self.folder / MANIFEST, [self.header, *(self.lines[key] for key in sorted(self.lines)), end])
        disk.sync(disk.folders(self.folder))


@contextmanager
def alone(path: Path, plan: Plan) -> Iterator[None]:
    """Keep a cube to this run, and finish first what a run before it was stopped in."""
    half = partial(path)
    if path.exists():
        identity(path)  # what is not a wattsweep store is not overwritten, whatever the user says
    if half.exists() and not (half.is_dir() and {item.name for item in half.iterdir()} <= OURS):
        raise SweepError(f"{half}: exists and is not an incomplete wattsweep store; give another name")
    if not (half / JOURNAL).exists():
        layout.check_room(path, plan)
    with disk.locked(half, path):
        settle(path)
        yield


def settle(path: Path) -> None:
    """Give a cube that is ready its name, unless it has it, and remove what is left over then; nothing where a run is to go on."""
    half = partial(path)
    lines = journal.read(half / JOURNAL)
    if (half / JOURNAL).exists() and lines.ready is None:
        return
    new = (half / CUBE).exists() and (not path.exists() or os.stat(half / CUBE).st_ino == lines.ready)
    if new and journal.read(half / CUBE / MANIFEST).complete():
        disk.swap(half / CUBE, path, half / OLD)
    (half / JOURNAL).unlink(missing_ok=True)
    for name in OURS - {disk.LOCK, JOURNAL}:
        shutil.rmtree(half / name, ignore_errors=True)


def opened(path: Path, plan: Plan, overwrite: bool = False) -> Store:
    """A store to write the plan's blocks to: new, or the one that an earlier run has begun. Another study's cube is an error."""
    half = partial(path)
    lines = journal.read(half / JOURNAL)
    planned = list(blocks(plan))
    header = journal.header(dataset.attributes(plan), len(planned))
    done = {}
    if (half / CUBE).exists() and (half / JOURNAL).exists():
        done = lines.of(header, planned)
        if lines.header:
            found = dataset.differences(lines.identity or {}, dataset.identity(plan))
            if found and not overwrite:
                _refuse(half / CUBE, "was started with", found)
            header = header if found else lines.header
        elif lines.damaged > 1 and not done and not overwrite:
            raise SweepError(f"{half / JOURNAL}: is damaged and does not say which study it is of; --overwrite starts over")
    if not done:
        (half / JOURNAL).unlink(missing_ok=True)
        shutil.rmtree(half / CUBE, ignore_errors=True)
    return _resumed(half, half / CUBE, plan, header, done, planned, half / JOURNAL)


def mending(path: Path, plan: Plan) -> Store:
    """A store to write the lost blocks of a finished cube to; what is intact stays as it is."""
    lines = journal.read(path / MANIFEST)
    planned = list(blocks(plan))
    header = lines.header or journal.header(dataset.attributes(plan), len(planned))
    lost = {fault.block for fault in faults(path, deep=True)}
    done = {key: record for key, record in lines.of(header, planned).items() if key not in lost}
    return _resumed(partial(path), path, plan, header, done, planned, None)


def _resumed(
    half: Path, cube: Path, plan: Plan, header: Record, done: dict[tuple[int, int], Record], planned: list[Block], notes: Path | None
) -> Store:
    """A store that has some blocks and lacks the others; all that is no block is made anew, as it should be."""
    attributes = {**header["attributes"], "created": dataset.now()}
    layout.lay(half, cube, plan, attributes)
    for file in cube.rglob("*.partial"):  # what zarr had not yet given its name
        file.unlink()
    arrays = layout.arrays(cube, plan)
    kept = {}
    for block in planned:
        key = (block.nest, block.number)
        names = [layout.shard(arrays[name], block) for name in plan.nests[block.nest].outputs]
        if key in done and all(_there(cube / name, done[key]["files"].get(name)) for name in names):
            kept[key] = done[key]
        else:
            for name in names:
                (cube / name).unlink(missing_ok=True)  # a writer cannot read one that a kill or a full disk cut short
    if notes:
        journal.write(notes, [header, *kept.values()])
    return Store(cube, plan, arrays, header, kept, notes)


def _there(file: Path, sealed: list[int] | None) -> bool:
    return sealed is not None and file.exists() and file.stat().st_size == sealed[0]


def publish(path: Path) -> None:
    """Give a finished cube its name, from whatever step a kill may leave it in."""
    half = partial(path)
    journal.write(half / JOURNAL, [{"ready": os.stat(half / CUBE).st_ino}])
    settle(path)


def identity(path: Path) -> dict[str, str]:
    """What a finished cube is of: from its manifest, or from its metadata where that is damaged."""
    try:
        lines = journal.read(path / MANIFEST)
        if lines.header:
            return lines.identity or {}
        found: dict[str, str] = json.loads(layout.group(path, "r").attrs["identity"])
    except (KeyError, ValueError, OSError):
        raise SweepError(f"{path}: exists and is not a wattsweep store; give another name") from None
    return found


def check_complete(path: Path) -> None:
    """Raise where no finished cube of this layout stands at a path."""
    found = state(path)
    if not found["complete"]:
        raise SweepError(f"{path}: is incomplete, {found['done']} of {found['total']} blocks are done; run the study again to resume")
    try:
        header = journal.read(path / MANIFEST).header
        if header and header["layout"] != journal.LAYOUT:
            raise SweepError(f"{path}: was written by another version of wattsweep with another layout")
        if not header and "written" not in (kept := layout.group(path, "r").attrs):
            older = "was written by an older version of wattsweep without checksums; xarray.open_zarr reads it, --overwrite replaces it"
            raise SweepError(f"{path}: {older if 'identity' in kept else 'is not a wattsweep store'}")
    except (KeyError, ValueError, OSError) as error:
        said = getattr(error, "strerror", None) or (str(error).splitlines() or [type(error).__name__])[0]
        raise SweepError(f"{path}: cannot be read as a cube: {said}") from None


def check_same(path: Path, plan: Plan, verb: str) -> None:
    """Raise where a cube on disk is not of this plan, and say what differs."""
    found = dataset.differences(identity(path), dataset.identity(plan))
    if found:
        _refuse(path, verb, found)


def _refuse(path: Path, verb: str, found: list[str]) -> None:
    more = f" (and {len(found) - 4} more)" if len(found) > 4 else ""
    raise SweepError(f"{path}: {verb} another study: {'; '.join(found[:4])}{more}; give another name or --overwrite")
