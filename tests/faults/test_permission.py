"""What a user without rights is told. Root may do everything, so the test gives up its rights while it looks."""

import errno
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from sweep.cli import main
from tests.commands import sweep
from tests.engine.test_cache import computed, same
from tests.studies import ENERGY

NOBODY = 65534
DENIED = os.strerror(errno.EACCES)


@contextmanager
def without_rights():
    """Whoever runs the tests, as somebody whom modes of files bind."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def open_to_all(path):
    """Let everybody read what is in a folder of a test."""
    for folder in [path, *path.parents]:
        if folder.is_relative_to(Path(tempfile.gettempdir())) and folder != Path(tempfile.gettempdir()):
            folder.chmod(0o755)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="a system without users")
@pytest.mark.parametrize(("mode", "said"), [(0o500, (DENIED, "no such cube")), (0o000, (DENIED, DENIED))])
def test_missing_permission_is_reported_in_one_line(tmp_path, mode, said):
    open_to_all(tmp_path)
    (tmp_path / "study.yaml").write_text(ENERGY)
    sweep("run", tmp_path / "study.yaml", "-o", tmp_path / "there.zarr")  # imports what the test may not read later
    sweep("info", tmp_path / "there.zarr")
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(mode)
    if os.geteuid() == 0:
        os.chown(closed, NOBODY, NOBODY)
    commands = ["run", str(tmp_path / "study.yaml"), "-o", str(closed / "cube.zarr")], ["info", str(closed / "cube.zarr")]
    for arguments, text in zip(commands, said, strict=True):
        with without_rights():
            done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 2, done.exception
        assert done.stderr.count("\n") == 1, done.stderr
        assert text in done.stderr


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="a system without users")
@pytest.mark.parametrize("native", [True, False])
def test_cache_of_compiled_code_may_be_read_only(tmp_path, monkeypatch, opened, native):
    open_to_all(tmp_path)
    monkeypatch.setenv("WATTSWEEP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", "/nowhere")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    study = opened(ENERGY)
    right = computed(study, native)
    folders = [path for path in [tmp_path / "cache", *(tmp_path / "cache").rglob("*")] if path.is_dir()]
    for folder in folders:
        folder.chmod(0o555)
    with without_rights():
        assert same(computed(study, native), right)
    for folder in folders:
        folder.chmod(0o755)
