"""What the page in the browser asks for. What belongs here: quantities and axes of a cube, and one view of it, as plain values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray

from sweep.engine.blocks import Array
from sweep.engine.plan import QUANTILE, STATUS
from sweep.errors import SweepError, suggestion
from sweep.plot.style import scale, scaled
from sweep.plot.view import Side, view

MOST_LABELS = 240  # of one axis in a view; of longer axes some are taken at equal distances


def described(cube: xarray.Dataset) -> dict[str, Any]:
    """Title, quantities with the axes that each depends on, and axes with their size and the place of the study's point."""
    point = json.loads(cube.attrs.get("point", "{}"))
    quantities = {
        str(name): {
            "meaning": array.attrs.get("long_name", ""),
            "axes": [dim for dim in map(str, array.dims) if dim != QUANTILE],
            "accuracy": array.attrs.get("accuracy", ""),
        }
        for name, array in cube.data_vars.items()
        if name != STATUS
    }
    axes = {str(dim): {"size": size, "point": point.get(dim, 0)} for dim, size in cube.sizes.items() if dim != QUANTILE}
    return {
        "title": cube.attrs.get("title", ""),
        "about": cube.attrs.get("comment", ""),
        "quantities": quantities,
        "axes": axes,
        "rules": json.loads(cube[STATUS].attrs["flag_sentences"]) if STATUS in cube else {},
    }


def view_of(cube: xarray.Dataset, asked: Mapping[str, str]) -> dict[str, Any]:
    """A view for the page. asked: quantity, x, perhaps y, and for other axes `at.AXIS`, the place of its label.

    Values are rounded to what a picture shows. Raises SweepError.
    """
    named = {key: asked.get(key, "") for key in ("quantity", "x", "y")}
    along = [axis for axis in (named["x"], named["y"]) if axis]
    point = {str(dim): 0 for dim in cube.sizes if dim != QUANTILE} | json.loads(cube.attrs.get("point", "{}"))
    for key, text in asked.items():
        axis = key.removeprefix("at.")
        if key in named:
            continue
        if axis == key or axis not in point:
            raise SweepError(f"{key}: is not quantity, x, y or at.AXIS{suggestion(axis, point)}")
        if not text.isdigit() or int(text) >= cube.sizes[axis]:
            raise SweepError(f"{key}={text}: must be a whole number from 0 to {cube.sizes[axis] - 1}")
        point[axis] = int(text)
    places = {axis: _spread(cube.sizes[axis]) for axis in along if axis in cube.sizes}
    seen = view(cube.isel(places).assign_attrs(point=json.dumps(point)), named["quantity"], along)
    title, values = scaled(seen.name, [seen.values, *(seen.band or ())], seen.unit, seen.display_unit)
    rules = sorted({str(reason) for reason in seen.reasons.flat if reason})
    return {
        "title": title,
        "held": dict(seen.held),
        "sides": [_side(side, places[side.name]) for side in seen.sides],
        "scale": scale(values[0]),
        "values": _plain(values[0]),
        "band": [_plain(end) for end in values[1:]],
        "rules": rules,
        "reasons": [rules.index(reason) if reason else -1 for reason in seen.reasons.flat],
    }


def _spread(size: int) -> Array:
    """The places of the labels that a view shows: all, or as many as fit, with both ends."""
    return np.unique(np.linspace(0, size - 1, min(size, MOST_LABELS)).round().astype(int))


def _side(side: Side, places: Array) -> dict[str, Any]:
    numbers = {"numbers": side.labels.tolist(), "scale": scale(side.labels)} if side.numeric else {"numbers": None, "scale": ""}
    return {"name": side.name, "title": side.title, "words": side.words, "places": places.tolist(), **numbers}


def _plain(values: Array) -> list[float | None]:
    """Numbers in one row, as many digits as a picture shows; none where there is no value."""
    return [float(f"{value:.6g}") if np.isfinite(value) else None for value in values.flat]
