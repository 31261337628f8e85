"""Text for a person. What belongs here: aligned tables, and values with the unit that suits them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from sweep.catalog.units import customary, digits, factor, show
from sweep.equations.quantities import quantity
from sweep.errors import printable

WIDTH = 110


def table(header: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[str] = (), indent: int = 0) -> str:
    """Rows under a header, each column as wide as it must be; the columns in `right` end flush, as numbers should."""
    cells = [list(header), *([printable(str(cell)).replace("\n", " ") for cell in row] for row in rows)]
    flush = set(right)
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = []
    for row in cells:
        padded = [cell.rjust(width) if name in flush else cell.ljust(width) for cell, width, name in zip(row, widths, header, strict=True)]
        lines.append(" " * indent + "  ".join(padded).rstrip())
    return "\n".join(lines)


def paragraph(text: str, indent: int = 0) -> str:
    """Text in lines of a readable length."""
    return textwrap.fill(text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * indent)


def in_unit(value: float, unit: str, display_unit: str) -> float:
    """A value in the SI `unit`, in its display unit; 15 digits, so that 43.875 stays what it is."""
    return float(f"{value / factor(display_unit, unit):.15g}") if display_unit and display_unit != unit else value


def in_words(value: float, unit: str, display_unit: str = "") -> str:
    """A value with its unit: the display unit, or the customary one nearest to its size."""
    if not display_unit or value != value:
        return show(value, unit)
    number = digits(in_unit(value, unit, display_unit))
    return number if display_unit == "1" else f"{number} {display_unit}"


def amount(name: str, value: float, display_unit: str = "") -> str:
    """The value of a quantity with its unit; that of a choice is its word."""
    known = quantity(name)
    return str(known.told(value)) if known.in_words else in_words(value, known.unit, display_unit)


def band(value: float, unit: str, ends: tuple[float, float] | None, display_unit: str = "") -> str:
    """The two ends of a band, in the unit in which the value beside it is shown."""
    if ends is None or value != value:
        return ""
    shown = display_unit or customary(value, unit)
    return f"[{', '.join(digits(float(f'{in_unit(end, unit, shown):.3g}')) for end in ends)}]"


def aligned(values: Sequence[float], unit: str, display_unit: str = "") -> tuple[str, list[str]]:
    """Numbers that stand under each other: the one unit that suits most of them, and the digits of each."""
    sizes = sorted(abs(value) for value in values if value == value)
    shown = display_unit or customary(sizes[len(sizes) // 2] if sizes else 0.0, unit)
    return shown, [digits(in_unit(value, unit, shown)) for value in values]


def span(name: str, values: Sequence[float]) -> str:
    """The two ends of an axis of numbers."""
    ends = [amount(name, value) for value in (values[0], values[-1])]
    return ends[0] if len(values) == 1 else f"{ends[0]} .. {ends[1]}"
