"""The remainder of a division in vector code. What belongs here: LLVM code that a loop over `%` or `//` is made of.

LLVM has no vector code for a remainder and calls the C library for each point. The quotient that is rounded down leaves the same remainder,
without rounding, unless it is too large for a whole number; then the library is called here, too.
"""

from __future__ import annotations

import re

NAME = "remaining"
WIDTHS = (2, 4, 8)  # doubles of a vector, by processor
OPERATION = re.compile(r"= frem (?:\w+ )*double ([^,]+), ([^,\n]+)")
SCALAR = """
define double @{name}(double %a, double %b) noinline nounwind willreturn memory(none) "vector-function-abi-variant"="{ways}" {{
  %found = frem double %a, %b
  ret double %found
}}
"""
VECTOR = """
declare {v} @llvm.fabs.v{n}f64({v})
declare {v} @llvm.floor.v{n}f64({v})
declare {v} @llvm.fma.v{n}f64({v}, {v}, {v})
declare {v} @llvm.copysign.v{n}f64({v}, {v})
declare i1 @llvm.vector.reduce.or.v{n}i1(<{n} x i1>)

define {v} @{name}_{n}({v} %a, {v} %b, <{n} x i1> %mask) nounwind willreturn memory(none) {{
  %x = call {v} @llvm.fabs.v{n}f64({v} %a)
  %y = call {v} @llvm.fabs.v{n}f64({v} %b)
  %share = fdiv {v} %x, %y
  %whole = call {v} @llvm.floor.v{n}f64({v} %share)
  %large = fcmp oge {v} %whole, splat (double 0x4340000000000000)
  %counted = and <{n} x i1> %large, %mask
  %any = call i1 @llvm.vector.reduce.or.v{n}i1(<{n} x i1> %counted)
  br i1 %any, label %library, label %exact
library:
  %called = frem {v} %a, %b
  ret {v} %called
exact:
  %less = fneg {v} %whole
  %rest = call {v} @llvm.fma.v{n}f64({v} %less, {v} %y, {v} %x)
  %more = fadd {v} %rest, %y
  %over = fcmp olt {v} %rest, zeroinitializer
  %found = select <{n} x i1> %over, {v} %more, {v} %rest
  %none = fcmp oeq {v} %whole, zeroinitializer
  %inside = select <{n} x i1> %none, {v} %x, {v} %found
  %signed = call {v} @llvm.copysign.v{n}f64({v} %inside, {v} %a)
  ret {v} %signed
}}
"""


def called(code: str) -> str:
    """The code of an equation in which a call stands for each remainder."""
    found, count = OPERATION.subn(rf"= call double @{NAME}(double \1, double \2)", code)
    return found + _declaration() if count else found


def _declaration() -> str:
    return f"\ndeclare double @{NAME}(double, double) nounwind willreturn memory(none)\n"


def module() -> str:
    """The functions that are called, one number at a time and a vector at a time."""
    kept = ", ".join(f"ptr @{NAME}_{n}" for n in WIDTHS)
    used = f'@llvm.compiler.used = appending global [{len(WIDTHS)} x ptr] [{kept}], section "llvm.metadata"\n'
    ways = ",".join(f"_ZGV_LLVM_M{n}vv_{NAME}({NAME}_{n})" for n in WIDTHS)
    scalar = SCALAR.format(name=NAME, ways=ways)
    return used + scalar + "".join(VECTOR.format(name=NAME, n=n, v=f"<{n} x double>") for n in WIDTHS)
