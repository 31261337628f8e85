"""Summaries as text. What belongs here: nested numbers to tables that read the same in a terminal and in markdown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

COUNTS = {"rows", "rows_of_fitted", "families", "groups", "layouts", "best_picked"}
PLAIN = COUNTS | {
    "small_batch",
    "large_batch",
    "published",
    "predicted",
    "rank_correlation",
    "geometric_error",
    "median_ratio",
    "mean_rank_correlation",
    "baseline_mean_rank_correlation",
}


def text(summary: Mapping[str, Any]) -> str:
    """Every part of a summary under its name; a part of equal parts is a table, one of numbers a list."""
    return "\n".join(f"## {name}\n\n{part(value)}\n" for name, value in summary.items())


def part(value: Any) -> str:
    """One part of a summary as markdown."""
    if not isinstance(value, Mapping) or not value:
        return str(value or "none")
    if all(isinstance(inner, Mapping) for inner in value.values()):
        columns = list(dict.fromkeys(key for inner in value.values() for key in inner))
        return table([["", *columns], *([name, *(cell(key, inner.get(key)) for key in columns)] for name, inner in value.items())])
    return table([["", "value"], *([name, cell(name, inner)] for name, inner in value.items())])


def table(lines: list[list[str]]) -> str:
    """Lines of cells as a markdown table with aligned columns."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    shown = []
    for first, *others in lines:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        shown.append("| " + " | ".join(cells) + " |")
    rule = "|" + "|".join("-" * (w + 2) if i == 0 else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|"
    return "\n".join([shown[0], rule, *shown[1:]])


def cell(name: str, value: Any) -> str:
    """A number as a reader wants it: counts whole, shares and errors in percent."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer() and (name in PLAIN or abs(value) > 1)):
        return f"{value:.0f}"
    if isinstance(value, float):
        return f"{value:.3f}" if name in PLAIN else f"{100 * value:.1f} %"
    return str(value)
