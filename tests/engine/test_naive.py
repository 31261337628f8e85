"""The small sweep against the computation that shares nothing with it: point by point interpreted, and the whole cube."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from sweep.equations import interpret
from sweep.store.run import run
from sweep.study.parse import open_study
from tests.naive import small as naive

SMALL = Path(__file__).parents[1] / "data" / "small.yaml"
CUBE = naive.cube()


@pytest.fixture(scope="module")
def study():
    return open_study(SMALL)


@pytest.fixture(scope="module")
def swept(study):
    return run(study)


def test_naive_covers_each_output(study):
    assert set(study.outputs) == set(naive.QUANTITIES)


@pytest.mark.parametrize("name", sorted(naive.QUANTITIES))
def test_naive_equals_interpreted_points(study, name):
    dims, expected = CUBE[name]
    graph = study.graph_of([name])
    for place in itertools.product(*(range(size) for size in expected.shape)):
        inputs = study.inputs_at({**study.point, **dict(zip(dims, place, strict=True))}, graph)
        value = interpret.compute_point(graph, inputs).values[name]
        assert math.isclose(value, expected[place], rel_tol=1e-12) or (math.isnan(value) and math.isnan(expected[place]))


@pytest.mark.parametrize("name", sorted(naive.QUANTITIES))
def test_naive_equals_cube_in_single_precision(swept, name):
    dims, expected = CUBE[name]
    assert set(swept[name].dims) == set(dims)
    np.testing.assert_allclose(swept[name].transpose(*dims).values, expected, rtol=float(np.finfo(np.float32).eps))
