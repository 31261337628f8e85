"""Memory-bound operators: traffic by counting, time by bandwidth."""

import pytest

from tests.at_point import value

GPT3 = {"model": "gpt-3-175b"}


def test_sequence_parallelism_shares_the_norms():
    run = {"tp": 8, "fused_stream_bytes": 24, "branch_passes": 0}
    assert value("layer_pointwise_bytes", GPT3, sequence_parallel=1, **run) == pytest.approx(24 * 12288 / 8)
    assert value("layer_pointwise_bytes", GPT3, sequence_parallel=0, **run) == pytest.approx(24 * 12288)


def test_elementary_operators_move_more():
    fused, eager = (value("layer_pointwise_bytes", GPT3, fused_operators=f, fused_norms=f) for f in (1, 0))
    assert eager > 1.4 * fused


def test_adam_updates_a_shard():
    """A billion parameters on 8 ranks of an A100: 34 bytes each at 2.04 TB/s times its share, some 3 ms."""
    time = value("optimizer_time", {"gpu": "a100-sxm-80gb"}, parameters_per_gpu=1e9, gpus=8, zero_stage=1)
    assert time == pytest.approx(34e9 / 8 / (2.039e12 * value("hbm_efficiency")))


def test_without_sharing_every_rank_updates_all():
    assert value("optimizer_shards", zero_stage=0, gpus=64) == 1
    assert value("optimizer_shards", zero_stage=1, gpus=64) == 64
