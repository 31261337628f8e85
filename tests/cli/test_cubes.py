"""`info` and `slice`, as a user types them: what they read of a cube, and how they answer to mistakes."""

import csv
import errno
import io
import json
import os
import re
import warnings

import pytest
from click.testing import CliRunner

from sweep.cli import main
from tests.commands import SMALL, SPLITS, refused, sweep, words


def test_cube_answers_with_figures_of_the_catalogue_that_are_no_coordinates(cube):
    text = sweep("best", cube, "--minimize", "step_time", "--where", "gpu_memory <= 60 GB")
    assert "gpu_memory [GB]" in text
    assert "h100-sxm" not in text
    assert words(sweep("slice", cube, "gpu_memory"))[-1] == ["h100-sxm", "85.9"]


def test_info_lists_contents_and_assumed_inputs(cube):
    facts = json.loads(sweep("info", cube, "--json"))
    assert facts["complete"]
    assert set(facts["variables"]) == {"step_time", "mfu", "time_to_train", "facility_power", "status"}
    assert facts["axes"]["gpu"]["ends"] == ["l40s", "h100-sxm"]
    assert facts["variables"]["step_time"]["unit"] == "s"
    text = sweep("info", cube)
    assert "complete, " in text
    assert "plain 1F1B schedule" in text
    assert re.search(r"global_batch +128 +the study", text)
    assert "splits.yaml by wattsweep" in text


def test_slice_prints_rule_of_empty_cell(cube):
    rows = words(sweep("slice", cube, "step_time", "--sel", "gpus=64"))
    assert "at gpus = 64" in (row[0] for row in rows)
    header = next(row for row in rows if row[0] == "split")
    assert header == ["split", "gpu", "step_time [s]", "no value because"]
    assert ["tp1-pp1", "l40s", "-", "exceeds_memory"] in rows


def test_slice_equals_point_of_study(cube):
    value = json.loads(sweep("slice", cube, "facility_power", "--sel", "gpus=128", "--sel", "gpu=h100-sxm", "--json", "--sel", "pue=1.2"))
    at = value["axes"]["split"]["labels"].index("tp8-pp1")
    expected = json.loads(sweep("point", SPLITS, "--json"))["quantities"]["facility_power"]["value"]
    assert value["values"][at] == pytest.approx(expected, rel=1e-6)
    assert value["unit"] == "W"
    assert value["at"] == {"gpus": 128.0, "gpu": "h100-sxm", "pue": 1.2}


def test_slice_reports_omitted_rows(cube):
    text = sweep("slice", cube, "facility_power")
    assert "40 of 72 rows; --sel split=... narrows them" in text
    assert len(text.splitlines()) == 40 + 5


def test_slice_of_status_names_rules(cube):
    assert ["tp1-pp1", "exceeds_memory"] in words(sweep("slice", cube, "status", "--sel", "gpu=h100-sxm", "--sel", "gpus=64"))


def test_slice_ignores_axis_that_variable_lacks(cube):
    done = CliRunner().invoke(main, ["slice", str(cube), "mfu", "--sel", "pue=1.21", "--sel", "gpu=l40s", "--nearest"])
    assert done.exit_code == 0
    assert "mfu does not depend on pue" in done.stderr
    assert "mfu" in done.stdout


def test_slice_takes_nearest_label_only_with_option(cube):
    assert "the nearest label is 1.2 (--nearest takes it)" in refused("slice", cube, "facility_power", "--sel", "pue=1.21")
    assert "pue = 1.2" in sweep("slice", cube, "facility_power", "--sel", "pue=1.21", "--nearest")


def test_slice_csv_has_all_cells_in_si(cube):
    rows = list(csv.reader(io.StringIO(sweep("slice", cube, "facility_power", "--csv"))))
    assert set(rows[0]) == {"split", "gpu", "gpus", "pue", "facility_power [W]"}
    assert len(rows) == 1 + 72
    assert rows[0][-1] == "facility_power [W]"
    assert any(row[-1] == "" for row in rows)


def test_slice_writes_parquet_and_netcdf_with_units(cube, tmp_path):
    import pandas
    import xarray
    from pyarrow import parquet

    sweep("slice", cube, "facility_power", "--parquet", tmp_path / "a.parquet")
    frame = pandas.read_parquet(tmp_path / "a.parquet")
    assert len(frame) == 72
    assert parquet.read_schema(tmp_path / "a.parquet").field("facility_power").metadata[b"units"] == b"W"
    sweep("slice", cube, "facility_power", "--sel", "gpu=h100-sxm", "--netcdf", tmp_path / "a.nc")
    with xarray.open_dataset(tmp_path / "a.nc", engine="h5netcdf") as part:
        assert part.facility_power.attrs["units"] == "W"
        assert part.sizes["pue"] == 3
        assert part.status.attrs["flag_meanings"]
    sweep("slice", cube, "mfu", "--sel", "gpu=l40s", "--sel", "gpus=64", "--sel", "split=tp2-pp1", "--parquet", tmp_path / "one.parquet")
    assert len(pandas.read_parquet(tmp_path / "one.parquet")) == 1
    assert f"cannot be written: {os.strerror(errno.ENOENT)}" in refused("slice", cube, "mfu", "--netcdf", tmp_path / "nowhere" / "a.nc")


