"""What stands along the axes of a cube. What belongs here: labels and columns as coordinates, and how a quantity is described."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sweep.catalog.parameters import LARGEST_WHOLE
from sweep.catalog.sources import sources
from sweep.catalog.units import cf_units, customary
from sweep.engine.blocks import Array
from sweep.engine.plan import QUANTILE, QUANTILES, Dims, Plan
from sweep.equations.quantities import quantity
from sweep.equations.registry import EQUATIONS
from sweep.study.sampling import SAMPLE


@dataclass(frozen=True)
class Variable:
    """A variable of a cube; values are there for coordinates, outputs are still to be computed."""

    name: str
    dims: Dims
    dtype: np.dtype[Any] | type[str]
    attributes: dict[str, Any] = field(default_factory=dict)
    values: Array | None = None


def coordinates(plan: Plan) -> list[Variable]:
    """The labels of each axis, the columns that a study writes, and the inputs that are asked for as outputs."""
    return [v for v in _given(plan) if _shown(plan, v.name)]


def columns(plan: Plan) -> dict[str, dict[str, Any]]:
    """The inputs that a catalogue gives along axes and that are no coordinates, as xarray.Dataset.from_dict reads them."""
    found = {}
    for v in _given(plan):
        if not _shown(plan, v.name):
            assert v.values is not None
            data = v.values.astype(object)
            if v.values.dtype.kind == "f":
                data[~np.isfinite(v.values)] = None  # JSON has no NaN
            found[v.name] = {"dims": v.dims, "attrs": v.attributes, "data": data.tolist()}
    return found


def _shown(plan: Plan, name: str) -> bool:
    """Whether an input stands in sight among the coordinates; what a catalogue has of dozens of figures would hide the axes."""
    return name in {QUANTILE, *plan.order, *_written(plan), *plan.graph.outputs}


def _written(plan: Plan) -> list[str]:
    """The inputs that the study itself writes along axes."""
    return [name for dim in plan.order if not plan.study.axes[dim].rows for name in plan.study.axes[dim].columns]


def _given(plan: Plan) -> list[Variable]:
    """The labels and columns of each axis, and the inputs that lie on axes or are asked for as outputs."""
    found = []
    if SAMPLE in plan.order:
        told = {"units": "1", "long_name": f"quantile of {plan.sizes[SAMPLE]} draws of uncertain inputs"}
        found.append(Variable(QUANTILE, (QUANTILE,), np.dtype(np.float64), told, np.array(QUANTILES)))
    for name in plan.order:
        axis = plan.study.axes[name]
        if axis.labels is not None and name != SAMPLE:
            words = np.array(axis.labels, dtype=object)
            found.append(Variable(name, (name,), str, {"long_name": f"{name} of the study"}, words))
    for name in dict.fromkeys([*_written(plan), *plan.inputs]):
        held = plan.inputs.get(name) or plan.study.input_values(name)
        if SAMPLE in held.dims:
            continue
        dims = tuple(dim for dim in plan.order if dim in held.dims)
        if (not held.dims and name not in plan.graph.outputs) or (held.dims == (name,) and plan.study.axes[name].labels is not None):
            continue
        ordered = held.values.transpose([held.dims.index(dim) for dim in dims]).copy()
        choices = quantity(name).choices
        if choices:
            words = np.array(choices, dtype=object)[ordered.astype(int)]
            found.append(Variable(name, dims, str, {"long_name": quantity(name).meaning}, np.asarray(words, dtype=object)))
        else:
            found.append(_numbers(name, dims, ordered))
    return found


def _numbers(name: str, dims: Dims, values: Array) -> Variable:
    """An input as a coordinate: whole numbers as integers, and the unit to show it in."""
    attributes = described(name)
    unit = quantity(name).unit
    known = np.abs(values[np.isfinite(values)])
    if known.size and (shown := customary(float(np.median(known)), unit)) != unit:
        attributes["display_units"] = shown
    whole = quantity(name).whole and known.size == values.size and (known < LARGEST_WHOLE).all() and (values == np.trunc(values)).all()
    return Variable(name, dims, np.dtype(np.int64 if whole else np.float64), attributes, values.astype(np.int64) if whole else values)


def described(name: str) -> dict[str, Any]:
    """The CF attributes of a quantity: units that any unit library reads, its meaning, and where its formula is from."""
    known = quantity(name)
    attributes: dict[str, Any] = {"units": cf_units(known.unit), "long_name": known.meaning}
    if known.unit != attributes["units"]:
        attributes["unit_in_words"] = known.unit
    if name in EQUATIONS:
        equation = EQUATIONS[name]
        source = sources().get(equation.source)
        attributes["formula"] = equation.formula
        attributes["source"] = f"{source.title}, {source.reference}" if source else equation.source
    return attributes
