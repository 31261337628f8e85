"""How a cube lies on disk: Zarr v3, each array cut into shards. What belongs here: its files, arrays and codecs, and the room needed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np

from sweep.cube import coordinates, dataset
from sweep.cube.compute import uncompressed_bytes
from sweep.cube.coordinates import Variable
from sweep.engine import quantiles
from sweep.engine.blocks import Block, Grid, grid
from sweep.engine.plan import Plan
from sweep.errors import SweepError
from sweep.store.disk import Folder
from sweep.store.objects import Bucket, Prefix
from sweep.store.place import ADDRESS, SCHEMES, Place

CODEC: Literal["lz4"] = "lz4"
BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
LEVEL = 2  # within a tenth of what level 5 saves, at 1.15 of its speed


def partial(path: Place) -> Place:
    """Where a cube lies until it is complete."""
    return path.beside(".partial")


def place(path: str | Path) -> Place:
    """Where a path leads, through links, or an address; an error where no cube can lie there."""
    address = ADDRESS.fullmatch(str(path))
    scheme, _, rest = str(path).partition(":")
    if scheme in SCHEMES and rest and not address:
        raise SweepError(f"{path}: is neither a path nor an address; write {scheme}://{rest}")
    if address and address[1] != "file":
        return _object(str(path), *address.groups())
    found = Path(os.path.realpath(f"/{address[2]}" if address else path))
    if not found.name:
        raise SweepError(f"{path}: cannot hold a cube; give the name of a new folder")
    return Folder(found)


def _object(text: str, scheme: str, rest: str) -> Place:
    if scheme not in SCHEMES:
        known = ", ".join(f"{known}://" for known in (*SCHEMES, "file"))
        raise SweepError(f"{text}: no cube can lie at {scheme}://, but in a folder or at {known}")
    bucket, *names = rest.strip("/").split("/")
    if not BUCKET.fullmatch(bucket) or not names or not all(name.isprintable() and name.strip(".") for name in names):
        given = bucket if BUCKET.fullmatch(bucket) else "bucket"
        raise SweepError(f"{text}: cannot hold a cube; give a bucket and a name, such as {scheme}://{given}/cube.zarr")
    return Prefix(Bucket(f"{scheme}://{bucket}"), "/".join(names))


def shard(array: Any, block: Block) -> str:
    """The file that holds one block of an array, within the cube."""
    corner = tuple(start // length for (start, _), length in zip(block.ranges, array.shards or (), strict=False))
    return f"{array.basename}/{array.metadata.encode_chunk_key(corner)}"


def group(path: Place, mode: Any) -> Any:
    """The Zarr group of a cube."""
    import zarr

    with path.telling():
        return zarr.open_group(path.zarr(), mode=mode)


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


def arrays(path: Place, plan: Plan) -> dict[str, Any]:
    """The arrays of a plan's outputs, open for writing by one thread each."""
    with codecs(workers=1):  # each block has a thread of its own already
        root = group(path, "r+")
        return {v.name: root[v.name] for v in dataset.outputs(plan)}


def lay(cube: Place, plan: Plan, attributes: Mapping[str, Any]) -> None:
    """Put the metadata and the coordinates of a cube in place, new ones where there are some: they take no time to make."""
    for name, content in skeleton(plan, attributes).items():
        (cube / name).write(content)


def skeleton(plan: Plan, attributes: Mapping[str, Any]) -> dict[str, bytes]:
    """The files of a cube but for its blocks, by name."""
    from zarr.storage import MemoryStore

    made: dict[str, Any] = {}
    _create(MemoryStore(made), plan, attributes)
    return {name: content.to_bytes() for name, content in made.items()}


def _create(store: Any, plan: Plan, attributes: Mapping[str, Any]) -> None:
    import zarr
    from zarr.codecs import BloscCodec, Crc32cCodec, ZstdCodec

    root = zarr.open_group(store, mode="w")
    along = coordinates.coordinates(plan)
    beside = " ".join(v.name for v in along if v.dims != (v.name,))  # CF's way to say which variables are coordinates
    root.attrs.update({**attributes, **({"coordinates": beside} if beside else {})})
    grids = {name: grid(plan, nest) for nest in plan.output_nests for name in nest.outputs}
    for variable in along:
        assert variable.values is not None
        codec = (ZstdCodec(), Crc32cCodec())
        array = root.create_array(variable.name, shape=variable.values.shape, dtype=variable.dtype, compressors=codec, **_common(variable))
        array[...] = variable.values
    for variable in dataset.outputs(plan):
        cut: Grid = grids[variable.name]
        shape, chunk, block = (quantiles.cut(variable.name, plan.dims[variable.name], part) for part in (cut.shape, cut.chunk, cut.block))
        layout: dict[str, Any] = {"chunks": chunk, "shards": block} if shape else {}
        blosc = BloscCodec(cname=CODEC, clevel=LEVEL, shuffle="shuffle")
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


def check_room(path: Place, plan: Plan) -> None:
    """Raise where the disk is too small for the cube. Measured cubes compress 4 to 12 times; 3 is what is counted on."""
    size = uncompressed_bytes(plan)
    need = size / 3
    room = path.room()
    if room and need > room[1]:
        longest = max(plan.order, key=lambda name: plan.sizes[name], default="")
        advice = f"; its longest axis is {longest} with {plan.sizes.get(longest, 1):,} labels; shorten it, or ask `sweep best`, which "
        raise SweepError(
            f"{path}: the cube of {plan.study.file} has {size:.3g} bytes, about {need:.3g} compressed, and {room[0]} has "
            f"{room[1]:.3g} free{advice + 'stores nothing' if longest else ''}"
        )
