"""The methods of others for the energy of a query, against the numbers that they publish."""

import pytest

from sweep.catalog.units import to_si
from sweep.kernels.serving import methods
from tests.at_point import by_hand, value

WH = to_si("1 Wh/query", "J/query")
LLAMA = {"model": "llama-3.1-70b", "gpu": "h100-sxm", "engine": "vllm-2025"}


def test_energy_per_query_follows_method():
    named = ("modelled", "stated", "ecologits", "flops")
    for method in named:
        chosen = value("energy_per_query", LLAMA, serving_method=method, serving_tp=4, weight_bits=8)
        assert chosen == value(f"energy_per_query_{method}", LLAMA, serving_tp=4, weight_bits=8)
    given = {f"energy_per_query_{method}": float(i) for i, method in enumerate(named)}
    assert [methods.energy_per_query(serving_method=i, **given) for i in range(4)] == [0, 1, 2, 3]


def test_stated_energy_does_not_depend_on_response():
    for tokens in (10, 1000):
        assert value("energy_per_query", LLAMA, serving_method="stated", output_tokens=tokens) == pytest.approx(0.3 * WH)


@pytest.mark.parametrize(("parameters", "gpus"), [(7e9, 1), (33.3e9, 1), (34e9, 2), (70e9, 4), (176e9, 8), (1760e9, 64)])
def test_ecologits_gpus_are_power_of_two(parameters, gpus):
    assert by_hand("ecologits_gpus", {"total_parameters": parameters}) == gpus


@pytest.mark.parametrize(("tokens", "wh"), [(400, 0.263), (500, 0.329)])
def test_ecologits_equals_its_package(tokens, wh):
    # EcoLogits 0.11.3, a dense model of 70e9 parameters at a PUE of 1.2
    gpus = by_hand("ecologits_gpus", {"total_parameters": 70e9})
    given = {"ecologits_gpus": gpus, "active_parameters": 70e9, "output_tokens": tokens}
    assert 1.2 * by_hand("energy_per_query_ecologits", given) == pytest.approx(wh * WH, rel=0.005)


def test_flops_method_equals_epoch_ai():
    # 100e9 active parameters, 500 tokens, 1,275 W for each H100 of 989 TFLOP/s: 0.301 Wh at a PUE of 1.2
    given = {"active_parameters": 100e9, "output_tokens": 500, "peak_rate_16bit": 989e12}
    given |= {"server_nameplate_power": 10200, "gpus_per_server": 8}
    assert 1.2 * by_hand("energy_per_query_flops", given) == pytest.approx(0.301 * WH, rel=0.002)
