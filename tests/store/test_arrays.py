"""The arrays of a cube: as plain xarray has them, and damage that shows when they are read."""

import pytest
import xarray

from sweep.errors import SweepError
from sweep.store import arrays, layout
from sweep.store.reading import open_cube
from sweep.store.run import run
from tests.studies import ENERGY


@pytest.fixture
def cube(opened, tmp_path):
    run(opened(ENERGY), tmp_path / "cube.zarr")
    return tmp_path / "cube.zarr"


def test_open_cube_equals_plain_xarray(cube):
    assert arrays.dataset(layout.place(cube)).load().identical(xarray.open_zarr(cube, decode_timedelta=False).load())


def test_open_cube_reports_corrupt_block_on_read(cube):
    shard = next(path for path in (cube / "facility_energy" / "c").rglob("*") if path.is_file())
    content = shard.read_bytes()
    shard.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    found = open_cube(cube)
    with pytest.raises(SweepError, match=r"facility_energy is damaged \(.*\); `sweep check .* --repair` recomputes it$"):
        found["facility_energy"].isel(pue=0).load()
