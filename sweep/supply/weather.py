"""The sun and the wind of a year, as output over nameplate for each hour. What belongs here: measured years, files, synthetic years.

A synthetic year has the clear sky of its latitude and the length of real dull and calm spells, not their dates; its mean is fitted
to a capacity factor. It says so in its name. Needs the extra `supply` (pvlib).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sweep.errors import SweepError, suggestion

Series = npt.NDArray[np.float64]
HOURS = 8760
STATIONS = {"greensboro": "723170TYA.CSV", "sand-point": "703165TY.csv"}
DC_OVER_AC = 1.3  # panels over inverter of a plant on trackers
SYSTEM_LOSS = 0.14  # PVWatts: soiling, wiring, mismatch, age
HEAT_LOSS = 0.004  # output lost for each kelvin of a cell above 25 degrees Celsius
DULL_SPELL = 0.35  # correlation of the clearness of one day with the next
CALM_SPELL = 0.97  # correlation of wind speed from hour to hour; 0.5 from day to day
WEIBULL_SHAPE = 2.0
CLOSE_ENOUGH = 1e-6  # of a capacity factor
CUT_IN, RATED, CUT_OUT = 3.0, 12.0, 25.0  # m/s


@dataclass(frozen=True)
class Year:
    """Output over nameplate for each hour of a year, and what kind of year it is."""

    name: str
    values: Series

    @property
    def capacity_factor(self) -> float:
        return float(self.values.mean())


def station_solar(station: str) -> Year:
    """Tracked panels under the measured typical year of a station that pvlib ships."""
    hourly, place = _station(station)
    sky = {"ghi": hourly["ghi"], "dni": hourly["dni"], "dhi": hourly["dhi"]}
    middle = hourly.index.shift(-30, freq="min")  # a line is of the hour before it
    return Year(f"solar at {station}, typical measured year", tracked(place, middle, sky, hourly["temp_air"], hourly["wind_speed"]))


def station_wind(station: str) -> Year:
    """A turbine in the wind of a station's typical year, taken from 10 m to the hub."""
    hourly, _ = _station(station)
    return Year(f"wind at {station}, typical measured year", power_curve(at_hub(hourly["wind_speed"])))


