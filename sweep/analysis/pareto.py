"""The best trade-offs of a study or of a cube. What belongs here: the front of two or three quantities over every point of the grid.

A point is on the front where no other that meets the conditions is at least as good in all quantities. Points alike in all of them
are one row, the first in the order of the cube.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray

from sweep.analysis import infeasible, scan
from sweep.analysis.cells import cells
from sweep.analysis.scan import Lines, Places, Scan
from sweep.catalog.parameters import Parameter
from sweep.engine import compile
from sweep.engine.blocks import INTERPRETED_CALLS, Array
from sweep.engine.nests import Function
from sweep.engine.plan import STATUS
from sweep.equations import registry
from sweep.equations.quantities import names
from sweep.errors import SweepError, suggestion
from sweep.query.selection import unit_of
from sweep.study.conditions import Condition, conditions
from sweep.study.definition import Study

MOST = 20_000  # points of a front; finding more of them takes time that grows with the square of their number


def pareto(
    subject: Study | xarray.Dataset,
    minimize: Iterable[str] = (),
    maximize: Iterable[str] = (),
    where: Iterable[str] = (),
    per: str | None = None,
    threads: int | None = None,
) -> list[dict[str, Any]]:
    """The points of a study or of a cube that are worth choosing between, by two or three quantities that are to be small or large.

    subject: a study, whose grid is streamed and never stored, or an opened cube. where: texts such as "time_to_train <= 90 d". per: an
    axis; each of its labels has a front of its own. Each row holds the labels of the axes that matter, and SI values of the quantities,
    of those in the conditions and of the study's outputs; the best in the first quantity comes first. A SweepError says what is wrong.
    """
    if isinstance(subject, Study):
        registry.only(subject.equations)
    signs = dict.fromkeys(minimize, 1) | dict.fromkeys(maximize, -1)
    arrays = {} if isinstance(subject, Study) else {str(name): array for name, array in subject.data_vars.items()}
    for name in signs:
        if name not in {*names(), *arrays}:
            raise SweepError(f"unknown quantity {name!r}{suggestion(name, {*names(), *arrays})}")
    if len(signs) not in (2, 3):
        raise SweepError(f"a Pareto front takes two or three different quantities; {len(signs)} given")
    asked = conditions(where, [Parameter(name, unit_of(array), "") for name, array in arrays.items() if name != STATUS])
    if not isinstance(subject, Study):
        return _of_cube(subject, signs, asked, per)
    made = scan.make(subject.stated, signs, asked, _lines(signs), (_admit(len(signs)),))
    rows = [row for spans in made.groups(per) for row in _front(made, len(signs), spans, per, threads)]
    if not rows:
        infeasible.why(subject.stated, [*signs], asked, threads)  # refuses points that are left out because they are infinite
    return rows


def _of_cube(cube: xarray.Dataset, signs: Mapping[str, int], asked: Sequence[Condition], per: str | None) -> list[dict[str, Any]]:
    """The rows of the fronts of a cube, read piece by piece."""
    found = cells(cube, [*signs], asked)
    functions = [_admit(len(signs))]
    small = math.prod(found.shape) <= INTERPRETED_CALLS
    admit = (compile.interpreted(functions) if small else compile.compiled(functions))["admit"]
    rows = []
    for spans in found.groups(per):
        values, places = np.empty((len(signs), 0), np.float32), np.empty(0, np.int64)
        for part in found.parts(spans):
            scores = [np.broadcast_to(sign * part.values(name), part.shape) for name, sign in signs.items()]
            meets = np.logical_and.reduce([np.isfinite(score) for score in scores])
            for condition in asked:
                meets = meets & part.meets(condition)
            inside = np.flatnonzero(meets)
            here = np.stack([score.reshape(-1)[inside] for score in scores])
            values, places = _merged(admit, np.hstack([values, here]), np.concatenate([places, part.places(inside)]))
            _check_size(len(places))
        for i in np.lexsort(values[::-1]):
            row = found.row(int(places[i]))
            rows.append({**({per: row[per]} if per else {}), **row})
    return rows


def _check_size(points: int) -> None:
    if points > MOST:
        raise SweepError(f"the front has more than {MOST:,} points; ask for fewer quantities, or with conditions that leave less")


def _front(made: Scan, count: int, spans: scan.Spans, per: str | None, threads: int | None) -> list[dict[str, Any]]:
    """The rows of one front.

    A block starts from the front of the blocks before it, which leaves little to compare; never from that of a later one, so that of
    points alike the first is kept.
    """
    values, places = np.empty((count, 0), np.float32), np.empty(0, np.int64)
    admit = made.program.code["admit"]

    def before(block: Places) -> dict[str, Array]:
        earlier = places < block.flat(0)
        out = _room(count, block.row)
        for k in range(count):
            out[f"front_{k}"][: earlier.sum()] = values[k, earlier]
        out["places"][: earlier.sum()] = -1
        out["size"][0] = earlier.sum()
        return out

    def after(block: Places, out: dict[str, Array]) -> None:
        nonlocal values, places
        _check_size(int(out["size"][0]))
        own = out["places"][: out["size"][0]] >= 0
        found = np.stack([out[f"front_{k}"][: len(own)][own] for k in range(count)])
        values, places = _merged(admit, np.hstack([values, found]), np.hstack([places, block.flat(out["places"][: len(own)][own])]))

    made.visit(spans, before, after, threads)
    return [made.row(int(places[i]), per) for i in np.lexsort(values[::-1])]


def _merged(admit: Callable[..., Any], values: Array, places: Array) -> tuple[Array, Array]:
    """The front of some points; of those alike the first in the order of the cube."""
    order = np.argsort(places)
    values, places = values[:, order], places[order]
    out = _room(len(values), len(places))
    front = [out[f"front_{k}"] for k in range(len(values))]
    rivals = np.full_like(values, np.inf)
    size = admit(*front, out["places"], out["near"], *values, *rivals, 0, 0)
    return np.stack([column[:size] for column in front]), places[out["places"][:size]]


def _room(count: int, row: int) -> dict[str, Array]:
    """The arrays that the loop writes: the front by quantity, the places of its points, and working space."""
    front = {f"front_{k}": np.empty(MOST + row, np.float32) for k in range(count)}
    rows = {f"row_{k}": np.empty(row, np.float32) for k in range(count)}
    rows |= {f"rival_{k}": np.full(row, np.inf, np.float32) for k in range(count)}
    whole = {name: np.empty(MOST + row, np.int64) for name in ("places", "near")}
    return {**front, **rows, **whole, "size": np.zeros(1, np.int64)}


def _lines(signs: dict[str, int]) -> Lines:
    """The loop that keeps the front of all points.

    The innermost loop only counts what its rivals do not beat, which runs in vector lanes; a row in which something is left is read
    again. The rival of a place in the row is the point of the front that beat the last one there.
    """
    each = range(len(signs))

    def at_point(meets: str) -> list[str]:
        lines = [f"score_{k} = float32({'-' if sign < 0 else ''}{name})" for k, (name, sign) in enumerate(signs.items())]
        lines.append(f"meets = {' & '.join([f'(score_{k} < inf)' for k in each] + ([meets] if meets else []))}")
        lines += [f"out_row_{k}[at] = score_{k} if meets else float32(inf)" for k in each]
        return [*lines, f"found += int32(meets & ({' | '.join(f'(score_{k} < out_rival_{k}[at])' for k in each)}))"]

    fronts, rows, rivals = ([f"{kind}_{k}" for k in each] for kind in ("front", "row", "rival"))
    arrays = ", ".join(f"out_{name}" for name in [*fronts, "places", "near", *rows, *rivals])
    again = [f"out_size[0] = admit({arrays}, base, out_size[0])", f"if out_size[0] > {MOST}:", "    return"]
    return Lines(
        name="front",
        about=f"The front of {', '.join(signs)}.",
        start=[],
        before_row=["found = int32(0)"],
        point=at_point,
        after_row=["if found:", *("    " + line for line in again)],
        writes=(*fronts, *rows, *rivals, "places", "near", "size"),
    )


def _admit(count: int) -> Function:
    """The function that lets the points of a row into the front, for some number of quantities."""
    each = range(count)

    def all_of(left: str, right: str) -> str:
        return " and ".join(f"{left.format(k)} <= {right.format(k)}" for k in each)

    def any_of(left: str, right: str) -> str:
        return " or ".join(f"{left.format(k)} < {right.format(k)}" for k in each)

    columns = ", ".join([f"front_{k}" for k in each] + ["places", "near"] + [f"row_{k}" for k in each] + [f"rival_{k}" for k in each])
    text = f'''def admit({columns}, base, size):
    """Put the points of a row that none of the front is as good as into the front, and take out what they beat.

    What beats a point becomes its rival. Returns the size of the front.
    """
    {"; ".join(f"low_{k} = float32(inf); high_{k} = float32(-inf)" for k in each)}
    for i in range(len(row_0)):
        if row_0[i] < inf:
            {"; ".join(f"low_{k} = min(low_{k}, row_{k}[i]); high_{k} = max(high_{k}, row_{k}[i])" for k in each)}
    count = 0  # of the front, only what beats the worst of the row in all quantities can beat a point of it
    for f in range(size):
        if {all_of("front_{0}[f]", "high_{0}")}:
            if {all_of("front_{0}[f]", "low_{0}")}:
                for i in range(len(row_0)):
                    if {any_of("row_{0}[i]", "rival_{0}[i]")}:
                        {"; ".join(f"rival_{k}[i] = front_{k}[f]" for k in each)}
                return size
            near[count] = f
            count += 1
    old = size
    for i in range(len(row_0)):
        if not row_0[i] < inf or not ({any_of("row_{0}[i]", "rival_{0}[i]")}):
            continue
        rival = size
        for n in range(count):
            f = near[n]
            if {all_of("front_{0}[f]", "row_{0}[i]")}:
                near[n] = near[0]  # what beats one point is likely to beat the next
                near[0] = f
                rival = f
                break
        if rival == size:
            {"; ".join(f"front_{k}[size] = row_{k}[i]" for k in each)}
            places[size] = base + i
            near[count] = size
            count += 1
            size += 1
        {"; ".join(f"rival_{k}[i] = front_{k}[rival]" for k in each)}
    kept = 0
    for f in range(size):
        beaten = False
        for n in range(max(old, f + 1), size):
            if {all_of("front_{0}[n]", "front_{0}[f]")}:
                beaten = True
                break
        if not beaten:
            {"; ".join(f"front_{k}[kept] = front_{k}[f]" for k in each)}
            places[kept] = places[f]
            kept += 1
    return kept
'''
    return Function("admit", text, (), (), (), (), native=False)
