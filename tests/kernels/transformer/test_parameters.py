"""Parameters and operations of the catalogue's models against what their makers and benchmarks publish."""

import math

import pytest

from sweep.catalog.entries import entry, entry_names
from sweep.catalog.parameters import columns
from sweep.equations import graph, interpret
from sweep.kernels.transformer import parameters

# published counts that a count by the model's shape does not meet, and why
EXCEPTIONS = {
    ("gopher-280b", "total_parameters"): "relative positions hold some 20e9 parameters",
    ("deepseek-v2-lite", "active_parameters"): "its maker rounds 2.45e9 without the embedding down to 2.4e9",
    ("grok-1", "active_parameters"): "its maker says a quarter of the weights, 78e9 to 86e9",
}


def published(column):
    return [name for name in entry_names("model") if (column, "") in entry("model", name).figures]


def figures(name):
    """Every column of a model, with the default where its entry is silent."""
    found = entry("model", name).figures
    chosen = {key: found.get((key, ""), parameter.default) for key, parameter in columns("model").items()}
    return {key: figure.value for key, figure in chosen.items() if figure}


def compute(model, *outputs, **given):
    return interpret.compute_point(graph.resolve(outputs, given=given), {**figures(model), "trained_fraction": 1, **given}).values


def tolerance(figure):
    """Two in a hundred, or half a unit of the last digit that is printed."""
    mantissa, _, exponent = figure.text.partition("e")
    digits = len(mantissa.partition(".")[2])
    return max(0.02 * figure.value, 0.5001 * 10.0 ** (int(exponent or 0) - digits))


@pytest.mark.parametrize("name", published("published_parameters"))
def test_total_parameters_equal_published(name):
    figure = entry("model", name).figures["published_parameters", ""]
    error = abs(compute(name, "total_parameters")["total_parameters"] - figure.value)
    assert (error <= tolerance(figure)) != ((name, "total_parameters") in EXCEPTIONS)


@pytest.mark.parametrize("name", published("published_active_parameters"))
def test_active_parameters_equal_published(name):
    figure = entry("model", name).figures["published_active_parameters", ""]
    values = compute(name, "active_parameters", "embedding_parameters", "head_parameters")
    without_input = values["active_parameters"] - values["embedding_parameters"]
    counts = [values["active_parameters"], without_input, without_input - values["head_parameters"]]
    error = min(abs(count - figure.value) for count in counts)
    assert (error <= tolerance(figure)) != ((name, "active_parameters") in EXCEPTIONS)


def test_parameter_exceptions_are_still_needed():
    for name, quantity in EXCEPTIONS:
        column = "published_" + quantity.replace("total_", "")
        assert (column, "") in entry("model", name).figures


@pytest.mark.parametrize("name", [name for name in entry_names("model") if name.startswith("megatron-") and "core" not in name])
def test_parameters_equal_narayanan_2021_equation_2(name):
    """P = 12 l h^2 (1 + 13 / (12 h) + (V + s) / (12 l h)); the norm at the end has 2 h more."""
    of = figures(name)
    layers, h, rows = of["layers"], of["hidden_size"], of["vocabulary_size"] + of["learned_positions"]
    formula = 12 * layers * h**2 * (1 + 13 / (12 * h) + rows / (12 * layers * h))
    assert compute(name, "total_parameters")["total_parameters"] == pytest.approx(formula + 2 * h, rel=1e-12)


@pytest.mark.parametrize("name", ["megatron-145.6b", "megatron-529.6b", "megatron-1t"])
def test_flops_equal_narayanan_2021_equation_3(name):
    """F = 96 B s l h^2 (1 + s / (6 h) + V / (16 l h)) with one more forward pass of the layers, biases left out."""
    of = figures(name) | {"linear_biases": 0.0}
    layers, h, vocabulary, s = of["layers"], of["hidden_size"], of["vocabulary_size"], 2048.0
    values = compute(name, "forward_flops_per_token_full", "head_flops", sequence_length=s, linear_biases=0.0)
    recomputed = 4 * (values["forward_flops_per_token_full"] - values["head_flops"]) + 3 * values["head_flops"]
    assert recomputed == pytest.approx(96 * layers * h**2 * (1 + s / (6 * h) + vocabulary / (16 * layers * h)), rel=1e-12)


