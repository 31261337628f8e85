"""The arrays of a cube for xarray. What belongs here: a dataset that reads them when asked for, and damage as an error that says where."""

from __future__ import annotations

from typing import Any

import xarray
from xarray.backends.zarr import ZarrArrayWrapper
from xarray.core.indexing import LazilyIndexedArray

from sweep.errors import SweepError
from sweep.store import layout
from sweep.store.place import Place


class Checked(ZarrArrayWrapper):
    """An array on disk; a block of it that fails its checksum is a SweepError."""

    __slots__ = ("path",)

    def __init__(self, array: Any, path: Place) -> None:
        super().__init__(array)  # type: ignore[no-untyped-call]
        self.path = path

    def __getitem__(self, key: Any) -> Any:
        try:
            with self.path.telling():
                return super().__getitem__(key)  # type: ignore[no-untyped-call]
        except (ValueError, RuntimeError, OSError) as error:  # zarr and zarrs have many ways to say that bytes are wrong
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            name = self._array.basename
            raise SweepError(f"{self.path}: {name} is damaged ({said}); `sweep check {self.path} --repair` recomputes it") from None


def dataset(path: Place) -> xarray.Dataset:
    """The arrays of a cube under their names, as xarray.open_zarr would have them."""
    root = layout.group(path, "r")
    attributes = dict(root.attrs)
    beside = str(attributes.pop("coordinates", "")).split()
    found = {}
    for name, array in root.arrays():
        dims = array.metadata.dimension_names or ()
        encoding = {"preferred_chunks": dict(zip(dims, array.chunks, strict=True))}
        found[name] = xarray.Variable(dims, LazilyIndexedArray(Checked(array, path)), dict(array.attrs), encoding)
    coordinates = {name: variable.load() for name, variable in found.items() if name in beside or variable.dims == (name,)}
    return xarray.Dataset({name: found[name] for name in found if name not in coordinates}, coordinates, attributes)
