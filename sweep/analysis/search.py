"""The best points of a study or of a cube. What belongs here: the search, which streams through the grid and stores none of it.

A point counts as the cube would hold it: values are rounded to float32 before they are compared, and of equal ones the first in
the order of the cube wins, so a study and its cube name the same points.
"""

from __future__ import annotations

import heapq
import json
import math
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from sweep.catalog.parameters import Parameter
from sweep.cube.query import unit_of
from sweep.engine import plan
from sweep.engine.blocks import Block, Grid, Program, Worker, inner_shape, ranges_of
from sweep.engine.nests import INDENT, Function, body, calls, needed, reads_at, source
from sweep.engine.plan import STATUS, Dims, Nest, Plan
from sweep.equations import point, quantities, registry
from sweep.equations.quantities import names
from sweep.errors import SweepError, suggestion
from sweep.study.definition import Study
from sweep.study.where import OPERATORS, Condition, conditions

if TYPE_CHECKING:
    import xarray

SEARCH_CELLS = 1 << 25
SEARCH_BYTES = 64 << 20  # of what the search of one block reads
CUBE_CELLS = 1 << 22
Hit = tuple[float, int]

INSERT_TEXT = '''def insert(scores, places, score, place):
    """Put a hit into the sorted list of the best; of equal scores the one that came first stays ahead."""
    k = len(scores) - 1
    while k > 0 and scores[k - 1] > score:
        scores[k] = scores[k - 1]
        places[k] = places[k - 1]
        k -= 1
    scores[k] = score
    places[k] = place
'''
INSERT = Function("insert", INSERT_TEXT, (), (), (), ())


def best(
    subject: Study | xarray.Dataset,
    quantity: str,
    where: Iterable[str] = (),
    top: int = 1,
    maximize: bool = False,
    per: str | None = None,
    threads: int | None = None,
) -> list[dict[str, Any]]:
    """The points with the smallest (or largest) value of a quantity among those that meet some conditions.

    subject: a study, whose grid is streamed and never stored, or an opened cube. where: texts such as "time_to_train <= 90 d".
    per: an axis; the best are then named for each of its labels. Each row holds rank, the labels of the axes that matter, and
    SI values of the quantity and of those in the conditions (from a study: of all its outputs, too). A SweepError says what is wrong.
    """
    if isinstance(subject, Study):
        registry.only(subject.equations)
    arrays = {} if isinstance(subject, Study) else subject.data_vars
    held = [Parameter(str(name), unit_of(array), "") for name, array in arrays.items() if name != STATUS]
    if quantity not in (known := {*names(), *(p.name for p in held)}):
        raise SweepError(f"unknown quantity {quantity!r}{suggestion(quantity, known)}")
    if top < 1:
        raise SweepError(f"--top {top}: must be at least 1")
    asked = conditions(where, held)
    if isinstance(subject, Study):
        return _of_study(subject, quantity, asked, top, maximize, per, threads)
    return _of_cube(subject, quantity, asked, top, maximize, per)


def _of_study(
    study: Study, quantity: str, asked: list[Condition], top: int, maximize: bool, per: str | None, threads: int | None
) -> list[dict[str, Any]]:
    wanted = tuple(dict.fromkeys([quantity, *(name for c in asked for name in c.names)]))
    made = plan.make(study, wanted, exported=wanted)
    dims = tuple(dim for dim in made.order if any(dim in made.dims[name] for name in wanted))
    if per is not None and per not in dims:
        raise SweepError(f"--per {per}: {quantity} does not depend on it{suggestion(per, dims)}")
    full = plan.make(study, [*study.outputs, *wanted])
    program, nest, ancestors = _program(made, dims, wanted, asked, maximize)
    rows = []
    for ranges in _groups(dims, made.sizes, per):
        hits = _search(program, nest, ancestors, ranges, top, threads)
        for rank, (_, place) in enumerate(hits, 1):
            index = dict(zip(dims, (int(i) for i in np.unravel_index(place, [made.sizes[d] for d in dims])), strict=True))
            elsewhere = {axis: at for axis, at in study.point.items() if axis not in index}
            values = point.evaluate(full.graph, study.inputs_at({**index, **elsewhere}, full.graph)).values
            shown = dict.fromkeys([*wanted, *(name for name in study.outputs if set(full.dims[name]) <= set(dims))])
            labels = _labels(study, index, per)
            left = [name for name in shown if name not in labels]
            rows.append({"rank": rank, **labels, **{name: quantities.quantity(name).told(values[name]) for name in left}})
    return rows


