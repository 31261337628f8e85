"""The small sweep, interpreted point by point, against the computation that shares nothing with it."""

import itertools
import math

import naive
import numpy as np
import pytest

from sweep import graph, point

PRECISION = 3.0  # bf16, of which naive.py knows only the two bytes
GIVEN = {"server_power", "time_to_train", "training_flops", "energy_per_query", "pue"}
CUBE = naive.cube()


@pytest.mark.parametrize("name", sorted(naive.QUANTITIES))
def test_every_point_of_the_small_sweep(name):
    dims, expected = CUBE[name]
    resolved = graph.resolve([name], given=GIVEN, fixed={"pue_method": 0.0})
    carried = tuple(axis for axis, columns in naive.AXES.items() if set(columns) & set(resolved.inputs))
    assert carried == dims
    for place in itertools.product(*(range(size) for size in expected.shape)):
        inputs = {**naive.FIXED, "precision": PRECISION, "day": naive.DAY}
        for axis, index in zip(dims, place, strict=True):
            inputs |= {column: values[index] for column, values in naive.AXES[axis].items()}
        value = point.evaluate(resolved, {key: inputs[key] for key in resolved.inputs}).values[name]
        assert math.isclose(value, expected[place], rel_tol=1e-12) or (np.isnan(value) and np.isnan(expected[place]))
