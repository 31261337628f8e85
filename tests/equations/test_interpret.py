"""One point, interpreted: what has no value, what a rule excludes, and what a user's equation may raise."""

import math

import pytest

from sweep.equations import graph, interpret
from sweep.equations.registry import equation, rule
from sweep.errors import SweepError

pytestmark = pytest.mark.usefixtures("forgotten")


def declared(text, decorator):
    space = {"math": math}
    exec(text, space)
    return decorator(next(value for name, value in space.items() if name.startswith("point_")))


@pytest.mark.parametrize(
    ("expression", "at"),
    [("1 / pue", 0.0), ("math.log(pue)", 0.0), ("math.exp(pue)", 1e6), ("math.sqrt(pue)", -1.0)],
)
def test_compute_point_returns_nan_for_undefined_value(expression, at):
    function = declared(f"def point_of(pue):\n    'Some.'\n    return {expression}", lambda function: function)
    assert math.isnan(interpret.call(function, [at]))
    assert math.isfinite(interpret.call(function, [1.5]))


def test_compute_point_reports_failing_equation():
    function = declared("def point_text(pue):\n    'Some.'\n    return pue + 'x'", lambda function: function)
    with pytest.raises(SweepError, match=r"TypeError.*\(in point_text\)$"):
        interpret.call(function, [1.0])


def test_compute_point_broken_rule_makes_guarded_values_nan():
    declared("def point_half(pue):\n    'Half.'\n    return pue / 2", equation(unit="1", source="article"))
    declared("def point_quarter(point_half):\n    'A quarter.'\n    return point_half / 2", equation(unit="1", source="article"))
    declared("def point_small(pue):\n    'Small.'\n    return pue < 1.5", rule(guards=("point_half",), source="article"))
    declared("def point_large(pue):\n    'Large.'\n    return pue > 3", rule(source="article"))
    found = graph.resolve(["point_quarter"], given=[])
    excluded = interpret.compute_point(found, {"pue": 1.0})
    assert [rule.name for rule in excluded.broken] == ["point_small"]
    assert math.isnan(excluded.values["point_half"])
    assert math.isnan(excluded.values["point_quarter"])
    warned = interpret.compute_point(found, {"pue": 4.0})
    assert [rule.name for rule in warned.broken] == ["point_large"]
    assert warned.values["point_quarter"] == 1.0
