"""The same nests in C. What belongs here: a program's Python text to C, gcc, and functions to call in its place.

The nests and equations are read as syntax trees, so the comparison stays with them: the same loops over the same arrays, each
equation a static inline function, compiled with all that gcc has (-O3 -march=native, no errno, no traps).
"""

from __future__ import annotations

import ast
import ctypes
import inspect
import math
import shutil
import subprocess
import tempfile
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from sweep.engine import blocks
from sweep.engine.nests import Function
from sweep.engine.plan import Plan
from sweep.equations import registry
from sweep.equations.registry import Equation

OPTIONS = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-fPIC", "-shared")
HEADER = """#include <math.h>
#include <stdbool.h>
#include <stdint.h>

static inline double modulo(double a, double b) { double r = fmod(a, b); return r != 0 && (r < 0) != (b < 0) ? r + b : r; }
static inline double lesser(double a, double b) { return b < a ? b : a; }
static inline double greater(double a, double b) { return b > a ? b : a; }
"""
CALLS = {"min": "lesser", "max": "greater", "abs": "fabs", "float": "(double)", "int": "trunc", "float32": "(float)", "int32": "(int32_t)"}
BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
COMPARE = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
TYPES = {"float64": "double", "float32": "float", "bool": "bool", "int32": "int32_t", "int64": "int64_t"}


def available() -> bool:
    """Whether there is a C compiler to compare with."""
    return shutil.which("gcc") is not None


@dataclass(frozen=True)
class Program(blocks.Program):
    """A program whose functions are compiled by gcc; a Worker cannot tell the difference."""

    @cached_property
    def code(self) -> dict[str, Callable[..., None]]:
        functions = [*self.exports.values(), *self.outputs.values()]
        library = _compiled(source(self.plan, functions))
        return {function.name: _callable(self.plan, function, getattr(library, function.name)) for function in functions}


def program(plan: Plan) -> Program:
    """The program that fills a plan's outputs, in C."""
    same = blocks.program(plan)
    return Program(plan, same.exports, same.outputs, same.calls)


def source(plan: Plan, functions: list[Function]) -> str:
    """The C text of some nests and of the equations that they call."""
    calls = sorted({name for function in functions for name in function.calls})
    scalars: dict[str, str] = {}
    for name in calls:
        _scalar(f"f_{name}", registry.function_of(name), scalars)
    return HEADER + "".join(scalars.values()) + "".join(_nest(plan, function) for function in functions)


def _scalar(name: str, function: Callable[..., Any], done: dict[str, str]) -> None:
    """Add the text of an equation, after that of the helpers it calls from its own file."""
    for word in function.__code__.co_names:
        helper = function.__globals__.get(word)
        if inspect.isfunction(helper) and word not in done:
            _scalar(word, helper, done)
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    arguments = [argument.arg for argument in tree.args.args]
    constants = {key: value for key, value in function.__globals__.items() if isinstance(value, (int, float))}
    text = Text(constants)
    local = sorted({n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)} - set(arguments))
    body = [f"double {word} = 0;" for word in local] + text.statements(tree.body)
    done[name] = f"\nstatic inline double {name}({', '.join(f'double {a}' for a in arguments)}) {{\n" + "\n".join(body) + "\n}\n"


def _nest(plan: Plan, function: Function) -> str:
    tree = ast.parse(function.text).body[0]
    assert isinstance(tree, ast.FunctionDef)
    arrays = {name: (dims, kind) for name, dims, kind in _arrays(plan, function)}
    parameters = [f"int64_t n_{dim}" for dim in function.sizes]
    for name in [argument.arg for argument in tree.args.args][len(parameters) :]:
        if name in arrays:
            const = "const " if name.startswith("in_") else ""
            parameters.append(f"{const}{arrays[name][1]} *restrict {name}")
        else:
            parameters.append(f"double {name}")
    text = Text({"nan": math.nan}, arrays)
    return f"\nvoid {function.name}({', '.join(parameters)}) {{\n" + "\n".join(text.statements(tree.body)) + "\n}\n"


def _arrays(plan: Plan, function: Function) -> list[tuple[str, tuple[str, ...], str]]:
    """The arrays that a nest reads and writes: argument, axes, type of C."""
    steps = {step.name: step for nest in plan.nests for step in nest.steps}
    exports = function.name.endswith("_exports")
    found = []
    for name in function.reads:
        if name not in plan.inputs:
            found.append((f"in_{name}", plan.dims[name], "double" if isinstance(steps[name].what, Equation) else "bool"))
        elif plan.dims[name]:
            found.append((f"in_{name}", plan.dims[name], "double"))
    for name in function.writes:
        exported = "double" if isinstance(steps[name].what, Equation) else "bool"
        found.append((f"out_{name}", function.sizes, exported if exports else TYPES[blocks.dtype_of(plan, name).name]))
    return found


