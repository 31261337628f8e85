"""Which quantity runs over which axes. What belongs here: the graph of a study, cut into nests, one for each set of axes.

An equation runs exactly once for each distinct combination of the axes that it depends on: it lives in the nest of just these
axes and reads what smaller nests have computed. How a nest is written as code is for nests.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from sweep.equations.graph import Graph
from sweep.equations.registry import Equation, Rule
from sweep.errors import SweepError, nearest
from sweep.study.definition import InputValues, Study
from sweep.study.sampling import SAMPLE

Dims = tuple[str, ...]
STATUS = "status"
QUANTILE = "quantile"  # the axis that a cube has in place of a sample
QUANTILES = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class Step:
    """One line of a nest: it computes `name` from `reads`. `valid` names the mask under which the value means anything."""

    name: str
    reads: tuple[str, ...]
    what: Equation | Rule | frozenset[int] | None
    valid: str | None = None

    @property
    def needs(self) -> tuple[str, ...]:
        """What must be known before this line: what it reads, and its mask."""
        return (*self.reads, self.valid) if self.valid else self.reads


@dataclass(frozen=True)
class Nest:
    """A loop over the axes `dims` and the steps inside. exports: what larger nests read. outputs: what the cube holds."""

    dims: Dims
    steps: tuple[Step, ...]
    exports: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """A study cut into nests: `order` has the axes from the outermost to the innermost, `nests` stand before their readers."""

    study: Study
    graph: Graph
    order: Dims
    sizes: Mapping[str, int]
    inputs: Mapping[str, InputValues]
    dims: Mapping[str, Dims]
    nests: tuple[Nest, ...]

    def cells(self, dims: Dims) -> int:
        """How many points a set of axes spans."""
        return math.prod(self.sizes[dim] for dim in dims)

    def at(self, labels: Mapping[str, npt.NDArray[np.int64]], names: Iterable[str] | None = None) -> Plan:
        """The same over some labels of each axis, by their places. names: of the inputs that will be read, where these are not all."""
        found = dict(self.inputs)
        for name in self.inputs if names is None else names:
            held = self.inputs[name]
            wanted = [labels.get(dim, np.arange(size)) for dim, size in zip(held.dims, held.values.shape, strict=True)]
            if wanted:
                found[name] = replace(held, values=held.values[np.ix_(*wanted)])
        return replace(self, inputs=found, sizes={**self.sizes, **{dim: len(places) for dim, places in labels.items()}})

    @property
    def output_nests(self) -> tuple[Nest, ...]:
        """The nests that the cube takes variables from."""
        return tuple(nest for nest in self.nests if nest.outputs)

    def ancestors(self, nest: Nest, wanted: Iterable[str]) -> tuple[Nest, ...]:
        """The smaller nests whose exports the steps behind `wanted` read, each before its readers."""
        steps = {step.name: step for n in self.nests for step in n.steps}
        exports = {n.dims: n.exports for n in self.nests}
        todo, seen, used = list(wanted), set(), {nest.dims}
        while todo:
            name = todo.pop()
            if name not in steps or name in seen:
                continue
            seen.add(name)
            todo += steps[name].needs
            if self.dims[name] not in used:  # a nest that is used computes all that it exports
                used.add(self.dims[name])
                todo += exports[self.dims[name]]
        return tuple(n for n in self.nests if n.dims in used and n.dims != nest.dims)


def make(study: Study, outputs: Iterable[str] | None = None, exported: Iterable[str] = ()) -> Plan:
    """The plan of a study for its outputs, or for others. The same study gives the same plan.

    exported: quantities that something outside the nests reads, too. Axes on which nothing depends are not in the plan.
    """
    wanted = tuple(study.outputs if outputs is None else outputs)
    graph = study.graph_of(wanted)
    inputs = {name: study.input_values(name) for name in graph.inputs}
    steps = _steps(graph)
    touch = _touch(graph, inputs, steps)
    order = tuple(axis for axis in axis_order(study) if any(axis in dims for dims in touch.values()))
    dims = {name: tuple(dim for dim in order if dim in found) for name, found in touch.items()}
    sizes = {name: study.axes[name].size for name in order} | ({QUANTILE: len(QUANTILES)} if SAMPLE in order else {})
    kept = (*wanted, *((STATUS,) if graph.rules and not exported else ()))
    return Plan(study, graph, order, sizes, inputs, dims, _nests(steps, dims, kept, set(exported)))


def check(plan: Plan) -> None:
    """Raise where nothing is computed, or where a study has an axis on which no output depends."""
    if not plan.output_nests:
        raise SweepError(f"{plan.study.file}: outputs: nothing is to be computed; {', '.join(plan.study.outputs)}: given by the study")
    for name, axis in plan.study.axes.items():
        if name not in plan.order:
            if name == SAMPLE:
                raise SweepError(f"{axis.place}: axes.{name}: no input of the outputs has a low and a high")
            advice = f"leave it out or add an output that does{nearest(name, plan.graph.read)}"
            raise SweepError(f"{axis.place}: axes.{name}: no output depends on it; {advice}")


def axis_order(study: Study) -> Dims:
    """The axes from the outermost to the innermost, the same for whatever is asked of the study.

    Axes that many quantities depend on go outside; of the others one of numbers goes innermost, where it is a vector loop, for these are
    longer than lists of words. How many labels an axis has does not matter, so that one more needs no other code. A sample is always
    innermost, so that the draws of a point lie together.
    """
    graph = study.graph
    touch = _touch(graph, {name: study.input_values(name) for name in graph.inputs}, _steps(graph))
    weight = {axis: sum(axis in dims for dims in touch.values()) for axis in study.axes}
    order = sorted(study.axes, key=lambda axis: -weight[axis])
    if not order:
        return ()
    light = [axis for axis in order if weight[axis] <= max(weight[order[-1]] * 2, weight[order[0]] // 8)]
    numbers = [axis for axis in light if study.axes[axis].labels is None]
    last = SAMPLE if SAMPLE in order else min(numbers or light, key=lambda axis: weight[axis])
    return tuple([axis for axis in order if axis != last] + [last])


def valid_name(rules: frozenset[int]) -> str:
    """The name of the mask that is true where none of these rules is broken."""
    return "valid_" + "_".join(str(i) for i in sorted(rules))


def _steps(graph: Graph) -> list[Step]:
    """All lines of the study in an order in which each follows what it needs."""
    steps: list[Step] = []
    done = set(graph.inputs)

    def add(step: Step) -> None:
        if step.name not in done:
            steps.append(step)
            done.add(step.name)

    def mask(rules: frozenset[int]) -> str | None:
        if not rules:
            return None
        name = valid_name(rules)
        for i in sorted(rules):
            rule = graph.rules[i]
            add(Step(rule.name, rule.arguments, rule, mask(graph.before(rule))))
        add(Step(name, tuple(graph.rules[i].name for i in sorted(rules)), rules))
        return name

    for equation in graph.equations:
        add(Step(equation.name, graph.needs[equation.name], equation, mask(graph.rules_of[equation.name])))
    for rule in graph.rules:
        add(Step(rule.name, rule.arguments, rule, mask(graph.before(rule))))
    if graph.rules:
        add(Step(STATUS, tuple(rule.name for rule in graph.rules), None))
    return steps


def _touch(graph: Graph, inputs: Mapping[str, InputValues], steps: list[Step]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {name: set(held.dims) for name, held in inputs.items()}
    for step in steps:
        found[step.name] = set().union(*(found[name] for name in step.needs))
    return found


def _nests(steps: list[Step], dims: Mapping[str, Dims], outputs: tuple[str, ...], exported: set[str]) -> tuple[Nest, ...]:
    steps_of: dict[Dims, list[Step]] = {}
    for step in steps:
        steps_of.setdefault(dims[step.name], []).append(step)
    computed = {step.name for step in steps}
    read_outside = exported & computed
    for step in steps:
        for name in step.needs:
            if name in computed and dims[name] != dims[step.name]:
                read_outside.add(name)
    found = []
    for axes in sorted(steps_of, key=lambda d: (len(d), d)):
        inside = tuple(steps_of[axes])
        exports = tuple(step.name for step in inside if step.name in read_outside)
        found.append(Nest(axes, inside, exports, tuple(name for name in outputs if name in computed and dims[name] == axes)))
    return tuple(found)
