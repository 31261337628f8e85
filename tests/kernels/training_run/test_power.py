"""Power in training, against metered nodes."""

import pytest

from sweep.kernels.training_run import power
from tests.at_point import by_hand, value

H100 = {"gpu": "h100-sxm"}
NODE = {"gpus": 64, "tp": 4, "cp": 2, "global_batch": 8, "sequence_length": 8192, "precision": "fp8"}


def test_server_power_methods():
    """DGX H100: 10.2 kW by its nameplate, 0.67 of it metered for GPT-3 on 64 nodes (MLPerf Training v4.0)."""
    assert value("server_power", H100) == 10200
    assert value("server_power", H100, power_method="measured") == pytest.approx(6834)
    assert value("server_power", H100, power_method="tdp") == pytest.approx((8 * 700 + 1800) / 0.97)
    assert value("server_power", H100, power_method="gpu_tdp") == 8 * 700


def test_training_power_of_busy_gpu_is_near_limit():
    shares = {"step_time": 1.0, "gpu_tdp": 700.0}
    busy = value("gpu_power_modelled", tensor_time=0.95, memory_time=0.05, **shares)
    waiting = value("gpu_power_modelled", tensor_time=0.3, memory_time=0.1, **shares)
    assert 0.9 < busy / 700 < 1
    assert 0.4 < waiting / 700 < 0.6


def test_training_power_falls_with_communication():
    """The same submitter: 7.16 kW on one node of LoRA, 5.8 kW on eight and 5.1 kW on sixty-four, of 10.2 kW."""
    fractions = [
        value("gpu_power_modelled", step_time=t, tensor_time=0.8, memory_time=0.1, gpu_tdp=700.0) * 8 + 1800 for t in (1.0, 1.4, 2.0)
    ]
    nodes = [fraction / 0.97 / 10200 for fraction in fractions]
    assert nodes[0] == pytest.approx(0.70, abs=0.03)
    assert nodes[2] == pytest.approx(0.50, abs=0.05)
    assert nodes == sorted(nodes, reverse=True)


def test_training_power_of_gpt_3_on_64_nodes():
    """MLPerf Training v4.0, Supermicro, 512 H100: 6.85 kW a node; 354 thousand tokens a second make 1.24 J a token."""
    run = {
        "gpus": 512,
        "tp": 4,
        "pp": 8,
        "interleaving": 6,
        "global_batch": 2048,
        "micro_batch": 2,
        "sequence_length": 2048,
        "precision": "fp8",
    }
    case = {**H100, "model": "gpt-3-175b"}
    assert value("server_power", case, power_method="modelled", gpu_memory=1e12, **run) == pytest.approx(6850, rel=0.1)
    assert value("energy_per_token_trained", case, server_power=6850, step_time=2048 * 2048 / 354e3, **run) == pytest.approx(1.24, abs=0.01)


def test_training_power_times_are_within_step():
    run = {"gpus": 64, "global_batch": 64, "sequence_length": 8192, "tp": 2, "zero_stage": 1}
    case = {**H100, "model": "llama-3.1-8b"}
    tensor, memory, step = (value(name, case, **run) for name in ("tensor_time", "memory_time", "step_time"))
    assert tensor > memory > 0
    assert tensor + memory < step


def test_network_power_of_cluster():
    """The submitter's estimate: 59.6 kW for the fabric of 64 nodes; a lone node has none."""
    assert value("switch_power", gpus=512, gpus_per_server=8) == pytest.approx(59.6e3, rel=0.01)
    assert value("switch_power", gpus=8, gpus_per_server=8) == 0


def test_training_power_excludes_memory_while_waiting():
    run = {
        "micro_batches": 2,
        "slowest_stage_layers": 3,
        "layer_exchange_time": 0.5,
        "recompute_time": 0,
        "head_time": 1,
        "optimizer_time": 0.25,
    }
    found = value("memory_time", **run, layer_forward_time=2, layer_backward_time=4, tensor_time=20)
    assert found == pytest.approx(2 * (3 * (6 - 2 * 0.5) + 1) - 20 + 0.25)


