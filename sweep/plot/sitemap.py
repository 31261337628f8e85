"""A quantity over an axis of sites. What belongs here: dots at their latitude and longitude, with the value as colour."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sweep.engine.blocks import Array
from sweep.errors import SweepError
from sweep.plot.style import MUTED, picture, scale, scaled
from sweep.plot.view import View
from sweep.study.axes import Axis

Box = tuple[float, float, float, float]  # left, right, lower and upper end

MOST_NAMED = 40  # dots that each have their name beside them
MARGIN = 0.12  # of the width of the sites, around them
LEAST_DEGREES = 4.0
INCHES = 5.3  # of a picture's width are for the map itself
CHARACTER = (0.066, 0.12)  # inches of a letter beside a dot, along and upwards
SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))  # right and up of a dot
DOT = 0.07  # inches from the middle of a dot to its name
DEGREES_HIGH = (-90, 90)
DEGREES_WIDE = (-180, 180)


def positions(axis: Axis) -> dict[str, tuple[float, float]]:
    """The latitude and longitude, in degrees, of those labels of an axis that have both. Raises SweepError where none has."""
    found = {}
    for row in axis.rows:
        north, east = (row.figures.get((name, "")) for name in ("latitude", "longitude"))
        if north and east:
            found[row.label] = (north.value, east.value)
    if not found:
        raise SweepError(f"{axis.name}: none of its labels has a latitude and a longitude; a map needs an axis of sites")
    return found


def sitemap(path: str | Path, seen: View, where: Mapping[str, tuple[float, float]]) -> list[str]:
    """Draw a view of one side, at the positions `where` its labels have one; returns the labels that have none and are omitted."""
    words = seen.sides[0].words
    shown = [i for i, word in enumerate(words) if word in where]
    if not shown:
        raise SweepError(f"{seen.sides[0].name}: none of the labels drawn has a latitude and a longitude")
    north, east = np.array([where[words[i]] for i in shown]).T
    title, scaled_values = scaled(seen.name, seen.values[shown], seen.unit, seen.display_unit)
    reasons = seen.reasons[shown]
    known = np.isfinite(scaled_values)
    wide, high = _ends(east, *DEGREES_WIDE), _ends(north, *DEGREES_HIGH)
    aspect = 1 / math.cos(math.radians(min(abs(sum(high) / 2), 70)))
    inches = INCHES / (wide[1] - wide[0]), INCHES / (wide[1] - wide[0]) * aspect
    with picture(path, seen.title, height=min(max((high[1] - high[0]) * inches[1] + 1.1, 3.0), 8.0)) as axes:
        if known.any():
            look: Any = {"s": 60, "cmap": "cividis_r", "edgecolors": MUTED, "linewidths": 0.5, "zorder": 3}
            norm = "log" if scale(scaled_values) == "log" else "linear"
            dots = axes.scatter(east[known], north[known], c=scaled_values[known], norm=norm, **look)
            axes.figure.colorbar(dots, ax=axes, label=f"{title}, median" if seen.band else title)
        for reason in dict.fromkeys(reasons[~known].tolist()):
            here = ~known & (reasons == reason)
            label = f"no value: {reason or 'infeasible'}"
            axes.scatter(east[here], north[here], s=40, marker="x", color=MUTED, zorder=3, label=label)
        if not known.all():
            axes.figure.legend(loc="outside lower left", ncols=2)
        if len(shown) <= MOST_NAMED:
            names = [words[i] for i in shown]
            sides = _beside(names, east * inches[0], north * inches[1])
            for name, x, y, (right, up) in zip(names, east, north, sides, strict=True):
                look = {"ha": ("right", "center", "left")[right + 1], "va": ("top", "center", "bottom")[up + 1], "fontsize": 7.5}
                axes.annotate(name, (x, y), xytext=(72 * DOT * right, 72 * DOT * up), textcoords="offset points", **look)
        axes.set(xlim=wide, ylim=high, aspect=aspect)
        axes.xaxis.set_major_formatter(lambda degrees, _: _compass(degrees, "E", "W"))
        axes.yaxis.set_major_formatter(lambda degrees, _: _compass(degrees, "N", "S"))
    return [word for word in words if word not in where]


def _beside(names: Sequence[str], x: Array, y: Array) -> list[tuple[int, int]]:
    """On which side of its dot each name covers least of the dots and of the names before it; x, y: of the dots, in inches."""
    taken = [(x[i] - DOT, x[i] + DOT, y[i] - DOT, y[i] + DOT) for i in range(len(names))]
    found = []
    for name, at, level in zip(names, x, y, strict=True):
        boxes = {}
        for right, up in SIDES:
            half = (len(name) * CHARACTER[0] / 2, CHARACTER[1] / 2)
            middle = (at + right * (DOT + half[0]), level + up * (DOT + half[1]))
            boxes[right, up] = (middle[0] - half[0], middle[0] + half[0], middle[1] - half[1], middle[1] + half[1])
        best = min(boxes, key=lambda side: round(sum(_common(boxes[side], other) for other in taken), 6))
        taken.append(boxes[best])
        found.append(best)
    return found


def _common(one: Box, other: Box) -> float:
    """The area that two boxes share."""
    along, upwards = (min(one[i + 1], other[i + 1]) - max(one[i], other[i]) for i in (0, 2))
    return max(along, 0.0) * max(upwards, 0.0)


def _ends(degrees: Array, least: float, most: float) -> tuple[float, float]:
    """Where a side of the map begins and ends: around the sites, with a margin."""
    margin = max(MARGIN * float(np.ptp(degrees)), LEAST_DEGREES)
    return max(float(degrees.min()) - margin, least), min(float(degrees.max()) + margin, most)


def _compass(degrees: float, above: str, below: str) -> str:
    """Degrees as a map has them: 30° N, 100° W, 0°."""
    return f"{abs(degrees):g}° {above if degrees > 0 else below}" if degrees else "0°"
