"""What a served model keeps of a sequence, by hand."""

import math

import pytest

from sweep.kernels.serving import kv_cache


@pytest.mark.parametrize(("variation", "context"), [(0.0, 150.0), (0.5, 162.5), (1.0, 200.0), (2.0, 350.0)])
def test_mean_context_weighs_long_responses(variation, context):
    """A prompt of 100 and 100 tokens of answer: half of it where all are alike, all of it where lengths are exponential."""
    assert kv_cache.mean_context(input_tokens=100.0, output_tokens=100.0, output_variation=variation) == context


@pytest.mark.parametrize(
    ("tensor", "heads", "latent", "shards"), [(4.0, 8.0, 0.0, 4), (16.0, 8.0, 0.0, 8), (8.0, 128.0, 512.0, 1), (8.0, 4.0, 1.0, 1)]
)
def test_kv_cache_divides_heads_and_copies_latent_vector(tensor, heads, latent, shards):
    assert kv_cache.kv_shards(serving_tp=tensor, kv_heads=heads, kv_lora_rank=latent) == shards


KEPT = {
    "full_attention_layers": 3.0,
    "kv_width": 20.0,
    "indexer_head_size": 4.0,
    "windowed_layers": 5.0,
    "window_kv_width": 10.0,
    "attention_window": 100.0,
    "kv_bits": 16.0,
}


@pytest.mark.parametrize(("context", "numbers"), [(60.0, 3 * 60 * 24 + 5 * 60 * 10), (1000.0, 3 * 1000 * 24 + 5 * 100 * 10)])
def test_kv_cache_of_window_is_bounded(context, numbers):
    assert kv_cache.kv_bytes_per_sequence(mean_context=context, **KEPT) == 2 * numbers
    assert kv_cache.kv_bytes_per_sequence(mean_context=context, **{**KEPT, "kv_bits": 8.0}) == numbers


@pytest.mark.parametrize(("chosen", "left_out"), [(0.0, 0), (0.5, 999.5), (400.0, 600), (1000.0, 0), (4000.0, 0)])
def test_kv_cache_sparse_attention_reads_selected_tokens(chosen, left_out):
    """Of 1,000 tokens in 3 layers of 20 numbers of 2 bytes."""
    given = {"kv_bytes_per_sequence": 1e6, "mean_context": 1000.0, "full_attention_layers": 3.0, "kv_width": 20.0, "kv_bits": 16.0}
    assert kv_cache.kv_read_bytes_per_sequence(sparse_attention_tokens=chosen, **given) == 1e6 - left_out * 120


def test_kv_cache_adds_states_and_keys():
    assert kv_cache.state_bytes_per_sequence(state_layers=28.0, state_size=1000.0, state_bits=32.0) == 112e3
    assert kv_cache.cache_bytes_per_sequence(kv_bytes_per_sequence=88e3, state_bytes_per_sequence=112e3) == 200e3


def test_kv_cache_memory_is_left_by_weights():
    """80 GB x 0.9 less 52 on each of 8 GPUs; of a group of 4 only 2 hold different keys."""
    given = {"gpu_memory": 80e9, "memory_share": 0.9, "serving_gpus": 8.0, "kv_shards": 2.0, "serving_tp": 4.0}
    left = kv_cache.kv_memory(weight_bytes_per_gpu=52e9, **given)
    assert left == pytest.approx(80e9)
    assert kv_cache.kv_memory(weight_bytes_per_gpu=90e9, **given) == 0
    assert kv_cache.batch_in_memory(kv_memory=left, cache_bytes_per_sequence=200e3) == pytest.approx(400e3)
    assert kv_cache.batch_in_memory(kv_memory=1.0, cache_bytes_per_sequence=0.5) == 2
    assert math.isnan(kv_cache.batch_in_memory(kv_memory=left, cache_bytes_per_sequence=0.0))


@pytest.mark.parametrize(("memory", "exceeds"), [(199.0, True), (200.0, False), (201.0, False)])
def test_kv_cache_needs_room_for_one_sequence(memory, exceeds):
    assert kv_cache.model_exceeds_memory(kv_memory=memory, cache_bytes_per_sequence=200.0) is exceeds
