"""Weather as it is downloaded. What belongs here: EPW, PVGIS and ERA5 files to the output of a solar or a wind plant in each hour.

A file with a column `solar` or `wind` of output over nameplate is read by weather.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from sweep.errors import SweepError
from sweep.supply.weather import HOURS, Year, at_hub, from_file, library, power_curve, tracked

Plant = Literal["solar", "wind"]


@dataclass(frozen=True)
class Weather:
    """Lines of an hour each. middle: times at which the sun stands as the irradiance of a line has it. speed: m/s at the hub."""

    place: Any
    middle: Any
    sky: dict[str, Any]
    air: Any
    wind: Any
    speed: Any


def read(path: str | Path, plant: Plant) -> Year:
    """The output of a plant in a year of weather, or of a column of that name, whichever the file holds."""
    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            start = file.read(2000)
    except OSError as error:
        raise SweepError(f"{path}: cannot be read: {error.strerror}") from None
    reader = next((reader for mark, reader in READERS.items() if re.search(mark, start)), None)
    if reader is None:
        return from_file(path, plant)
    try:
        found = reader(path)
    except (ValueError, KeyError, IndexError, StopIteration) as error:
        raise SweepError(f"{path}: cannot be read as weather: {error}") from None
    if len(found.middle) != HOURS:
        raise SweepError(f"{path}: must hold the {HOURS:,} hours of a year; it holds {len(found.middle):,}")
    if plant == "wind":
        return Year(f"wind of {path.name}", power_curve(np.asarray(found.speed, dtype=float)))
    return Year(f"solar of {path.name}", tracked(found.place, found.middle, found.sky, found.air, found.wind))


def _epw(path: Path) -> Weather:
    """EnergyPlus weather: a line is named by the start of its hour once pvlib has read it."""
    pvlib, _ = library()
    hourly, about = pvlib.iotools.read_epw(str(path), coerce_year=2023)
    place = pvlib.location.Location(about["latitude"], about["longitude"], altitude=about["altitude"])
    sky = {name: hourly[name] for name in ("ghi", "dni", "dhi")}
    wind = hourly["wind_speed"]
    return Weather(place, hourly.index.shift(30, freq="min"), sky, hourly["temp_air"], wind, at_hub(wind))


def _pvgis(path: Path) -> Weather:
    """A typical year of PVGIS: irradiance of an instant, in UTC."""
    pvlib, pandas = library()
    lines = path.read_text(encoding="utf-8").splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("time(UTC)"))
    hourly = pandas.read_csv(path, skiprows=head, nrows=HOURS, skip_blank_lines=False)
    hourly.index = pandas.date_range("2023-01-01", periods=len(hourly), freq="h", tz="UTC")
    latitude, longitude = (_after(name, lines[:head]) for name in ("Latitude", "Longitude"))
    sky = {"ghi": hourly["G(h)"], "dni": hourly["Gb(n)"], "dhi": hourly["Gd(h)"]}
    wind = hourly["WS10m"]
    return Weather(pvlib.location.Location(latitude, longitude), hourly.index, sky, hourly["T2m"], wind, at_hub(wind))


def _era5(path: Path) -> Weather:
    """A point of ERA5: sums of the hour before, in UTC; wind at 100 m where the file has it."""
    pvlib, pandas = library()
    hourly = pandas.read_csv(path)
    times = pandas.DatetimeIndex(pandas.to_datetime(hourly["valid_time"], utc=True))
    hourly = hourly[~((times.month == 2) & (times.day == 29))]
    middle = pandas.date_range("2022-12-31 23:30", periods=len(hourly), freq="h", tz="UTC")
    hourly.index = middle
    place = pvlib.location.Location(float(hourly["latitude"].iloc[0]), float(hourly["longitude"].iloc[0]))
    ghi = hourly["ssrd"].clip(lower=0) / 3600
    parts = pvlib.irradiance.erbs(ghi, place.get_solarposition(middle)["zenith"], middle)
    sky = {"ghi": ghi, "dni": parts["dni"], "dhi": parts["dhi"]}
    near = np.hypot(hourly["u10"], hourly["v10"])
    speed = np.hypot(hourly["u100"], hourly["v100"]) if {"u100", "v100"} <= set(hourly) else at_hub(near)
    return Weather(place, middle, sky, hourly["t2m"] - 273.15, near, speed)


def _after(name: str, lines: list[str]) -> float:
    return float(next(line for line in lines if line.startswith(name)).split(":")[1])


READERS = {r"^LOCATION,": _epw, r"Latitude \(decimal degrees\)": _pvgis, r"^valid_time,.*\bssrd\b": _era5}
