"""The command that sizes plants, from the words of the command line to its table."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from sweep.cli import main
from tests.commands import numbers_without_unit

pytest.importorskip("scipy")
SUN = np.tile(np.r_[np.zeros(6), np.ones(12), np.zeros(6)], 365)


@pytest.fixture
def weather(tmp_path):
    path = tmp_path / "year.csv"
    path.write_text("solar,wind\n" + "".join(f"{sun:g},0\n" for sun in SUN))
    return ["--solar-file", str(path), "--wind-file", str(path)]


def run(*arguments):
    return CliRunner().invoke(main, ["supply", *arguments])


def test_supply_without_grid_uses_gas(weather):
    done = run(*weather, "--load", "100 MW", "--sources", "gas", "--json")
    found = json.loads(done.output)
    assert found["status"] == "optimal"
    assert found["capacity"]["gas"] == pytest.approx(1e8)
    assert found["carbon"] > 0
    assert numbers_without_unit(found) == []


def test_supply_prints_case_and_capacities(weather):
    done = run(*weather, "--load", "100 MW", "--sources", "solar,battery", "--clean", "1")
    assert done.exit_code == 0
    assert done.output.startswith("100 MW without a grid, hourly, 100% clean")
    assert "solar     211.1 MW" in done.output


def test_supply_reports_infeasible_case(weather):
    done = run(*weather, "--sources", "solar")
    assert done.exit_code == 0
    assert "infeasible: solar cannot carry the load in every hour; at least 50.00% of it stays unserved" in done.output


def test_supply_asks_for_no_weather_that_does_not_matter():
    done = run("--site", "us-wy", "--sources", "gas", "--load", "100 MW")
    assert done.exit_code == 0
    assert "weather: no solar; no wind" in done.output


def test_supply_buys_in_hours_of_low_price(tmp_path):
    """Half of the hours of the grid cost more than gas does and half nothing; their carbon is 100 g/kWh in those that are bought."""
    path = tmp_path / "grid.csv"
    rows = [f"{0 if hour % 2 else 900},{100 if hour % 2 else 800},{50 if hour % 2 else 100}" for hour in range(8760)]
    path.write_text("price [USD/MWh],carbon [g/kWh],load [MW]\n" + "\n".join(rows) + "\n")
    files = [word for name in ("price", "carbon", "load") for word in (f"--{name}-file", str(path))]
    found = json.loads(run(*files, "--sources", "gas,grid", "--hours", "1", "--json").output)
    assert found["energy"]["grid"] == pytest.approx(4380 * 50e6 * 3600)
    assert found["energy"]["load"] == pytest.approx(8760 * 75e6 * 3600)
    gas = json.loads(run(*files, "--sources", "gas", "--hours", "1", "--json").output)
    assert found["carbon"] == pytest.approx(4380 * 50e6 * 3600 * 0.1 / 3.6e6 + gas["carbon"] * 2 / 3)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--load", "3"], "error: --load 3: needs a unit of W, such as '3 W'"),
        (["--site", "us-tz"], "error: no such site 'us-tz'; did you mean 'us-"),
        (["--mode", "hourl"], "error: mode = 'hourl': is not a supply mode; did you mean 'hourly'?"),
        (["--set", "gas_prise=3"], "error: gas_prise: unknown parameter; did you mean 'gas_price'?"),
    ],
)
def test_supply_reports_invalid_argument_in_one_line(weather, arguments, line):
    done = run(*weather, *arguments)
    assert done.exit_code == 2
    assert done.output.startswith(line)
    assert done.output.count("\n") == 1
