"""A part of a cube as text, CSV and a record: units, what is held, and why a cell is empty."""

import csv
import io
import sys

import numpy as np
import pytest
import xarray

from sweep.errors import SweepError
from sweep.query import export


@pytest.fixture
def power():
    """Two GPUs by three counts, one of them without a value, at a held PUE."""
    values = np.array([[1e6, 2e6, np.nan], [4e6, 5e6, 6e6]])
    coordinates = {"gpu": ["a", "b"], "gpus": ("gpus", [8.0, 16.0, 24.0], {"units": "1"}), "pue": 1.2}
    return xarray.DataArray(values, coordinates, ("gpu", "gpus"), "facility_power", {"units": "W", "long_name": "Power of it all"})


@pytest.fixture
def status():
    attributes = {"flag_meanings": "too_large odd", "flag_masks": [1, 2], "flag_guards": '{"too_large": ["facility_power"], "odd": []}'}
    return xarray.DataArray(np.array([0, 0, 3]), {"gpus": [8.0, 16.0, 24.0]}, ("gpus",), "status", attributes)


def test_export_text_names_labels_unit_and_rule_of_empty_cell(power, status):
    lines = export.text(power, status).splitlines()
    assert lines[:2] == ["facility_power: Power of it all", "at pue = 1.2"]
    assert lines[3].split() == ["gpu", "gpus", "facility_power", "[MW]", "no", "value", "because"]
    assert lines[6].split() == ["a", "24", "-", "too_large"]
    assert lines[7].split() == ["b", "8", "4"]


def test_export_text_of_status_names_rules(status):
    assert [line.split(maxsplit=1)[1] for line in export.text(status).splitlines()[3:]] == ["-", "-", "too_large, odd"]


def test_export_text_reports_omitted_rows(power, monkeypatch):
    monkeypatch.setattr(export, "ROWS", 4)
    lines = export.text(power).splitlines()
    assert len(lines) == 3 + 5 + 2
    assert lines[-1].startswith("4 of 6 rows; --sel gpus=...")


def test_export_text_tells_dates_as_such():
    days = ("training_start", [0.0, 181.75 * 86400], {"units": "s"})
    found = xarray.DataArray([1.0, 2.0], {"training_start": days}, ("training_start",), "energy_cost", {"units": "USD"})
    assert [line.split() for line in export.text(found).splitlines()[3:]] == [["01-01", "1"], ["07-01T18", "2"]]
    assert export.text(found[1]).splitlines()[1] == "at training_start = 07-01T18"


def test_export_csv_has_units_and_empty_cells(power):
    rows = list(csv.reader(io.StringIO("".join(export.csv(power)))))
    assert rows[0] == ["gpu", "gpus", "facility_power [W]"]
    assert rows[1:4] == [["a", "8.0", "1000000.0"], ["a", "16.0", "2000000.0"], ["a", "24.0", ""]]
    assert len(rows) == 7


def test_export_record_nests_values_by_axis(power):
    found = export.record(power)
    assert found["at"] == {"pue": 1.2}
    assert found["axes"]["gpus"] == {"unit": "1", "labels": [8.0, 16.0, 24.0]}
    assert found["values"][1] == [4e6, 5e6, 6e6]
    assert (found["variable"], found["unit"], found["meaning"]) == ("facility_power", "W", "Power of it all")


@pytest.mark.parametrize(("form", "module"), [("parquet", "pyarrow"), ("netcdf", "h5netcdf")])
def test_export_names_missing_package(power, tmp_path, monkeypatch, form, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SweepError) as found:
        getattr(export, form)(power, tmp_path / "file")
    assert str(found.value) == f"--{form} needs {module}: pip install 'wattsweep[{form}]'"