def synthetic_solar(latitude: float, longitude: float, capacity_factor: float, seed: int = 0) -> Year:
    """Tracked panels under the clear sky of a place, dimmed by seeded dull spells until the year has the capacity factor."""
    _within("latitude", latitude, -90, 90)
    _within("longitude", longitude, -180, 180)
    _within("seed", seed, 0, math.inf)
    pvlib, pandas = library()
    times = pandas.date_range("2023-01-01 00:30", periods=HOURS, freq="h", tz=f"Etc/GMT{-round(longitude / 15):+d}")
    place = pvlib.location.Location(latitude, longitude)
    clear = place.get_clearsky(times)
    position = place.get_solarposition(times)
    rng = np.random.default_rng(seed)
    days = _chain(rng, HOURS // 24, DULL_SPELL)
    hours = 0.3 * _chain(rng, HOURS, 0.8)
    mild = 15 - 0.4 * abs(latitude - 25) + 8 * np.sin(np.pi * (np.arange(HOURS) % 24 - 8) / 12)

    def output(mean: float) -> Series:
        brightness = np.repeat(mean + 0.9 * days, 24) + hours
        clearness = np.clip(0.12 + 0.92 / (1 + np.exp(-2 * brightness)), 0.0, 1.0)
        ghi = clear["ghi"] * clearness
        parts = pvlib.irradiance.erbs(ghi, position["zenith"], times)
        sky = {"ghi": ghi, "dni": parts["dni"], "dhi": parts["dhi"]}
        return tracked(place, times, sky, pandas.Series(mild, times), pandas.Series(3.0, times))

    values = _fitted(output, capacity_factor, -4.0, 6.0, f"the sun at {latitude:g} degrees")
    return Year(f"solar at {latitude:g}, {longitude:g}, synthetic year {seed} with capacity factor {capacity_factor:.1%}", values)


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise SweepError(f"{name} = {value:g}: must be at least {low:g}{f' and at most {high:g}' if math.isfinite(high) else ''}")


def synthetic_wind(capacity_factor: float, seed: int = 0) -> Year:
    """A turbine in a seeded wind whose speeds follow Weibull and come in spells, fitted to the capacity factor."""
    _within("seed", seed, 0, math.inf)
    rng = np.random.default_rng(seed + 1)
    normal = _chain(rng, HOURS, CALM_SPELL)
    even = np.array([0.5 * math.erfc(-z / math.sqrt(2)) for z in normal])
    shape = (-np.log(np.clip(1 - even, 1e-12, 1.0))) ** (1 / WEIBULL_SHAPE)
    values = _fitted(lambda scale: power_curve(scale * shape), capacity_factor, 0.5, 16.0, "the wind")
    return Year(f"wind, synthetic year {seed} with capacity factor {capacity_factor:.1%}", values)


def from_file(path: str | Path, column: str) -> Year:
    """Output over nameplate from a column of a CSV file with one row for each hour of the year."""
    try:
        hourly = np.genfromtxt(path, delimiter=",", names=True, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SweepError(f"{path}: cannot be read as a table: {error}") from None
    names = hourly.dtype.names or ()
    if column not in names:
        raise SweepError(f"{path}: no column {column!r}{suggestion(column, names)}")
    values = np.asarray(hourly[column], dtype=float)
    if values.shape != (HOURS,) or not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
        raise SweepError(f"{path}: {column} must hold {HOURS} numbers between 0 and 1, one for each hour; it holds {values.size}")
    return Year(f"{column} of {path}", values)


def at_hub(speed: Any) -> Series:
    """Wind speed at a hub of 100 m from the one at 10 m."""
    return np.asarray(np.asarray(speed, dtype=np.float64) * (100 / 10) ** (1 / 7))


def power_curve(speed: Series) -> Series:
    """Output over nameplate of a turbine: the cube of the wind up to its rating, nothing in calm and storm."""
    output = np.clip((speed**3 - CUT_IN**3) / (RATED**3 - CUT_IN**3), 0.0, 1.0)
    return np.where(speed >= CUT_OUT, 0.0, output)


def library() -> tuple[Any, Any]:
    try:
        import pandas
        import pvlib
    except ImportError:
        raise SweepError("years of sun and wind need pvlib: pip install 'wattsweep[supply]'") from None
    return pvlib, pandas


def _station(station: str) -> tuple[Any, Any]:
    pvlib, _ = library()
    if station not in STATIONS:
        raise SweepError(f"no station {station!r} comes with pvlib{suggestion(station, STATIONS)}")
    path = Path(pvlib.__file__).parent / "data" / STATIONS[station]
    hourly, about = pvlib.iotools.read_tmy3(path, coerce_year=2023, map_variables=True)
    place = pvlib.location.Location(about["latitude"], about["longitude"], altitude=about["altitude"])
    return hourly[:HOURS], place


def tracked(place: Any, middle: Any, sky: dict[str, Any], air: Any, wind: Any) -> Series:
    """Panels on one horizontal axis with backtracking, PVWatts losses, behind an inverter smaller than they are.

    middle: times at which the sun stands as each line of the sky has it.
    """
    pvlib, _ = library()
    sun = place.get_solarposition(middle)
    sun.index = sky["ghi"].index
    turned = pvlib.tracking.singleaxis(sun["apparent_zenith"], sun["azimuth"], max_angle=60, gcr=0.35)
    tilt, azimuth = turned["surface_tilt"].fillna(0), turned["surface_azimuth"].fillna(180)
    plane = pvlib.irradiance.get_total_irradiance(tilt, azimuth, sun["apparent_zenith"], sun["azimuth"], sky["dni"], sky["ghi"], sky["dhi"])
    light = plane["poa_global"].fillna(0).clip(lower=0)
    cell = pvlib.temperature.faiman(light, air, wind)
    direct = light / 1000 * (1 - HEAT_LOSS * (cell - 25)) * (1 - SYSTEM_LOSS) * DC_OVER_AC
    output: Series = np.clip(np.asarray(direct, dtype=np.float64), 0.0, 1.0)
    return output


def _chain(rng: np.random.Generator, length: int, persistence: float) -> Series:
    """A standard normal series in which each value remembers the one before."""
    steps = rng.standard_normal(length) * math.sqrt(1 - persistence**2)
    values = np.empty(length)
    last = rng.standard_normal()
    for i in range(length):
        last = persistence * last + steps[i]
        values[i] = last
    return values


def _fitted(output: Callable[[float], Series], capacity_factor: float, low: float, high: float, what: str) -> Series:
    """The output of the one setting that has the capacity factor, by false position with the Illinois rule."""
    under, over = float(output(low).mean()) - capacity_factor, float(output(high).mean()) - capacity_factor
    if not under <= 0 <= over:
        reach = f"{under + capacity_factor:.3f} and {over + capacity_factor:.3f}"
        raise SweepError(f"capacity_factor = {capacity_factor:g}: {what} gives between {reach}")
    values, kept = output(low), 0
    for _ in range(40):
        middle = (low * over - high * under) / (over - under) if over > under else low
        values = output(middle)
        miss = float(values.mean()) - capacity_factor
        if abs(miss) < CLOSE_ENOUGH:
            break
        if miss < 0:
            low, under, over, kept = middle, miss, over / 2 if kept < 0 else over, -1
        else:
            high, over, under, kept = middle, miss, under / 2 if kept > 0 else under, 1
    return values
