"""The change of a quantity as a waterfall. What belongs here: bars from one point to the other, one for each input that differs."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np

from sweep.analysis.compare import Comparison
from sweep.plot.style import MUTED, PALETTE, picture, scaled


def waterfall(path: str | Path, found: Comparison, unit: str, display_unit: str = "") -> None:
    """Draw the parts of the change of the compared quantity. unit: its SI unit; display_unit: the unit to show."""
    change = found.outputs[found.quantity]
    edges = change.before + np.cumsum([0.0, *found.parts.values()])
    label, shown = scaled(found.quantity, [change.before, change.after, *edges], unit, display_unit)
    before, after, edges = shown[0], shown[1], shown[2:]
    ticks = ["before", *(name.replace("_", " ") for name in found.parts), "after"]
    with picture(path, f"What changes the {found.quantity.replace('_', ' ')}") as axes:
        axes.bar([0, len(ticks) - 1], [before, after], color=MUTED, width=0.6)
        for place, (low, high) in enumerate(itertools.pairwise(edges), 1):
            axes.bar(place, high - low, bottom=low, color=PALETTE[1] if high > low else PALETTE[2], width=0.6)
            axes.plot([place - 1 + 0.3, place - 0.3], [low, low], color=MUTED, linewidth=0.8)
        axes.set_xticks(range(len(ticks)), ticks, rotation=30, ha="right")
        axes.set(ylabel=label)
