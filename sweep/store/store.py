"""A cube that is written block by block. What belongs here: the journal's meaning, resuming, finishing, and one cube for another.

While it is written a cube lies in the folder `<path>.partial`, beside a journal of the blocks that are on disk; it takes its own
name only when it is complete, so a reader never sees an incomplete one. What it takes the place of is deleted after that.
"""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sweep.cube import dataset
from sweep.engine import quantiles
from sweep.engine.blocks import Array, Block, blocks
from sweep.engine.plan import Plan
from sweep.errors import SweepError
from sweep.store import disk, journal, layout, verify
from sweep.store.journal import Record
from sweep.store.layout import partial
from sweep.store.place import CUBE, JOURNAL, LOCK, MANIFEST, OLD, Place

SYNC_BYTES = 64 << 20  # what is written before it is waited for
SYNC_SECONDS = 1.0
OURS = {CUBE, JOURNAL, JOURNAL + disk.UNNAMED, OLD, LOCK}


@dataclass
class Store:
    """A cube that is being written in `folder`. lines: of the blocks that need not be computed, by (nest, number).

    made: the folder in which zarr makes its files. journal: the file that notes each block; without one the lines are kept for the
    manifest alone.
    """

    folder: Place
    made: Place
    plan: Plan
    arrays: Mapping[str, Any]
    header: Record
    lines: dict[tuple[int, int], Record]
    journal: Place | None = None
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
            "files": {name: journal.seal(name, self.folder.taken(name)) for name in files},
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
        self.folder.sync(name for record in records for name in record["files"])
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
            zarr.consolidate_metadata(self.made.zarr())
        held = {name for record in self.lines.values() for name in record["files"]}
        beside = [name for name in sorted(self.made.sizes()) if name not in held and not name.startswith(MANIFEST)]
        end = {"files": {name: journal.seal(name, self.folder.taken(name)) for name in beside}}
        self.folder.sync(beside)
        journal.write(self.folder / MANIFEST, [self.header, *(self.lines[key] for key in sorted(self.lines)), end])
        self.folder.sync_folders()


@contextmanager
def alone(path: Place, plan: Plan) -> Iterator[None]:
    """Keep a cube to this run, and finish first what a run before it was stopped in."""
    half = partial(path)
    if path.exists():
        verify.identity(path)  # what is not a wattsweep store is not overwritten, whatever the user says
    if half.exists() and not half.children() <= OURS:
        raise SweepError(f"{half}: exists and is not an incomplete wattsweep store; give another name")
    if not (half / JOURNAL).exists():
        layout.check_room(path, plan)
    with half.locked(path):
        settle(path)
        yield


def settle(path: Place) -> None:
    """Give a cube that is ready its name, unless it has it, and remove what is left over then; nothing where a run is to go on."""
    half = partial(path)
    lines = journal.read(half / JOURNAL)
    if (half / JOURNAL).exists() and lines.ready is None:
        return
    new = (half / CUBE).exists() and (not path.exists() or (half / CUBE).stamp() == lines.ready)
    if new and journal.read(half / CUBE / MANIFEST).complete():
        (half / CUBE).replace(path, half / OLD)
    held = half.children()
    for name in (JOURNAL, *sorted(OURS - {LOCK, JOURNAL})):
        if name in held:
            (half / name).remove()


def opened(path: Place, plan: Plan, overwrite: bool = False) -> Store:
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
                verify.refuse(half / CUBE, "was started with", found)
            header = header if found else lines.header
        elif lines.damaged > 1 and not done and not overwrite:
            raise SweepError(f"{half / JOURNAL}: is damaged and does not say which study it is of; --overwrite starts over")
    if not done:
        (half / JOURNAL).remove()
        (half / CUBE).remove()
    return _resumed(half / CUBE, plan, header, done, planned, half / JOURNAL)


def mending(path: Place, plan: Plan) -> Store:
    """A store to write the lost blocks of a finished cube to; what is intact stays as it is."""
    lines = journal.read(path / MANIFEST)
    planned = list(blocks(plan))
    header = lines.header or journal.header(dataset.attributes(plan), len(planned))
    lost = {fault.block for fault in verify.faults(path, deep=True)}
    done = {key: record for key, record in lines.of(header, planned).items() if key not in lost}
    return _resumed(path, plan, header, done, planned, None)


def joined(cube: Place, plan: Plan, header: Record) -> Store:
    """A store that another process has opened and keeps the journal of."""
    made = cube.workshop()
    if made != cube:
        layout.lay(made, plan, header["attributes"])
    return Store(cube, made, plan, layout.arrays(made, plan), header, {})


def _resumed(
    cube: Place, plan: Plan, header: Record, done: dict[tuple[int, int], Record], planned: list[Block], notes: Place | None
) -> Store:
    """A store that has some blocks and lacks the others; all that is no block is made anew, as it should be."""
    made = cube.workshop()
    layout.lay(made, plan, {**header["attributes"], "created": dataset.now()})
    for name in [name for name in made.sizes() if name.endswith(disk.UNNAMED)]:
        (made / name).remove()
    arrays, sizes = layout.arrays(made, plan), cube.sizes()
    kept = {}
    for block in planned:
        key = (block.nest, block.number)
        names = [layout.shard(arrays[name], block) for name in plan.nests[block.nest].outputs]
        if key in done and all(sizes.get(name) == done[key]["files"].get(name, [None])[0] for name in names):
            kept[key] = done[key]
        else:
            for name in [name for name in names if name in sizes]:
                (cube / name).remove()  # a writer cannot read one that a kill or a full disk cut short
    if notes:
        journal.write(notes, [header, *kept.values()])
    return Store(cube, made, plan, arrays, header, kept, notes)


def publish(path: Place) -> None:
    """Give a finished cube its name, from whatever step a kill may leave it in."""
    half = partial(path)
    journal.write(half / JOURNAL, [{"ready": (half / CUBE).stamp()}])
    settle(path)
