"""Power and energy of serving, boundaries and the fleet: sums by hand, limits, and published figures."""

import math

import pytest

from benchmarks import efficiency
from sweep.catalog.parameters import folder
from sweep.cube.compute import evaluate as at
from sweep.kernels.serving import energy
from sweep.store.run import run
from sweep.study.parse import open_study
from tests.at_point import evaluate, value

LLAMA = {"model": "llama-3.1-8b", "gpu": "h100-sxm", "engine": "vllm-2025"}
MIXTURE = {"model": "qwen3-30b-a3b", "gpu": "h100-sxm", "engine": "vllm-2025"}
FLEET = {"queries_per_day": "2.5e9 query/d", "batch": 64}


@pytest.fixture(scope="module")
def cube():
    return run(open_study(folder() / "studies" / "efficiency.yaml"))


def test_serving_power_lies_between_idle_and_design_power():
    for batch in (1, 16, 256):
        power = value("serving_gpu_power", LLAMA, batch=batch)
        assert 72 < power <= 700
    assert value("busy_gpu_power", LLAMA, batch=1, compute_power_share=1e9) == 700
    nothing = {"engine_waiting_power": 0, "kernel_power_share": 0, "traffic_energy": 0, "compute_power_share": 0}
    assert value("busy_gpu_power", LLAMA, batch=1, **nothing) == 72


def test_serving_step_power_is_sum_of_terms():
    here = {"batch": 8, "input_tokens": 0, "output_tokens": 100}
    alone = {"engine_waiting_power": 0, "kernel_power_share": 0, "traffic_energy": 0, "compute_power_share": 0}
    step = value("decode_step_time", LLAMA, **here)
    read = value("dense_weight_bytes", LLAMA) + 8 * value("kv_bytes_per_sequence", LLAMA, **here)
    read += 8 * 128256 * value("engine_logit_bytes", LLAMA)
    memory = value("busy_gpu_power", LLAMA, **here, **alone | {"traffic_energy": 1e-11}) - 72
    assert memory == pytest.approx(1e-11 * read / step)
    flops = 8 * (2 * (value("dense_weights", LLAMA) + 128256 * 4096) + 32 * 4 * 32 * 128 * 50)
    compute = value("busy_gpu_power", LLAMA, **here, **alone | {"compute_power_share": 1}) - 72
    assert compute == pytest.approx(628 * flops / (989.4e12 * value("matmul_efficiency", LLAMA)) / step)
    waits = value("engine_step_time", LLAMA) + 8 * value("engine_sequence_time", LLAMA)
    waiting, running = (
        value("busy_gpu_power", LLAMA, **here, **alone | {name: 1}) - 72 for name in ("engine_waiting_power", "kernel_power_share")
    )
    assert waiting == pytest.approx(628 * waits / step)
    assert waiting + running == pytest.approx(628)


def test_serving_padding_rows_draw_power():
    narrow = {"serving_precision": "fp8", "weight_bits": 8, "batch": 8, "input_tokens": 0, "output_tokens": 100, "engine_expert_rows": 64}
    alone = {"engine_waiting_power": 0, "kernel_power_share": 0, "traffic_energy": 0, "compute_power_share": 1}
    power = value("busy_gpu_power", MIXTURE, **narrow, **alone) - 72
    without = value("busy_gpu_power", MIXTURE, **narrow, **alone, padding_work_time=0) - 72
    filling = value("activated_experts", MIXTURE, **narrow) * value("expert_padding_time", MIXTURE, **narrow)
    assert power - without == pytest.approx(628 * filling / value("decode_step_time", MIXTURE, **narrow))


def test_idle_power_without_figure_is_share_of_tdp():
    assert value("idle_power_per_gpu", {"gpu": "mi300x"}) == pytest.approx(0.12 * 750)
    assert value("idle_power_per_gpu", {"gpu": "h100-sxm"}) == 72


def test_serving_energy_is_power_over_rate():
    rate, power = (value(name, LLAMA, batch=32) for name in ("output_rate", "serving_gpu_power"))
    assert value("chip_energy_per_output_token", LLAMA, batch=32) == pytest.approx(power / rate)
    # the host of a server with 8 GPUs
    host = value("server_host_power", LLAMA) / 8
    assert value("server_energy_per_output_token", LLAMA, batch=32) == pytest.approx((power + host) / rate)
    assert value("serving_server_power", LLAMA, batch=32) == pytest.approx(power + host)
    network = value("serving_network_power", LLAMA)
    assert value("it_energy_per_output_token", LLAMA, batch=32) == pytest.approx((power + host + network) / rate)
    assert value("facility_energy_per_output_token", LLAMA, batch=32, pue=1.5) == pytest.approx(1.5 * (power + host + network) / rate)
    assert value("serving_facility_power", LLAMA, batch=32, pue=1.5) == pytest.approx(1.5 * (power + host + network))


