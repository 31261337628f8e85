"""Compiled code on disk: in a folder that is ours alone, and never run when it is damaged."""

import errno
import math
import sys

import numpy as np
import pytest

from sweep.engine import blocks, cache, plan
from sweep.errors import SweepError
from tests.studies import ENERGY


def computed(study):
    """All outputs of a study, compiled as in a new process."""
    for name in [name for name in sys.modules if name.startswith("nests_")]:
        del sys.modules[name]
    made = plan.make(study)
    worker = blocks.Worker(blocks.program(made, budget=-math.inf))
    return {name: values.copy() for block in blocks.blocks(made) for name, values in worker.compute(block).items()}


def same(one, other):
    return all(np.array_equal(values, other[name], equal_nan=True) for name, values in one.items())


@pytest.fixture
def study(opened, tmp_path, monkeypatch):
    monkeypatch.setenv("WATTSWEEP_CACHE", str(tmp_path / "cache"))
    return opened(ENERGY)


def test_cache_folder_follows_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("WATTSWEEP_CACHE", str(tmp_path / "one"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "two"))
    assert cache.folder("d" * 64) == tmp_path / "one" / ("d" * 20)
    monkeypatch.delenv("WATTSWEEP_CACHE")
    assert cache.folder("d" * 64) == tmp_path / "two" / "wattsweep" / ("d" * 20)
    assert (tmp_path / "two" / "wattsweep").stat().st_mode & 0o777 == 0o700


def test_cache_recompiles_damaged_code(study, tmp_path):
    right = computed(study)
    files = sorted((tmp_path / "cache").rglob("*.nb[ic]"))
    assert {path.suffix for path in files} == {".nbi", ".nbc"}
    for suffix in (".nbi", ".nbc"):
        for damage in (lambda c: b"", lambda c: c[: len(c) // 2], lambda c: c[:-9] + bytes([c[-9] ^ 4]) + c[-8:]):
            path = next(path for path in files if path.suffix == suffix)
            path.write_bytes(damage(path.read_bytes()))
            assert same(computed(study), right)
            assert cache.json.loads(next((tmp_path / "cache").rglob("*.sums")).read_text())


def test_cache_reuses_intact_code(study, tmp_path):
    computed(study)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.nb[ic]")}
    computed(study)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.nb[ic]")} == before


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_cache_refuses_folder_writable_by_others(study, tmp_path, mode):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(mode)
    with pytest.raises(SweepError, match=r"cache: others can write there, and what lies there is run; chmod go-w it if"):
        computed(study)


def test_cache_on_full_disk_is_skipped(study, monkeypatch):
    from numba.core import caching

    right = computed(study)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setenv("WATTSWEEP_CACHE", cache.os.environ["WATTSWEEP_CACHE"] + "2")
    monkeypatch.setattr(caching.IndexDataCacheFile, "save", full)
    assert same(computed(study), right)