class Text:
    """The C text of statements; `arrays` are known by their axes, `constants` by their values."""

    def __init__(self, constants: dict[str, Any], arrays: dict[str, tuple[tuple[str, ...], str]] | None = None) -> None:
        self.constants = constants
        self.arrays = dict(arrays or {})
        self.in_nest = arrays is not None

    def statements(self, body: list[ast.stmt]) -> list[str]:
        return [line for statement in body for line in self.statement(statement)]

    def statement(self, node: ast.stmt) -> list[str]:
        if isinstance(node, ast.Expr):
            return []
        if isinstance(node, ast.Return):
            assert node.value
            return [f"return {self.value(node.value)};"]
        if isinstance(node, ast.For):
            assert isinstance(node.target, ast.Name)
            assert isinstance(node.iter, ast.Call)
            index = node.target.id
            return [f"for (int64_t {index} = 0; {index} < {self.value(node.iter.args[0])}; {index}++) {{", *self.statements(node.body), "}"]
        if isinstance(node, ast.If):
            inner = Text(self.constants) if self.in_nest else self
            lines = [f"if ({self.value(node.test)}) {{", *inner.statements(node.body), "}"]
            return [*lines, "else {", *inner.statements(node.orelse), "}"] if node.orelse else lines
        if isinstance(node, ast.AugAssign):
            node = ast.Assign([node.target], ast.BinOp(node.target, node.op, node.value))
        assert isinstance(node, ast.Assign)
        if isinstance(node.targets[0], ast.Tuple):
            assert isinstance(node.value, ast.Tuple)
            return self._together(node.targets[0].elts, node.value.elts)
        target, value = node.targets[0], self.value(node.value)
        if isinstance(target, ast.Name) and self.in_nest:
            return [f"{self._declared(target.id, node.value)} {target.id} = {value};"]
        return [f"{self.value(target)} = {value};"]

    def _together(self, targets: list[ast.expr], values: list[ast.expr]) -> list[str]:
        """Assignments of which each value is found before any target changes."""
        found = [f"double value_{place} = {self.value(value)};" for place, value in enumerate(values)]
        return ["{", *found, *(f"{self.value(target)} = value_{place};" for place, target in enumerate(targets)), "}"]

    def _declared(self, name: str, value: ast.expr) -> str:
        """The type of a local of a nest; a row of an array becomes an array of one axis."""
        if isinstance(value, ast.Subscript) and isinstance(value.value, ast.Name):
            dims, kind = self.arrays[value.value.id]
            count = len(value.slice.elts) if isinstance(value.slice, ast.Tuple) else 1
            if count < len(dims):
                self.arrays[name] = (dims[count:], kind)
                return f"{'' if value.value.id.startswith('out_') else 'const '}{kind} *restrict"
            return kind
        return "double"

    def value(self, node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            return self._constant(self.constants[node.id]) if node.id in self.constants else node.id
        if isinstance(node, ast.Constant):
            return self._constant(node.value)
        if isinstance(node, ast.Attribute):
            return self._constant(getattr(math, node.attr))
        if isinstance(node, ast.BinOp):
            return self._binary(node)
        if isinstance(node, ast.UnaryOp):
            return f"({'!' if isinstance(node.op, ast.Not) else '-'}{self.value(node.operand)})"
        if isinstance(node, ast.BoolOp):
            return "(" + (" && " if isinstance(node.op, ast.And) else " || ").join(self.value(v) for v in node.values) + ")"
        if isinstance(node, ast.IfExp):
            return f"({self.value(node.test)} ? {self.value(node.body)} : {self.value(node.orelse)})"
        if isinstance(node, ast.Compare):
            return self._compare(node)
        if isinstance(node, ast.Subscript):
            return self._element(node)
        assert isinstance(node, ast.Call), ast.dump(node)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        arguments = [self.value(argument) for argument in node.args]
        if name in ("min", "max"):
            text = arguments[0]
            for argument in arguments[1:]:
                text = f"{CALLS[name]}({text}, {argument})"
            return text
        return f"{CALLS.get(name, name)}({', '.join(arguments)})"

    def _constant(self, value: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if value != value:
            return "NAN"
        return "INFINITY" if value == math.inf else repr(float(value))

    def _binary(self, node: ast.BinOp) -> str:
        left, right = self.value(node.left), self.value(node.right)
        if type(node.op) in BINARY:
            return f"({left} {BINARY[type(node.op)]} {right})"
        if isinstance(node.op, ast.Pow):
            return f"({left} * {left})" if right == "2.0" else f"pow({left}, {right})"
        return f"floor({left} / {right})" if isinstance(node.op, ast.FloorDiv) else f"modulo({left}, {right})"

    def _compare(self, node: ast.Compare) -> str:
        parts, left = [], node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(operator, ast.In):
                assert isinstance(right, ast.Tuple)
                parts.append("(" + " || ".join(f"{self.value(left)} == {self.value(item)}" for item in right.elts) + ")")
            else:
                parts.append(f"{self.value(left)} {COMPARE[type(operator)]} {self.value(right)}")
            left = right
        return "(" + " && ".join(parts) + ")"

    def _element(self, node: ast.Subscript) -> str:
        """An element of an array, or the address of a row where not all axes are given."""
        assert isinstance(node.value, ast.Name)
        name = node.value.id
        dims = self.arrays[name][0]
        given = [self.value(e) for e in node.slice.elts] if isinstance(node.slice, ast.Tuple) else [self.value(node.slice)]
        place = "0"
        for position, dim in enumerate(dims):
            place = f"({place}) * n_{dim} + {given[position] if position < len(given) else '0'}"
        return f"{name}[{place}]" if len(given) == len(dims) else f"&{name}[{place}]"


def _compiled(text: str) -> ctypes.CDLL:
    with tempfile.TemporaryDirectory() as folder:
        path, library = Path(folder) / "nests.c", Path(folder) / "nests.so"
        path.write_text(text)
        done = subprocess.run(["gcc", *OPTIONS, "-o", str(library), str(path), "-lm"], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return ctypes.CDLL(str(library))


def _callable(plan: Plan, function: Function, symbol: Any) -> Callable[..., None]:
    symbol.restype = None
    scalars = {name for name in function.reads if name in plan.inputs and not plan.dims[name]}
    symbol.argtypes = [
        *(ctypes.c_int64 for _ in function.sizes),
        *(ctypes.c_double if name in scalars else ctypes.c_void_p for name in function.reads),
        *(ctypes.c_void_p for _ in function.writes),
    ]

    def call(*arguments: Any) -> None:
        symbol(*(a.__array_interface__["data"][0] if isinstance(a, np.ndarray) else a for a in arguments))

    return call
