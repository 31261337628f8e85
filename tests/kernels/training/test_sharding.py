"""Parameters of one GPU: whole models, split."""

import pytest

from tests.at_point import value


def test_a_single_gpu_holds_the_whole_model():
    """Llama 3 8B: 8.03 billion, of which norms are left out."""
    assert value("parameters_per_gpu", {"model": "llama-3.1-8b"}) == pytest.approx(8.03e9, rel=1e-3)


def test_deepseek_v3_on_64_expert_ranks():
    """671 billion parameters, of which 256 experts of 3 x 7168 x 2048 in each of 58 layers are spread over 64 ranks."""
    experts = 58 * 256 * 3 * 7168 * 2048
    whole = value("parameters_per_gpu", {"model": "deepseek-v3"})
    assert whole == pytest.approx(671e9, rel=2e-3)
    assert value("expert_parameters_per_gpu", {"model": "deepseek-v3"}, ep=64) == pytest.approx(experts / 64)
    assert value("expert_replicas", ep=64, gpus=1024, tp=2, pp=8) == 2


def test_tensor_and_pipeline_parallelism_divide_it():
    stage = value("dense_parameters_per_gpu", {"model": "gpt-3-175b"}, tp=8, pp=8)
    assert stage == pytest.approx(
        (12 * 12 * 12288**2 + 12288 * value("vocabulary_size", {"model": "gpt-3-175b"}, vocabulary_size=50257)) / 8, rel=0.02
    )
