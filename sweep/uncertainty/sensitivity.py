"""What moves a quantity. What belongs here: exact shares of variance over the axes, sampled ones over ranges, and one range at a time.

Over axes each label counts the same. The grid is streamed: for each axis in turn blocks hold that axis whole, so that the mean along it
is known when a block is done, and nothing else is kept.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sweep.engine import blocks, plan
from sweep.engine.blocks import Worker, inner_shape, ranges_of
from sweep.engine.plan import Nest, Plan
from sweep.errors import SweepError
from sweep.study.axes import Axis
from sweep.study.definition import Study
from sweep.study.ranges import Values
from sweep.study.sampling import SAMPLE, Z
from sweep.uncertainty.bands import drawn, outcomes

METHODS = ("tornado", "sobol", "grid")
BASE = 512  # points of the sequence; as many for each range and twice more are evaluated
CELLS = 1 << 21


def sensitivity(study: Study, of: str, method: str = "tornado", seed: int = 0) -> list[dict[str, Any]]:
    """What moves a quantity of a study, most first.

    tornado: each uncertain input of the study's point at its low and its high, all others as stated: input, low, value, high, at_low,
    stated, at_high.
    sobol: shares of the variance when all are drawn (SALib): input, first_order, total, and the half width of their 95 % intervals.
    grid: shares of the variance over the whole grid, exact: axis, first_order, total, and the points that have a value. SI units.
    """
    ways: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "tornado": lambda: _tornado(study, of),
        "sobol": lambda: _sobol(study, of, seed),
        "grid": lambda: _grid(study.stated, of),
    }
    if method not in ways:
        raise SweepError(f"--method {method}: is one of {', '.join(METHODS)}")
    return ways[method]()


def _ranges(study: Study, of: str) -> tuple[Study, list[str]]:
    """The study at its point, and the uncertain inputs that the quantity depends on."""
    held = drawn(study.stated, {}, 2)
    names = [name for name in held.uncertain if name in held.graph_of([of]).inputs]
    if not names:
        raise SweepError(f"{study.file}: no input of {of} has a low and a high; give one: --set 'pue={{value: 1.2, low: 1.1, high: 1.4}}'")
    return held, names


def _at(held: Study, of: str, names: Iterable[str], z: Values) -> Values:
    """The quantity at chosen deviations (draws, names) of some inputs, the others as they are stated."""
    given = np.zeros((len(z), len(held.uncertain)))
    given[:, [held.uncertain.index(name) for name in names]] = z
    axis = Axis(SAMPLE, tuple(map(str, range(len(z)))), {SAMPLE: np.arange(len(z), dtype=float)}, given=given)
    return outcomes(replace(held, axes={**held.axes, SAMPLE: axis}), [of])[of]


def _tornado(study: Study, of: str) -> list[dict[str, Any]]:
    held, names = _ranges(study, of)
    z = np.zeros((2 * len(names) + 1, len(names)))
    for i in range(len(names)):
        z[2 * i, i], z[2 * i + 1, i] = -Z, Z
    *found, here = _at(held, of, names, z).tolist()
    rows = []
    for name, low, high in zip(names, found[::2], found[1::2], strict=True):
        stated = held.stated.input_values(name).values.reshape(-1)[0]
        ends = [float(end.values.reshape(-1)[0]) for end in held.range_of(name) or ()]
        given = {"low": ends[0], "value": float(stated), "high": ends[1]}
        rows.append({"input": name, **given, "at_low": low, "stated": here, "at_high": high})
    return sorted(rows, key=_width, reverse=True)


def _width(row: dict[str, Any]) -> float:
    """How far a range moves the quantity, as far as it has a value there."""
    ends = [row[key] for key in ("at_low", "stated", "at_high") if row[key] == row[key]]
    return max(ends) - min(ends) if ends else 0.0


def _sobol(study: Study, of: str, seed: int) -> list[dict[str, Any]]:
    try:
        from SALib.analyze import sobol as analyze
        from SALib.sample import sobol as sample
        from scipy.special import ndtri
    except ImportError:
        raise SweepError("shares of sampled inputs need SALib: pip install 'wattsweep[stats]'") from None
    held, names = _ranges(study, of)
    problem = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    u = sample.sample(problem, BASE, calc_second_order=False, seed=seed)
    values = _at(held, of, names, ndtri(np.clip(u, 1e-9, 1 - 1e-9)))
    if np.isnan(values).any():
        share = f"{np.isnan(values).mean():.0%}"
        raise SweepError(f"{of}: has no value in {share} of the draws, so it has no variance; --method tornado says where")
    if not np.ptp(values):
        return [{"input": name, "first_order": 0.0, "total": 0.0, "first_order_95": 0.0, "total_95": 0.0} for name in names]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # SALib 1.5 calls pandas in a way that pandas is about to change
        told = analyze.analyze(problem, values, calc_second_order=False, seed=seed)
    keys = {"first_order": "S1", "total": "ST", "first_order_95": "S1_conf", "total_95": "ST_conf"}
    rows = [{"input": name, **{key: float(told[their][i]) for key, their in keys.items()}} for i, name in enumerate(names)]
    return sorted(rows, key=lambda row: -float(row["total"]))


@dataclass
class Moments:
    """Sums over what has been streamed, of values less a shift: enough for the variance."""

    count: float = 0.0
    total: float = 0.0
    squares: float = 0.0

    def add(self, values: Values, weights: Values | float = 1.0) -> None:
        known = ~np.isnan(values)
        weight = np.broadcast_to(weights, values.shape)[known]
        some = values[known]
        self.count += float(weight.sum())
        self.total += float(weight @ some)
        self.squares += float(weight @ (some * some))

    @property
    def variance(self) -> float:
        return self.squares / self.count - (self.total / self.count) ** 2 if self.count else math.nan


def _grid(study: Study, of: str) -> list[dict[str, Any]]:
    made = plan.make(study, [of])
    nest = next((nest for nest in made.nests if of in nest.outputs), None)
    if nest is None or not nest.dims:
        raise SweepError(f"{study.file}: {of} depends on no axis; `--method tornado` varies ranges at one point")
    worker = Worker(blocks.program(made))
    rows = [_axis(made, nest, worker, of, dim) for dim in nest.dims]
    return sorted(rows, key=lambda row: -float(row["total"]))


def _axis(made: Plan, nest: Nest, worker: Worker, of: str, dim: str) -> dict[str, Any]:
    """The shares of one axis: of the means of its labels, and of what is left when the mean along it is taken away."""
    shape = tuple(made.sizes[d] for d in nest.dims)
    place = nest.dims.index(dim)
    others = [1 if i == place else size for i, size in enumerate(shape)]
    cut = list(inner_shape(tuple(others), max(1, CELLS // shape[place])))
    cut[place] = shape[place]
    all_of_them, along = Moments(), Moments()
    count, total = np.zeros(shape[place]), np.zeros(shape[place])
    shift = math.nan
    for block in ranges_of(made.nests.index(nest), shape, tuple(cut)):
        values = np.moveaxis(worker.draw(block)[of].astype(float), place, -1).reshape(-1, shape[place])
        if math.isnan(shift) and (known := values[~np.isnan(values)]).size:
            shift = float(known[0])
        values -= shift
        there = ~np.isnan(values)
        sums, counts = np.where(there, values, 0.0).sum(axis=1), there.sum(axis=1)
        all_of_them.add(values.reshape(-1))
        along.add(sums[counts > 0] / counts[counts > 0], counts[counts > 0].astype(float))
        count += there.sum(axis=0)
        total += np.where(there, values, 0.0).sum(axis=0)
    labels = Moments()
    labels.add(total[count > 0] / count[count > 0], count[count > 0])
    whole = all_of_them.variance
    shares = {"first_order": labels.variance / whole, "total": 1 - along.variance / whole} if whole else {"first_order": 0.0, "total": 0.0}
    return {"axis": dim, "labels": shape[place], **shares, "points": int(all_of_them.count), "of": math.prod(shape)}
