"""Energy of training and serving against the article's chain and published runs."""

import math

import pytest

from sweep.catalog.units import to_si
from sweep.equations import graph, interpret
from sweep.kernels.facility import energy as kernels

STATED_PUE = {"pue_method": 0.0}
GIVEN = ["it_power", "energy_per_query", "run_duration", "pue"]
ARTICLE = {
    "it_power": to_si("20.3125 MW", "W"),
    "run_duration": to_si("90 d", "s"),
    "queries_per_day": to_si("2.5e9 query/d", "query/s"),
    "energy_per_query": to_si("0.3 Wh/query", "J/query"),
    "serving_period": to_si("90 d", "s"),
    "day": to_si("24 h", "s"),
    "pue": 1.2,
}


def energy(output, **changes):
    resolved = graph.resolve([output], given=GIVEN, fixed=STATED_PUE)
    values = {**ARTICLE, **changes}
    return interpret.compute_point(resolved, {name: values[name] for name in resolved.inputs}).values[output]


@pytest.mark.parametrize(
    ("output", "printed"),
    [
        ("training_energy", to_si("43.875 GWh", "J")),
        ("facility_energy", to_si("52.65 GWh", "J")),
        ("serving_power", to_si("31.25 MW", "W")),
        ("serving_energy_per_day", to_si("750 MWh", "J")),
        ("serving_energy", to_si("67.5 GWh", "J")),
        ("serving_facility_energy", to_si("81 GWh", "J")),
        ("overtake_days", to_si("58.5 d", "s")),
        ("serving_share", 67.5 / (67.5 + 43.875)),
        ("total_facility_energy", to_si("133.65 GWh", "J")),
    ],
)
def test_energy_of_article(output, printed):
    assert energy(output) == pytest.approx(printed, rel=1e-12)


def test_energy_of_bloom():
    """Luccioni et al. 2022 (arXiv 2211.02001): 384 A100 at 400 W for 1,082,990 GPU-hours take 433 MWh."""
    duration = to_si("1082990 h", "s") / 384
    assert energy("training_energy", it_power=384 * 400.0, run_duration=duration) == pytest.approx(to_si("433.2 MWh", "J"), rel=1e-4)


def test_energy_of_glm_130b():
    """GLM-130B (arXiv 2210.02414): 442.4 MWh, which is 768 A100 at 400 W for 60 days."""
    assert energy("training_energy", it_power=768 * 400.0, run_duration=to_si("60 d", "s")) == pytest.approx(
        to_si("442.4 MWh", "J"), rel=1e-3
    )


def test_serving_energy_without_queries_is_zero():
    assert energy("serving_energy", queries_per_day=0.0) == 0
    overtake = energy("overtake_days", queries_per_day=0.0)
    assert overtake != overtake


@pytest.mark.parametrize(
    ("output", "unused"),
    [("training_energy", "pue"), ("serving_energy", "it_power"), ("serving_energy_per_day", "serving_period"), ("overtake_days", "pue")],
)
def test_energy_quantities_read_only_needed_inputs(output, unused):
    assert unused not in graph.resolve([output], given=GIVEN).inputs


def test_overtake_days_by_hand():
    assert kernels.overtake_days(training_energy=3.0, serving_power=0.5) == 6
    assert math.isnan(kernels.overtake_days(training_energy=3.0, serving_power=0.0))


def test_serving_share_by_hand():
    assert kernels.serving_share(serving_energy=0.125, training_energy=0.375) == 0.25
    assert math.isnan(kernels.serving_share(serving_energy=0.0, training_energy=0.0))
