"""Conditions such as "time_to_train <= 90 d". What belongs here: text to comparisons; nothing is ever evaluated as code."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sweep.catalog.document import Node
from sweep.catalog.parameters import Parameter, catalogues
from sweep.catalog.units import comparable
from sweep.equations.quantities import names, quantity
from sweep.errors import SweepError, suggestion

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "==": operator.eq,
    "!=": operator.ne,
}
TURNED = {"<=": ">=", ">=": "<=", "<": ">", ">": "<", "==": "==", "!=": "!="}
COMPARISON = re.compile(r"\s*(<=|>=|==|!=|<|>)\s*")


@dataclass(frozen=True)
class Condition:
    """A quantity compared with a number in SI, or with another quantity of the same unit."""

    name: str
    operator: str
    value: float
    text: str
    other: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The quantities that the condition reads."""
        return (self.name, self.other) if self.other else (self.name,)


def conditions(texts: Iterable[str], more: Iterable[Parameter] = ()) -> list[Condition]:
    """The comparisons in some texts; several in one are joined by `and`, and bounds may stand on both sides.

    more: quantities that a cube holds and no equation or catalogue here defines.
    """
    known = {p.name: p for p in more} | {name: quantity(name) for name in names()}
    found = []
    for text in texts:
        if re.search(r"\s+or\s+|\|", text):
            raise SweepError(f"--where {text.strip()!r}: all conditions must hold, joined by `and`; ask twice for one `or` the other")
        for clause in re.split(r"\s+and\s+|\s*,(?!\d{3}\b)\s*", text.strip()):
            found += _clause(clause, known)
    return found


def _clause(text: str, known: Mapping[str, Parameter]) -> list[Condition]:
    parts = COMPARISON.split(text.strip())
    if len(parts) == 3:
        left, sign, right = parts
        if left not in known and right in known:
            left, sign, right = right, TURNED[sign], left
        return [_condition(left, sign, right, text, known)]
    if len(parts) == 5:
        low, first, name, second, high = parts
        return [_condition(name, TURNED[first], low, text, known), _condition(name, second, high, text, known)]
    raise SweepError(f"--where {text!r}: must compare a quantity with a value, such as 'time_to_train <= 90 d'")


def _condition(name: str, sign: str, value: str, text: str, known: Mapping[str, Parameter]) -> Condition:
    if name in catalogues() or name == "split":
        way = f"--set {name}={value} holds a study at one of them, --per {name} names the best for each"
        raise SweepError(f"--where {text!r}: {name} has labels, not values; {way}")
    if name not in known:
        raise SweepError(f"--where {text!r}: unknown quantity {name!r}{suggestion(name, known)}")
    number, other = known[name], known.get(value.strip())
    if other:
        if not comparable(other.unit, number.unit):
            raise SweepError(f"--where {text!r}: {name} is in {number.unit} and {other.name} in {other.unit}")
        return Condition(name, sign, math.nan, text.strip(), other.name)
    unbounded = replace(number, minimum=None, maximum=None, whole=False)
    try:
        return Condition(name, sign, unbounded.read(Node(value, "--where", 0, name)), text.strip())
    except SweepError as error:
        raise SweepError(f"--where {text!r}: {str(error).split(': ', 2)[-1]}") from None
