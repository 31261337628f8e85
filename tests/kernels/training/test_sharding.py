"""Parameters of one GPU: whole models, split."""

import pytest

from tests.at_point import by_hand, value


def test_sharding_single_gpu_holds_model():
    """Llama 3 8B: 8.03 billion, of which norms are left out."""
    assert value("parameters_per_gpu", {"model": "llama-3.1-8b"}) == pytest.approx(8.03e9, rel=1e-3)


def test_sharding_deepseek_v3_on_64_expert_ranks():
    """671 billion parameters, of which 256 experts of 3 x 7168 x 2048 in each of 58 layers are spread over 64 ranks."""
    experts = 58 * 256 * 3 * 7168 * 2048
    whole = value("parameters_per_gpu", {"model": "deepseek-v3"})
    assert whole == pytest.approx(671e9, rel=2e-3)
    assert value("expert_parameters_per_gpu", {"model": "deepseek-v3"}, ep=64) == pytest.approx(experts / 64)
    assert value("expert_replicas", ep=64, gpus=1024, tp=2, pp=8) == 2


def test_sharding_divides_over_tensor_and_pipeline_ranks():
    stage = value("dense_parameters_per_gpu", {"model": "gpt-3-175b"}, tp=8, pp=8)
    assert stage == pytest.approx(
        (12 * 12 * 12288**2 + 12288 * value("vocabulary_size", {"model": "gpt-3-175b"}, vocabulary_size=50257)) / 8, rel=0.02
    )


BY_HAND = [
    (
        "layer_mlp_weights",
        {
            "hidden_size": 10,
            "mlp_matrices": 3,
            "ffn_hidden_size": 8,
            "shared_expert_hidden_size": 2,
            "expert_hidden_size": 4,
            "experts_per_token": 5,
            "layers": 12,
            "moe_layers": 3,
        },
        30 * (6 + 5.5),
    ),
    (
        "layer_dense_weights",
        {
            "attention_weights": 40,
            "hidden_size": 10,
            "mlp_matrices": 3,
            "ffn_hidden_size": 8,
            "shared_expert_hidden_size": 2,
            "experts": 64,
            "layers": 12,
            "moe_layers": 3,
        },
        40 + 180 + 0.25 * 700,
    ),
    (
        "layer_expert_weights",
        {"hidden_size": 10, "mlp_matrices": 3, "expert_hidden_size": 4, "experts": 64, "layers": 12, "moe_layers": 3},
        16 * 120,
    ),
    (
        "dense_parameters_per_gpu",
        {
            "slowest_stage_layers": 5,
            "layer_dense_weights": 100,
            "vocabulary_size": 80,
            "hidden_size": 10,
            "tied_embeddings": 0,
            "tp": 4,
            "pp": 1,
        },
        525,
    ),
    (
        "dense_parameters_per_gpu",
        {
            "slowest_stage_layers": 5,
            "layer_dense_weights": 100,
            "vocabulary_size": 80,
            "hidden_size": 10,
            "tied_embeddings": 1,
            "tp": 4,
            "pp": 1,
        },
        325,
    ),
    (
        "dense_parameters_per_gpu",
        {
            "slowest_stage_layers": 5,
            "layer_dense_weights": 100,
            "vocabulary_size": 80,
            "hidden_size": 10,
            "tied_embeddings": 0,
            "tp": 4,
            "pp": 2,
        },
        325,
    ),
    (
        "last_stage_parameters",
        {
            "dense_parameters_per_gpu": 525,
            "last_stage_layers": 4,
            "layer_dense_weights": 100,
            "vocabulary_size": 80,
            "hidden_size": 10,
            "tp": 4,
            "pp": 2,
        },
        300,
    ),
    (
        "last_stage_parameters",
        {
            "dense_parameters_per_gpu": 525,
            "last_stage_layers": 5,
            "layer_dense_weights": 100,
            "vocabulary_size": 80,
            "hidden_size": 10,
            "tp": 4,
            "pp": 1,
        },
        525,
    ),
    ("expert_parameters_per_gpu", {"slowest_stage_layers": 5, "layer_expert_weights": 100, "ep": 4}, 125),
    ("expert_parameters_per_gpu", {"slowest_stage_layers": 5, "layer_expert_weights": 100, "ep": 4, "etp": 5}, 25),
    ("expert_replicas", {"tp": 4, "cp": 2, "ep": 16, "data_parallel_size": 6}, 3),
    ("expert_replicas", {"tp": 4, "cp": 2, "ep": 4, "etp": 2, "data_parallel_size": 6}, 6),
]


@pytest.mark.parametrize(("name", "given", "expected"), BY_HAND, ids=lambda part: part if isinstance(part, str) else "")
def test_sharding_by_hand(name, given, expected):
    """A quarter of 12 layers are mixtures of 64 experts of which a token visits 5."""
    assert by_hand(name, given) == pytest.approx(expected, rel=1e-12)
