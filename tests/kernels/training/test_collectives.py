"""Exchanges: volumes as Megatron counts them, and the network that a group uses."""

import pytest

from sweep.kernels.training import collectives
from tests.at_point import by_hand, value

NO_START = {"collective_start_time": 0, "scaleout_hop_time": 0, "scaleup_domain": 8}


def test_collectives_tensor_parallel_volume():
    """Narayanan et al. 2021, section 3.2: 8 b s h (t - 1) / t elements for each layer and micro-batch, half of them forward."""
    time = value("tensor_parallel_time", micro_batch=2, sequence_length=2048, tp=8, hidden_size=1024, tensor_parallel_rate=1.0, **NO_START)
    assert time == 2 * (8 * 2 * 2048 * 1024 * 7 / 8) / 2


def test_collectives_in_domain_use_its_links():
    """Eight GPUs of a DGX H100 ring over NVLink; sixteen cross to the network with the cards of all eight."""
    h100 = {"gpu": "h100-sxm"}
    inside, across = (value("tensor_parallel_rate", h100, tp=tp) for tp in (8, 16))
    assert inside == value("scaleup_rate", h100)
    assert across == pytest.approx(min(inside, 8 * value("scaleout_rate", h100)))


def test_collectives_rack_is_one_domain():
    assert value("tensor_parallel_rate", {"gpu": "gb200-nvl72"}, tp=16) == value("scaleup_rate", {"gpu": "gb200-nvl72"})


def test_collectives_data_parallel_rings_share_network_cards():
    h100 = {"gpu": "h100-sxm"}
    assert value("data_parallel_rate", h100, tp=8, gpus=512) == pytest.approx(value("scaleout_rate", h100))
    assert value("data_parallel_rate", h100, tp=1, gpus=512) == pytest.approx(value("scaleup_rate", h100))


@pytest.mark.parametrize(("gpus", "bandwidth", "missing"), [(16, 0.0, True), (8, 0.0, False), (16, 0.5, False)])
def test_collectives_between_domains_require_network(gpus, bandwidth, missing):
    assert collectives.cluster_without_network(gpus=gpus, scaleup_domain=8, scaleout_bandwidth=bandwidth) is missing


def test_collectives_stage_transfer_divides_over_tensor_ranks():
    """Narayanan et al. 2021, section 4.1: each rank sends its part, b s h / t, between nodes."""
    far = {"scaleup_rate": 2.0, "scaleout_rate": 1.0, **NO_START}
    assert value("stage_transfer_time", micro_batch=1, sequence_length=2048, tp=8, pp=4, hidden_size=1024, **far) == 2 * 2048 * 1024 / 8


def test_collectives_pipeline_stages_span_domains():
    """Ranks of the pipeline are the outermost: two stages of four GPUs share a server only where there is no other copy."""
    near = {"scaleup_rate": 2.0, "scaleout_rate": 1.0, "scaleup_domain": 8, "tp": 4, "pp": 2, **NO_START}
    run = {"micro_batch": 1, "sequence_length": 2048, "hidden_size": 1024, **near}
    assert value("stage_transfer_time", **run, gpus=16) == 2 * value("stage_transfer_time", **run, gpus=8)


def test_collectives_of_one_rank_are_zero():
    one = {"gpus": 1, "tp": 1, "cp": 1, "ep": 1, "pp": 1}
    names = ("tensor_parallel_time", "context_parallel_time", "stage_transfer_time", "gradient_exchange_time", "parameter_gather_time")
    select = {"gpu": "h100-sxm", "model": "llama-3.1-8b"}
    assert all(value(name, select, **one) == 0 for name in (*names, "expert_exchange_time", "all_to_all_time"))


def test_collectives_ring_latency_counts_each_step():
    """Ultra-Scale Playbook, 1B on H100: 16 and 32 tensor-parallel GPUs of 8-GPU servers wait for 15 and 31 steps of a ring."""
    run = {"micro_batch": 1, "sequence_length": 4096, "hidden_size": 2048, "scaleup_domain": 8, "tensor_parallel_rate": 1e30}
    free = {**run, "collective_start_time": 0, "scaleout_hop_time": 60e-6}
    assert value("tensor_parallel_time", tp=8, **free) == pytest.approx(0, abs=1e-12)
    assert value("tensor_parallel_time", tp=16, **free) == pytest.approx(4 * 15 * 60e-6)
    assert value("tensor_parallel_time", tp=32, **free) == pytest.approx(4 * 31 * 60e-6)


