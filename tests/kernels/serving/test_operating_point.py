"""Which batch runs, latencies, speculation and disaggregation: each against a slow search or a sum that shares nothing with it."""

import math

import pytest

from sweep.kernels.serving import operating_point
from tests.at_point import evaluate, value

LLAMA = {"model": "llama-3.1-8b", "gpu": "h100-sxm", "engine": "vllm-2025"}
MIXTURE = {"model": "qwen3-235b-a22b", "gpu": "b200-sxm", "engine": "vllm-2026"}
SPLIT = {"serving_tp": 4, "serving_ep": 4, "serving_precision": "fp8", "weight_bits": 8}
CASES = [(LLAMA, {"input_tokens": 500, "output_tokens": 300}), (MIXTURE, SPLIT)]


def test_operating_point_queues_requests_beyond_memory():
    limit = value("batch_in_memory", LLAMA, input_tokens=1000, output_tokens=1000)
    assert value("batch", LLAMA, concurrency=10, input_tokens=1000, output_tokens=1000) == 10
    assert value("batch", LLAMA, concurrency=1e6, sequence_limit=1e9, input_tokens=1000, output_tokens=1000) == limit
    assert value("batch", LLAMA, concurrency=1e6, sequence_limit=16, input_tokens=1000, output_tokens=1000) == 16
    assert value("batch_limit", MIXTURE, sequence_limit=16, serving_dp=4, serving_ep=4, serving_precision="fp8", weight_bits=8) == 64


def test_operating_point_batch_beyond_memory_sets_status():
    limit = value("batch_in_memory", LLAMA)
    assert value("output_rate", LLAMA, batch=limit) > 0
    found, broken = evaluate("output_rate", LLAMA, batch=limit * 1.01)
    assert math.isnan(found)
    assert "batch_exceeds_memory" in broken


@pytest.mark.parametrize(("select", "given"), CASES)
@pytest.mark.parametrize("target", [0.015, 0.03, 0.06])
@pytest.mark.parametrize("first", [0.3, 5])
def test_operating_point_by_latency_is_largest_batch(select, given, target, first):
    targets = {"target_time_per_output_token": target, "target_time_to_first_token": first}
    batch = value("batch", select, operating_point="latency_target", **targets, **given)
    limit = value("batch_limit", select, **given)

    def late(b):
        slow = value("time_per_output_token", select, batch=b, **given) > target * (1 + 1e-9)
        return slow or value("time_to_first_token", select, batch=b, **given) > first * (1 + 1e-9)

    assert 1 <= batch <= limit
    assert not late(batch)
    assert batch > limit * (1 - 1e-6) or late(batch * 1.001)


def test_operating_point_unreachable_latency_sets_status():
    for slow in ({"target_time_per_output_token": 0.003}, {"target_time_to_first_token": 0.005}):
        found, broken = evaluate("energy_per_query", LLAMA, operating_point="latency_target", **slow)
        assert math.isnan(found)
        assert "latency_target_missed" in broken
        assert "latency_target_missed" not in evaluate("energy_per_query", LLAMA, **slow)[1]


@pytest.mark.parametrize(("select", "given"), CASES)
@pytest.mark.parametrize("rate", [0.01, 0.5, 3.0])
def test_operating_point_by_arrival_serves_arrival_rate(select, given, rate):
    here = {"operating_point": "arrival_rate", "arrival_rate": rate, **given}
    assert value("requests_per_second", select, **here) == pytest.approx(rate, rel=1e-3)
    # Little's law: what is in flight is the rate times the time of a request's steps
    batch = value("batch", select, **here)
    steps = value("time_per_output_token", select, **here) * value("output_tokens", select, **given) * rate
    assert batch == pytest.approx(steps, rel=1e-3)
    assert value("replica_busy_share", select, **here) == pytest.approx(min(1, batch))


def test_operating_point_excess_arrivals_set_status():
    most = value("request_capacity", LLAMA)
    assert value("output_rate", LLAMA, operating_point="arrival_rate", arrival_rate=0.99 * most) > 0
    found, broken = evaluate("output_rate", LLAMA, operating_point="arrival_rate", arrival_rate=1.01 * most)
    assert math.isnan(found)
    assert "arrivals_exceed_capacity" in broken


