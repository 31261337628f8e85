"""Objectives of several quantities, and hits of equal score."""

import re

import pytest
import xarray

from sweep.analysis.ranking import Hit, best_of
from sweep.analysis.search import best
from sweep.errors import SweepError


def by_hand(cube, terms, where, maximize):
    """The best weighted sum, each quantity over its own best among the cells that meet the condition."""
    arrays = xarray.broadcast(*(cube[name].where(where(cube)).astype("f8") for name in terms))
    best = [float(abs(a.max() if maximize else a.min())) for a in arrays]
    return sum(weight * a / b for weight, a, b in zip(terms.values(), arrays, best, strict=True))


@pytest.mark.parametrize("maximize", [False, True])
def test_objective_weighs_quantities_over_best_of_each(study, memory, stored, maximize):
    expected = by_hand(memory, {"facility_energy": 0.75, "required_mfu": 0.25}, lambda cube: cube.pue > 1.15, maximize)
    target = float(expected.max() if maximize else expected.min())
    for subject in (study, memory, stored):
        (row,) = best(subject, "3*facility_energy + required_mfu", ["pue > 1.15"], maximize=maximize)
        assert row["score"] == pytest.approx(target, rel=1e-6)
        at = {dim: row[dim] for dim in expected.dims}
        assert float(expected.sel(at)) == pytest.approx(target, rel=1e-6)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("facility_energy - it_power", "must be a quantity, or quantities with weights"),
        ("0*facility_energy + it_power", "a weight must be above zero"),
        ("it_power + it_power", "it_power stands twice"),
        ("0.5*it_powr + pue", "unknown quantity 'it_powr'; did you mean 'it_power'?"),
    ],
)
def test_objective_rejects_invalid_weights(study, text, line):
    with pytest.raises(SweepError, match=re.escape(line)):
        best(study, text)


def test_ranking_merges_equal_scores_in_order():
    found = best_of([Hit(2.0, (5,), 1), Hit(1.0, (9, 11), 2), Hit(3.0, (1,), 1), Hit(1.0, (3,), 1)], 2)
    assert found == [Hit(1.0, (3, 9, 11), 3), Hit(2.0, (5,), 1)]
