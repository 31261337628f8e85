"""Points as rows of a table. What belongs here: the study or cube that a command ranks, and the units and text of its columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import xarray

    from sweep.catalog.accuracy import Regime
    from sweep.catalog.parameters import Parameter
    from sweep.study.definition import Study


MOST_LABELS = 4
RESERVED = ("rank", "score", "alike")  # columns that are no quantity and no axis


def open_subject(subject: str, set_: tuple[str, ...], axis: tuple[str, ...], outputs: tuple[str, ...]) -> Study | xarray.Dataset:
    """What a command is asked about: a cube, or a study with its overrides."""
    from sweep.store.place import names_cube
    from sweep.store.reading import open_cube
    from sweep.study.parse import open_study

    if not names_cube(subject):
        return open_study(subject, set_, axis, outputs)
    if set_ or axis or outputs:
        raise click.UsageError("--set, --axis and --output change a study; a cube is already computed")
    return open_cube(subject)


def held_in(opened: Study | xarray.Dataset) -> list[Parameter]:
    """The quantities that a cube holds, whether an equation here defines them or not."""
    from sweep.catalog.parameters import Parameter
    from sweep.query.selection import unit_of
    from sweep.study.definition import Study

    arrays = {} if isinstance(opened, Study) else opened.data_vars
    return [Parameter(str(name), unit_of(array), "") for name, array in arrays.items() if name != "status"]


def unit_of_column(opened: Study | xarray.Dataset, name: str) -> str:
    """The SI unit of a column; none for the labels of an axis in words."""
    from sweep.query.selection import unit_of, with_columns
    from sweep.study.definition import Study

    if isinstance(opened, Study):
        from sweep.equations.quantities import quantity

        return "1" if name in opened.axes and opened.axes[name].labels else quantity(name).unit
    return unit_of(with_columns(opened, [name])[name])


def accuracy_of(opened: Study | xarray.Dataset, name: str, rows: Iterable[Mapping[str, Any]] = ()) -> list[str]:
    """The measured errors of a quantity, or of what it is computed from; of a study those of the regimes of some rows, else of all."""
    from sweep.cube.dataset import accuracies
    from sweep.query.selection import with_columns
    from sweep.study.definition import Study

    if isinstance(opened, Study) and rows:
        return list(_accuracies_at(opened, name, rows).values())
    if isinstance(opened, Study):
        text = accuracies(opened, opened.graph_of([name]), name)
    else:
        text = with_columns(opened, [name])[name].attrs.get("accuracy", "")
    return text.split("; ") if text else []


def _accuracies_at(study: Study, name: str, rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], str]:
    """The errors of what a quantity is computed from, by its name and regime; each regime where the first row is in it."""
    from sweep.catalog.accuracy import accuracy
    from sweep.study.regimes import NONE

    graph = study.graph_of([name])
    behind = graph.behind(name)
    places = [study.place(row) for row in rows]
    found: dict[tuple[str, str], str] = {}
    for key in (equation.name for equation in graph.equations if equation.name in behind and equation.name in accuracy()):
        dims, held = study.regimes_of(key)
        first: dict[int, dict[str, int]] = {}
        for at in places:
            first.setdefault(int(held[tuple(at[dim] for dim in dims)]), at)
        for i, at in first.items():
            if i != NONE:
                regime = accuracy()[key][i]
                found[key, regime.of] = f"{key}: {regime_text(regime, study.inputs_at(at, graph))}"
    return found


def regime_text(regime: Regime, point: Mapping[str, float]) -> str:
    """The measured error of a regime, and the inputs of a point that lie beyond those of its results."""
    from sweep.query.text import amount
    from sweep.study.regimes import beyond

    outside = {one.name: f"{one.name} = {amount(one.name, point[one.name])}, beyond {one.text}" for one in beyond(regime, point)}
    return f"{regime}; extrapolated: {', '.join(outside.values())}" if outside else str(regime)


def display_units_of(opened: Study | xarray.Dataset) -> Mapping[str, str]:
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
    display_units: Mapping[str, str],
    bands: Mapping[str, list[tuple[float, float] | None]] | None = None,
) -> str:
    from sweep.query.text import aligned, band, table

    columns: dict[str, list[str]] = {}
    for key in shown:
        values = [row[key] for row in rows]
        if any(isinstance(value, str) for value in values) or key == "rank":
            columns[key] = [str(value) for value in values]
            continue
        unit, texts = aligned(values, units.get(key, "1"), display_units.get(key, ""))
        columns[key if unit == "1" else f"{key} [{unit}]"] = texts
        if bands and key in bands:
            columns["[5 %, 95 %]"] = [band(value, units.get(key, "1"), ends, unit) for value, ends in zip(values, bands[key], strict=True)]
    if any("alike" in row for row in rows):
        columns["alike"] = [_alike(row["alike"], units) if "alike" in row else "" for row in rows]
    return table(list(columns), zip(*columns.values(), strict=True), right=[key for key in columns if "[" in key])


def _alike(found: Mapping[str, Any], units: Mapping[str, str]) -> str:
    """How many points have one value, and the labels on which they differ."""
    from sweep.query.text import aligned

    said = []
    for axis, labels in found["labels"].items():
        unit, texts = ("1", labels) if isinstance(labels[0], str) else aligned(labels, units.get(axis, "1"))
        more = "|..." if len(texts) > MOST_LABELS else ""
        said.append(f"{axis} {'|'.join(texts[:MOST_LABELS])}{more}{'' if unit == '1' else ' ' + unit}")
    return f"{found['points']:,} points alike: {', '.join(said)}"
