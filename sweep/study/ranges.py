"""The values along an axis. What belongs here: a list, a range as a mapping, or a range as a text, to numbers in SI.

What kind of axis a study writes is for axes.py.
"""

from __future__ import annotations

import math
import re
from contextlib import suppress
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from sweep.catalog.document import Node
from sweep.catalog.parameters import Parameter
from sweep.catalog.units import to_si, unit_factor
from sweep.equations.quantities import quantity
from sweep.errors import SweepError, suggestion

Values: TypeAlias = npt.NDArray[np.float64]
LONGEST = 10_000_000
RANGE_KEYS = ("from", "to", "step", "points", "scale")
RANGE_TEXT = re.compile(r"^([^:]+):([^:]+):(?:(log|lin)(?:ear)?(\d+)|([^:]+))$")


def whole_number(node: Node) -> int:
    with suppress(ValueError, OverflowError):
        if float(node.text) == int(float(node.text)):
            return int(float(node.text))
    node.fail("must be an integer")


def axis_values(name: str, node: Node, distinct: bool = True) -> Values:
    """The values of one quantity along an axis: a list, a range as a mapping, or as the text from:to:step or from:to:log20."""
    parameter = quantity(name)
    if parameter.by:
        node.fail(f"{name} differs by {parameter.by}; sweep {parameter.by} or the catalogue instead")
    if not node.is_list and not node.is_mapping:
        match = RANGE_TEXT.match(node.text)
        if match:
            start, stop, scale, points, step = match.groups()
            text = {"from": start, "to": stop} | ({"step": step} if step else {"points": points, "scale": scale.replace("lin", "linear")})
            node = Node({key: Node(value, node.file, node.line, node.key) for key, value in text.items()}, node.file, node.line, node.key)
        elif ":" in node.text:
            node.fail("a range reads from:to:step, from:to:log20 or from:to:lin20")
    if node.is_mapping:
        return _range(parameter, node)
    words = parameter.choices if node.value == "all" else ()
    values = np.array([*range(len(words))] or [parameter.read(item) for item in items_of(node)], float)
    if distinct:
        check_distinct(tuple(f"{value!r}" for value in values.tolist()), node)
    return values


def _range(parameter: Parameter, node: Node) -> Values:
    given = node.mapping(RANGE_KEYS)
    for key in ("from", "to"):
        if key not in given:
            node.fail(f"a range needs {key!r}, for example {{from: 1, to: 2, points: 11}}")
    if ("step" in given) == ("points" in given):
        node.fail("a range needs either a step or the number of its points")
    if parameter.choices:
        node.fail(f"{parameter.name} takes words, not a range{suggestion('', parameter.choices)}")
    start, stop = parameter.read(given["from"]), parameter.read(given["to"])
    scale = given["scale"].text if "scale" in given else "linear"
    if scale not in ("linear", "log"):
        given["scale"].fail(f"a scale is linear or log{suggestion(scale, ('linear', 'log'))}")
    if "step" in given:
        if scale == "log":
            given["scale"].fail("a logarithmic range needs points, not a step")
        try:
            step = to_si(given["step"].text, parameter.unit)
        except SweepError as error:
            given["step"].fail(str(error))
        if not step or (stop - start) / step < 0:
            given["step"].fail(f"does not lead from {given['from'].text} to {given['to'].text}")
        count = (stop - start) / step * (1 + 1e-12) + 1e-9
        points = _count(math.floor(count) + 1, node)
        values = start + step * np.arange(points)
    else:
        points = _count(whole_number(given["points"]), given["points"])
        if points == 1 and start != stop:
            given["points"].fail("one point cannot be both ends of a range")
        if scale == "log":
            if min(start, stop) <= 0:
                node.fail("a logarithmic range must stay above zero")
            values = np.geomspace(start, stop, points)
        else:
            values = np.linspace(start, stop, points)
    if parameter.whole:
        return np.unique(np.round(values)) if stop >= start else np.unique(np.round(values))[::-1]
    # 12 digits in the unit that the user writes
    scale_of_text = 1.0 if parameter.calendar else unit_factor(given["from"].text, parameter.unit)
    return np.array([float(f"{value:.12g}") * scale_of_text for value in (values / scale_of_text).tolist()])


def _count(points: int, node: Node) -> int:
    if points < 1:
        node.fail("an axis needs at least one point")
    if points > LONGEST:
        node.fail(f"an axis of {points:.3g} points is longer than any disk here could hold; {LONGEST:,} is the longest")
    return points


def items_of(node: Node) -> list[Node]:
    """The labels that a node lists; text such as "8, 16" lists them, too."""
    parts = [] if node.is_list else [part.strip() for part in node.text.split(",") if part.strip()]
    items = node.items if node.is_list else [Node(part, node.file, node.line, node.key) for part in parts]
    if not items:
        node.fail("an axis needs at least one label")
    return items


def check_distinct(labels: tuple[str, ...], node: Node) -> None:
    seen: set[str] = set()
    for label in labels:
        if label in seen:
            node.fail(f"{label} is on this axis twice")
        seen.add(label)
