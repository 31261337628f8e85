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
