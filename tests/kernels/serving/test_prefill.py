"""Reading the prompt: pairs as a sum over tokens, and times by hand."""

import pytest

from sweep.kernels.choices import BF16, FP4, FP8
from sweep.kernels.serving import prefill


@pytest.mark.parametrize("window", [1, 30, 100, 1000])
@pytest.mark.parametrize("count", [0, 1, 40, 200])
@pytest.mark.parametrize("start", [0, 25, 150])
def test_prefill_pairs_in_window_equal_sum_over_tokens(start, count, window):
    """A token sees those before it and half of itself, up to the window."""
    expected = sum(min(start + i + 0.5, window) for i in range(count))
    assert prefill.window_pairs(start, count, window) == pytest.approx(expected)


def test_prefill_attends_to_cached_prefix():
    """Of 1,000 tokens 400 are cached: each of 600 meets them, and half of the 600."""
    assert prefill.prefill_tokens(input_tokens=1000.0, prefix_cache_hit=0.4, offload_hit=0.0) == 600
    assert prefill.prefill_tokens(input_tokens=1000.0, prefix_cache_hit=0.25, offload_hit=0.5) == 250
    assert prefill.prefill_tokens(input_tokens=1000.0, prefix_cache_hit=0.75, offload_hit=0.5) == 0
    assert prefill.prefill_pairs(input_tokens=1000.0, prefill_tokens=600.0) == 600 * 400 + 600 * 300


def test_prefill_matrix_flops_are_two_per_weight_and_token():
    assert prefill.prefill_matmul_flops(prefill_tokens=600.0, dense_weights=7e9) == 8.4e12
    assert prefill.prefill_expert_flops(prefill_tokens=600.0, expert_weights_per_token=1e9) == 1.2e12


ATTENTION = {
    "prefill_pairs": 420e3,
    "input_tokens": 1000.0,
    "prefill_tokens": 600.0,
    "full_attention_layers": 3.0,
    "score_width": 64.0,
    "windowed_layers": 5.0,
    "window_score_width": 32.0,
    "attention_window": 100.0,
    "indexer_heads": 2.0,
    "indexer_head_size": 8.0,
}
INDEXED = 3 * 420e3 * 16
WINDOWED = 5 * 600 * 100 * 32


@pytest.mark.parametrize(("sparse", "pairs"), [(0.0, 420e3), (1.0, 600.0), (50.0, 30e3), (1000.0, 420e3)])
def test_prefill_attention_flops_by_layer_kind(sparse, pairs):
    """Three layers that see all, or what sparse attention chooses, and five with a window of 100, which the cache has filled."""
    found = prefill.prefill_attention_flops(sparse_attention_tokens=sparse, **ATTENTION)
    assert found == pytest.approx(2 * (3 * pairs * 64 + INDEXED + WINDOWED))


def compute_time(**given):
    return prefill.prefill_compute_time(
        prefill_matmul_flops=20.0,
        prefill_expert_flops=6.0,
        prefill_attention_flops=6.0,
        serving_gpus=4.0,
        serving_rate=10.0,
        serving_rate_16bit=2.0,
        prefill_efficiency=0.5,
        prefill_expert_efficiency=0.25,
        prefill_rate_limit=8.0,
        **given,
    )


def test_prefill_time_is_divided_by_gpus():
    """20, 6, 6 operations at 10, 10, 2 a second, efficiencies of a half and a quarter: (2 + 3) / 0.5 + 0.6 / 0.25 + 32 / 8, over 4."""
    found = compute_time(serving_ep=1.0, engine_foreign_rows=1.0, expert_group_imbalance=1.0, serving_precision=FP8)
    assert found == pytest.approx((10 + 2.4 + 4) / 4)


@pytest.mark.parametrize(("load", "seconds"), [(0.0, 6.0), (5.9, 6.0), (7.0, 7.0)])
def test_prefill_waits_for_loading_that_is_slower_than_its_operations(load, seconds):
    whole = prefill.prefill_time(
        prefill_compute_time=2.6, prefill_tokens=600.0, exchange_time_per_token=0.002, kv_load_time=load, serving_dp=3.0,
        serving_time_residual=2.0,
    )
    assert whole == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("share", "shards", "seconds"), [(0.0, 4.0, 0.0), (0.5, 4.0, 500 * 80 / (8 * 50)), (0.5, 1.0, 500 * 80 * 4 / (8 * 50))]
)
def test_prefill_loads_keys_and_values_over_all_links(share, shards, seconds):
    """80 B a token, half of 1,000 tokens, over eight links of 100 B/s at a half; each of four GPUs loads all of it without shards."""
    found = prefill.kv_load_time(
        offload_hit=share, input_tokens=1000.0, kv_bytes_per_sequence=120e3, mean_context=1500.0, serving_gpus=8.0, kv_shards=shards,
        serving_tp=4.0, host_bandwidth=100.0, host_link_efficiency=0.5,
    )
    assert found == pytest.approx(seconds)


@pytest.mark.parametrize(("cached", "offloaded", "broken"), [(0.5, 0.5, False), (0.6, 0.5, True), (0.0, 1.0, False), (1.0, 0.1, True)])
def test_prefill_cached_shares_are_at_most_prompt(cached, offloaded, broken):
    assert prefill.cached_shares_exceed_prompt(prefix_cache_hit=cached, offload_hit=offloaded) is broken


@pytest.mark.parametrize(("precision", "share", "flops"), [(FP8, 0.5, 16.5), (FP4, 1.0, 24.0), (FP8, 0.0, 9.0), (BF16, 1.0, 9.0)])
def test_prefill_multiplies_rows_of_experts_elsewhere(precision, share, flops):
    """Of four groups the busiest has 1.5 times its rows, or all, or half of each: (10 + x / 2.5 + (26 + x) / 8) / 4."""
    found = compute_time(serving_ep=4.0, engine_foreign_rows=share, expert_group_imbalance=1.5, serving_precision=precision)
    assert found == pytest.approx((10 + flops / 2.5 + (26 + flops) / 8) / 4)
