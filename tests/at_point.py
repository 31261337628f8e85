"""One quantity at one point of the shipped equations and catalogues. What belongs here: what the tests of kernels/ evaluate with."""

import math

from sweep.catalog import entries, parameters
from sweep.catalog.units import to_si
from sweep.equations import graph, interpret, quantities, registry

registry.load()
WORDS = {name: p.choices for name, p in parameters.parameters().items() if p.choices}


def prepared(outputs, select=None, **given):
    """The graph of some quantities and its inputs at one point: catalogue entries by name, all else as text with its unit or in SI."""
    select = dict(select or {})
    choices = {name: float(words.index(given.pop(name))) for name, words in WORDS.items() if name in given}
    values = {n: p.default.value for n, p in parameters.parameters().items() if p.default} | choices
    figures = {}
    for name, entry in select.items():
        found = entries.entry(name, entry)
        for other, target in found.links.items():
            if other not in select:
                figures |= entries.entry(other, target).figures
        figures |= found.figures
    for name, p in parameters.parameters().items():
        if p.by:
            word = WORDS[p.by][int(values[p.by])]
            if p.catalogue in select or any(key == name for key, _ in figures):
                values[name] = figures[name, word].value if (name, word) in figures else math.nan
        elif (name, "") in figures:
            values[name] = figures[name, ""].value
    for name, value in given.items():
        values[name] = to_si(value, quantities.unit_of(name)) if isinstance(value, str) else float(value)
    fixed = {name: values[name] for name in WORDS if name in values}
    gaps = [name for name, number in values.items() if math.isnan(number)]
    resolved = graph.resolve(outputs, given=given, fixed=fixed, gaps=gaps)
    return resolved, {name: values[name] for name in resolved.inputs}


def evaluate(output, select=None, **given):
    """One quantity at one point; also the flags."""
    result = interpret.compute_point(*prepared([output], select, **given))
    return result.values[output], {rule.name for rule in result.broken}


def by_hand(name, given):
    """One equation called with the numbers that are given, a choice by its word, and every other argument at its default."""
    equation = registry.EQUATIONS[name]
    known = parameters.parameters()
    chosen = {key: WORDS[key].index(word) if key in WORDS else word for key, word in given.items()}
    assert set(chosen) <= set(equation.arguments), f"{name} takes {equation.arguments}"
    return equation.function(**{key: chosen[key] if key in chosen else known[key].default.value for key in equation.arguments})


def value(output, select=None, **given):
    return evaluate(output, select, **given)[0]


def names_of(name, prefix=""):
    return [entry for entry in entries.entry_names(name) if entry.startswith(prefix)]
