"""What test files set up alike: studies in a folder of the test, a registry that forgets what it registers, small and counted blocks."""

from collections.abc import MutableMapping
from typing import Any

import pytest
import yaml

from sweep.engine import blocks
from sweep.engine.blocks import Worker
from sweep.equations import registry
from sweep.study.parse import open_study
from tests.studies import STORED


@pytest.fixture
def forgotten():
    """What a test registers is gone after it."""
    registry.load()
    registry.only(None)
    tables: tuple[MutableMapping[str, Any], ...] = (registry.EQUATIONS, registry.RULES, registry.MISSING)
    before = [dict(table) for table in tables]
    yield
    registry.only(None)
    for kept, table in zip(before, tables, strict=True):
        table.clear()
        table.update(kept)


@pytest.fixture
def opened(tmp_path):
    """Opens a study that is written out as text or as a mapping."""

    def opened(written, **overrides):
        path = tmp_path / "study.yaml"
        path.write_text(written if isinstance(written, str) else yaml.safe_dump(written, sort_keys=False))
        return open_study(path, **overrides)

    return opened


@pytest.fixture
def study(opened):
    """A study of many blocks, where they are small."""
    return opened(STORED)


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of a few cells, so that a small cube has many."""
    monkeypatch.setattr(blocks, "CHUNK_CELLS", 4)
    monkeypatch.setattr(blocks, "BLOCK_CELLS", 8)


@pytest.fixture
def evaluated(monkeypatch):
    """The blocks that workers evaluate, in order."""
    found = []
    whole = Worker.compute

    def evaluate(self, block):
        found.append((block.nest, block.number))
        return whole(self, block)

    monkeypatch.setattr(Worker, "compute", evaluate)
    return found
