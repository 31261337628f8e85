"""The article's cluster: 25,000 A100 in servers of eight, each model copy on 15 x 8 GPUs."""

import math

import pytest

from sweep.equations import graph, interpret
from sweep.kernels.choices import FINISHED_RUN, GIVEN_DURATION
from sweep.kernels.facility import cluster as cluster_
from tests.at_point import value

FINISHED = {"duration_method": float(FINISHED_RUN)}
ARTICLE = {"gpus": 25000.0, "gpu_tdp": 400.0, "gpus_per_server": 8.0, "server_power": 6500.0, "tp": 8.0, "pp": 15.0, "cp": 1.0}


def cluster(**changes):
    outputs = ["gpus_per_replica", "replicas", "servers", "gpu_power_total", "it_power"]
    resolved = graph.resolve(outputs, given=["server_power"])
    return interpret.compute_point(resolved, {**ARTICLE, **changes}).values


def test_cluster_counts_of_article():
    values = cluster()
    assert values["gpus_per_replica"] == 120
    assert values["replicas"] == pytest.approx(208.3, abs=0.05)
    assert values["servers"] == 3125


def test_cluster_power_of_article():
    values = cluster()
    assert values["gpu_power_total"] == 10e6
    assert values["it_power"] == 20.3125e6


@pytest.mark.parametrize(("servers", "replicas"), [(280.0, 8.0), (350.0, 10.0), (420.0, 12.0)])
def test_cluster_of_megatron_turing_nlg(servers, replicas):
    """Smith et al. 2022 (arXiv 2201.11990): one copy of the 530B model on 8 x 35 = 280 A100; 280, 350 and 420 DGX servers."""
    values = cluster(gpus=servers * 8, tp=8.0, pp=35.0)
    assert values["gpus_per_replica"] == 280
    assert values["servers"] == servers
    assert values["replicas"] == replicas


def test_replicas_count_context_parallel_ranks_once():
    assert cluster(tp=8.0, pp=16.0, cp=16.0)["gpus_per_replica"] == 2048


@pytest.mark.parametrize(
    ("output", "unused"),
    [("gpus_per_replica", "gpus"), ("servers", "tp"), ("gpu_power_total", "server_power"), ("it_power", "gpu_tdp"), ("it_power", "pp")],
)
def test_cluster_quantities_read_only_needed_inputs(output, unused):
    assert unused not in graph.resolve([output], given=["server_power"]).inputs


def test_required_mfu_of_article():
    """2e25 FLOP on 25,000 A100 of 312 TFLOP/s in 90 days: a third of their peak."""
    given = {"model_flops": 2e25, "gpus": 25e3, "peak_rate_16bit": 312e12, "training_duration": 90 * 86400.0}
    given["effective_training_fraction"] = 1.0
    assert cluster_.required_mfu(**given) == pytest.approx(0.330, abs=5e-4)
    assert cluster_.required_mfu(1.0, gpus=0.5, peak_rate_16bit=1.0, training_duration=1.0, effective_training_fraction=0.8) == 2.5
    assert math.isnan(cluster_.required_mfu(**{**given, "training_duration": 0.0}))


@pytest.mark.parametrize(("taken", "misses"), [(60, False), (90, False), (91, True)])
def test_run_duration_is_undefined_past_deadline(taken, misses):
    given = {"it_power": 20e6, "training_duration": 90 * 86400.0, "time_to_train": taken * 86400.0}
    found = interpret.compute_point(graph.resolve(["training_energy"], given, FINISHED), given)
    assert [rule.name for rule in found.broken] == ["training_misses_deadline"] * misses
    assert found.values["time_to_train"] == taken * 86400
    assert math.isnan(found.values["training_energy"]) if misses else found.values["training_energy"] == 20e6 * taken * 86400


def test_run_duration_without_deadline_is_time_to_train():
    given = {"it_power": 20e6, "time_to_train": 5000 * 86400.0}
    resolved = graph.resolve(["training_energy"], given, FINISHED)
    assert set(resolved.inputs) == set(given), "no rule asks for a deadline that nobody gives"
    assert interpret.compute_point(resolved, given).values["training_energy"] == 20e6 * 5000 * 86400


def test_run_duration_takes_given_duration_with_warning():
    given = {"it_power": 20e6, "training_duration": 90 * 86400.0}
    found = interpret.compute_point(graph.resolve(["training_energy"], given, {"duration_method": float(GIVEN_DURATION)}), given)
    assert [rule.name for rule in found.broken] == ["run_counts_given_duration"]
    assert found.values["training_energy"] == 20e6 * 90 * 86400


def test_run_energy_cost_and_carbon_grow_with_duration():
    """Energy, cost, carbon and water count the same time."""
    run = {"it_power": 20e6, "annual_capital_cost": 1e9, "embodied_carbon": 1e7, "electricity_price": 2e-8, "carbon_intensity": 1e-7}
    run |= {"onsite_water_usage": 1e-10, "offsite_water_intensity": 1e-9, "gpus": 1000.0, "gpu_cloud_price": 1e-3, "pue": 1.2}
    names = ("training_energy", "facility_energy", "energy_cost", "operational_carbon", "onsite_water", "offsite_water")
    more = ("training_cost", "cloud_cost", "run_embodied_carbon", "run_carbon")
    for name in (*names, *more):
        one, two = (value(name, time_to_train=f"{days} d", **run) for days in (40, 80))
        assert two == pytest.approx(2 * one), name


def test_run_duration_by_hand():
    given = {"finished_duration": 60.0, "given_duration": 90.0}
    assert [cluster_.run_duration(duration_method=method, **given) for method in (FINISHED_RUN, FINISHED_RUN + 1)] == [60, 90]
    assert cluster_.finished_duration(time_to_train=60.0) == 60
    assert cluster_.given_duration(training_duration=90.0) == 90


@pytest.mark.parametrize(("taken", "missed"), [(89.0, False), (90.0, False), (91.0, True)])
def test_deadline_rule_is_broken_by_longer_run(taken, missed):
    assert cluster_.training_misses_deadline(time_to_train=taken, training_duration=90.0) is missed


def test_given_duration_rule_warns():
    assert cluster_.run_counts_given_duration(given_duration=0.0)
    assert cluster_.run_counts_given_duration(given_duration=90.0)
    assert not cluster_.run_counts_given_duration(given_duration=math.nan)
