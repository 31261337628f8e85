"""Reading the prompt: pairs as a sum over tokens, and times by hand."""

import pytest

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
    assert prefill.prefill_tokens(input_tokens=1000.0, prefix_cache_hit=0.4) == 600
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


def test_prefill_time_is_divided_by_gpus():
    """20, 6, 6 operations at 10, 10, 2 a second, efficiencies of a half and a quarter: (2 + 3) / 0.5 + 0.6 / 0.25 + 32 / 8, over 4."""
    found = prefill.prefill_compute_time(
        prefill_matmul_flops=20.0,
        prefill_expert_flops=6.0,
        prefill_attention_flops=6.0,
        serving_gpus=4.0,
        serving_rate=10.0,
        serving_rate_16bit=2.0,
        prefill_efficiency=0.5,
        prefill_expert_efficiency=0.25,
        prefill_rate_limit=8.0,
    )
    assert found == pytest.approx((10 + 2.4 + 4) / 4)
    whole = prefill.prefill_time(
        prefill_compute_time=2.6, prefill_tokens=600.0, exchange_time_per_token=0.002, serving_dp=3.0, serving_time_residual=2.0
    )
    assert whole == pytest.approx(6.0)
