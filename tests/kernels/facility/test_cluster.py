"""The article's cluster: 25,000 A100 in servers of eight, each model copy on 15 x 8 GPUs."""

import math

import pytest

from sweep.equations import graph, point
from sweep.kernels.facility import cluster as cluster_

ARTICLE = {"gpus": 25000.0, "gpu_tdp": 400.0, "gpus_per_server": 8.0, "server_power": 6500.0, "tp": 8.0, "pp": 15.0, "cp": 1.0}


def cluster(**changes):
    outputs = ["gpus_per_replica", "replicas", "servers", "gpu_power_total", "it_power"]
    resolved = graph.resolve(outputs, given=["server_power"])
    return point.evaluate(resolved, {**ARTICLE, **changes}).values


def test_the_articles_counts():
    values = cluster()
    assert values["gpus_per_replica"] == 120
    assert values["replicas"] == pytest.approx(208.3, abs=0.05)
    assert values["servers"] == 3125


def test_the_articles_powers():
    values = cluster()
    assert values["gpu_power_total"] == 10e6
    assert values["it_power"] == 20.3125e6


@pytest.mark.parametrize(("servers", "replicas"), [(280.0, 8.0), (350.0, 10.0), (420.0, 12.0)])
def test_megatron_turing_nlg(servers, replicas):
    """Smith et al. 2022 (arXiv 2201.11990): one copy of the 530B model on 8 x 35 = 280 A100; 280, 350 and 420 DGX servers."""
    values = cluster(gpus=servers * 8, tp=8.0, pp=35.0)
    assert values["gpus_per_replica"] == 280
    assert values["servers"] == servers
    assert values["replicas"] == replicas


def test_context_parallel_ranks_hold_one_copy_together():
    assert cluster(tp=8.0, pp=16.0, cp=16.0)["gpus_per_replica"] == 2048


@pytest.mark.parametrize(
    ("output", "unused"),
    [("gpus_per_replica", "gpus"), ("servers", "tp"), ("gpu_power_total", "server_power"), ("it_power", "gpu_tdp"), ("it_power", "pp")],
)
def test_a_quantity_does_not_carry_what_it_does_not_need(output, unused):
    assert unused not in graph.resolve([output], given=["server_power"]).inputs


def test_a_duration_that_training_does_not_keep_warns_and_excludes_nothing():
    resolved = graph.resolve(["training_energy", "training_energy_to_target"], given=["it_power", "time_to_train"])
    for taken, told in ((89, []), (90, []), (91, ["duration_ends_before_training"])):
        found = point.evaluate(resolved, {"it_power": 20e6, "training_duration": 90 * 86400.0, "time_to_train": taken * 86400.0})
        assert [rule.name for rule in found.broken] == told
        assert found.values["training_energy"] == 20e6 * 90 * 86400


def test_the_rate_that_the_article_implies():
    """2e25 FLOP on 25,000 A100 of 312 TFLOP/s in 90 days: a third of their peak."""
    given = {"training_flops": 2e25, "gpus": 25e3, "peak_rate": 312e12, "training_duration": 90 * 86400.0}
    assert cluster_.required_mfu(**given) == pytest.approx(0.330, abs=5e-4)
    assert cluster_.required_mfu(training_flops=1.0, gpus=0.5, peak_rate=1.0, training_duration=1.0) == 2
    assert math.isnan(cluster_.required_mfu(**{**given, "training_duration": 0.0}))
