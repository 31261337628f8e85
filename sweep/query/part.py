"""A part of a cube as rows. What belongs here: several variables side by side, conditions, and reductions over axes."""

from __future__ import annotations

import itertools
import json
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sweep.catalog.parameters import Parameter
from sweep.engine.blocks import Array, inner_shape, ranges_of
from sweep.equations import quantities
from sweep.errors import SweepError, suggestion
from sweep.query.selection import label_index, select, told, unit_of, with_columns
from sweep.study.conditions import OPERATORS, conditions

if TYPE_CHECKING:
    import xarray

CELLS = 1 << 21
MOST_REDUCED = 1 << 27  # points of one row, all of which a quantile needs at once
NAMED = ("mean", "sum", "min", "max", "median", "count")


@dataclass(frozen=True)
class Reduction:
    """A number that stands for all points along some axes: mean, sum, min, max, median, count, or a percentile such as p95."""

    name: str
    axes: tuple[str, ...]

    def of(self, values: Array) -> Array:
        """One number for each row of values; NaN stands for no point."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a row without a point has no value
            if self.name.startswith("p"):
                return np.asarray(np.nanpercentile(values, float(self.name[1:]), axis=1))
            if self.name == "sum":  # a sum that lacks a point is no sum
                return np.asarray(values.sum(axis=1))
            return np.asarray(getattr(np, f"nan{self.name}")(values, axis=1))


def reduction(text: str, axes: Iterable[str]) -> Reduction:
    """What "mean=pue", "p95=gpus,split" say."""
    name, equals, over = (part.strip() for part in text.partition("="))
    found = tuple(axis.strip() for axis in over.split(",") if axis.strip())
    if not equals or not found:
        raise SweepError(f"--reduce {text}: must read mean=axis or p95=axis,axis")
    percent = re.fullmatch(r"p(\d+(?:\.\d+)?)", name)
    if name not in NAMED and not (percent and float(percent[1]) <= 100):
        raise SweepError(f"--reduce {text}: {name} is none of {', '.join(NAMED)}, p0 .. p100")
    for axis in found:
        if axis not in (known := list(axes)):
            raise SweepError(f"--reduce {text}: no such axis{suggestion(axis, known)}")
    return Reduction(name, found)


@dataclass(frozen=True)
class Part:
    """Rows of a part of a cube. units: of each column, in SI. at: the labels that are held."""

    units: Mapping[str, str]
    at: Mapping[str, Any]
    cells: int
    rows: Iterator[dict[str, Any]]


def slice(
    cube: xarray.Dataset,
    variables: str | Sequence[str],
    sel: Mapping[str, str] | None = None,
    where: Iterable[str] = (),
    reduce: Iterable[str] = (),
    nearest: bool = False,
) -> Part:
    """Some variables of a cube side by side, one row for each combination of labels.

    sel: labels of axes: one ("90 d"), several ("h100-sxm,h200-sxm") or a range ("1.1:1.3"). where: texts such as "mfu >= 30 %"; only
    rows that meet them stay. reduce: texts such as "mean=pue" or "p95=gpus,split"; each row then stands for all points along these
    axes that are feasible and meet the conditions, and `points` says how many they are. Raises SweepError.
    """
    named = [variables] if isinstance(variables, str) else list(variables)
    cube = with_columns(cube, named)
    asked = conditions(where, [Parameter(str(n), unit_of(v), "") for n, v in cube.data_vars.items() if n != "status"])
    if axes := [name for name in named if name in cube.dims]:
        raise SweepError(f"{axes[0]}: is an axis of the cube; a slice of a variable tells its labels")
    wanted = list(dict.fromkeys([*named, *(name for c in asked for name in c.names)]))
    arrays = {name: _selected(cube, name, sel or {}, nearest) for name in wanted}
    order = json.loads(cube.attrs.get("axes", "[]")) or list(map(str, cube.sizes))
    dims = [dim for dim in order if any(dim in array.dims for array in arrays.values())]
    reductions = [reduction(text, dims) for text in reduce]
    over = list(dict.fromkeys(axis for r in reductions for axis in r.axes))
    if any(set(r.axes) != set(over) for r in reductions):
        raise SweepError("--reduce: all reductions of one slice go over the same axes")
    kept = [dim for dim in dims if dim not in over]
    coordinates = {dim: next(array for array in arrays.values() if dim in array.dims)[dim] for dim in dims}
    units = {dim: unit_of(coordinates[dim]) for dim in kept}
    columns = [f"{r.name}_{name}" for name in named for r in reductions if r.name != "count"] if reductions else named
    units |= {f"{r.name}_{name}": unit_of(cube[name]) for name in named for r in reductions} | {n: unit_of(cube[n]) for n in named}
    units = {name: unit for name, unit in units.items() if name in kept or name in columns} | ({"points": "1"} if reductions else {})
    sizes = [coordinates[dim].size for dim in (*kept, *over)]
    inner = int(np.prod(sizes[len(kept) :], dtype=np.int64))
    if inner > MOST_REDUCED:
        raise SweepError(f"--reduce: a row would stand for {inner:,} points, and {MOST_REDUCED:,} fit; narrow it with --sel")

    def rows() -> Iterator[dict[str, Any]]:
        shape = (*sizes[: len(kept)], inner)
        for block in ranges_of(0, shape, (*inner_shape(shape, max(CELLS, inner))[:-1], inner)):
            at = dict(zip(kept, block.ranges[:-1], strict=True))
            size = [stop - start for start, stop in at.values()]
            values = {name: _values(array, [*kept, *over], at, size + sizes[len(kept) :]) for name, array in arrays.items()}
            meets = np.ones((int(np.prod(size, dtype=np.int64)), inner), bool)
            for c in asked:
                left, right = values[c.name], values[c.other] if c.other else np.float32(c.value)
                meets &= OPERATORS[c.operator](left, right) & (left == left) & (right == right)
            feasible = meets & np.all([values[name] == values[name] for name in named], axis=0) if reductions else meets
            found = {}
            for name in named:
                for r in (r for r in reductions if r.name != "count"):
                    found[f"{r.name}_{name}"] = r.of(np.where(feasible, values[name], np.nan))
            labels = itertools.product(*(coordinates[dim].values[start:stop].tolist() for dim, (start, stop) in at.items()))
            for i, place in enumerate(labels):
                head = {dim: told(dim, label) for dim, label in zip(kept, place, strict=True)}
                if reductions:
                    yield head | {name: float(held[i]) for name, held in found.items()} | {"points": int(feasible[i].sum())}
                elif meets[i, 0]:
                    yield head | {name: told(name, float(values[name][i, 0])) for name in named}

    held = {str(name): c.item() for array in arrays.values() for name, c in array.coords.items() if not c.dims and name in cube.dims}
    return Part(units, held, int(np.prod(sizes[: len(kept)], dtype=np.int64)), rows())


def _selected(cube: xarray.Dataset, name: str, sel: Mapping[str, str], nearest: bool) -> xarray.DataArray:
    for axis, text in sel.items():
        if axis in cube.dims:
            label_index(cube, axis, text, nearest)  # a label that is not there is said, whether the variable depends on it or not
    if name in cube.dims:
        return cube[name].isel({name: label_index(cube, name, sel[name], nearest)} if name in sel else {})
    own = {axis: text for axis, text in sel.items() if axis not in cube.dims or name not in cube.variables or axis in cube[name].dims}
    return select(cube, name, own, nearest)


def _values(array: xarray.DataArray, dims: Sequence[str], at: Mapping[str, tuple[int, int]], shape: Sequence[int]) -> Array:
    """A variable in some ranges of the kept axes, as rows of all points of the others."""
    from builtins import slice as along

    part = array.isel({dim: along(*at[dim]) for dim in at if dim in array.dims}).variable
    held = part.transpose(*(dim for dim in dims if dim in part.dims)).values
    if held.dtype.kind not in "fiu":  # the words of a choice
        held = np.array([quantities.quantity(str(array.name)).choices.index(word) for word in held.flat]).reshape(held.shape)
    spread = held[tuple(along(None) if dim in part.dims else None for dim in dims)].astype(np.float32)
    rows = int(np.prod(shape[: len(at)], dtype=np.int64))
    return np.broadcast_to(spread, shape).reshape(rows, -1)
