"""One point, interpreted. What belongs here: plain Python calls in the order of the graph; no arrays, no compiler."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sweep.equations.graph import Graph
from sweep.equations.registry import Rule, fault
from sweep.errors import SweepError


@dataclass(frozen=True)
class PointValues:
    """Every quantity of one point in SI, and the rules that it breaks."""

    values: Mapping[str, float]
    broken: tuple[Rule, ...]


def call(function: Callable[..., Any], arguments: list[float]) -> float:
    """An equation's value; what has none (a division by zero, the logarithm of nothing) is NaN, as in the compiled nests."""
    try:
        return float(function(*arguments))
    except (ZeroDivisionError, OverflowError, ValueError):
        return math.nan
    except Exception as error:  # an equation of a user that is no function of numbers
        code = function.__code__
        raise SweepError(f"{fault(error, code.co_filename, code.co_firstlineno)} (in {code.co_name})") from None


def verdict(function: Callable[..., Any], *arguments: float) -> bool:
    """Whether a rule is broken: where it returns what is true, but for NaN, which says nothing."""
    value = call(function, [float(argument) for argument in arguments])
    return value == value and value != 0


def compute_point(graph: Graph, inputs: Mapping[str, float]) -> PointValues:
    """Evaluate all quantities of a graph at one point, given a value in SI for each of its inputs."""
    values = {name: inputs[name] for name in graph.inputs}
    verdicts: dict[int, bool] = {}

    def broken(index: int) -> bool:
        if index not in verdicts:
            rule = graph.rules[index]
            known = not any(broken(i) for i in sorted(graph.before(rule)))
            verdicts[index] = known and verdict(rule.function, *(values[a] for a in rule.arguments))
        return verdicts[index]

    for equation in graph.equations:
        if any(broken(i) for i in sorted(graph.rules_of[equation.name])):
            values[equation.name] = math.nan
            continue
        needs = graph.needs[equation.name]
        if equation.selects and len(needs) == 1:
            values[equation.name] = values[needs[0]]
        else:
            values[equation.name] = call(equation.function, [values[a] for a in needs])
    flags = tuple(rule for i, rule in enumerate(graph.rules) if broken(i))
    return PointValues(values, flags)
