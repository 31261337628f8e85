"""From requested quantities back to the inputs. What belongs here: which equations and rules, in which order.

Over which axes each of them runs is for plan.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from sweep.catalog.parameters import parameters
from sweep.equations import registry
from sweep.equations.quantities import meaning_of, names
from sweep.equations.registry import Equation, Rule
from sweep.errors import SweepError, suggestion


@dataclass(frozen=True)
class Graph:
    """What a set of outputs needs.

    inputs: names that are given, in the order of first need. equations: in an order in which each follows what it needs.
    rules: likewise; `rules_of[q]` are the indices of the rules that make quantity q meaningless where they are broken.
    """

    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    equations: tuple[Equation, ...]
    rules: tuple[Rule, ...]
    needs: Mapping[str, tuple[str, ...]]
    rules_of: Mapping[str, frozenset[int]]

    def excludes(self, rule: Rule) -> list[str]:
        """The quantities that a broken rule can leave without a value; none of a rule that only warns.

        A choice between alternatives is among them, though it keeps its value where another alternative is chosen.
        """
        return self._excluded[self.rules.index(rule)]

    @cached_property
    def _excluded(self) -> list[list[str]]:
        found: list[dict[str, None]] = [{} for _ in self.rules]
        behind: dict[str, frozenset[int]] = {}
        for name, rules in self.rules_of.items():
            behind[name] = rules.union(*(behind.get(need, ()) for need in self.needs[name]))
            for index in behind[name]:
                found[index][name] = None
        return [[*names] for names in found]

    @property
    def read(self) -> set[str]:
        """Every input that matters to the outputs, with the choices between equations or figures."""
        chosen = {e.selects for e in self.equations if e.selects}
        by = {p.by for name in self.inputs if (p := parameters().get(name)) and p.by}
        return {*self.inputs, *chosen, *by}

    def behind(self, name: str) -> set[str]:
        """A quantity and all that it follows from."""
        found, todo = set(), [name]
        while todo:
            here = todo.pop()
            if here not in found:
                found.add(here)
                todo += self.needs[here]
        return found

    def before(self, rule: Rule) -> frozenset[int]:
        """The rules that must hold before another can be judged: those behind what it reads."""
        return frozenset().union(*(self.rules_of[name] for name in rule.arguments))


def needed(equation: Equation, fixed: Mapping[str, float]) -> tuple[str, ...]:
    """The arguments that an equation reads, given the choices that are fixed for the whole study."""
    if equation.selects is None or equation.selects not in fixed:
        return equation.arguments
    alternatives = [a for a in equation.arguments if a != equation.selects]
    return (alternatives[int(fixed[equation.selects])],)


def resolve(outputs: Iterable[str], given: Iterable[str], fixed: Mapping[str, float] | None = None, gaps: Iterable[str] = ()) -> Graph:
    """The graph of `outputs`. A quantity in `given` is an input even where an equation could compute it.

    fixed: values of the inputs that are the same for the whole study, by name; they decide which alternative a selecting
    equation needs. gaps: inputs that some catalogue entry has no figure for; what reads one is then meaningless, and a rule of
    its own says so. A name that nothing defines, or a circle, is a SweepError.
    """
    registry.load()
    outputs, given, fixed = tuple(outputs), set(given), dict(fixed or {})
    gaps = set(gaps)
    guards: dict[str, list[Rule]] = {}
    for rule in registry.RULES.values():
        for name in rule.guards if given.issuperset(rule.if_given) else ():
            guards.setdefault(name, []).append(rule)

    inputs: dict[str, None] = {}
    equations: dict[str, Equation] = {}
    rules: dict[str, Rule] = {}
    needs: dict[str, tuple[str, ...]] = {}
    path: list[str] = []

    def visit(name: str, needer: str) -> None:
        if name in inputs or name in equations:
            return
        if name in path:
            circle = " -> ".join([*path[path.index(name) :], name])
            raise SweepError(f"circular dependency between equations: {circle}")
        equation = None if name in given else registry.EQUATIONS.get(name)
        if equation is None:
            if name not in given and name not in parameters():
                raise SweepError(f"unknown quantity {name!r}{' in ' + needer if needer else ''}{suggestion(name, names())}")
            inputs[name] = None
            needs[name] = ()
        path.append(name)
        if equation is not None:
            needs[name] = needed(equation, fixed)
            for argument in needs[name]:
                visit(argument, name)
            for gap in (argument for argument in needs[name] if argument in gaps):
                guards.setdefault(name, []).append(registry.missing(gap, meaning_of(gap), parameters()[gap].by))
            for rule in guards.get(name, ()):
                if rule.name not in rules:
                    for argument in rule.arguments:
                        visit(argument, rule.name)
                    rules[rule.name] = rule
            equations[name] = equation
        path.pop()

    for name in outputs:
        visit(name, "")
    for rule in registry.RULES.values():  # a rule that only warns joins where all it reads is there already
        if not rule.guards and all(a in inputs or a in equations for a in rule.arguments):
            rules[rule.name] = rule

    order = [_guarding(rule, guards, equations) if rule.name in registry.MISSING else rule for rule in rules.values()]
    index = {rule.name: i for i, rule in enumerate(order)}
    rules_of: dict[str, frozenset[int]] = {name: frozenset() for name in inputs}
    for name, equation in equations.items():
        own = [index[rule.name] for rule in guards.get(name, ())]
        upstream = [rules_of[a] for a in needs[name]]
        if equation.selects in needs[name]:  # what only another alternative breaks leaves the chosen one its value
            ways = [rules_of[a] for a in needs[name] if a != equation.selects]
            upstream = [rules_of[equation.selects], frozenset.intersection(*ways)]
        through = [rules_of[a] for rule in guards.get(name, ()) for a in rule.arguments]
        rules_of[name] = frozenset(own).union(*upstream, *through)
    return Graph(outputs, tuple(inputs), tuple(equations.values()), tuple(order), needs, rules_of)


def _guarding(rule: Rule, guards: Mapping[str, list[Rule]], equations: Iterable[str]) -> Rule:
    """The rule of a gap with the quantities that it makes meaningless in this graph."""
    return replace(rule, guards=tuple(name for name in equations if rule in guards.get(name, ())))
