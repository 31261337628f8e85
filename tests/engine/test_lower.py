"""The text of a nest as LLVM code, against the same text run by Python."""

import math

import llvmlite.binding as llvm
import numpy as np
import pytest

from sweep.engine import compile
from sweep.engine.lower import lowered
from sweep.engine.native import Native
from sweep.engine.nests import Function

TEXT = '''def nest__a__b__outputs(n_a, n_b, in_fixed, in_single, in_x, in_row, in_mask, out_value, out_status, out_broken):
    """Value, status and broken over a, b."""
    fixed = in_fixed
    single = in_single[()]
    for i_a in range(n_a):
        x = in_x[i_a]
        row_of_row = in_row[i_a]
        row_value = out_value[i_a]
        row_status = out_status[i_a]
        row_broken = out_broken[i_a]
        for i_b in range(n_b):
            row = row_of_row[i_b]
            mask = in_mask[i_b]
            passed = row
            negative = mask
            both = not (negative or mask)
            value = x
            if not both:
                value = nan
                negative = False
            status = (1 if negative else 0) + (4 if mask else 0)
            row_value[i_b] = value
            row_status[i_b] = status
            row_broken[i_b] = both
'''
FUNCTION = Function("nest__a__b__outputs", TEXT, ("a", "b"), ("fixed", "single", "x", "row", "mask"), ("value", "status", "broken"), ())
A, B = 3, 5


def arguments(status):
    draw = np.random.default_rng(1)
    read = (1.5, np.array(2.5), draw.random(A), draw.random((A, B)), draw.random(B) < 0.5)
    return (A, B, *read, np.empty((A, B), np.float32), np.empty((A, B), status), np.empty((A, B), bool))


@pytest.mark.parametrize("status", [np.int32, np.int64])
def test_lower_agrees_with_python(tmp_path, status):
    native, python = arguments(status), arguments(status)
    Native(FUNCTION, {}, frozenset(), tmp_path)(*native)
    compile.interpreted([FUNCTION])[FUNCTION.name](*python)
    for one, other in zip(native[-3:], python[-3:], strict=True):
        np.testing.assert_array_equal(one, other)
    assert 0 < python[-1].sum() < python[-1].size


def chain(length):
    """A nest over a and b in which each of many values follows from those before it, and every other one is masked; and its functions."""

    def shifted(x, y):
        return x + y / 2 - 1 if x > y else y % (abs(x) + 0.25)

    names = [f"v{i}" for i in range(length)]
    lines = ["def nest(n_a, n_b, in_x, in_y, in_m, out_first, out_last, out_mask):", "    '''A chain.'''"]
    lines += ["    for i_a in range(n_a):", "        x = in_x[i_a]", "        row_of_m = in_m[i_a]"]
    lines += [f"        row_{name} = out_{name}[i_a]" for name in ("first", "last", "mask")]
    lines += ["        for i_b in range(n_b):", "            y = in_y[i_b]", "            m = row_of_m[i_b]", "            mask = not (m)"]
    for i, name in enumerate(names):
        lines.append(f"            {name} = f_{name}({names[i - 1] if i else 'x'}, {names[i - 2] if i > 1 else 'y'})")
        lines += ["            if not mask:", f"                {name} = nan"] if i % 2 else []
    lines += ["            first = v0", f"            last = {names[-1]}"]
    lines += [f"            row_{name}[i_b] = {name}" for name in ("first", "last", "mask")]
    calls = tuple(f"f_{name}" for name in names)
    function = Function("nest", "\n".join(lines) + "\n", ("a", "b"), ("x", "y", "m"), ("first", "last", "mask"), calls)
    return function, dict.fromkeys(calls, shifted)


@pytest.mark.parametrize("row", [3, 255, 256, 1000])
def test_lower_long_rows_in_strips_agree_with_python(tmp_path, row):
    function, equations = chain(40)
    draw = np.random.default_rng(row)
    read = (draw.normal(size=2), draw.normal(size=row), draw.random((2, row)) < 0.1)
    native, python = ((2, row, *read, np.empty((2, row)), np.empty((2, row)), np.empty((2, row), bool)) for _ in range(2))
    Native(function, equations, frozenset(), tmp_path)(*native)
    space = {"nan": math.nan, **equations}
    exec(function.text, space)
    space["nest"](*python)
    for one, other in zip(native[-3:], python[-3:], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
    assert np.isfinite(python[-2]).any()


def test_lower_is_deterministic():
    kinds = ("n", "n", "v", "d", "d", "d", "?", "f", "i", "?")
    assert lowered(FUNCTION, kinds, frozenset(), "one") == lowered(FUNCTION, kinds, frozenset(), "one")
    assert lowered(FUNCTION, kinds, frozenset(), "one") != lowered(FUNCTION, (*kinds[:-2], "l", "?"), frozenset(), "one")


def test_lower_makes_valid_module():
    module = llvm.parse_assembly(lowered(FUNCTION, ("n", "n", "v", "d", "d", "d", "?", "f", "i", "?"), frozenset(), "one"))
    module.verify()
    assert {function.name for function in module.functions} == {"one", "one_inside"}
