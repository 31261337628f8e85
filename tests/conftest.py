"""What several test files set up alike: studies written into a folder of the test, and a registry that forgets a test's equations."""

from collections.abc import MutableMapping
from typing import Any

import pytest
import yaml

from sweep.equations import registry
from sweep.study.parse import open_study


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
