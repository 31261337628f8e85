"""A study as a dataset that holds nothing. What belongs here: an xarray backend that computes what is asked for, when it is.

Opening reads the study and makes its plan. An index into a variable becomes the same nests over shorter inputs: a point, a slice or a
list of labels costs what its own cells cost, and only the equations behind that variable are compiled or run.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import xarray
from xarray.backends import BackendArray, BackendEntrypoint
from xarray.core import indexing

from sweep.cube import compute, coordinates, dataset
from sweep.engine import blocks, compile, plan, quantiles
from sweep.engine.blocks import CHUNK_CELLS, INTERPRETED_CALLS, Array, Program, Worker, grid, ranges_of
from sweep.engine.nests import Function, source
from sweep.engine.plan import STATUS, Dims, Nest, Plan
from sweep.equations import registry
from sweep.equations.graph import Graph
from sweep.equations.interpret import compute_point
from sweep.errors import SweepError
from sweep.study.definition import Study
from sweep.study.parse import open_study
from sweep.study.sampling import SAMPLE


def open_virtual(study: Study) -> xarray.Dataset:
    """A study as an xarray.Dataset of any size: coordinates are there, variables are computed where they are indexed.

    Basic, orthogonal and vectorised indexing, `sel`, `load` and dask chunks (`.chunk()`) work as for a cube on disk. Raises SweepError.
    """
    made = plan.make(study)
    plan.check(made)
    held = {v.name: (v.dims, v.values, v.attributes) for v in coordinates.coordinates(made)}
    found = {}
    for variable in dataset.outputs(made):
        formula = Formula(made, variable.name)
        data = indexing.LazilyIndexedArray(ComputedArray(formula))
        chunk = quantiles.cut(variable.name, formula.nest.dims, grid(made, formula.nest).chunk)
        chunks = dict(zip(variable.dims, chunk, strict=True))
        found[variable.name] = xarray.Variable(variable.dims, data, variable.attributes, {"preferred_chunks": chunks})
    return xarray.Dataset(found, held, dataset.attributes(made))


class StudyBackend(BackendEntrypoint):
    """`xarray.open_dataset("study.yaml", engine="wattsweep")`; set_, axis and outputs as in `sweep.open_study`."""

    description = "Compute the cube of a wattsweep study where it is indexed"
    open_dataset_parameters = ("filename_or_obj", "drop_variables", "set_", "axis", "outputs")

    def open_dataset(  # type: ignore[override]  # the options of this backend
        self,
        filename_or_obj: str | os.PathLike[Any],
        *,
        drop_variables: str | Iterable[str] | None = None,
        set_: Iterable[str] = (),
        axis: Iterable[str] = (),
        outputs: Iterable[str] = (),
    ) -> xarray.Dataset:
        """The study of a file as a dataset."""
        opened = open_virtual(open_study(os.fspath(filename_or_obj), set_, axis, outputs))
        dropped = [drop_variables] if isinstance(drop_variables, str) else [*(drop_variables or ())]
        return opened.drop_vars(dropped, errors="ignore")

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Whether a file looks like a study: YAML with outputs."""
        if not isinstance(filename_or_obj, str | os.PathLike) or Path(filename_or_obj).suffix not in (".yaml", ".yml"):
            return False
        try:
            return "\noutputs:" in Path(filename_or_obj).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return False


class ComputedArray(BackendArray):
    """One variable of a study; indexing it computes it."""

    def __init__(self, formula: Formula) -> None:
        self.formula = formula
        self.shape = tuple(formula.plan.sizes[dim] for dim in formula.dims)
        self.dtype = blocks.dtype_of(formula.plan, formula.name)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._at)

    def _at(self, key: tuple[int | slice | Array, ...]) -> Array:
        point = [int(index) for index in key if isinstance(index, int | np.integer)]
        if len(point) == len(key):
            return self._finite(np.asarray(self.formula.value(point))).astype(self.dtype)
        places = [np.arange(size)[index] for index, size in zip(key, self.shape, strict=True)]
        size = math.prod(place.size for place in places) * self.dtype.itemsize
        if size > compute.IN_MEMORY_BYTES:
            what = f"{self.formula.plan.study.file}: {self.formula.name}"
            raise SweepError(f"{what}: {size / 1e9:,.0f} GB are too large for memory; index a smaller part, or chunk it")
        values = self.formula.values([np.atleast_1d(place) for place in places])
        return self._finite(values).reshape([place.size for place in places if place.ndim])

    def _finite(self, values: Array) -> Array:
        """The values; an infinite one is an error, as it is where a cube is run."""
        if self.dtype.kind == "f":
            dataset.check_finite(self.formula.plan.study, {self.formula.name: values}, [self.formula.name], "one of the points indexed")
        return values


