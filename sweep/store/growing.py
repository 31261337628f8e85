"""A cube that grows. What belongs here: which cells of a finished cube stand in one that has more labels or outputs, and the rest computed.

The larger cube is written beside the finished one and takes its name when it is complete. A block that was cut as it is now is taken
over as its file; of another block the cells that stand are read and the others computed, over just the labels that are new.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sweep.cube import dataset
from sweep.engine import blocks, plan, quantiles
from sweep.engine.blocks import Array, Block, Program, Worker
from sweep.engine.plan import STATUS, Plan
from sweep.errors import SweepError
from sweep.store import journal, layout, reading, verify
from sweep.store.journal import Record
from sweep.store.place import MANIFEST, Place
from sweep.store.store import Store
from sweep.study.axes import Axis
from sweep.study.sampling import SAMPLE

Places: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """Some labels of each axis, by their places; program: what computes the outputs there that do not stand, None where all do.

    new: the axis of which it has only labels that are new; of the axes before that it has only those that are not.
    """

    labels: Mapping[str, Places]
    program: Program | None
    new: str = ""

    def span(self, dim: str, ends: tuple[int, int]) -> tuple[int, int]:
        """The labels between two ends of an axis, counted among those of this part."""
        start, stop = np.searchsorted(self.labels[dim], ends)
        return int(start), int(stop)


@dataclass(frozen=True)
class Growth:
    """A finished cube in `folder`, of the plan `old`, that has some cells of the plan `new`. found: where there each of its labels is."""

    folder: Place
    old: Plan
    new: Plan
    found: Mapping[str, Places]

    @cached_property
    def stands(self) -> frozenset[str]:
        """The outputs of the cube that are computed from the same as before."""
        common = _outputs(self.old) & _outputs(self.new)
        return frozenset(name for name in common if _behind(self.old, name) == _behind(self.new, name))

    @cached_property
    def places(self) -> dict[str, Places]:
        """For each label of an axis its place in the cube, -1 where it is new."""
        places = {dim: np.full(self.new.sizes[dim], -1) for dim in self.found}
        for dim, found in self.found.items():
            places[dim][found] = np.arange(len(found))
        return places

    @cached_property
    def parts(self) -> list[Part]:
        """What is computed: the outputs that do not stand over the labels of the cube; all outputs over labels that are new, by axis."""
        fresh = blocks.program(self.new)
        labels = {dim: np.sort(found) for dim, found in self.found.items()}
        lacking = replace(self.new, nests=tuple(replace(nest, outputs=self._lacking(nest.outputs)) for nest in self.new.nests))
        parts = [Part(labels, blocks.program(lacking.at(labels)) if lacking.output_nests else None)]
        every = {dim: np.arange(size) for dim, size in self.new.sizes.items() if dim in labels}
        for i, dim in enumerate(labels):
            if len(labels[dim]) < len(every[dim]):
                some = {d: labels[d] if k < i else every[d] for k, d in enumerate(labels)} | {dim: np.flatnonzero(self.places[dim] < 0)}
                parts.append(Part(some, replace(fresh, plan=self.new.at(some)), dim))
        return parts

    def _lacking(self, outputs: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in outputs if name not in self.stands)

    @cached_property
    def arrays(self) -> dict[str, Any]:
        """The arrays of the cube that stand."""
        beside = isinstance(self.folder.zarr(), str)  # of a bucket zarrs would open a client of its own
        with layout.codecs(workers=1) if beside else nullcontext():
            root = layout.group(self.folder, "r")
            return {name: root[name] for name in self.stands}

    @cached_property
    def files(self) -> dict[tuple[str, str], tuple[str, Record]]:
        """Each file of the cube that holds a block, by the output and the ranges that it has, with the line that notes it."""
        lines = journal.read(self.folder / MANIFEST).blocks
        return {(name.split("/")[0], str(line["ranges"])): (name, line) for line in lines for name in line["files"]}

    def told(self) -> str:
        """How many cells are kept, in words."""
        kept = sum(self.old.cells(quantiles.held(name, self.old.dims[name])) for name in self.stands)
        cells = sum(self.new.cells(quantiles.held(name, self.new.dims[name])) for name in _outputs(self.new))
        return f"{kept:,} cells kept, {cells - kept:,} computed"

    def copied(self, target: Store, block: Block) -> dict[str, tuple[str, Record]]:
        """The outputs of a block of the larger cube of which this has the same file, with that file and its line."""
        nest = self.new.nests[block.nest]
        ends = zip(nest.dims, block.ranges, strict=True)
        at = [self.places[dim][slice(*span)] if dim in self.places else np.arange(*span) for dim, span in ends]
        if any(places[0] < 0 or (np.diff(places) != 1).any() for places in at):
            return {}
        there = str([[int(places[0]), int(places[-1]) + 1] for places in at])
        found = {}
        for name in nest.outputs:
            if name in self.stands and (name, there) in self.files and self.old.dims[name] == nest.dims:
                before, now = self.arrays[name], target.arrays[name]
                if (before.shards, before.chunks) == (now.shards, now.chunks):
                    found[name] = self.files[name, there]
        return found

    def read(self, name: str, at: Mapping[str, Places]) -> Array:
        """What the cube has of an output at some of its labels, in the order of axes that the output has now."""
        held, before = (quantiles.held(name, made.dims[name]) for made in (self.new, self.old))
        region = tuple(slice(int(at[dim].min()), int(at[dim].max()) + 1) if dim in at else slice(None) for dim in before)
        values = np.asarray(self.arrays[name][region])
        inside = [at[dim] - at[dim].min() if dim in at else np.arange(size) for dim, size in zip(before, values.shape, strict=True)]
        values = values[_region(inside)] if before else values
        return values.transpose([before.index(dim) for dim in held])

    def worker(self, target: Store) -> Grower:
        """What computes blocks of the larger cube, for one thread."""
        return Grower(self, target)

    def prepare(self) -> None:
        """Compile once, before threads ask for it."""
        for part in self.parts:
            _ = part.program and part.program.code

    def put(self, target: Store, block: Block, values: Mapping[str, Array]) -> Record:
        """Write the outputs of a block, those that were computed and the others as the files that the cube has, and give its line."""
        record = target.put(block, values)
        for name, (file, line) in self.copied(target, block).items():
            own = layout.shard(target.arrays[name], block)
            (target.folder / own).copy(self.folder / file)
            record["files"][own] = line["files"][file]
            record["statistics"][name] = line["statistics"][name]
        names = self.new.nests[block.nest].outputs  # in the order in which a run notes them
        record["files"] = {own: record["files"][own] for own in (layout.shard(target.arrays[name], block) for name in names)}
        record["statistics"] = {name: record["statistics"][name] for name in names}
        return record


class Grower:
    """Gives the outputs of blocks of a cube that grows, but for those that are copied as files; not shared between threads."""

    def __init__(self, growth: Growth, target: Store) -> None:
        self.growth, self.target = growth, target
        self.workers = [Worker(part.program) if part.program else None for part in growth.parts]

    def compute(self, block: Block) -> dict[str, Array]:
        """Each output of the block that is no copied file."""
        made, nest = self.growth.new, self.growth.new.nests[block.nest]
        copied = self.growth.copied(self.target, block)
        names = [name for name in nest.outputs if name not in copied]
        out = {n: np.empty(quantiles.cut(n, nest.dims, block.shape), blocks.dtype_of(made, n)) for n in names}
        for part, worker in zip(self.growth.parts, self.workers, strict=True):
            spans = [part.span(dim, ends) if dim in part.labels else ends for dim, ends in zip(nest.dims, block.ranges, strict=True)]
            if not names or (part.new and part.new not in nest.dims) or any(start == stop for start, stop in spans):
                continue
            inner = Block(block.nest, block.number, tuple(spans))
            computed = worker.compute(inner) if worker and worker.plan.nests[block.nest].outputs else {}
            at = {dim: part.labels[dim][slice(*span)] for dim, span in zip(nest.dims, spans, strict=True) if dim in part.labels}
            region = _region([at[dim] - start for dim, (start, _) in zip(nest.dims, block.ranges, strict=True) if dim in at])
            for name in names:
                standing = {dim: self.growth.places[dim][places] for dim, places in at.items()}
                out[name][region] = computed[name] if name in computed else self.growth.read(name, standing)
        return out


def growth(path: Place, new: Plan) -> Growth | None:
    """What a finished cube has of a plan, where it lacks labels or outputs alone; None where it lacks nothing.

    Raises SweepError where they differ in something else, and says in what.
    """
    was, now = verify.identity(path), dataset.identity(new)
    verify.check_complete(str(path))
    if was == now:
        return None
    try:
        old = plan.make(reading.study_of(str(path)))
    except SweepError:  # files that it was made from are gone
        verify.refuse(path, "holds", dataset.differences(was, now))
    if changed := dataset.differences(was, dataset.identity(old)):  # equations or facts are no longer those that it was made with
        verify.refuse(path, "holds", changed)
    found = {dim: _found(old.study.axes[dim], new.study.axes[dim]) for dim in old.order if dim in new.order and dim != SAMPLE}
    known = {dim: places for dim, places in found.items() if places is not None}
    more = {f"axis {dim}" for dim in known}
    more |= {f"output {name}" for name in (*_outputs(new), STATUS)}
    more |= {f"input {name}" for name in new.inputs if name not in old.inputs or _same(name, old, new, known)}
    rest = [{key: text for key, text in one.items() if key not in more} for one in (was, now)]
    if differing := dataset.differences(*rest):
        verify.refuse(path, "holds", differing)
    return Growth(path, old, new, {dim: known[dim] for dim in new.order if dim in known})


def _found(old: Axis, new: Axis) -> Places | None:
    """The place of each label of an axis on a longer one; None where that lacks one."""
    before, after = (axis.labels or axis.columns[axis.name].tolist() for axis in (old, new))
    places = {label: place for place, label in enumerate(after)}
    return np.array([places[label] for label in before]) if set(before) <= set(places) else None


def _same(name: str, old: Plan, new: Plan, found: Mapping[str, Places]) -> bool:
    """Whether an input has the same values at the labels that were there before."""
    before, after = old.inputs[name], new.at(found, [name]).inputs[name]
    if set(before.dims) != set(after.dims):
        return False
    return np.array_equal(before.values.transpose([before.dims.index(dim) for dim in after.dims]), after.values, equal_nan=True)


def _outputs(made: Plan) -> set[str]:
    return {name for nest in made.output_nests for name in nest.outputs}


def _behind(made: Plan, name: str) -> set[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """The equations and rules that a quantity is computed by, each with what it reads and the rules that mask it."""
    steps = {step.name: step for nest in made.nests for step in nest.steps}
    todo, seen, found = [name], set(), set()
    while todo:
        step = steps.get(todo.pop())
        if step and step.name not in seen:
            seen.add(step.name)
            todo += step.needs
            own = "" if isinstance(step.what, frozenset) else step.name  # a mask is named by numbers that a new rule shifts
            found.add((own, step.reads, steps[step.valid].reads if step.valid else ()))
    return found


def _region(places: list[Places]) -> tuple[Any, ...]:
    """An index for some places along each axis: slices, which are quicker, where each has neighbours only."""
    if all((np.diff(along) == 1).all() for along in places):
        return tuple(slice(int(along[0]), int(along[-1]) + 1) for along in places)
    return np.ix_(*places)
