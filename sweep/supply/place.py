"""The sun and the wind where a load stands. What belongs here: what an option, a file or the site says of them, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sweep.catalog.entries import entry, entry_names
from sweep.errors import SweepError, suggestion
from sweep.supply import weather, weather_files
from sweep.supply.weather import HOURS, Year


@dataclass(frozen=True)
class Place:
    """A site of the catalogue, and what goes before what it says: a file of weather, a position, capacity factors."""

    site: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    solar_factor: float | None = None
    wind_factor: float | None = None
    solar_file: str | None = None
    wind_file: str | None = None
    seed: int = 0

    def sun(self) -> Year:
        """The output of a solar plant."""
        if self.solar_file:
            return weather_files.read(self.solar_file, "solar")
        latitude, longitude = self._figure("latitude", self.latitude, "solar"), self._figure("longitude", self.longitude, "solar")
        return weather.synthetic_solar(latitude, longitude, self._figure("site_solar_factor", self.solar_factor, "solar"), self.seed)

    def wind(self) -> Year:
        """The output of a wind plant."""
        if self.wind_file:
            return weather_files.read(self.wind_file, "wind")
        return weather.synthetic_wind(self._figure("site_wind_factor", self.wind_factor, "wind"), self.seed)

    def _figure(self, name: str, given: float | None, plant: str) -> float:
        if given is not None:
            return given
        if self.site is not None and self.site not in entry_names("site"):
            raise SweepError(f"no such site {self.site!r}{suggestion(self.site, entry_names('site'))}")
        figure = entry("site", self.site).figures.get((name, "")) if self.site else None
        if figure is None:
            option = "--" + name.removeprefix("site_").replace("_", "-")
            who = f"{self.site} states no {name}" if self.site else f"{plant} needs the {name} of a place, and no site is given"
            raise SweepError(f"{who}; give {option}, --{plant}-file, or --sources without {plant}")
        return figure.value


def nothing(plant: str) -> Year:
    """A plant that is not built."""
    return Year(f"no {plant}", np.zeros(HOURS))
