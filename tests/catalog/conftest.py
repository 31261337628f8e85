"""A copy of configs/ that a test may spoil."""

import shutil

import pytest

from sweep.catalog import entries, parameters, sources


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of configs/ that a test may spoil."""
    shutil.copytree(parameters.folder(), tmp_path / "configs")
    for module in (parameters, entries, sources):
        monkeypatch.setattr(module, "folder", lambda: tmp_path / "configs")
    cached = (parameters.parameters, parameters.catalogues, entries.entry_names, entries.entry, sources.sources)
    for function in cached:
        function.cache_clear()
    yield tmp_path / "configs"
    for function in cached:
        function.cache_clear()
