"""Equations and rules, registered once under the name that they define. What belongs here: the decorators and the list.

Which quantity needs which is for graph.py; the numbers that go in are for catalogue.py.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeVar

from sweep.catalog.parameters import parameters
from sweep.catalog.units import factor
from sweep.errors import SweepError, suggestion

Kind = TypeVar("Kind", bound="Equation | Rule")
ARGUMENT = re.compile(r"^(\w+): (.+) \[([^\]]+)\]$")


@dataclass(frozen=True)
class Argument:
    """What an equation's docstring says of one argument."""

    name: str
    meaning: str
    unit: str


@dataclass(frozen=True)
class Equation:
    """A quantity that is computed: a scalar function of other quantities, in SI units."""

    name: str
    unit: str
    source: str
    function: Callable[..., float]
    arguments: tuple[str, ...]
    meaning: str
    formula: str
    documented: tuple[Argument, ...]
    selects: str | None = None

    @property
    def module(self) -> str:
        return self.function.__module__


@dataclass(frozen=True)
class Rule:
    """A condition that a point breaks when the function is true. What it guards is then NaN; without guards it only warns."""

    name: str
    source: str
    function: Callable[..., bool]
    arguments: tuple[str, ...]
    meaning: str
    guards: tuple[str, ...]
    documented: tuple[Argument, ...]
    if_given: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Own:
    """The equations and rules of a user's file, as it was when a study was opened."""

    path: Path
    source: bytes
    equations: dict[str, Equation]
    rules: dict[str, Rule]


class Declared(MutableMapping[str, Kind]):
    """Equations or rules by name: those that are shipped, and those of the file that the study at work in this thread names."""

    def __init__(self, kind: Literal["equations", "rules"]) -> None:
        self.kind = kind
        self.shipped: dict[str, Kind] = {}

    @property
    def own(self) -> dict[str, Kind]:
        """Those of the user's file that this thread sees."""
        seen = _seen.get()
        return getattr(seen, self.kind) if seen else {}

    def __getitem__(self, name: str) -> Kind:
        return self.own[name] if name in self.own else self.shipped[name]

    def __setitem__(self, name: str, found: Kind) -> None:
        (self.own if _loading.get() else self.shipped)[name] = found

    def __delitem__(self, name: str) -> None:
        del self.shipped[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self.shipped, **self.own})

    def __len__(self) -> int:
        return len({**self.shipped, **self.own})


_seen: ContextVar[Own | None] = ContextVar("the user's file that this thread sees", default=None)
_loading: ContextVar[bool] = ContextVar("whether this thread reads a user's file", default=False)
EQUATIONS: Declared[Equation] = Declared("equations")
RULES: Declared[Rule] = Declared("rules")
MISSING: dict[str, Rule] = {}
USER = "sweep_user_"


