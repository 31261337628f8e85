"""What a run will take, said before it: held to what the runs of the shipped studies write."""

from pathlib import Path

import pytest

from sweep.engine import blocks, plan
from sweep.store.estimate import estimate
from sweep.store.run import write
from sweep.study.parse import open_study
from tests.studies import STORED

STUDIES = sorted(path.stem for path in (Path(__file__).parents[2] / "configs" / "studies").glob("*.yaml"))


def written(study, path):
    """The bytes of all files that a run of a study writes."""
    write(study, path)
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


@pytest.mark.parametrize("name", STUDIES)
def test_estimate_of_bytes_is_what_run_writes(name, tmp_path):
    study = open_study(name)
    assert estimate(plan.make(study)).bytes == pytest.approx(written(study, tmp_path / "cube.zarr"), rel=0.4)


@pytest.mark.usefixtures("small_blocks")
def test_estimate_counts_what_comes_with_each_block(opened, tmp_path):
    study = opened(STORED)
    assert len(list(blocks.blocks(plan.make(study)))) > 20
    assert estimate(plan.make(study)).bytes == pytest.approx(written(study, tmp_path / "cube.zarr"), rel=0.4)


def test_estimate_of_bytes_and_seconds_grows_with_axes(opened):
    few, many = (estimate(plan.make(opened(STORED, axis=[f"pue=1.1:1.5:lin{points}"]))) for points in (20, 2000))
    assert many.bytes > few.bytes + 10_000
    assert many.seconds > 5 * few.seconds
