"""The batch of latency targets and of arrivals against bisection, on thousands of random replicas, dense and mixtures, and at limits."""

import math
import random

import pytest

from sweep import registry

registry.load()
batch_by_arrival, batch_by_latency, touched_experts = map(
    registry.function_of, ("batch_by_arrival", "batch_by_latency", "touched_experts")
)
POINTS = 3000


def spread(rng, low, high):
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def replica(rng):
    """The times of a step as a replica could have them; half of the replicas have no experts."""
    mixture = rng.random() < 0.5
    return {
        "interleaved_prefill_time": rng.choice([0.0, spread(rng, 1e-7, 2e-3)]),
        "untouched_log": -spread(rng, 1e-3, 0.7) if mixture else -math.inf,
        "fixed_step_time": spread(rng, 1e-3, 3e-2),
        "sequence_step_time": spread(rng, 1e-6, 1e-3),
        "dense_read_time": spread(rng, 1e-4, 5e-2),
        "dense_compute_time": spread(rng, 1e-7, 1e-4),
        "expert_pass_time": spread(rng, 1e-4, 0.1) if mixture else 0.0,
        "expert_compute_time": spread(rng, 1e-7, 1e-4) if mixture else 0.0,
    }


def decode(batch, r):
    read = r["expert_pass_time"] * -math.expm1(r["untouched_log"] * batch)
    dense = math.hypot(r["dense_read_time"], r["dense_compute_time"] * batch)
    return r["fixed_step_time"] + batch * r["sequence_step_time"] + dense + math.hypot(read, r["expert_compute_time"] * batch)


def step(batch, r):
    return decode(batch, r) + batch * r["interleaved_prefill_time"]


def largest(holds, limit):
    if holds(limit):
        return limit
    low, high = 1.0, limit
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


@pytest.mark.parametrize("seed", range(3))
def test_the_batch_of_two_latencies_is_the_largest_that_bisection_finds(seed):
    rng = random.Random(seed)
    bound = 0
    for _ in range(POINTS):
        r, limit, accepted = replica(rng), spread(rng, 1, 1e5), rng.choice([1.0, spread(rng, 1, 4)])
        token, first = rng.choice([math.inf, spread(rng, 5e-3, 1)]), rng.choice([math.inf, spread(rng, 0.05, 10)])
        prefill, latency = spread(rng, 1e-3, 1), spread(rng, 1e-3, 1)

        def holds(batch, r=r, token=token * accepted, first=first, prefill=prefill, latency=latency):
            waiting = prefill * batch * r["interleaved_prefill_time"] / (2 * decode(batch, r))
            return step(batch, r) <= token and latency + step(batch, r) + waiting <= first

        if holds(1.0):
            found = batch_by_latency(limit, token, first, accepted, prefill_time=prefill, prefill_latency=latency, **r)
            assert found == pytest.approx(largest(holds, limit), rel=1e-6)
            bound += found < limit
    assert bound > POINTS / 10


@pytest.mark.parametrize("seed", range(3))
def test_the_batch_of_arrivals_is_the_one_that_bisection_finds(seed):
    rng = random.Random(seed)
    waiting = 0
    for _ in range(POINTS):
        r, limit = replica(rng), spread(rng, 1, 1e5)
        output, accepted = spread(rng, 1, 5000), rng.choice([1.0, spread(rng, 1, 4)])
        most = limit * accepted / (output * step(limit, r))
        rate = most * rng.choice([rng.random(), spread(rng, 1e-6, 1), 1.0])
        found = batch_by_arrival(rate, output, limit, accepted, step(1.0, r), **r)
        alone = rate * output / accepted * step(1.0, r)
        if alone <= 1:
            assert found == alone
            waiting += 1
        else:
            steps = rate * output / accepted
            assert found == pytest.approx(largest(lambda b, r=r, steps=steps: b / step(b, r) <= steps, limit), rel=1e-6)
    assert POINTS / 10 < waiting < POINTS * 9 / 10


@pytest.mark.parametrize("seed", range(3))
def test_the_share_of_touched_experts_is_that_of_the_exponential(seed):
    rng = random.Random(seed)
    for _ in range(POINTS):
        batch, log = spread(rng, 1, 1e5), -spread(rng, 1e-5, 5)
        assert touched_experts(batch, log) == pytest.approx(-math.expm1(log * batch), rel=1e-6, abs=1e-9)
    assert touched_experts(1.0, -math.inf) == pytest.approx(1, rel=1e-12)
