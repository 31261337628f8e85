"""A quantity over one axis. What belongs here: lines, with bands where inputs were drawn, and bars where the labels are words."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from sweep.engine.blocks import Array
from sweep.errors import SweepError
from sweep.plot.style import MUTED, PALETTE, picture, scaled, set_scale
from sweep.plot.view import View

DASHES = ("-", "--", ":")
MOST_LINES = len(DASHES) * len(PALETTE)
MOST_UPRIGHT = 4  # words below an axis
MOST_MARKED = 30  # points of a line that each have a marker


def lines(path: str | Path, seen: View) -> None:
    """Draw a view of one side, or of two: then the second has a line, or a bar at each label, of its own for each of its labels."""
    x, *by = seen.sides
    names = by[0].words if by else [""]
    if len(names) > MOST_LINES:
        raise SweepError(f"{by[0].name}: {len(names)} lines are too many to tell apart; take some with --sel {by[0].name}=..., or draw --y")
    title, drawn = scaled(seen.name, [seen.values, *(seen.band or ())], seen.unit, seen.display_unit)
    drawn = drawn.reshape(len(drawn), len(x.labels), len(names))
    reasons = seen.reasons.reshape(len(x.labels), len(names))
    width = 0.8 / len(names)
    with picture(path, seen.title) as axes:
        for i, name in enumerate(names):
            middle, *band = drawn[:, :, i]
            colour = PALETTE[i % len(PALETTE)]
            label = f"{name}{_gaps(middle, reasons[:, i])}"
            if x.numeric:
                marker = "o" if len(middle) <= MOST_MARKED else ""
                dashes = DASHES[i // len(PALETTE)]
                axes.plot(x.labels, middle, dashes, color=colour, label=label, marker=marker, markersize=3, linewidth=1.4)
                if band:
                    axes.fill_between(x.labels, *band, color=colour, alpha=0.15, linewidth=0)
            else:
                places = np.arange(len(middle)) + width * (i + 0.5) - 0.4
                axes.bar(places, middle, 0.92 * width, color=colour, label=label)
                if band:
                    axes.errorbar(places, middle, [middle - band[0], band[1] - middle], fmt="none", ecolor=MUTED, capsize=2)
        if x.numeric:
            set_scale(axes.xaxis, x.labels)
            set_scale(axes.yaxis, drawn[drawn == drawn])
        else:
            slant: dict[str, Any] = {"rotation": 30, "ha": "right"} if len(x.labels) > MOST_UPRIGHT else {}
            axes.set_xticks(range(len(x.labels)), x.words, **slant)
            axes.grid(axis="x", visible=False)
        if by or _gaps(drawn[0, :, 0], reasons[:, 0]):
            axes.legend(title=by[0].title if by else None)
        axes.set(xlabel=x.title, ylabel=f"{title}, median and 5 to 95 %" if seen.band else title)


def _gaps(values: Array, reasons: Array) -> str:
    """How many points of a line have no value, and mostly why."""
    gaps = np.flatnonzero(values != values)
    if not gaps.size:
        return ""
    reason, _ = Counter(reasons[gaps].tolist()).most_common(1)[0]
    return f" ({gaps.size} of {len(values)} infeasible{f': {reason}' if reason else ''})"
