"""Mutation testing of kernels/: each file with one operator, number or condition changed, against the test file of its own name.

    python -m tests.mutation [kernels/ROOM/FILE.py ...] [--survivors]

The changes are those of cosmic-ray, whose own driver rewrites the file and starts an interpreter for each of them; this one collects a
test file once and forks for each, which takes hundredths of the time. tests/equivalent_mutants.yaml lists changes that no test can notice.
"""

import ast
import importlib
import os
import re
import signal
import sys
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import ClassVar

import parso
import pytest
import yaml
from _pytest.runner import runtestprotocol
from cosmic_ray import operators
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators import binary_operator_replacement as binary
from cosmic_ray.operators import boolean_replacer, number_replacer, zero_iteration_for_loop
from cosmic_ray.operators import comparison_operator_replacement as comparison
from cosmic_ray.operators import unary_operator_replacement as unary

ROOT = Path(__file__).parents[1]
EQUIVALENT = ROOT / "tests" / "equivalent_mutants.yaml"
GOAL = 0.95
LONGEST = 20  # s; a change that makes a loop endless is noticed by this
BINARY = ("Add_Sub", "Add_Mul", "Sub_Add", "Mul_Div", "Mul_Add", "Div_Mul", "Pow_Mul", "Mod_Div")
COMPARISON = ("Lt_LtE", "Lt_GtE", "LtE_Lt", "LtE_Gt", "Gt_GtE", "Gt_LtE", "GtE_Gt", "GtE_Lt", "Eq_NotEq", "NotEq_Eq")


class SwapCall(operators.operator.Operator):
    """min for max and the other way round, floor for ceil."""

    SWAPS: ClassVar = {"min": "max", "max": "min", "ceil": "floor", "floor": "ceil"}

    def mutation_positions(self, node):
        if isinstance(node, parso.python.tree.Name) and node.value in self.SWAPS:
            yield node.start_pos, node.end_pos

    def mutate(self, node, index):
        node.value = self.SWAPS[node.value]
        return node

    @classmethod
    def examples(cls):
        return (operators.operator.Example("min(a, b)", "max(a, b)"),)


OPERATORS = (
    *(getattr(binary, f"ReplaceBinaryOperator_{swap}") for swap in BINARY),
    *(getattr(comparison, f"ReplaceComparisonOperator_{swap}") for swap in COMPARISON),
    unary.ReplaceUnaryOperator_Delete_USub,
    unary.ReplaceUnaryOperator_Delete_Not,
    number_replacer.NumberReplacer,
    boolean_replacer.AddNot,
    boolean_replacer.ReplaceAndWithOr,
    boolean_replacer.ReplaceOrWithAnd,
    zero_iteration_for_loop.ZeroIterationForLoop,
    SwapCall,
)


@dataclass(frozen=True)
class Mutant:
    """One change of a file: the whole text after it, and the line that it changes."""

    text: str
    line: int
    was: str
    becomes: str

    def __str__(self):
        return f"{self.line}: {self.was}  ->  {self.becomes}"


def mutants(text):
    """Every change of a source text, in a fixed order and none twice; imports are left alone."""
    lines = text.splitlines()
    found = {}
    for operator in OPERATORS:
        for occurrence in count():
            changed = mutate_code(text, operator(), occurrence)
            if changed is None:
                break
            after = changed.splitlines()
            number = next((n for n, (one, other) in enumerate(zip(lines, after, strict=False)) if one != other), None)
            if number is not None and not lines[number].startswith(("import", "from")):
                found.setdefault(changed, Mutant(changed, number + 1, squeezed(lines[number]), squeezed(after[number])))
    return sorted(found.values(), key=lambda mutant: (mutant.line, mutant.becomes))


def squeezed(line):
    return re.sub(r"\s+", " ", line.strip())


def put_in(mutant, module):
    """The functions and constants of a module are those of the changed text, wherever they have been imported to."""
    changed = dict(vars(module))
    exec(compile(mutant.text, module.__file__, "exec"), changed)
    for name, old in list(vars(module).items()):
        new = changed[name]
        if callable(old) and getattr(old, "__module__", "") == module.__name__:
            old.__code__, old.__defaults__ = new.__code__, new.__defaults__
        elif not name.startswith("__"):
            setattr(module, name, new)


class Campaign:
    """A pytest plugin that runs the collected tests once as they are and once, in a child, for each mutant of a module."""

    def __init__(self, module, mutants):
        self.module = module
        self.mutants = mutants
        self.survivors = []

    def pytest_runtestloop(self, session):
        items = session.items
        if not items or self.failing(items):
            raise pytest.UsageError(f"{self.module.__name__}: its tests fail, or there are none")
        for mutant in self.mutants:
            child = os.fork()
            if child == 0:
                signal.alarm(LONGEST)
                try:
                    put_in(mutant, self.module)
                    code = 1 if self.failing(items) else 0
                except BaseException:  # a change that does not even run is noticed by any test
                    code = 1
                os._exit(code)
            if os.waitpid(child, 0)[1] == 0:
                self.survivors.append(mutant)
        return True

    def failing(self, items):
        """The first test that fails, run in order."""
        for item, following in zip(items, [*items[1:], None], strict=True):
            if any(report.failed for report in runtestprotocol(item, nextitem=following, log=False)):
                return item
        return None


def test_file(path):
    """The test file of a kernel file: the one of its name."""
    inside = path.relative_to(ROOT / "kernels")
    return ROOT / "tests" / "kernels" / inside.parent / f"test_{inside.name}"


def campaign(path):
    """All mutants of a file, those that its tests do not notice, and how many of these no test can."""
    every = mutants(path.read_text(encoding="utf-8"))
    inside = path.relative_to(ROOT / "kernels").with_suffix("")
    if not test_file(path).exists():
        return every, every, 0
    plugin = Campaign(importlib.import_module(".".join(("sweep.kernels", *inside.parts))), every)
    code = pytest.main([str(test_file(path)), "-p", "no:terminal", "-p", "no:cacheprovider"], plugins=[plugin])
    if code:
        raise SystemExit(f"{test_file(path)} cannot be run: exit code {int(code)}")
    known = yaml.safe_load(EQUIVALENT.read_text(encoding="utf-8")) or {}
    listed = {(entry["was"], line) for entry in known.get(path.relative_to(ROOT).as_posix(), ()) for line in entry["becomes"]}
    equivalent = [mutant for mutant in plugin.survivors if (mutant.was, mutant.becomes) in listed]
    return every, [mutant for mutant in plugin.survivors if mutant not in equivalent], len(equivalent)


def defines(path):
    return any(isinstance(node, ast.FunctionDef) for node in ast.parse(path.read_text(encoding="utf-8")).body)


def main(arguments):
    paths = [Path(argument).resolve() for argument in arguments if argument != "--survivors"]
    whole = killed = short = 0
    print(f"{'file':40}{'mutants':>9}{'equivalent':>12}{'killed':>9}")
    for path in paths or sorted(path for path in (ROOT / "kernels").rglob("*.py") if defines(path)):
        every, survivors, equivalent = campaign(path)
        noticed, counted = len(every) - equivalent - len(survivors), len(every) - equivalent
        whole, killed, short = whole + counted, killed + noticed, short + (noticed < GOAL * counted)
        print(f"{path.relative_to(ROOT).as_posix():40}{len(every):9}{equivalent:12}{noticed / max(counted, 1):9.1%}", flush=True)
        if "--survivors" in arguments:
            for mutant in survivors:
                print(f"    {mutant}", flush=True)
    print(f"{'all':40}{whole:9}{'':12}{killed / max(whole, 1):9.1%}")
    return int(short > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