def test_operating_point_without_arrivals_has_no_output():
    here = {"operating_point": "arrival_rate", "arrival_rate": 0}
    assert value("batch", LLAMA, **here) == 0
    assert value("output_rate", LLAMA, **here) == 0
    assert math.isnan(value("energy_per_query", LLAMA, **here))
    assert value("serving_gpu_power", LLAMA, **here) == 72
    assert value("serving_server_power", LLAMA, **here) == pytest.approx(72 + value("server_host_power", LLAMA) / 8)


def test_operating_point_mixed_step_equals_total_request_time():
    given = {"batch": 32, "input_tokens": 2000, "output_tokens": 250}
    # 250 steps of 32 sequences, and 32 prompts, for 32 requests
    wall = 250 * value("decode_step_time", LLAMA, **given) + 32 * value("prefill_time", LLAMA, **given)
    assert value("requests_per_second", LLAMA, **given) == pytest.approx(32 / wall)
    assert value("request_time", LLAMA, **given) == pytest.approx(
        value("time_to_first_token", LLAMA, **given) + 249 * value("time_per_output_token", LLAMA, **given)
    )


@pytest.mark.parametrize("acceptance", [0.0, 0.5, 0.8, 0.99, 1.0])
@pytest.mark.parametrize("draft", [0, 1, 4])
def test_operating_point_accepted_tokens_equal_sum(draft, acceptance):
    found = value("accepted_tokens", LLAMA, draft_tokens=draft, acceptance=acceptance)
    assert found == pytest.approx(sum(acceptance**i for i in range(draft + 1)))


def test_speculation_saves_at_small_and_loses_at_large_batch():
    draft = {"draft_tokens": 5, "acceptance": 0.6, "draft_parameters": 2e8, "input_tokens": 50, "output_tokens": 100}
    without = draft | {"draft_tokens": 0}

    def ratio(batch):
        return value("chip_energy_per_output_token", LLAMA, batch=batch, **draft) / value(
            "chip_energy_per_output_token", LLAMA, batch=batch, **without
        )

    assert ratio(1) < 0.7
    assert ratio(2000) > 1.1
    assert value("time_per_output_token", LLAMA, batch=1, **draft) < value("time_per_output_token", LLAMA, batch=1, **without)


def test_speculation_draft_longer_than_response_sets_status():
    found, broken = evaluate("output_rate", LLAMA, draft_tokens=5, output_tokens=5)
    assert math.isnan(found)
    assert "draft_longer_than_output" in broken


def test_disaggregation_keeps_prompts_out_of_decode_steps():
    given = {"batch": 64, "input_tokens": 4000, "output_tokens": 200}
    apart = given | {"prefill_placement": "disaggregated", "prefill_load": 1}
    assert value("serving_step_time", LLAMA, **apart) == value("decode_step_time", LLAMA, **given)
    assert value("time_per_output_token", LLAMA, **apart) < 0.5 * value("time_per_output_token", LLAMA, **given)
    # the same GPU time in all, where the pool for prompts never waits
    for quantity in ("gpu_time_per_output_token", "chip_energy_per_output_token"):
        assert value(quantity, LLAMA, **apart) == pytest.approx(value(quantity, LLAMA, **given))
    assert value("kv_transfer_time", LLAMA, **given) == 0
    # 131,072 bytes a token over one network card of 50 GB/s
    sent = value("kv_transfer_time", LLAMA, **apart, link_efficiency=1)
    assert sent == pytest.approx(131072 * 4000 / 50e9)
    pool = given | {"prefill_placement": "disaggregated", "prefill_load": 0.5}
    idle = value("idle_time_per_output_token", LLAMA, **pool)
    assert idle == pytest.approx(value("prefill_time", LLAMA, **given) / 200)


def test_lockstep_ranks_wait_for_prompts_of_others():
    split = {"serving_dp": 8, "serving_ep": 8, "serving_precision": "fp8", "weight_bits": 8}
    waiting = value("prefill_occupancy", MIXTURE, **split)
    assert waiting == pytest.approx(8 * value("prefill_time", MIXTURE, **split))
    assert value("prefill_occupancy", MIXTURE, **split, engine_lockstep=0) == value("prefill_time", MIXTURE, **split)