def test_slice_parquet_reads_in_polars_and_duckdb(cube, tmp_path):
    import duckdb
    import polars

    file = tmp_path / "a.parquet"
    sweep("slice", cube, "facility_power", "mfu", "--parquet", file)
    frame = polars.read_parquet(file)
    assert frame.height == 72
    assert {"facility_power", "mfu", "status", "gpu", "pue"} <= set(frame.columns)
    rows = duckdb.connect().execute(f"select mfu from '{file}' where facility_power > 0 and gpu = 'h100-sxm'").fetchall()
    assert len(rows) == frame.filter((polars.col("facility_power") > 0) & (polars.col("gpu") == "h100-sxm")).height > 0
    assert "--where and --reduce go with --csv or --json" in CliRunner().invoke(
        main, ["slice", str(cube), "mfu", "--where", "mfu > 0", "--parquet", str(file)]
    ).stderr


def test_slice_rejects_two_formats(cube):
    done = CliRunner().invoke(main, ["slice", str(cube), "mfu", "--csv", "--json"])
    assert done.exit_code == 2
    assert "exclude each other" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["mfux"], "did you mean 'mfu'?"),
        (["mfu", "--sel", "gp=l40s"], "did you mean 'gpu'?"),
        (["mfu", "--sel", "gpu=l40"], "did you mean 'l40s'?"),
        (["mfu", "--sel", "gpu"], "must read axis=label"),
        (["mfu", "--sel", "gpus=64 W"], "--sel gpus=64 W"),
        (["mfu", "--sel", "gpu=l40s", "--sel", "gpu=l40s"], "--sel gpu=l40s: gpu is already fixed at l40s"),
        (["gpu"], "gpu: is an axis of the cube"),
    ],
)
def test_slice_reports_invalid_argument(cube, arguments, said):
    assert said in refused("slice", cube, *arguments)


def test_info_rejects_folder_that_is_no_cube(tmp_path):
    assert "cannot be read as a cube" in refused("info", tmp_path)


def test_info_rejects_zarr_store_of_other_origin(tmp_path):
    import zarr

    zarr.open_group(str(tmp_path / "other.zarr"), mode="w").create_array("mfu", shape=(2,), dtype="f4", dimension_names=("gpu",))
    with warnings.catch_warnings(action="ignore"):  # consolidated metadata is no part of Zarr v3 yet
        zarr.consolidate_metadata(str(tmp_path / "other.zarr"))
    assert "is not a wattsweep store" in refused("info", tmp_path / "other.zarr")


def test_check_finds_and_repairs_damaged_files(tmp_path):
    cube = tmp_path / "cube.zarr"
    sweep("run", SMALL, "-o", cube)
    assert sweep("check", cube) == f"{cube}: complete, all checksums match\n"
    shard = next(path for path in cube.glob("*/c/**/*") if path.is_file() and (path.parents[1].name == "c" or path.parents[2].name == "c"))
    shard.write_bytes(b"")
    told = sweep("check", cube, code=1)
    assert "is cut short" in told
    assert f"1 blocks, 1 files; `sweep check {cube} --repair` recomputes them" in told
    assert json.loads(sweep("check", cube, "--json", code=1))["faults"][0]["why"] == "is cut short"
    assert "is damaged" in refused("info", cube)
    assert sweep("check", cube, "--repair").endswith("1 blocks, 1 files: recomputed\n")
    assert json.loads(sweep("check", cube, "--json")) == {"complete": True, "repaired": False, "faults": []}


def test_slice_reduce_counts_points(cube):
    asked = ["slice", cube, "mfu", "step_time", "--sel", "gpu=h100-sxm", "--reduce", "max=split", "--reduce", "mean=split"]
    header, *rows = words(sweep(*asked))
    assert header[0] == "gpus"
    assert header[-1] == "points"
    assert [row[-1] for row in rows] == ["5", "6"]
    found = json.loads(sweep(*asked, "--json"))
    assert [row["points"] for row in found["rows"]] == [5, 6]
    assert set(found["units"]) == set(found["rows"][0])
    first, *lines = sweep(*asked, "--csv").splitlines()
    assert first.startswith("gpus,max_mfu,")
    assert len(lines) == 2


def test_slice_where_keeps_cells_that_meet_conditions(cube):
    rows = json.loads(sweep("slice", cube, "mfu", "--where", "mfu >= 40 %", "--sel", "gpus=64,128", "--json"))["rows"]
    assert rows
    assert all(row["mfu"] >= 0.4 for row in rows)
    assert "no cell meets the conditions" in sweep("slice", cube, "mfu", "--where", "mfu > 2")
