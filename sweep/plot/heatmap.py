"""A quantity over two axes. What belongs here: a map of colours, with the cells hatched that have no value, each by its reason."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sweep.engine.blocks import Array
from sweep.plot.style import MUTED, picture, scale, scaled, set_scale
from sweep.plot.view import Side, View

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HATCHES = ("///", "...", "\\\\\\", "xxx", "+++")
MOST_TICKS = 20


def heatmap(path: str | Path, seen: View) -> None:
    """Draw a view of two sides: the first along, the second upwards."""
    x, y = seen.sides
    title, values = scaled(seen.name, seen.values.T, seen.unit, seen.display_unit)
    edges = [_edges(side) for side in (x, y)]
    with picture(path, seen.title) as axes:
        axes.grid(visible=False)
        if np.isfinite(values).any():
            norm = "log" if scale(values) == "log" else "linear"
            mesh = axes.pcolormesh(*edges, values, cmap="cividis_r", norm=norm, rasterized=True)
            axes.figure.colorbar(mesh, ax=axes, label=f"{title}, median" if seen.band else title)
        _hatched(axes, edges, values, seen.reasons.T)
        for side, axis in ((x, axes.xaxis), (y, axes.yaxis)):
            if side.numeric:
                set_scale(axis, side.labels)
            else:
                step = -(-len(side.labels) // MOST_TICKS)
                axis.set_ticks(range(0, len(side.labels), step), side.words[::step])
        if not x.numeric:
            axes.tick_params(axis="x", rotation=30 if len(x.labels) > 4 else 0)
        axes.set(xlabel=x.title, ylabel=y.title, xlim=edges[0][[0, -1]], ylim=edges[1][[0, -1]])


def _edges(side: Side) -> Array:
    """The ends of the cells around the labels: halfway between them, on the scale on which they are drawn."""
    if not side.numeric:
        return np.arange(len(side.labels) + 1) - 0.5
    if len(side.labels) == 1:
        return np.array([side.labels[0] - 0.5, side.labels[0] + 0.5])
    at = np.log(side.labels) if scale(side.labels) == "log" else side.labels
    middle = (at[1:] + at[:-1]) / 2
    found = np.concatenate([[2 * at[0] - middle[0]], middle, [2 * at[-1] - middle[-1]]])
    return np.exp(found) if scale(side.labels) == "log" else found


def _hatched(axes: Axes, edges: list[Array], values: Array, reasons: Array) -> None:
    """Hatch the cells without value, a hatch for each of the most frequent reasons, and say in a legend which is which."""
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Patch

    empty = values != values
    counts = Counter(reasons[empty].tolist())
    shown = [reason for reason, _ in counts.most_common(len(HATCHES) if len(counts) <= len(HATCHES) else len(HATCHES) - 1)]
    legend = []
    for i, hatch in enumerate(HATCHES[: min(len(counts), len(HATCHES))]):
        cells = empty & (reasons == shown[i] if i < len(shown) else ~np.isin(reasons, shown))
        runs = [_rectangle(edges, row, start, stop) for row in range(len(cells)) for start, stop in _runs(cells[row])]
        look: dict[str, Any] = {"facecolor": "#F4F4F4", "edgecolor": MUTED, "hatch": hatch, "linewidth": 0}
        axes.add_collection(PolyCollection(runs, **look))
        legend.append(Patch(**look, label=f"no value: {shown[i] or 'infeasible'}" if i < len(shown) else "no value: other rules"))
    if legend:
        axes.figure.legend(handles=legend, loc="outside lower left", ncols=2)


def _runs(cells: Array) -> list[tuple[int, int]]:
    """The stretches of a row that are true, as start and stop."""
    changes = np.flatnonzero(np.diff(np.concatenate([[False], cells, [False]]).astype(int)))
    return [(int(start), int(stop)) for start, stop in changes.reshape(-1, 2)]


def _rectangle(edges: list[Array], row: int, start: int, stop: int) -> list[tuple[float, float]]:
    (left, right), (low, high) = edges[0][[start, stop]], edges[1][[row, row + 1]]
    return [(left, low), (right, low), (right, high), (left, high)]
