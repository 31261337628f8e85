"""What a cube says of itself before it lies anywhere, and that writing a large one takes a bounded memory."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sweep.cube import dataset
from sweep.engine import blocks, plan
from sweep.engine.blocks import dtype_of
from sweep.equations import registry
from sweep.equations.registry import rule

ROOT = Path(__file__).parents[2]
STUDY = {
    "title": "small",
    "set": {"server_power": "6 kW", "training_flops": "1e24 FLOP", "training_duration": "90 d"},
    "axes": {"gpu": ["h100-sxm", "a100-sxm-80gb"], "gpus": [8, 64], "pue": [1.1, 1.2]},
    "outputs": ["it_power", "required_mfu", "facility_energy"],
}


def made(opened, **overrides):
    return plan.make(opened(STUDY, **overrides))


def test_identity_differs_only_for_other_studies(opened):
    one = dataset.identity(made(opened))
    assert dataset.identity(made(opened)) == one
    assert dataset.differences(one, one) == []
    others = {
        "set": ({"set_": ["server_power=7 kW"]}, ["input server_power was 6 kW, is 7 kW"]),
        "axis": ({"axis": ["pue=1.1,1.2,1.3"]}, ["axis pue was 2 labels, 1.1 .. 1.2, is 3 labels, 1.1 .. 1.3", "input pue has changed"]),
        "label": (
            {"axis": ["gpu=h100-sxm,h200-sxm"]},
            ["axis gpu was 2 labels, h100-sxm .. a100-sxm-80gb, is 2 labels, h100-sxm .. h200-sxm"],
        ),
        "output": ({"outputs": ["servers"]}, ["output servers was absent, is (gpu, gpus)"]),
    }
    for overrides, expected in others.values():
        found = dataset.differences(one, dataset.identity(made(opened, **overrides)))
        assert set(expected) <= set(found)
    silent, said = (dataset.identity(made(opened, outputs=["matmul_flops"], set_=given)) for given in ((), ["matmul_m=4096"]))
    assert silent == said, "a default that is said is the same value"


def test_dataset_lists_assumed_figures_of_axis_entries(opened):
    found = dataset.assumed(made(opened, axis=["gpu=all"], outputs=["gpu_power_total"]))
    assert any(key.startswith("gpu_tdp of ") for key in found)
    assert all(reason for reason in found.values())


def test_dataset_inputs_have_origin(opened):
    found = dataset.inputs(made(opened, set_=["gpu=h100-sxm"]))
    assert found["server_power"]["origin"] == "study"
    assert found["peak_rate"]["origin"] == "h100-sxm"
    assert found["peak_rate"]["source"] == "epoch"
    assert found["peak_rate"]["precision"] == "bf16", "of the figures for each precision, this one"


@pytest.mark.usefixtures("forgotten")
def test_status_dtype_grows_with_number_of_rules(opened):
    registry.load()
    for number in range(33):
        space = {}
        exec(f"def cube_rule_{number}(pue):\n    'Rule {number}.'\n    return pue > {1.15 if number == 32 else 9}", space)
        rule(source="article")(space[f"cube_rule_{number}"])
    found = made(opened)
    assert dtype_of(found, plan.STATUS) == np.int64
    worker = blocks.Worker(blocks.program(found))
    status = [worker.compute(block)["status"].copy() for block in blocks.blocks(found) if "status" in found.nests[block.nest].outputs]
    bit = 1 << [r.name for r in found.graph.rules].index("cube_rule_32")
    assert bit >= 1 << 31
    assert {int(value) & bit for part in status for value in part.reshape(-1)} == {0, bit}


LARGE = """title: a cube larger than its memory
set: {gpus_per_server: 8, server_power: 6.5 kW, energy_per_query: 0.3 Wh/query, serving_period: 90 d}
axes:
  gpus: 800:80000:800
  training_duration: 1 d:50 d:1 d
  queries_per_day: {from: 1e9 query/d, to: 5e10 query/d, points: 50}
  pue: {from: 1.0, to: 2.0, points: 1000}
outputs: [total_facility_energy, facility_energy, training_energy]
"""
WRITE = """
import sys
import sweep
cube = sweep.run(sweep.open_study(sys.argv[1]), sys.argv[2])
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(sum(v.nbytes for v in cube.data_vars.values()), int(peak.split()[1]) * 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of one process is read from /proc")
def test_run_writes_gigabyte_cube_in_less_memory(tmp_path):
    (tmp_path / "large.yaml").write_text(LARGE)
    command = [sys.executable, "-c", WRITE, str(tmp_path / "large.yaml"), str(tmp_path / "large.zarr")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)
    size, peak = map(int, done.stdout.split())
    assert size > 1e9
    assert peak < 700e6
