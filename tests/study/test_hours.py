"""Hours of a year in a study, against sums over lists of hours."""

import math
import re

import numpy as np
import pytest

from sweep.analysis.search import best
from sweep.engine import blocks
from sweep.equations.interpret import compute_point
from sweep.errors import SweepError
from sweep.store.run import run
from sweep.study import hours
from tests.studies import with_axes

KWH, MWH, DAY = 3.6e6, 3.6e9, 86400.0
CARBON = [200 + 100 * math.cos(h / 700) + 7 * (h % 24) for h in range(8760)]  # g/kWh
PRICE = [40 + 30 * math.sin(h / 300) - (h % 24) for h in range(8760)]  # USD/MWh
QUERIES = [100 + 10 * h for h in range(24)]  # of an hour
OWN = '''from sweep import equation


@equation(unit="kg", source="article")
def twice(operational_carbon):
    """Twice the carbon.

    operational_carbon: m, carbon of the run [kg]
    """
    return 2 * operational_carbon
'''

pytestmark = pytest.mark.usefixtures("forgotten")


@pytest.fixture
def files(tmp_path):
    """Hours of carbon and price, and the queries of a day, beside the study."""
    for name, heading, values in (
        ("carbon.csv", "carbon intensity [g/kWh]", CARBON),
        ("price.csv", "price [USD/MWh]", PRICE),
        ("load.csv", "queries", QUERIES),
    ):
        (tmp_path / name).write_text("\n".join([f"time,{heading}", *(f"{i},{value!r}" for i, value in enumerate(values))]) + "\n")
    return {"carbon": "carbon.csv", "price": "price.csv"}


def given(files, **more):
    return {"title": "small", "set": {"facility_energy": "1 GWh"}, "hours": files, "outputs": ["operational_carbon", "energy_cost"], **more}


def mean(values, start, duration):
    return sum(values[(start + h) % len(values)] for h in range(duration)) / duration


def at(study):
    return compute_point(study.graph, study.inputs_at(study.point)).values


@pytest.mark.parametrize(("start", "duration"), [(0, 1), (0, 8760), (24 * 181 + 18, 24 * 20), (8700, 24 * 30), (5, 8760 * 2 + 100)])
def test_run_takes_mean_of_hours_that_it_covers(opened, files, start, duration):
    study = opened(given(files), set_=[f"training_start={start} h", f"run_duration={duration} h"])
    found = at(study)
    assert found["operational_carbon"] == pytest.approx(1e6 * mean(CARBON, start, duration) / 1e3, rel=1e-12)
    assert found["energy_cost"] == pytest.approx(1e3 * mean(PRICE, start, duration), rel=1e-9)


def test_run_takes_part_of_an_hour_in_proportion(opened, files):
    study = opened(given(files), set_=["training_start=1.5 h", "run_duration=1 h"])
    assert at(study)["operational_carbon"] == pytest.approx(1e3 * (CARBON[1] + CARBON[2]) / 2, rel=1e-12)


@pytest.mark.parametrize("duration", ["0 s", "1e20 s"])
def test_run_of_no_duration_has_no_hours(opened, files, duration):
    assert math.isnan(at(opened(given(files), set_=[f"run_duration={duration}"]))["operational_carbon"])


def test_hours_are_the_same_compiled_and_interpreted(opened, files, monkeypatch):
    axes = {"training_start": "01-01:12-31:7 d", "run_duration": ["5 h", "20 d", "400 d"]}
    study = opened(given(files, axes=axes))
    plain = run(study)
    monkeypatch.setattr(blocks, "INTERPRETED_CALLS", -1)
    compiled = run(study)
    for name in ("operational_carbon", "energy_cost"):
        assert plain[name].sizes == {"training_start": 53, "run_duration": 3}
        np.testing.assert_allclose(plain[name].values, compiled[name].values, rtol=1e-6)


