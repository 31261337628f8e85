"""GPUs whose network has no figure: one box needs none, several have no value and say why."""

import pytest

from tests.at_point import evaluate

BOX = {"gpu": "rtx-4090", "model": "llama-3.1-8b", "engine": "vllm-2025"}


def test_one_box_is_served_without_network():
    rate, broken = evaluate("output_rate", BOX, serving_tp=4, serving_precision="fp16")
    assert not broken
    assert rate == pytest.approx(evaluate("output_rate", BOX, serving_tp=4, serving_precision="fp16", scaleout_bandwidth="50 GB/s")[0])


@pytest.mark.parametrize(
    ("output", "given", "rule"),
    [
        ("output_rate", {"serving_tp": 16, "serving_precision": "fp16"}, "serving_without_network"),
        ("scaleout_rate", {"gpus": 16}, "cluster_without_network"),
        ("split_matmul_exchange_time", {"matmul_gpus": 16}, "split_matmul_without_network"),
        ("kv_transfer_time", {"prefill_placement": "disaggregated"}, "transfer_without_network"),
    ],
)
def test_several_domains_require_network(output, given, rule):
    found, broken = evaluate(output, BOX, **given)
    assert found != found
    assert rule in broken
    assert rule not in evaluate(output, BOX, **given, scaleout_bandwidth="50 GB/s")[1]
