"""Latency quantiles against an event simulation of one replica at which requests arrive at random."""

import math
import random
from statistics import NormalDist

import pytest

from sweep.kernels.planning import latency
from tests.at_point import evaluate, value

BASE, GROWTH, PREFILL, OUTPUT = 0.01, 2e-4, 0.03, 100


def simulate(rate, places, seed, requests=3000):
    """Times to first token and per output token of each request: prompts first, one at a time, each with its first token."""
    draw = random.Random(seed)
    arrivals = []
    now = 0.0
    for _ in range(requests):
        now += draw.expovariate(rate)
        arrivals.append(now)
    now, coming, waiting, running = 0.0, 0, [], []
    first, each = [], []
    while coming < requests or waiting or running:
        if not waiting and not running:
            now = max(now, arrivals[coming])
        while coming < requests and arrivals[coming] <= now:
            waiting.append(arrivals[coming])
            coming += 1
        if waiting and len(running) < places:
            arrived = waiting.pop(0)
            now += PREFILL
            first.append(now - arrived)
            running.append([now, 1])
            continue
        now += BASE + GROWTH * len(running)
        for one in running:
            one[1] += 1
            if one[1] == OUTPUT:
                each.append((now - one[0]) / (OUTPUT - 1))
        running = [one for one in running if one[1] < OUTPUT]
    return first, each


def predicted(rate, places, share):
    """Both quantiles by the closed forms, and the mean batch by its fixed point."""
    interleaved = PREFILL / OUTPUT
    batch = 1.0
    for _ in range(1000):
        batch = max(1.0, rate * OUTPUT * (BASE + (GROWTH + interleaved) * batch))
    decode = BASE + GROWTH * batch
    step = decode + batch * interleaved
    capacity = places / (OUTPUT * (BASE + (GROWTH + interleaved) * places))
    load = latency.prefill_queue_load(0, 0.7, batch, interleaved, step)
    chance = latency.admission_wait_probability(batch, places)
    wait = latency.admission_wait_quantile(share, chance, rate, capacity, 0.0)
    first = latency.time_to_first_token_quantile(share, PREFILL, 1, 0.0, decode, load, wait)
    each = latency.time_per_output_token_quantile(share, step, batch, batch, step, BASE + GROWTH + interleaved, interleaved, 1.0)
    return first, each


def quantile(values, share):
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1]


@pytest.mark.parametrize("rate", [2.0, 6.0, 10.0])
@pytest.mark.parametrize("share", [0.95, 0.99])
def test_the_quantiles_are_those_of_a_simulated_replica(rate, share):
    first, each = simulate(rate, 1000, seed=7)
    expected_first, expected_each = predicted(rate, 1000, share)
    assert expected_first == pytest.approx(quantile(first, share), rel=0.25)
    assert expected_each == pytest.approx(quantile(each, share), rel=0.08)


def test_a_replica_with_few_places_makes_requests_wait_for_one():
    first, _ = simulate(3.2, 8, seed=3)
    expected, _ = predicted(3.2, 8, 0.95)
    assert quantile(first, 0.95) > 2 * predicted(3.2, 1000, 0.95)[0]
    assert expected == pytest.approx(quantile(first, 0.95), rel=0.25)


@pytest.mark.parametrize("share", [1e-6, 0.01, 0.3, 0.5, 0.9, 0.95, 0.999])
def test_the_normal_quantile_is_that_of_the_standard_library(share):
    assert latency.normal_quantile(share) == pytest.approx(NormalDist().inv_cdf(share), abs=5e-4)


def test_the_normal_quantile_is_unbounded():
    assert latency.normal_quantile(0.0) == -math.inf
    assert latency.normal_quantile(1.0) == math.inf


def test_admission_wait_probability_by_hand():
    """Half of 7 slots, to the power of sqrt(2 * 8) - 1 = 3; more sequences than slots always wait."""
    assert latency.admission_wait_probability(3.5, 7.0) == pytest.approx(0.125)
    assert latency.admission_wait_probability(14.0, 7.0) == 1


def test_admission_wait_quantile_by_hand():
    """A wait of (1 + 9) / (2 * 3) s in the mean, which half of the requests have; at least 0."""
    assert latency.admission_wait_quantile(0.95, 0.5, 3.0, 6.0, 3.0) == pytest.approx(math.log(10) * 10 / 6)
    assert latency.admission_wait_quantile(0.95, 0.01, 3.0, 6.0, 3.0) == 0