@pytest.mark.parametrize("boundary", ["chip", "server", "it", "facility"])
def test_serving_energy_follows_boundary(boundary):
    chosen = value("energy_per_output_token", LLAMA, batch=32, energy_boundary=boundary)
    assert chosen == value(f"{boundary}_energy_per_output_token", LLAMA, batch=32)


def test_query_energy_adds_prompt_and_response():
    given = {"batch": 32, "input_tokens": 3000, "output_tokens": 200}
    assert value("energy_per_query", LLAMA, **given) == pytest.approx(200 * value("it_energy_per_output_token", LLAMA, **given))
    assert value("energy_per_query", LLAMA, **given | {"prefix_cache_hit": 0.9}) < 0.7 * value("energy_per_query", LLAMA, **given)
    per_input = value("chip_energy_per_input_token", LLAMA, **given)
    per_output = value("chip_energy_per_output_token", LLAMA, **given | {"input_tokens": 0})
    assert 0.01 < per_input / per_output < 0.5
    assert value("chip_energy_per_input_token", LLAMA, input_tokens=0) == 0


def test_serving_idle_time_draws_idle_power():
    busy = value("chip_energy_per_output_token", LLAMA, batch=1)
    half = value("chip_energy_per_output_token", LLAMA, batch=0.5)
    assert half - busy == pytest.approx(72 * value("time_per_output_token", LLAMA, batch=1))
    assert value("output_rate", LLAMA, batch=0.5) == pytest.approx(value("output_rate", LLAMA, batch=1) / 2)
    power = (value("serving_gpu_power", LLAMA, batch=1) + 72) / 2
    assert value("serving_gpu_power", LLAMA, batch=0.5) == pytest.approx(power)


def test_serving_energy_falls_most_with_batching():
    eight, saturated = (value("chip_energy_per_output_token", LLAMA, batch=b, input_tokens=300, output_tokens=400) for b in (8, 512))
    assert 4 < eight / saturated < 12  # measured: 0.455 and 0.070 J


def test_fleet_is_sized_for_peak_hour():
    rate = value("requests_per_second", LLAMA, **FLEET)
    peak = 2.5e9 / 86400 * 1.5
    replicas = value("serving_replicas", LLAMA, **FLEET)
    assert replicas == math.ceil(peak / (rate * 0.8))
    assert value("fleet_utilisation", LLAMA, **FLEET) == pytest.approx(2.5e9 / 86400 / (replicas * rate))
    assert value("fleet_servers", LLAMA, **FLEET) == math.ceil(replicas / 8)
    busy = 2.5e9 / 86400 * value("energy_per_query", LLAMA, **FLEET)
    idle = value("fleet_idle_power", LLAMA, **FLEET)
    assert value("fleet_power", LLAMA, **FLEET) == pytest.approx(busy + idle)
    assert value("fleet_idle_power", LLAMA, **FLEET, idle_switched_off=1) == 0
    assert value("fleet_energy", LLAMA, **FLEET, serving_period="1 d") == pytest.approx((busy + idle) * 86400)
    assert value("fleet_facility_energy", LLAMA, **FLEET, serving_period="1 d", pue=2) == pytest.approx(2 * (busy + idle) * 86400)
    assert value("all_in_energy_per_query", LLAMA, **FLEET, pue=1.2) == pytest.approx(1.2 * (busy + idle) / (2.5e9 / 86400))


def test_fleet_without_queries_draws_idle_power():
    nothing = {"queries_per_day": 0, "batch": 64}
    assert value("serving_replicas", LLAMA, **nothing) == 1
    idle = 8 * (72 + value("serving_network_power", LLAMA)) + value("server_host_power", LLAMA)
    found, broken = evaluate("fleet_power", LLAMA, **nothing)
    assert found == pytest.approx(idle)
    assert not broken
    assert math.isnan(value("all_in_energy_per_query", LLAMA, **nothing))


def test_fleet_counts_gpus_of_prefill_pool():
    given = FLEET | {"prefill_placement": "disaggregated", "prefill_load": 0.5, "input_tokens": 2000, "output_tokens": 200}
    pool = value("requests_per_second", LLAMA, **given) * value("prefill_time", LLAMA, **given) / 0.5
    assert value("replica_gpus", LLAMA, **given) == pytest.approx(1 + pool)
    assert value("replica_gpus", LLAMA, **FLEET) == pytest.approx(1)


def test_query_energy_of_operators_lies_in_band():
    study = open_study(folder() / "studies" / "query-energy.yaml")
    band = run(study)
    for name, published in (("all_in_energy_per_query", 0.24), ("energy_per_query", 0.3)):
        assert float(band[name].min()) < published * 3600 < float(band[name].max())
    here = at(study)
    total = here["all_in_energy_per_query"]
    assert total == pytest.approx(0.24 * 3600, rel=0.2)
    # the split that Google states: chips, host, idle machines, building
    chip, busy = 400 * here["chip_energy_per_output_token"], 400 * here["it_energy_per_output_token"]
    shares = [chip / total, (busy - chip) / total, (total / 1.1 - busy) / total, 1 - 1 / 1.1]
    assert shares == pytest.approx([0.58, 0.25, 0.10, 0.08], abs=0.05)


