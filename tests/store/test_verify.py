"""A finished cube looked at: what each file is found to be."""

import os

import pytest

from sweep.errors import SweepError
from sweep.store import layout, verify
from sweep.store.run import run
from tests.studies import ENERGY

SHARD = "facility_energy/c/0/0"


@pytest.fixture
def cube(opened, tmp_path):
    run(opened(ENERGY), tmp_path / "cube.zarr")
    return tmp_path / "cube.zarr"


def test_faults_tell_missing_short_and_damaged_blocks(cube):
    whole, place = (cube / SHARD).read_bytes(), layout.place(cube)
    assert verify.faults(place, deep=True) == []
    for content, why, deep in ((whole[:-1], "is cut short", False), (whole[:-1] + b"#", "is damaged", True), (None, "is missing", False)):
        (cube / SHARD).unlink() if content is None else (cube / SHARD).write_bytes(content)
        (fault,) = verify.faults(place, deep)
        assert (fault.file, fault.why, fault.block) == (SHARD, why, (3, 0))
        assert str(fault) == f"{SHARD}, which is facility_energy[0:2, 0:2], {why}"


def test_faults_name_a_folder_that_cannot_be_read(cube, monkeypatch):
    walk = os.walk

    def denied(top, onerror):
        onerror(PermissionError(13, "Permission denied", str(top)))
        return walk(top)

    monkeypatch.setattr(os, "walk", denied)
    assert [str(fault) for fault in verify.faults(layout.place(cube))] == [f"{cube} cannot be read: Permission denied"]


def test_state_of_missing_cube_is_error(tmp_path):
    with pytest.raises(SweepError, match=r"none.zarr: no such cube$"):
        verify.state(tmp_path / "none.zarr")
