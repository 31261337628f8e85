"""Decode, prefill, keys and values, weights and exchange: worked examples by hand, and limits that physics sets."""

import math

import pytest

from sweep.kernels.choices import BF16, FP4, FP8, FP16, INT8
from sweep.kernels.serving import decode
from tests.at_point import evaluate, value

LLAMA = {"model": "llama-3.1-8b", "gpu": "h100-sxm", "engine": "vllm-2025"}
MIXTURE = {"model": "qwen3-30b-a3b", "gpu": "h100-sxm", "engine": "vllm-2025"}
DEEPSEEK = {"model": "deepseek-v3", "gpu": "h200-sxm", "engine": "sglang-2026"}


def test_kv_cache_bytes_of_llama():
    # 32 layers, 8 heads of 128, key and value, 2 bytes: 131,072 bytes a token
    assert value("kv_bytes_per_sequence", LLAMA, input_tokens=1000, output_tokens=500) == 131072 * 1250
    assert value("kv_bytes_per_sequence", LLAMA, input_tokens=1000, output_tokens=500, kv_bits=8) == 131072 * 1250 / 2
    assert value("mean_context", LLAMA, input_tokens=100, output_tokens=500, output_variation=1) == 600


def test_kv_cache_of_latent_attention_is_one_vector():
    # 512 + 64 numbers of 2 bytes in 61 layers; every tensor-parallel rank keeps a copy
    assert value("kv_bytes_per_sequence", DEEPSEEK, input_tokens=999, output_tokens=2) == 61 * 576 * 2 * 1000
    assert value("kv_shards", DEEPSEEK, serving_tp=8) == 1
    assert value("kv_shards", LLAMA, serving_tp=4) == 4
    assert value("kv_shards", LLAMA, serving_tp=16) == 8


def test_windowed_layers_read_only_window():
    gemma = {**LLAMA, "model": "gemma-3-12b"}
    # 8 layers that see all and 40 with a window of 1024, 8 heads of 256, key and value, 2 bytes
    assert value("kv_bytes_per_sequence", gemma, input_tokens=9000, output_tokens=2000) == (8 * 10000 + 40 * 1024) * 8 * 2 * 256 * 2
    assert value("kv_bytes_per_sequence", gemma, input_tokens=50, output_tokens=100) == 48 * 100 * 8 * 2 * 256 * 2
    assert value("decode_attention_flops", gemma, input_tokens=9000, output_tokens=2000) == 2 * 16 * 512 * (8 * 10000 + 40 * 1024)


def test_sparse_attention_keeps_all_and_reads_selected_tokens():
    sparse = {**DEEPSEEK, "model": "deepseek-v3.2"}
    long = {"input_tokens": 99_999, "output_tokens": 2}
    kept = 61 * 100_000 * (512 + 64 + 128) * 2  # with one key of 128 for the indexer
    assert value("kv_bytes_per_sequence", sparse, **long) == kept
    assert value("kv_read_bytes_per_sequence", sparse, **long) == kept - 61 * (100_000 - 2048) * (512 + 64) * 2
    assert value("decode_attention_flops", sparse, **long) == 2 * 61 * (2048 * 128 * (2 * 512 + 64) + 100_000 * 64 * 128)
    assert value("kv_read_bytes_per_sequence", DEEPSEEK, **long) == value("kv_bytes_per_sequence", DEEPSEEK, **long)
    short = {"input_tokens": 999, "output_tokens": 2}
    assert value("kv_read_bytes_per_sequence", sparse, **short) == value("kv_bytes_per_sequence", sparse, **short)


def test_kv_cache_has_heads_of_each_layer_kind():
    # MiMo-V2-Flash: 9 layers see all with 4 heads, 39 a window of 128 with 8 heads; keys of 192, values of 128
    mimo = {**LLAMA, "model": "mimo-v2-flash"}
    assert value("kv_bytes_per_sequence", mimo, input_tokens=1023, output_tokens=2) == 9 * 1024 * 4 * 320 * 2 + 39 * 128 * 8 * 320 * 2
    # Gemma 4 31B: 10 layers with 4 heads of 512, 50 with 16 heads of 256
    gemma = {**LLAMA, "model": "gemma-4-31b"}
    assert value("kv_bytes_per_sequence", gemma, input_tokens=0, output_tokens=2) == (10 * 4 * 1024 + 50 * 16 * 512) * 2


