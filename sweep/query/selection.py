"""What is selected of a cube. What belongs here: labels and units of the command line, to xarray selections."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sweep.catalog.document import Node
from sweep.catalog.units import cf_units, factor, show, to_si
from sweep.equations.quantities import names, quantity
from sweep.errors import SweepError, suggestion
from sweep.query.text import amount, in_unit
from sweep.study.axes import axis as written_axis

if TYPE_CHECKING:
    import xarray

    from sweep.store.reading import Output

PIECE_CELLS = 1 << 22
STATUS = "status"


def select(cube: xarray.Dataset, variable: str, at: Mapping[str, str], nearest: bool = False) -> xarray.DataArray:
    """One variable at some labels: one of an axis, several or a range. nearest: the label closest to a number."""
    if variable in cube.dims:
        raise SweepError(f"{variable}: is an axis of the cube; `sweep info` shows its range, and a slice of a variable its labels")
    cube = with_columns(cube, [variable])
    if variable not in cube.variables:
        raise SweepError(f"{variable}: no such variable in the cube{suggestion(variable, map(str, cube.data_vars))}")
    array = cube[variable]
    for axis, text in at.items():
        if axis not in cube.dims:
            raise SweepError(f"--sel {axis}={text}: no such axis{suggestion(axis, map(str, cube.dims))}")
        if axis not in array.dims:
            raise SweepError(f"--sel {axis}={text}: {variable} does not depend on {axis}; it has {', '.join(map(str, array.dims))}")
    for axis, text in at.items():
        array = array.isel({axis: label_index(cube, axis, text, nearest)})
    return array


def with_columns(cube: xarray.Dataset, names: Iterable[str]) -> xarray.Dataset:
    """A cube with some figures of the catalogue along its axes as coordinates, where its attributes have them."""
    import numpy as np
    import xarray

    held = json.loads(cube.attrs.get("columns", "{}"))
    found = {name: held[name] for name in names if name in held and name not in cube.variables}
    numeric = {name: np.array(column["data"], float) for name, column in found.items() if column["attrs"].get("units")}
    made = {n: xarray.Variable(c["dims"], numeric.get(n, c["data"]), c["attrs"]) for n, c in found.items()}
    return cube.assign_coords(made)


def excerpt(cube: xarray.Dataset, variables: Iterable[str], at: Mapping[str, str], nearest: bool = False) -> xarray.Dataset:
    """Some variables of a cube at some labels, and their status: the rules that are broken at each of their cells."""
    import numpy as np
    import xarray

    variables = list(variables)
    cube = with_columns(cube, variables)
    arrays = {name: select(cube, name, {axis: at[axis] for axis in at if axis in cube[name].dims}, nearest) for name in variables}
    if STATUS in cube and STATUS not in arrays:
        status = select(cube, STATUS, {axis: at[axis] for axis in at if axis in cube[STATUS].dims}, nearest)
        beyond = [dim for dim in status.dims if not any(dim in array.dims for array in arrays.values())]
        arrays[STATUS] = status.reduce(np.bitwise_and.reduce, beyond, keep_attrs=True) if beyond else status
    return xarray.Dataset(arrays, attrs=cube.attrs)


def label_index(cube: xarray.Dataset, axis: str, text: str, nearest: bool) -> int | list[int]:
    """Where on an axis a label stands, or several: "8,16", all between two ends "1.1:1.3", or as an axis is written "1.1:1.3:0.1"."""
    import numpy as np

    labels: Any = cube[axis].values
    if labels.dtype.kind not in "fiu":
        words = [str(label) for label in labels]
        asked = [text] if text in words else [word.strip() for word in text.split(",")]
        for word in asked:
            if word not in words:
                raise SweepError(f"--sel {axis}={text}: no such label{suggestion(word, words)}")
        return [words.index(word) for word in asked] if len(asked) > 1 else words.index(asked[0])
    unit, known = unit_of(cube[axis]), quantity(axis) if axis in names() else None

    def read(part: str) -> float:
        try:
            return known.si(part.strip()) if known else to_si(part.strip(), unit)
        except SweepError as error:
            raise SweepError(f"--sel {axis}={text}: {error}") from None

    def shown(index: int) -> str:
        return amount(axis, float(labels[index])) if known else show(float(labels[index]), unit)

    if text.count(":") == 1:
        low, high = sorted(map(read, text.split(":")))
        slack = 1e-9 * max(abs(low), abs(high))
        found = np.flatnonzero((labels >= low - slack) & (labels <= high + slack)).tolist()
        if not found:
            raise SweepError(f"--sel {axis}={text}: no label of the axis lies there; it goes {shown(0)} .. {shown(-1)}")
        return [int(i) for i in found]
    if ":" in text:
        asked_for = written_axis(axis, Node(text, "--sel", 0, axis), ()).columns[axis].tolist()
    else:
        asked_for = [read(part) for part in text.split(",")]
    indices = []
    for value in asked_for:
        index = int(np.argmin(np.abs(labels - value)))
        if not nearest and not np.isclose(labels[index], value, rtol=1e-9, atol=0):
            raise SweepError(f"--sel {axis}={text}: not on the axis; the nearest label is {shown(index)} (--nearest takes it)")
        indices.append(index)
    return indices if len(indices) > 1 else indices[0]


def unit_of(variable: xarray.DataArray | xarray.Variable) -> str:
    """The SI unit of a variable with the words that CF does not know (FLOP, token, USD); "1" for labels."""
    return str(variable.attrs.get("unit_in_words") or variable.attrs.get("units", "1"))


def in_display_units(cube: xarray.Dataset) -> xarray.Dataset:
    """A cube with each variable in the unit of its `display_units`: days, GWh, queries per day. Nothing is read or computed for it."""
    import numpy as np
    import xarray

    shown = {}
    for name, variable in cube.variables.items():
        unit, other = unit_of(variable), variable.attrs.get("display_units", "")
        if not other or other == unit:
            shown[name] = variable
            continue
        attributes = {**variable.attrs, "units": cf_units(other), "unit_in_words": other}
        if "actual_range" in attributes:
            attributes["actual_range"] = [in_unit(end, unit, other) for end in attributes["actual_range"]]
        if name in cube.coords:
            values = np.array([in_unit(value, unit, other) for value in variable.values.flat]).reshape(variable.shape)
            shown[name] = xarray.Variable(variable.dims, values, attributes)
        else:
            shown[name] = variable.copy(deep=False)  # of what is not read yet, the array stays so
            shown[name].attrs = {**attributes, "scale_factor": factor(unit, other)}
    return xarray.decode_cf(xarray.Dataset(shown, attrs=cube.attrs), decode_times=False).set_coords(list(cube.coords))


def told(name: str, value: Any) -> Any:
    """A label or a value as the study tells it: words, and whole numbers as such."""
    if isinstance(value, str):
        return value
    return quantity(name).told(float(value)) if name in names() else float(value)


def flag_counts(status: xarray.DataArray | Output) -> dict[str, int]:
    """How many points break each rule, read piece by piece."""
    import numpy as np

    masks = np.atleast_1d(status.attrs["flag_masks"])
    found = dict.fromkeys(str(status.attrs["flag_meanings"]).split(), 0)
    for index in slabs(status.shape):
        values = np.asarray(status[index])
        for name, mask in zip(found, masks, strict=True):
            found[name] += int(np.count_nonzero(values & mask))
    return found


def broken(status: xarray.DataArray, flags: int, variable: str = "") -> str:
    """The names of the rules that a status stands for; with a variable, of those that exclude it."""
    import numpy as np

    guards = json.loads(status.attrs["flag_guards"])
    names = zip(str(status.attrs["flag_meanings"]).split(), np.atleast_1d(status.attrs["flag_masks"]).tolist(), strict=True)
    return ", ".join(name for name, mask in names if flags & mask and (not variable or variable in guards[name]))


def pieces(array: xarray.DataArray, cells: int = PIECE_CELLS) -> Iterator[xarray.DataArray]:
    """An array cut along its outer axes into parts that fit in memory, in order."""
    return (array[index] for index in slabs(array.shape, cells))


def slabs(shape: tuple[int, ...], cells: int = PIECE_CELLS) -> Iterator[tuple[slice, ...]]:
    """The indices of these parts, each of no more than some cells."""
    if math.prod(shape) <= cells:
        yield ()
        return
    step = cells // math.prod(shape[1:])
    for start in range(0, shape[0], max(step, 1)):
        if step:
            yield (slice(start, start + step),)
        else:
            yield from ((slice(start, start + 1), *inner) for inner in slabs(shape[1:], cells))
