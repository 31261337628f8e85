"""Nests as machine code. What belongs here: equations compiled by numba once, and the code of each nest made with them and kept.

The code of a nest is kept on disk under a name made of its text, that of an equation under its own, both in a folder named by a
digest of all that they depend on. So what changes in a study compiles only nests of another text, and no equation again.
"""

from __future__ import annotations

import ctypes
import dis
import hashlib
import re
import threading
import types
from collections.abc import Callable, Mapping
from functools import cache as once
from functools import lru_cache
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numpy as np

from sweep.engine import cache, remainder
from sweep.engine.lower import lowered
from sweep.engine.nests import Function
from sweep.engine.strips import TOGETHER

# "contract" lets a product and a sum be one instruction, rounded once; nothing else about numbers is relaxed
EQUATION_OPTIONS: dict[str, Any] = {"error_model": "numpy", "forceinline": True, "nogil": True, "fastmath": {"contract"}}
ALONE = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}  # what only Python would call takes half the time
LOCK = threading.RLock()
LONG_ROW = 64  # points of an innermost axis from which on strips are faster
VECTOR_CODE = re.compile(r"llvm\.(fabs|floor|ceil|trunc|rint|sqrt|fma|fmuladd|copysign|min|max|smin|smax|umin|umax|assume|lifetime)")


class Native:
    """A nest that is ready to call: compiled, or read from disk, when it is first called for the types of its arguments."""

    def __init__(self, function: Function, equations: Mapping[str, Callable[..., Any]], rules: frozenset[str], directory: Path) -> None:
        self.function, self.equations, self.rules, self.directory = function, equations, rules, directory
        self.made: dict[tuple[tuple[str, ...], bool], Callable[..., int]] = {}

    def __call__(self, *arguments: Any) -> None:
        sizes = self.function.sizes
        long = bool(sizes) and arguments[len(sizes) - 1] >= LONG_ROW and len(self.function.calls) > TOGETHER
        kinds = tuple(_kind(argument) for argument in arguments), long
        if kinds not in self.made:
            with LOCK:
                self.made[kinds] = self._ready(*kinds)
        if self.made[kinds](*arguments):
            raise ArithmeticError(f"an equation of {', '.join(self.function.writes)} raises an error at some point")

    def _ready(self, kinds: tuple[str, ...], long: bool) -> Callable[..., int]:
        content = f"{self.directory.name} {self.function.text}{' '.join(kinds)} {' '.join(sorted(self.rules))} {long}"
        symbol = f"nest_{hashlib.sha256(content.encode()).hexdigest()[:24]}"
        file = self.directory / f"{symbol}.o"
        code = cache.intact(file)
        if code is None:
            code = self._compile(kinds, long, symbol)
            cache.keep(file, code)
        taken = (ctypes.c_int64 if kind == "n" else ctypes.c_double if kind == "v" else ctypes.py_object for kind in kinds)
        return ctypes.CFUNCTYPE(ctypes.c_int32, *taken)(_address(self.directory, symbol, code))

    def _compile(self, kinds: tuple[str, ...], long: bool, symbol: str) -> bytes:
        equations = {
            name: llvm.parse_bitcode(_bitcode(function, name, name in self.rules, self.directory))
            for name, function in self.equations.items()
        }
        alone = {name for name, equation in equations.items() if not _vector_code(equation)} if long else None
        module = llvm.parse_assembly(lowered(self.function, kinds, self.rules, symbol, alone))
        divided = any(function.name == remainder.NAME for equation in equations.values() for function in equation.functions)
        for equation in [*equations.values(), *([llvm.parse_assembly(remainder.module())] if divided else [])]:
            module.link_in(equation)
        for function in module.functions:
            if not function.is_declaration and function.name != symbol:
                function.linkage = llvm.Linkage.internal
        machine = _machine()
        module.triple, module.data_layout = machine.triple, str(machine.target_data)
        options = llvm.create_pipeline_tuning_options(speed_level=3)
        options.loop_vectorization = options.slp_vectorization = True
        builder = llvm.create_pass_builder(machine, options)
        builder.getModulePassManager().run(module, builder)
        return bytes(machine.emit_object(module))


def with_compiled_helpers(function: Callable[..., Any], options: Mapping[str, Any], around: tuple[Any, ...] = ()) -> Any:
    """An equation for numba, with the small helpers that it calls from its own file compiled too, for numba calls only compiled code.

    around: the functions that are being compiled already, one of which may be called again.
    """
    import numba

    from sweep.engine import defined

    space = dict(function.__globals__)
    for name in (found.argval for found in dis.get_instructions(function) if found.opname == "LOAD_GLOBAL"):
        helper = space.get(name)
        if isinstance(helper, types.FunctionType) and helper not in (*around, function):
            space[name] = with_compiled_helpers(helper, options, (*around, function))
    named = types.FunctionType(function.__code__, space, function.__name__, function.__defaults__)
    return numba.njit(pipeline_class=defined.Compiler, **EQUATION_OPTIONS, **options)(named)


def scalar(function: Callable[..., Any], verdict: bool) -> Any:
    """An equation or a rule for numba. verdict: of a rule, whether what it returns is true."""
    from sweep.engine import defined

    made = with_compiled_helpers(function, ALONE)
    return defined.verdict(made) if verdict else made


def _bitcode(function: Callable[..., Any], name: str, verdict: bool, directory: Path) -> bytes:
    """An equation or a rule as LLVM code under its name in the nests: it takes and returns floats, or true and false."""
    file = directory / f"{name}.bc"
    code = cache.intact(file)
    if code is None:
        code = _equation(function, name, verdict)
        cache.keep(file, code)
    return code


def _equation(function: Callable[..., Any], name: str, verdict: bool) -> bytes:
    import numba

    made = scalar(function, verdict)
    arguments = [numba.float64] * function.__code__.co_argcount
    made.compile(numba.boolean(numba.types.Tuple(arguments)) if verdict else numba.float64(*arguments))  # type: ignore[no-untyped-call]
    (found,) = made.overloads.values()
    module = llvm.parse_assembly(remainder.called(made.inspect_llvm(found.signature.args)))
    module.get_function(found.fndesc.llvm_func_name).name = name
    return bytes(module.as_bitcode())


def _vector_code(equation: Any) -> bool:
    """Whether a loop over an equation can become vector code: where it calls nothing that there is for single numbers only."""
    called = [function.name for function in equation.functions if function.is_declaration]
    return all(name == remainder.NAME or VECTOR_CODE.match(name) for name in called)


def _kind(argument: Any) -> str:
    """What lower.py has to know of an argument."""
    if isinstance(argument, np.ndarray):
        assert argument.flags.c_contiguous
        return str(argument.dtype.char)
    return "v" if isinstance(argument, float) else "n"


@once
def _machine() -> Any:
    """This processor, as LLVM compiles for it."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    features = llvm.get_host_cpu_features().flatten()
    return target.create_target_machine(llvm.get_host_cpu_name(), features, opt=3, reloc="static", codemodel="jitdefault", jit=True)


@once
def _engine() -> Any:
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())


@lru_cache(None)
def _address(directory: Path, symbol: str, code: bytes) -> int:
    """Where the code of a nest is in memory."""
    engine = _engine()
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return int(engine.get_function_address(symbol))
