"""The best points of a study or of a cube. What belongs here: the search, which streams through the grid and stores none of it.

A point counts as the cube would hold it: values are rounded to float32 before they are compared, and points of equal score are one
row, which stands at the first of them in the order of the cube; so a study and its cube name the same points.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from sweep.analysis import infeasible, ranking, scan
from sweep.analysis.cells import cells
from sweep.analysis.optimum import Optimum
from sweep.analysis.ranking import ROOM, Hit, Objective, Ranking, Why, alike, best_of
from sweep.analysis.scan import Lines, Places, Spans
from sweep.catalog.parameters import Parameter
from sweep.engine.blocks import Array
from sweep.engine.nests import Function
from sweep.engine.plan import STATUS
from sweep.equations import registry
from sweep.equations.quantities import names
from sweep.errors import SweepError
from sweep.query.selection import unit_of
from sweep.study.conditions import Condition, conditions
from sweep.study.definition import Study

if TYPE_CHECKING:
    import xarray

INSERT_TEXT = '''def insert(scores, slots, counts, places, score, place):
    """Put a point into the sorted list of the best scores, of which it is no worse than the last; points of equal score share a slot."""
    k = 0
    while scores[k] < score:
        k += 1
    if scores[k] != score:
        slot = slots[len(slots) - 1]
        for m in range(len(scores) - 1, k, -1):
            scores[m] = scores[m - 1]
            slots[m] = slots[m - 1]
        scores[k] = score
        slots[k] = slot
        counts[slot] = 0
    slot = slots[k]
    room = len(places) // len(scores)
    if counts[slot] < room:
        places[slot * room + counts[slot]] = place
    counts[slot] += 1
'''
INSERT = Function("insert", INSERT_TEXT, (), (), (), (), native=False)


def best(
    subject: Study | xarray.Dataset,
    quantity: str,
    where: Iterable[str] = (),
    top: int = 1,
    maximize: bool = False,
    per: str | None = None,
    threads: int | None = None,
) -> Ranking:
    """The points with the smallest (or largest) value of a quantity among those that meet some conditions.

    subject: a study, whose grid is streamed and never stored, or an opened cube. quantity: one, or several with weights, such as
    "0.7*energy_cost + 0.3*time_to_train"; each is divided by its own best value, and `score` is the sum. where: texts such as
    "time_to_train <= 90 d". per: an axis; the best are then named for each of its labels.
    Each row holds rank, the labels of the axes that matter, and SI values of the quantities and of those in the conditions (from a
    study: of all its outputs, too); `alike` says how many points have the same value, and on which labels they differ. The answer
    also says which labels are omitted for lack of a figure, why there is no row where there is none, and, where a grid is too large to
    evaluate each point, on what proof it rests. A SweepError says what is wrong.
    """
    if isinstance(subject, Study):
        registry.only(subject.equations)
    arrays = {} if isinstance(subject, Study) else subject.data_vars
    held = [Parameter(str(name), unit_of(array), "") for name, array in arrays.items() if name != STATUS]
    wanted = ranking.objective(quantity, maximize, {*names(), *(p.name for p in held)})
    if top < 1:
        raise SweepError(f"--top {top}: must be at least 1")
    asked = conditions(where, held)
    if isinstance(subject, Study):
        return _of_study(subject.stated, wanted, asked, top, per, threads)
    return _of_cube(subject, wanted, asked, top, per)


def _of_study(study: Study, objective: Objective, asked: list[Condition], top: int, per: str | None, threads: int | None) -> Ranking:
    bests: list[float] = []
    if len(objective.terms) > 1:
        alone = [_of_study(study, Objective({n: 1.0}, objective.maximize), asked, 1, None, threads) for n in objective.names]
        if why := next((found.why for found in alone if not found.rows), None):
            return Ranking([], objective.terms, alone[0].omitted, why)
        bests = [found[0][name] for found, name in zip(alone, objective.names, strict=True)]
    made = scan.make(study, objective.names, asked, _lines(objective), (INSERT,))
    weights = objective.weights(bests)
    optimum = Optimum(made, dict(zip(objective.names, weights, strict=True)), asked)
    rows = []
    for spans in made.groups(per):
        for rank, hit in enumerate(_hits(optimum, spans, weights, top, threads), 1):
            row = {"rank": rank, **_scored(objective, hit), **made.row(hit.places[0], per)}
            rows.append(row | alike(hit, [made.labels(place) for place in hit.places] if hit.count > 1 else []))
    found = Ranking(rows, objective.terms, infeasible.omitted(study, made.wanted), proof=optimum.proof, scales=_scales(objective, weights))
    if not rows:
        found.why = Why(optimum.proof.points, {}) if optimum.proof else infeasible.why(study, objective.names, asked, threads)
    return found


def _of_cube(cube: xarray.Dataset, objective: Objective, asked: list[Condition], top: int, per: str | None) -> Ranking:
    found = cells(cube, objective.names, asked)
    bests: list[float] = []
    if len(objective.terms) > 1:
        alone = [_of_cube(cube, Objective({n: 1.0}, objective.maximize), asked, 1, None) for n in objective.names]
        if why := next((one.why for one in alone if not one.rows), None):
            return Ranking([], objective.terms, alone[0].omitted, why)
        bests = [one[0][name] for one, name in zip(alone, objective.names, strict=True)]
    rows = []
    weights = objective.weights(bests)
    for spans in found.groups(per):
        for rank, hit in enumerate(found.hits(spans, objective, weights, top), 1):
            row = found.row(hit.places[0])
            first = {per: row[per]} if per else {}
            more = alike(hit, [found.labels(place) for place in hit.places] if hit.count > 1 else [])
            rows.append({"rank": rank, **_scored(objective, hit), **first, **row, **more})
    why = None if rows else found.why(objective)
    return Ranking(rows, objective.terms, found.omitted(), why, scales=_scales(objective, weights))


def _scales(objective: Objective, weights: Iterable[float]) -> dict[str, float]:
    return dict(zip(objective.names, map(abs, weights), strict=True))


def _scored(objective: Objective, hit: Hit) -> dict[str, float]:
    """The weighted sum of several quantities."""
    return {"score": -hit.score if objective.maximize else hit.score} if len(objective.terms) > 1 else {}


def _hits(optimum: Optimum, spans: Spans, weights: list[float], top: int, threads: int | None) -> list[Hit]:
    hits: list[Hit] = []
    room = max(1, min(ROOM, (1 << 22) // top))

    def before(places: Places) -> dict[str, Array]:
        limit = hits[top - 1].score if len(hits) >= top else np.finfo(np.float32).max
        return {
            "scores": np.full(top, np.inf, np.float32),
            "slots": np.arange(top, dtype=np.int64),
            "counts": np.zeros(top, np.int64),
            "places": np.empty(top * room, np.int64),
            "row": np.empty(places.row, np.float32),
            "limit": np.array([limit], np.float32),
            "weights": np.array(weights),
        }

    def after(places: Places, out: dict[str, Array]) -> None:
        new = []
        for score, slot in zip(out["scores"].tolist(), out["slots"].tolist(), strict=True):
            if score < np.inf:
                count = int(out["counts"][slot])
                inside = out["places"][slot * room : slot * room + min(count, room)]
                new.append(Hit(score, tuple(places.flat(inside).tolist()), count))
        hits[:] = best_of([*hits, *new], top)

    optimum.visit(spans, before, after, lambda: hits[top - 1].score if len(hits) >= top else math.inf, threads)
    return hits


def _lines(objective: Objective) -> Lines:
    """The loop that scores every point and keeps the best.

    The innermost loop only counts the scores that are no worse than the worst hit, which runs in vector lanes; a row with such a
    score is read again.
    """
    sign = "-" if objective.maximize else ""
    one = f"{sign}{objective.names[0]}"
    several = " + ".join(f"out_weights[{i}] * {name}" for i, name in enumerate(objective.names))

    def at_point(meets: str) -> list[str]:
        held = [f"score = score if {meets} else float32(inf)"] if meets else []
        score = f"score = float32({one if len(objective.terms) == 1 else several})"
        return [score, *held, "out_row[at] = score", "found += int32(score <= worst)"]

    worst = "worst = min(out_limit[0], out_scores[last])"
    again = ["if found:", "    for k in range(len(out_row)):", "        if out_row[k] <= worst:"]
    again += ["            insert(out_scores, out_slots, out_counts, out_places, out_row[k], base + k)", f"            {worst}"]
    return Lines(
        name="search",
        about=f"The {'largest' if objective.maximize else 'smallest'} {' and '.join(objective.names)}.",
        start=["last = len(out_scores) - 1", worst],
        before_row=["found = int32(0)"],
        point=at_point,
        after_row=again,
        writes=("scores", "slots", "counts", "places", "row", "limit", "weights"),
    )
