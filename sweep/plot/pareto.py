"""The front of two or three quantities as a picture. What belongs here: its points, lines and colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sweep.plot.style import PALETTE, picture, scaled, set_scale

MARKERS = "osD^vP*X"
LONGEST_LEGEND = 12


def front(
    path: str | Path,
    rows: Sequence[Mapping[str, Any]],
    quantities: Sequence[str],
    units: Mapping[str, str],
    display_units: Mapping[str, str],
    per: str | None = None,
) -> None:
    """Draw the rows of a front: its first two quantities as axes, a third as colour; per: the axis that tells several fronts apart.

    units: the SI unit of each quantity; display_units: the unit to show it in, where there is one.
    """
    columns = {name: scaled(name, [row[name] for row in rows], units[name], display_units.get(name, "")) for name in quantities}
    (x_label, x), (y_label, y), *third = columns.values()
    groups = list(dict.fromkeys(row[per] for row in rows)) if per else [None]
    with picture(path, f"{len(rows):,} points that no other beats") as axes:
        for number, group in enumerate(groups):
            here = [i for i, row in enumerate(rows) if per is None or row[per] == group]
            here.sort(key=lambda i: x[i])
            name = group if isinstance(group, str) or group is None else f"{group:g}"
            if third:
                values = third[0][1]
                limits = {"vmin": values.min(), "vmax": values.max()}
                drawn = axes.scatter(x[here], y[here], c=values[here], s=22, marker=MARKERS[number % len(MARKERS)], label=name, **limits)
            else:
                axes.plot(x[here], y[here], "o-", color=PALETTE[number % len(PALETTE)], markersize=3.5, linewidth=1, label=name)
        if third:
            axes.figure.colorbar(drawn, ax=axes, label=third[0][0])
        if per and len(groups) <= LONGEST_LEGEND:
            axes.legend(title=per.replace("_", " "))
        set_scale(axes.xaxis, x)
        set_scale(axes.yaxis, y)
        axes.set(xlabel=x_label, ylabel=y_label)
