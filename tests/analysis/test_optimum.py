"""What bounds exclude holds no better point: the answers are those of a full scan, on studies small enough for one."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sweep import SweepError
from sweep.analysis import optimum
from sweep.analysis.search import best
from sweep.bounds import boxes
from sweep.study.parse import open_study

STUDY = """title: bounded
set: {server_power: 6 kW, training_flops: 1e24 FLOP, energy_per_query: 0.3 Wh/query, serving_period: 90 d}
axes:
  gpu: [h100-sxm, a100-sxm-80gb, v100-sxm2-32gb]
  precision: [bf16, fp8]
  gpus: [8, 64, 512]
  split: {tp: [1, 8], pp: [2, 3]}
  training_duration: [30 d, 60 d, 90 d]
  queries_per_day: [0 query/d, 1e6 query/d, 1e9 query/d]
  pue: [1.1, 1.2, 1.3]
outputs: [it_power, required_mfu, facility_energy, replicas, overtake_days, total_facility_energy]
"""
TRAINED = """title: bounded
select: {model: gpt-4-leak, site: united-states}
set: {precision: bf16, power_method: modelled, recompute: full, sequence_length: 8192, micro_batches: 32, training_tokens: 13e12,
  energy_per_query: 0.3 Wh/query, serving_period: 90 d}
axes:
  gpu: [a100-sxm-80gb, h100-sxm, b200-sxm]
  gpus: [1920, 9600, 48000]
  split: {tp: [2, 8], pp: [8, 15], ep: [16]}
  training_duration: [30 d, 90 d, 400 d]
  queries_per_day: [1e8 query/d, 1e9 query/d]
  pue: [1.1, 1.3, 1.6]
outputs: [time_to_train, facility_power, energy_cost, total_facility_energy]
"""
LIMITS = ("required_mfu < 1", "replicas >= 4", "pue != 1.1", "it_power >= 40 kW", "overtake_days > 0 s", "facility_energy < 2 GWh")
TRAINED_LIMITS = (
    "time_to_train <= 90 d",
    "facility_power <= 20 MW",
    "facility_power >= 5 MW",
    "pue > 1.2",
    "time_to_train < training_duration",
)
KINDS = {
    STUDY: (("it_power", "required_mfu", "facility_energy", "replicas", "overtake_days", "total_facility_energy"), LIMITS, ("gpus", "pue")),
    TRAINED: (("time_to_train", "facility_power", "energy_cost", "total_facility_energy"), TRAINED_LIMITS, ("gpu", "gpus")),
}


@pytest.fixture(scope="module")
def studies(tmp_path_factory):
    found = {}
    for text in KINDS:
        path = tmp_path_factory.mktemp("bounded") / "study.yaml"
        path.write_text(text)
        found[text] = open_study(path)
    return found


@st.composite
def questions(draw):
    text = draw(st.sampled_from([*KINDS]))
    quantities, limits, axes = KINDS[text]
    asked = {
        "quantity": draw(st.sampled_from(quantities)),
        "where": draw(st.lists(st.sampled_from(limits), max_size=2, unique=True)),
        "top": draw(st.sampled_from((1, 3, 20))),
        "maximize": draw(st.booleans()),
        "per": draw(st.sampled_from((None, *axes))),
    }
    return text, asked


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=questions(), leaf=st.sampled_from((1, 30)), staged=st.sampled_from((0, 10, 1 << 22)))
def test_bounded_search_equals_full_scan(studies, monkeypatch, question, leaf, staged):
    text, asked = question
    study = studies[text]
    if asked["per"] == "pue" and "total" not in asked["quantity"]:
        asked["per"] = None  # not all quantities depend on it
    with monkeypatch.context() as patch:
        expected = best(study, **asked).rows
        patch.setattr(optimum, "ENUMERABLE", 0)
        patch.setattr(optimum, "LEAF", leaf)
        patch.setattr(boxes, "STAGED_CELLS", staged)
        assert best(study, **asked).rows == expected


def test_bounded_search_reports_points_evaluated(studies, monkeypatch):
    monkeypatch.setattr(optimum, "ENUMERABLE", 0)
    monkeypatch.setattr(optimum, "LEAF", 4)
    proof = best(studies[TRAINED], "total_facility_energy", ["time_to_train <= 90 d"]).proof
    assert proof is not None
    assert proof.points == 3 * 3 * 4 * 3 * 2 * 3
    assert 0 < proof.explored < proof.points / 10
    assert proof.bounded > 0
    assert str(proof).startswith(f"{proof.explored} of 648 points were evaluated")


def test_bounded_search_proves_infeasibility(studies, monkeypatch):
    monkeypatch.setattr(optimum, "ENUMERABLE", 0)
    found = best(studies[TRAINED], "total_facility_energy", ["facility_power < 0 W"])
    assert (found.rows, found.why.points, found.proof.explored) == ([], 648, 0)


def test_bounded_search_reports_useless_bounds(studies, monkeypatch):
    monkeypatch.setattr(optimum, "ENUMERABLE", 0)
    monkeypatch.setattr(optimum, "LEAF", 1)
    monkeypatch.setattr(optimum, "MOST", 5)
    with pytest.raises(SweepError, match="bounds do not help here: 6 of 648 points were evaluated"):
        best(studies[TRAINED], "total_facility_energy", top=math.prod((3, 3, 4, 3, 2, 3)))


def test_bounded_search_of_quadrillion_points(studies):
    axes = {
        "training_duration": "30d:90d:linear10000",
        "queries_per_day": "0 query/d:1e9 query/d:linear10000",
        "pue": "1.1:1.3:linear10000",
    }
    study = open_study(studies[STUDY].file, axis=[f"{name}={values}" for name, values in axes.items()])
    (row,), (small,) = (best(one, "total_facility_energy", ["required_mfu < 1"], maximize=True) for one in (study, studies[STUDY]))
    same = ("gpu", "gpus", "pue", "queries_per_day", "training_duration", "total_facility_energy")
    assert [row[name] for name in same] == [small[name] for name in same]


def test_bounded_search_of_weighted_sum(studies, monkeypatch):
    question = ("0.5*facility_power + 0.5*time_to_train", ["pue > 1.2"], 3)
    expected = best(studies[TRAINED], *question)
    monkeypatch.setattr(optimum, "ENUMERABLE", 0)
    monkeypatch.setattr(optimum, "LEAF", 4)
    assert best(studies[TRAINED], *question).rows == expected.rows
