"""A part of a cube as text, CSV, JSON, Parquet or netCDF. What belongs here: arrays to formats; choosing the part is for selection.py.

Text is for a person and takes the unit that suits the numbers; all else is in SI.
"""

from __future__ import annotations

import csv as writer
import io
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweep.errors import SweepError
from sweep.query.selection import broken, pieces, told, unit_of
from sweep.query.text import aligned, table

if TYPE_CHECKING:
    import xarray

ROWS = 40
STATUS = "status"


def text(array: xarray.DataArray, status: xarray.DataArray | None = None) -> str:
    """A table with a row for each cell, the first of them if there are many. status: says why a cell has no value."""
    held = [f"{name} = {_texts(coord, [coord.item()])[1][0]}" for name, coord in _held(array)]
    lines = [f"{array.name}: {array.attrs.get('long_name', '')}", *([f"at {', '.join(held)}"] if held else []), ""]
    places = list(itertools.islice(itertools.product(*map(range, array.shape)), ROWS))
    head = _head(array, places)
    cells = [head.values[place].item() for place in places]
    columns = []
    for i, dim in enumerate(array.dims):
        labels = head[dim].values.tolist()
        columns.append(_texts(array[dim], [labels[place[i]] for place in places]))
    if array.name == STATUS:
        columns.append(("broken rules", [broken(array, cell) or "-" for cell in cells]))
    else:
        columns.append(_texts(array, cells))
    numbers = [columns[-1][0]]
    if status is not None and set(status.dims) <= set(array.dims) and any(cell != cell for cell in cells):
        columns.append(("no value because", _reasons(array, status, places, cells)))
    lines.append(table([name for name, _ in columns], zip(*(texts for _, texts in columns), strict=True), right=numbers))
    if array.size > len(places):
        longest = max(array.dims, key=lambda dim: array.sizes[dim])
        lines += ["", f"{len(places)} of {array.size:,} rows; --sel {longest}=... narrows them, --csv prints all"]
    return "\n".join(lines)


def csv(array: xarray.DataArray) -> Iterator[str]:
    """Every cell as a line of CSV, in parts; the header names the columns and their SI units."""
    yield _lines([[_titled(array[dim]) for dim in array.dims] + [_titled(array)]])
    for part in pieces(array):
        labels = [part[dim].values.tolist() for dim in part.dims]
        cells = part.values.reshape(-1).tolist()
        yield _lines([*place, "" if cell != cell else cell] for place, cell in zip(itertools.product(*labels), cells, strict=True))


def lines(titles: list[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """Rows as lines of CSV under a header; what has no value stays empty."""
    yield _lines([titles])
    for row in rows:
        yield _lines([["" if cell != cell else cell for cell in row]])


def record(array: xarray.DataArray) -> dict[str, Any]:
    """Everything as a dictionary for JSON, values nested by axis."""
    found: dict[str, Any] = {"variable": str(array.name), "meaning": array.attrs.get("long_name", ""), "unit": unit_of(array)}
    found["at"] = {name: told(name, coord.item()) for name, coord in _held(array)}
    found["units"] = {name: unit_of(coord) for name, coord in _held(array)}
    found["axes"] = {str(d): {"unit": unit_of(array[d]), "labels": [told(str(d), v) for v in array[d].values.tolist()]} for d in array.dims}
    return found | {"values": array.values.tolist()}


def parquet(part: xarray.Dataset, path: Path) -> Path:
    """Write every cell as a row, a column for each axis and variable; the columns carry their SI units and meaning as metadata."""
    try:
        import pyarrow
        from pyarrow import parquet as file
    except ImportError:
        raise SweepError("--parquet needs pyarrow: pip install 'wattsweep[parquet]'") from None
    plain = part.drop_vars([name for name in part.coords if name not in part.dims])
    frame = plain.to_dataframe().reset_index() if plain.dims else plain.expand_dims("cell").to_dataframe()
    rows = pyarrow.Table.from_pandas(frame, preserve_index=False)
    told = {str(n): {"units": unit_of(array), "long_name": str(array.attrs.get("long_name", ""))} for n, array in part.variables.items()}
    fields = [field.with_metadata(told[field.name]) for field in rows.schema]
    _check(path)
    file.write_table(rows.cast(pyarrow.schema(fields, metadata=rows.schema.metadata)), str(path))
    return path


def netcdf(part: xarray.Dataset, path: Path) -> Path:
    """Write a netCDF file, with the attributes of the cube and its variables."""
    try:
        import h5netcdf  # noqa: F401
    except ImportError:
        raise SweepError("--netcdf needs h5netcdf: pip install 'wattsweep[netcdf]'") from None
    _check(path)
    part.to_netcdf(path, engine="h5netcdf")
    return path


def _check(path: Path) -> None:
    """Raise where no file can be written."""
    try:
        path.open("ab").close()
    except OSError as error:
        raise SweepError(f"{path}: cannot be written: {error.strerror}") from None


def _held(array: xarray.DataArray) -> list[tuple[str, xarray.DataArray]]:
    """The axes of which one label is selected."""
    return [(str(name), coord) for name, coord in array.coords.items() if not coord.dims]


def _head(array: xarray.DataArray, places: list[tuple[int, ...]]) -> xarray.DataArray:
    """The smallest corner of an array that holds some places."""
    return array.isel({dim: slice(max(place[i] for place in places) + 1) for i, dim in enumerate(array.dims)}).load()


def _texts(variable: xarray.DataArray, values: list[Any]) -> tuple[str, list[str]]:
    """Some values of a variable or axis as a column: its title with the unit, and its texts."""
    words = [told(str(variable.name), value) for value in values]
    if any(isinstance(word, str) for word in words):
        return str(variable.name), [str(word) for word in words]
    unit, texts = aligned([float(value) for value in values], unit_of(variable), variable.attrs.get("display_units", ""))
    return f"{variable.name}{'' if unit == '1' else f' [{unit}]'}", texts


def _titled(variable: xarray.DataArray) -> str:
    unit = unit_of(variable)
    return str(variable.name) if unit == "1" else f"{variable.name} [{unit}]"


def _reasons(array: xarray.DataArray, status: xarray.DataArray, places: list[tuple[int, ...]], cells: list[float]) -> list[str]:
    """For each place without a value, the rules that forbid it."""
    at = [array.dims.index(dim) for dim in status.dims]
    own = [tuple(place[i] for i in at) for place in places]
    flags = _head(status, own).values
    name = str(array.name)
    return [broken(status, flags[place].item(), name) if cell != cell else "" for place, cell in zip(own, cells, strict=True)]


def _lines(rows: Iterable[list[Any]]) -> str:
    target = io.StringIO()
    writer.writer(target, lineterminator="\n").writerows(rows)
    return target.getvalue()
