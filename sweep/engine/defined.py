"""What has no value in Python has none compiled. What belongs here: the operations of an equation that numba does in another way.

Where Python raises an error, as for a division by zero or the exponential of 1000, an equation that is interpreted is NaN; numba would
go on with an infinity. And numba holds in 64 bits what Python rounds to a whole number of any size; here that stays a float.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numba.core import compiler, compiler_machinery, ir, ir_utils, untyped_passes

OPTIONS: dict[str, Any] = {"error_model": "numpy", "forceinline": True, "nogil": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
OVERFLOWING = ("exp", "expm1", "log", "log2", "log10", "log1p", "sinh", "cosh", "atanh", "gamma", "lgamma")


def _rounded(function: Callable[[Any], Any]) -> Any:
    return njit(**OPTIONS)(lambda x: function(x) + (x - x))  # NaN where x is infinite


def _finite(function: Callable[[float], float]) -> Any:
    """A function that has no value where it is infinite at a finite place."""

    def found(x: float) -> float:
        y = function(x)
        return math.nan if math.isinf(y) and not math.isinf(x) else y

    return njit(**OPTIONS)(found)


def _divided(x: float, y: float) -> float:
    return x / y if y != 0 else math.nan


def _floor_divided(x: float, y: float) -> float:
    return x // y if y != 0 else math.nan


def _power(x: float, y: float) -> float:
    found = x**y
    return math.nan if math.isinf(found) and not math.isinf(x) and not math.isinf(y) else found


def _round(x: float, digits: int | None = None) -> float:
    return np.rint(x) + (x - x) if digits is None else round(x, digits)


def _range(start: float, stop: float | None = None, step: float = 1) -> Any:
    return range(np.int64(start)) if stop is None else range(np.int64(start), np.int64(stop), np.int64(step))


def verdict(rule: Any) -> Any:
    """A compiled rule as a verdict: what it returns is true, as in Python, but for NaN, which says nothing."""

    def broken(*arguments: float) -> bool:
        value = rule(*arguments)
        return bool(value == value and value != 0)

    return njit(**OPTIONS)(broken)


DIVIDED, FLOOR_DIVIDED, POWER = (njit(**OPTIONS)(function) for function in (_divided, _floor_divided, _power))
OPERATORS = {operator.truediv: DIVIDED, operator.floordiv: FLOOR_DIVIDED, operator.pow: POWER}
FUNCTIONS: dict[Any, Any] = {
    math.floor: _rounded(np.floor),
    math.ceil: _rounded(np.ceil),
    math.trunc: _rounded(np.trunc),
    int: _rounded(np.trunc),
    round: njit(**OPTIONS)(_round),
    range: njit(**OPTIONS)(_range),
    math.pow: POWER,
    **{getattr(math, name): _finite(getattr(math, name)) for name in OVERFLOWING},
}
OF_MATH = {name: FUNCTIONS[found] for name, found in vars(math).items() if callable(found) and found in FUNCTIONS}


@compiler_machinery.register_pass(mutates_CFG=False, analysis_only=False)
class Defined(compiler_machinery.FunctionPass):
    """Puts these operations in place of numba's."""

    _name = "defined"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        made = state.func_ir
        for block in made.blocks.values():
            body = []
            for line in block.body:
                if isinstance(line, ir.Assign) and (called := self.replaced(made, line.value)) is not None:
                    if isinstance(line.value, ir.Expr) and line.value.op != "getattr":
                        name = ir.Var(block.scope, ir_utils.mk_unique_var("$defined"), line.loc)
                        body.append(ir.Assign(ir.Global(name.name, called, line.loc), name, line.loc))
                        line.value = ir.Expr.call(name, (line.value.lhs, line.value.rhs), (), line.loc)
                    else:
                        line.value = ir.Global("defined", called, line.loc)
                body.append(line)
            block.body = body
        made._definitions = ir_utils.build_definitions(made.blocks)
        return True

    def replaced(self, made: Any, value: Any) -> Any:
        """What a value becomes: the function of an operation, or a function in place of another; None where it stays."""
        if isinstance(value, ir.Global | ir.FreeVar):
            return FUNCTIONS.get(value.value) if callable(value.value) else None
        if not isinstance(value, ir.Expr):
            return None
        if value.op == "getattr":
            module = made.get_definition(value.value) if isinstance(value.value, ir.Var) else None
            return OF_MATH.get(value.attr) if getattr(module, "value", None) is math else None
        if value.op not in ("binop", "inplace_binop"):
            return None
        what = value.fn if value.op == "binop" else value.immutable_fn
        power = ir_utils.guard(made.get_definition, value.rhs) if what is operator.pow else None
        if isinstance(power, ir.Const) and isinstance(power.value, int) and power.value > 0:
            return None  # a product
        return OPERATORS.get(what)


class Compiler(compiler.CompilerBase):
    """Numba's, with these operations."""

    def define_pipelines(self) -> list[Any]:
        found = compiler.DefaultPassBuilder.define_nopython_pipeline(self.state)
        found.add_pass_after(Defined, untyped_passes.IRProcessing)
        found.finalize()
        return [found]
