"""Linear layers: weights as models have them, times as linear sums."""

import pytest

from sweep.equations import registry
from tests.at_point import by_hand, evaluate, value


def test_gemm_weights_of_attention():
    """Llama 3 8B: 32 heads of 128 and 8 key-value heads on a width of 4096."""
    assert value("attention_weights", {"model": "llama-3.1-8b"}) == 4096 * 4096 * 2 + 2 * 4096 * 1024


def test_gemm_weights_of_latent_attention():
    """DeepSeek-V3 report, section 4.2: 128 heads of 128 + 64 and 128, ranks 1536 and 512, width 7168."""
    query = 7168 * 1536 + 1536 * 128 * 192
    key_value = 7168 * (512 + 64) + 512 * 128 * (128 + 128)
    assert value("attention_weights", {"model": "deepseek-v3"}) == query + key_value + 128 * 128 * 7168


def test_gemm_large_product_on_h100():
    """8192 tokens through an MLP of 2 x 8192 x 28672: 7.7 TFLOP at 989.4 x 0.804 x its clock, and 12 ms at most for its operands."""
    h100 = {"gpu": "h100-sxm"}
    shape = {"micro_batch": 1, "sequence_length": 8192, "hidden_size": 8192, "ffn_hidden_size": 28672, "mlp_matrices": 2}
    rate = value("gemm_rate", h100)
    work = 2 * 8192 * 2 * 8192 * 28672 / rate
    assert work < value("mlp_products_time", h100, **shape) < 1.1 * work


def test_gemm_rate_falls_with_power_limit():
    full = value("sustained_clock", gpu_tdp=700, rated_power=700, training_clock=0.9, static_power_fraction=0.15)
    capped = value("sustained_clock", gpu_tdp=500, rated_power=700, training_clock=0.9, static_power_fraction=0.15)
    assert full == pytest.approx(0.9)
    assert capped == pytest.approx(0.9 * (500 - 105) / (700 - 105))


def test_gemm_power_cap_is_that_of_capped_gpu():
    """The GPUs of torchtitan's measurements are H100s with a limit of 500 W."""
    own = value("sustained_clock", {"gpu": "h100-sxm-96gb"}, training_clock=0.9)
    assert value("sustained_clock", {"gpu": "h100-sxm"}, power_cap=500 / 700, training_clock=0.9) == pytest.approx(own)


def test_training_step_at_600_w_of_h100():
    """A limit of 600 W on an H100 costs 10 to 15 % of the steps of a transformer's pre-training (https://factryze.ai/scale-atlas/power/power-capping)."""
    run = {"gpus": 64, "global_batch": 256, "tp": 4, "precision": "bf16"}
    h100 = {"gpu": "h100-sxm", "model": "llama-3.1-8b"}
    slower = value("step_time", h100, power_cap=600 / 700, **run) / value("step_time", h100, **run)
    assert 1.10 <= slower <= 1.15


def test_gemm_narrow_formats_gain_less_than_peak():
    sixteen, eight = (value("gemm_rate", {"gpu": "h100-sxm"}, precision=word) for word in ("bf16", "fp8"))
    assert 1.5 < eight / sixteen < 2


def test_gemm_unmeasured_gpu_takes_typical_efficiency():
    assert value("burst_efficiency", {"gpu": "tpu-v5p"}) == value("typical_gemm_efficiency")
    assert value("burst_efficiency", {"gpu": "h100-sxm"}) == value("gemm_efficiency", {"gpu": "h100-sxm"})


def test_gemm_rate_is_below_the_largest_that_was_measured():
    for gpu, measured in (("mi300x", 668.4e12), ("mi325x", 784.9e12), ("mi355x", 1565e12), ("h100-sxm", 794.5e12)):
        assert value("gemm_rate", {"gpu": gpu}, precision="bf16") < measured, gpu


SMALL_RUN = {"gpus": 64, "global_batch": 64, "sequence_length": 4096, "gpu_memory": 1e12}


def test_gemm_unsupported_format_sets_status():
    found, flags = evaluate("step_time", {"gpu": "a100-sxm-80gb", "model": "llama-3.1-8b"}, precision="fp8", **SMALL_RUN)
    assert found != found
    assert "precision_not_supported" in flags


def test_gemm_unmeasured_gpu_warns():
    found, flags = evaluate("step_time", {"gpu": "tpu-v5p", "model": "llama-3.1-8b"}, **SMALL_RUN)
    assert found > 0
    assert "gpu_not_calibrated" in flags


