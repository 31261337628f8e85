"""A finished cube to a dataset. What belongs here: arrays that are read when they are asked for, and damage as an error that says where."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import xarray
from xarray.backends.zarr import ZarrArrayWrapper
from xarray.core.indexing import LazilyIndexedArray

from sweep.errors import SweepError
from sweep.store import journal, layout, verify
from sweep.store.place import MANIFEST, Place
from sweep.study.definition import Study, Written
from sweep.study.parse import read_study


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


def open_cube(path: str | Path) -> xarray.Dataset:
    """A finished cube, lazily read. A missing, half-written or damaged one is a SweepError."""
    verify.check_complete(path)
    place = layout.place(path)
    if lost := verify.faults(place):
        more = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
        raise SweepError(f"{path}: is damaged: {lost[0]}{more}; `sweep check {path} --repair` recomputes it")
    return dataset(place)


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


def study_of(path: str | Path, set_: Iterable[str] = ()) -> Study:
    """The study of a cube, from its manifest, or from its metadata where that is damaged. set_: values that are changed in it."""
    place = layout.place(path)
    header = journal.read(place / MANIFEST).header
    return study_in(header["attributes"] if header else layout.group(place, "r").attrs, set_)


def study_in(kept: Mapping[str, Any], set_: Iterable[str] = ()) -> Study:
    """The study that the attributes of a cube say."""
    written = Written(**json.loads(kept["written"]))
    changed = {text.partition("=")[0].strip() for text in set_}
    before = [text for text in written.set_ if text.partition("=")[0].strip() not in changed]
    return read_study(str(kept["study"]), replace(written, set_=(*before, *set_)))
