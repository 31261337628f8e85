"""Latencies and rates of a replica in steady state, by hand."""

import pytest

from sweep.kernels.serving import rates
from tests.at_point import value

APART = rates.MIXED + 1


def test_rates_placements_equal_choices():
    from sweep.catalog.parameters import parameters

    assert parameters()["prefill_placement"].choices[rates.MIXED] == "mixed"


def test_rates_lockstep_ranks_wait_for_prompt():
    assert rates.prefill_occupancy(prefill_time=2.0, serving_dp=8.0, engine_lockstep=0.5) == 9
    assert rates.prefill_occupancy(prefill_time=2.0, serving_dp=1.0, engine_lockstep=0.5) == 2


def test_rates_steps_of_response_carry_one_prompt():
    """100 tokens written two at a time are 50 steps, each with a fiftieth of a prompt of 10 s."""
    given = {"prefill_occupancy": 10.0, "output_tokens": 100.0, "accepted_tokens": 2.0}
    assert rates.interleaved_prefill_time(prefill_placement=rates.MIXED, **given) == pytest.approx(0.2)
    assert rates.interleaved_prefill_time(prefill_placement=APART, **given) == 0


def test_rates_disaggregated_prefill_sends_kv_cache():
    """1,500 B at a context of 300 are 1,000 B for the 200 tokens of the prompt, and 200 B of states; 4 links of 50 B/s at 60 %."""
    given = {
        "kv_bytes_per_sequence": 1500.0,
        "state_bytes_per_sequence": 200.0,
        "input_tokens": 200.0,
        "mean_context": 300.0,
        "serving_gpus": 4.0,
        "scaleout_bandwidth": 50.0,
        "link_efficiency": 0.6,
    }
    assert rates.kv_transfer_time(prefill_placement=APART, **given) == pytest.approx(10)
    assert rates.kv_transfer_time(prefill_placement=rates.MIXED, **given) == 0


def test_rates_prefill_pool_is_md1_queue():
    """M/D/1: at a load of a half the mean wait is half the service; at three quarters, one and a half of it."""
    given = {"prefill_time": 2.0, "serving_dp": 3.0, "kv_transfer_time": 1.0}
    assert rates.prefill_latency(prefill_placement=rates.MIXED, prefill_load=0.5, **given) == 7
    assert rates.prefill_latency(prefill_placement=APART, prefill_load=0.5, **given) == 8
    assert rates.prefill_latency(prefill_placement=APART, prefill_load=0.75, **given) == 10


def test_rates_of_steps_tokens_and_requests():
    step = rates.serving_step_time(decode_step_time=0.02, running_sequences=10.0, interleaved_prefill_time=0.003)
    assert step == pytest.approx(0.05)
    given = {"serving_step_time": 0.05, "running_sequences": 10.0, "interleaved_prefill_time": 0.003, "accepted_tokens": 2.0}
    assert rates.time_per_output_token(simultaneous_share=0.0, **given) == 0.025
    assert rates.time_per_output_token(simultaneous_share=0.5, **given) == pytest.approx(0.025 - 0.00375)
    assert rates.output_rate(batch=10.0, accepted_tokens=2.0, serving_step_time=0.05) == 400
    assert rates.output_rate_per_server(output_rate=400.0, serving_gpus=2.0, gpus_per_server=8.0) == 1600
    assert rates.requests_per_second(output_rate=400.0, output_tokens=200.0) == 2
    assert rates.request_time(time_to_first_token=1.0, output_tokens=201.0, time_per_output_token=0.025) == pytest.approx(6)


def test_time_to_first_token_adds_queue_prompt_and_step():
    """A prompt of 0.5 s among 10 sequences whose steps of 0.02 s carry 0.004 s each: 0.5 x 0.04 / 0.04 s of waiting."""
    given = {
        "prefill_latency": 1.0,
        "serving_step_time": 0.06,
        "prefill_time": 0.5,
        "running_sequences": 10.0,
        "interleaved_prefill_time": 0.004,
        "decode_step_time": 0.02,
        "output_tokens": 250.0,
        "accepted_tokens": 2.0,
    }
    assert rates.time_to_first_token(simultaneous_share=0.0, **given) == pytest.approx(1.0 + 0.06 + 0.5)
    assert rates.time_to_first_token(simultaneous_share=1.0, **given) == pytest.approx(1.0 + 0.06 + 0.5 + 5 * 0.5)


def test_requests_that_start_together_take_as_long_as_others():
    """What their first tokens wait for, the others do not."""
    given = {"output_tokens": 100, "input_tokens": 4000, "concurrency": 64}
    llama = {"model": "llama-3.1-8b", "gpu": "h100-sxm"}
    alone, together = (value("request_time", llama, simultaneous_share=share, **given) for share in (0, 1))
    assert together == pytest.approx(alone, rel=0.02)
    assert value("output_rate", llama, simultaneous_share=1, **given) == value("output_rate", llama, **given)


@pytest.mark.parametrize(("placement", "load", "exceeds"), [(0, 2.0, False), (1, 1.0, False), (1, 1.0001, True)])
def test_prefill_pool_is_loaded_by_its_prompts(placement, load, exceeds):
    """100 sequences of 2 tokens a step of 0.1 s write 10 responses of 200 tokens a second, whose prompts take 0.4 s of one GPU."""
    given = {"batch": 100.0, "serving_gpus": 4.0, "prefill_occupancy": 0.1, "accepted_tokens": 2.0, "serving_step_time": 0.1}
    assert rates.prefill_pool_load(0.7, 0.0, output_tokens=200.0, **given) == 0.7
    assert rates.prefill_pool_load(0.7, 5.0, output_tokens=200.0, **given) == pytest.approx(0.8)
    assert rates.prompts_exceed_prefill_pool(placement, load) is exceeds


def test_rates_per_user_and_per_gpu_by_hand():
    assert rates.output_rate_per_user(0.02) == 50.0
    assert rates.output_rate_per_gpu(4000.0, 8.0) == 500.0
