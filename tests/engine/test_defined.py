"""What has no value, and whole numbers of any size: compiled as interpreted, in nests and in the loops that numba compiles whole."""

import math
from dataclasses import replace

import numpy as np
import pytest

from sweep.engine import blocks, plan
from sweep.engine.native import Native
from sweep.engine.nests import Function
from sweep.equations.interpret import call
from sweep.study.parse import open_study

NEST = """def nest__a__outputs(n_a, in_x, in_y, out_one):
    '''one over a.'''
    for i_a in range(n_a):
        x = in_x[i_a]
        y = in_y[i_a]
        one = f_one(x, y)
        out_one[i_a] = one
"""
VALUES = [0.0, -0.0, 1.0, -1.0, 2.5, 9.2e18, 9.3e18, -9.3e18, 1e22, 1e300, -1e300, math.inf, -math.inf, math.nan]
POINTS = [(x, y) for x in VALUES for y in (0.0, 3.0, -2.0)]
ROUNDED = [
    "math.floor(x) + math.ceil(x / 3) + 0.5",
    "math.trunc(x) % 7",
    "int(x) * 4",
    "round(x) // 3",
    "max(math.ceil(x), 1) ** 0.5",
    "floor(x)",
]
UNDEFINED = ["x / y", "x // y", "1 / (1 / x)", "math.exp(x)", "math.log(x)", "x ** y", "math.pow(x, y)", "math.floor(x / y)"]
OWN = """import math

from sweep import equation, rule


@equation(unit="1", source="article")
def defined_own(gpus):
    '''A number.

    gpus: N, GPUs of the cluster [1]
    '''
    {}


@rule(guards=("defined_own",), source="article")
def defined_rule(gpus):
    '''A rule.

    gpus: N, GPUs of the cluster [1]
    '''
    {}
"""
STUDY = "title: x\nequations: own.py\naxes: {gpus: [8, 16]}\noutputs: [defined_own]\n"


def agree(expression, one, tmp_path):
    function = Function("nest__a__outputs", NEST, ("a",), ("x", "y"), ("one",), ("one",))
    x, y = (np.array(values) for values in zip(*POINTS, strict=True))
    found = np.zeros(len(POINTS))
    Native(function, {"f_one": one}, frozenset(), tmp_path)(len(POINTS), x, y, found)
    np.testing.assert_allclose(found, [call(one, list(point)) for point in POINTS], rtol=1e-12, err_msg=expression)


@pytest.mark.parametrize("expression", [*ROUNDED, *UNDEFINED])
def test_defined_equals_interpreted(tmp_path, expression):
    space = {"math": math, "floor": math.floor}
    exec(f"def one(x, y):\n    return {expression}\n", space)
    agree(expression, space["one"], tmp_path)


def test_defined_counts_loop_by_rounded_number(tmp_path):
    def one(x, y):
        total = 0.0
        for i in range(int(min(abs(x), 5.0)) if x == x else 0):
            total += i * y
        for i in range(1, math.ceil(y), 2):
            total += i
        return total

    agree("range", one, tmp_path)


def test_defined_divides_in_place_and_in_helpers(tmp_path):
    def helper(x, y):
        x /= y
        return x

    space = {"helper": helper}
    exec("def one(x, y):\n    return helper(x, y) + 1\n", space)
    agree("helper", space["one"], tmp_path)


@pytest.fixture
def computed(tmp_path, monkeypatch, forgotten):
    """Computes an own equation and an own rule: interpreted, as nests are compiled, and as numba compiles loops."""
    monkeypatch.setenv("WATTSWEEP_CACHE", str(tmp_path / "cache"))

    def computed(equation, rule, way):
        (tmp_path / "own.py").write_text(OWN.format(equation, rule))
        (tmp_path / "study.yaml").write_text(STUDY)
        made = plan.make(open_study(tmp_path / "study.yaml"))
        program = blocks.program(made, budget=math.inf if way == "interpreted" else -math.inf)
        program.outputs.update({dims: replace(function, native=way == "nest") for dims, function in program.outputs.items()})
        worker = blocks.Worker(program)
        return {name: values.tolist() for block in blocks.blocks(made) for name, values in worker.compute(block).items()}

    return computed


@pytest.mark.parametrize("way", ["interpreted", "nest", "loop"])
def test_defined_division_by_zero_is_nan_each_way(computed, way):
    found = computed("return math.ceil(gpus * 1e20) / (gpus - 8)", "return False", way)["defined_own"]
    assert math.isnan(found[0])
    assert found[1] == np.float32(2e20)


@pytest.mark.parametrize("way", ["interpreted", "nest", "loop"])
@pytest.mark.parametrize(("said", "broken"), [("gpus", 3), ("gpus / 32", 3), ("gpus > 8", 2), ("gpus - gpus", 0), ("1 / (gpus - 8)", 2)])
def test_defined_rule_is_broken_where_what_it_returns_is_true(computed, way, said, broken):
    found = computed("return gpus", f"return {said}", way)
    assert found["status"] == [broken & 1, broken >> 1]
    assert [math.isnan(value) for value in found["defined_own"]] == [bool(broken & 1), bool(broken & 2)]
