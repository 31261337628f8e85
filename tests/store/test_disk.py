"""What the file system is asked for: locks on every system, and one folder in the place of another."""

import errno
import os
import sys
from types import SimpleNamespace

import pytest

from sweep.errors import SweepError
from sweep.store import disk


def test_lock_is_exclusive_and_removes_empty_folder(tmp_path):
    folder = tmp_path / "cube.zarr.partial"
    with disk.locked(folder, tmp_path / "cube.zarr"):
        with pytest.raises(SweepError, match=r"cube.zarr: another run is writing it"), disk.locked(folder, tmp_path / "cube.zarr"):
            pass
        assert folder.exists()
    assert not folder.exists()
    with disk.locked(folder, tmp_path / "cube.zarr"):
        (folder / "journal.jsonl").touch()
    assert folder.exists()


def test_lock_retries_when_folder_was_removed(tmp_path, monkeypatch):
    folder, taken, whole = tmp_path / "cube.zarr.partial", [], disk.take

    def late(handle):
        whole(handle)
        taken.append(handle)
        if len(taken) == 1:
            (folder / disk.LOCK).unlink()

    monkeypatch.setattr(disk, "take", late)
    with disk.locked(folder, tmp_path / "cube.zarr"), pytest.raises(SweepError, match="another run"), disk.locked(folder, tmp_path / "c"):
        pass
    assert len(taken) == 2


def test_lock_on_windows_locks_one_byte(tmp_path, monkeypatch):
    asked = []

    def locking(handle, mode, length):
        asked.append((mode, length))
        if len(asked) == 2:
            raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(locking=locking, LK_NBLCK=2))
    cube = tmp_path / "c"
    with disk.locked(tmp_path / "p", cube), pytest.raises(SweepError, match="another run is writing it"), disk.locked(tmp_path / "p", cube):
        pass
    assert asked == [(2, 1), (2, 1)]


def test_lock_reports_file_system_without_locks(tmp_path, monkeypatch):
    def none(handle):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(disk, "take", none)
    with pytest.raises(SweepError, match=r"c: cannot be locked, .*: No locks available$"), disk.locked(tmp_path / "p", tmp_path / "c"):
        pass


@pytest.mark.parametrize("at_once", [True, False])
def test_exchange_renames_folder(tmp_path, monkeypatch, at_once):
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if not at_once:
        monkeypatch.setattr(disk, "exchange", lambda one, other: False)
    disk.swap(tmp_path / "new", tmp_path / "old", tmp_path / "aside")
    assert os.listdir(tmp_path / "old") == ["new"]
    assert [os.listdir(tmp_path / left) for left in os.listdir(tmp_path) if left != "old"] == [["old"]]


def test_exchange_reports_missing_system_call(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not disk.exchange(tmp_path, tmp_path)
