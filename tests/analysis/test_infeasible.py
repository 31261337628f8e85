"""Why no point is feasible, and which labels drop out."""

import math

import pytest

from sweep.analysis.search import best
from sweep.store.run import run


def test_infeasible_study_counts_removed_points_and_names_nearest(study, memory, stored):
    asked = ["facility_energy <= 1 GWh", "gpus >= 600", "precision == fp8"]
    for subject in (study, memory, stored):
        found = best(subject, "required_mfu", asked)
        assert not found
        assert found.why.points == math.prod(memory.sizes[dim] for dim in {*memory.required_mfu.dims, *memory.facility_energy.dims})
        assert set(asked) >= set(found.why.removed) & set(asked)
        assert found.why.removed["gpus >= 600"] > 0
    values = memory.required_mfu
    for subject in (study, stored):
        why = best(subject, "required_mfu", ["required_mfu >= 1000"]).why
        assert why
        assert why.nearest
        assert why.nearest["required_mfu"] == pytest.approx(float(values.max()), rel=1e-6), "the one that misses it by the least"


def test_infeasible_counts_points_removed_by_rules(opened):
    text = "title: late\nset: {it_power: 1 MW}\naxes: {time_to_train: [10 d, 20 d, 30 d], training_duration: [5 d, 8 d]}\n"
    study = opened(text + "outputs: [training_energy]\n")
    for subject in (study, run(study)):
        found = best(subject, "training_energy")
        assert (found.why.points, found.why.removed, found.why.nearest) == (6, {"training_misses_deadline": 6}, None)


def test_best_lists_labels_without_figures(opened):
    text = "title: prices\naxes: {gpu: [h100-sxm, h200-nvl]}\nset: {gpus: 8}\noutputs: [it_capital_cost]\n"
    study = opened(text)
    for subject in (study, run(study)):
        found = best(subject, "it_capital_cost")
        assert [row["gpu"] for row in found] == ["h100-sxm"]
        assert found.omitted == {"h200-nvl": ["gpu_price"]}
