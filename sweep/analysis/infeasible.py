"""Why points of a study have no value. What belongs here: what rules and conditions remove, the nearest point, labels without figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from sweep.analysis import scan
from sweep.analysis.ranking import Why
from sweep.analysis.scan import Lines, Places, bound
from sweep.cube.compute import each
from sweep.engine import blocks, plan
from sweep.engine.blocks import Array, Block
from sweep.engine.plan import STATUS
from sweep.study.conditions import Condition
from sweep.study.definition import Study


def why(study: Study, names: Sequence[str], asked: Sequence[Condition], threads: int | None = None) -> Why:
    """How many points each rule and each condition removes, and the point that misses the conditions by the least."""
    wanted = tuple(dict.fromkeys([*names, *(name for c in asked for name in c.names)]))
    made = scan.make(study, wanted, (), _lines(names, asked))
    counts = np.zeros(len(asked), np.int64)
    nearest, place = np.inf, -1

    def before(places: Places) -> dict[str, Array]:
        found: dict[str, Array] = {"counts": np.zeros(len(asked), np.int64), "row": np.empty(places.row, np.float32)}
        return found | {"least": np.array([np.inf], np.float32), "place": np.array([-1], np.int64)}

    def after(places: Places, out: dict[str, Array]) -> None:
        nonlocal nearest, place
        counts[:] += out["counts"]
        if out["least"][0] < nearest:
            nearest, place = float(out["least"][0]), int(places.flat(out["place"])[0])

    (spans,) = made.groups(None)
    made.visit(spans, before, after, threads)
    points = int(np.prod(made.shape, dtype=np.int64))
    conditions = {c.text: int(count) for c, count in zip(asked, counts, strict=True)}
    return Why(points, _rules(study, wanted, points, threads) | conditions, made.row(place) if place >= 0 else None)


def omitted(study: Study, names: Iterable[str]) -> dict[str, list[str]]:
    """The labels that have no value for want of a figure, with the figures that are missing."""
    found: dict[str, list[str]] = {}
    for name in study.graph_of(names).inputs:
        held = study.input_values(name)
        for axis in (study.axes[dim] for dim in held.dims):
            others = tuple(i for i, dim in enumerate(held.dims) if dim != axis.name)
            gaps = np.isnan(held.values).all(axis=others)
            for i in np.flatnonzero(gaps) if axis.labels is not None and not gaps.all() else ():
                found.setdefault(axis.labels[i], []).append(name)  # type: ignore[index]
    return found


def _rules(study: Study, wanted: tuple[str, ...], points: int, threads: int | None) -> dict[str, int]:
    """How many points each rule removes, counted over the axes on which the rules depend."""
    made = plan.make(study, wanted)
    excluding = {rule.name: 1 << i for i, rule in enumerate(made.graph.rules) if set(made.graph.excludes(rule)) & set(wanted)}
    counts: dict[str, int] = dict.fromkeys(excluding, 0)
    cells = 0

    def count(block: Block, values: dict[str, Array]) -> None:
        nonlocal cells
        cells += block.cells
        for name, mask in excluding.items():
            counts[name] += int(np.count_nonzero(values[STATUS] & mask))

    work = [block for block in blocks.blocks(made) if STATUS in made.nests[block.nest].outputs]
    each(made, work, count, threads=1)
    return {name: round(number / cells * points) for name, number in counts.items() if number}


def _lines(names: Sequence[str], asked: Sequence[Condition]) -> Lines:
    """The loop that counts what each condition removes, and keeps the point that misses all of them by the least."""

    def at_point(meets: str) -> list[str]:
        known = " and ".join(f"{name} == {name}" for name in names)
        lines = [f"missed = float32(0) if {known} else float32(inf)"]
        for i, c in enumerate(asked):
            left, right = f"float32({c.name})", f"float32({c.other})" if c.other else f"float32({bound(c)!r})"
            by = "abs(a - b) / max(abs(a), abs(b), float32(1e-30)) + float32(1e-9)"
            lines += [f"a, b = {left}, {right}", f"if not a {c.operator} b:", f"    by = {by}"]
            lines += ["    missed = max(missed, by) if by == by else float32(inf)", f"    out_counts[{i}] += by == by"]
        return [*lines, "out_row[at] = missed", "found += int32(missed < least)"]

    again = ["if found:", "    for k in range(len(out_row)):", "        if out_row[k] < least:"]
    again += ["            least = out_row[k]", "            out_least[0] = least", "            out_place[0] = base + k"]
    return Lines(
        name="nearest",
        about="What the conditions remove.",
        start=["least = out_least[0]"],
        before_row=["found = int32(0)"],
        point=at_point,
        after_row=again,
        writes=("counts", "row", "least", "place"),
    )
