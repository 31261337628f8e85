"""What a picture shows of a cube. What belongs here: one quantity over a few axes, the rest held or reduced, and why cells are empty.

How it is drawn is for lines.py and heatmap.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sweep.catalog.units import digits, show
from sweep.engine.blocks import Array
from sweep.engine.plan import QUANTILE, QUANTILES, STATUS
from sweep.errors import SweepError, suggestion
from sweep.plot.style import scaled
from sweep.query.part import MOST_REDUCED, Reduction, reduction
from sweep.query.selection import broken, label_index, select, unit_of, with_columns

if TYPE_CHECKING:
    import xarray

MOST_CELLS = 1 << 20
MEDIAN = QUANTILES.index(0.5)
TOLD = {"min": "smallest", "max": "largest", "count": "feasible points"}


@dataclass(frozen=True)
class Side:
    """An axis of a picture. title: its name and the unit shown; labels: numbers in that unit, or words."""

    name: str
    title: str
    labels: Array

    @property
    def numeric(self) -> bool:
        return self.labels.dtype.kind == "f"

    @property
    def words(self) -> list[str]:
        return [digits(float(f"{label:.6g}")) if self.numeric else str(label) for label in self.labels]


@dataclass(frozen=True)
class View:
    """A quantity over the sides of a picture; arrays have the shape (labels of each side).

    values: in SI, NaN where there is none; band: the 5 and the 95 % quantile, where inputs were drawn; reasons: the rules for which a
    cell has no value, else ""; held: the labels at which all other axes stand; reduced: how and over which axes, in words.
    """

    name: str
    held: Mapping[str, str]
    reduced: str
    unit: str
    display_unit: str
    sides: tuple[Side, ...]
    values: Array
    band: tuple[Array, Array] | None
    reasons: Array

    @property
    def title(self) -> str:
        """The quantity, how it was reduced, and where all other axes stand."""
        words = [text for text in (self.name.replace("_", " "), self.reduced) if text]
        at = ", ".join(f"{axis.replace('_', ' ')} = {label}" for axis, label in self.held.items())
        return ", ".join(words) + (f"\nat {at}" if at else "")


def view(
    cube: xarray.Dataset,
    variable: str,
    along: Sequence[str],
    sel: Mapping[str, str] | None = None,
    reduce: str = "",
    nearest: bool = False,
) -> View:
    """One variable of a cube over the axes `along`; every other axis stands at `sel`, else at the study's point, or is reduced.

    sel, nearest: as in `sweep.slice`; reduce: one text such as "min=split". Raises SweepError.
    """
    cube = with_columns(cube, [variable])
    dims = [str(dim) for dim in select(cube, variable, {}).dims if dim != QUANTILE]
    shrink = reduction(reduce, dims) if reduce else Reduction("min", ())
    for axis in along:
        if axis not in dims:
            raise SweepError(f"{axis}: {variable} does not depend on such an axis{suggestion(axis, dims)}")
        if axis in shrink.axes or along.count(axis) > 1:
            raise SweepError(f"{axis}: is already an axis of the picture")
    at = _places(cube, dims, {*along, *shrink.axes}, sel or {}, nearest)
    part = cube[[variable, STATUS] if STATUS in cube else [variable]].isel(at, missing_dims="ignore")
    array = part[variable].transpose(*along, *shrink.axes, ...)
    if array.size > (MOST_REDUCED if shrink.axes else MOST_CELLS):
        raise SweepError(f"{variable}: {array.size:,} cells are too many for a picture; narrow them with --sel")
    shape = array.shape[: len(along)]
    inner = int(np.prod([array.sizes[axis] for axis in shrink.axes]))
    counted = shrink.name == "count"
    values = np.moveaxis(np.asarray(array.values, np.float64).reshape(*shape, inner, -1), -1, 0)
    rows = values.reshape(-1, inner)
    values = (np.count_nonzero(rows == rows, axis=1) if counted else shrink.of(rows)).reshape(values.shape[:-1])
    return View(
        name=variable,
        held={axis: _told(cube[axis], at[axis]) for axis in at if axis in dims and axis not in along},
        reduced=f"{TOLD.get(shrink.name, shrink.name)} over {', '.join(shrink.axes)}" if shrink.axes else "",
        unit="1" if counted else unit_of(array),
        display_unit="" if counted else array.attrs.get("display_units", ""),
        sides=tuple(_side(part[axis]) for axis in along),
        values=values[MEDIAN if QUANTILE in array.dims else 0],
        band=(values[0], values[-1]) if QUANTILE in array.dims else None,
        reasons=_reasons(part, variable, along, shape),
    )


def _places(cube: xarray.Dataset, dims: Sequence[str], free: set[str], sel: Mapping[str, str], nearest: bool) -> dict[str, int | list[int]]:
    """Where each axis of a cube stands: at the labels that were asked for, else at the study's point."""
    point = json.loads(cube.attrs.get("point", "{}"))
    at: dict[str, int | list[int]] = {}
    for axis, text in sel.items():
        if axis not in cube.dims:
            raise SweepError(f"--sel {axis}={text}: no such axis{suggestion(axis, map(str, cube.dims))}")
        at[axis] = place = label_index(cube, axis, text, nearest)
        if axis in free:
            at[axis] = [place] if isinstance(place, int) else place
        elif not isinstance(place, int):
            raise SweepError(f"--sel {axis}={text}: is {len(place)} labels; take one, or the best with --reduce min={axis}")
    for axis in map(str, cube.dims):
        if axis not in free and axis not in at and axis != QUANTILE:
            if axis not in point and axis in dims and cube.sizes[axis] > 1:
                raise SweepError(f"{axis}: has {cube.sizes[axis]} labels; --sel {axis}=... takes one, --reduce min={axis} the best")
            at[axis] = point.get(axis, 0)
    return at


def _told(coordinate: xarray.DataArray, place: Any) -> str:
    """A label in words."""
    label = coordinate.values[place]
    return show(float(label), unit_of(coordinate)) if coordinate.dtype.kind in "fiu" else str(label)


def _side(coordinate: xarray.DataArray) -> Side:
    name = str(coordinate.name)
    if coordinate.dtype.kind not in "fiu":
        return Side(name, name.replace("_", " "), np.array([str(label) for label in coordinate.values], object))
    title, labels = scaled(name, coordinate.values, unit_of(coordinate))
    return Side(name, title, labels)


def _reasons(part: xarray.Dataset, variable: str, along: Sequence[str], shape: tuple[int, ...]) -> Array:
    """The rules that leave a cell without value; over reduced axes those that all points break."""
    if STATUS not in part:
        return np.full(shape, "", object)
    own = [axis for axis in along if axis in part[STATUS].dims]
    flags = part[STATUS].transpose(*own, ...).values
    flags = np.bitwise_and.reduce(flags.reshape(*flags.shape[: len(own)], -1), axis=-1)
    flags = np.broadcast_to(flags[tuple(slice(None) if axis in own else None for axis in along)], shape)
    words = {int(flag): broken(part[STATUS], int(flag), variable).replace("_", " ") for flag in np.unique(flags)}
    return np.array([words[int(flag)] for flag in flags.flat], object).reshape(shape)