BY_HAND = [
    ("format_efficiency", {"precision": "bf16", "fp8_efficiency": 0.8, "fp4_efficiency": 0.6}, 1),
    ("format_efficiency", {"precision": "fp8", "fp8_efficiency": 0.8, "fp4_efficiency": 0.6}, 0.8),
    ("format_efficiency", {"precision": "int8", "fp8_efficiency": 0.8, "fp4_efficiency": 0.6}, 0.8),
    ("format_efficiency", {"precision": "fp4", "fp8_efficiency": 0.8, "fp4_efficiency": 0.6}, 0.6),
    ("limited_clock", {"gpu_tdp": 700, "rated_power": 1000, "static_power_fraction": 0.2}, 0.625),
    ("limited_clock", {"gpu_tdp": 1000, "power_cap": 0.7, "rated_power": 1000, "static_power_fraction": 0.2}, 0.625),
    ("limited_clock", {"gpu_tdp": 1200, "rated_power": 1000, "static_power_fraction": 0.2}, 1),
    ("limited_clock", {"gpu_tdp": 100, "rated_power": 1000, "static_power_fraction": 0.2}, 0),
    ("sustained_clock", {"training_clock": 0.9, "limited_clock": 0.5}, 0.45),
    ("burst_efficiency", {"gemm_efficiency": 0.7, "typical_gemm_efficiency": 0.8}, 0.7),
    ("burst_efficiency", {"gemm_efficiency": 0, "typical_gemm_efficiency": 0.8}, 0.8),
    *(
        (
            "gemm_rate",
            {
                "peak_rate": 1000,
                "burst_efficiency": 0.8,
                "format_efficiency": 0.5,
                "sustained_clock": 0.9,
                "precision": precision,
                "wide_format_clock": 0.75,
            },
            rate,
        )
        for precision, rate in (("bf16", 270), ("fp8", 360))
    ),
    ("gemm_rate_16bit", {"peak_rate_16bit": 1000, "burst_efficiency": 0.8, "sustained_clock": 0.9, "wide_format_clock": 0.75}, 540),
    ("operand_rate", {"hbm_bandwidth": 3000, "operand_exposure": 0.25}, 12000),
    ("attention_weights", {"mixing_parameters": 960, "layers": 24}, 40),
    (
        "attention_width",
        {
            "full_attention_layers": 3,
            "score_width": 64,
            "kv_heads": 2,
            "head_size": 5,
            "value_head_size": 3,
            "windowed_layers": 5,
            "window_score_width": 32,
            "window_kv_width": 8,
            "state_layers": 2,
            "state_parameters": 70,
            "hidden_size": 10,
            "layers": 10,
        },
        (3 * 80 + 5 * 40 + 2 * 7) / 10,
    ),
    (
        "attention_products_time",
        {
            "local_tokens": 100,
            "tp": 4,
            "attention_weights": 40,
            "attention_width": 12,
            "hidden_size": 10,
            "gemm_rate": 50,
            "operand_rate": 20,
            "gemm_start_time": 3,
        },
        40 + 2 * 2310 / 20 + 6,
    ),
    (
        "mlp_products_time",
        {
            "local_tokens": 100,
            "tp": 4,
            "ffn_hidden_size": 8,
            "mlp_matrices": 3,
            "hidden_size": 10,
            "gemm_rate": 50,
            "operand_rate": 20,
            "gemm_start_time": 3,
        },
        240 + 2 * 2660 / 20 + 6,
    ),
    (
        "head_time",
        {
            "local_tokens": 100,
            "tp": 4,
            "vocabulary_size": 80,
            "hidden_size": 10,
            "gemm_rate_16bit": 50,
            "operand_rate": 20,
            "loss_time": 400,
        },
        3 * (800 + 320) + 400,
    ),
    (
        "loss_time",
        {"local_tokens": 100, "tp": 4, "vocabulary_size": 80, "pointwise_rate": 40, "loss_bytes": 8, "operator_passes": 1.5},
        600,
    ),
    (
        "gradient_accumulation_time",
        {
            "layer_dense_weights": 120,
            "layer_expert_weights": 300,
            "tp": 4,
            "ep": 3,
            "etp": 2,
            "accumulation_bytes": 8,
            "pointwise_rate": 40,
        },
        16,
    ),
]


@pytest.mark.parametrize(("name", "given", "expected"), BY_HAND, ids=lambda part: part if isinstance(part, str) else "")
def test_gemm_by_hand(name, given, expected):
    """100 tokens of width 10 on a quarter of the matrices: operations at 50 FLOP/s, 2-byte operands at 20 B/s, and two starts."""
    assert by_hand(name, given) == pytest.approx(expected, rel=1e-12)


def test_gemm_rate_rules_by_hand():
    unsupported, uncalibrated = (registry.RULES[name].function for name in ("precision_not_supported", "gpu_not_calibrated"))
    assert unsupported(peak_rate=float("nan"))
    assert not unsupported(peak_rate=1e15)
    assert uncalibrated(gemm_efficiency=0.0)
    assert not uncalibrated(gemm_efficiency=0.7)
