"""Years of sun and wind: measured stations, synthetic years against them, files."""

import numpy as np
import pytest

from sweep.errors import SweepError
from sweep.supply import weather

pytest.importorskip("pvlib")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of pandas, in pvlib and PyPSA


def spells(values):
    """Mean daily output in the dullest day, the dullest percentiles, and the dullest week; correlation of a day with the next."""
    days = values.reshape(365, 24).mean(axis=1)
    week = np.convolve(days, np.ones(7) / 7, "valid").min()
    return np.percentile(days, [1, 5, 25, 75]), week, np.corrcoef(days[:-1], days[1:])[0, 1]


def test_solar_factor_at_measured_stations():
    assert weather.station_solar("greensboro").capacity_factor == pytest.approx(0.231, abs=0.003)
    assert weather.station_solar("sand-point").capacity_factor == pytest.approx(0.131, abs=0.005)
    assert weather.station_wind("sand-point").capacity_factor > 2 * weather.station_wind("greensboro").capacity_factor


def test_synthetic_year_has_dull_spells_of_measured_year():
    measured = weather.station_solar("greensboro")
    low, week, memory = spells(measured.values)
    made = [spells(weather.synthetic_solar(36.1, -79.95, measured.capacity_factor, seed).values) for seed in range(3)]
    assert np.median([m[0] for m in made], axis=0) == pytest.approx(low, rel=0.35)
    assert np.median([m[1] for m in made]) == pytest.approx(week, rel=0.35)
    assert np.median([m[2] for m in made]) == pytest.approx(memory, abs=0.15)


def test_synthetic_year_repeats_by_seed():
    one, same, other = (weather.synthetic_wind(0.35, seed) for seed in (1, 1, 2))
    assert np.array_equal(one.values, same.values)
    assert not np.array_equal(one.values, other.values)
    assert one.capacity_factor == pytest.approx(0.35, abs=1e-4)
    assert "synthetic year 1" in one.name


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: weather.synthetic_wind(0.99), "capacity_factor = 0.99: the wind gives between"),
        (lambda: weather.synthetic_solar(100, 25, 0.2), "latitude = 100: must be at least -90 and at most 90"),
        (lambda: weather.synthetic_solar(32, -500, 0.2), "longitude = -500: must be"),
        (lambda: weather.synthetic_solar(32, 0, 0.2, -1), "seed = -1: must be at least 0"),
        (lambda: weather.synthetic_wind(0.3, -2), "seed = -2: must be"),
        (lambda: weather.synthetic_solar(65, 25, 0.4), "the sun at 65 degrees gives between"),
        (lambda: weather.station_solar("greensborough"), "did you mean 'greensboro'?"),
    ],
)
def test_synthetic_year_rejects_invalid_values(call, words):
    with pytest.raises(SweepError) as error:
        call()
    assert words in str(error.value)


def test_from_file_reads_year_or_reports_error(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("hour,solar,short\n" + "\n".join(f"{i},{(i % 24) / 24:.4f}," for i in range(8760)))
    assert weather.from_file(path, "solar").capacity_factor == pytest.approx(11.5 / 24, abs=1e-3)
    for column, words in (("wind", "no column 'wind'"), ("hour", "between 0 and 1"), ("short", "between 0 and 1")):
        with pytest.raises(SweepError, match=words):
            weather.from_file(path, column)
    with pytest.raises(SweepError, match="cannot be read"):
        weather.from_file(tmp_path / "none.csv", "solar")


def test_wind_power_curve_has_cut_in_and_cut_out():
    assert weather.power_curve(np.array([0, 3, 12, 20, 25])).tolist() == [0, 0, 1, 1, 0]
