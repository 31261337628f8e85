"""Quantities by name, given or computed. What belongs here: the unit and the meaning of each, and how a value of it is read."""

from __future__ import annotations

from sweep.catalog.parameters import Parameter, parameters
from sweep.equations import registry


def names() -> set[str]:
    """Every quantity that there is: inputs and computed ones."""
    registry.load()
    return set(registry.EQUATIONS) | set(parameters())


def unit_of(name: str) -> str:
    """The SI unit of a quantity, input or computed."""
    registry.load()
    if name in registry.EQUATIONS:
        return registry.EQUATIONS[name].unit
    return parameters()[name].unit


def meaning_of(name: str) -> str:
    """One line that says what a quantity is."""
    registry.load()
    if name in registry.EQUATIONS:
        return registry.EQUATIONS[name].meaning
    return parameters()[name].meaning


def quantity(name: str) -> Parameter:
    """How a value of a quantity is read: a parameter as it stands, a computed quantity by its unit."""
    if name in parameters():
        return parameters()[name]
    return Parameter(name, unit_of(name), registry.EQUATIONS[name].meaning)