HOUR = {
    "latency_quantile": 0.95,
    "prefill_queue_load": 0.4,
    "prefill_time": 0.03,
    "batch": 3.5,
    "batch_limit": 7.0,
    "requests_per_second": 3.0,
    "request_capacity": 6.0,
    "output_variation": 3.0,
}


def test_an_hour_at_the_planned_load_waits_as_the_fleet_does():
    """The queue of prompts and the wait for a slot of the same replica; half the load halves queue and batch."""
    queue = math.log(0.4 / 0.05) * 0.03 / (2 * 0.6)
    assert latency.hour_wait_quantile(hour_replica_load=1.0, **HOUR) == pytest.approx(queue + math.log(0.125 / 0.05) * 10 / 6)
    half = math.log(0.2 / 0.05) * 0.03 / (2 * 0.8)
    assert latency.hour_wait_quantile(hour_replica_load=0.5, **HOUR) == pytest.approx(half)
    assert latency.hour_wait_quantile(hour_replica_load=0.1, **HOUR) == 0


@pytest.mark.parametrize("load", [2.0, 2.5])
def test_an_hour_of_too_much_load_waits_without_bound(load):
    assert math.isnan(latency.hour_wait_quantile(hour_replica_load=load, **HOUR))
    assert math.isnan(latency.hour_wait_quantile(hour_replica_load=load, **{**HOUR, "request_capacity": 60.0, "prefill_queue_load": 0.5}))


def test_a_replica_is_saturated_within_a_millionth_of_its_limit():
    assert latency.replica_saturated(8.0, 8.0)
    assert not latency.replica_saturated(8.0 * (1 - 1e-6), 8.0)


def test_more_load_and_a_larger_share_wait_longer():
    def at(name, rate, share):
        given = {"operating_point": "arrival_rate", "input_tokens": 2000, "arrival_rate": rate, "latency_quantile": share}
        return value(name, {"model": "llama-3.1-8b", "gpu": "h100-sxm"}, **given)

    for name in ("time_to_first_token_quantile", "time_per_output_token_quantile"):
        assert at(name, 1, 0.95) < at(name, 4, 0.95) < at(name, 4, 0.99)


def test_a_replica_whose_places_are_all_taken_has_no_quantile():
    found, broken = evaluate("time_to_first_token_quantile", {"model": "llama-3.1-8b", "gpu": "h100-sxm"}, concurrency=1e5)
    assert math.isnan(found)
    assert "replica_saturated" in broken


def test_one_sequence_at_a_time_waits_for_its_own_prompt_only():
    """Half the time nothing runs: 1 ms more for the prompt beside it, and a spread of sqrt(0.5) prompts, in steps of 10 + 1 ms."""
    found = latency.time_per_output_token_quantile(0.95, 0.011, 0.5, 1.0, 0.011, 0.011, 0.001, 1.0)
    assert found == pytest.approx(0.011 + 0.001 + 1.645 * math.sqrt(0.5) * 0.001 / (1 - 0.5 * 0.001 / 0.011), rel=1e-4)


def test_time_per_output_token_quantile_by_hand():
    """Two sequences in steps of 14 ms, one in 12 ms: a growth of 2 ms, of which the prompt takes 1 ms; two tokens per step."""
    spread = 0.001 + math.sqrt(2 / 3) * 0.001
    expected = 0.007 + (0.002 + 1.645 * math.sqrt(2) * spread / (1 - 2 * 0.002 / 0.014)) / 2
    assert latency.time_per_output_token_quantile(0.95, 0.007, 2.0, 2.0, 0.014, 0.012, 0.001, 2.0) == pytest.approx(expected, rel=1e-4)


def test_steps_that_grow_as_fast_as_requests_arrive_have_no_quantile():
    assert math.isnan(latency.time_per_output_token_quantile(0.95, 10.0, 10.0, 11.0, 10.0, 0.0, 0.0, 1.0))
    assert math.isnan(latency.time_per_output_token_quantile(0.95, 0.5, 1e9, 1e9, 0.5e6, 0.0, 0.0, 1.0))


def test_prompts_of_a_prefill_pool_queue_at_its_load():
    assert latency.prefill_queue_load(1, 0.7, 10.0, 1e-3, 2e-2) == 0.7
    assert latency.prefill_queue_load(0, 0.7, 10.0, 1e-3, 2e-2) == pytest.approx(0.5)
    queue = math.log(0.7 / 0.05) * 0.1 / (2 * 0.3)
    assert latency.time_to_first_token_quantile(0.95, 0.1, 2.0, 0.02, 0.03, 0.7, 0.5) == pytest.approx(0.2 + 0.02 + 0.03 + queue + 0.5)