def test_kv_cache_adds_state_beside_attention():
    # Falcon-H1 1.5B of llama.cpp's log: 24 layers of 2 heads of 128 and a state each, 768 MiB of keys and values at 32,768 tokens
    heads = {"kv_heads": 2, "head_size": 128, "value_head_size": 128}
    shape = {"layers": 24, "state_layers": 24, "parallel_state": 1, "state_size": 786432, **heads}
    assert value("kv_bytes_per_sequence", LLAMA, input_tokens=32767, output_tokens=2, **shape) == 768 * 2**20
    assert value("state_bytes_per_sequence", LLAMA, **shape) == 24 * 786432 * 4
    apart = {**shape, "parallel_state": 0}
    assert value("kv_bytes_per_sequence", LLAMA, input_tokens=32767, output_tokens=2, **apart) == 0


def test_state_bytes_do_not_depend_on_length():
    hybrid = {**LLAMA, "model": "nemotron-nano-12b-v2"}
    lengths = {"input_tokens": 1000, "output_tokens": 2000}
    # 28 layers of 128 heads of 80 with a state of 128, in 4 bytes; 6 layers of 8 heads of 128, key and value, in 2
    state, keys = 28 * 128 * 80 * 128 * 4, 6 * 8 * 2 * 128 * 2 * 2000
    assert value("state_bytes_per_sequence", hybrid, **lengths) == state
    assert value("state_bytes_per_sequence", hybrid, **lengths, state_bits=16) == state / 2
    assert value("kv_bytes_per_sequence", hybrid, **lengths) == keys
    assert value("batch_in_memory", hybrid, **lengths) == pytest.approx(value("kv_memory", hybrid) / (keys + state))
    assert value("kv_read_time", hybrid, **lengths, kv_bandwidth_efficiency=1) == pytest.approx((keys + 2 * state) / 3.35e12)
    assert value("prefill_attention_flops", hybrid, input_tokens=1000) == 6 * 500_000 * 2 * 40 * 256
    assert value("attention_score_flops", hybrid, sequence_length=4096) == 6 * 2 * 40 * 256 * 2048
    assert value("attention_score_flops_full", hybrid, sequence_length=4096) == 6 * 2 * 40 * 256 * 4096
    assert value("state_flops", hybrid) == 6 * 28 * 128 * 80 * 128
    sent = value("kv_transfer_time", hybrid, **lengths, prefill_placement="disaggregated", link_efficiency=1)
    assert sent == pytest.approx((keys / 2 + state) / value("scaleout_bandwidth", hybrid))


def test_prefill_score_pairs():
    # n^2 / 2; the second half of a prompt meets the first half too
    assert value("prefill_pairs", LLAMA, input_tokens=1000) == 500_000
    assert value("prefill_pairs", LLAMA, input_tokens=1000, prefix_cache_hit=0.5) == 500 * 500 + 500 * 500 / 2
    assert value("prefill_pairs", LLAMA, input_tokens=1000, prefix_cache_hit=1) == 0