def _labels(study: Study, index: Mapping[str, int], per: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in [*([per] if per else []), *(name for name in index if name != per)]:
        axis, at = study.axes[name], index[name]
        found[name] = axis.labels[at] if axis.labels is not None else float(axis.columns[name][at])
    return found


def _groups(dims: Dims, sizes: Mapping[str, int], per: str | None) -> Iterator[dict[str, tuple[int, int]]]:
    """The ranges to search: the whole grid, or each label of an axis."""
    whole = {dim: (0, sizes[dim]) for dim in dims}
    yield from ({**whole, per: (label, label + 1)} for label in range(sizes[per])) if per else [whole]


def _program(
    made: Plan, dims: Dims, wanted: tuple[str, ...], asked: list[Condition], maximize: bool
) -> tuple[Program, Nest, tuple[Nest, ...]]:
    nest = next((n for n in made.nests if n.dims == dims), Nest(dims, (), (), ()))
    ancestors = made.ancestors(nest, wanted)
    exports = {n.dims: source(made, n, n.exports, "exports") for n in ancestors}
    search = _search_function(made, nest, wanted, asked, maximize)
    whole = tuple(made.sizes[dim] for dim in dims)
    cut = Grid(whole, _cut(made, nest, ancestors, whole), whole)
    calls = {f.name: f.cost * made.cells(d) * cut.repeats(dims, d) for d, f in exports.items()}
    calls["search"] = search.cost * made.cells(dims)
    return Program(made, exports, {dims: search}, calls, (INSERT,)), nest, ancestors


def _search_function(made: Plan, nest: Nest, wanted: tuple[str, ...], asked: list[Condition], maximize: bool) -> Function:
    """The loop that scores every point of a nest, row by row, and keeps the best.

    A condition is tested as soon as its quantity is known, so that one on few axes skips all that lies inside. The innermost
    loop only counts the scores that beat the worst hit, which runs in vector lanes; a row with such a score is looked at again.
    """
    dims, objective = nest.dims, wanted[0]
    steps = needed(nest, wanted)
    inside = {step.name for step in steps}
    reads = tuple(dict.fromkeys([*(n for s in steps for n in s.needs if n not in inside), *(n for n in wanted if n not in inside)]))

    def depth_of(name: str) -> int:
        return len(dims) if name in inside else max((dims.index(dim) + 1 for dim in made.dims[name]), default=0)

    tests: list[list[str]] = [[] for _ in range(len(dims) + 1)]
    for c in asked:
        left, right = f"float32({c.name})", f"float32({c.other})" if c.other else repr(_bound(c))
        signs = ("<", ">") if c.operator == "!=" else (c.operator,)  # what has no value is not unequal to anything either
        tests[max(depth_of(name) for name in c.names)].append(f"({' or '.join(f'{left} {sign} {right}' for sign in signs)})")

    arguments = [*(f"n_{dim}" for dim in dims), *(f"in_{name}" for name in reads), "out_scores", "out_places", "out_row"]
    lines = [f"def search({', '.join(arguments)}):", f'{INDENT}"""The {"largest" if maximize else "smallest"} {objective}."""']
    lines += [f"{INDENT}last = len(out_scores) - 1", f"{INDENT}worst = out_scores[last]"]
    row = max(len(dims) - 1, 0)
    for depth in range(len(dims) + 1):
        indent = INDENT * (depth + 1)
        if depth:
            lines.append(f"{INDENT * depth}for i_{dims[depth - 1]} in range(n_{dims[depth - 1]}):")
        lines += reads_at(made, dims, reads, depth)
        if depth < len(dims) and tests[depth]:
            lines += [f"{indent}if not ({' and '.join(tests[depth])}):", f"{indent}{INDENT}{'continue' if depth else 'return'}"]
        if depth == row:
            lines.append(f"{indent}found = int32(0)")
    inner, outer = INDENT * (len(dims) + 1), INDENT * (row + 1)
    lines += [inner + line for line in body(made, steps)]
    lines.append(f"{inner}score = float32({'-' if maximize else ''}{objective})")
    if tests[-1]:
        lines.append(f"{inner}score = score if {' & '.join(tests[-1])} else float32(inf)")
    at = f"i_{dims[-1]}" if dims else "0"
    lines += [f"{inner}out_row[{at}] = score", f"{inner}found += int32(score < worst)", f"{outer}if found:"]
    flat = "0"
    for dim in dims[:-1]:
        flat = f"i_{dim}" if flat == "0" else f"({flat}) * n_{dim} + i_{dim}"
    lines += [f"{outer}{INDENT}{line}" for line in (f"base = ({flat}) * len(out_row)", "for k in range(len(out_row)):")]
    lines.append(f"{outer}{INDENT * 2}if out_row[k] < out_scores[last]:")
    lines.append(f"{outer}{INDENT * 3}insert(out_scores, out_places, out_row[k], base + k)")
    lines.append(f"{outer}{INDENT}worst = out_scores[last]")
    return Function("search", "\n".join(lines) + "\n", dims, reads, ("scores", "places", "row"), calls(steps))


def _search(
    program: Program, nest: Nest, ancestors: tuple[Nest, ...], ranges: Mapping[str, tuple[int, int]], top: int, threads: int | None
) -> list[Hit]:
    """The best hits in some ranges: (score, place in the whole grid of the nest), best first."""
    sizes = program.plan.sizes
    shape = tuple(ranges[dim][1] - ranges[dim][0] for dim in nest.dims)
    whole = tuple(sizes[dim] for dim in nest.dims)
    work = list(ranges_of(0, shape, _cut(program.plan, nest, ancestors, shape)))
    hits: list[Hit] = []
    lock = threading.Lock()
    own = threading.local()
    _ = program.code

    def one(block: Block) -> None:
        if not hasattr(own, "worker"):
            own.worker = Worker(program)
        where = {dim: (start + ranges[dim][0], stop + ranges[dim][0]) for dim, (start, stop) in zip(nest.dims, block.ranges, strict=True)}
        worst = hits[top - 1][0] if len(hits) >= top else math.inf
        scores = np.full(top, np.nextafter(np.float32(worst), np.float32(np.inf)), np.float32)
        places = np.full(top, -1, np.int64)
        own.worker.prepare(ancestors, where)
        out = {"scores": scores, "places": places, "row": np.empty(block.shape[-1] if block.shape else 1, np.float32)}
        own.worker.run(program.outputs[nest.dims], where, out)
        found = places >= 0
        corners = np.unravel_index(places[found], block.shape) if nest.dims else ()
        shifted = [corner + where[dim][0] for corner, dim in zip(corners, nest.dims, strict=True)]
        flat = np.ravel_multi_index(tuple(shifted), whole) if nest.dims else places[found]
        with lock:
            hits[:] = heapq.nsmallest(top, [*hits, *zip(scores[found].tolist(), flat.tolist(), strict=True)])

    count = max(1, min(threads or os.cpu_count() or 1, len(work)))
    with ThreadPoolExecutor(count) as pool:
        for _ in pool.map(one, work):
            pass
    return hits


def _cut(made: Plan, nest: Nest, ancestors: tuple[Nest, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a block of the search: whole inner axes, as many as the exports of the ancestors leave memory for."""
    per_cell = 1e-9
    for other in ancestors:
        missing = math.prod(made.sizes[dim] for dim in nest.dims if dim not in other.dims)
        per_cell += 8 * len(other.exports) / missing
    return inner_shape(shape, int(min(SEARCH_CELLS, SEARCH_BYTES / per_cell)))


def _of_cube(
    cube: xarray.Dataset, quantity: str, asked: list[Condition], top: int, maximize: bool, per: str | None
) -> list[dict[str, Any]]:
    wanted = tuple(dict.fromkeys([quantity, *(name for c in asked for name in c.names)]))
    for name in wanted:
        if name not in cube.variables:
            raise SweepError(f"{name}: is not in the cube{suggestion(name, map(str, cube.variables))}")
    order = json.loads(cube.attrs.get("axes", "[]")) or [*cube.sizes]
    dims = tuple(dim for dim in order if any(dim in cube[name].dims for name in wanted))
    if per is not None and per not in dims:
        raise SweepError(f"--per {per}: {quantity} does not depend on it{suggestion(per, dims)}")
    sizes = {dim: cube.sizes[dim] for dim in dims}
    rows = []
    for ranges in _groups(dims, sizes, per):
        hits: list[Hit] = []
        shape = tuple(stop - start for start, stop in ranges.values())
        for block in ranges_of(0, shape, inner_shape(shape, CUBE_CELLS)):
            at = {dim: slice(a + ranges[dim][0], b + ranges[dim][0]) for dim, (a, b) in zip(dims, block.ranges, strict=True)}
            hits = heapq.nsmallest(top, [*hits, *_block_hits(cube, dims, sizes, at, quantity, asked, top, maximize)])
        for rank, (_, place) in enumerate(hits, 1):
            index = dict(zip(dims, np.unravel_index(place, tuple(sizes.values())), strict=True))
            labels = {dim: cube[dim].values[index[dim]] for dim in [*([per] if per else []), *(d for d in dims if d != per)]}
            shown = dict.fromkeys([*wanted, *(str(v) for v in cube.data_vars if set(cube[v].dims) <= set(dims) and v != STATUS)])
            left = [name for name in shown if name not in labels]
            values = {name: cube[name].isel({d: int(index[str(d)]) for d in cube[name].dims}).item() for name in left}
            rows.append({"rank": rank, **{d: v if isinstance(v, str) else float(v) for d, v in (labels | values).items()}})
    return rows


def _bound(condition: Condition) -> float:
    """What a quantity is compared with, as the cube would hold it, so that a bound that is met exactly is met."""
    with np.errstate(over="ignore"):
        return float(np.float32(condition.value))


def _block_hits(
    cube: xarray.Dataset,
    dims: Dims,
    sizes: Mapping[str, int],
    at: Mapping[str, slice],
    quantity: str,
    asked: list[Condition],
    top: int,
    maximize: bool,
) -> list[Hit]:
    shape = [at[dim].stop - at[dim].start for dim in dims]

    def values(name: str) -> Any:
        found = cube[name].isel({dim: at[dim] for dim in dims if dim in cube[name].dims}).variable
        held = found.transpose(*(dim for dim in dims if dim in found.dims)).values
        if held.dtype.kind not in "fiu":  # the words of a choice
            held = np.array([quantities.quantity(name).choices.index(word) for word in held.flat]).reshape(held.shape)
        return held.astype(np.float32)[tuple(slice(None) if dim in found.dims else None for dim in dims)]

    scores = np.broadcast_to(values(quantity) * (-1 if maximize else 1), shape)
    for c in asked:
        left, right = values(c.name), values(c.other) if c.other else np.float32(_bound(c))
        scores = np.where(OPERATORS[c.operator](left, right) & (left == left) & (right == right), scores, np.nan)
    flat = np.where(np.isnan(scores), np.float32(np.inf), scores).reshape(-1)
    if len(flat) > top:
        limit = np.partition(flat, top - 1)[top - 1]
        candidates = np.flatnonzero(flat <= limit)
    else:
        candidates = np.arange(len(flat))
    candidates = candidates[np.isfinite(flat[candidates])]
    candidates = candidates[np.argsort(flat[candidates], kind="stable")][:top]
    corners = np.unravel_index(candidates, shape)
    places = np.ravel_multi_index([corner + at[dim].start for corner, dim in zip(corners, dims, strict=True)], [sizes[d] for d in dims])
    return list(zip(flat[candidates].tolist(), places.tolist(), strict=True))
