"""Pictures of what moves a quantity. What belongs here: bars for shares of variance, and a tornado of ranges."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sweep.plot.style import MUTED, PALETTE, picture, scaled
from sweep.query.text import amount

SHOWN = 15


def bars(path: str | Path, rows: Sequence[dict[str, Any]], of: str, unit: str, display_unit: str = "") -> None:
    """Draw the rows of `sensitivity` for a quantity in the SI `unit`: a tornado where they hold ends, else shares of the variance."""
    from matplotlib.ticker import PercentFormatter

    some = list(rows[:SHOWN])[::-1]
    places = np.arange(len(some))
    words = of.replace("_", " ")
    title = f"{words}, one input at a time" if "at_low" in rows[0] else f"Variance of {words}"
    with picture(path, title, 7.0, 1.7 + 0.44 * len(some)) as axes:
        axes.set_yticks(places, [_name(row) for row in some])
        axes.grid(axis="y", visible=False)
        if "at_low" in rows[0]:
            label, ends = scaled(of, [[row["at_low"], row["at_high"]] for row in some], unit, display_unit)
            _, middle = scaled(of, [row["stated"] for row in some], unit, label.rpartition("[")[2].rstrip("]") if "[" in label else "")
            for k, colour, said, side in ((0, PALETTE[0], "input at its low", "right"), (1, PALETTE[1], "input at its high", "left")):
                axes.barh(places, ends[:, k] - middle, left=middle, height=0.6, color=colour, label=said)
                for place in places[np.isnan(ends[:, k])]:
                    beside: Any = {"xy": (float(middle[0]), float(place)), "color": MUTED, "va": "center", "ha": side}
                    axes.annotate(f"  no value {said.removeprefix('input ')}  ", **beside)
            axes.axvline(float(middle[0]), color=MUTED, linewidth=1)
            axes.set_xlabel(label)
        else:
            for shift, key, colour, said in ((0.18, "first_order", PALETTE[0], "alone"), (-0.18, "total", PALETTE[4], "with others, too")):
                widths = [row.get(f"{key}_95", 0.0) for row in some]
                look: Any = {"height": 0.34, "color": colour, "ecolor": PALETTE[6], "error_kw": {"elinewidth": 0.8}}
                axes.barh(places + shift, [row[key] for row in some], xerr=widths if any(widths) else None, label=said, **look)
            axes.set_xlim(0, 1)
            axes.xaxis.set_major_formatter(PercentFormatter(1))
            axes.set_xlabel("share of the variance" + (", with 95 % intervals" if any("total_95" in row for row in some) else ""))
        axes.figure.legend(loc="outside lower right", ncols=2)


def _name(row: dict[str, Any]) -> str:
    """An input with its range, or an axis with the number of its labels."""
    name = str(row.get("input") or row.get("axis"))
    said = name.replace("_", " ")
    if "low" in row:
        return f"{said}\n{amount(name, row['low'])} to {amount(name, row['high'])}"
    return f"{said}\n{row['labels']:,} labels" if "labels" in row else said
