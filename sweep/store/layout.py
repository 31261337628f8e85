"""How a cube lies on disk: Zarr v3, each array cut into shards. What belongs here: its files, arrays and codecs, and the room needed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from sweep.cube import dataset
from sweep.cube.compute import uncompressed_bytes
from sweep.cube.dataset import Variable
from sweep.engine import quantiles
from sweep.engine.blocks import Block, Grid, grid
from sweep.engine.plan import Plan
from sweep.errors import SweepError

JOURNAL = "journal.jsonl"
MANIFEST = "manifest.jsonl"
CUBE = "cube.zarr"
SKELETON = "skeleton.zarr"
OLD = "old.zarr"


def partial(path: Path) -> Path:
    """Where a cube lies until it is complete."""
    return path.with_name(path.name + ".partial")


def place(path: Path) -> Path:
    """Where a path leads, through links; an error where no cube can lie there."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", str(path)):
        raise SweepError(f"{path}: is an address, and a cube is written to a folder; copy it from there once it is complete, as it is")
    found = Path(os.path.realpath(path))
    if not found.name:
        raise SweepError(f"{path}: cannot hold a cube; give the name of a new folder")
    return found


def shard(array: Any, block: Block) -> str:
    """The file that holds one block of an array, within the cube."""
    corner = tuple(start // length for (start, _), length in zip(block.ranges, array.shards or (), strict=False))
    return f"{array.basename}/{array.metadata.encode_chunk_key(corner)}"


def group(path: Path, mode: Any) -> Any:
    """The Zarr group of a cube."""
    import zarr

    return zarr.open_group(str(path), mode=mode)


@contextmanager
def codecs(workers: int | None = None) -> Iterator[None]:
    """Arrays that are opened inside use the zarrs codecs where these are installed; `workers` threads for each write or read."""
    import zarr

    settings: dict[str, Any] = {"threading.max_workers": workers, "array.write_empty_chunks": True}
    try:
        import zarrs  # noqa: F401

        settings["codec_pipeline.path"] = "zarrs.ZarrsCodecPipeline"
    except ImportError:
        pass
    with zarr.config.set(settings):
        yield


def arrays(path: Path, plan: Plan) -> dict[str, Any]:
    """The arrays of a plan's outputs, open for writing by one thread each."""
    with codecs(workers=1):  # each block has a thread of its own already
        root = group(path, "r+")
        return {v.name: root[v.name] for v in dataset.outputs(plan)}


def lay(half: Path, cube: Path, plan: Plan, attributes: Mapping[str, Any]) -> None:
    """Put the metadata and the coordinates of a cube in place, new ones where there are some: they take no time to make."""
    shutil.rmtree(half / SKELETON, ignore_errors=True)
    _create(half / SKELETON, plan, attributes)
    if not cube.exists():
        os.rename(half / SKELETON, cube)
        return
    for file in [path for path in (half / SKELETON).rglob("*") if path.is_file()]:
        target = cube / file.relative_to(half / SKELETON)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(file, target)
    shutil.rmtree(half / SKELETON)


def _create(path: Path, plan: Plan, attributes: Mapping[str, Any]) -> None:
    from zarr.codecs import BloscCodec, Crc32cCodec, ZstdCodec

    path.mkdir(parents=True)
    root = group(path, "w")
    beside = " ".join(v.name for v in dataset.coordinates(plan) if v.dims != (v.name,))  # CF's way to say which variables are coordinates
    root.attrs.update({**attributes, **({"coordinates": beside} if beside else {})})
    grids = {name: grid(plan, nest) for nest in plan.output_nests for name in nest.outputs}
    for variable in dataset.coordinates(plan):
        assert variable.values is not None
        codec = (ZstdCodec(), Crc32cCodec())
        array = root.create_array(variable.name, shape=variable.values.shape, dtype=variable.dtype, compressors=codec, **_common(variable))
        array[...] = variable.values
    for variable in dataset.outputs(plan):
        cut: Grid = grids[variable.name]
        shape, chunk, block = (quantiles.cut(variable.name, plan.dims[variable.name], part) for part in (cut.shape, cut.chunk, cut.block))
        layout: dict[str, Any] = {"chunks": chunk, "shards": block} if shape else {}
        blosc = BloscCodec(cname="lz4", clevel=2, shuffle="shuffle")  # within a tenth of what level 5 saves, at 1.15 of its speed
        fill = np.inf if variable.dtype == np.float32 else -1  # what no cell holds: every chunk is stored, and a lost one shows
        root.create_array(
            variable.name,
            shape=shape,
            dtype=variable.dtype,
            compressors=(blosc, Crc32cCodec()),
            fill_value=fill,
            **layout,
            **_common(variable),
        )


def _common(variable: Variable) -> dict[str, Any]:
    return {"dimension_names": variable.dims, "attributes": variable.attributes}


def check_room(path: Path, plan: Plan) -> None:
    """Raise where the disk is too small for the cube. Measured cubes compress 4 to 12 times; 3 is what is counted on."""
    size = uncompressed_bytes(plan)
    need = size / 3
    existing = next(p for p in [path.absolute(), *path.absolute().parents] if p.exists())
    free = shutil.disk_usage(existing).free
    if need > free:
        longest = max(plan.order, key=lambda name: plan.sizes[name], default="")
        advice = f"; its longest axis is {longest} with {plan.sizes.get(longest, 1):,} labels; shorten it, or ask `sweep best`, which "
        raise SweepError(
            f"{path}: the cube of {plan.study.file} has {size:.3g} bytes, about {need:.3g} compressed, and {existing} has "
            f"{free:.3g} free{advice + 'stores nothing' if longest else ''}"
        )