def test_best_finds_the_start_of_least_carbon(opened, files):
    study = opened(given(files, axes={"training_start": "01-01:12-31:1 d"}, set={"facility_energy": "1 GWh", "run_duration": "20 d"}))
    (first,) = best(study, "operational_carbon", top=1).rows
    means = [mean(CARBON, 24 * day, 24 * 20) for day in range(365)]
    assert first["training_start"] == study.axes["training_start"].word(means.index(min(means)))


def test_year_is_mean_of_hours_and_serving_weighs_them_with_load(opened, files):
    outputs = ["carbon_intensity", "electricity_price", "serving_carbon_intensity", "serving_electricity_price", "peak_query_rate"]
    found = at(opened({"title": "small", "hours": {**files, "load": "load.csv"}, "outputs": outputs}))
    weights = [QUERIES[h % 24] for h in range(8760)]
    assert found["carbon_intensity"] * 1e3 * KWH == pytest.approx(mean(CARBON, 0, 8760))
    assert found["electricity_price"] * MWH == pytest.approx(mean(PRICE, 0, 8760))
    served = [sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights) for values in (CARBON, PRICE)]
    assert found["serving_carbon_intensity"] * 1e3 * KWH == pytest.approx(served[0])
    assert found["serving_electricity_price"] * MWH == pytest.approx(served[1])
    assert found["queries_per_day"] * 3600 == pytest.approx(sum(QUERIES) / 24)
    assert found["peak_query_rate"] * 3600 == pytest.approx(max(QUERIES))


def served(files, **more):
    outputs = {"hour_query_rate": "", "hour_energy": "", "hour_energy_cost": "", "hour_carbon": ""}
    fleet = {"energy_per_query": "1 Wh", "requests_per_second": "5 1/s", "fleet_waiting_power": "0 W", "pue": 1}
    return {"title": "hours", "hours": files, "set": fleet, "axes": {"hour": "all"}, "outputs": outputs, **more}


def test_axis_of_hours_has_those_of_a_day(opened, files):
    study = opened(served({"load": "load.csv"}, outputs=["hour_query_rate", "hour_energy"]))
    assert study.axes["hour"].labels[:2] == ("00:00", "01:00")
    assert study.axes["hour"].word(study.point["hour"]) == "23:00"
    cube = run(study)
    assert cube["hour_query_rate"].values * 3600 == pytest.approx(QUERIES)
    assert cube["hour_energy"].values.sum() / 3600 == pytest.approx(sum(QUERIES))
    assert opened(served({"load": "load.csv"}, point={"hour": "03:00"}, outputs=["hour_energy"])).point["hour"] == 3
    fixed = opened(served({"load": "load.csv"}, outputs=["hour_energy"]), set_=["hour=03:00"])
    assert at(fixed)["hour_energy"] / 3600 == pytest.approx(QUERIES[3])


def test_axis_of_hours_has_those_of_a_week(opened, tmp_path):
    (tmp_path / "load.csv").write_text("queries\n" + "\n".join(str(h) for h in range(168)) + "\n")
    axis = opened(served({"load": "load.csv"}, outputs=["hour_energy"])).axes["hour"]
    assert (axis.size, axis.word(0), axis.word(167)) == (168, "1 00:00", "7 23:00")


def test_axis_of_hours_pays_the_price_of_each_of_the_year(opened, files):
    study = opened(served({**files, "load": "load.csv"}))
    cube = run(study)
    energies = [QUERIES[h % 24] * 1e-6 for h in range(8760)]  # MWh
    assert study.axes["hour"].word(17) == "01-01T17"
    assert cube["hour_energy_cost"].values.sum() == pytest.approx(sum(e * p for e, p in zip(energies, PRICE, strict=True)), rel=1e-6)
    assert cube["hour_carbon"].values.sum() == pytest.approx(sum(e * c for e, c in zip(energies, CARBON, strict=True)), rel=1e-6)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"axes": {"hour": [1, 2]}}, "an axis of hours has all of those in the files"),
        ({"point": {"hour": "24:00"}}, "no such label on axis hour"),
        ({"set": {"hour_load": 2}}, "hour_load"),
    ],
)
def test_axis_of_hours_reports_what_is_wrong(opened, files, more, words):
    with pytest.raises(SweepError, match=words):
        opened(served({"load": "load.csv"}, **more))


