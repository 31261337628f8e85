"""Whose sun and wind a load has, and what is asked for."""

import numpy as np
import pytest

from sweep.errors import SweepError
from sweep.supply.place import Place, nothing
from sweep.supply.weather import Year

pytest.importorskip("pvlib")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of pandas, in pvlib


def test_place_takes_weather_of_site():
    """Ireland made 0.54 TWh of sun and 11.24 TWh of wind in 2023, of 615 and 4,640 MW on average."""
    place = Place("ireland")
    sun, wind = place.sun(), place.wind()
    assert sun.name == "solar at 52.9, -8, synthetic year 0 with capacity factor 10.0%"
    assert sun.capacity_factor == pytest.approx(0.54e6 / 615 / 8760, abs=5e-4)
    assert wind.capacity_factor == pytest.approx(11.24e6 / 4640 / 8760, abs=1e-3)


def test_place_options_replace_site(monkeypatch):
    monkeypatch.setattr("sweep.supply.weather.synthetic_solar", lambda *given: Year(str(given), np.zeros(1)))
    monkeypatch.setattr("sweep.supply.weather.synthetic_wind", lambda *given: Year(str(given), np.zeros(1)))
    place = Place("ireland", latitude=32, longitude=-102, solar_factor=0.25, wind_factor=0.38, seed=1)
    assert place.sun().name == "(32, -102, 0.25, 1)"
    assert place.wind().name == "(0.38, 1)"


def test_place_asks_for_what_site_does_not_state():
    with pytest.raises(
        SweepError, match="france states no site_solar_factor; give --solar-factor, --solar-file, or --sources without solar"
    ):
        Place("france").sun()
    with pytest.raises(SweepError, match="wind needs the site_wind_factor of a place, and no site is given"):
        Place().wind()
    with pytest.raises(SweepError, match="did you mean 'ireland'"):
        Place("irland").sun()


def test_place_without_plant_has_no_output():
    assert np.array_equal(nothing("wind").values, np.zeros(8760))
