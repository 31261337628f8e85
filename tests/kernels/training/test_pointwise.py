"""Memory-bound operators: traffic by counting, time by bandwidth."""

import pytest

from tests.at_point import by_hand, value

GPT3 = {"model": "gpt-3-175b"}


def test_pointwise_sequence_parallelism_divides_norms():
    run = {"tp": 8, "fused_stream_bytes": 24, "branch_passes": 0}
    assert value("layer_pointwise_bytes", GPT3, sequence_parallel=1, **run) == pytest.approx(24 * 12288 / 8)
    assert value("layer_pointwise_bytes", GPT3, sequence_parallel=0, **run) == pytest.approx(24 * 12288)


def test_pointwise_eager_operators_move_more_bytes():
    fused, eager = (value("layer_pointwise_bytes", GPT3, fused_operators=f, fused_norms=f) for f in (1, 0))
    assert eager > 1.4 * fused


def test_pointwise_adam_updates_shard():
    """A billion parameters on 8 ranks of an A100: 34 bytes each at 2.04 TB/s times its share, some 3 ms."""
    time = value("optimizer_time", {"gpu": "a100-sxm-80gb"}, parameters_per_gpu=1e9, gpus=8, zero_stage=1)
    assert time == pytest.approx(34e9 / 8 / (2.039e12 * value("hbm_efficiency")))


def test_pointwise_optimizer_without_sharding_updates_all():
    assert value("optimizer_shards", zero_stage=0, gpus=64) == 1
    assert value("optimizer_shards", zero_stage=1, gpus=64) == 64


BY_HAND = [
    ("pointwise_rate", {"hbm_bandwidth": 3000, "hbm_efficiency": 0.75}, 2250),
    ("stream_bytes", {"fused_stream_bytes": 24, "fused_norms": 1, "norm_bytes": 5}, 24),
    ("stream_bytes", {"fused_stream_bytes": 24, "fused_norms": 0, "norm_bytes": 5}, 34),
    ("operator_passes", {"fused_operators": 1, "eager_passes": 1.7}, 1),
    ("operator_passes", {"fused_operators": 0, "eager_passes": 1.7}, 1.7),
    (
        "layer_pointwise_bytes",
        {
            "tp": 4,
            "sequence_shards": 2,
            "hidden_size": 10,
            "attention_width": 12,
            "ffn_hidden_size": 8,
            "mlp_matrices": 3,
            "stream_bytes": 24,
            "branch_passes": 5,
            "operator_passes": 2,
            "layers": 12,
            "moe_layers": 3,
        },
        2 * (120 + 10 * 30 / 4),
    ),
    ("pointwise_time", {"local_tokens": 100, "layer_pointwise_bytes": 30, "pointwise_rate": 40}, 75),
    ("optimizer_time", {"parameters_per_gpu": 1000, "optimizer_shards": 4, "optimizer_bytes": 34, "pointwise_rate": 17}, 500),
    ("optimizer_shards", {"zero_stage": 0, "data_parallel_size": 4, "cp": 2}, 1),
    ("optimizer_shards", {"zero_stage": 1, "data_parallel_size": 4, "cp": 2}, 8),
    ("optimizer_shards", {"zero_stage": 2, "data_parallel_size": 4, "cp": 2}, 8),
    ("parameters_per_gpu", {"dense_parameters_per_gpu": 7, "expert_parameters_per_gpu": 4}, 11),
]


@pytest.mark.parametrize(("name", "given", "expected"), BY_HAND, ids=lambda part: part if isinstance(part, str) else "")
def test_pointwise_by_hand(name, given, expected):
    """A quarter of the layers are mixtures, so a dense MLP counts for three quarters."""
    assert by_hand(name, given) == pytest.approx(expected, rel=1e-12)
