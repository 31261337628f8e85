"""The look that all pictures share. What belongs here: colours, axis labels with units, and the file that is written.

matplotlib is imported when a picture is drawn and not before; no picture needs a window.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sweep.catalog.units import customary, factor
from sweep.errors import SweepError, nearest

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

# Okabe and Ito's colours, told apart with any kind of colour vision; the yellow is omitted, which is too pale for a line
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
MUTED = "#8C8C8C"
WIDE = 30.0
FORMATS = ("png", "svg")
STYLE: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": MUTED,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "figure.dpi": 150,
    "figure.constrained_layout.use": True,
    "font.size": 9.5,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "sweep",
}


def checked(path: str | Path) -> str:
    """The format that the name of a picture says, before anything is computed for it. Raises SweepError where it cannot be drawn."""
    ending = Path(path).suffix.removeprefix(".").lower()
    if ending not in FORMATS:
        raise SweepError(f"{path}: a picture ends in .png or .svg{nearest(ending, FORMATS)}")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise SweepError("pictures need matplotlib: pip install 'wattsweep[plot]'") from None
    return ending


@contextmanager
def picture(path: str | Path, title: str, width: float = 7.0, height: float = 4.4) -> Iterator[Axes]:
    """Axes with a title to draw on, `width` x `height` inches; then written to a file, as the ending of its name says: .png or .svg.

    >>> with picture("energy.svg", "Energy by GPU") as axes:
    ...     axes.bar(names, energies)
    """
    file, ending = Path(path), checked(path)
    import matplotlib
    from cycler import cycler
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE | {"axes.prop_cycle": cycler(color=PALETTE)}):
        made = Figure(figsize=(width, height))
        axes = made.add_subplot()
        axes.set_title(title)
        yield axes
        try:
            made.savefig(file, format=ending, metadata={"Software" if ending == "png" else "Date": None})
        except OSError as error:
            raise SweepError(f"{file}: {error.strerror}") from None


def scaled(name: str, values: npt.ArrayLike, unit: str, display_unit: str = "") -> tuple[str, npt.NDArray[np.float64]]:
    """The label of an axis for a quantity, such as "time to train [d]", and its values, which are in the SI `unit`, in that unit.

    display_unit: the unit to show; without it the customary one that suits the middle value.
    """
    given = np.asarray(values, np.float64)
    sizes = np.abs(given[np.isfinite(given)])
    shown = display_unit or customary(float(np.median(sizes)) if sizes.size else 0.0, unit)
    words = name.replace("_", " ")
    return words if shown == "1" else f"{words} [{shown}]", given / factor(shown, unit)


def scale(values: npt.NDArray[np.float64]) -> str:
    """The scale of an axis: logarithmic where values above zero span more than a factor of WIDE."""
    known = values[np.isfinite(values)]
    return "log" if known.size and known.min() > 0 and known.max() > WIDE * known.min() else "linear"


def set_scale(axis: Axis, values: npt.NDArray[np.float64]) -> None:
    """Give an axis of a picture the scale that suits its values, with plain numbers beside its ticks."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    if scale(values) == "log":
        axis.axes.set(**{f"{axis.axis_name}scale": "log"})  # type: ignore[attr-defined]  # axis_name is x or y
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if values[values > 0].max() < 1e3 * values[values > 0].min() else (1.0,)))
        axis.set_minor_formatter(NullFormatter())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}" if 1e-3 < value < 1e7 else f"{value:g}"))
