"""The cheapest plants that carry a load over a year, step by step. What belongs here: the linear programme and its result.

The sun and the wind of the year are for weather.py; one kind of generator at a time, or mixes by the year, are equations of kernels/.
Needs the extra `supply` (scipy, which brings the solver HiGHS).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sweep.errors import SweepError, suggestion

Series = npt.NDArray[np.float64]
Mode = Literal["annual", "hourly", "islanded"]
MODES = ("annual", "hourly", "islanded")
HOUR = 3600.0
YEAR = 8760 * HOUR
DARK_COST = 1e4  # USD/kWh: above any plant, so that the least load is left dark
SOURCES = ("solar", "wind", "battery", "gas", "grid")


@dataclass(frozen=True)
class Prices:
    """What plants cost: in a year for each watt (or joule of battery), and for each joule of electricity. SI units and USD."""

    solar: float
    wind: float
    gas: float
    gas_running: float
    battery_energy: float
    battery_power: float
    grid: float | Series = math.nan  # or one for each step
    battery_efficiency: float = 0.9
    gas_carbon: float = 0.0
    grid_carbon: float | Series = 0.0  # or one for each step
    gas_unit: float = 0.0


@dataclass(frozen=True)
class Case:
    """A load, the sun and the wind over a year, what may be built, and what the mix must keep to.

    load: W, one value for each step. solar, wind: output over nameplate in each step. sources: what may be built or bought.
    mode: annual (clean electricity of the year equals the share of the load, the grid carries the rest), hourly (no more than
    the rest of the share from gas and grid, hour by hour) or islanded (no grid, and `spare_units` of gas beyond what runs).
    """

    load: Series
    solar: Series
    wind: Series
    prices: Prices
    mode: Mode = "hourly"
    clean_share: float = 0.0
    sources: tuple[str, ...] = SOURCES
    spare_units: int = 1
    grid_limit: float = math.inf
    battery_hours: float | None = None

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise SweepError(f"mode = {self.mode!r}: is not a supply mode{suggestion(self.mode, MODES)}")
        if not len(self.load) == len(self.solar) == len(self.wind) or not len(self.load):
            steps = f"{len(self.load)}, {len(self.solar)} and {len(self.wind)}"
            raise SweepError(f"load, solar and wind must have the same number of steps, at least one; here {steps}")
        if not 0 <= self.clean_share <= 1:
            raise SweepError(f"clean_share = {self.clean_share:g}: must lie between 0 and 1")
        for source in set(self.sources) - set(SOURCES):
            raise SweepError(f"sources: {source!r} is not a source{suggestion(source, SOURCES)}")
        if self.load.min() < 0 or not self.load.max() > 0:
            raise SweepError("the load must not be negative, nor zero throughout")
        if "grid" in self.allowed and not np.all(np.asarray(self.prices.grid) >= 0):
            raise SweepError("the grid has no price; select a site that states one, or leave the grid out of the sources")

    @property
    def allowed(self) -> tuple[str, ...]:
        """The sources that this mode leaves: an islanded campus has no grid."""
        return tuple(s for s in self.sources if s != "grid" or self.mode != "islanded")

    @property
    def step(self) -> float:
        """Seconds of one step; the steps make one year."""
        return YEAR / len(self.load)

    def coarser(self, hours: int) -> Case:
        """The same case in steps of several hours, each the mean of its hours."""

        def mean(series: Series) -> Series:
            whole = series[: len(series) // hours * hours].reshape(-1, hours)
            return np.asarray(whole.mean(axis=1), dtype=np.float64)

        def of(value: float | Series) -> float | Series:
            return mean(value) if isinstance(value, np.ndarray) else value

        prices = replace(self.prices, grid=of(self.prices.grid), grid_carbon=of(self.prices.grid_carbon))
        return replace(self, load=mean(self.load), solar=mean(self.solar), wind=mean(self.wind), prices=prices)


@dataclass(frozen=True)
class Mix:
    """The cheapest mix, or why there is none.

    capacity: W (battery_energy in J). energy: J of the year by source, with what is spilled. cost: USD a year; price: USD/J.
    carbon: kg a year from gas and grid. unserved: where there is no mix, the least part of the load that stays dark.
    """

    status: str
    capacity: Mapping[str, float] = field(default_factory=dict)
    energy: Mapping[str, float] = field(default_factory=dict)
    cost: float = math.nan
    price: float = math.nan
    carbon: float = math.nan
    clean_share: float = math.nan
    unserved: float = 0.0

    @property
    def feasible(self) -> bool:
        return self.status == "optimal"


def solve(case: Case) -> Mix:
    """The cheapest mix of a case. Where none carries the load, the status says so and how much stays unserved."""
    _solver()
    found = _programme(case, dark_cost=None)
    if found is not None:
        return found
    least = _programme(case, dark_cost=DARK_COST)
    dark = least.unserved if least is not None else math.nan
    rule = {"annual": "in the sum of the year", "hourly": "in every hour", "islanded": "without a grid"}[case.mode]
    clean = f" with {case.clean_share:.0%} clean" if case.clean_share else ""
    built = ", ".join(case.allowed) or "nothing"
    if least is None:
        return Mix(f"infeasible: {built} cannot make the electricity{clean} {rule} at any size")
    return Mix(f"infeasible: {built} cannot carry the load{clean} {rule}; at least {dark:.2%} of it stays unserved", unserved=dark)


def _programme(case: Case, dark_cost: float | None) -> Mix | None:
    """The programme in units of the peak load and of hours; None where it has no solution. dark_cost: USD/kWh of load not served."""
    linprog, coo_matrix = _solver()
    steps, hours = len(case.load), case.step / HOUR
    peak = float(case.load.max())
    load = case.load / peak
    kw = peak / 1e3
    prices, allowed = case.prices, case.allowed
    sized = ("solar", "wind", "gas", "battery_energy", "battery_power")
    column = {name: i for i, name in enumerate(sized)}
    streams = ("gas", "charge", "discharge", "stored", "grid", "dark")
    start = {name: len(sized) + i * steps for i, name in enumerate(streams)}
    total = len(sized) + len(streams) * steps
    now = np.arange(steps)
    spare = case.spare_units * prices.gas_unit / peak if case.mode == "islanded" else 0.0
    one_way = math.sqrt(prices.battery_efficiency)

    rows: list[tuple[Any, Any, Any]] = []
    limits: list[Series] = []
    count = 0

    def at_most(limit: Series, *terms: tuple[Any, Any]) -> None:
        """Rows that say: the sum of (columns, coefficients) stays at or below the limit."""
        nonlocal count
        index = count + np.arange(len(limit))
        rows.extend((index, np.broadcast_to(c, index.shape), np.broadcast_to(v, index.shape)) for c, v in terms)
        limits.append(limit)
        count += len(limit)

    at = {name: first + now for name, first in start.items()}
    at_most(
        -load,
        (column["solar"], -case.solar),
        (column["wind"], -case.wind),
        *((at[name], -1.0) for name in ("gas", "discharge", "grid", "dark")),
        (at["charge"], 1.0),
    )
    if "gas" in allowed:
        at_most(np.full(steps, -spare), (at["gas"], 1.0), (column["gas"], -1.0))
    at_most(np.zeros(steps), (at["charge"], 1.0), (at["discharge"], 1.0), (column["battery_power"], -1.0))
    at_most(np.zeros(steps), (at["stored"], 1.0), (column["battery_energy"], -1.0))
    yearly = load.sum() * hours
    if case.mode == "annual":
        sums = [(np.array([column[s]]), np.array([-series.sum() * hours])) for s, series in (("solar", case.solar), ("wind", case.wind))]
        at_most(np.array([-case.clean_share * yearly]), *sums)
    elif case.clean_share:
        index = np.concatenate([at["gas"], at["grid"]])
        rows.append((np.full(2 * steps, count), index, np.full(2 * steps, hours)))
        limits.append(np.array([(1 - case.clean_share) * yearly]))
        count += 1
    later = np.roll(now, -1)
    flows = [(now, at["stored"][later], np.ones(steps)), (now, at["stored"], -np.ones(steps))]
    flows += [(now, at["charge"], np.full(steps, -one_way * hours)), (now, at["discharge"], np.full(steps, hours / one_way))]

    cost = np.zeros(total)
    annual = {name: getattr(prices, name) * 1e3 for name in sized}
    annual["battery_energy"] *= HOUR
    for name in sized:
        cost[column[name]] = annual[name]
    cost[at["gas"]] = prices.gas_running * 1e3 * HOUR * hours
    cost[at["grid"]] = (prices.grid if "grid" in allowed else 0.0) * 1e3 * HOUR * hours
    cost[at["dark"]] = (dark_cost or 0.0) * hours
    top = np.full(total, np.inf)
    top[[column[name] for name in ("solar", "wind", "gas") if name not in allowed]] = 0.0
    for name, stream in (("gas", "gas"), ("battery", "charge"), ("battery", "discharge"), ("battery", "stored"), ("grid", "grid")):
        top[at[stream]] = np.inf if name in allowed else 0.0
    if "grid" in allowed:
        top[at["grid"]] = case.grid_limit / peak
    if dark_cost is None:
        top[at["dark"]] = 0.0
    low = np.zeros(total)
    if case.battery_hours is not None:
        low[column["battery_energy"]] = top[column["battery_energy"]] = case.battery_hours

    def matrix(parts: list[tuple[Any, Any, Any]], height: int) -> Any:
        i, j, v = (np.concatenate([np.asarray(p[k], dtype=float if k == 2 else np.int64) for p in parts]) for k in range(3))
        return coo_matrix((v, (i, j)), shape=(height, total)).tocsr()

    bounds = np.column_stack([low, top])
    answer = linprog(cost, matrix(rows, count), np.concatenate(limits), matrix(flows, steps), np.zeros(steps), bounds, method="highs")
    if answer.status == 2:
        return None
    if answer.status != 0:
        raise SweepError(f"the solver stopped without an answer: {answer.message}")
    x = answer.x
    taken = {name: float(x[at[name]].sum()) * hours * kw * 1e3 * HOUR for name in streams}
    made = {s: float(x[column[s]] * series.sum()) * hours * kw * 1e3 * HOUR for s, series in (("solar", case.solar), ("wind", case.wind))}
    need = yearly * kw * 1e3 * HOUR
    losses = taken["charge"] - taken["discharge"]
    spilled = made["solar"] + made["wind"] + taken["gas"] + taken["grid"] + taken["dark"] - losses - need
    bought = float((x[at["grid"]] * prices.grid_carbon).sum()) * hours * kw * 1e3 * HOUR
    capacity = {name: float(x[column[name]]) * peak * (HOUR if name == "battery_energy" else 1.0) for name in sized}
    return Mix(
        status="optimal",
        capacity=capacity,
        energy={**made, "gas": taken["gas"], "grid": taken["grid"], "battery": taken["discharge"], "spilled": spilled, "load": need},
        cost=float(answer.fun) * kw,
        price=float(answer.fun) * kw / need,
        carbon=taken["gas"] * prices.gas_carbon + (bought if "grid" in case.allowed else 0.0),
        clean_share=(made["solar"] + made["wind"]) / need if case.mode == "annual" else 1 - (taken["gas"] + taken["grid"]) / need,
        unserved=taken["dark"] / need,
    )


def _solver() -> tuple[Any, Any]:
    try:
        from scipy.optimize import linprog
        from scipy.sparse import coo_matrix
    except ImportError:
        raise SweepError("the cheapest mix needs scipy: pip install 'wattsweep[supply]'") from None
    return linprog, coo_matrix
