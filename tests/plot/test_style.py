"""Pictures have one look: units in the labels, two formats, one line where matplotlib is missing."""

import errno
import os
import sys

import numpy as np
import pytest

from sweep.errors import SweepError
from sweep.plot import style


def drawn(path):
    with style.picture(path, "Time to train") as axes:
        axes.plot([1, 2, 3], label="days")
        axes.legend()
    return path


def test_axis_label_has_customary_unit():
    label, values = style.scaled("time_to_train", [86400.0, 172800.0, np.nan], "s")
    assert label == "time to train [d]"
    np.testing.assert_array_equal(values, [1.0, 2.0, np.nan])
    label, values = style.scaled("facility_energy", [3.6e12], "J", "MWh")
    assert label == "facility energy [MWh]"
    np.testing.assert_allclose(values, [1000.0])
    assert style.scaled("pue", [1.2], "1")[0] == "pue"
    assert style.scaled("mfu", [0.4], "1", "%")[0] == "mfu [%]"


@pytest.mark.parametrize(("ending", "head"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_picture_format_follows_name_and_is_reproducible(tmp_path, ending, head):
    files = [drawn(tmp_path / f"{name}.{ending}") for name in "ab"]
    assert files[0].read_bytes().startswith(head)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_picture_rejects_unknown_format_or_folder(tmp_path):
    with pytest.raises(SweepError, match=r"a\.pdf: a picture ends in \.png or \.svg"):
        drawn(tmp_path / "a.pdf")
    with pytest.raises(SweepError, match=os.strerror(errno.ENOENT)):
        drawn(tmp_path / "none" / "a.png")


def test_picture_names_missing_matplotlib(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(SweepError, match=r"pictures need matplotlib: pip install 'wattsweep\[plot\]'"):
        drawn(tmp_path / "a.png")


def test_palette_is_distinct_and_dark():
    assert len(set(style.PALETTE)) == len(style.PALETTE)
    for colour in style.PALETTE:
        red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        assert 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.75


def test_scale_is_logarithmic_for_wide_positive_values():
    assert [style.scale(np.array(values)) for values in ([1.0, 29.0], [1.0, 31.0, np.nan], [0.0, 90.0], [])] == [
        "linear",
        "log",
        "linear",
        "linear",
    ]