BY_HAND = [
    (
        "tensor_time",
        {
            "micro_batches": 5,
            "slowest_stage_layers": 4,
            "layer_products_time": 10,
            "core_attention_time": 3,
            "core_attention_backward_time": 7,
            "recompute_time": 8,
            "head_time": 6,
            "layer_forward_time": 16,
        },
        5 * (4 * (30 + 10 + 6.5) + 6),
    ),
    (
        "memory_time",
        {
            "micro_batches": 5,
            "slowest_stage_layers": 4,
            "layer_exchange_time": 2,
            "recompute_time": 8,
            "layer_forward_time": 16,
            "layer_backward_time": 36,
            "head_time": 6,
            "tensor_time": 960,
            "optimizer_time": 9,
        },
        5 * (4 * 55 + 6) - 960 + 9,
    ),
    (
        "gpu_power_modelled",
        {
            "step_time": 10,
            "tensor_time": 5,
            "memory_time": 2,
            "gpu_tdp": 700,
            "tensor_power_fraction": 0.9,
            "memory_power_fraction": 0.6,
            "waiting_power_fraction": 0.3,
        },
        700 * (0.45 + 0.12 + 0.09),
    ),
    (
        "gpu_power_modelled",
        {
            "step_time": 10,
            "tensor_time": 8,
            "memory_time": 5,
            "gpu_tdp": 700,
            "tensor_power_fraction": 0.9,
            "memory_power_fraction": 0.6,
            "waiting_power_fraction": 0.3,
        },
        700 * (0.72 + 0.12),
    ),
    (
        "gpu_power_modelled",
        {
            "step_time": 10,
            "tensor_time": 15,
            "memory_time": 5,
            "gpu_tdp": 700,
            "tensor_power_fraction": 0.9,
            "memory_power_fraction": 0.6,
            "waiting_power_fraction": 0.3,
        },
        630,
    ),
    (
        "gpu_power_modelled",
        {
            "step_time": 10,
            "tensor_time": 5,
            "memory_time": 2,
            "gpu_tdp": 700,
            "power_cap": 0.5,
            "tensor_power_fraction": 0.9,
            "memory_power_fraction": 0.6,
            "waiting_power_fraction": 0.3,
        },
        700 * (0.25 + 0.1 + 0.09),
    ),
    ("server_power_nameplate", {"server_nameplate_power": 10200}, 10200),
    ("server_power_tdp", {"gpus_per_server": 8, "gpu_tdp": 700, "server_host_power": 1800, "supply_efficiency": 0.8}, 9250),
    ("server_power_measured", {"server_nameplate_power": 10000, "server_power_fraction": 0.67}, 6700),
    (
        "server_power_modelled",
        {
            "gpus_per_server": 8,
            "gpu_power_modelled": 500,
            "server_host_power": 1800,
            "supply_efficiency": 0.8,
            "training_power_residual": 1.1,
        },
        7975,
    ),
    ("switch_power", {"gpus": 8, "gpus_per_server": 8, "switch_power_per_gpu": 20}, 0),
    ("switch_power", {"gpus": 9, "gpus_per_server": 8, "switch_power_per_gpu": 20}, 180),
    ("energy_per_token_trained", {"servers": 64, "server_power": 6850, "step_time": 10, "tokens_per_step": 4e6}, 1.096),
]


@pytest.mark.parametrize(("name", "given", "expected"), BY_HAND, ids=lambda part: part if isinstance(part, str) else "")
def test_training_power_by_hand(name, given, expected):
    """Half of the forward pass is computed again; a step is never busier than it is long."""
    assert by_hand(name, given) == pytest.approx(expected, rel=1e-12)


def test_training_power_follows_method():
    given = {f"server_power_{name}": place for place, name in enumerate(("nameplate", "tdp", "measured", "modelled", "gpu_tdp"))}
    assert [power.server_power(power_method=method, **given) for method in range(5)] == [0, 1, 2, 3, 4]