@pytest.mark.parametrize(
    ("model", "sequence_length", "quantity", "flops"),
    [
        # FLOP of one sample in the configurations of NVIDIA's MLPerf Training v5.0 and v5.1 submissions
        ("llama-3.1-405b", 8192.0, "training_flops_per_token_full", 21508e12 / 8192),
        ("llama-3.1-8b", 8192.0, "training_flops_per_token", 421.59e12 / 8192),
        # model TFLOP/s over tokens/s in the Megatron-Bridge performance summary
        ("deepseek-v3", 4096.0, "training_flops_per_token", 250e9),
        ("kimi-k2", 4096.0, "training_flops_per_token", 204.4e9),
        ("qwen3-235b-a22b", 4096.0, "training_flops_per_token", 147.8e9),
        ("qwen3-30b-a3b", 4096.0, "training_flops_per_token", 23.0e9),
        ("gpt-oss-120b", 4096.0, "training_flops_per_token", 32.6e9),
    ],
)
def test_flops_per_token_equal_published(model, sequence_length, quantity, flops):
    assert compute(model, quantity, sequence_length=sequence_length)[quantity] == pytest.approx(flops, rel=0.01)


@pytest.mark.parametrize(
    ("model", "tokens", "flops"),
    [
        ("gpt-3-175b", 300e9, 3.14e23),  # Brown et al. 2020, Table D.1
        ("llama-3.1-405b", 15.6e12, 3.8e25),  # Llama 3 paper, section 3.2
        ("gpt-4-leak", 13e12, 2.15e25),  # the leak itself
    ],
)
def test_training_flops_equal_published(model, tokens, flops):
    assert compute(model, "training_flops", training_tokens=tokens)["training_flops"] == pytest.approx(flops, rel=0.01)


@pytest.mark.parametrize("name", ["llama-2-7b", "mixtral-8x7b", "deepseek-v3", "gemma-2-9b"])
def test_exact_training_flops_are_six_per_weight_plus_scores(name):
    """All matrices once, the head too where it shares the embedding; the embedding itself and the norms multiply nothing."""
    parts = ("embedding_parameters", "norm_parameters", "head_parameters")
    wanted = ("training_flops_exact", "active_parameters", "attention_score_flops", *parts)
    values = compute(name, *wanted, sequence_length=4096.0, training_tokens=1.0)
    of = figures(name)
    outside = sum(values[part] for part in parts)
    matrices = values["active_parameters"] - outside + of["vocabulary_size"] * of["hidden_size"]
    expected = 6 * matrices + 3 * values["attention_score_flops"]
    assert values["training_flops_exact"] == pytest.approx(expected, rel=1e-12)


def test_mean_context_is_half_of_sequence_or_window():
    def scores(quantity, s, window, windowed):
        given = {"sequence_length": s, "attention_window": window, "windowed_layers": windowed}
        return compute("llama-2-7b", quantity, **given)[quantity] / (2 * 32 * 256 * 32)

    assert scores("attention_score_flops", 4096.0, 0.0, 0.0) == 2048
    assert scores("attention_score_flops_full", 4096.0, 0.0, 0.0) == 4096
    for s, window in [(64, 16), (64, 64), (64, 1000)]:
        seen = sum(min(i + 0.5, window) for i in range(s)) / s  # each token sees itself half on average
        assert scores("attention_score_flops", float(s), float(window), 32.0) == pytest.approx(seen, rel=1e-12)
    assert scores("attention_score_flops", 64.0, 16.0, 16.0) == pytest.approx((14 + 32) / 2)
    assert scores("attention_score_flops_full", 64.0, 16.0, 16.0) == 40


