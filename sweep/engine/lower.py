"""The text of a nest as LLVM code. What belongs here: loops, reads, calls and writes, each as few instructions.

A nest is loops over axes and assignments to names that no later pass of a loop reads, so that each name is one value. numba takes
ten times as long for the same text, most of it for what an array may be in general. Arrays are in C order here and share no memory.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Collection, Container, Iterable
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from sweep.engine import strips
from sweep.engine.nests import Function

POINTER = ir.PointerType()
SIZE, DOUBLE, BOOL, BYTE = ir.IntType(64), ir.DoubleType(), ir.IntType(1), ir.IntType(8)
CODE = ir.IntType(32)
WIDEST = '"prefer-vector-width"="512"'  # in strips, which read little memory; llvmlite does not know this attribute
HELD = {"d": DOUBLE, "f": ir.FloatType(), "i": ir.IntType(32), "l": SIZE, "?": BYTE}  # by the letter that numpy has for the type


@dataclass(frozen=True)
class Memory:
    """An array, or one row of it, or what the points of a strip have of one name."""

    start: Any
    kind: str


def lowered(function: Function, kinds: Iterable[str], rules: Container[str], symbol: str, alone: Collection[str] | None = None) -> str:
    """The module of LLVM code that holds one nest, under a name of its own.

    alone: where the innermost loop is to run in strips, the equations that no vector code is made of.

    kinds: of its arguments: "n" a size, "v" a value, else the letter of an array's type. rules: those of its calls that are true or
    false. The nest returns 0, or what an equation that raised an error returned. It calls an equation as numba compiles it: with a
    place for the result, a place for an error, and its arguments.
    """
    kinds = tuple(kinds)
    (tree,) = ast.parse(function.text).body
    assert isinstance(tree, ast.FunctionDef)
    module = ir.Module(symbol)
    types = [SIZE if kind == "n" else DOUBLE if kind == "v" else POINTER for kind in kinds]
    inside, entry = (ir.Function(module, ir.FunctionType(CODE, types), name) for name in (f"{symbol}_inside", symbol))
    inside.attributes.add("noinline")
    if alone is not None:
        set.add(inside.attributes, WIDEST)
    values: dict[str, Any] = {}
    for argument, kind, given in zip(tree.args.args, kinds, inside.args, strict=True):
        if kind in HELD:
            given.add_attribute("noalias")
        values[argument.arg] = Memory(given, kind) if kind in HELD else given
    inner = f"n_{function.sizes[-1]}" if function.sizes else ""
    _Lowering(inside, values, inner, rules, alone).whole(tree.body[1:])  # without the docstring
    builder = ir.IRBuilder(entry.append_basic_block("entry"))
    given = [_data(builder, argument) if kind in HELD else argument for argument, kind in zip(entry.args, kinds, strict=True)]
    builder.ret(builder.call(inside, given))
    return str(module)


def _data(builder: ir.IRBuilder, array: Any) -> Any:
    """Where the values of a numpy array are: the first field after what every Python object has. Python takes 4 us to say so."""
    field = builder.gep(array, [SIZE(object.__basicsize__)], source_etype=BYTE)
    return builder.load(field, typ=POINTER)


class _Lowering:
    """One nest on its way to LLVM code."""

    def __init__(
        self, function: ir.Function, values: dict[str, Any], inner: str, rules: Container[str], alone: Collection[str] | None
    ) -> None:
        self.function, self.values, self.inner, self.rules, self.alone = function, values, inner, rules, alone
        self.free: list[Memory] = []
        self.builder = ir.IRBuilder(function.append_basic_block("entry"))
        self.result = {BOOL: self.builder.alloca(BYTE), DOUBLE: self.builder.alloca(DOUBLE)}
        self.error = self.builder.alloca(SIZE)  # of a pointer; the oldest llvmlite cannot say `ptr*`

    def whole(self, statements: list[ast.stmt]) -> None:
        self.statements(statements)
        self.builder.ret(CODE(0))

    def statements(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            if isinstance(statement, ast.For):
                self.loop(statement)
            elif isinstance(statement, ast.If):
                self.masked(statement)
            else:
                assert isinstance(statement, ast.Assign)
                self.assign(statement.targets[0], statement.value)

    def loop(self, statement: ast.For) -> None:
        """for i_axis in range(n_axis)"""
        assert isinstance(statement.target, ast.Name)
        assert isinstance(statement.iter, ast.Call)
        name, stop = statement.target.id, self.value(statement.iter.args[0])

        def point(index: Any) -> None:
            self.values[name] = index
            self.statements(statement.body)

        if self.alone is not None and name.replace("i_", "n_", 1) == self.inner:
            self.in_strips(name, stop, strips.parts(statement.body, self.alone))
        else:
            self.count(name, stop, 1, point)

    def count(self, name: str, stop: Any, step: int, body: Callable[[Any], None]) -> None:
        """What `body` makes of a number, for each from 0 up to an end."""
        before = self.builder.block
        head, inside, after = (self.builder.append_basic_block(f"{name}_{part}") for part in ("head", "inside", "after"))
        self.builder.branch(head)
        self.builder.position_at_end(head)
        index = self.builder.phi(SIZE)
        index.add_incoming(SIZE(0), before)
        self.builder.cbranch(self.builder.icmp_signed("<", index, stop), inside, after)
        self.builder.position_at_end(inside)
        body(index)
        index.add_incoming(self.builder.add(index, SIZE(step), flags=("nsw",)), self.builder.block)
        self.builder.branch(head)
        self.builder.position_at_end(after)

    def in_strips(self, name: str, stop: Any, parts: list[strips.Part]) -> None:
        """The innermost loop strip by strip, and each strip part by part; what a part passes on is kept in memory of the strip's length."""
        last = {taken: part for part in parts for taken in part.takes}

        def strip(start: Any) -> None:
            rest = self.builder.sub(stop, start)
            kept: dict[str, Memory] = {}
            length = self.builder.select(self.builder.icmp_signed("<", rest, SIZE(strips.STRIP)), rest, SIZE(strips.STRIP))
            for part in parts:

                def point(place: Any, part: strips.Part = part) -> None:
                    self.values[name] = self.builder.add(start, place, flags=("nsw",))
                    for taken in part.takes:
                        self.values[taken] = self.load(self.at(kept[taken], place))
                    self.statements(part.statements)
                    for given in part.gives:
                        kept[given] = self.strip_memory(self.values[given].type)
                        self.store(self.at(kept[given], place), self.values[given])

                self.count(name, length, 1, point)
                self.free += [kept[taken] for taken in part.takes if last[taken] is part]

        self.count(name, stop, strips.STRIP, strip)

    def strip_memory(self, held: Any) -> Memory:
        """Memory for one value of each point of a strip, where possible what no later part reads any more."""
        kind = "?" if held == BOOL else "d"
        for memory in self.free:
            if memory.kind == kind:
                self.free.remove(memory)
                return memory
        with self.builder.goto_entry_block():
            return Memory(self.builder.alloca(HELD[kind], strips.STRIP), kind)

    def masked(self, statement: ast.If) -> None:
        """if not mask: each name is nan, or False. A branch, not a choice of values: where the mask is the same in a loop it leaves it."""
        broken, before, names = self.value(statement.test), self.builder.block, []
        with self.builder.if_then(broken):
            inside = self.builder.block
            for line in statement.body:
                assert isinstance(line, ast.Assign)
                names.append((_name(line.targets[0]), self.value(line.value)))
        for name, replaced in names:
            found = self.builder.phi(replaced.type)
            found.add_incoming(self.values[name], before)
            found.add_incoming(replaced, inside)
            self.values[name] = found

    def assign(self, target: ast.expr, given: ast.expr) -> None:
        if isinstance(target, ast.Subscript):
            self.store(self.place(target), self.value(given))
        elif isinstance(given, ast.Subscript) and _name(target).startswith("row_"):
            self.values[_name(target)] = self.place(given, row=True)
        else:
            self.values[_name(target)] = self.value(given)

    def as_held(self, value: Any, kind: str) -> Any:
        """A value as an array of some kind holds it."""
        held = HELD[kind]
        if value.type == BOOL:
            return self.builder.zext(value, held)
        if value.type == DOUBLE:
            return value if held == DOUBLE else self.builder.fptrunc(value, held)
        return value if held == value.type else self.builder.trunc(value, held)

    def place(self, node: ast.Subscript, row: bool = False) -> Memory:
        """Where array[i, j] lies in an array over the axes i and j; or, for a row, in one over i, j and the innermost axis."""
        memory = self.values[_name(node.value)]
        indices = [_name(index) for index in (node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice])]
        at: Any = SIZE(0)
        for index in indices:
            at = self.builder.add(self.builder.mul(at, self.values[index.replace("i_", "n_", 1)]), self.values[index])
        if row:
            at = self.builder.mul(at, self.values[self.inner])
        return self.at(memory, at)

    def at(self, memory: Memory, index: Any) -> Memory:
        """One place of an array."""
        return Memory(self.builder.gep(memory.start, [index], source_etype=HELD[memory.kind]), memory.kind)

    def load(self, place: Memory) -> Any:
        found = self.builder.load(place.start, typ=HELD[place.kind])
        return self.builder.trunc(found, BOOL) if place.kind == "?" else found

    def store(self, place: Memory, value: Any) -> None:
        self.builder.store(self.as_held(value, place.kind), place.start)

    def value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Name):
            return DOUBLE(math.nan) if node.id == "nan" else self.values[node.id]
        if isinstance(node, ast.Constant):
            return BOOL(node.value) if isinstance(node.value, bool) else SIZE(node.value)
        if isinstance(node, ast.Subscript):
            return self.load(self.place(node))
        if isinstance(node, ast.Call):
            return self.call(_name(node.func), [self.value(argument) for argument in node.args])
        if isinstance(node, ast.UnaryOp):  # not
            return self.builder.not_(self.value(node.operand))
        if isinstance(node, ast.IfExp):
            return self.builder.select(self.value(node.test), self.value(node.body), self.value(node.orelse))
        if isinstance(node, ast.BinOp):  # +, of flags
            return self.builder.add(self.value(node.left), self.value(node.right))
        assert isinstance(node, ast.BoolOp)  # or
        found, *others = [self.value(operand) for operand in node.values]
        for other in others:
            found = self.builder.or_(found, other)
        return found

    def call(self, name: str, arguments: list[Any]) -> Any:
        """What an equation or a rule returns; an error in it ends the nest."""
        kind = BOOL if name in self.rules else DOUBLE
        module = self.function.module
        called = module.globals.get(name)
        if called is None:
            called = ir.Function(module, ir.FunctionType(CODE, [POINTER, POINTER, *(DOUBLE for _ in arguments)]), name)
        code = self.builder.call(called, [self.result[kind], self.error, *arguments])
        with self.builder.if_then(self.builder.icmp_unsigned("!=", code, CODE(0)), likely=False):
            self.builder.ret(code)
        found = self.builder.load(self.result[kind], typ=BYTE if kind == BOOL else DOUBLE)
        return self.builder.trunc(found, BOOL) if kind == BOOL else found


def _name(node: ast.expr) -> str:
    assert isinstance(node, ast.Name)
    return node.id
