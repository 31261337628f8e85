"""Where a cube lies on disk, and that plain readers see every chunk of it or none."""

from pathlib import Path

import numpy as np
import pytest
import xarray
import zarr

from sweep.errors import SweepError
from sweep.store import layout
from sweep.store.disk import Folder
from sweep.store.run import run
from tests.studies import ENERGY


@pytest.fixture
def cube(opened, tmp_path):
    run(opened(ENERGY), tmp_path / "cube.zarr")
    return tmp_path / "cube.zarr"


def test_layout_adds_checksum_to_chunks_and_index(cube):
    def names(codecs):
        return [type(codec).__name__ for codec in codecs]

    root = zarr.open_group(str(cube), mode="r")
    for name, array in root.arrays():
        codecs = array.metadata.codecs
        if type(codecs[0]).__name__ == "ShardingCodec":
            assert names(codecs[0].index_codecs)[-1] == "Crc32cCodec", name
            codecs = codecs[0].codecs
        assert names(codecs)[-1] == "Crc32cCodec", name


@pytest.mark.parametrize("pipeline", ["zarr.core.codec_pipeline.BatchedCodecPipeline", "zarrs.ZarrsCodecPipeline"])
def test_layout_is_verified_by_plain_zarr(cube, pipeline):
    with zarr.config.set({"codec_pipeline.path": pipeline}):
        assert float(xarray.open_zarr(cube).facility_energy.min()) > 0
        shard = next(path for path in (cube / "facility_energy" / "c").rglob("*") if path.is_file())
        content = shard.read_bytes()
        shard.write_bytes(bytes([content[0] ^ 1]) + content[1:])
        with pytest.raises((ValueError, RuntimeError)):
            xarray.open_zarr(cube).facility_energy.load()


def test_layout_fill_value_is_no_cube_value(cube):
    root = zarr.open_group(str(cube), mode="r")
    assert np.isposinf(root["facility_energy"].fill_value)


@pytest.mark.parametrize("path", ["/", "//", "/.."])
def test_layout_rejects_root_folder(path):
    with pytest.raises(SweepError, match=r"cannot hold a cube; give the name of a new folder$"):
        layout.place(Path(path))


def test_layout_resolves_links(tmp_path):
    (tmp_path / "link.zarr").symlink_to(tmp_path / "real.zarr")
    assert layout.place(tmp_path / "link.zarr") == Folder(tmp_path / "real.zarr")
