"""Slices of a cube: labels and units as a person writes them, and what is said where there is none."""

import numpy as np
import pytest
import xarray

from sweep.cube.virtual import open_virtual
from sweep.errors import SweepError
from sweep.query import selection
from sweep.query.selection import in_display_units, label_index, select
from sweep.store.reading import open_cube
from sweep.store.run import run
from sweep.study.parse import open_study

STUDY = """title: sliced
set: {server_power: 6 kW, training_flops: 1e24 FLOP, effective_training_fraction: 1}
axes:
  gpu: [h100-sxm, a100-sxm-80gb]
  precision: [bf16, fp8]
  gpus: [8, 64, 512]
  training_duration: 30 d:90 d:30 d
  queries_per_day: [1e9 query/d, 2e9 query/d]
  pue: [1.1, 1.2, 1.3]
outputs: [facility_energy, required_mfu, serving_energy_per_day, it_power]
"""


@pytest.fixture(scope="module")
def cube(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sliced")
    (folder / "study.yaml").write_text(STUDY.replace("6 kW,", "6 kW, energy_per_query: 0.3 Wh/query,"))
    run(open_study(folder / "study.yaml"), folder / "cube.zarr")
    return open_cube(folder / "cube.zarr")


def test_select_reads_labels_and_numbers_with_units(cube):
    found = select(cube, "facility_energy", {"gpus": "64", "training_duration": "60 d", "pue": "1.2"})
    assert set(found.dims) == {"gpu"}
    np.testing.assert_allclose(found.sel(gpu="h100-sxm"), 8 * 6000 * 60 * 86400 * 1.2, rtol=1e-6)
    point = select(cube, "facility_energy", {"gpu": "a100-sxm-80gb", "gpus": "8", "training_duration": "720 h", "pue": "1.1"})
    assert point.dims == ()
    assert float(point) == pytest.approx(6000 * 30 * 86400 * 1.1)


def test_select_reads_words_of_choices(cube):
    found = select(cube, "required_mfu", {"gpu": "h100-sxm", "precision": "fp8", "gpus": "512", "training_duration": "90 d"})
    assert float(found) == pytest.approx(1e24 / (989.4e12 * 512 * 90 * 86400))
    served = select(cube, "serving_energy_per_day", {"queries_per_day": "2e9 query/d"})
    assert float(served) == pytest.approx(2e9 * 0.3 * 3600)


def test_labels_that_are_dates_are_read_and_told_as_dates():
    starts = xarray.Dataset(coords={"training_start": ("training_start", [0.0, 59 * 86400.0, 181.75 * 86400], {"units": "s"})})
    assert label_index(starts, "training_start", "03-01", False) == label_index(starts, "training_start", "59 d", False) == 1
    assert label_index(starts, "training_start", "02-01:07-02", False) == [1, 2]
    for text, said in (
        ("07-01", "not on the axis; the nearest label is 07-01T18 (--nearest takes it)"),
        ("02-01:02-02", "no label of the axis lies there; it goes 01-01 .. 07-01T18"),
        ("July", "'July' is not a number with a unit of s, such as '1 s'; a date reads 07-01 or 07-01T18"),
        ("13-45", "is no date of a year: month must be in 1..12"),
    ):
        with pytest.raises(SweepError) as error:
            label_index(starts, "training_start", text, False)
        assert str(error.value).startswith(f"--sel training_start={text}: {said}")


def test_select_without_labels_returns_whole_variable(cube):
    assert select(cube, "it_power", {}).identical(cube["it_power"])


def test_select_nearest_takes_closest_label(cube):
    asked = {"gpus": "100", "training_duration": "8 week", "pue": "1.26", "gpu": "h100-sxm"}
    found = select(cube, "facility_energy", asked, nearest=True)
    assert [float(found[axis]) for axis in ("gpus", "training_duration", "pue")] == [64.0, 60 * 86400.0, 1.3]


def test_select_keeps_unit_and_coordinates(cube):
    found = select(cube, "facility_energy", {"pue": "1.2"})
    assert found.attrs["units"] == "J"
    assert "training_duration" in found.coords
    assert float(found["pue"]) == 1.2


@pytest.mark.parametrize(
    ("variable", "at", "line"),
    [
        ("facility_enrgy", {}, "facility_enrgy: no such variable in the cube; did you mean 'facility_energy'?"),
        ("it_power", {"gpu_s": "8"}, "--sel gpu_s=8: no such axis; did you mean 'gpus'?"),
        ("it_power", {"pue": "1.2"}, "--sel pue=1.2: it_power does not depend on pue; it has "),
        ("it_power", {"gpu": "h100-smx"}, "--sel gpu=h100-smx: no such label; did you mean 'h100-sxm'?"),
        ("required_mfu", {"precision": "bf61"}, "--sel precision=bf61: no such label; did you mean 'bf16'?"),
        ("it_power", {"gpus": "65"}, "--sel gpus=65: not on the axis; the nearest label is 64 (--nearest takes it)"),
        ("facility_energy", {"training_duration": "61 d"}, "--sel training_duration=61 d: not on the axis; the nearest label is 60 d (--"),
        ("facility_energy", {"training_duration": "60"}, "--sel training_duration=60: needs a unit of s, such as '60 s'"),
        ("facility_energy", {"training_duration": "60 kg"}, "--sel training_duration=60 kg: kg is not a unit of s"),
        ("facility_energy", {"pue": "nan"}, "--sel pue=nan: 'nan' is not a finite number"),
    ],
)
def test_select_unknown_name_suggests_nearest(cube, variable, at, line):
    with pytest.raises(SweepError) as found:
        select(cube, variable, at)
    assert str(found.value).startswith(line)
    assert "\n" not in str(found.value)


def test_open_cube_reports_missing_cube_in_one_line(tmp_path):
    with pytest.raises(SweepError, match=r"none.zarr: no such cube$"):
        open_cube(tmp_path / "none.zarr")


def test_flag_counts_are_same_for_any_piece_size(cube, monkeypatch):
    whole = selection.flag_counts(cube["status"])
    assert whole["precision_not_supported"] == int((cube["status"] & cube["status"].attrs["flag_masks"][0] != 0).sum()) > 0
    assert [piece.size for piece in selection.pieces(cube["status"], 1)] == [1] * cube["status"].size
    assert selection.pieces(cube["status"], 1 << 20).__next__().identical(cube["status"])


def test_select_reads_lists_and_ranges(cube):
    assert select(cube, "it_power", {"gpus": "8,512"}).gpus.values.tolist() == [8, 512]
    assert select(cube, "it_power", {"gpu": "a100-sxm-80gb, h100-sxm"}).gpu.values.tolist() == ["a100-sxm-80gb", "h100-sxm"]
    assert select(cube, "facility_energy", {"pue": "1.15:1.3"}).pue.values.tolist() == [1.2, 1.3]
    assert select(cube, "facility_energy", {"pue": "1.1:1.3:0.2"}).pue.values.tolist() == [1.1, 1.3]
    assert select(cube, "facility_energy", {"pue": "1.1:1.3:lin3"}).pue.size == 3
    with pytest.raises(SweepError, match=r"--sel pue=1.21:1.25: no label of the axis lies there; it goes 1.1 .. 1.3"):
        select(cube, "facility_energy", {"pue": "1.21:1.25"})


def test_in_display_units_converts_labels_and_values_and_reads_nothing():
    study = open_study({
        "title": "a",
        "select": {"gpu": "a100-sxm-80gb"},
        "set": {"server_power": "6 kW"},
        "axes": {"gpus": [8000, 16000], "training_duration": ["30 d", "60 d"]},
        "outputs": {"training_energy": "GWh", "servers": ""},
    })
    cube = in_display_units(open_virtual(study))
    assert not cube.training_energy.variable._in_memory
    assert cube.training_duration.values.tolist() == [30.0, 60.0]
    assert cube.training_duration.attrs["units"] == "d"
    assert cube.training_energy.attrs["units"] == "GWh"
    assert float(cube.training_energy.sel(gpus=8000, training_duration=30)) == pytest.approx(1000 * 6e3 * 30 * 24 / 1e9)
    assert cube.gpus.dtype == np.int64
    assert cube.servers.values.tolist() == [1000, 2000]
    stored = in_display_units(run(study))
    assert stored.training_energy.attrs["actual_range"] == pytest.approx([4.32, 17.28])


def test_excerpt_keeps_status_over_the_axes_of_its_variables(cube):
    part = selection.excerpt(cube, ["it_power"], {})
    assert set(part.status.dims) <= set(part.it_power.dims)
    assert (part.status.values & ~cube.status.max().item()).max() == 0