@pytest.mark.parametrize("hit", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("tokens", [100, 1000, 5000])
def test_prefill_score_pairs_in_window_equal_sum(tokens, hit):
    gemma = {**LLAMA, "model": "gemma-3-12b"}
    start = tokens * hit
    windowed = sum(min(start + i + 0.5, 1024) for i in range(round(tokens - start)))
    full = sum(start + i + 0.5 for i in range(round(tokens - start)))
    expected = (8 * full + 40 * windowed) * 2 * 16 * 512
    assert value("prefill_attention_flops", gemma, input_tokens=tokens, prefix_cache_hit=hit) == pytest.approx(expected, rel=1e-3)


def test_decode_weight_bytes_of_moe_by_kind():
    # 48 layers of 128 experts with three matrices of 2048 x 768
    assert value("expert_weights", MIXTURE) == 48 * 128 * 3 * 2048 * 768
    assert value("expert_weights_per_token", MIXTURE) == 48 * 8 * 3 * 2048 * 768
    head = 151936 * 2048
    total = value("total_parameters", MIXTURE)
    assert value("dense_weights", MIXTURE) == pytest.approx(total - 48 * 128 * 3 * 2048 * 768 - 2 * head)
    assert value("dense_weight_bytes", MIXTURE, weight_bits=8) == pytest.approx(value("dense_weights", MIXTURE) + 2 * head)


def test_decode_weights_of_4_bit_moe_keep_attention_in_16_bit():
    assert value("dense_weight_bits", MIXTURE, weight_bits=4.25) == 16
    assert value("dense_weight_bits", MIXTURE, weight_bits=8) == 8
    assert value("dense_weight_bits", LLAMA, weight_bits=4.5) == 4.5


def test_decode_active_experts_of_batch():
    assert value("activated_experts", MIXTURE, batch=1) == pytest.approx(8 / 128)
    assert value("activated_experts", MIXTURE, batch=32) == pytest.approx(1 - (1 + 32 * ((1 - 8 / 128) ** -0.5 - 1)) ** -2)
    assert value("activated_experts", MIXTURE, batch=32, draft_tokens=1) == pytest.approx(1 - (1 + 64 * ((1 - 8 / 128) ** -0.5 - 1)) ** -2)
    assert value("activated_experts", LLAMA, batch=1) == 1


def test_decode_step_of_one_sequence_is_bound_by_weights():
    # 8.03e9 parameters less the embedding, 2 bytes each, at 3.35 TB/s
    floor = 2 * (value("total_parameters", LLAMA) - 128256 * 4096) / 3.35e12
    read = value("dense_read_time", LLAMA)
    endless = value("dense_read_time", LLAMA, outstanding_bandwidth=1e30)
    assert endless * value("bandwidth_efficiency", LLAMA) == pytest.approx(floor)
    assert read == pytest.approx(endless + floor * 3.35e12 / value("outstanding_bandwidth", LLAMA))
    step = value("decode_step_time", LLAMA, batch=1)
    assert floor < step < 2.5 * floor
    assert value("dense_read_time", LLAMA, serving_tp=4) == pytest.approx(read / 4)


def test_decode_large_batch_is_compute_bound():
    short = {"input_tokens": 1, "output_tokens": 1, "batch_in_memory": 1e9}
    few, many = (value("decode_step_time", LLAMA, batch=batch, **short) for batch in (100_000, 200_000))
    per_token = (many - few) / 100_000
    parts = value("dense_compute_time", LLAMA) + value("sequence_step_time", LLAMA, input_tokens=1, output_tokens=1)
    assert per_token == pytest.approx(parts, rel=1e-3)


def test_decode_time_does_not_fall_with_pipeline_stages():
    one = value("decode_step_time", LLAMA, batch=8)
    two = value("decode_step_time", LLAMA, batch=8, serving_pp=2)
    assert two == pytest.approx(one, rel=0.05)
    assert value("weight_bytes_per_gpu", LLAMA, serving_pp=2) == pytest.approx(value("weight_bytes_per_gpu", LLAMA) / 2)


def test_decode_tensor_parallelism_adds_communication():
    assert value("reduces_per_pass", LLAMA, serving_tp=1) == 0
    assert value("reduces_per_pass", LLAMA, serving_tp=8) == 64
    # two all-reduces a layer, each sends 2 (t - 1) / t times the state of 4096 numbers
    assert value("reduced_bytes_per_token", LLAMA, serving_tp=8) == pytest.approx(64 * 2 * 7 / 8 * 4096 * 2)
    assert value("exchange_time_per_token", LLAMA, serving_tp=1) == 0
    inside = value("exchange_time_per_token", LLAMA, serving_tp=8)
    across = value("exchange_time_per_token", LLAMA, serving_tp=16)
    assert across > 5 * inside
    assert value("exchange_time_per_token", LLAMA, serving_tp=8, exchange_overlap=0.75) == pytest.approx(inside / 4)


def test_decode_data_parallel_attention_exchanges_tokens():
    # 58 mixture layers, 8 experts a token, to and from, 7168 numbers of 2 bytes
    split = {"serving_dp": 16, "serving_ep": 16}
    assert value("dispatched_bytes_per_token", DEEPSEEK, **split) == pytest.approx(58 * 2 * 8 * 7168 * 2)
    assert value("dispatches_per_pass", DEEPSEEK, **split) == 2 * 58
    assert "expert_groups_exceed_gpus" in evaluate("decode_step_time", DEEPSEEK, serving_ep=16, serving_tp=8)[1]


def test_decode_exchange_is_faster_in_larger_domain():
    rack = {**DEEPSEEK, "gpu": "gb200-nvl72"}
    board = {**DEEPSEEK, "gpu": "b200-sxm"}
    split = {"serving_dp": 32, "serving_ep": 32, "serving_precision": "fp8"}
    assert value("exchange_time_per_token", rack, **split) < value("exchange_time_per_token", board, **split) / 6


def test_decode_latent_attention_of_large_batch_is_compute_bound():
    kv, work = (value(name, DEEPSEEK, serving_precision="fp8") for name in ("kv_read_time", "attention_compute_time"))
    assert value("decode_attention_flops", DEEPSEEK, input_tokens=0, output_tokens=2) == 61 * 2 * 128 * (2 * 512 + 64)
    assert work > kv / 2
    greedy = {"serving_precision": "fp8", "engine_logit_bytes": 0, "engine_sequence_time": 0}
    wide = value("sequence_step_time", DEEPSEEK, draft_tokens=3, draft_parameters=0, **greedy)
    narrow = value("sequence_step_time", DEEPSEEK, **greedy)
    assert wide - narrow == pytest.approx(max(kv, 4 * work) - max(kv, work))


def test_prefill_time_falls_with_prefix_cache():
    one = value("prefill_time", LLAMA, input_tokens=2000)
    assert 2000 * 2 * 7e9 / 989.4e12 < one < 4 * 2000 * 2 * 7e9 / 989.4e12
    assert value("prefill_time", LLAMA, input_tokens=2000, prefix_cache_hit=0.5) < one * 0.55
    assert value("prefill_compute_time", LLAMA, input_tokens=2000, serving_tp=4) == pytest.approx(one / 4)
    assert value("prefill_time", LLAMA, input_tokens=0) == 0


def test_decode_formats_are_independent():
    start = {"serving_tp": 2}
    half = value("dense_read_time", LLAMA, weight_bits=8, **start) / value("dense_read_time", LLAMA, **start)
    assert 0.5 < half < 0.6  # the head stays in 16 bits
    assert value("kv_read_time", LLAMA, weight_bits=8, **start) == value("kv_read_time", LLAMA, **start)
    assert value("kv_read_time", LLAMA, kv_bits=8, **start) == value("kv_read_time", LLAMA, **start) / 2
    assert value("dense_compute_time", LLAMA, serving_precision="fp8", **start) == pytest.approx(
        value("dense_compute_time", LLAMA, **start) * 989.4 / 1979, rel=1e-6
    )


def test_decode_unsupported_format_sets_status():
    found, broken = evaluate("energy_per_query", LLAMA, serving_precision="fp4")
    assert math.isnan(found)
    assert "serving_precision_not_supported" in broken


def test_decode_model_beyond_memory_sets_status():
    found, broken = evaluate("energy_per_query", {**LLAMA, "model": "llama-3.1-70b"})
    assert math.isnan(found)
    assert "model_exceeds_memory" in broken
    assert value("energy_per_query", {**LLAMA, "model": "llama-3.1-70b"}, serving_tp=4) > 0


def test_decode_memory_counts_head_copies_once():
    one = value("kv_memory", LLAMA, serving_tp=8)
    two = value("kv_memory", LLAMA, serving_tp=16)
    expected = (value("gpu_memory", LLAMA) * 0.9 - value("weight_bytes_per_gpu", LLAMA, serving_tp=16)) * 8
    assert two == pytest.approx(expected)
    assert one < two


def test_decode_sampling_and_quantization_take_time():
    # 128,256 logits at 359 bytes and 3.35 TB/s
    assert value("sampling_time", LLAMA, engine_logit_bytes=359) == pytest.approx(128256 * 359 / 3.35e12)
    fast = value("pass_latency", LLAMA, engine_quantize_time=1e-4)
    assert value("pass_latency", LLAMA, engine_quantize_time=1e-4, serving_precision="fp8") - fast == pytest.approx(32e-4)
    assert fast == pytest.approx(32 * value("engine_layer_time", LLAMA))
    assert value("pass_latency", MIXTURE) == pytest.approx(
        48 * (value("engine_layer_time", MIXTURE) + value("engine_expert_layer_time", MIXTURE))
    )


def test_decode_expert_products_are_padded_in_narrow_formats():
    narrow = {"serving_precision": "fp8", "weight_bits": 8, "engine_expert_rows": 64}
    # 64 rows of all experts at 1,979 TFLOP/s
    expected = 2 * 64 * value("expert_weights", MIXTURE) / (1978.9e12 * value("expert_matmul_efficiency", MIXTURE))
    assert value("expert_padding_time", MIXTURE, **narrow) == pytest.approx(expected, rel=1e-4)
    assert value("expert_padding_time", MIXTURE, engine_expert_rows=64) == 0
    read = value("expert_read_time", MIXTURE, **narrow)
    assert value("expert_pass_time", MIXTURE, **narrow) == pytest.approx(math.hypot(read, expected), rel=1e-4)
    assert value("expert_pass_time", MIXTURE) == value("expert_read_time", MIXTURE)


UNPACKING = {"serving_rate_16bit": 300.0, "unpacking_flops": 20.0}


@pytest.mark.parametrize(
    ("bits", "precision", "rate", "seconds"),
    [(4.25, BF16, 300.0, 200 / 15), (4.25, BF16, 900.0, 8.0), (4.25, FP8, 300.0, 8.0), (8.0, BF16, 300.0, 8.0)],
)
def test_decode_experts_in_4_bits_are_unpacked_for_wider_products(bits, precision, rate, seconds):
    """200 B at 25 B/s; at 300 operations a second and 20 for a byte they are unpacked at 15 B/s."""
    found = decode.expert_read_time(
        expert_weight_bytes=1200.0, serving_tp=3.0, serving_dp=2.0, expert_bandwidth_efficiency=0.25, hbm_bandwidth=100.0,
        weight_bits=bits, serving_precision=precision, **UNPACKING | {"serving_rate_16bit": rate},
    )
    assert found == pytest.approx(seconds)


def test_decode_matrix_times_by_hand():
    """600 B over 3 at 100 B/s x 0.5 and 200 B/s; 10 + 2 weights for 4 tokens on 4 GPUs of 6 FLOP/s x 0.5; all of it takes a half longer."""
    rate = {"serving_gpus": 4.0, "serving_rate": 6.0, "serving_time_residual": 1.5}
    read = {"hbm_bandwidth": 100.0, "outstanding_bandwidth": 200.0}
    dense = {"dense_weight_bytes": 600.0, "serving_tp": 3.0, "bandwidth_efficiency": 0.5, "serving_time_residual": 1.5}
    assert decode.dense_read_time(**dense, **read) == pytest.approx(7.5)
    compute = decode.dense_compute_time(step_width=4.0, dense_weights=10.0, embedding_parameters=2.0, matmul_efficiency=0.5, **rate)
    assert compute == pytest.approx(12)
    experts = decode.expert_read_time(
        expert_weight_bytes=1200.0, serving_tp=3.0, serving_dp=2.0, expert_bandwidth_efficiency=0.25, hbm_bandwidth=100.0,
        **UNPACKING, weight_bits=16.0, serving_precision=BF16,
    )
    assert experts == pytest.approx(8)
    work = decode.expert_compute_time(
        step_width=4.0, expert_weights_per_token=9.0, expert_matmul_efficiency=0.25, expert_group_imbalance=1.25, **rate
    )
    assert work == pytest.approx(22.5)


@pytest.mark.parametrize(
    ("precision", "bits", "seconds"), [(FP16, 16.0, 0.0), (BF16, 4.25, 0.0), (FP8, 8.0, 20.0), (INT8, 8.0, 20.0), (FP4, 4.5, 20.0)]
)
def test_decode_narrow_formats_pad_rows_and_quantize(precision, bits, seconds):
    """60 weights times 2 rows on 4 GPUs of 6 FLOP/s x 0.5; 3 layers of which 2 have experts."""
    found = decode.expert_padding_time(
        expert_weights=60.0, engine_expert_rows=2.0, serving_gpus=4.0, serving_rate=6.0, expert_matmul_efficiency=0.5,
        serving_precision=precision,
    )
    assert found == pytest.approx(seconds)
    rank = 512.0 if bits == 4.5 else 0.0
    launches = decode.pass_latency(
        layers=3.0, moe_layers=2.0, engine_layer_time=5.0, engine_expert_layer_time=7.0, engine_quantize_time=0.5,
        serving_precision=precision, weight_bits=bits, narrow_expert_share=0.25, kv_lora_rank=rank, latent_layer_time=4.0,
    )
    assert launches == pytest.approx(15 + (14 if bits >= 8 else 3.5) + (1.5 if seconds else 0) + (12 if rank else 0))


def test_decode_expert_reads_and_padding_overlap():
    work = {"expert_read_time": 3.0, "expert_padding_time": 4.0}
    assert decode.expert_pass_time(**work, expert_group_imbalance=2.0, serving_time_residual=1.5) == 15


ATTENTION = {
    "full_attention_layers": 3.0, "attention_heads": 2.0, "score_width": 64.0, "rope_head_size": 4.0, "windowed_layers": 5.0,
    "window_score_width": 32.0, "attention_window": 100.0, "indexer_heads": 2.0, "indexer_head_size": 8.0,
}


@pytest.mark.parametrize(
    ("context", "sparse", "latent", "full", "windowed"),
    [
        (1000.0, 0.0, 0.0, 1000 * 64 + 1000 * 16, 100 * 32),
        (60.0, 0.0, 0.0, 60 * 64 + 60 * 16, 60 * 32),
        (1000.0, 200.0, 0.0, 200 * 64 + 1000 * 16, 100 * 32),
        (1000.0, 0.5, 0.0, 32 + 1000 * 16, 100 * 32),
        (150.0, 200.0, 0.0, 150 * 64 + 150 * 16, 100 * 32),
        (1000.0, 0.0, 10.0, 1000 * 2 * 24 + 1000 * 16, 100 * 32),
        (1000.0, 0.0, 1.0, 1000 * 2 * 6 + 1000 * 16, 100 * 32),
    ],
)
def test_decode_attention_by_layer_kind(context, sparse, latent, full, windowed):
    found = decode.decode_attention_flops(mean_context=context, sparse_attention_tokens=sparse, kv_lora_rank=latent, **ATTENTION)
    assert found == 2 * (3 * full + 5 * windowed)


def test_decode_kv_and_state_traffic_is_divided_by_holding_gpus():
    """100 B of keys and twice 50 B of states; 8 GPUs in groups of 4 that hold 2 different parts, at 50 B/s x 0.5."""
    found = decode.kv_read_time(
        kv_read_bytes_per_sequence=100.0, state_bytes_per_sequence=50.0, serving_gpus=8.0, kv_shards=2.0, serving_tp=4.0,
        hbm_bandwidth=50.0, kv_bandwidth_efficiency=0.5,
    )
    assert found == 2
    attention = decode.attention_compute_time(
        decode_attention_flops=240.0, serving_gpus=4.0, serving_rate_16bit=10.0, matmul_efficiency=0.5
    )
    assert attention == 12


def test_decode_step_is_sum_of_parts():
    fixed = {"pass_latency": 1.0, "collective_wait": 2.0, "draft_time": 4.0, "engine_wait": 8.0}
    assert decode.fixed_step_time(serving_time_residual=2.0, **fixed) == 30
    assert decode.sampling_time(vocabulary_size=1000.0, engine_logit_bytes=10.0, hbm_bandwidth=5e3, step_width=3.0) == 6
    given = {
        "step_width": 3.0, "exchange_time_per_token": 4.0, "draft_compute_time": 100.0, "sampling_time": 6.0, "engine_sequence_time": 2.0,
        "serving_dp": 5.0, "serving_time_residual": 1.5,
    }
    assert decode.sequence_step_time(kv_read_time=40.0, attention_compute_time=7.0, **given) == 1.5 * 144.8
    assert decode.sequence_step_time(kv_read_time=10.0, attention_compute_time=7.0, **given) == 1.5 * 125.8
