"""One measured year written in the layouts of those who publish weather: each gives the plant that the year itself gives."""

import numpy as np
import pytest

from sweep.errors import SweepError
from sweep.supply import weather, weather_files

pytest.importorskip("pvlib")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of pandas, in pvlib

GREENSBORO = (36.1, -79.95, 273)
COLUMNS = ["ghi", "dni", "dhi", "temp_air", "wind_speed"]


@pytest.fixture(scope="module")
def year():
    """Lines of the station's typical year in local time, each of the hour before it."""
    return weather._station("greensboro")[0][COLUMNS].to_numpy(dtype=float)


def epw(path, year):
    head = f"LOCATION,Greensboro,NC,USA,TMY3,723170,{GREENSBORO[0]},{GREENSBORO[1]},-5.0,{GREENSBORO[2]}\n" + "HEADER\n" * 7
    days = np.repeat(np.arange(np.datetime64("2023-01-01"), np.datetime64("2024-01-01")), 24)
    with path.open("w") as file:
        file.write(head)
        for hour, (day, (ghi, dni, dhi, air, wind)) in enumerate(zip(days, year, strict=True)):
            date = str(day).replace("-", ",")
            rest = f"{ghi},{dni},{dhi},0,0,0,0,0,{wind}" + ",0" * 13
            file.write(f"{date},{hour % 24 + 1},60,_,{air},0,50,101300,0,0,0,{rest}\n")


def pvgis(path, year):
    """Instants in UTC, five hours later: the middles of the hours stand half an hour early, which the yearly sum hardly feels."""
    later = np.roll(year, 5, axis=0)
    with path.open("w") as file:
        file.write(f"Latitude (decimal degrees): {GREENSBORO[0]}\nLongitude (decimal degrees): {GREENSBORO[1]}\nElevation (m): 273\n\n\n")
        file.write("time(UTC),T2m,RH,G(h),Gb(n),Gd(h),IR(h),WS10m,WD10m,SP\n")
        for ghi, dni, dhi, air, wind in later:
            file.write(f"20070101:0000,{air},50,{ghi},{dni},{dhi},300,{wind},90,101300\n")
        file.write("\nPVGIS (c) European Union\n")


def era5(path, year):
    later = np.roll(year, 5, axis=0)
    times = np.arange(np.datetime64("2023-01-01T00"), np.datetime64("2024-01-01T00"))
    with path.open("w") as file:
        file.write("valid_time,u10,v10,t2m,ssrd,latitude,longitude\n")
        for time, (ghi, _, _, air, wind) in zip(times, later, strict=True):
            file.write(f"{time}:00:00,{0.6 * wind},{-0.8 * wind},{air + 273.15},{ghi * 3600},{GREENSBORO[0]},{GREENSBORO[1]}\n")


@pytest.mark.parametrize(("name", "write", "near"), [("a.epw", epw, 0.002), ("tmy.csv", pvgis, 0.012), ("era5.csv", era5, 0.012)])
def test_weather_file_gives_plants_of_measured_year(tmp_path, year, name, write, near):
    path = tmp_path / name
    write(path, year)
    sun, wind = (weather_files.read(path, plant) for plant in ("solar", "wind"))
    assert sun.capacity_factor == pytest.approx(weather.station_solar("greensboro").capacity_factor, abs=near)
    assert wind.capacity_factor == pytest.approx(weather.station_wind("greensboro").capacity_factor, rel=1e-6)
    assert sun.name == f"solar of {name}"


def test_weather_file_without_known_layout_is_column(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("solar,wind\n" + "0.5,0.25\n" * 8760)
    assert weather_files.read(path, "wind").capacity_factor == 0.25


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("LOCATION,a,b,c,d,e,f,g,h,i\n", "cannot be read as weather"),
        (
            "valid_time,u10,v10,t2m,ssrd,latitude,longitude\n" + "2023-01-01,1,1,280,0,36,-80\n" * 3,
            "must hold the 8,760 hours of a year; it holds 3",
        ),
        ("a,b\n1,2\n", "no column 'solar'"),
    ],
)
def test_weather_file_reports_what_is_wrong(tmp_path, text, words):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(SweepError) as error:
        weather_files.read(path, "solar")
    assert words in str(error.value)
    with pytest.raises(SweepError, match="cannot be read"):
        weather_files.read(tmp_path / "none.csv", "solar")