@pytest.mark.parametrize("name", ["gradient_exchange_time", "parameter_gather_time"])
def test_collectives_data_parallel_latency_counts_ring_once(name):
    rate = {"dense_parameters_per_gpu": 0, "data_parallel_rate": 1.0, "slowest_stage_layers": 4}
    free = {**rate, "collective_start_time": 1e-3, "scaleup_domain": 8, "scaleout_hop_time": 60e-6}
    assert value(name, data_parallel_size=8, tp=1, cp=1, **free) == pytest.approx(1e-3)
    assert value(name, data_parallel_size=8, tp=2, cp=1, **free) == pytest.approx(1e-3 + 7 * 60e-6)
    assert value(name, data_parallel_size=1, tp=8, cp=1, **free) == 0
    assert value(name, data_parallel_size=4, tp=8, cp=2, **free) == pytest.approx(1e-3 + 7 * 60e-6)


def test_plain_copies_receive_all_gradients_and_gather_no_parameters():
    """Rajbhandari et al. 2020, section 7: an all-reduce is a scatter and a gather, so that sharing the optimizer state costs nothing."""
    plain, shared = ({name: value(name, zero_stage=stage) for name in ("reduction_bytes", "gathering_bytes")} for stage in (0, 1))
    assert plain == {"reduction_bytes": 4, "gathering_bytes": 0}
    assert shared == {"reduction_bytes": 2, "gathering_bytes": 2}
    assert value("reduction_bytes", zero_stage=1, gradient_scatter=0) == 4
    run = {"dense_parameters_per_gpu": 1e9, "data_parallel_size": 4, "tp": 1, "cp": 1, "data_parallel_rate": 1e9, "scaleup_domain": 8}
    assert value("parameter_gather_time", {"gpu": "h100-sxm"}, zero_stage=0, slowest_stage_layers=4, **run) == 0


def test_parameters_gathered_tensor_by_tensor_take_the_host_longer_with_more_ranks():
    """Ultra-Scale Playbook, 1B of 16 layers: 256 ranks of data parallelism wait 0.2 s longer than transfers take."""
    free = {"dense_parameters_per_gpu": 0, "data_parallel_rate": 1.0, "collective_start_time": 0, "scaleup_domain": 512, "tp": 1, "cp": 1}
    slices = {"slowest_stage_layers": 16, "gather_slice_time": 50e-6, "gathering_bytes": 2}
    assert value("parameter_gather_time", data_parallel_size=256, **free, **slices) == pytest.approx(0.2048)


