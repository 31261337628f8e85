"""The two studies of the article: its claims, and a sweep around GPT-4."""

import math
import random
from pathlib import Path

import pytest

from benchmarks.article import END, START, all_rows, refreshed
from sweep.analysis.search import best
from sweep.catalog.parameters import folder
from sweep.catalog.units import NUMBER, to_si
from sweep.equations import interpret
from sweep.study.parse import open_study

STUDIES = folder() / "studies"
CLAIMS = {
    "gpu_power_total": to_si("10 MW", "W"),
    "matmul_flops": 2.0e15,
    "gpus_per_replica": 120,
    "replicas": 25000 / 120,
    "servers": 3125,
    "training_energy": to_si("43.875 GWh", "J"),
    "serving_energy_per_day": to_si("750 MWh", "J"),
    "serving_energy": to_si("67.5 GWh", "J"),
    "serving_facility_energy": to_si("81 GWh", "J"),
    "overtake_days": to_si("58.5 d", "s"),
}
OFF = {"matmul_flops": 2.0 / 2.5, "household_energy": 44.6 / 44}  # ours over the article's, where the article is off


def values(study, place=None):
    """Every quantity of a study at one point, and the rules that are broken there."""
    return interpret.compute_point(study.graph, study.inputs_at(place or study.point))


@pytest.fixture(scope="module")
def article():
    return open_study(STUDIES / "article.yaml")


@pytest.fixture(scope="module")
def gpt4():
    return open_study(STUDIES / "gpt4.yaml")


@pytest.mark.parametrize("name", sorted(CLAIMS))
def test_article_claim_is_reproduced(article, name):
    assert values(article).values[name] == pytest.approx(CLAIMS[name], rel=1e-12)


def test_article_training_flops_within_inputs(article):
    """2e25 is what 2 of 16 experts need; 6 N D with all 1.7 T parameters is 1.3e26."""
    assert values(article).values["training_flops"] == pytest.approx(2e25, rel=0.05)
    everything = open_study(STUDIES / "article.yaml", set_=["active_parameters=1.7e12"])
    assert values(everything).values["training_flops"] == pytest.approx(1.3e26, rel=0.05)


def test_article_city_counts_households(article):
    """50,000 homes take 44.6 GWh a month, 50,000 people 18 GWh at home and 48 GWh in all sectors."""
    at = values(article).values
    assert at["household_energy"] == pytest.approx(to_si("44.6 GWh", "J"), rel=2e-3)
    assert at["city_residential_energy"] == pytest.approx(to_si("18 GWh", "J"), rel=0.03)
    assert at["city_energy"] == pytest.approx(to_si("48 GWh", "J"), rel=0.03)


@pytest.mark.parametrize(("denominator", "share"), [("consumption", 0.044), ("generation", 0.0414), ("retail-sales", 0.0456)])
def test_article_electricity_share_depends_on_denominator(denominator, share):
    at = values(open_study(STUDIES / "article.yaml", set_=[f"share_denominator={denominator}"])).values
    assert at["electricity_share"] == pytest.approx(share, rel=2e-3)


def test_article_cluster_has_idle_gpus_and_breaks_no_rule(article):
    assert [rule.name for rule in values(article).broken] == ["run_counts_given_duration", "gpus_left_over"]


@pytest.mark.parametrize("row", all_rows(), ids=lambda row: row.name)
def test_article_values_agree_to_printed_digits(row):
    if math.isnan(row.article):
        assert row.note.startswith("not printed")
        return
    number = NUMBER.match(row.printed)
    assert number
    digits = len(number["number"].split("e")[0].replace(".", "").strip("0"))
    expected = row.article * OFF.get(row.name, 1.0)
    assert float(f"{row.ours:.{digits - 1}e}") == pytest.approx(float(f"{expected:.{digits - 1}e}"), rel=1e-9)
    assert row.note


def test_article_page_holds_table():
    text = (Path(__file__).parents[2] / "benchmarks" / "article.md").read_text(encoding="utf-8")
    assert START in text
    assert END in text
    assert refreshed(text) == text


def test_gpt4_sweep_has_hundred_million_cells(gpt4):
    assert math.prod(axis.size for axis in gpt4.axes.values()) >= 1e8
    inputs = set(gpt4.graph_of(["total_facility_energy"]).inputs)
    assert all(inputs & set(axis.columns) for axis in gpt4.axes.values())


def test_gpt4_training_outputs_have_no_facility_or_query_axes(gpt4):
    for name in ("mfu", "step_time", "time_to_train", "memory_per_gpu"):
        assert not {"pue", "queries_per_day", "training_duration"} & set(gpt4.graph_of([name]).inputs)


def test_gpt4_sweep_is_mostly_feasible(gpt4):
    draw = random.Random(0)
    places = [{name: draw.randrange(axis.size) for name, axis in gpt4.axes.items()} for _ in range(200)]
    possible = sum(not math.isnan(values(gpt4, place).values["total_facility_energy"]) for place in places)
    assert possible >= 120


def test_gpt4_study_point_is_feasible(gpt4):
    at = values(gpt4)
    assert all(math.isfinite(at.values[name]) for name in gpt4.outputs)
    assert 0.1 < at.values["mfu"] < 0.7


def test_gpt4_sweep_contains_article_cluster():
    at = values(open_study(STUDIES / "gpt4.yaml", set_=["gpus=25000", "pue=1.2"]))
    assert at.values["data_parallel_size"] == 208
    assert math.isfinite(at.values["time_to_train"])


SMALLER = {
    "gpt4": ["gpu=a100-sxm-80gb,b300-sxm", "gpus=3840,24960", "training_duration=30 d,250 d", "queries_per_day=1e9 query/d", "pue=1.1,1.2"],
    "layouts": ["micro_batch=1,2", "zero_stage=1", "recompute=none,full"],
}


@pytest.mark.parametrize(("name", "where"), [("gpt4", ["time_to_train <= 100 d"]), ("gpt4", []), ("layouts", [])])
def test_layouts_rank_equally_by_energy_cost_and_carbon(name, where):
    """Energy, cost, carbon and water of the run to its end: the same layout is the best by each."""
    more = ["site=united-states", "operator_water_usage=2e-4 m^3/kWh"]
    study = open_study(STUDIES / f"{name}.yaml", set_=more, axis=SMALLER[name], outputs=["time_to_train"])
    found = {}
    for quantity in ("training_energy", "facility_energy", "energy_cost", "operational_carbon", "onsite_water", "offsite_water"):
        (row,) = best(study, quantity, where=where, top=1)
        found[quantity] = [row[axis] for axis in ("gpu", "gpus", "split", "micro_batch", "recompute") if axis in row]
        assert row["time_to_train"] <= (100 * 86400 if where else row.get("training_duration", math.inf))
    assert len(set(map(tuple, found.values()))) == 1, found
