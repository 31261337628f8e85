"""The hours of a year in a study. What belongs here: files of carbon, price and load to what a training run and a service take of them.

A run takes the mean over the hours that it covers, from its start to its end, whatever its duration comes out as: sums of the hours are
kept with the equation, so that a mean is two look-ups. Serving takes the mean over the year, weighted with the queries of each hour.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import FunctionType

import numpy as np
import numpy.typing as npt

from sweep.catalog import calendar
from sweep.catalog.document import Node
from sweep.catalog.parameters import Figure, parameters
from sweep.equations import registry
from sweep.equations.registry import Equation, Own
from sweep.errors import SweepError
from sweep.study.axes import HOUR, Selected
from sweep.study.definition import Study
from sweep.supply.traces import DAY, HOURS, Kind, read_trace

KEYS = ("carbon", "price", "load")
SECONDS = 3600.0  # of an hour
LONGEST = 1e12  # s of a run, some 30,000 years
# what the functions below read is of one study: the sum of the hours before each, their mean, and the mean of serving
SUMS: npt.NDArray[np.float64] = np.zeros(HOURS + 1)
MEAN = SERVED = math.nan


def until(time: float) -> float:
    """The sum over the hours from the beginning of the first year to a time, the hours of a year following those of the last."""
    hours = time / SECONDS
    years = math.floor(hours / HOURS)
    whole = min(math.floor(hours - years * HOURS), HOURS - 1)
    part = hours - years * HOURS - whole
    return years * SUMS[HOURS] + SUMS[whole] + part * (SUMS[whole + 1] - SUMS[whole])  # type: ignore[no-any-return]


def run_carbon_intensity(training_start: float, run_duration: float) -> float:
    """Carbon intensity of the electricity of the training run: the mean of the hours that it covers.

    c_r = (C(t + T) - C(t)) / T, C the sum of the hours' intensities up to a time

    training_start: t, date on which the run starts [s]
    run_duration: T, time that the run takes [s]
    """
    if not 0.0 < run_duration < LONGEST:
        return math.nan
    return (until(training_start + run_duration) - until(training_start)) * SECONDS / run_duration


def run_electricity_price(training_start: float, run_duration: float) -> float:
    """Price of the electricity of the training run: the mean of the hours that it covers.

    p_r = (P(t + T) - P(t)) / T, P the sum of the hours' prices up to a time

    training_start: t, date on which the run starts [s]
    run_duration: T, time that the run takes [s]
    """
    if not 0.0 < run_duration < LONGEST:
        return math.nan
    return (until(training_start + run_duration) - until(training_start)) * SECONDS / run_duration


def carbon_intensity() -> float:
    """Carbon intensity of the electricity of the facility: the mean of the hours of the year.

    c = sum of c_h / n
    """
    return MEAN


def electricity_price() -> float:
    """Price of the electricity that the facility takes: the mean of the hours of the year.

    p = sum of p_h / n
    """
    return MEAN


def serving_carbon_intensity() -> float:
    """Carbon intensity of the electricity of serving: the mean of the hours of the year, weighted with the queries of each.

    c_s = sum of q_h c_h / sum of q_h
    """
    return SERVED


def serving_electricity_price() -> float:
    """Price of the electricity of serving: the mean of the hours of the year, weighted with the queries of each.

    p_s = sum of q_h p_h / sum of q_h
    """
    return SERVED


GIVES: dict[Kind, tuple[Callable[..., float], ...]] = {
    "carbon": (run_carbon_intensity, carbon_intensity, serving_carbon_intensity),
    "price": (run_electricity_price, electricity_price, serving_electricity_price),
}
# of each file: what an axis of hours has of it
COLUMNS = {"queries": "hour_load", "carbon": "hour_carbon_intensity", "price": "hour_electricity_price"}


def with_hours(study: Study, node: Node, folder: Path, point: Node | None) -> Study:
    """The study with the hours that its files give. Raises SweepError where it says the same of the whole year.

    point: the hour at which the study's point stands; that of the largest load, or the first, where it names none.
    """
    files = node.mapping(KEYS)
    if not files:
        node.fail(f"needs a file of {', '.join(KEYS)}, for example {{carbon: ie-2024.csv}}")
    weights: npt.NDArray[np.float64] = np.ones(HOURS)
    selected = dict(study.selected)
    columns: dict[str, npt.NDArray[np.float64]] = {}
    if "load" in files:
        queries = _read(files["load"], folder, "queries")
        if queries.min() < 0 or not queries.max() > 0:
            files["load"].fail("the queries must not be negative, nor zero throughout")
        columns["queries"] = queries / queries.mean()
        weights = np.resize(columns["queries"], HOURS)
        weights /= weights.mean()  # a year is no whole number of weeks
        selected["hours"] = _load(queries, files["load"])
    found: dict[str, Equation] = {}
    for kind in [kind for kind in GIVES if kind in files]:
        _check(study, files[kind], GIVES[kind])
        chosen = _word(study, files[kind], "carbon_kind") if kind == "carbon" else ""
        hourly = columns[kind] = _read(files[kind], folder, kind, chosen)
        sums = np.concatenate([[0.0], np.cumsum(hourly)])
        space = {**globals(), "SUMS": sums, "MEAN": float(hourly.mean()), "SERVED": float((hourly * weights).mean())}
        space["until"] = FunctionType(until.__code__, space, "until")
        for template in GIVES[kind]:
            shipped = registry.EQUATIONS[template.__name__]
            function = FunctionType(template.__code__, space, template.__name__)
            found[shipped.name] = registry.described(function, shipped.unit, shipped.source)
    known = replace(study, selected=selected, equations=_beside(study.equations, found, folder / node.file))
    return _with_axis(known, columns, node, point) if HOUR in study.axes else known


def _with_axis(study: Study, columns: dict[str, npt.NDArray[np.float64]], node: Node, point: Node | None) -> Study:
    """The study with its axis of hours: those of the load's day or week, or of the year where there is carbon or price, too."""
    size = max(len(values) for values in columns.values())
    found = {COLUMNS[kind]: np.resize(values, size) for kind, values in columns.items()}
    for name in found:
        if name in study.fixed:
            node.fail(f"the axis of hours has {name}, and the study gives it, too; omit one of them")
    axis = replace(study.axes[HOUR], labels=tuple(_label(hour, size) for hour in range(size)), columns=found)
    at = axis.find(point) if point else int(np.argmax(found["hour_load"])) if "hour_load" in found else 0
    return replace(study, axes={**study.axes, HOUR: axis}, point={**study.point, HOUR: at})