def test_latent_attention_parameters_are_sum_of_matrices():
    """DeepSeek-V3: queries 7168 to 1536 to 128 heads of 192, keys and values 7168 to 512 + 64 to 128 heads of 128 + 128."""
    matrices = 7168 * 1536 + 1536 * 128 * 192 + 7168 * (512 + 64) + 512 * 128 * (128 + 128) + 128 * 128 * 7168
    assert compute("deepseek-v3", "attention_parameters")["attention_parameters"] == matrices
    assert compute("deepseek-v2-lite", "attention_parameters")["attention_parameters"] == (
        2048 * 16 * 192 + 2048 * (512 + 64) + 512 * 16 * (128 + 128) + 16 * 128 * 2048
    )


def test_dense_model_active_parameters_equal_total():
    values = compute("llama-3.1-70b", "total_parameters", "active_parameters", "dense_layers")
    assert values["active_parameters"] == values["total_parameters"]
    assert values["dense_layers"] == 80


def test_missing_sizes_have_no_parameter_count():
    assert math.isnan(compute("llama-3.1-70b", "total_parameters", layers=math.nan)["total_parameters"])


@pytest.mark.parametrize(("latent", "width"), [(0.0, 10), (1.0, 1), (4.0, 4)])
def test_expert_parameters_with_latent_width(latent, width):
    """Three matrices of a width and 7, with two biases of 7 and one of the width."""
    given = {"hidden_size": 10.0, "expert_latent_size": latent, "expert_hidden_size": 7.0, "mlp_matrices": 3.0}
    assert parameters.expert_parameters(linear_biases=0.0, **given) == 3 * width * 7
    assert parameters.expert_parameters(linear_biases=1.0, **given) == 3 * width * 7 + 14 + width
    router = parameters.router_parameters(hidden_size=10.0, experts=64.0, expert_latent_size=latent)
    assert router == 640 + 20 * latent


def test_parameter_parts_by_hand():
    assert parameters.mlp_parameters(hidden_size=10.0, ffn_hidden_size=7.0, mlp_matrices=2.0, linear_biases=1.0) == 140 + 7 + 10
    assert parameters.shared_expert_parameters(hidden_size=10.0, shared_expert_hidden_size=6.0, mlp_matrices=3.0) == 180
    mixture = {"expert_parameters": 100.0, "shared_expert_parameters": 20.0, "router_parameters": 3.0}
    assert parameters.moe_parameters(experts=8.0, **mixture) == 823
    assert parameters.moe_active_parameters(experts_per_token=2.0, **mixture) == 223
    assert parameters.dense_layers(layers=60.0, moe_layers=50.0, mixer_only_layers=4.0) == 6
    assert parameters.embedding_parameters(vocabulary_size=1000.0, hidden_size=10.0) == 10000
    assert [parameters.head_parameters(vocabulary_size=1000.0, hidden_size=10.0, tied_embeddings=tied) for tied in (0, 1)] == [10000, 0]
    assert parameters.position_parameters(learned_positions=20.0, hidden_size=10.0) == 200
    assert [parameters.norm_parameters(layers=3.0, hidden_size=10.0, linear_biases=bias) for bias in (0, 1)] == [70, 140]


def test_model_parameters_by_hand():
    total = parameters.total_parameters(
        mixing_parameters=1000.0, dense_layers=2.0, mlp_parameters=50.0, moe_layers=3.0, moe_parameters=823.0, norm_parameters=70.0,
        embedding_parameters=300.0, head_parameters=200.0, position_parameters=7.0,
    )
    assert total == 1000 + 100 + 2469 + 577
    active = parameters.active_parameters(total_parameters=total, moe_layers=3.0, moe_parameters=823.0, moe_active_parameters=223.0)
    assert active == total - 1800
