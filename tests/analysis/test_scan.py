"""A scan evaluates each point that meets the conditions once, in the order of the cube, in whatever blocks."""

import numpy as np
import pytest

from sweep.analysis import scan
from sweep.study.conditions import conditions

TEXT = "title: x\nset: {server_power: 6 kW, gpus_per_server: 8}\n"
AXES = "axes: {gpus: [8, 16, 24, 32, 40], pue: [1.1, 1.2, 1.3], training_duration: [30 d, 60 d]}\noutputs: [facility_energy, it_power]\n"
# keeps the place of every point that meets the condition
LINES = scan.Lines(
    name="count",
    about="Every point.",
    start=[],
    before_row=[],
    point=lambda meets: [f"out_row[at] = {meets or 'True'}"],
    after_row=["for k in range(len(out_row)):", "    if out_row[k]:", "        out_seen[base + k] += 1"],
    writes=("row", "seen"),
)


def seen(made, spans):
    found = []

    def before(places):
        return {"row": np.empty(places.row, np.bool_), "seen": np.zeros(int(np.prod(places.shape)), np.int64)}

    def after(places, out):
        assert out["seen"].max(initial=0) <= 1
        found.extend(places.flat(np.flatnonzero(out["seen"])).tolist())

    made.visit(spans, before, after, threads=1)
    return found


@pytest.mark.parametrize("cells", [1, 4, 7, 1 << 20])
def test_scan_visits_each_point_once_in_order(opened, monkeypatch, cells):
    monkeypatch.setattr(scan, "SCAN_CELLS", cells)
    made = scan.make(opened(TEXT + AXES), ["facility_energy"], [], LINES)
    (spans,) = made.groups(None)
    assert seen(made, spans) == list(range(30))
    rows = [made.row(place) for place in range(30)]
    assert len({tuple(row[name] for name in made.dims) for row in rows}) == 30
    for row in rows:
        assert row["facility_energy"] == pytest.approx(6000 * row["gpus"] / 8 * row["pue"] * row["training_duration"])


def test_scan_keeps_points_that_meet_conditions(opened):
    asked = conditions(["it_power >= 12 kW", "facility_energy < 20 GWh", "pue != 1.2"])
    made = scan.make(opened(TEXT + AXES), ["facility_energy"], asked, LINES)
    (spans,) = made.groups(None)
    rows = [made.row(place) for place in range(30)]
    expected = [row["it_power"] >= 12e3 and row["facility_energy"] < 7.2e13 and row["pue"] != 1.2 for row in rows]
    assert seen(made, spans) == np.flatnonzero(expected).tolist()


def test_scan_groups_by_labels_of_axis(opened):
    made = scan.make(opened(TEXT + AXES), ["facility_energy"], [], LINES)
    places = [place for spans in made.groups("pue") for place in seen(made, spans)]
    assert sorted(places) == list(range(30))
    assert [made.row(place, "pue")["pue"] for place in places] == [1.1] * 10 + [1.2] * 10 + [1.3] * 10


def test_scan_visits_single_point_of_study_without_axes(opened):
    study = opened("title: x\nset: {server_power: 6 kW, gpus_per_server: 8, gpus: 8}\noutputs: [it_power]\n")
    made = scan.make(study, ["it_power"], [], LINES)
    (spans,) = made.groups(None)
    assert (made.dims, seen(made, spans)) == ((), [0])
    assert made.row(0) == {"it_power": 6000.0}
