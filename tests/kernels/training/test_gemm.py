"""Linear layers: weights as models have them, times as linear sums."""

import pytest

from tests.at_point import evaluate, value


def test_weights_of_ordinary_attention():
    """Llama 3 8B: 32 heads of 128 and 8 key-value heads on a width of 4096."""
    assert value("attention_weights", {"model": "llama-3.1-8b"}) == 4096 * 4096 * 2 + 2 * 4096 * 1024


def test_weights_of_latent_attention():
    """DeepSeek-V3 report, section 4.2: 128 heads of 128 + 64 and 128, ranks 1536 and 512, width 7168."""
    query = 7168 * 1536 + 1536 * 128 * 192
    key_value = 7168 * (512 + 64) + 512 * 128 * (128 + 128)
    assert value("attention_weights", {"model": "deepseek-v3"}) == query + key_value + 128 * 128 * 7168


def test_one_large_product_on_an_h100():
    """8192 tokens through an MLP of 2 x 8192 x 28672: 7.7 TFLOP at 989.4 x 0.804 x its clock, and 12 ms at most for its operands."""
    h100 = {"gpu": "h100-sxm"}
    shape = {"micro_batch": 1, "sequence_length": 8192, "hidden_size": 8192, "ffn_hidden_size": 28672, "mlp_matrices": 2}
    rate = value("gemm_rate", h100)
    work = 2 * 8192 * 2 * 8192 * 28672 / rate
    assert work < value("mlp_products_time", h100, **shape) < 1.1 * work


def test_a_power_limit_slows_the_tensor_units_with_the_dynamic_power():
    full = value("sustained_clock", gpu_tdp=700, rated_power=700, training_clock=0.9, static_power_fraction=0.15)
    capped = value("sustained_clock", gpu_tdp=500, rated_power=700, training_clock=0.9, static_power_fraction=0.15)
    assert full == pytest.approx(0.9)
    assert capped == pytest.approx(0.9 * (500 - 105) / (700 - 105))


def test_narrow_formats_gain_less_than_their_peak():
    sixteen, eight = (value("gemm_rate", {"gpu": "h100-sxm"}, precision=word) for word in ("bf16", "fp8"))
    assert 1.5 < eight / sixteen < 2


def test_a_gpu_without_measurements_takes_typical_efficiency():
    assert value("burst_efficiency", {"gpu": "mi300x"}) == value("typical_gemm_efficiency")
    assert value("burst_efficiency", {"gpu": "h100-sxm"}) == value("gemm_efficiency", {"gpu": "h100-sxm"})


SMALL_RUN = {"gpus": 64, "global_batch": 64, "sequence_length": 4096, "gpu_memory": 1e12}


def test_a_format_that_the_gpu_lacks():
    found, flags = evaluate("step_time", {"gpu": "a100-sxm-80gb", "model": "llama-3.1-8b"}, precision="fp8", **SMALL_RUN)
    assert found != found
    assert "precision_not_supported" in flags


def test_a_gpu_without_measurements_is_a_warning():
    found, flags = evaluate("step_time", {"gpu": "mi300x", "model": "llama-3.1-8b"}, **SMALL_RUN)
    assert found > 0
    assert "gpu_not_calibrated" in flags
