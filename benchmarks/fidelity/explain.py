"""Why a prediction is what it is. What belongs here: the terms of a predicted quantity and the share that each has in it.

The share of a term is how much the quantity follows it: the relative change of the quantity over that of the term, when the term
alone is raised by a tenth. Terms that hide behind others have none, whatever their own size.
"""

from __future__ import annotations

import math

from benchmarks.fidelity.evaluation import Evaluator, Inputs
from sweep.equations import graph, quantities, registry

RAISED = 1.1
SHOWN = 0.02
OF_TIME = {"s", "J/token", "s/token", "token/s"}
WHOLE = ("bubble_time", "data_parallel_wait", "recompute_time")  # named even though made of other terms


def terms(quantity: str, inputs: Inputs, unlimited: bool = True) -> list[tuple[str, float]]:
    """The terms in the quantity's own unit (of a time or an energy also those in seconds) that are made of no such terms; the largest
    share first. Inputs count where no such term holds them."""
    registry.load()
    if quantity not in registry.EQUATIONS:
        return []
    free = {"gpu_memory": math.inf} if unlimited else {}
    evaluator = Evaluator((quantity,))
    base = evaluator.predict(inputs, **free)
    whole = base.values[quantity]
    if not math.isfinite(whole) or whole == 0:
        return []
    which = graph.resolve((quantity,), {*inputs.given, *free})
    units = {quantities.unit_of(quantity)} | ({"s"} if quantities.unit_of(quantity) in OF_TIME else set())
    leaves = [e.name for e in which.equations if e.name != quantity and e.unit in units and _leaf(e, units, inputs)]
    readers = [e for e in which.equations if e.name not in leaves]
    given = [name for name in which.inputs if quantities.unit_of(name) in units and any(name in e.arguments for e in readers)]
    found = []
    for name in (*leaves, *given):
        value = base.terms.get(name, math.nan)
        if math.isfinite(value) and value > 0:
            raised = evaluator.predict(inputs, **free, **{name: value * RAISED}).values[quantity]
            found.append((name, (raised / whole - 1) / (RAISED - 1)))
    return sorted((term for term in found if abs(term[1]) >= SHOWN), key=lambda term: -abs(term[1]))


def words(found: list[tuple[str, float]], most: int = 5) -> str:
    """The largest terms as a sentence for a table cell."""
    return ", ".join(f"{name.replace('_', ' ')} {100 * share:.0f} %" for name, share in found[:most])


def _leaf(equation: registry.Equation, units: set[str], inputs: Inputs) -> bool:
    if equation.name in WHOLE:
        return True
    computed = (registry.EQUATIONS[a] for a in equation.arguments if a in registry.EQUATIONS and a not in inputs.given)
    return not any(argument.unit in units for argument in computed)
