"""The core of attention: FLOPs as FlashAttention counts them, scores as Korthikanti et al. do."""

import pytest

from tests.at_point import by_hand, value

SHAPE = {
    "attention_heads": 16,
    "kv_heads": 16,
    "head_size": 128,
    "value_head_size": 128,
    "layers": 24,
    "linear_biases": 0,
    "hidden_size": 2048,
    "windowed_layers": 0,
    "attention_window": 0,
}


def test_attention_causal_flops():
    """Dao 2023, section 4.1: forward FLOPs are 4 x length^2 x head dimension x heads, halved for a causal mask."""
    time = value("fused_attention_time", micro_batch=8, sequence_length=2048, attention_rate=1.0, hbm_bandwidth=1e300, **SHAPE)
    assert time == pytest.approx(8 * 4 * 2048**2 * 128 * 16 / 2)


def test_attention_window_shortens_context():
    free = {"micro_batch": 1, "sequence_length": 4096, "attention_rate": 1.0, "hbm_bandwidth": 1e300}
    half = value("fused_attention_time", **free, **{**SHAPE, "windowed_layers": 12, "attention_window": 128})
    mean = 0.5 * 2048 + 0.5 * 128 * (1 - 128 / 8192)
    assert half == pytest.approx(4096 * 2 * 16 * 256 * mean)


def test_attention_unfused_is_slower_and_computes_full_matrix():
    case = {"micro_batch": 1, "sequence_length": 2048, **SHAPE}
    fused = value("core_attention_time", {"gpu": "a100-sxm-80gb"}, fused_attention=1, **case)
    unfused = value("core_attention_time", {"gpu": "a100-sxm-80gb"}, fused_attention=0, **case)
    assert 2 < unfused / fused < 20


def test_attention_fused_backward_recomputes_scores():
    """Dao 2023: five products backward for two forward."""
    ratio = value("attention_backward_ratio")
    assert 2.5 <= ratio <= 3.5
    assert value("core_attention_backward_time", core_attention_time=1, fused_attention=1) == ratio


def test_attention_fused_softmax_reads_scores_once():
    """Megatron's kernel reads and writes 16-bit scores once, between the product that writes and the one that reads them."""
    assert value("score_traffic", fused_softmax=1) == 4 * 2
    assert value("score_traffic", fused_softmax=0) > 2 * value("score_traffic", fused_softmax=1)


def test_attention_8_bit_is_faster_with_native_kernel():
    run = {"fp8_attention_speed": 1.5, "attention_kernel": "native"}
    half, narrow = (value("attention_rate", {"gpu": "h100-sxm"}, **run, attention_format=how) for how in ("16-bit", "fp8"))
    assert narrow == pytest.approx(1.5 * half)


BY_HAND = [
    (
        "fused_attention_time",
        {
            "local_tokens": 100,
            "tp": 4,
            "attention_score_flops": 600,
            "layers": 12,
            "attention_rate": 50,
            "attention_width": 16,
            "hbm_bandwidth": 20,
            "attention_exposure": 0.5,
        },
        25 * (1 + 0.8),
    ),
    (
        "unfused_attention_time",
        {
            "local_tokens": 100,
            "tp": 4,
            "sequence_length": 50,
            "attention_heads": 6,
            "head_size": 5,
            "value_head_size": 3,
            "score_products_rate": 20,
            "pointwise_rate": 20,
            "score_traffic": 8,
        },
        25 * 300 * (0.8 + 0.4),
    ),
    ("score_products_rate", {"head_size": 120, "gemm_rate_16bit": 40, "batched_efficiency": 0.5, "vector_rate": 3}, 20),
    ("score_products_rate", {"head_size": 108, "gemm_rate_16bit": 40, "batched_efficiency": 0.5, "vector_rate": 3}, 3),
    ("score_products_rate", {"head_size": 108, "gemm_rate_16bit": 40, "batched_efficiency": 0.5, "vector_rate": 30}, 20),
    ("score_traffic", {"fused_softmax": 1, "fused_softmax_bytes": 8, "softmax_bytes": 17}, 8),
    ("score_traffic", {"fused_softmax": 0, "fused_softmax_bytes": 8, "softmax_bytes": 17}, 17),
    ("core_attention_time", {"fused_attention": 1, "fused_attention_time": 3, "unfused_attention_time": 7}, 3),
    ("core_attention_time", {"fused_attention": 0, "fused_attention_time": 3, "unfused_attention_time": 7}, 7),
    ("core_attention_backward_time", {"core_attention_time": 4, "fused_attention": 1, "attention_backward_ratio": 2.5}, 10),
    ("core_attention_backward_time", {"core_attention_time": 4, "fused_attention": 0, "attention_backward_ratio": 2.5}, 8),
]


@pytest.mark.parametrize(("name", "given", "expected"), BY_HAND, ids=lambda part: part if isinstance(part, str) else "")
def test_attention_by_hand(name, given, expected):
    """A quarter of 100 tokens; scores of 8 columns on 6 heads of 50 tokens."""
    assert by_hand(name, given) == pytest.approx(expected, rel=1e-12)


RATE = {
    "peak_rate_16bit": 1000,
    "attention_efficiency": 0.6,
    "flash1_attention_efficiency": 0.2,
    "flash2_attention_efficiency": 0.3,
    "attention_kernel": "native",
    "attention_format": "16-bit",
    "fp8_attention_speed": 1.5,
    "training_clock": 0.9,
    "sustained_clock": 0.8,
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 480),
        ({"attention_format": "fp8"}, 720),
        ({"attention_kernel": "flash-1"}, 180),
        ({"attention_kernel": "flash-2"}, 270),
        ({"attention_kernel": "flash-2", "attention_format": "fp8"}, 270),
        ({"attention_kernel": "flash-1", "flash1_attention_efficiency": 0}, 480),
        ({"attention_kernel": "flash-2", "flash2_attention_efficiency": 0}, 480),
    ],
    ids=str,
)
def test_attention_kernel_of_earlier_generation_is_slower(changes, expected):
    assert value("attention_rate", **{**RATE, **changes}) == pytest.approx(expected)


def test_attention_kernels_of_long_sequences_differ_as_published():
    """Dao 2023: FlashAttention-2 is up to twice as fast on an A100; Shah 2024: it reaches 35 % of an H100, FlashAttention-3 75 %."""
    for gpu, kernels in (("a100-sxm-80gb", ("flash-1", "flash-2")), ("h100-sxm", ("flash-1", "flash-2", "native"))):
        rates = [value("attention_rate", {"gpu": gpu}, attention_kernel=kernel) for kernel in kernels]
        assert rates == sorted(rates)
        assert rates[-1] / rates[0] > 1.25
