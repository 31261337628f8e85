"""The innermost loop of a nest in parts. What belongs here: which statements run together over a strip of points, and what they pass on.

A loop over a hundred equations has more values at a time than a processor has registers, and one equation that calls a function of the C
library keeps all of it from becoming vector code. So each part of it runs by itself over a strip of points, whose values stay in the
nearest cache.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable
from dataclasses import dataclass

STRIP = 256  # points; 64 are half as fast, 128 a tenth slower
TOGETHER = 8  # calls in a part; with 24 serving is a sixth slower


@dataclass(frozen=True)
class Part:
    """Statements that run together. takes: the names that they use of earlier parts; gives: those that later parts use of them."""

    statements: tuple[ast.stmt, ...]
    takes: tuple[str, ...]
    gives: tuple[str, ...]


def parts(statements: Iterable[ast.stmt], alone: Collection[str]) -> list[Part]:
    """The statements of a loop in parts; what is read from an array is read again in each. alone: the equations without vector code."""
    reads, pieces = _pieces(statements)
    groups: list[dict[str, list[ast.stmt]]] = [{}]
    room = TOGETHER
    for name, piece in pieces.items():
        called = [node.func.id for node in _nodes(piece) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
        cost = TOGETHER if set(called) & set(alone) else len(called)
        if cost > room and groups[-1]:
            groups.append({})
            room = TOGETHER
        groups[-1][name] = piece
        room -= cost
    used = [{node.id for piece in group.values() for node in _nodes(piece) if isinstance(node, ast.Name)} for group in groups]
    found = []
    for i, group in enumerate(groups):
        fetched = [read for name, read in reads.items() if name in used[i]]
        takes = tuple(name for before in groups[:i] for name in before if name in used[i])
        gives = tuple(name for name in group if any(name in after for after in used[i + 1 :]))
        found.append(Part((*fetched, *(line for piece in group.values() for line in piece)), takes, gives))
    return found


def _pieces(statements: Iterable[ast.stmt]) -> tuple[dict[str, ast.stmt], dict[str, list[ast.stmt]]]:
    """What is read, and each assignment with what a mask makes of it and where it is written, both by name."""
    reads: dict[str, ast.stmt] = {}
    pieces: dict[str, list[ast.stmt]] = {}
    for statement in statements:
        if isinstance(statement, ast.If):
            for line in statement.body:
                pieces[_target(line)].append(ast.If(statement.test, [line], []))
            continue
        assert isinstance(statement, ast.Assign)
        if isinstance(statement.value, ast.Subscript):
            reads[_target(statement)] = statement
        elif isinstance(statement.targets[0], ast.Subscript):
            assert isinstance(statement.value, ast.Name)
            pieces.setdefault(statement.value.id, []).append(statement)
        else:
            pieces[_target(statement)] = [statement]
    return reads, pieces


def _target(statement: ast.stmt) -> str:
    assert isinstance(statement, ast.Assign)
    assert isinstance(statement.targets[0], ast.Name)
    return statement.targets[0].id


def _nodes(piece: Iterable[ast.stmt]) -> Iterable[ast.AST]:
    return (node for statement in piece for node in ast.walk(statement))
