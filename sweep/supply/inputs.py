"""A case of supply from the catalogues, and what its answer says. What belongs here: prices, the load, tables, sensitivities."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from sweep.catalog.entries import entry, entry_names
from sweep.catalog.parameters import Figure, parameters
from sweep.catalog.units import show, to_si
from sweep.equations import graph, interpret
from sweep.errors import SweepError, suggestion
from sweep.supply.mix import HOUR, Case, Mix, Prices, Series, solve
from sweep.supply.traces import read_trace

SWINGS = {
    "gas": ("gas_running",),
    "turbines": ("gas",),
    "batteries": ("battery_energy", "battery_power"),
    "solar": ("solar",),
    "wind": ("wind",),
}


def prices(
    site: str | None = None,
    gas: str = "gas-7ha02",
    settings: Mapping[str, str] | None = None,
    price_file: str | None = None,
    carbon_file: str | None = None,
) -> Prices:
    """What solar, wind, batteries, a kind of gas plant and a site's grid cost, by the shipped equations; files give the grid by the hour.

    settings: parameters by name as a study writes them, for example {"gas_price": "5 USD/MMBtu", "carbon_kind": "average-lifecycle"}.
    An hour of a negative price costs nothing: the mix cannot take more than its load and its batteries.
    """
    plants = {"solar": "solar", "wind": "wind-onshore", "gas": gas}
    yearly = {name: _quantity("generator_annual_cost", {"generator": plant}, settings) for name, plant in plants.items()}
    selected = {"site": site} if site else {}
    grid: float | Series = math.nan
    carbon: float | Series = math.nan
    if price_file:
        grid = np.maximum(read_trace(price_file, "price"), 0.0)
    elif site:
        grid = _quantity("site_electricity_price", selected, settings)
    if carbon_file:
        carbon = read_trace(carbon_file, "carbon", (settings or {}).get("carbon_kind", "average-direct"))
    elif site:
        carbon = _quantity("site_carbon_intensity", selected, settings)
    return Prices(
        solar=yearly["solar"],
        wind=yearly["wind"],
        gas=yearly["gas"],
        gas_running=_quantity("generator_running_cost", {"generator": gas}, settings),
        battery_energy=_quantity("battery_energy_annual_cost", {}, settings),
        battery_power=_quantity("battery_power_annual_cost", {}, settings),
        battery_efficiency=_quantity("battery_efficiency", {}, settings),
        gas_carbon=_quantity("generator_carbon_intensity", {"generator": gas}, settings),
        gas_unit=_quantity("generator_unit_power", {"generator": gas}, settings),
        grid=grid,
        grid_carbon=carbon,
    )


def load_of(file: str, peak: float | None = None) -> Series:
    """W in each hour of a year from a file, scaled to a peak where one is given."""
    hourly = read_trace(file, "load")
    return hourly if peak is None else hourly * (peak / hourly.max())


def daily_load(peak: float, swing: float = 0.0) -> Series:
    """W in each hour of a year: constant, or falling by a part of the peak to its least at 4 in the morning."""
    if not 0 <= swing <= 1:
        raise SweepError(f"swing = {swing:g}: must lie between 0 and 1")
    hour = np.arange(8760) % 24
    return peak * (1 - swing / 2 * (1 + np.cos(2 * np.pi * (hour - 4) / 24)))


def sensitivities(case: Case, hours: int = 3, by: float = 0.5) -> dict[str, tuple[Mix, Mix]]:
    """The mix when each price is lower or higher by a part, in steps of several hours."""
    coarse = case.coarser(hours)

    def at(fields: tuple[str, ...], scale: float) -> Mix:
        changed = {name: getattr(case.prices, name) * scale for name in fields}
        return solve(replace(coarse, prices=replace(case.prices, **changed)))

    return {name: (at(fields, 1 - by), at(fields, 1 + by)) for name, fields in SWINGS.items()}


def mix_rows(case: Case, mix: Mix) -> list[tuple[str, str, str]]:
    """The answer in rows of words: source, what is built, and electricity of the year."""
    if not mix.feasible:
        return [("no mix", mix.status, "")]
    rows: list[tuple[str, str, str]] = []
    for name in ("solar", "wind", "gas"):
        if name in case.allowed:
            rows.append((name, show(mix.capacity[name], "W"), show(mix.energy[name], "J")))
    if "battery" in case.allowed:
        size = f"{show(mix.capacity['battery_power'], 'W')}, {show(mix.capacity['battery_energy'], 'J')}"
        rows.append(("battery", size, show(mix.energy["battery"], "J")))
    if "grid" in case.allowed:
        rows.append(("grid", "", show(mix.energy["grid"], "J")))
    rows.append(("spilled", "", show(mix.energy["spilled"], "J")))
    rows.append(("price", show(mix.price, "USD/J"), f"{mix.cost / 1e6:,.0f} million USD a year"))
    rows.append(("clean", f"{mix.clean_share:.1%}", f"{case.mode}, steps of {case.step / HOUR:g} h{bias(case)}"))
    rows.append(("carbon", show(mix.carbon, "kg"), "a year"))
    return rows


def bias(case: Case) -> str:
    """What steps longer than an hour miss, as measured on three cases of hourly steps."""
    low = {2: "1 to 2", 3: "3 to 5", 4: "3 to 6"}.get(round(case.step / HOUR))
    return f": cost {low} % too low where batteries carry the nights" if low else ""


def _quantity(name: str, select: Mapping[str, str], settings: Mapping[str, str] | None) -> float:
    """One quantity of the shipped equations at its defaults, with catalogue entries and settings."""
    known = parameters()
    values = {key: p.default.value for key, p in known.items() if p.default}
    for key, text in (settings or {}).items():
        if key not in known:
            raise SweepError(f"{key}: unknown parameter{suggestion(key, known)}")
        words = known[key].choices
        if words and text not in words:
            raise SweepError(f"{key} = {text!r}: is not a choice of {key}{suggestion(text, words)}")
        try:
            values[key] = float(words.index(text)) if words else to_si(text, known[key].unit)
        except SweepError as error:
            raise SweepError(f"{key} = {text!r}: {error}") from None
    figures: dict[tuple[str, str], Figure] = {}
    for catalogue, label in select.items():
        if label not in entry_names(catalogue):
            raise SweepError(f"no such {catalogue} {label!r}{suggestion(label, entry_names(catalogue))}")
        figures |= entry(catalogue, label).figures
    for (key, word), figure in figures.items():
        by = known[key].by
        if key not in (settings or {}) and (by is None or known[by].choices.index(word) == int(values[by])):
            values[key] = figure.value
    chosen = {key: values[key] for key, p in known.items() if p.choices and key in values}
    found = graph.resolve([name], given=[], fixed=chosen)
    for key in found.inputs:
        if key not in values:
            entries = ", ".join(select.values()) or "the defaults"
            by = known[key].by
            kind = f" of the kind {known[by].choices[int(values[by])]}" if by else ""
            states = sorted({word for column, word in figures if column == key and word})
            there = f"; there is: {', '.join(states)}" if states else ""
            raise SweepError(f"{entries}: states no {key}{kind}{there}")
    return interpret.compute_point(found, {key: values[key] for key in found.inputs}).values[name]