def test_output_rate_of_deepseek_node():
    study = open_study(folder() / "studies" / "deepseek-serving.yaml")
    assert at(study)["output_rate_per_server"] == pytest.approx(14800, rel=0.3)


def test_serving_techniques_save_energy_alone_and_combined(cube):
    start, together = efficiency.energy(cube, set()), efficiency.energy(cube, {one.axis for one in efficiency.TECHNIQUES})
    assert 50 < start / together < 500
    for _, alone, without in efficiency.table(cube):
        assert start / alone > 1.2
        assert without / together > 1.15


def test_serving_technique_can_cost_energy_at_small_batch():
    dense = {"model": "llama-3.1-70b", "gpu": "h100-sxm", "engine": "vllm-2026"}
    rack = dense | {"gpu": "b200-sxm"}
    split = {"serving_tp": 8, "serving_precision": "fp8", "weight_bits": 8}
    at_one, at_many = (
        value("energy_per_query", rack, batch=b, **split) / value("energy_per_query", dense, batch=b, **split) for b in (1, 256)
    )
    assert at_one > 1
    assert at_many < 0.8


def test_serving_boundaries_by_hand():
    """10 J of chips in 0.05 s of GPU; a host of 1,200 W for 8, switches of 20 W for each, and a building of 1.5."""
    server = energy.server_energy_per_output_token(
        chip_energy_per_output_token=10.0, gpu_time_per_output_token=0.05, server_host_power=1200.0, gpus_per_server=8.0
    )
    assert server == pytest.approx(17.5)
    it = energy.it_energy_per_output_token(server_energy_per_output_token=17.5, gpu_time_per_output_token=0.05, serving_network_power=20.0)
    assert it == 18.5
    assert energy.facility_energy_per_output_token(it_energy_per_output_token=18.5, pue=1.5) == 27.75
    assert energy.serving_server_power(serving_gpu_power=500.0, server_host_power=1200.0, gpus_per_server=8.0) == 650
    assert energy.serving_facility_power(serving_server_power=650.0, serving_network_power=50.0, pue=1.5) == 1050
    assert energy.energy_per_query_modelled(it_energy_per_output_token=2.0, output_tokens=400.0) == 800
    assert energy.facility_energy_per_query(energy_per_query=800.0, pue=1.5) == 1200


def test_serving_boundary_follows_choice():
    names = ("chip", "server", "it", "facility")
    given = {f"{name}_energy_per_output_token": float(place) for place, name in enumerate(names)}
    assert [energy.energy_per_output_token(energy_boundary=place, **given) for place in range(4)] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("compute", "watts"),
    [(0.0, 100 + 0.25 * 600), (0.5, 100 + 0.5 * 600), (1.0, 100 + 0.75 * 600), (1.5, 700), (8.0, 700)],
)
def test_prefill_gpu_power_grows_with_rate_up_to_design_power(compute, watts):
    given = {"gpu_tdp": 700.0, "power_cap": 1.0, "idle_power_per_gpu": 100.0, "kernel_power_share": 0.25, "compute_power_share": 0.5}
    found = energy.prefill_gpu_power(prefill_compute_time=2 * compute, prefill_time=2.0, **given)
    assert found == pytest.approx(watts)
    assert energy.prefill_gpu_power(prefill_compute_time=compute / 4, prefill_time=0.25, **given) == pytest.approx(watts)


def test_prefill_gpu_power_is_at_most_power_limit():
    given = {"gpu_tdp": 700.0, "power_cap": 0.5, "idle_power_per_gpu": 100.0, "kernel_power_share": 0.25, "compute_power_share": 0.5}
    assert energy.prefill_gpu_power(prefill_compute_time=2.0, prefill_time=2.0, **given) == 350
    assert energy.prefill_gpu_power(prefill_compute_time=0.0, prefill_time=2.0, **given) == 250


def test_prefill_gpu_power_without_prompts_is_idle():
    given = {"gpu_tdp": 700.0, "power_cap": 1.0, "idle_power_per_gpu": 100.0, "kernel_power_share": 0.25, "compute_power_share": 0.5}
    assert energy.prefill_gpu_power(prefill_compute_time=0.0, prefill_time=0.0, **given) == 100


def test_energy_per_input_token_by_hand():
    """500 W on 4 GPUs for 2 s of 1,000 tokens."""
    given = {"prefill_gpu_power": 500.0, "serving_gpus": 4.0, "prefill_time": 2.0}
    assert energy.chip_energy_per_input_token(input_tokens=1000.0, **given) == 4
    assert energy.chip_energy_per_input_token(input_tokens=1.0, **given) == 4000
    assert energy.chip_energy_per_input_token(input_tokens=0.0, **given) == 0
