"""A fleet by hand: replicas and servers for the busiest hour, and what waits."""

import math

import pytest

from sweep.kernels.serving import fleet


def test_fleet_power_of_article_is_31_mw():
    """2.5 billion queries a day at 0.3 Wh."""
    assert fleet.serving_power(queries_per_day=2.5e9 / 86400, energy_per_query=1080.0) == pytest.approx(31.25e6)
    assert fleet.peak_query_rate(queries_per_day=100.0, peak_to_mean_load=1.5) == 150


@pytest.mark.parametrize(("peak", "replicas"), [(0.0, 1), (3.0, 1), (8.0, 2), (8.1, 3), (150.0, 38)])
def test_fleet_replicas_are_integer_with_reserve(peak, replicas):
    """5 requests a second each, of which 80 % are used."""
    assert fleet.serving_replicas(peak_query_rate=peak, requests_per_second=5.0, fleet_load_limit=0.8) == replicas


def test_fleet_replicas_of_too_much_demand_are_undefined():
    assert math.isnan(fleet.serving_replicas(peak_query_rate=math.nan, requests_per_second=5.0, fleet_load_limit=0.8))
    assert math.isnan(fleet.serving_replicas(peak_query_rate=4e15, requests_per_second=5.0, fleet_load_limit=0.8))
    assert fleet.serving_replicas(peak_query_rate=4e15 - 4.0, requests_per_second=5.0, fleet_load_limit=0.8) == pytest.approx(1e15)


def test_fleet_gpus_include_prefill_gpus():
    """100 tokens a second of 0.08 s of busy and 0.02 s of waiting GPUs are ten."""
    given = {"busy_time_per_output_token": 0.08, "idle_time_per_output_token": 0.02}
    assert fleet.replica_gpus(serving_gpus=8.0, output_rate=100.0, **given) == pytest.approx(10)
    assert fleet.replica_gpus(serving_gpus=16.0, output_rate=100.0, **given) == 16
    assert fleet.replica_gpus(serving_gpus=8.0, output_rate=0.0, busy_time_per_output_token=math.inf, idle_time_per_output_token=1.0) == 8
    assert fleet.replica_gpus(serving_gpus=0.01, output_rate=0.5, **given) == pytest.approx(0.05)
    assert fleet.fleet_gpus(serving_replicas=38.0, replica_gpus=10.0) == 380


@pytest.mark.parametrize(("gpus", "servers"), [(380.0, 48), (384.0, 48), (384.0 + 1e-9, 48), (384.001, 49), (0.0, 0)])
def test_fleet_servers_round_up_with_tolerance(gpus, servers):
    assert fleet.fleet_servers(fleet_gpus=gpus, gpus_per_server=8.0) == servers


def test_fleet_servers_of_too_many_gpus_are_undefined():
    assert math.isnan(fleet.fleet_servers(fleet_gpus=8e15, gpus_per_server=8.0))
    assert math.isnan(fleet.fleet_servers(fleet_gpus=math.nan, gpus_per_server=8.0))
    assert fleet.fleet_servers(fleet_gpus=8e15 - 8, gpus_per_server=8.0) == pytest.approx(1e15)


def test_fleet_idle_power_adds_gpus_and_hosts():
    """A quarter of 8 servers that wait, half of them off: one of 8 GPUs of 70 W, switches of 30 W each and a host of 1,200 W."""
    assert fleet.fleet_utilisation(queries_per_day=60.0, serving_replicas=10.0, requests_per_second=8.0) == 0.75
    given = {
        "fleet_servers": 8.0,
        "idle_power_per_gpu": 70.0,
        "gpus_per_server": 8.0,
        "server_host_power": 1200.0,
        "serving_network_power": 30.0,
    }
    waiting = fleet.fleet_waiting_power(idle_switched_off=0.5, **given)
    assert fleet.fleet_idle_power(fleet_utilisation=0.75, fleet_waiting_power=waiting) == pytest.approx(2000)
    assert fleet.fleet_waiting_power(idle_switched_off=0.0, **given) == pytest.approx(16000)
    assert fleet.fleet_idle_power(fleet_utilisation=1.25, fleet_waiting_power=waiting) == 0


def test_fleet_power_and_query_energy_by_hand():
    assert fleet.fleet_power(serving_power=10e3, fleet_idle_power=2e3) == 12e3
    assert fleet.fleet_energy(fleet_power=12e3, serving_period=100.0) == 1.2e6
    assert fleet.fleet_facility_energy(fleet_energy=1.2e6, pue=1.25) == 1.5e6
    assert fleet.all_in_energy_per_query(fleet_power=12e3, queries_per_day=10.0, pue=1.25) == 1500
    assert fleet.all_in_energy_per_query(fleet_power=12.0, queries_per_day=0.5, pue=1.25) == 30
    assert math.isnan(fleet.all_in_energy_per_query(fleet_power=12e3, queries_per_day=0.0, pue=1.25))
