"""Equations over ranges of numbers. What belongs here: the text of an equation, read as a syntax tree and evaluated with intervals.

Where both ways of a branch are possible both are taken. What is not known here, such as a loop without a fixed end, gives all numbers.
"""

from __future__ import annotations

import ast
import inspect
import math
import textwrap
import types
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from sweep.bounds.intervals import (
    ALL,
    LIBRARY_SLACK,
    NONE,
    Interval,
    absolute,
    all_of,
    compare,
    corners,
    divided,
    extreme,
    floor_divided,
    hull,
    negated,
    number,
    power,
    remainder,
    rising,
    truth,
)

LONGEST_LOOP = 64
Values = dict[str, Interval]
BINARY: dict[type[ast.operator], Callable[[Interval, Interval], Interval]] = {
    ast.Add: lambda a, b: corners(lambda x, y: x + y, a, b),
    ast.Sub: lambda a, b: corners(lambda x, y: x - y, a, b),
    ast.Mult: lambda a, b: corners(lambda x, y: x * y, a, b),
    ast.Div: divided,
    ast.Pow: power,
    ast.FloorDiv: floor_divided,
    ast.Mod: remainder,
}
RISING: dict[Any, float] = {
    math.sqrt: LIBRARY_SLACK,
    math.exp: LIBRARY_SLACK,
    math.log: LIBRARY_SLACK,
    math.log2: LIBRARY_SLACK,
    math.log10: LIBRARY_SLACK,
    math.log1p: LIBRARY_SLACK,
    math.expm1: LIBRARY_SLACK,
    math.tanh: LIBRARY_SLACK,
    math.atan: LIBRARY_SLACK,
    math.erf: LIBRARY_SLACK,
    math.floor: 0.0,
    math.ceil: 0.0,
    math.trunc: 0.0,
    int: 0.0,
    round: 0.0,
    float: 0.0,
}
SIGNS: dict[type[ast.cmpop], str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
CONDITIONS = (ast.Compare, ast.BoolOp, ast.UnaryOp)


class Unknown(Exception):
    """The text does something that intervals are not known for."""


@cache
def _tree(function: types.FunctionType) -> ast.FunctionDef:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    if not isinstance(tree, ast.FunctionDef):
        raise Unknown
    return tree


def interval_of(function: Callable[..., Any], arguments: Iterable[Interval]) -> Interval:
    """What a function of numbers gives for arguments in some intervals."""
    try:
        return _called(function, list(arguments))
    except (Unknown, OSError, SyntaxError):
        return ALL


def _called(function: Any, arguments: list[Interval]) -> Interval:
    if not isinstance(function, types.FunctionType):
        raise Unknown
    tree = _tree(function)
    names = [argument.arg for argument in tree.args.args]
    if len(names) != len(arguments):
        raise Unknown
    given, _ = _execute(tree.body, dict(zip(names, arguments, strict=True)), function.__globals__)
    return given or NONE


def _execute(body: list[ast.stmt], values: Values, space: Mapping[str, Any]) -> tuple[Interval | None, Values | None]:
    """Run statements: what they return, and the values after them, either None where that cannot be."""
    given: Interval | None = None
    here: Values | None = values
    for statement in body:
        if here is None:
            break
        one, here = _step(statement, here, space)
        if one:
            given = hull([given, one]) if given else one
    return given, here


def _step(node: ast.stmt, values: Values, space: Mapping[str, Any]) -> tuple[Interval | None, Values | None]:
    if isinstance(node, ast.Return) and node.value:
        return _value(node.value, values, space), None
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return None, {**values, node.targets[0].id: _value(node.value, values, space)}
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        operation = ast.BinOp(ast.Name(node.target.id), node.op, node.value)
        return None, {**values, node.target.id: _value(operation, values, space)}
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return None, values
    if isinstance(node, ast.If):
        verdict = truth(_value(node.test, values, space))
        ways = [_execute(node.body, values, space)] if verdict.high else []
        ways += [_execute(node.orelse, values, space)] if not verdict.low else []
        given = [one for one, _ in ways if one]
        after = [one for _, one in ways if one is not None]
        return hull(given) if given else None, _joined(after) if after else None
    if isinstance(node, ast.For) and isinstance(node.target, ast.Name) and isinstance(node.iter, ast.Call):
        return _loop(node, node.target.id, node.iter, values, space)
    raise Unknown


def _loop(node: ast.For, name: str, over: ast.Call, values: Values, space: Mapping[str, Any]) -> tuple[Interval | None, Values | None]:
    ends = [_value(argument, values, space) for argument in over.args]
    if not isinstance(over.func, ast.Name) or over.func.id != "range" or any(end.low != end.high for end in ends):
        raise Unknown
    turns = range(*(int(end.low) for end in ends))
    if len(turns) > LONGEST_LOOP or any(isinstance(inner, ast.Break | ast.Continue) for inner in ast.walk(node)):
        raise Unknown
    given: Interval | None = None
    here: Values | None = values
    for turn in turns:
        if here is None:
            break
        one, here = _execute(node.body, {**here, name: number(turn)}, space)
        if one:
            given = hull([given, one]) if given else one
    return given, here


def _joined(ways: list[Values]) -> Values:
    names = set(ways[0]).intersection(*ways[1:])
    return {name: hull(way[name] for way in ways) for name in names}


def _value(node: ast.expr, values: Values, space: Mapping[str, Any]) -> Interval:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return number(node.value)
    if isinstance(node, ast.Name):
        if node.id in values:
            return values[node.id]
        if isinstance(space.get(node.id), int | float):
            return number(space[node.id])
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and isinstance(getattr(math, node.attr, None), float):
        return number(getattr(math, node.attr))
    if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
        return BINARY[type(node.op)](_value(node.left, values, space), _value(node.right, values, space))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        a = _value(node.operand, values, space)
        return Interval(-a.high, -a.low, a.nan)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return negated(truth(_value(node.operand, values, space)))
    if isinstance(node, ast.BoolOp) and all(isinstance(one, CONDITIONS) for one in node.values):
        verdicts = [truth(_value(one, values, space)) for one in node.values]
        return all_of(verdicts) if isinstance(node.op, ast.And) else negated(all_of(negated(one) for one in verdicts))
    if isinstance(node, ast.IfExp):
        verdict = truth(_value(node.test, values, space))
        ways = ([node.body] if verdict.high else []) + ([node.orelse] if not verdict.low else [])
        return hull(_value(way, values, space) for way in ways)
    if isinstance(node, ast.Compare) and all(type(sign) in SIGNS for sign in node.ops):
        sides = [_value(one, values, space) for one in (node.left, *node.comparators)]
        return all_of(compare(SIGNS[type(sign)], a, b) for sign, a, b in zip(node.ops, sides, sides[1:], strict=False))
    if isinstance(node, ast.Call) and not node.keywords:
        return _call(node, [_value(argument, values, space) for argument in node.args], space)
    raise Unknown


def _call(node: ast.Call, arguments: list[Interval], space: Mapping[str, Any]) -> Interval:
    name = node.func
    if isinstance(name, ast.Attribute) and isinstance(name.value, ast.Name) and name.value.id == "math":
        function = getattr(math, name.attr)
    elif isinstance(name, ast.Name):
        builtins = {"min": min, "max": max, "abs": abs, "int": int, "float": float, "round": round}
        function = space.get(name.id, builtins.get(name.id))
    else:
        raise Unknown
    if function in (min, max) and len(arguments) > 1:
        return extreme(function, arguments)
    if function in (abs, math.fabs):
        return absolute(arguments[0])
    if function in RISING and len(arguments) == 1:
        return rising(math.trunc if function is int else function, arguments[0], RISING[function])
    if function is math.pow:
        return power(*arguments)
    return _called(function, arguments)
