"""Operations of a transformer for one token, against sums over tokens and the published formulas."""

import pytest

from sweep.kernels.transformer import flops


@pytest.mark.parametrize("reach", [1, 30, 100, 200])
def test_mean_context_equals_sum_over_tokens(reach):
    """A token sees those before it and half of itself, as far back as it reaches."""
    expected = sum(min(i + 0.5, reach) for i in range(100)) / 100
    assert flops.mean_within(100.0, float(reach)) == pytest.approx(expected)


SCORES = {"score_width": 64.0, "full_attention_layers": 3.0, "window_score_width": 32.0, "windowed_layers": 5.0, "sequence_length": 100.0}


@pytest.mark.parametrize(("window", "held"), [(20.0, 20.0), (100.0, 100.0), (4000.0, 100.0)])
def test_full_score_matrix_is_twice_causal_one(window, held):
    assert flops.attention_score_flops_full(attention_window=window, **SCORES) == 2 * (3 * 64 * 100 + 5 * 32 * held)


@pytest.mark.parametrize(
    ("window", "sparse", "full", "windowed"), [(20.0, 0.0, 50, 18), (4000.0, 0.0, 50, 50), (20.0, 40.0, 32, 18), (20.0, 1.0, 0.995, 18)]
)
def test_causal_score_flops_count_visible_tokens(window, sparse, full, windowed):
    """Of 100 tokens: 50 before a token in the mean, 20 - 20^2 / 200 within 20 of it, 40 - 40^2 / 200 of 40 that it chooses."""
    found = flops.attention_score_flops(attention_window=window, sparse_attention_tokens=sparse, **SCORES)
    assert found == pytest.approx(2 * (3 * 64 * full + 5 * 32 * windowed))


def test_indexer_and_state_flops_by_hand():
    given = {"full_attention_layers": 3.0, "indexer_heads": 2.0, "indexer_head_size": 8.0, "sequence_length": 100.0}
    assert flops.indexer_flops(**given) == 3 * 2 * (2 * 8 * 50)
    assert flops.state_flops(state_layers=7.0, state_size=1000.0) == 42000


def test_matrix_flops_are_two_per_weight():
    assert flops.mlp_flops(hidden_size=10.0, ffn_hidden_size=7.0, mlp_matrices=3.0) == 2 * 210
    assert flops.head_flops(vocabulary_size=1000.0, hidden_size=10.0) == 20000


@pytest.mark.parametrize(("latent", "weights"), [(0.0, 3 * (5 * 10 * 4 + 10 * 6) + 10 * 64), (1.0, 3 * (5 * 4 + 10 * 6) + 10 * 64 + 20)])
def test_moe_flops_count_routed_and_shared_experts_and_router(latent, weights):
    """5 of 64 experts of width 4 and shared ones of 6 on a stream of 10, or experts on a stream of 1, there and back."""
    found = flops.moe_flops(
        hidden_size=10.0, expert_latent_size=latent, expert_hidden_size=4.0, shared_expert_hidden_size=6.0, experts=64.0,
        experts_per_token=5.0, mlp_matrices=3.0,
    )
    assert found == 2 * weights


def test_forward_flops_are_sum_of_parts():
    found = flops.forward_flops_per_token(
        mixing_parameters=1000.0, attention_score_flops=200.0, indexer_flops=30.0, state_flops=4.0, dense_layers=2.0, mlp_flops=50.0,
        moe_layers=3.0, moe_flops=70.0, head_flops=0.5,
    )
    assert found == 2000 + 234 + 100 + 210 + 0.5
    whole = flops.forward_flops_per_token_full(forward_flops_per_token=found, attention_score_flops=200.0, attention_score_flops_full=390.0)
    assert whole == found + 190


def test_training_takes_three_forward_passes():
    assert flops.training_flops_per_token(forward_flops_per_token=7.0, attention_score_flops=2.0, trained_fraction=1.0) == 21
    assert flops.training_flops_per_token_full(forward_flops_per_token_full=9.0, attention_score_flops_full=4.0, trained_fraction=1.0) == 27
    assert flops.training_flops_exact(training_flops_per_token=21.0, training_tokens=1e12) == 21e12


def test_frozen_weights_have_no_gradients_to_compute():
    """Forward and the activations' gradients remain, and the whole backward pass of scores, which have no weights."""
    assert flops.training_flops_per_token(forward_flops_per_token=7.0, attention_score_flops=2.0, trained_fraction=0.0) == 2 * 5 + 3 * 2
    assert flops.training_flops_per_token_full(forward_flops_per_token_full=9.0, attention_score_flops_full=4.0, trained_fraction=0.0) == 22
    assert flops.training_flops(active_parameters=10.0, training_tokens=3.0, trained_fraction=0.5) == 150


def test_training_flops_of_gpt3_by_kaplan():
    """Brown et al. 2020, table D.1: 174.6e9 parameters and 300e9 tokens take 3.14e23 operations."""
    assert flops.training_flops(active_parameters=174.6e9, training_tokens=300e9, trained_fraction=1.0) == pytest.approx(3.14e23, rel=2e-3)
