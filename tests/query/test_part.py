"""Rows of a cube: several variables, conditions and reductions, against xarray over whole arrays."""

import numpy as np
import pytest

from sweep.errors import SweepError
from sweep.query import part
from sweep.query.part import slice as part_of
from sweep.store.run import run
from sweep.study.parse import open_study

STUDY = """title: parts
set: {server_power: 6 kW, training_flops: 1e24 FLOP}
axes:
  gpu: [h100-sxm, a100-sxm-80gb]
  precision: [bf16, fp8]
  gpus: [8, 64, 512]
  training_duration: 30 d:90 d:30 d
  pue: [1.1, 1.2, 1.3]
outputs: [facility_energy, required_mfu, it_power]
"""
MFU = "required_mfu"


@pytest.fixture(scope="module")
def cube(tmp_path_factory):
    path = tmp_path_factory.mktemp("parts") / "study.yaml"
    path.write_text(STUDY)
    return run(open_study(path))


@pytest.fixture(params=[1 << 21, 5])
def cut(request, monkeypatch):
    monkeypatch.setattr(part, "CELLS", request.param)


@pytest.mark.usefixtures("cut")
@pytest.mark.parametrize(("how", "by"), [("mean", "mean"), ("min", "min"), ("max", "max"), ("median", "median"), ("p90", None)])
def test_slice_reduces_over_points_with_value(cube, how, by):
    found = list(part_of(cube, MFU, reduce=[f"{how}=gpus,precision"]).rows)
    array = cube[MFU].astype("f8")
    over = ["gpus", "precision"]
    expected = getattr(array, by)(over) if by else array.quantile(0.9, over)
    counts = array.notnull().sum(over)
    assert len(found) == expected.size
    for row in found:
        at = {dim: row[dim] for dim in expected.dims}
        assert row[f"{how}_{MFU}"] == pytest.approx(float(expected.sel(at)), rel=1e-6)
        assert row["points"] == int(counts.sel(at))
    assert {row["points"] for row in found} == {3, 6}, "fp8 has no value on one of the two"


@pytest.mark.usefixtures("cut")
def test_slice_sum_lacks_no_point(cube):
    array = cube[MFU].astype("f8")
    expected = array.sum(["gpus", "precision"], skipna=False)
    found = list(part_of(cube, MFU, reduce=["sum=gpus,precision"]).rows)
    assert len(found) == expected.size
    for row in found:
        assert row[f"sum_{MFU}"] == pytest.approx(float(expected.sel({dim: row[dim] for dim in expected.dims})), rel=1e-6, nan_ok=True)


@pytest.mark.usefixtures("cut")
def test_slice_conditions_remove_rows_and_points(cube):
    asked = ["required_mfu <= 60 %", "pue < 1.25"]
    array = cube[MFU].where((cube[MFU] <= 0.6) & (cube.pue < 1.25))
    rows = list(part_of(cube, MFU, where=asked).rows)
    assert len(rows) == int(array.notnull().sum()) > 0
    assert all(row[MFU] == pytest.approx(float(cube[MFU].sel({d: row[d] for d in cube[MFU].dims})), rel=1e-6) for row in rows)
    (one,) = part_of(cube, MFU, where=asked, reduce=["count=" + ",".join(map(str, array.dims))]).rows
    assert one == {"points": len(rows)}


@pytest.mark.usefixtures("cut")
def test_slice_of_several_variables_spans_all_axes(cube):
    found = part_of(cube, ["it_power", "facility_energy"], {"gpu": "h100-sxm", "gpus": "8,64"})
    rows = list(found.rows)
    assert found.at == {"gpu": "h100-sxm"}
    assert (found.units["facility_energy"], found.units["pue"]) == ("J", "1")
    assert len(rows) == found.cells == 2 * 3 * 3
    for row in rows:
        assert row["facility_energy"] == pytest.approx(row["it_power"] * row["training_duration"] * row["pue"], rel=1e-6)
        assert isinstance(row["gpus"], int)


def test_slice_reduction_without_points_is_empty(cube):
    (row,) = part_of(cube, MFU, where=["required_mfu > 1000"], reduce=["max=gpu,precision,gpus,training_duration"]).rows
    assert row["points"] == 0
    assert np.isnan(row[f"max_{MFU}"])


@pytest.mark.parametrize(
    ("reduce", "said"),
    [
        (["mean"], "must read mean=axis or p95=axis,axis"),
        (["mode=gpus"], "mode is none of mean, sum, min, max, median, count, p0 .. p100"),
        (["p101=gpus"], "p101 is none of"),
        (["mean=gpuss"], "no such axis; did you mean 'gpus'?"),
        (["mean=gpus", "max=precision"], "all reductions of one slice go over the same axes"),
    ],
)
def test_slice_reports_invalid_reduction(cube, reduce, said):
    with pytest.raises(SweepError) as found:
        part_of(cube, MFU, reduce=reduce)
    assert said in str(found.value)
