"""Matrix products against the worked examples of NVIDIA's guide and of the article."""

import pytest

from sweep.catalog.parameters import parameters
from sweep.equations import graph, interpret
from tests.at_point import value

V100 = {"peak_rate": 125e12, "hbm_bandwidth": 900e9, "gpu_tdp": 300.0}
A100 = {"peak_rate": 312e12, "hbm_bandwidth": 2.039e12, "gpu_tdp": 400.0}


def product(m, n, k, precision="fp16", gpu=V100):
    """Every quantity of one product on one GPU."""
    inputs = {"matmul_m": m, "matmul_n": n, "matmul_k": k, "precision": float(parameters()["precision"].choices.index(precision)), **gpu}
    resolved = graph.resolve(["matmul_energy", "matmul_intensity"], given=[])
    assert set(resolved.inputs) == set(inputs)
    return interpret.compute_point(resolved, inputs).values


def test_matmul_flops_of_article():
    assert product(1e5, 1e5, 1e5)["matmul_flops"] == 2.0e15


@pytest.mark.parametrize(("n", "printed"), [(128.0, 124.1), (8192.0, 2730.0)])
def test_matmul_intensity_equals_nvidia_guide(n, printed):
    assert product(8192.0, n, 8192.0)["matmul_intensity"] == pytest.approx(printed, rel=1e-3)


def test_matmul_thin_is_memory_bound_and_square_compute_bound():
    """The guide: 124.1 FLOP/B is below the 138.9 of a V100, 2730 above it."""
    thin, square = product(8192.0, 128.0, 8192.0), product(8192.0, 8192.0, 8192.0)
    assert thin["matmul_rate"] == pytest.approx(900e9 * 124.1, rel=1e-3)
    assert thin["matmul_time"] == pytest.approx(thin["matmul_bytes"] / 900e9, rel=1e-12)
    assert square["matmul_rate"] == 125e12


def test_matmul_with_vector_has_intensity_below_one():
    assert product(8192.0, 1.0, 8192.0)["matmul_intensity"] < 1


def test_matmul_time_of_article_on_a100():
    """2.0e15 FLOP at 312 TFLOP/s: 6.41 s, and 2.56 kJ at 400 W."""
    values = product(1e5, 1e5, 1e5, "bf16", A100)
    assert values["matmul_time"] == pytest.approx(6.410, rel=1e-3)
    assert values["matmul_energy"] == pytest.approx(2564, rel=1e-3)


@pytest.mark.parametrize(
    ("precision", "width"), [("fp32", 4.0), ("tf32", 4.0), ("fp16", 2.0), ("bf16", 2.0), ("fp8", 1.0), ("int8", 1.0), ("fp4", 0.5)]
)
def test_matmul_bytes_follow_precision(precision, width):
    assert product(2.0, 2.0, 2.0, precision)["element_bytes"] == width


def test_matmul_split_in_server_adds_all_gather():
    """The article's product on eight H100: 0.253 s of operations, 2.5 GB of every GPU's columns to the seven others at 450 GB/s."""
    h100 = {"peak_rate": 989.4e12, "hbm_bandwidth": 3.35e12, "scaleup_bandwidth": 450e9, "scaleout_bandwidth": 50e9, "scaleup_domain": 8}
    run = {"matmul_m": 1e5, "matmul_n": 1e5, "matmul_k": 1e5, "precision": "bf16", **h100}
    assert value("split_matmul_compute_time", **run, matmul_gpus=8) == pytest.approx(2e15 / 8 / 989.4e12)
    assert value("split_matmul_exchange_time", **run, matmul_gpus=8) == pytest.approx(7 * 2.5e9 / 450e9)
    assert value("split_matmul_time", **run, matmul_gpus=8) == pytest.approx(0.25268 + 0.03889, rel=1e-4)
    assert value("split_matmul_efficiency", **run, matmul_gpus=8) == pytest.approx(0.25268 / 0.29157, rel=1e-4)
    assert value("split_matmul_efficiency", **run, matmul_gpus=1) == 1


def test_matmul_split_beyond_server_uses_network():
    run = {"matmul_m": 1e5, "matmul_n": 1e5, "element_bytes": 2, "scaleup_domain": 8, "scaleup_bandwidth": 450e9}
    assert value("split_matmul_exchange_time", **run, scaleout_bandwidth=25e9, matmul_gpus=16) == pytest.approx(20e9 * 15 / 16 / 200e9)
    assert value("split_matmul_exchange_time", **run, scaleout_bandwidth=100e9, matmul_gpus=16) == pytest.approx(20e9 * 15 / 16 / 450e9)


def test_matmul_narrow_columns_are_memory_bound():
    run = {"matmul_m": 8192, "matmul_n": 1024, "matmul_k": 8192, "element_bytes": 2, "peak_rate": 125e12, "hbm_bandwidth": 900e9}
    moved = 2 * (8192 * 8192 + 2 * 8192 * 1024 / 64)
    assert value("split_matmul_compute_time", **run, matmul_gpus=64) == pytest.approx(moved / 900e9)
