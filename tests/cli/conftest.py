"""The cube that tests of several commands read."""

import pytest

from tests.commands import SPLITS, sweep


@pytest.fixture(scope="session")
def cube(tmp_path_factory):
    """The cube of the study with splits."""
    path = tmp_path_factory.mktemp("cubes") / "splits.zarr"
    sweep("run", SPLITS, "-o", path)
    return path