def test_axis_of_hours_needs_hours(opened):
    study = served({})
    del study["hours"]
    with pytest.raises(SweepError, match=r"study.yaml:\d+: axes.hour: needs files of hours"):
        opened(study)


def test_study_may_give_its_own_mean_of_the_load(opened, files):
    study = opened(given({"load": "load.csv"}, outputs=["peak_query_rate"]), set_=["queries_per_day=24 query/d"])
    assert at(study)["peak_query_rate"] * 3600 == pytest.approx(max(QUERIES) / (sum(QUERIES) / 24))


def test_price_hours_do_not_hang_on_kind_of_carbon(opened, files):
    study = opened(given({"price": "price.csv"}, axes={"carbon_kind": "all"}, outputs=["energy_cost"]), set_=["run_duration=1 h"])
    assert at(study)["energy_cost"] == pytest.approx(1e3 * PRICE[0], rel=1e-9)


def test_hours_go_beside_equations_of_the_user(opened, files, tmp_path):
    (tmp_path / "own.py").write_text(OWN)
    found = at(opened(given(files, equations="own.py", outputs=["twice"])))
    assert found["twice"] == 2 * found["operational_carbon"]


def test_other_hours_are_other_equations(opened, files, tmp_path):
    one = opened(given(files)).equations.source
    assert opened(given(files)).equations.source == one
    (tmp_path / "carbon.csv").write_text((tmp_path / "carbon.csv").read_text().replace("0,300.0", "0,301.0"))
    assert opened(given(files)).equations.source != one


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"hours": {}}, r"study.yaml:\d+: hours: needs a file of carbon, price, load"),
        ({"hours": {"carbn": "carbon.csv"}}, "unknown key 'carbn'; did you mean 'carbon'"),
        ({"hours": {"carbon": ["a.csv", "b.csv"]}}, r"^study.yaml:\d+: hours.carbon: must be a single value$"),
        ({"axes": {"training_start": ["July"]}}, r"'July' is not a number .*; a date reads 07-01 or 07-01T18"),
        ({"hours": {"carbon": "none.csv"}}, r"hours.carbon = 'none.csv': .*none.csv: cannot be read as a table: No such file"),
        ({"hours": {"carbon": "price.csv"}}, r"hours.carbon = 'price.csv': .* needs one column with a unit of carbon"),
        (
            {"set": {"carbon_intensity": "1 g/kWh", "facility_energy": "1 GWh"}},
            "the hours give carbon_intensity, and the study gives it, too",
        ),
        ({"set": {"power_source": "generator", "facility_energy": "1 GWh"}}, "hours are those of a grid"),
        ({"axes": {"carbon_kind": "all"}}, "the hours are of one carbon_kind, and an axis has several"),
    ],
)
def test_hours_report_what_is_wrong(opened, files, tmp_path, more, words):
    with pytest.raises(SweepError) as error:
        opened(given(files, **more))
    assert re.search(words, str(error.value).replace(f"{tmp_path}/", ""))


@pytest.mark.parametrize("values", [[0] * 24, [-1, *[1] * 23]])
def test_load_must_be_queries(opened, tmp_path, values):
    (tmp_path / "load.csv").write_text("queries\n" + "\n".join(map(str, values)) + "\n")
    with pytest.raises(SweepError, match=r"hours.load = 'load.csv': the queries must not be negative"):
        opened({**with_axes(pue=[1, 1.2]), "hours": {"load": "load.csv"}})


def test_sums_of_shipped_text_are_empty():
    assert hours.until(36e3) == 0