def test_operating_point_by_hand():
    assert operating_point.batch_limit(batch_in_memory=100.0, sequence_limit=16.0, serving_dp=4.0) == 64
    assert operating_point.batch_limit(batch_in_memory=50.0, sequence_limit=16.0, serving_dp=4.0) == 50
    assert operating_point.held_sequences(concurrency=10.0, batch_limit=64.0) == 10
    assert operating_point.held_sequences(concurrency=100.0, batch_limit=64.0) == 64
    assert [operating_point.batch_by_concurrency(place, held_sequences=9.0, pooled_sequences=5.0) for place in (0, 1)] == [9, 5]
    assert [operating_point.pooled_sequences(9.0, 5.0, pool) for pool in (0.0, 2.0)] == [9, 5]
    assert operating_point.pooled_sequences(held_sequences=4.0, batch_by_arrival=5.0, prefill_gpus=2.0) == 4


@pytest.mark.parametrize(("choice", "pool", "rate"), [(2, 1.0, 3.0), (0, 0.0, 8.0), (0, 1.0, 2.5), (1, 1.0, 2.5), (0, 100.0, 8.0)])
def test_request_rate_is_that_of_arrivals_or_of_the_prefill_pool(choice, pool, rate):
    """Prompts of 0.4 s of one GPU, at a replica of 4 GPUs that could serve 8 requests a second."""
    found = operating_point.request_rate(
        choice, arrival_rate=3.0, prefill_gpus=pool, serving_gpus=4.0, prefill_occupancy=0.1, request_capacity=8.0
    )
    assert found == pytest.approx(rate)


def test_a_small_prefill_pool_limits_the_rate():
    apart = {"prefill_placement": "disaggregated", "serving_tp": 4, "input_tokens": 8000, "output_tokens": 200, "concurrency": 64}
    llama = {"model": "llama-3.1-70b", "gpu": "h200-sxm"}
    free = value("output_rate", llama, **apart)
    needed = free / 200 * value("prefill_occupancy", llama, **apart) * 4
    assert value("output_rate", llama, **apart, prefill_gpus=1.01 * needed) == pytest.approx(free)
    assert value("output_rate", llama, **apart, prefill_gpus=needed / 2) == pytest.approx(free / 2, rel=1e-5)
    assert value("prefill_pool_load", llama, **apart, prefill_gpus=needed / 2) == pytest.approx(1, rel=1e-5)
    assert value("time_per_output_token", llama, **apart, prefill_gpus=needed / 2) < value("time_per_output_token", llama, **apart)


def test_arrivals_beyond_the_prefill_pool_are_a_status():
    apart = {"prefill_placement": "disaggregated", "operating_point": "arrival_rate", "arrival_rate": 4, "prefill_gpus": 0.1}
    found, broken = evaluate("output_rate", LLAMA, **apart)
    assert math.isnan(found)
    assert "prompts_exceed_prefill_pool" in broken


def test_operating_point_by_hand_of_the_chosen_batch():
    given = {"batch_by_concurrency": 7.0, "batch_by_latency": 8.0, "batch_by_arrival": 9.0}
    assert [operating_point.batch(operating_point=choice, **given) for choice in range(3)] == [7, 8, 9]
    assert [operating_point.running_sequences(batch=batch) for batch in (0.0, 0.5, 1.5, 8.0)] == [1, 1, 1.5, 8]
    assert [operating_point.replica_busy_share(batch=batch) for batch in (0.0, 0.5, 1.5, 8.0)] == [0, 0.5, 1, 1]


@pytest.mark.parametrize(("batch", "exceeds"), [(64.0, False), (64.0 * (1 + 1e-9), False), (64.001, True), (65.0, True)])
def test_operating_point_batch_fits_within_rounding(batch, exceeds):
    assert operating_point.batch_exceeds_memory(batch=batch, batch_in_memory=64.0) is exceeds


@pytest.mark.parametrize(
    ("token", "first", "missed"), [(0.05, 1.5, False), (0.049, 1.5, True), (0.05, 1.1, False), (0.05, 1.09, True), (1.0, 0.9, True)]
)
def test_operating_point_latency_is_missed_by_one_sequence(token, first, missed):
    """A step of 0.125 s that writes 2.5 tokens, after a prompt of 0.975 s."""
    given = {"shortest_step_time": 0.125, "accepted_tokens": 2.5, "prefill_latency": 0.975}
    targets = {"target_time_per_output_token": token, "target_time_to_first_token": first}
    assert operating_point.latency_target_missed(**given, **targets) is missed


@pytest.mark.parametrize(("rate", "exceed"), [(9.9, False), (10.0, False), (10.1, True)])
def test_operating_point_serves_arrivals_up_to_capacity(rate, exceed):
    assert operating_point.arrivals_exceed_capacity(request_rate=rate, request_capacity=10.0) is exceed
