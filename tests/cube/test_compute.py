"""A study evaluated at a point and in memory."""

import math

import numpy as np
import pytest

from sweep.cube import compute
from sweep.cube.compute import evaluate
from sweep.engine import blocks, plan
from sweep.errors import SweepError
from sweep.store.run import run


def test_run_in_memory_rejects_too_large_cube(study, monkeypatch):
    monkeypatch.setattr(compute, "IN_MEMORY_BYTES", 100)
    with pytest.raises(SweepError, match="too large for memory; give a store"):
        run(study)


def test_evaluate_uses_study_point_and_overrides(study):
    assert evaluate(study)["facility_energy"] == pytest.approx(1.1 * 6000 * 30 * 86400)
    moved = evaluate(study, gpus=64, pue=1.2, training_duration="60 d")
    assert moved["facility_energy"] == pytest.approx(1.2 * 8 * 6000 * 60 * 86400)
    assert math.isnan(evaluate(study, gpu="a100-sxm-80gb", precision="fp8")["required_mfu"])


def test_run_reports_progress_from_zero_to_all_cells(study, small_blocks):
    told = []
    run(study, threads=2, progress=lambda done, total: told.append((done, total)))
    made = plan.make(study)
    cells = sum(block.cells for block in blocks.blocks(made))
    assert told[0] == (0, cells)
    assert told[-1] == (cells, cells)
    assert np.all(np.diff([done for done, _ in told]) > 0)
