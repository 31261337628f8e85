"""Lines over numbers and bars over words have one colour for each label, bands, and their gaps in the legend."""

import numpy as np
import pytest

from sweep.errors import SweepError
from sweep.plot.lines import MOST_LINES, lines
from sweep.plot.view import Side, View

GPUS = Side("gpus", "gpus", np.array([8.0, 64.0, 4096.0]))


def words(*labels):
    return Side("gpu", "gpu", np.array(labels, object))


def seen(*sides, band=False, gaps=False):
    shape = tuple(len(side.labels) for side in sides)
    values = 3600.0 * (1.0 + np.arange(np.prod(shape)).reshape(shape))
    reasons = np.full(shape, "", object)
    if gaps:
        values.flat[0], reasons.flat[0] = np.nan, "exceeds memory"
    return View("step_time", {"pue": "1.2"}, "", "s", "h", sides, values, (values / 2, values * 2) if band else None, reasons)


@pytest.mark.parametrize("sides", [(GPUS,), (GPUS, words("a", "b")), (words("a", "b"), GPUS), (words("a", "b", "c", "d", "e"),)])
@pytest.mark.parametrize("band", [False, True])
def test_lines_have_units_labels_and_gaps(tmp_path, sides, band):
    lines(tmp_path / "a.svg", seen(*sides, band=band, gaps=True))
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert f"step time [h]{', median and 5 to 95 %' if band else ''}" in text
    assert "at pue = 1.2" in text
    first = sides[1].words[0] if len(sides) > 1 else ""
    assert f"{first} (1 of {len(sides[0].labels)} infeasible: exceeds memory)" in text


def test_lines_too_many_to_tell_apart_are_refused(tmp_path):
    with pytest.raises(SweepError, match=f"gpu: {MOST_LINES + 1} lines are too many to tell apart"):
        lines(tmp_path / "a.png", seen(GPUS, words(*map(str, range(MOST_LINES + 1)))))
