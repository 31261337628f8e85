"""The benchmarks run, and what they compare computes the same."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.speed import broadcast, c, points
from benchmarks.speed.measure import Result, race, ratio
from benchmarks.speed.subjects import SUBJECTS
from sweep.engine import blocks
from sweep.engine.plan import make

ROOT = Path(__file__).parents[2]


def outputs(program, plan):
    worker = blocks.Worker(program)
    return [{name: values.copy() for name, values in worker.compute(block).items()} for block in blocks.blocks(plan)]


def assert_same(one, other):
    for a, b in zip(one, other, strict=True):
        assert a.keys() == b.keys()
        for name in a:
            np.testing.assert_allclose(a[name], b[name], rtol=1e-6, err_msg=name)


@pytest.mark.skipif(not c.available(), reason="gcc is not there")
@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda s: s.name)
def test_speed_c_nests_equal_interpreter(subject):
    plan = subject.plan(small=True)
    assert_same(outputs(c.program(plan), plan), outputs(blocks.program(plan, budget=np.inf), plan))


def test_speed_c_finds_all_values_of_an_assignment_before_it_changes_a_name():
    names = c.Text({}).statements(ast.parse("a, b = b, a").body)
    assert names == ["{", "double value_0 = b;", "double value_1 = a;", "a = value_0;", "b = value_1;", "}"]


@pytest.mark.parametrize("subject", [s for s in SUBJECTS if s.broadcast], ids=lambda s: s.name)
def test_speed_numpy_nest_equals_interpreter(subject):
    plan = subject.plan(small=True)
    assert_same(outputs(broadcast.program(plan, np.inf), plan), outputs(blocks.program(plan, budget=np.inf), plan))


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda s: s.name)
def test_speed_small_subject_has_all_axes_and_feasible_points(subject):
    small, whole = subject.plan(small=True), subject.plan(small=False)
    assert {nest.dims for nest in small.output_nests if len(nest.dims) == len(small.order)}
    assert set(small.order) == set(whole.order)
    values = [found[subject.objective] for found in outputs(blocks.program(small, budget=np.inf), small) if subject.objective in found]
    assert any(np.isfinite(array).any() for array in values)


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda s: s.name)
def test_speed_independent_points_compiled_equal_interpreter(subject):
    plan = make(points.independent(subject.study(small=True), 300))
    (nest,) = plan.nests
    assert nest.dims == ("point",)
    assert_same(outputs(blocks.program(plan, budget=-1), plan), outputs(blocks.program(plan, budget=np.inf), plan))


def test_speed_all_phases_run(tmp_path):
    file = tmp_path / "speed.json"
    command = [sys.executable, "-m", "benchmarks.speed", "--smoke", "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(file.read_text())
    assert {result["phase"] for result in found["results"]} >= {"plan", "evaluate", "points", "draws", "run to zarr", "best", "command"}
    assert all(result["value"] > 0 for result in found["results"])


def test_speed_compare_gives_rate_per_round():
    rates = race({"one": lambda: 2.0 + sum(range(1000)) * 0, "two": lambda: 1.0 + sum(range(1000)) * 0}, rounds=7)
    assert [len(found) for found in rates.values()] == [7, 7]
    assert ratio([4.0, 9.0, 2.0], [2.0, 3.0, 2.0]) == 2.0


def test_speed_target_comparison_has_direction():
    assert Result("p", "s", "w", 2.0, "1", 1.0).met
    assert Result("p", "s", "w", 2.0, "1", 1.0, at_most=True).met is False
    assert Result("p", "s", "w", 2.0, "1").met is None
