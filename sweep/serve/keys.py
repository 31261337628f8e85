"""A cube as the keys of a Zarr v3 store. What belongs here: its metadata, and chunks that are read or computed when they are asked for.

A key is compared with the names and chunks that the cube has; none is ever a path of a file.
"""

from __future__ import annotations

import math
import re
import warnings
from functools import lru_cache
from typing import Any

import numpy as np
import xarray

from sweep.engine.blocks import Array

CHUNK = re.compile(r"([^/]+)/c((?:/(?:0|[1-9]\d{0,17}))*)")
KEPT = 256  # chunks of about 1 MB


class Keys:
    """The keys of a cube: `get(key)` gives the bytes, or None where there is no such key. May be asked from several threads."""

    def __init__(self, cube: xarray.Dataset) -> None:
        self.cube = cube
        self.chunks = {str(name): _chunk_shape(variable) for name, variable in cube.data_vars.items()}
        self.held = _metadata(cube, self.chunks)
        self.chunk = lru_cache(KEPT)(self._chunk)

    def get(self, key: str) -> bytes | None:
        """The bytes behind a key."""
        if key in self.held:
            return self.held[key]
        found = CHUNK.fullmatch(key)
        if not found or found[1] not in self.chunks:
            return None
        name, place = found[1], tuple(map(int, found[2].split("/")[1:]))
        return self.chunk(name, place) if self._exists(name, place) else None

    def size(self, key: str) -> int | None:
        """How many bytes a key has, without computing them."""
        if key in self.held:
            return len(self.held[key])
        found = CHUNK.fullmatch(key)
        if not found or found[1] not in self.chunks or not self._exists(found[1], tuple(map(int, found[2].split("/")[1:]))):
            return None
        return math.prod(self.chunks[found[1]]) * self.cube[found[1]].dtype.itemsize

    def _exists(self, name: str, place: tuple[int, ...]) -> bool:
        shape, chunk = self.cube[name].shape, self.chunks[name]
        return len(place) == len(shape) and all(i * n < size for i, n, size in zip(place, chunk, shape, strict=True))

    def _chunk(self, name: str, place: tuple[int, ...]) -> bytes:
        array, chunk = self.cube[name], self.chunks[name]
        region = [slice(i * n, (i + 1) * n) for i, n in zip(place, chunk, strict=True)]
        values = np.asarray(array.isel(dict(zip(array.dims, region, strict=True))).values)
        whole: Array = np.zeros(chunk, values.dtype.newbyteorder("<"))
        whole[tuple(slice(size) for size in values.shape)] = values  # a chunk at the end of an axis is as long as the others
        return whole.tobytes()


def _chunk_shape(variable: xarray.DataArray) -> tuple[int, ...]:
    preferred = variable.encoding.get("preferred_chunks", {})
    return tuple(int(preferred.get(dim, size)) for dim, size in variable.sizes.items())


def _metadata(cube: xarray.Dataset, chunks: dict[str, tuple[int, ...]]) -> dict[str, bytes]:
    """The metadata of all arrays, once more in one piece, and the coordinates whole, as zarr itself would store them."""
    import zarr
    from zarr.storage import MemoryStore

    stored: dict[str, Any] = {}
    store = MemoryStore(stored)
    root = zarr.create_group(store)
    beside = " ".join(str(name) for name, variable in cube.coords.items() if variable.dims != (name,))
    root.attrs.update({**cube.attrs, **({"coordinates": beside} if beside else {})})
    for name, variable in cube.variables.items():
        text = variable.dtype.kind not in "fiu"
        array = root.create_array(
            str(name),
            shape=variable.shape,
            chunks=chunks.get(str(name), variable.shape) if variable.ndim else "auto",
            dtype=str if text else variable.dtype.newbyteorder("<"),
            compressors=None,
            fill_value="" if text else 0,
            dimension_names=[str(dim) for dim in variable.dims],
            attributes=dict(variable.attrs),
        )
        if name in cube.coords:
            array[...] = variable.values
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that Zarr's own text does not name consolidated metadata yet
        zarr.consolidate_metadata(store)
    return {key: value.to_bytes() for key, value in stored.items()}
