"""The bounds of a box hold every value in it, whether small grids are computed everywhere or not at all."""

import numpy as np
import pytest

from sweep.analysis import scan
from sweep.bounds import boxes
from sweep.bounds.boxes import Boxes
from sweep.store.run import run
from sweep.study.conditions import conditions

STUDY = """title: boxes
select: {model: gpt-4-leak}
set: {precision: bf16, power_method: modelled, recompute: full, sequence_length: 8192, micro_batches: 32, training_tokens: 13e12}
axes:
  gpu: [a100-sxm-80gb, h100-sxm, b200-sxm]
  gpus: [1920, 9600, 48000]
  split: {tp: [2, 8], pp: [8, 15], ep: [16]}
  training_duration: [30 d, 90 d, 400 d]
  pue: [1.1, 1.3, 1.6]
outputs: [facility_energy, facility_power, time_to_train]
"""
LINES = scan.Lines("nothing", "Nothing.", [], [], lambda meets: ["pass"], [], ())


@pytest.mark.parametrize("staged", [0, 9, 40, 1 << 22])
def test_box_bounds_contain_all_values(opened, monkeypatch, staged):
    monkeypatch.setattr(boxes, "STAGED_CELLS", staged)
    study = opened(STUDY)
    cube = run(study)
    made = scan.make(study, ["facility_energy", "facility_power"], (), LINES)
    bounds = Boxes(made.program, made.wanted, ())
    source = np.random.default_rng(1)
    known = 0
    for _ in range(60):
        box = {}
        for dim in made.dims:
            low, high = sorted(source.integers(0, made.made.sizes[dim], 2).tolist())
            box[dim] = (low, high + 1)
        found = bounds.bounds(box)
        assert found
        for name in ("facility_energy", "facility_power"):
            values = cube[name].isel({dim: slice(*box[str(dim)]) for dim in cube[name].dims}).values
            values = values[~np.isnan(values)]
            known += len(values) > 0 and np.isfinite(found[name].low)
            assert (np.float32(found[name].low) <= values).all()
            assert (values <= np.float32(found[name].high)).all()
    assert known > (30 if staged else 5)  # intervals alone bound less than what is staged


def test_box_without_feasible_point_has_no_bounds(opened):
    study = opened(STUDY)
    asked = conditions(["facility_power <= 10 MW", "pue > 1.2"])
    made = scan.make(study, ["facility_energy"], asked, LINES)
    bounds = Boxes(made.program, ["facility_energy"], asked)
    whole = {dim: (0, made.made.sizes[dim]) for dim in made.dims}
    assert bounds.bounds(whole)
    assert bounds.bounds({**whole, "pue": (0, 1)}) is None
    assert bounds.bounds({**whole, "gpus": (2, 3)}) is None