def _label(hour: int, size: int) -> str:
    """An hour of a day as 18:00, of a week as 3 18:00, of a year as its date 07-01T18."""
    if size == HOURS:
        return calendar.date(hour * SECONDS)
    return f"{hour:02}:00" if size == DAY else f"{hour // DAY + 1} {hour % DAY:02}:00"


def _load(queries: npt.NDArray[np.float64], node: Node) -> Selected:
    """What a load gives of the service: its mean and its busiest hour."""

    def of(value: float, unit: str, what: str) -> Figure:
        return Figure(value, f"{value:.6g} {unit}".removesuffix(" 1"), node.text, 0, derived=f"{what} of {node.text}")

    peak = of(float(queries.max() / queries.mean()), "1", "the busiest hour over the mean")
    return Selected(node.text, {("queries_per_day", ""): of(float(queries.mean()), "query/s", "the mean"), ("peak_to_mean_load", ""): peak})


def _read(node: Node, folder: Path, kind: Kind, word: str = "") -> npt.NDArray[np.float64]:
    path = folder / node.text
    try:
        return read_trace(path, kind, word)
    except SweepError as error:
        node.fail(str(error))


def _word(study: Study, node: Node, name: str) -> str:
    """The word of a choice that must be one for the whole study."""
    if name not in study.choices:
        node.fail(f"the hours are of one {name}, and an axis has several")
    return parameters()[name].choices[int(study.choices[name])]


def _check(study: Study, node: Node, equations: tuple[Callable[..., float], ...]) -> None:
    if _word(study, node, "power_source") != "grid":
        node.fail("hours are those of a grid; power_source must be grid")
    for name in [equation.__name__ for equation in equations if equation.__name__ in study.given]:
        node.fail(f"the hours give {name}, and the study gives it, too; omit one of them")


def _beside(own: Own | None, found: dict[str, Equation], path: Path) -> Own | None:
    """The equations of the hours beside those of a user's file; compiled code is kept under a digest of both."""
    if not found:
        return own
    for name in found:
        if own and name in own.equations:
            raise SweepError(f"{own.path}: {name} is an equation of the study's hours; give the equation or the hours")
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for equation in found.values():
        space = equation.function.__globals__
        digest.update(f"{equation.name} {space['SERVED']!r} ".encode() + space["SUMS"].tobytes())
    if own is None:
        return Own(path, digest.digest(), found, {})
    return replace(own, source=own.source + digest.digest(), equations={**own.equations, **found})
