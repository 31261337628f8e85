"""What a cube says of itself. What belongs here: outputs, attributes, provenance and identity of a plan's result."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np

from sweep.catalog import digest
from sweep.catalog.units import show
from sweep.cube.coordinates import Variable, columns, described
from sweep.engine import compile, quantiles
from sweep.engine.blocks import Array, Block, dtype_of
from sweep.engine.plan import STATUS, Plan
from sweep.equations.graph import Graph
from sweep.equations.quantities import quantity
from sweep.errors import SweepError
from sweep.study.definition import InputValues, Study
from sweep.study.sampling import SAMPLE

PIECE = 1 << 16  # cells that stay in the cache while they are read three times
PACKAGES = ("wattsweep", "numba", "numpy", "zarr")
Statistics = dict[str, tuple[float, float, int]]


def outputs(plan: Plan) -> list[Variable]:
    """The variables that the blocks will fill."""
    found = []
    excluded = {name for rule in plan.graph.rules for name in plan.graph.excludes(rule)}
    for nest in plan.output_nests:
        for name in nest.outputs:
            attributes = _status(plan) if name == STATUS else described(name)
            if name in excluded:
                attributes["ancillary_variables"] = STATUS
            if name != STATUS and (checked := accuracies(plan.study, plan.graph, name)):
                attributes["accuracy"] = checked
            if plan.study.outputs.get(name):
                attributes["display_units"] = plan.study.outputs[name]
            found.append(Variable(name, quantiles.held(name, nest.dims), dtype_of(plan, name), attributes))
    return found


def accuracies(study: Study, graph: Graph, name: str) -> str:
    """The measured errors of a quantity, or of what it is computed from; empty where no published result gives them."""
    behind = graph.behind(name)
    return "; ".join(f"{key}: {line}" for key, line in study.checked(graph) if key in behind)


def _status(plan: Plan) -> dict[str, Any]:
    bits = [1 << bit for bit in range(len(plan.graph.rules))]
    excluded = {rule.name: [name for name in plan.graph.excludes(rule) if name in plan.graph.outputs] for rule in plan.graph.rules}
    return {
        "units": "1",
        "long_name": "rules that a point breaks; 0 where it breaks none",
        "flag_masks": bits,
        "flag_meanings": " ".join(rule.name for rule in plan.graph.rules),
        "flag_sentences": json.dumps({rule.name: rule.meaning for rule in plan.graph.rules}),
        "flag_guards": json.dumps(excluded),
    }


def now() -> str:
    """The time as a cube says when it was made."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def attributes(plan: Plan) -> dict[str, Any]:
    """The provenance of a cube: enough to make it again and to know what was assumed."""
    return {
        "Conventions": "CF-1.11",
        "title": plan.study.title,
        "comment": plan.study.about,
        "source": f"wattsweep {version('wattsweep')}",
        "created": now(),
        "study": plan.study.file,
        "written": json.dumps(asdict(plan.study.written)),
        "axes": json.dumps(plan.order),
        "point": json.dumps({name: plan.study.point.get(name, 0) for name in plan.order if name != SAMPLE}),
        "identity": json.dumps(identity(plan)),
        "inputs": json.dumps(inputs(plan)),
        "columns": json.dumps(columns(plan)),
        "assumed": json.dumps(assumed(plan)),
        "catalogue_digest": digest.catalogue_digest(),
        "kernel_digest": compile.kernel_digest(plan.study.equations),
        "versions": json.dumps({package: version(package) for package in PACKAGES}),
    }


def inputs(plan: Plan) -> dict[str, dict[str, Any]]:
    """Every input that was used and lies on no axis: value in SI, unit, and where it is from."""
    found: dict[str, dict[str, Any]] = {}
    for name, held in _stated(plan).items():
        if held.dims:
            continue
        figure = plan.study.figure(name)
        value = float(held.values)
        entry: dict[str, Any] = {"value": quantity(name).told(value), "unit": quantity(name).unit, "origin": held.origin}
        by = quantity(name).by
        if by and by in plan.study.choices:
            entry[by] = quantity(by).told(plan.study.choices[by])
        if name in plan.study.uncertain and (ends := plan.study.range_of(name)) and not ends[0].dims:
            entry |= {"low": float(ends[0].values), "high": float(ends[1].values)}
            if regime := plan.study.regime(plan.study.residual_of(name), {}):
                entry["range"] = regime.range
        if figure:
            entry |= {key: text for key in ("source", "at", "assumed", "derived", "range") if (text := getattr(figure, key))}
        found[name] = entry
    return found


def _stated(plan: Plan) -> Mapping[str, InputValues]:
    """The inputs as they are stated, where a sample draws them around that."""
    return {name: plan.study.stated.input_values(name) for name in plan.inputs}