class Formula:
    """One variable of a plan: the functions behind it, generated when they are first needed and compiled when much is asked for."""

    def __init__(self, plan: Plan, name: str) -> None:
        whole = next(nest for nest in plan.nests if name in nest.outputs)
        self.plan, self.name = plan, name
        self.nest: Nest = replace(whole, outputs=(name,))
        self.dims = quantiles.held(name, whole.dims)
        self._lock = threading.Lock()
        self._code: dict[bool, dict[str, Callable[..., None]]] = {}

    @cached_property
    def _before(self) -> tuple[Nest, ...]:
        """The nests that must be computed before its own."""
        return self.plan.ancestors(self.nest, (self.name,))

    @cached_property
    def _exports(self) -> dict[Dims, Function]:
        return {nest.dims: source(self.plan, nest, nest.exports, "exports") for nest in self._before}

    @cached_property
    def _own(self) -> Function:
        return source(self.plan, self.nest, (self.name,), "outputs")

    @cached_property
    def _varying(self) -> list[str]:
        """The inputs that it reads and that lie on axes."""
        reads = dict.fromkeys(name for function in (self._own, *self._exports.values()) for name in function.reads)
        return [name for name in reads if name in self.plan.inputs and self.plan.inputs[name].dims]

    @cached_property
    def _graph(self) -> Graph:
        return self.plan.study.graph_of([self.name])

    def value(self, place: list[int]) -> float:
        """The variable at one label of each of its axes, interpreted."""
        if self.name == STATUS or SAMPLE in self.nest.dims:
            return self.values([np.array([at]) for at in place]).reshape(-1)[0].item()  # type: ignore[no-any-return]
        at = dict(zip(self.nest.dims, place, strict=True))
        held = self.plan.inputs
        inputs = {n: float(held[n].values[tuple(at[dim] for dim in held[n].dims)]) for n in self._graph.inputs}
        return compute_point(self._graph, inputs).values[self.name]

    def values(self, places: list[Array]) -> Array:
        """The variable at the labels `places` of each of its axes, in all their combinations; shape (len of each)."""
        if SAMPLE in self.nest.dims:  # all draws of a point are needed for each of its quantiles
            outer = places[: len(self.nest.dims) - 1]
            found = self._computed([*outer, np.arange(self.plan.sizes[SAMPLE])])
            return found if self.name == STATUS else found[..., places[-1]]
        return self._computed(places)

    def _computed(self, places: list[Array]) -> Array:
        at = dict(zip(self.nest.dims, places, strict=True))
        cut = self.plan.at(at, self._varying)
        lengths = tuple(len(place) for place in places)
        out = np.empty(quantiles.cut(self.name, self.nest.dims, lengths), blocks.dtype_of(cut, self.name))
        if not out.size:
            return out
        worker = Worker(self._program(cut))
        shape = lengths if math.prod(lengths) <= CHUNK_CELLS else grid(cut, self.nest).block
        for block in ranges_of(0, lengths, shape):
            spans = dict(zip(self.nest.dims, block.ranges, strict=True))
            worker.prepare(self._before, spans)
            part = np.empty(block.shape, out.dtype) if block.shape != out.shape else out
            worker.call(self._own, spans, {self.name: part})
            out[block.region(self.dims)] = quantiles.reduce(self.name, part) if SAMPLE in self.nest.dims else part
        return out

    def _program(self, cut: Plan) -> Program:
        """The functions over shortened axes: interpreted where little is asked for, else compiled, once."""
        calls = {self._own.name: self._own.cost * cut.cells(self.nest.dims)}
        calls |= {function.name: function.cost * cut.cells(dims) for dims, function in self._exports.items()}
        small = sum(calls.values()) <= INTERPRETED_CALLS
        program = Program(cut, self._exports, {self.nest.dims: self._own}, calls)
        with self._lock:
            registry.only(self.plan.study.equations)
            if small not in self._code:
                functions = [*self._exports.values(), self._own]
                made = compile.interpreted(functions) if small else compile.compiled(functions, self.plan.study.equations)
                self._code[small] = made
        program.__dict__["code"] = self._code[small]  # what is ready need not be looked up under its digest again
        return program
