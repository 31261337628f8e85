"""An input that meets a target is what looking at every label, or a formula solved by hand, gives."""

import math

import pytest

from sweep import SweepError
from sweep.analysis.solve import inequality, solve
from sweep.store.run import run
from sweep.study.parse import open_study

STUDY = """title: targets
set: {server_power: 6 kW, gpus_per_server: 8}
axes:
  gpus: [8, 16, 32, 64, 128]
  pue: [1.1, 1.2, 1.5]
  training_duration: [30 d, 60 d]
outputs: [it_power, facility_power, facility_energy]
"""

HILL = """from sweep import equation


@equation(unit="1", source="article")
def hill(pue):
    \"\"\"A hill.

    pue: PUE, facility energy over IT energy [1]
    \"\"\"
    return 0.09 - (pue - 1.4) ** 2
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = tmp_path_factory.mktemp("targets") / "study.yaml"
    path.write_text(STUDY)
    return open_study(path)


@pytest.fixture(scope="module")
def cube(study):
    return run(study)


@pytest.mark.parametrize("limit", [5, 7, 20, 30, 60, 100])
@pytest.mark.parametrize("sign", ["<=", ">="])
def test_solve_returns_smallest_label(study, cube, limit, sign):
    rows = solve(study, "gpus", f"facility_power {sign} {limit} kW", per="pue")
    for row in rows:
        power = cube.facility_power.sel(pue=row["pue"])
        meets = [
            gpus
            for gpus in cube.gpus.values
            if (power.sel(gpus=gpus) <= limit * 1e3 if sign == "<=" else power.sel(gpus=gpus) >= limit * 1e3)
        ]
        if not meets:
            assert row["answer"] == "none"
            assert math.isnan(row["gpus"])
            assert "facility_power is " in row["why"]
        elif len(meets) == 5:
            assert row["answer"] == "any"
        else:
            assert row["answer"] == ("largest" if sign == "<=" else "smallest")
            assert row["gpus"] == (max if sign == "<=" else min)(meets)


def test_solve_per_several_axes_answers_each_cell(study, cube):
    found = solve(study, "gpus", "facility_energy <= 60 MWh", per=("pue", "training_duration"))
    meets = cube.facility_energy <= 60 * 3.6e9
    expected = meets.gpus.where(meets).max("gpus")
    assert [row["answer"] for row in found] == ["largest"] * 6
    assert (found.dataset.gpus == expected).all()
    assert found.dataset.gpus.dims == ("pue", "training_duration")
    assert (found.dataset.facility_energy == cube.facility_energy.sel(gpus=expected)).all()


def test_solve_continuous_input_in_each_cell(study):
    found = solve(study, "pue", "facility_power = 30 kW", per="gpus")
    assert [row["answer"] for row in found] == ["none", "none", "largest", "none", "none"]
    assert found.dataset.pue.sel(gpus=32) == pytest.approx(1.25, rel=1e-6)
    assert found[0]["why"] == "facility_power <= 30 kW at every value from 1.1 to 1.5"
    assert found[4]["why"] == "facility_power is 105.6 kW at least; 3 of 3 points (100 %) are feasible"


def test_solve_of_cube_returns_labels(study, cube):
    for target, per in (("facility_power <= 60 kW", ()), ("facility_energy >= 30 MWh", ("pue", "training_duration"))):
        assert solve(cube, "gpus", target, per=per).rows == solve(study, "gpus", target, per=per).rows
    (row,) = solve(cube, "pue", "facility_power = 30 kW", where=["gpus == 32"])
    assert (row["answer"], row["pue"]) == ("largest", 1.2)


def test_solve_lists_crossings_of_target(tmp_path):
    (tmp_path / "own.py").write_text(HILL)
    (tmp_path / "study.yaml").write_text("title: x\nequations: own.py\naxes: {pue: [1.0, 1.2, 1.4, 1.6, 1.8]}\noutputs: [hill]\n")
    study = open_study(tmp_path / "study.yaml")
    (row,) = solve(study, "pue", "hill = 0.07")
    assert (row["answer"], row["crossings"]) == ("largest", [1.4, 1.6])
    assert row["pue"] == pytest.approx(1.4 - math.sqrt(0.02), rel=1e-6)
    (row,) = solve(study, "pue", "hill >= 0.01")
    assert (row["answer"], row["pue"], row["crossings"]) == ("smallest", 1.2, [1.2, 1.8])
    (row,) = solve(study, "pue", "hill <= -1")
    assert "crossings" not in row


def test_solve_returns_end_that_target_sets(study):
    where = ["facility_energy >= 40 MWh"]  # which leaves out the smallest clusters
    (row,) = solve(study, "gpus", "facility_power <= 60 kW", where=where)
    assert (row["answer"], row["gpus"]) == ("largest", 64)


def test_solve_searches_other_axes_under_conditions(study):
    (row,) = solve(study, "gpus", "facility_power <= 60 kW")
    assert (row["answer"], row["gpus"], row["pue"]) == ("largest", 64.0, 1.1)
    (row,) = solve(study, "gpus", "facility_power <= 60 kW", where=["pue >= 1.4"])
    assert (row["answer"], row["gpus"], row["pue"]) == ("largest", 32.0, 1.5)
    (row,) = solve(study, "gpus", "facility_power >= 60 kW", where=["pue <= 1.2"])
    assert (row["answer"], row["gpus"], row["pue"]) == ("smallest", 128.0, 1.1)


def test_solve_integer_input_reaches_target_at_label(study):
    (row,) = solve(study, "gpus", "it_power = 20 kW")
    assert (row["answer"], row["gpus"]) == ("largest", 16.0)


def test_solve_continuous_input(study):
    (row,) = solve(study, "pue", "facility_power = 30 kW", where=["gpus == 32"])
    assert row["pue"] == pytest.approx(30 / 24, rel=1e-6)
    assert row["facility_power"] == pytest.approx(30e3, rel=1e-6)
    rows = solve(study, "training_duration", "facility_energy = 150 MWh", where=["pue == 1.5", "gpus >= 64"], per="gpus")
    assert [row["answer"] for row in rows] == ["none", "none", "none", "none", "largest"]
    assert rows[-1]["training_duration"] == pytest.approx(150 * 3.6e9 / (96e3 * 1.5), rel=1e-6)


def test_solve_input_without_axis_within_bounds(opened):
    study = opened("title: x\nset: {it_power: 1 MW, training_duration: 100 d}\naxes: {pue: [1.1, 1.2]}\noutputs: [facility_energy]\n")
    (row,) = solve(study, "utilization", "annual_energy = 5 GWh")
    assert row["utilization"] == pytest.approx(5e9 / (1e6 * 1.1 * 8760), rel=1e-6)


def test_solve_reports_why_target_is_unreachable(study):
    (row,) = solve(study, "gpus", "facility_power <= 1 kW")
    assert (row["answer"], row["why"]) == ("none", "facility_power is 6.6 kW at least; 15 of 15 points (100 %) are feasible")
    (row,) = solve(study, "gpus", "facility_power >= 1 MW")
    assert row["why"] == "facility_power is 144 kW at most; 15 of 15 points (100 %) are feasible"
    (row,) = solve(study, "pue", "facility_power = 1 MW")
    assert row["why"] == "facility_power <= 1 MW at every value from 1.1 to 1.5"
    (row,) = solve(study, "gpus", "facility_power <= 60 kW", where=["pue > 2"])
    assert row["why"] == "0 of 15 points (0 %) are feasible"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("gpu_s", "pue < 2"), "unknown quantity 'gpu_s'; did you mean 'gpus'?"),
        (("pue", "it_power <= 5 kW"), "it_power does not depend on pue"),
        (("pue", "it_power == 5 kW"), "--for 'it_power == 5 kW': must be one target"),
        (
            ("server_power", "it_power <= 5 kW"),
            "server_power: is on no axis and has no bounds; give a range: --axis server_power=",
        ),
        (("gpus", "it_power <= 5 kW", (), "gpus"), "--per gpus: is no other axis"),
    ],
)
def test_solve_reports_invalid_argument_in_one_line(study, arguments, line):
    with pytest.raises(SweepError) as found:
        solve(study, *arguments)
    assert str(found.value).startswith(line)


def test_inequality_of_equals_target():
    assert [inequality(text) for text in ("a = 1 d", "a<=1", "a >= 1", "a == 1", "a != 1")] == [
        "a <= 1 d",
        "a<=1",
        "a >= 1",
        "a == 1",
        "a != 1",
    ]
