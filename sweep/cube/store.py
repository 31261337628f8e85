"""A cube on disk: Zarr v3, sharded, written block by block. What belongs here: files, the journal, resuming, finishing.

While it is written a cube lies in the folder `<path>.partial`, beside a journal of the blocks that are done; it takes its own
name only when it is whole, so a reader never meets half a cube.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sweep.cube import dataset
from sweep.cube.dataset import Variable
from sweep.engine import quantiles
from sweep.engine.blocks import Array, Block, Grid, blocks, grid
from sweep.engine.plan import Plan
from sweep.errors import SweepError

if sys.platform != "win32":
    import fcntl

JOURNAL = "journal.jsonl"
CUBE = "cube.zarr"
PIECE = 1 << 16  # cells that stay in the cache while they are looked at three times
Statistics = dict[str, tuple[float, float, int]]


def partial(path: Path) -> Path:
    """Where a cube lies until it is whole."""
    return path.with_name(path.name + ".partial")


def state(path: Path) -> dict[str, Any]:
    """How complete a cube is: complete, and the blocks that are done of those there are."""
    if path.exists():
        return {"complete": True, "done": None, "total": None}
    half = partial(path)
    if not half.exists():
        raise SweepError(f"{path}: no cube there")
    lines = _lines(half / JOURNAL)
    return {"complete": False, "done": max(len(lines) - 1, 0), "total": lines[0]["blocks"] if lines else None}


@dataclass
class Store:
    """A cube that is being written; `done` are the blocks that are on disk, by (nest, number)."""

    path: Path
    plan: Plan
    arrays: Mapping[str, Any]
    done: set[tuple[int, int]]
    statistics: Statistics
    lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, block: Block, values: Mapping[str, Array]) -> None:
        """Write the outputs of one block, then note in the journal that it is done."""
        found = {name: statistics(array) for name, array in values.items()}
        try:
            for name, array in values.items():
                self.arrays[name][block.region(quantiles.held(name, self.plan.dims[name]))] = array
        except RuntimeError as error:  # what the zarrs codecs make of a full disk
            raise OSError(str(error)) from None
        line = "\n" + json.dumps({"nest": block.nest, "number": block.number, "statistics": found})
        with self.lock:
            with open(partial(self.path) / JOURNAL, "ab") as journal:
                journal.write(line.encode())
            self.done.add((block.nest, block.number))
            merge(self.statistics, found)

    def finish(self) -> None:
        """Say in the attributes what the cube holds, and give it its name."""
        import zarr

        half = partial(self.path) / CUBE
        for name, array in self.arrays.items():
            array.attrs.update(dataset.actual_range(self.plan, self.statistics, name))
        with warnings.catch_warnings():  # zarr warns that consolidated metadata is no part of v3 yet; every reader we know reads it
            warnings.simplefilter("ignore")
            zarr.consolidate_metadata(str(half))
        if self.path.exists():
            shutil.rmtree(self.path)
        os.replace(half, self.path)
        shutil.rmtree(partial(self.path))


@contextmanager
def alone(path: Path, plan: Plan) -> Iterator[None]:
    """Keep the folder of a half-written cube to this run; the lock goes with the process, however it ends."""
    half = partial(path)
    if path.exists():
        _identity(path)  # what is no cube of ours is not overwritten, whatever the user says
    if half.exists() and not (half.is_dir() and {item.name for item in half.iterdir()} <= {CUBE, JOURNAL}):
        raise SweepError(f"{half}: is there already and is no half-written cube of ours; give another name")
    if not _lines(half / JOURNAL):
        _room(path, plan)
    half.mkdir(parents=True, exist_ok=True)
    if sys.platform == "win32":  # which has no such lock
        yield
        return
    handle = os.open(half, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise SweepError(f"{path}: another run is writing it; wait for that one or give another name") from None
    finally:
        os.close(handle)


def opened(path: Path, plan: Plan, overwrite: bool = False) -> Store:
    """A store to write the plan's blocks to: new, or the one that an earlier run has begun. Another study's cube is an error."""
    half = partial(path)
    kept = (half / CUBE).exists() and not overwrite  # a journal alone is what a kill right after the last rename leaves
    lines = _lines(half / JOURNAL) if kept else []
    if not lines:
        (half / JOURNAL).unlink(missing_ok=True)
        shutil.rmtree(half / CUBE, ignore_errors=True)
        _create(half, plan)
        lines = _lines(half / JOURNAL)
    else:
        check_same(half / CUBE, plan, "was begun with")
    done, found = set(), Statistics()
    for line in lines[1:]:
        done.add((line["nest"], line["number"]))
        merge(found, {name: tuple(given) for name, given in line["statistics"].items()})
    with codecs(workers=1):  # each block has a thread of its own already
        arrays = dict(_group(half / CUBE, "r+").arrays())
    for block in blocks(plan):
        if (block.nest, block.number) not in done:
            for name in plan.nests[block.nest].outputs:
                _shard(half, arrays[name], block).unlink(missing_ok=True)  # a writer cannot read one that a kill or a full disk cut short
    return Store(path, plan, {v.name: arrays[v.name] for v in dataset.outputs(plan)}, done, found)


def _shard(half: Path, array: Any, block: Block) -> Path:
    """The file that holds one block of an array."""
    corner = tuple(start // length for (start, _), length in zip(block.ranges, array.shards or (), strict=False))
    return half / CUBE / str(array.basename) / str(array.metadata.encode_chunk_key(corner))


def statistics(values: Array) -> tuple[float, float, int]:
    """Smallest and largest value and how many cells have one."""
    flat = values.reshape(-1)
    if flat.dtype.kind != "f":
        return float(flat.min()), float(flat.max()), int(np.count_nonzero(flat == 0))
    low, high, count = np.inf, -np.inf, 0
    for start in range(0, flat.size, PIECE):
        piece = flat[start : start + PIECE]
        least = piece.min()
        if least == least:  # NaN where any cell is: a piece without gaps, as most are, is done in two passes
            low, high, count = min(low, least), max(high, piece.max()), count + piece.size
        else:
            low, high = np.fmin(low, np.fmin.reduce(piece)), np.fmax(high, np.fmax.reduce(piece))
            count += int(np.count_nonzero(piece == piece))
    return float(low), float(high), count


def merge(into: Statistics, new: Mapping[str, Iterable[float]]) -> None:
    """Add the statistics of one block to those of the blocks before it."""
    for name, given in new.items():
        low, high, count = given
        if name in into:
            before = into[name]
            low, high, count = float(np.fmin(low, before[0])), float(np.fmax(high, before[1])), int(count) + before[2]
        into[name] = (low, high, int(count))


def _lines(journal: Path) -> list[dict[str, Any]]:
    """The whole lines of a journal; one that a kill or a full disk has cut short is none."""
    if not journal.exists():
        return []
    found = []
    for line in journal.read_bytes().splitlines():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return found


def _group(path: Path, mode: Any) -> Any:
    import zarr

    return zarr.open_group(str(path), mode=mode)


@contextmanager
def codecs(workers: int | None = None) -> Iterator[None]:
    """Arrays that are opened inside use the zarrs codecs where these are installed; `workers` threads for each write or read."""
    import zarr

    settings: dict[str, Any] = {"threading.max_workers": workers}
    try:
        import zarrs  # noqa: F401

        settings["codec_pipeline.path"] = "zarrs.ZarrsCodecPipeline"
    except ImportError:
        pass
    with zarr.config.set(settings):
        yield


def _create(half: Path, plan: Plan) -> None:
    from zarr.codecs import BloscCodec

    (half / CUBE).mkdir(parents=True)
    group = _group(half / CUBE, "w")
    beside = " ".join(v.name for v in dataset.coordinates(plan) if v.dims != (v.name,))  # CF's way to say which variables are coordinates
    group.attrs.update(dataset.attributes(plan) | ({"coordinates": beside} if beside else {}))
    grids = {name: grid(plan, nest) for nest in plan.output_nests for name in nest.outputs}
    for variable in dataset.coordinates(plan):
        assert variable.values is not None
        array = group.create_array(variable.name, shape=variable.values.shape, dtype=variable.dtype, **_common(variable))
        array[...] = variable.values
    for variable in dataset.outputs(plan):
        cut: Grid = grids[variable.name]
        shape, chunk, block = (quantiles.cut(variable.name, plan.dims[variable.name], part) for part in (cut.shape, cut.chunk, cut.block))
        layout: dict[str, Any] = {"chunks": chunk, "shards": block} if shape else {}
        codec = BloscCodec(cname="lz4", clevel=2, shuffle="shuffle")  # within a tenth of what level 5 saves, at 1.15 of its speed
        fill = np.nan if variable.dtype == np.float32 else 0
        group.create_array(
            variable.name,
            shape=shape,
            dtype=variable.dtype,
            compressors=codec,
            fill_value=fill,
            config={"write_empty_chunks": True},
            **layout,
            **_common(variable),
        )
    header = json.dumps({"identity": dataset.identity(plan), "blocks": sum(1 for _ in blocks(plan))})
    (half / JOURNAL).write_text(header)


def _common(variable: Variable) -> dict[str, Any]:
    return {"dimension_names": variable.dims, "attributes": variable.attributes}


def _identity(path: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(_group(path, "r").attrs["identity"])
    except (KeyError, ValueError, OSError):
        raise SweepError(f"{path}: is there already and is no cube of ours; give another name") from None
    return found


def check_same(path: Path, plan: Plan, verb: str) -> None:
    """Raise where a cube on disk is not of this plan, and say what differs."""
    found = dataset.differences(_identity(path), dataset.identity(plan))
    if found:
        more = f" (and {len(found) - 4} more)" if len(found) > 4 else ""
        raise SweepError(f"{path}: {verb} another study: {'; '.join(found[:4])}{more}; give another name or --overwrite")


def bytes_on_disk(plan: Plan) -> int:
    """The size of a plan's outputs before compression."""
    return sum(plan.cells(v.dims) * np.dtype(v.dtype).itemsize for v in dataset.outputs(plan))


def _room(path: Path, plan: Plan) -> None:
    """Raise where the disk is too small for the cube. Measured cubes compress 4 to 12 times; 3 is what is counted on."""
    need = bytes_on_disk(plan) / 3
    there = next(p for p in [path.absolute(), *path.absolute().parents] if p.exists())
    free = shutil.disk_usage(there).free
    if need > free:
        longest = max(plan.order, key=lambda name: plan.sizes[name])
        raise SweepError(
            f"{path}: the cube of {plan.study.file} has {bytes_on_disk(plan):.3g} bytes, about {need:.3g} compressed, and {there} has "
            f"{free:.3g} free; its longest axis is {longest} with {plan.sizes[longest]:,} labels; shorten it, or ask `sweep best`, "
            "which stores nothing"
        )
