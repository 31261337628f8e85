"""Nests as machine code: what is compiled again after a change, and what runs without numba."""

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from sweep.engine import blocks, plan
from sweep.engine.native import Native
from sweep.engine.nests import Function
from sweep.equations.interpret import call
from sweep.errors import SweepError
from sweep.study.parse import open_study
from tests.studies import ENERGY

ROOT = Path(__file__).parents[2]
RUN = """
import sys
import numpy as np
from sweep.engine import blocks, plan
from sweep.study.parse import open_study
made = plan.make(open_study(sys.argv[1], sys.argv[3:], [text for text in sys.argv[2:3] if text]))
worker = blocks.Worker(blocks.program(made, budget=-1))
for block in blocks.blocks(made):
    worker.compute(block)
print("numba" in sys.modules)
"""
OWN = """from sweep import equation


@equation(unit="1", source="article")
def native_own(gpus):
    '''A number.

    gpus: N, GPUs of the cluster [1]
    '''
    {}
"""
STUDY = "title: x\nequations: own.py\naxes: {gpus: [8, 16]}\noutputs: [native_own]\n"


@pytest.fixture
def kept(tmp_path):
    """Computes a study in a process of its own; returns whether it needed numba, and the files of the cache by their kind."""
    (tmp_path / "study.yaml").write_text(ENERGY)

    def kept(*changes, axis=""):
        environment = {**os.environ, "WATTSWEEP_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", RUN, str(tmp_path / "study.yaml"), axis, *changes]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        files = [set((tmp_path / "cache").rglob(f"*.{kind}")) for kind in ("bc", "o")]
        return done.stdout.strip() == "True", *files

    return kept


def test_native_compiles_only_changed_nests(kept):
    first, equations, nests = kept()
    assert first
    again = kept()
    assert again == (False, equations, nests)
    other_value = kept("gpus=2048")
    assert other_value == (False, equations, nests)
    needs_numba, same_equations, more_nests = kept("training_duration=30 d")
    assert not needs_numba
    assert same_equations == equations
    assert len(nests) < len(more_nests) < 2 * len(nests)


def test_native_compiles_nothing_for_one_more_label(kept):
    _, equations, nests = kept(axis="gpus=1024")
    assert kept(axis="gpus=1024,2048,4096") == (False, equations, nests)
    assert kept(axis="gpus=1024:102400:1024") == (False, equations, nests)


def computed(folder, body):
    """The output of an own equation, compiled."""
    (folder / "own.py").write_text(OWN.format(body))
    (folder / "study.yaml").write_text(STUDY)
    made = plan.make(open_study(folder / "study.yaml"))
    (block,) = blocks.blocks(made)
    return blocks.Worker(blocks.program(made, budget=-1)).compute(block)["native_own"].tolist()


@pytest.mark.usefixtures("forgotten")
def test_native_sees_edited_equation_in_one_process(tmp_path):
    assert computed(tmp_path, "return 2 * gpus") == [16, 32]
    assert computed(tmp_path, "return 3 * gpus") == [24, 48]


@pytest.mark.usefixtures("forgotten")
def test_native_returns_float_for_integer_result(tmp_path):
    assert computed(tmp_path, "return 1 if gpus > 8 else 0") == [0, 1]


@pytest.mark.usefixtures("forgotten")
def test_native_names_equation_that_raises(tmp_path):
    body = "if gpus > 8:\n        raise ValueError('too many')\n    return gpus"
    with pytest.raises(SweepError, match=r"own.py: .*native_own"):
        computed(tmp_path, body)


@pytest.mark.usefixtures("forgotten")
def test_native_compiles_helper_named_like_a_method_that_it_uses(tmp_path):
    helper = "return gpus + floor(0.5)\n\n\ndef floor(x):\n    import math\n    return math.floor(x)"
    with pytest.raises(SweepError, match=r"own.py: an equation cannot be compiled"):  # of the import inside, not of endless recursion
        computed(tmp_path, helper)
    helper = "return gpus + floor(1.5)\n\n\nimport math\n\n\ndef floor(x):\n    return math.floor(x)"
    assert computed(tmp_path, helper) == [9, 17]


@pytest.mark.usefixtures("forgotten")
def test_native_names_helper_that_calls_itself(tmp_path):
    with pytest.raises(SweepError, match=r"own.py: an equation cannot be compiled"):
        computed(tmp_path, "return again(gpus)\n\n\ndef again(x):\n    return again(x - 1)")


# of numbers and operations that are exact, so that a product and a sum rounded once give the same
EXPRESSIONS = st.recursive(
    st.sampled_from(("x", "y", "2.0", "-0.5")),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(("+", "-", "*", "%", "//")), inner),
        st.builds("{}({}, {})".format, st.sampled_from(("min", "max", "math.copysign")), inner, inner),
        st.builds("{}({})".format, st.sampled_from(("abs", "math.floor", "math.ceil", "-")), inner),
        st.builds("({} if {} {} {} else {})".format, inner, inner, st.sampled_from(("<", ">=", "==", "!=")), inner, inner),
        st.builds("{} ** 2".format, inner),
    ),
    max_leaves=6,
).filter(lambda expression: len(expression) > 25)
NEST = """def nest__a__outputs(n_a, in_x, in_y, out_one):
    '''one over a.'''
    for i_a in range(n_a):
        x = in_x[i_a]
        y = in_y[i_a]
        one = f_one(x, y)
        out_one[i_a] = one
"""
POINTS = [(x, y) for x in (-2.5, -1.0, 0.0, 0.25, 7.0, math.nan) for y in (-3.0, 0.0, 1.0, 4.5, math.nan)]


@settings(max_examples=8, deadline=None, derandomize=True, phases=(Phase.generate,))  # each is compiled, so none is made smaller
@given(expression=EXPRESSIONS)
def test_native_equals_interpreted_for_any_expression(tmp_path_factory, expression):
    """At each point where Python has a value; what it refuses is in test_defined.py."""
    space: dict[str, Any] = {"math": math}
    exec(f"def one(x, y):\n    return {expression}\n", space)
    function = Function("nest__a__outputs", NEST, ("a",), ("x", "y"), ("one",), ("one",))
    native = Native(function, {"f_one": space["one"]}, frozenset(), tmp_path_factory.mktemp("code"))
    x, y = np.array(POINTS).T.copy()
    found = np.empty(len(POINTS))
    native(len(POINTS), x, y, found)
    expected = np.array([call(space["one"], list(point)) for point in POINTS])
    known = ~np.isnan(expected)
    np.testing.assert_allclose(found[known], expected[known], rtol=1e-12, atol=0, err_msg=expression)
