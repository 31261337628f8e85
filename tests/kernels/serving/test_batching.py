"""The batch that two latencies or a load allow, against a fine bisection over thousands of points that shares nothing with it."""

import math

import numpy as np
import pytest
from scipy.stats import gamma

from sweep.kernels.serving import batching
from sweep.kernels.serving.batching import activated_experts, batch_by_arrival, batch_by_latency

POINTS = 4000
CLOSE = 1e-6


def seconds(p, batch):
    """A step with its prompts, and the same without them."""
    activated = 1 - (1 + p["expert_visits"] * batch / 2) ** -2
    dense = np.hypot(p["dense_read_time"], p["dense_compute_time"] * batch)
    expert = np.hypot(p["expert_pass_time"] * activated, p["expert_compute_time"] * batch)
    step = p["fixed_step_time"] + p["sequence_step_time"] * batch + dense + expert
    return step + batch * p["interleaved_prefill_time"], step


def latencies(p, batch):
    whole, step = seconds(p, batch)
    wait = p["prefill_time"] * batch * p["interleaved_prefill_time"] / (2 * step)
    return whole / p["accepted_tokens"], p["prefill_latency"] + whole + wait


def excess(p, batch):
    token, first = latencies(p, batch)
    return np.maximum(token / p["target_time_per_output_token"], first / p["target_time_to_first_token"]) - 1


def bisected(below, limit):
    """The largest batch of each point up to its limit for which a condition holds that all smaller ones meet."""
    low, high = np.ones_like(limit), limit.copy()
    for _ in range(100):
        middle = (low + high) / 2
        low, high = np.where(below(middle), middle, low), np.where(below(middle), high, middle)
    return np.where(below(limit), limit, low)


def replicas(seed):
    """What steps are made of, over all magnitudes that come up; dense models and mixtures, prompts here, elsewhere and none."""
    rng = np.random.default_rng(seed)

    def between(low, high):
        return np.exp(rng.uniform(math.log(low), math.log(high), POINTS))

    def sometimes(share, value, other):
        return np.where(rng.random(POINTS) < share, value, other)

    dense = rng.random(POINTS) < 0.3
    prefill = sometimes(0.05, 0.0, between(1e-3, 1.0))
    accepted = sometimes(0.8, 1.0, rng.uniform(1, 4, POINTS))
    output = between(10, 4000)
    return {
        "batch_limit": sometimes(0.05, 1.0, between(1, 2e4)),
        "accepted_tokens": accepted,
        "output_tokens": output,
        "prefill_time": prefill,
        "prefill_latency": prefill * between(1, 8),
        "interleaved_prefill_time": sometimes(0.2, 0.0, prefill * accepted / output),
        "expert_visits": np.where(dense, math.inf, sometimes(0.05, math.inf, between(2e-3, 0.7))),
        "fixed_step_time": between(1e-3, 3e-2),
        "sequence_step_time": between(1e-6, 1e-3),
        "dense_read_time": between(1e-4, 3e-2),
        "dense_compute_time": between(1e-7, 3e-5),
        "expert_pass_time": np.where(dense, 0.0, between(1e-3, 0.3)),
        "expert_compute_time": np.where(dense, 0.0, between(1e-7, 3e-5)),
    }


def found(function, p):
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    return np.array([function(*point) for point in np.column_stack([p[name] for name in names]).tolist()])


@pytest.mark.parametrize("seed", range(3))
def test_latency_batch_is_largest_that_meets_both_targets(seed):
    p = replicas(seed)
    rng = np.random.default_rng(100 + seed)
    # targets that some batch between one and a little beyond the limit meets exactly; each of them endless at times
    token, first = (latencies(p, p["batch_limit"] ** np.clip(rng.uniform(-0.1, 1.2, POINTS), 0, None))[i] for i in (0, 1))
    p["target_time_per_output_token"] = np.where(rng.random(POINTS) < 0.1, math.inf, token * (1 + 1e-12))
    p["target_time_to_first_token"] = np.where(rng.random(POINTS) < 0.1, math.inf, first * (1 + 1e-12))
    batch, limit = found(batch_by_latency, p), p["batch_limit"]
    best = bisected(lambda b: excess(p, b) <= 0, limit)
    assert (batch >= 1).all()
    assert (batch <= limit).all()
    assert excess(p, batch).max() < CLOSE
    larger = batch * (1 + CLOSE)
    assert ((batch == limit) | (excess(p, larger) > 0) | (batch > best * (1 - CLOSE))).all()
    token, first = latencies(p, best)
    by_first = first / p["target_time_to_first_token"] > token / p["target_time_per_output_token"]
    assert min((best == limit).sum(), (best < 1 + CLOSE).sum(), (by_first & (best < limit)).sum(), (~by_first & (best < limit)).sum()) > 100


