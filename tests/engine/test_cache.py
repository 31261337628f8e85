"""Compiled code on disk: in a folder that is ours alone, and never run when it is damaged."""

import errno
import math
import sys
from dataclasses import replace

import numpy as np
import pytest

from sweep.engine import blocks, cache, plan
from sweep.errors import SweepError
from tests.studies import ENERGY

KEPT = {True: ("*/*.bc", "*/*.o"), False: ("*/__pycache__/*.nbi", "*/__pycache__/*.nbc")}  # of nests; of what numba compiles whole


def computed(study, native=True):
    """All outputs of a study, compiled as in a new process. native: as nests are, else as a loop that numba compiles."""
    for name in [name for name in sys.modules if name.startswith("loops_")]:
        del sys.modules[name]
    made = plan.make(study)
    program = blocks.program(made, budget=-math.inf)
    for functions in (program.exports, program.outputs):
        functions.update({dims: replace(function, native=native) for dims, function in functions.items()})
    worker = blocks.Worker(program)
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


@pytest.mark.parametrize("native", KEPT)
def test_cache_recompiles_damaged_code(study, tmp_path, native):
    right = computed(study, native)
    for pattern in KEPT[native]:
        for damage in (lambda c: b"", lambda c: c[: len(c) // 2], lambda c: c[:-9] + bytes([c[-9] ^ 4]) + c[-8:]):
            for path in (tmp_path / "cache").glob(KEPT[native][-1]):  # what is made of the damaged file, too
                path.write_bytes(damage(path.read_bytes()))
            path = sorted((tmp_path / "cache").glob(pattern))[0]
            path.write_bytes(damage(path.read_bytes()))
            assert same(computed(study, native), right)
            assert native or cache.json.loads(next((tmp_path / "cache").rglob("*.sums")).read_text())
            assert not native or all(cache.intact(path) for path in (tmp_path / "cache").glob("*/*.*"))


@pytest.mark.parametrize("native", KEPT)
def test_cache_reuses_intact_code(study, tmp_path, native):
    def kept():
        return {path: path.stat().st_mtime_ns for pattern in KEPT[native] for path in (tmp_path / "cache").glob(pattern)}

    computed(study, native)
    before = kept()
    assert before
    computed(study, native)
    assert kept() == before


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_cache_refuses_folder_writable_by_others(study, tmp_path, mode):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(mode)
    with pytest.raises(SweepError, match=r"cache: others can write there, and what lies there is run; chmod go-w it if"):
        computed(study)


@pytest.mark.parametrize("native", KEPT)
def test_cache_on_full_disk_is_skipped(study, monkeypatch, native):
    from numba.core import caching

    right = computed(study, native)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setenv("WATTSWEEP_CACHE", cache.os.environ["WATTSWEEP_CACHE"] + "2")
    monkeypatch.setattr(caching.IndexDataCacheFile, "save", full)
    if native:
        monkeypatch.setattr(cache.os, "replace", full)
    assert same(computed(study, native), right)


def test_cache_write_on_full_disk_leaves_no_file(tmp_path, monkeypatch):
    def full(path, content):
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(SweepError, match="compiled code cannot be kept there"):
        cache.write(tmp_path / "nest.o", b"code")
    assert not list(tmp_path.iterdir())
