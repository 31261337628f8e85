"""Power of a GPU by what it does, and energy of its tokens: sums by hand, and the limits of idle and design power."""

import math

import pytest

from sweep.kernels.serving import power
from tests.at_point import value

APART = power.MIXED + 1
BUSY = {
    "gpu_tdp": 700.0,
    "power_cap": 1.0,
    "idle_power_per_gpu": 100.0,
    "busy_step_time": 0.1,
    "running_sequences": 10.0,
    "weight_traffic_time": 0.004,
    "kv_read_time": 0.0002,
    "kv_bandwidth_efficiency": 0.5,
    "sampling_time": 0.001,
    "sequence_work_time": 0.002,
    "padding_work_time": 0.005,
    "engine_wait": 0.006,
    "engine_sequence_time": 0.0004,
    "step_width": 2.0,
    "serving_dp": 2.0,
    "engine_waiting_power": 0.2,
    "kernel_power_share": 0.3,
    "compute_power_share": 0.4,
    "hbm_bandwidth": 3e12,
    "traffic_energy": 1e-10,
    "serving_power_residual": 1.0,
}


def test_idle_gpu_power_is_measured_or_share():
    """H100: 72 W; a GPU without a published figure draws a share of its design power."""
    assert power.idle_power_per_gpu(gpu_idle_power=72.0, gpu_tdp=700.0, idle_power_share=0.12) == 72
    assert power.idle_power_per_gpu(gpu_idle_power=0.5, gpu_tdp=700.0, idle_power_share=0.12) == 0.5
    assert power.idle_power_per_gpu(gpu_idle_power=0.0, gpu_tdp=700.0, idle_power_share=0.12) == pytest.approx(84)


def test_weight_traffic_at_full_bandwidth():
    """70 B for each step and a half of the 60 B of experts over 3 ranks, on 4 GPUs of 5 B/s."""
    found = power.weight_traffic_time(
        dense_weight_bytes=70.0, expert_weight_bytes=60.0, activated_experts=0.5, serving_tp=4.0, serving_dp=3.0, hbm_bandwidth=5.0
    )
    assert found == 4


def test_compute_unit_times_by_hand():
    assert power.padding_work_time(expert_padding_time=0.02, activated_experts=0.25) == 0.005
    found = power.sequence_work_time(
        dense_compute_time=1.0,
        expert_compute_time=2.0,
        step_width=3.0,
        attention_compute_time=0.5,
        prefill_compute_time=40.0,
        accepted_tokens=2.0,
        output_tokens=100.0,
        serving_time_residual=1.5,
    )
    assert found == pytest.approx(2 + 1.5 + 0.8)


def test_busy_step_includes_prompts():
    found = power.busy_step_time(
        decode_step_time=0.02, running_sequences=10.0, prefill_occupancy=0.5, accepted_tokens=2.0, output_tokens=100.0
    )
    assert found == pytest.approx(0.02 + 0.1)


def test_step_power_is_sum_of_terms():
    """Of 0.1 s the engine waits for 10 ms; 25 ms of products; 10 ms of traffic at 300 W: 100 W and 600 W x (2 + 27 + 10) / 100 and 30 W."""
    assert power.busy_gpu_power(**BUSY) == pytest.approx(100 + 600 * 0.39 + 30)


@pytest.mark.parametrize(
    ("part", "watts"), [("engine_waiting_power", 12), ("kernel_power_share", 162), ("compute_power_share", 60), ("traffic_energy", 30)]
)
def test_step_power_grows_with_each_term(part, watts):
    parts = ("engine_waiting_power", "kernel_power_share", "compute_power_share", "traffic_energy")
    alone = {**BUSY, **{name: 0.0 for name in parts if name != part}}
    assert power.busy_gpu_power(**alone) == pytest.approx(100 + watts)


def test_step_power_is_at_most_design_power():
    assert power.busy_gpu_power(**{**BUSY, "compute_power_share": 40.0}) == 700
    assert power.busy_gpu_power(**{**BUSY, "serving_power_residual": 0.5}) == power.busy_gpu_power(**BUSY) / 2


def test_step_power_is_at_most_power_limit():
    assert power.busy_gpu_power(**{**BUSY, "power_cap": 0.5}) == 350
    assert power.busy_gpu_power(**{**BUSY, "power_cap": 0.9}) == power.busy_gpu_power(**BUSY)


def test_serving_at_600_w_of_h100():
    """A limit of 600 W on an H100 costs 5 to 8 % of the tokens of LLM inference (https://factryze.ai/glossary/power-capping)."""
    labels = {"gpu": "h100-sxm", "model": "llama-3.1-8b"}
    run = {"concurrency": 128, "input_tokens": 1000, "output_tokens": 300}
    full, limited = (value("output_rate", labels, power_cap=cap, **run) for cap in (1, 600 / 700))
    assert 0.92 <= limited / full <= 0.95


def test_gpu_time_per_token_by_hand():
    """4 GPUs, 0.1 s for a step of 10 sequences that write 2 tokens each."""
    assert power.busy_time_per_output_token(
        busy_step_time=0.1, running_sequences=10.0, accepted_tokens=2.0, serving_gpus=4.0
    ) == pytest.approx(0.02)
    assert power.gpu_time_per_output_token(busy_time_per_output_token=0.02, idle_time_per_output_token=0.03) == 0.05


WAITING = {
    "serving_step_time": 0.1,
    "running_sequences": 10.0,
    "accepted_tokens": 2.0,
    "serving_gpus": 4.0,
    "prefill_occupancy": 0.5,
    "output_tokens": 100.0,
    "prefill_pool_load": 0.8,
}


@pytest.mark.parametrize(
    ("share", "placement", "idle"),
    [(1.0, power.MIXED, 0.0), (0.5, power.MIXED, 0.02), (0.25, power.MIXED, 0.06), (1.0, APART, 0.005), (0.5, APART, 0.025)],
)
def test_idle_gpu_time_counts_replica_and_pool(share, placement, idle):
    found = power.idle_time_per_output_token(replica_busy_share=share, prefill_placement=placement, **WAITING)
    assert found == pytest.approx(idle)


def test_idle_replica_has_no_energy_per_token():
    assert power.idle_time_per_output_token(replica_busy_share=0.0, prefill_placement=power.MIXED, **WAITING) == math.inf
    given = {"busy_gpu_power": 500.0, "busy_time_per_output_token": 0.02, "idle_power_per_gpu": 100.0}
    assert math.isnan(power.chip_energy_per_output_token(idle_time_per_output_token=math.inf, **given))
    assert power.chip_energy_per_output_token(idle_time_per_output_token=0.03, **given) == pytest.approx(10 + 3)


def test_mean_power_lies_between_idle_and_busy():
    given = {"busy_gpu_power": 500.0, "idle_power_per_gpu": 100.0, "gpu_time_per_output_token": 0.05}
    assert power.serving_gpu_power(busy_time_per_output_token=0.05, **given) == 500
    assert power.serving_gpu_power(busy_time_per_output_token=0.0, **given) == 100
    assert power.serving_gpu_power(busy_time_per_output_token=0.02, **given) == pytest.approx(260)