BY_HAND = [
    ("reduction_bytes", {"zero_stage": 0, "gradient_bytes": 4, "gradient_scatter": 1}, 8),
    ("reduction_bytes", {"zero_stage": 3, "gradient_bytes": 4, "gradient_scatter": 1}, 4),
    ("reduction_bytes", {"zero_stage": 1, "gradient_bytes": 4, "gradient_scatter": 0}, 8),
    ("gathering_bytes", {"zero_stage": 1, "parameter_bytes": 3}, 3),
    ("gathering_bytes", {"zero_stage": 0, "parameter_bytes": 3}, 0),
    ("gathering_bytes", {"zero_stage": 1, "parameter_bytes": 4, "trained_fraction": 0.25}, 1),
    ("gathering_bytes", {"zero_stage": 2, "parameter_bytes": 4, "trained_fraction": 0.25}, 1),
    ("gathering_bytes", {"zero_stage": 3, "parameter_bytes": 4, "trained_fraction": 0.25}, 4),
    ("reduction_bytes", {"zero_stage": 1, "gradient_bytes": 4, "gradient_scatter": 1, "trained_fraction": 0.25}, 1),
    (
        "parameter_gather_time",
        {
            "dense_parameters_per_gpu": 100,
            "data_parallel_size": 4,
            "cp": 2,
            "data_parallel_rate": 50,
            "gathering_bytes": 2,
            "collective_start_time": 3,
            "tp": 2,
            "scaleup_domain": 16,
            "scaleout_hop_time": 9,
            "slowest_stage_layers": 5,
            "gather_slice_time": 0.5,
        },
        3.5 + 3 + 20,
    ),
    (
        "tensor_parallel_time",
        {
            "local_tokens": 100,
            "tp": 4,
            "hidden_size": 10,
            "tensor_parallel_rate": 50,
            "collective_start_time": 3,
            "scaleup_domain": 2,
            "scaleout_hop_time": 9,
        },
        120 + 6 + 4 * 3 * 9,
    ),
    (
        "gradient_exchange_time",
        {
            "dense_parameters_per_gpu": 100,
            "data_parallel_size": 4,
            "cp": 2,
            "data_parallel_rate": 50,
            "reduction_bytes": 4,
            "collective_start_time": 3,
            "tp": 2,
            "scaleup_domain": 15,
            "scaleout_hop_time": 9,
        },
        7 + 3 + 7 * 9,
    ),
    (
        "parameter_gather_time",
        {
            "dense_parameters_per_gpu": 100,
            "data_parallel_size": 4,
            "cp": 2,
            "data_parallel_rate": 50,
            "gathering_bytes": 2,
            "slowest_stage_layers": 5,
            "gather_slice_time": 0,
            "collective_start_time": 3,
            "tp": 2,
            "scaleup_domain": 15,
            "scaleout_hop_time": 9,
        },
        3.5 + 3 + 7 * 9,
    ),
    ("scaleup_rate", {"scaleup_bandwidth": 450, "scaleup_efficiency": 0.8}, 360),
    ("scaleout_rate", {"scaleout_bandwidth": 50, "scaleout_efficiency": 0.9}, 45),
    ("tensor_parallel_rate", {"tp": 8, "scaleup_domain": 8, "scaleup_rate": 360, "scaleout_rate": 10}, 360),
    ("tensor_parallel_rate", {"tp": 16, "scaleup_domain": 8, "scaleup_rate": 360, "scaleout_rate": 10}, 80),
    ("tensor_parallel_rate", {"tp": 16, "scaleup_domain": 8, "scaleup_rate": 360, "scaleout_rate": 100}, 360),
    (
        "tensor_parallel_time",
        {
            "scaleup_domain": 8,
            "scaleout_hop_time": 9,
            "local_tokens": 100,
            "tp": 4,
            "hidden_size": 10,
            "tensor_parallel_rate": 50,
            "collective_start_time": 3,
        },
        120 + 6,
    ),
    (
        "tensor_parallel_time",
        {
            "scaleup_domain": 8,
            "scaleout_hop_time": 9,
            "local_tokens": 100,
            "tp": 2,
            "hidden_size": 10,
            "tensor_parallel_rate": 50,
            "collective_start_time": 3,
        },
        80 + 6,
    ),
    (
        "tensor_parallel_time",
        {
            "scaleup_domain": 8,
            "scaleout_hop_time": 9,
            "local_tokens": 100,
            "tp": 1,
            "hidden_size": 10,
            "tensor_parallel_rate": 50,
            "collective_start_time": 3,
        },
        0,
    ),
    (
        "context_parallel_time",
        {
            "local_tokens": 100,
            "tp": 4,
            "cp": 3,
            "kv_heads": 2,
            "head_size": 5,
            "value_head_size": 3,
            "scaleup_domain": 16,
            "scaleup_rate": 80,
            "scaleout_rate": 1,
            "collective_start_time": 3,
        },
        2 * (10 + 3),
    ),
    (
        "context_parallel_time",
        {
            "local_tokens": 100,
            "tp": 4,
            "cp": 2,
            "kv_heads": 2,
            "head_size": 5,
            "value_head_size": 3,
            "scaleup_domain": 4,
            "scaleup_rate": 80,
            "scaleout_rate": 40,
            "collective_start_time": 3,
        },
        20 + 3,
    ),
    (
        "context_parallel_time",
        {
            "local_tokens": 100,
            "tp": 4,
            "cp": 1,
            "kv_heads": 2,
            "head_size": 5,
            "value_head_size": 3,
            "scaleup_domain": 16,
            "scaleup_rate": 80,
            "scaleout_rate": 1,
            "collective_start_time": 3,
        },
        0,
    ),
    (
        "stage_transfer_time",
        {
            "local_tokens": 100,
            "tp": 4,
            "hidden_size": 10,
            "gpus": 8,
            "scaleup_domain": 8,
            "scaleup_rate": 50,
            "scaleout_rate": 5,
            "collective_start_time": 3,
            "pp": 2,
        },
        10 + 3,
    ),
    (
        "stage_transfer_time",
        {
            "local_tokens": 100,
            "tp": 4,
            "hidden_size": 10,
            "gpus": 16,
            "scaleup_domain": 8,
            "scaleup_rate": 50,
            "scaleout_rate": 5,
            "collective_start_time": 3,
            "pp": 2,
        },
        100 + 3,
    ),
    (
        "stage_transfer_time",
        {
            "local_tokens": 100,
            "tp": 4,
            "hidden_size": 10,
            "gpus": 8,
            "scaleup_domain": 8,
            "scaleup_rate": 50,
            "scaleout_rate": 5,
            "collective_start_time": 3,
            "pp": 1,
        },
        0,
    ),
    ("data_parallel_rate", {"data_parallel_size": 4, "tp": 2, "cp": 3, "scaleup_domain": 24, "scaleup_rate": 50, "scaleout_rate": 5}, 50),
    ("data_parallel_rate", {"data_parallel_size": 4, "tp": 2, "cp": 3, "scaleup_domain": 16, "scaleup_rate": 50, "scaleout_rate": 5}, 40),
    ("data_parallel_rate", {"data_parallel_size": 4, "tp": 2, "cp": 3, "scaleup_domain": 8, "scaleup_rate": 50, "scaleout_rate": 5}, 20),
    ("data_parallel_rate", {"data_parallel_size": 4, "tp": 16, "cp": 3, "scaleup_domain": 8, "scaleup_rate": 50, "scaleout_rate": 5}, 5),
    (
        "gradient_exchange_time",
        {
            "tp": 2,
            "scaleup_domain": 16,
            "scaleout_hop_time": 9,
            "dense_parameters_per_gpu": 100,
            "data_parallel_size": 4,
            "cp": 2,
            "data_parallel_rate": 50,
            "reduction_bytes": 4,
            "collective_start_time": 3,
        },
        7 + 3,
    ),
    (
        "gradient_exchange_time",
        {
            "tp": 2,
            "scaleup_domain": 16,
            "scaleout_hop_time": 9,
            "dense_parameters_per_gpu": 100,
            "data_parallel_size": 2,
            "cp": 1,
            "data_parallel_rate": 50,
            "reduction_bytes": 4,
            "collective_start_time": 3,
        },
        4 + 3,
    ),
    (
        "gradient_exchange_time",
        {
            "tp": 2,
            "scaleup_domain": 16,
            "scaleout_hop_time": 9,
            "dense_parameters_per_gpu": 100,
            "data_parallel_size": 1,
            "cp": 1,
            "data_parallel_rate": 50,
            "reduction_bytes": 4,
            "collective_start_time": 3,
        },
        0,
    ),
    (
        "parameter_gather_time",
        {
            "tp": 2,
            "scaleup_domain": 16,
            "scaleout_hop_time": 9,
            "dense_parameters_per_gpu": 100,
            "data_parallel_size": 4,
            "cp": 2,
            "data_parallel_rate": 50,
            "gathering_bytes": 2,
            "slowest_stage_layers": 5,
            "gather_slice_time": 0,
            "collective_start_time": 3,
        },
        3.5 + 3,
    ),
    (
        "parameter_gather_time",
        {
            "tp": 2,
            "scaleup_domain": 16,
            "scaleout_hop_time": 9,
            "dense_parameters_per_gpu": 100,
            "data_parallel_size": 2,
            "cp": 1,
            "data_parallel_rate": 50,
            "gathering_bytes": 2,
            "slowest_stage_layers": 5,
            "gather_slice_time": 0,
            "collective_start_time": 3,
        },
        2 + 3,
    ),
    (
        "parameter_gather_time",
        {
            "tp": 2,
            "scaleup_domain": 16,
            "scaleout_hop_time": 9,
            "dense_parameters_per_gpu": 100,
            "data_parallel_size": 1,
            "cp": 1,
            "data_parallel_rate": 50,
            "gathering_bytes": 2,
            "slowest_stage_layers": 5,
            "gather_slice_time": 0,
            "collective_start_time": 3,
        },
        0,
    ),
    (
        "expert_exchange_time",
        {
            "expert_parameters_per_gpu": 100,
            "expert_replicas": 4,
            "ep": 2,
            "scaleup_domain": 8,
            "scaleup_rate": 50,
            "scaleout_rate": 5,
            "reduction_bytes": 4,
            "gathering_bytes": 2,
        },
        9,
    ),
    (
        "expert_exchange_time",
        {
            "expert_parameters_per_gpu": 100,
            "expert_replicas": 2,
            "ep": 8,
            "scaleup_domain": 8,
            "scaleup_rate": 50,
            "scaleout_rate": 5,
            "reduction_bytes": 4,
            "gathering_bytes": 2,
        },
        60,
    ),
    (
        "expert_exchange_time",
        {
            "expert_parameters_per_gpu": 100,
            "expert_replicas": 2,
            "ep": 4,
            "etp": 2,
            "scaleup_domain": 8,
            "scaleup_rate": 50,
            "scaleout_rate": 5,
            "reduction_bytes": 4,
            "gathering_bytes": 2,
        },
        60,
    ),
    (
        "expert_exchange_time",
        {
            "expert_parameters_per_gpu": 100,
            "expert_replicas": 1,
            "ep": 2,
            "scaleup_domain": 8,
            "scaleup_rate": 50,
            "scaleout_rate": 5,
            "reduction_bytes": 4,
            "gathering_bytes": 2,
        },
        0,
    ),
]


@pytest.mark.parametrize(("name", "given", "expected"), BY_HAND, ids=lambda part: part if isinstance(part, str) else "")
def test_collectives_by_hand(name, given, expected):
    """A ring moves all but one part of its buffer through each rank; ranks that cross domains share the cards that they have in one."""
    assert by_hand(name, given) == pytest.approx(expected, rel=1e-12)
