"""The front of a study is what looking at every pair of points leaves."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sweep import SweepError
from sweep.analysis import cells as module_cells
from sweep.analysis import pareto as module
from sweep.analysis import scan
from sweep.analysis.pareto import pareto
from sweep.engine import plan
from sweep.engine.blocks import Program
from sweep.store.run import run
from sweep.study.conditions import OPERATORS, conditions
from sweep.study.parse import open_study

STUDY = """title: fronts
set: {server_power: 6 kW, training_flops: 1e24 FLOP, energy_per_query: 0.3 Wh/query, serving_period: 90 d}
axes:
  gpu: [h100-sxm, a100-sxm-80gb, v100-sxm2-32gb]
  precision: [bf16, fp8]
  gpus: [8, 64, 512]
  split: {tp: [1, 8], pp: [2, 3]}
  training_duration: [30 d, 90 d]
  queries_per_day: [0 query/d, 1e9 query/d]
  pue: [1.1, 1.3]
outputs: [it_power, required_mfu, facility_energy, replicas, overtake_days, total_facility_energy, gpu_power_total]
"""
QUANTITIES = ("it_power", "required_mfu", "facility_energy", "replicas", "overtake_days", "total_facility_energy", "gpu_power_total", "pue")
LIMITS = ("required_mfu < 1", "replicas >= 4", "pue != 1.1", "it_power >= 40 kW", "overtake_days > 0 s", "facility_energy < 2 GWh")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = tmp_path_factory.mktemp("fronts") / "study.yaml"
    path.write_text(STUDY)
    return open_study(path)


@pytest.fixture(scope="module")
def cube(study):
    return run(study)


def looked_up(cube, order, signs, where, per):
    """Labels of the points that no other beats, by comparing every pair; of points alike the first."""
    asked = conditions(where)
    wanted = [*signs, *(name for c in asked for name in c.names)]
    dims = [dim for dim in order if any(dim in cube[name].dims for name in wanted)]
    shape = [cube.sizes[dim] for dim in dims]

    def cells(name):
        turned = cube[name].transpose(*(dim for dim in dims if dim in cube[name].dims)).values.astype(np.float32)
        return np.broadcast_to(turned.reshape([cube.sizes[d] if d in cube[name].dims else 1 for d in dims]), shape).reshape(-1)

    scores = np.stack([cells(name) * sign for name, sign in signs.items()], axis=1)
    meets = ~np.isnan(scores).any(axis=1)
    for c in asked:
        meets &= OPERATORS[c.operator](cells(c.name), np.float32(c.value)) & ~np.isnan(cells(c.name))
    places = np.flatnonzero(meets)
    group = np.unravel_index(places, shape)[dims.index(per)] if per else np.zeros(len(places), int)
    found = []
    for label in np.unique(group):
        here = places[group == label]
        alike, first = np.unique(scores[here], axis=0, return_index=True)
        beaten = [(np.all(alike <= one, axis=1) & np.any(alike < one, axis=1)).any() for one in alike]
        for i in np.flatnonzero(~np.array(beaten)):
            index = np.unravel_index(here[first[i]], shape)
            found.append({dim: cube[dim].values[at] for dim, at in zip(dims, index, strict=True)})
    return found


@st.composite
def questions(draw):
    chosen = draw(st.lists(st.sampled_from(QUANTITIES), min_size=2, max_size=3, unique=True))
    signs = {name: draw(st.sampled_from((1, -1))) for name in chosen}
    return signs, draw(st.lists(st.sampled_from(LIMITS), max_size=2, unique=True)), draw(st.sampled_from((None, "gpu", "gpus")))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=questions(), cells=st.sampled_from((5, 40, 1 << 20)), threads=st.sampled_from((1, 3)))
def test_pareto_front_equals_pairwise_comparison_for_any_blocks(study, cube, monkeypatch, question, cells, threads):
    signs, where, per = question
    monkeypatch.setattr(scan, "SCAN_CELLS", cells)
    monkeypatch.setattr(module_cells, "CUBE_CELLS", max(cells, 300))
    small, large = ([name for name, sign in signs.items() if sign == which] for which in (1, -1))
    signs = {name: signs[name] for name in [*small, *large]}
    order = plan.make(study).order
    depends = {dim for name in [*signs, *(n for c in conditions(where) for n in c.names)] for dim in cube[name].dims}
    if per not in depends:
        per = None
    rows = pareto(study, small, large, where, per, threads)
    expected = looked_up(cube, order, signs, where, per)
    labels = [{d: row[d] if isinstance(row[d], str) else float(row[d]) for d in one} for row, one in zip(rows, expected, strict=True)]
    assert sorted(map(repr, labels)) == sorted(repr({d: v if isinstance(v, str) else float(v) for d, v in one.items()}) for one in expected)
    read = pareto(cube, small, large, where, per)
    assert [{d: row[d] for d in expected[0]} for row in read] == [{d: row[d] for d in expected[0]} for row in rows]
    for before, after in itertools.pairwise(rows):
        first, sign = next(iter(signs.items()))
        if per is None or before[per] == after[per]:
            assert np.float32(before[first] * sign) <= np.float32(after[first] * sign)


def test_pareto_front_is_same_compiled_and_interpreted(study, monkeypatch):
    ranked = {"minimize": ["total_facility_energy"], "maximize": ["queries_per_day", "replicas"]}
    question: dict[str, Any] = {**ranked, "where": ["pue > 1"], "per": "gpu"}
    interpreted = pareto(study, **question)
    monkeypatch.setattr(Program, "interpreted", frozenset())
    assert pareto(study, **question) == interpreted
    assert len(interpreted) > 6


def test_pareto_row_has_labels_quantities_and_outputs(study):
    rows = pareto(study, ["facility_energy", "required_mfu"], where=["replicas > 1"])
    assert {"gpu", "split", "pue", "facility_energy", "required_mfu", "replicas", "it_power"} <= set(rows[0])


def test_pareto_rejects_points_that_are_all_infinite(tmp_path):
    path = tmp_path / "large.yaml"
    path.write_text(
        "title: x\nselect: {gpu: h100-sxm}\nset: {server_power: 1e30 W, training_duration: 30 d}\n"
        "axes: {gpus: [1e9, 1e10], pue: [1.1, 1.2]}\noutputs: [facility_energy]\n"
    )
    with pytest.raises(SweepError, match=r"facility_energy is infinite.* at .*gpus = 1000000000"):
        pareto(open_study(path), ["facility_energy", "it_power"])


def test_pareto_front_is_empty_without_feasible_point(study):
    assert pareto(study, ["facility_energy", "required_mfu"], where=["facility_energy < 0 J"]) == []


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"minimize": ["facility_enrgy", "pue"]}, "unknown quantity 'facility_enrgy'; did you mean 'facility_energy'?"),
        ({"minimize": ["pue"]}, "a Pareto front takes two or three different quantities; 1 given"),
        ({"minimize": ["pue"], "maximize": ["pue"]}, "a Pareto front takes two or three different quantities; 1 given"),
        ({"minimize": ["pue", "it_power"], "per": "split"}, "--per split: pue does not depend on it"),
    ],
)
def test_pareto_reports_invalid_argument_in_one_line(study, arguments, line):
    with pytest.raises(SweepError) as found:
        pareto(study, **arguments)
    assert str(found.value).startswith(line)


def test_pareto_rejects_too_long_front(study, monkeypatch):
    monkeypatch.setattr(module, "MOST", 5)
    with pytest.raises(SweepError, match="the front has more than 5 points"):
        pareto(study, ["total_facility_energy"], ["facility_energy"])
