"""Which regime of published results each point is in. What belongs here: conditions of configs/accuracy.yaml over values of inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, reduce
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from sweep.catalog.accuracy import Regime
from sweep.study.conditions import OPERATORS, Condition, conditions
from sweep.study.ranges import Values

Over: TypeAlias = tuple[tuple[str, ...], Values]  # axes, and values with one dimension for each of them
NONE = -1


@cache
def stated(text: str) -> tuple[Condition, ...]:
    """The conditions that a regime is stated with."""
    return tuple(conditions([text])) if text else ()


def meets(condition: Condition, values: Mapping[str, Values]) -> npt.NDArray[np.bool_]:
    """Where a condition holds; nowhere without the values that it reads."""
    if not set(condition.names) <= set(values):
        return np.array(False)
    found: npt.NDArray[np.bool_] = OPERATORS[condition.operator](
        values[condition.name], values[condition.other] if condition.other else condition.value
    )
    return np.asarray(found)


def places(regimes: Sequence[Regime], read: Callable[[str], Over | None]) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    """The first regime that holds at each point, over the axes that its conditions read; NONE where none does.

    read: the values of an input, None where a study has none.
    """
    names = dict.fromkeys(name for regime in regimes for one in stated(regime.when) for name in one.names)
    known = {name: over for name in names if (over := read(name))}
    dims = tuple(dict.fromkeys(dim for over in known.values() for dim in over[0]))
    values = {name: _spread(over, dims) for name, over in known.items()}
    shape = np.broadcast_shapes(*(array.shape for array in values.values())) if values else ()
    found = np.full(shape, NONE)
    for i, regime in reversed([*enumerate(regimes)]):
        holds = reduce(np.logical_and, (meets(one, values) for one in stated(regime.when)), np.array(True))
        found = np.where(holds, i, found)
    return dims, found


def _spread(over: Over, dims: tuple[str, ...]) -> Values:
    """Values with one dimension for each of some axes, in that order."""
    own, values = over
    order = [own.index(dim) for dim in dims if dim in own]
    sizes = iter(np.shape(values)[i] for i in order)
    return np.transpose(values, order).reshape([next(sizes) if dim in own else 1 for dim in dims])


def beyond(regime: Regime, point: Mapping[str, float]) -> list[Condition]:
    """The conditions on the inputs of a regime's results that a point does not meet: there it is extrapolated."""
    values = {name: np.array(value) for name, value in point.items()}
    return [one for one in stated(regime.within) if set(one.names) <= set(values) and not meets(one, values)]
