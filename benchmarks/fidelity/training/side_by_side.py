"""Peers and the model on the same rows. What belongs here: errors and layout choice of both, over the rows that a peer scores."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.fidelity.evaluation import Evaluator, Unscored
from benchmarks.fidelity.measures import relative_errors
from benchmarks.fidelity.score import Score
from benchmarks.fidelity.training import layouts
from benchmarks.fidelity.training.peers import Peer
from benchmarks.fidelity.training.scoring import Prepared
from benchmarks.fidelity.training.summary import expressible, fitted

SHOWN = ("rows", "mean", "median", "p90", "bias")


def compared(rows: Sequence[Prepared], peers: dict[str, Peer]) -> dict[str, dict[str, float]]:
    """For each peer a line of its own and one of the model on the same rows; neither choice of layout asks for memory."""
    evaluator = Evaluator(("step_time",))
    ours = [score for row in rows if (score := _ours(row, evaluator)) is not None]
    found = {}
    for name, peer in peers.items():
        theirs = [score for one in ours if (score := _theirs(one, peer)) is not None]
        same = {one.id for one in theirs}
        own = [one for one in ours if one.id in same]
        for title, left_out in (("", frozenset[str]()), (" without the families that we fitted", fitted("training"))):
            found[f"{name}{title}"] = _line([one for one in theirs if one.family not in left_out])
            found[f"wattsweep, rows of {name}{title}"] = _line([one for one in own if one.family not in left_out])
    return found


def _ours(row: Prepared, evaluator: Evaluator) -> Score | None:
    if row.inputs is None or row.step_time is None or not expressible(row.row):
        return None
    predicted, reason = evaluator.predict(row.inputs, gpu_memory=math.inf).of("step_time")
    notes = {"baseline": math.nan}
    return Score(row.row.id, row.row.family, "step_time", predicted, row.step_time, reason, row.row, inputs=row.inputs, notes=notes)


def _theirs(one: Score, peer: Peer) -> Score | None:
    if one.error is None or one.inputs is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            predicted = peer(one.inputs)
    except Unscored:
        return None
    return replace(one, predicted=predicted) if math.isfinite(predicted) and predicted > 0 else None


def _line(scores: Sequence[Score]) -> dict[str, float]:
    found = relative_errors([one.error for one in scores if one.error is not None])
    jobs = layouts.summary(layouts.groups(scores, {}, kernel=True))
    choice = {"groups": jobs["groups"], "regret": jobs["mean_regret_without_memory"], "rank_correlation": jobs["mean_rank_correlation"]}
    return {name: found[name] for name in SHOWN} | choice