@pytest.mark.parametrize("seed", range(3))
def test_arrival_batch_serves_arrival_rate(seed):
    p = replicas(10 + seed)
    rng = np.random.default_rng(200 + seed)
    most = p["batch_limit"] / seconds(p, p["batch_limit"])[0]  # steps' worth of sequences in a second
    share = np.where(rng.random(POINTS) < 0.5, rng.random(POINTS), np.exp(rng.uniform(-12, 0, POINTS)))
    share = np.where(rng.random(POINTS) < 0.1, 1 - 1e-9, share)
    p["request_rate"] = most * share * p["accepted_tokens"] / p["output_tokens"]
    p["shortest_step_time"] = seconds(p, np.ones(POINTS))[0]
    batch = found(batch_by_arrival, p)
    alone = most * share * p["shortest_step_time"]
    best = np.where(alone <= 1, alone, bisected(lambda b: seconds(p, b)[0] * most * share >= b, p["batch_limit"]))
    np.testing.assert_allclose(batch, best, rtol=CLOSE)
    np.testing.assert_allclose(batch / seconds(p, np.maximum(1, batch))[0], most * share, rtol=CLOSE)
    assert min((batch < 1).sum(), (batch > 0.999 * p["batch_limit"]).sum(), ((batch > 1) & (batch < 0.9 * p["batch_limit"])).sum()) > 100


def test_arrival_batch_without_arrivals_is_zero():
    p = {name: values[:1] for name, values in replicas(1).items()} | {"request_rate": np.zeros(1), "shortest_step_time": np.ones(1)}
    assert found(batch_by_arrival, p) == [0]


def test_latency_batch_of_constant_step_is_limit():
    p = {name: np.zeros(1) for name in replicas(1)} | {"expert_visits": np.full(1, math.inf)}
    given = {"batch_limit": 70, "accepted_tokens": 1, "dense_read_time": 0.01}
    targets = {"target_time_per_output_token": 0.02, "target_time_to_first_token": 1}
    assert found(batch_by_latency, p | {name: np.full(1, float(value)) for name, value in (given | targets).items()}) == [70]


def test_active_expert_share_is_mean_over_gamma_distributed_popularity():
    """Experts whose visits have a gamma distribution of shape 2 about u, each idle with exp(-visits): integrated over 400,000 of them."""
    quantiles = (np.arange(400_000) + 0.5) / 400_000
    popularity = gamma.ppf(quantiles, 2) / 2
    for batch, visits in ((1.0, 0.03), (20.0, 0.03), (300.0, 0.06), (8.0, 2.0)):
        assert activated_experts(batch, visits) == pytest.approx(1 - np.exp(-visits * batch * popularity).mean(), rel=1e-4)
    assert activated_experts(1.0, math.inf) == 1


def test_active_expert_share_is_near_that_of_measured_routing():
    """Experts of gpt-oss-120b that a step of TensorRT-LLM reads on H200: time over that of all, less the start of 60 us.

    From the moe tables of aiconfigurator, release 1.3.0rc20: a power law of exponent 1.2 against all experts alike, in microseconds.
    """
    visits = 2 * ((1 - 4 / 128) ** -0.5 - 1)
    for batch, measured in ((16, 262.0), (32, 316.0), (64, 472.0), (128, 539.0)):
        assert activated_experts(float(batch), visits) == pytest.approx((measured - 60) / (614 - 60), abs=0.11)


STEP = {
    "expert_visits": 2.0,
    "fixed_step_time": 10.0,
    "sequence_step_time": 2.0,
    "dense_read_time": 8.0,
    "dense_compute_time": 3.0,
    "expert_pass_time": 72.0,
    "expert_compute_time": 6.0,
}


def test_batch_step_time_is_sum_of_parts():
    """Two sequences: 10 + 2 x 2 + |8, 2 x 3| + |72 x 8 / 9, 2 x 6|, which is 10 + 4 + 10 + sqrt(64^2 + 12^2)."""
    given = {name: value for name, value in STEP.items() if name != "expert_visits"}
    found = batching.decode_step_time(running_sequences=2.0, activated_experts=8 / 9, **given)
    assert found == pytest.approx(24 + math.hypot(64, 12))
    assert activated_experts(2.0, STEP["expert_visits"]) == pytest.approx(8 / 9)


def test_fastest_step_is_of_one_sequence_with_prompt():
    """One sequence: 5 + 10 + 2 + |8, 3| + |72 x 3 / 4, 6|."""
    found = batching.shortest_step_time(interleaved_prefill_time=5.0, **STEP)
    assert found == pytest.approx(17 + math.hypot(8, 3) + math.hypot(54, 6))


def test_replica_capacity_is_rate_of_largest_batch():
    """Two sequences whose steps carry 5 s of prompts each write three tokens a step of 34 + |64, 12| seconds; 100 tokens to a request."""
    found = batching.request_capacity(batch_limit=2.0, output_tokens=100.0, accepted_tokens=3.0, interleaved_prefill_time=5.0, **STEP)
    assert found == pytest.approx(6 / (100 * (34 + math.hypot(64, 12))))


def test_arrival_batch_of_one_sequence():
    given = {"batch_limit": 50.0, "output_tokens": 4.0, "accepted_tokens": 2.0, "interleaved_prefill_time": 0.0, **STEP}
    alone = batching.shortest_step_time(interleaved_prefill_time=0.0, **STEP)
    for share in (0.25, 1.0):
        assert batch_by_arrival(request_rate=share / (2 * alone), shortest_step_time=alone, **given) == pytest.approx(share)


def test_latency_batch_is_at_least_one():
    free = {"interleaved_prefill_time": 0.0, "prefill_time": 0.0, "prefill_latency": 0.0}
    given = {"batch_limit": 50.0, "accepted_tokens": 1.0, **free, **STEP}
    alone = batching.shortest_step_time(interleaved_prefill_time=0.0, **STEP)
    for target in (alone, 0.9 * alone, 0.1):
        assert batch_by_latency(target_time_per_output_token=target, target_time_to_first_token=1e9, **given) == pytest.approx(1)
