"""Points as rows of a table. What belongs here: the study or cube that a command ranks, and the units and text of its columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray

    from sweep.study.definition import Study


def unit_of_column(opened: Study | xarray.Dataset, name: str) -> str:
    """The SI unit of a column; none for the labels of an axis in words."""
    from sweep.cube.query import unit_of
    from sweep.study.definition import Study

    if isinstance(opened, Study):
        from sweep.equations.quantities import quantity

        return "1" if name in opened.axes and opened.axes[name].labels else quantity(name).unit
    return unit_of(opened[name])


def accuracy_of(opened: Study | xarray.Dataset, name: str) -> list[str]:
    """How far off a quantity was on published results, or what it follows from."""
    from sweep.cube.dataset import accuracies
    from sweep.study.definition import Study

    told = accuracies(opened.graph_of([name]), name) if isinstance(opened, Study) else opened[name].attrs.get("accuracy", "")
    return told.split("; ") if told else []


def shown_units(opened: Study | xarray.Dataset) -> Mapping[str, str]:
    """The units in which the study wants its outputs shown, which a cube keeps."""
    from sweep.study.definition import Study

    if isinstance(opened, Study):
        return opened.outputs
    return {str(name): held.attrs.get("display_units", "") for name, held in opened.data_vars.items()}


def axes_of(opened: Study | xarray.Dataset) -> set[str]:
    from sweep.study.definition import Study

    return set(opened.axes) if isinstance(opened, Study) else set(map(str, opened.dims))


def text_of(
    rows: list[dict[str, Any]],
    shown: list[str],
    units: dict[str, str],
    wanted: Mapping[str, str],
    bands: Mapping[str, list[tuple[float, float]]] | None = None,
) -> str:
    from sweep.cube.text import band, column, table

    columns: dict[str, list[str]] = {}
    for key in shown:
        values = [row[key] for row in rows]
        if any(isinstance(value, str) for value in values) or key == "rank":
            columns[key] = [str(value) for value in values]
            continue
        unit, texts = column(values, units[key], wanted.get(key, ""))
        columns[key if unit == "1" else f"{key} [{unit}]"] = texts
        if bands and key in bands:
            columns["[5 %, 95 %]"] = [band(key, value, ends, unit) for value, ends in zip(values, bands[key], strict=True)]
    return table(list(columns), zip(*columns.values(), strict=True), right=[key for key in columns if "[" in key])