def assumed(plan: Plan) -> dict[str, str]:
    """Every assumed number that the result rests on, with the reason."""
    found: dict[str, str] = {}
    for name, held in _stated(plan).items():
        if not held.dims:
            figure = plan.study.figure(name)
            if figure and figure.assumed:
                found[name] = figure.assumed
            continue
        for row in (row for axis in plan.study.axes.values() for row in axis.rows if name in axis.columns):
            for (key, word), given in row.figures.items():
                if key == name and given.assumed:
                    found[f"{name} of {row.label}{' in ' + word if word else ''}"] = given.assumed
    return found


def identity(plan: Plan) -> dict[str, str]:
    """What makes two results the same cube: axes, inputs, outputs and equations, each as one short text."""
    found = {f"output {v.name}": f"({', '.join(v.dims)})" for v in outputs(plan)}
    for name in plan.order:
        axis = plan.study.axes[name]
        ends = f"{axis.labels[0]} .. {axis.labels[-1]}" if axis.labels else f"{axis.columns[name][0]:g} .. {axis.columns[name][-1]:g}"
        found[f"axis {name}"] = f"{axis.size} labels, {ends}, #{_digest(repr(axis.labels))}"
    for name, held in plan.inputs.items():
        if held.dims:
            found[f"input {name}"] = f"over {', '.join(plan.dims[name])}, #{_digest(held.values.tobytes())}"
        else:
            found[f"input {name}"] = show(float(held.values), quantity(name).unit) + f", #{_digest(held.values.tobytes())}"
    found["text of the equations"] = f"as it was, #{compile.equations_digest(plan.study.equations)[:12]}"
    return found


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """What differs between two identities, in words."""
    found = []
    for key in [*old, *(key for key in new if key not in old)]:
        before, after = old.get(key), new.get(key)
        if before != after:
            plain = [text.split(", #")[0] if text else "absent" for text in (before, after)]
            found.append(f"{key} was {plain[0]}, is {plain[1]}" if plain[0] != plain[1] else f"{key} has changed")
    return found


def actual_range(plan: Plan, statistics: Mapping[str, tuple[float, float, int]], name: str) -> dict[str, Any]:
    """The attributes that say what a filled output holds: its range and how many cells have a value."""
    low, high, count = statistics[name]
    found: dict[str, Any] = {"valid_cells": count, "cells": plan.cells(quantiles.held(name, plan.dims[name]))}
    if count and math.isfinite(low):
        found["actual_range"] = [low, high]
    return found


def measured(plan: Plan, block: Block, values: Mapping[str, Array]) -> Statistics:
    """The statistics of the outputs of a block; an infinite value is an error, for it is no result and no impossible point."""
    found = {name: statistics(array) for name, array in values.items()}
    for name, (low, high, count) in found.items():
        if count and (math.isinf(low) or math.isinf(high)):
            place = np.argwhere(np.isinf(values[name]))[0]
            dims = quantiles.held(name, plan.dims[name])
            at = [_label(plan, dim, block.ranges[i][0] + int(place[i])) for i, dim in enumerate(dims) if dim in plan.study.axes]
            raise SweepError(f"{plan.study.file}: {infinite(name)} at {', '.join(at) or 'its point'}")
    return found


def check_finite(study: Study, values: Mapping[str, Any], names: Iterable[str], at: str) -> None:
    """Raise SweepError where a value of one of some quantities is infinite as a cube would hold it. at: the place, in words."""
    for name in names:
        with np.errstate(over="ignore"):
            if np.isinf(np.asarray(values[name]).astype(np.float32)).any():
                raise SweepError(f"{study.file}: {infinite(name)} at {at}")


def infinite(name: str) -> str:
    """What is said of a quantity that has an infinite value."""
    return f"{name} is infinite, for it divides by zero or is too large for a number,"


def _label(plan: Plan, dim: str, index: int) -> str:
    return f"{dim} = {plan.study.word(dim, index)}"


def statistics(values: Array) -> tuple[float, float, int]:
    """Smallest and largest value and how many cells have one."""
    flat = values.reshape(-1)
    if flat.dtype.kind != "f":
        return float(flat.min()), float(flat.max()), int(np.count_nonzero(flat == 0))
    low, high, count = np.inf, -np.inf, 0
    for start in range(0, flat.size, PIECE):
        piece = flat[start : start + PIECE]
        least = piece.min()
        if least == least:  # NaN where any cell is: a piece without gaps, as most are, is done in two passes
            low, high, count = min(low, least), max(high, piece.max()), count + piece.size
        else:
            low, high = np.fmin(low, np.fmin.reduce(piece)), np.fmax(high, np.fmax.reduce(piece))
            count += int(np.count_nonzero(piece == piece))
    return float(low), float(high), count


def merge(into: Statistics, new: Mapping[str, Iterable[float]]) -> None:
    """Add the statistics of one block to those of the blocks before it."""
    for name, given in new.items():
        low, high, count = given
        if name in into:
            before = into[name]
            low, high, count = float(np.fmin(low, before[0])), float(np.fmax(high, before[1])), int(count) + before[2]
        into[name] = (low, high, int(count))


def _digest(content: bytes | str) -> str:
    return hashlib.sha256(content if isinstance(content, bytes) else content.encode()).hexdigest()[:12]
