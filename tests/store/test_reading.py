"""A finished cube, read: its outputs and its study, without xarray."""

import subprocess
import sys

import numpy as np
import pytest

from sweep.store import reading
from sweep.store.run import run
from tests.studies import ENERGY


@pytest.fixture
def cube(opened, tmp_path):
    run(opened(ENERGY, outputs=["it_power"]), tmp_path / "cube.zarr")
    return tmp_path / "cube.zarr"


def test_outputs_of_cube_equal_those_that_xarray_opens(cube):
    opened, found = reading.open_cube(cube), reading.outputs_of(cube)
    assert set(found) == set(opened.data_vars)
    for name, output in found.items():
        assert output.dims == opened[name].dims
        assert output.attrs == opened[name].attrs
        assert np.array_equal(output[()], opened[name])


def test_study_of_cube_takes_other_values(cube):
    assert reading.study_of(cube).fixed["gpus"] == 1024
    changed = reading.study_of(cube, ["gpus=2048"])
    assert changed.fixed["gpus"] == 2048
    assert set(changed.outputs) == {"facility_energy", "it_power"}


def test_run_of_study_imports_neither_xarray_nor_pandas(cube, tmp_path):
    code = "import sys; from sweep.cli import main; sys.argv = ['sweep', *sys.argv[1:]]\n"
    code += "try: main()\nexcept SystemExit as end: assert not end.code\n"
    code += "assert not {'xarray', 'pandas', 'pint', 'numba'} & set(sys.modules)"
    command = [sys.executable, "-c", code, "run", str(tmp_path / "study.yaml"), "-o", str(tmp_path / "other.zarr")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "facility_energy" in done.stdout