def equation(*, unit: str, source: str, selects: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a scalar function as the equation of the quantity that it is named after.

    unit: SI unit of the result. source: key in configs/sources.yaml. selects: name of a choice parameter; the remaining
    arguments are then the alternatives, in the order of its choices, and only the chosen one is needed.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        found = described(function, unit, source, selects)
        if found.name in EQUATIONS and not _same_place(EQUATIONS[found.name].function, function):
            raise SweepError(f"{_place(function)}: equation {found.name!r} is already defined in {_place(EQUATIONS[found.name].function)}")
        EQUATIONS[found.name] = found
        return function

    return register


def described(function: Callable[..., Any], unit: str, source: str, selects: str | None = None) -> Equation:
    """The equation that a function and its docstring say."""
    name, arguments, meaning, formula, documented = _describe(function)
    return Equation(name, unit, source, function, arguments, meaning, formula, documented, selects)


def rule(
    *, guards: tuple[str, ...] = (), source: str, if_given: tuple[str, ...] = ()
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a scalar condition under its own name; it is broken where it returns true.

    guards: the quantities that mean nothing where it is broken; they and all that follows from them are then NaN, and the
    point's status carries this rule's flag. An empty tuple only raises the flag. if_given: inputs without which nothing is asked,
    such as a deadline: their defaults break no rule.
    """

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        name, arguments, meaning, _, documented = _describe(function)
        if name in RULES and not _same_place(RULES[name].function, function):
            raise SweepError(f"{_place(function)}: rule {name!r} is already defined in {_place(RULES[name].function)}")
        RULES[name] = Rule(name, source, function, arguments, meaning, guards, documented, if_given)
        return function

    return register


def missing(name: str, meaning: str, by: str | None = None) -> Rule:
    """The rule that a point breaks where an input has no figure in its catalogue entry, or none for the choice by which it differs."""
    rule = f"{name}_is_missing"
    if rule not in MISSING:
        kind = f", for this {by}; `sweep show` says for which an entry has one" if by else ""
        MISSING[rule] = Rule(rule, "", _is_nan, (name,), f"No figure for the {meaning}{kind}", (), ())
    return MISSING[rule]


def function_of(name: str) -> Callable[..., Any]:
    """The scalar function of an equation or a rule."""
    found = EQUATIONS.get(name) or RULES.get(name) or MISSING[name]
    return found.function


def _is_nan(value: float) -> bool:
    return value != value


@cache
def load() -> None:
    """Import every module of sweep.kernels, so that all its equations are registered."""
    for path in kernel_files():
        importlib.import_module(".".join(("sweep.kernels", *path.relative_to(kernel_folder()).with_suffix("").parts)))


def load_file(path: Path) -> Own:
    """Import a user's own equations from a Python file; this thread then sees these, and those of no other file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SweepError(f"{path}: no Python file to read equations from ({error.strerror})") from None
    own = Own(path, content, {}, {})
    module = ModuleType(f"{USER}{hashlib.sha256(content).hexdigest()[:16]}")  # compiled code on disk, named by the text too, asks for it
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    only(own)
    reading = _loading.set(True)
    try:
        code = compile(content, str(path), "exec", dont_inherit=True)
        exec(code, module.__dict__)  # the bytes that the digest is of, not an older compiled file
    except SweepError:
        raise
    except Exception as error:  # whatever a user's file raises is theirs to fix; say where
        raise SweepError(fault(error, str(path))) from None
    finally:
        _loading.reset(reading)
    _check(own.equations, own.rules)
    return own


def only(own: Own | None) -> None:
    """Let this thread see, of all files of users, only that of the study at work."""
    _seen.set(own)


def fault(error: Exception, file: str, line: int = 0) -> str:
    """What an error in a file of equations says, in one line, with the last line of it that ran; `line` where none did."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    said = str(error)
    if isinstance(error, SyntaxError):
        line, said = error.lineno or 0, error.msg
    return f"{file}:{line}: {type(error).__name__}: {said}"


def _check(equations: Mapping[str, Equation], rules: Mapping[str, Rule]) -> None:
    """Raise where a user's file has a unit that is unknown, an argument in another unit than its own, or a rule that guards nothing."""
    for found in equations.values():
        try:
            factor(found.unit, found.unit)
        except SweepError as error:
            raise SweepError(f"{_place(found.function)}: {found.name}: {error}") from None
    both: list[Equation | Rule] = [*equations.values(), *rules.values()]
    for declared in both:
        for name in declared.arguments:
            if name not in EQUATIONS and name not in parameters():
                near = suggestion(name, {*EQUATIONS, *parameters()})
                raise SweepError(f"{_place(declared.function)}: {declared.name}: unknown quantity {name!r}{near}")
        for argument in declared.documented:
            known = EQUATIONS.get(argument.name) or parameters().get(argument.name)
            if known and argument.unit != known.unit:
                place = f"{_place(declared.function)}: {declared.name}"
                raise SweepError(f"{place}: {argument.name} is in {known.unit}, not in {argument.unit}")
    for rule in rules.values():
        for name in rule.guards:
            if name not in EQUATIONS:
                near = suggestion(name, EQUATIONS)
                raise SweepError(f"{_place(rule.function)}: {rule.name} guards {name!r}, which no equation computes{near}")


def kernel_files() -> list[Path]:
    """Every source file of sweep.kernels, in all its rooms, in a fixed order."""
    return sorted(kernel_folder().rglob("*.py"))


def file_of(declared: Equation | Rule) -> str:
    """The file that an equation or a rule stands in, within kernels/ where it is one of ours."""
    path = Path(declared.function.__code__.co_filename)
    inside = path.is_relative_to(kernel_folder())
    return f"kernels/{path.relative_to(kernel_folder()).as_posix()}" if inside else path.name


def kernel_folder() -> Path:
    """The folder of the equations, in a checkout or inside the installed package."""
    return Path(str(files("sweep"))) / "kernels"


RESERVED = re.compile(r"(n|i|in|out|row|f|valid|nest)_.*|nan|inf|range|float32|int32|scalar|nest|status|insert")


def _describe(function: Callable[..., Any]) -> tuple[str, tuple[str, ...], str, str, tuple[Argument, ...]]:
    name = function.__name__
    if RESERVED.fullmatch(name):
        raise SweepError(f"{_place(function)}: {name!r} is a name that generated code has; take another one")
    arguments = tuple(inspect.signature(function).parameters)
    text = inspect.cleandoc(function.__doc__ or "")
    if not text:
        raise SweepError(f"{_place(function)}: {name} has no docstring that says what it is")
    lines = text.splitlines()
    documented = tuple(Argument(*match.groups()) for line in lines if (match := ARGUMENT.match(line.strip())))
    body = [line for line in lines[1:] if not ARGUMENT.match(line.strip())]
    paragraphs = [p.strip() for p in "\n".join(body).split("\n\n") if p.strip()]
    return name, arguments, lines[0].rstrip("."), paragraphs[0] if paragraphs else "", documented


def _place(function: Callable[..., Any]) -> str:
    code = function.__code__
    return f"{code.co_filename}:{code.co_firstlineno}"


def _same_place(one: Callable[..., Any], other: Callable[..., Any]) -> bool:
    return one.__code__.co_filename == other.__code__.co_filename and one.__name__ == other.__name__
