"""A finished cube, read. What belongs here: opening it, its outputs and its study; xarray, which takes half a second, for opening alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweep.errors import SweepError
from sweep.store import journal, layout, verify
from sweep.store.place import MANIFEST
from sweep.study.definition import Study, Written
from sweep.study.parse import read_study

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True)
class Output:
    """An output of a cube: its axes, its attributes, and the Zarr array that is read where it is indexed."""

    dims: tuple[str, ...]
    attrs: dict[str, Any]
    array: Any

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.array.shape)

    @property
    def size(self) -> int:
        return int(self.array.size)

    def __getitem__(self, index: Any) -> Any:
        return self.array[index]


def open_cube(path: str | Path) -> xarray.Dataset:
    """A finished cube, lazily read. A missing, half-written or damaged one is a SweepError."""
    verify.check_complete(path)
    place = layout.place(path)
    if lost := verify.faults(place):
        more = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
        raise SweepError(f"{path}: is damaged: {lost[0]}{more}; `sweep check {path} --repair` recomputes it")
    from sweep.store.arrays import dataset

    return dataset(place)


def outputs_of(path: str | Path) -> dict[str, Output]:
    """The outputs of a finished cube."""
    root = layout.group(layout.place(path), "r")
    beside = str(root.attrs.get("coordinates", "")).split()
    found = {name: Output(tuple(array.metadata.dimension_names or ()), dict(array.attrs), array) for name, array in root.arrays()}
    return {name: output for name, output in found.items() if name not in beside and output.dims != (name,)}


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
