"""Operations of a transformer for one token and for its training. What belongs here: counts of the model's own work, nothing computed
twice; how fast a GPU does it and what recomputation adds is elsewhere.

Forward, of one layer: mlp_flops (dense), moe_flops. Of all layers: attention_score_flops (causal: only what a token may see),
attention_score_flops_full (the whole score matrix, as Megatron-LM papers count), indexer_flops, state_flops.
Of the model: head_flops, forward_flops_per_token, forward_flops_per_token_full.
Training: training_flops_per_token and training_flops_per_token_full (forward and twice that backward), training_flops (6 N D),
training_flops_exact (layer by layer, causal), model_flops (what MFU counts: layer by layer, whole score matrix).
"""

from sweep.equations.registry import equation
from sweep.kernels.choices import BY_LAYERS


def mean_within(sequence_length, reach):
    """Tokens that a token attends to, the mean over a sequence, where it looks back no further than `reach`."""
    near = min(reach, sequence_length)
    return near - near * near / (2 * sequence_length)


@equation(unit="FLOP/token", source="narayanan-2021")
def attention_score_flops_full(
    score_width, full_attention_layers, window_score_width, windowed_layers, sequence_length, attention_window
):
    """Forward operations of all layers' scores and their use for one token when the whole matrix is counted, causal or not.

    F = 2 (L_f w_f s + L_w w_w min(s, W))

    score_width: w_f, columns that one layer that sees all scores and adds up [1]
    full_attention_layers: L_f, layers in which a token attends to all before it [1]
    window_score_width: w_w, the same columns of a windowed layer [1]
    windowed_layers: L_w, layers with windowed attention [1]
    sequence_length: s, tokens in a sequence [token]
    attention_window: W, longest distance in a windowed layer [token]
    """
    windowed = windowed_layers * window_score_width * min(attention_window, sequence_length)
    return 2 * (full_attention_layers * score_width * sequence_length + windowed)


@equation(unit="FLOP/token", source="korthikanti-2022")
def attention_score_flops(
    score_width, full_attention_layers, window_score_width, windowed_layers, sequence_length, attention_window, sparse_attention_tokens
):
    """Forward operations of all layers' causal scores and their use for one token: only the tokens that it may see.

    F = 2 (L_f w_f c(k) + L_w w_w c(W)), with c(x) = x - x^2 / (2 s) for x < s, else s / 2

    score_width: w_f, columns that one layer that sees all scores and adds up [1]
    full_attention_layers: L_f, layers in which a token attends to all before it [1]
    window_score_width: w_w, the same columns of a windowed layer [1]
    windowed_layers: L_w, layers with windowed attention [1]
    sequence_length: s, tokens in a sequence [token]
    attention_window: W, longest distance in a windowed layer [token]
    sparse_attention_tokens: k, tokens that sparse attention chooses in a layer that sees all, 0 without [token]
    """
    chosen = sparse_attention_tokens if sparse_attention_tokens > 0 else sequence_length
    full = full_attention_layers * score_width * mean_within(sequence_length, chosen)
    return 2 * (full + windowed_layers * window_score_width * mean_within(sequence_length, attention_window))


@equation(unit="FLOP/token", source="deepseek-v3.2")
def indexer_flops(full_attention_layers, indexer_heads, indexer_head_size, sequence_length):
    """Forward operations of all layers' indexers for one token: each scores all tokens before it, causal.

    F = L_f i d_i s

    full_attention_layers: L_f, layers in which a token attends to all before it [1]
    indexer_heads: i, heads that choose the tokens of sparse attention, 0 without [1]
    indexer_head_size: d_i, width of one of them [1]
    sequence_length: s, tokens in a sequence [token]
    """
    return full_attention_layers * indexer_heads * indexer_head_size * sequence_length


@equation(unit="FLOP/token", source="mamba-2-2024")
def state_flops(state_layers, state_size):
    """Forward operations of all layers' states for one token, step by step: each number is scaled, added to and read.

    F = 6 L_s S: a multiplication and an addition for the decay, the input and the output

    state_layers: L_s, layers that keep a state [1]
    state_size: S, numbers that one of them keeps [1]
    """
    return 6 * state_layers * state_size


@equation(unit="FLOP/token", source="narayanan-2021")
def mlp_flops(hidden_size, ffn_hidden_size, mlp_matrices):
    """Forward operations of one dense MLP for one token.

    F = 2 m h f

    hidden_size: h, width of the residual stream [1]
    ffn_hidden_size: f, inner width of the MLP [1]
    mlp_matrices: m, 3 gated, 2 not [1]
    """
    return 2 * mlp_matrices * hidden_size * ffn_hidden_size


@equation(unit="FLOP/token", source="deepseek-v2")
def moe_flops(
    hidden_size, expert_latent_size, expert_hidden_size, shared_expert_hidden_size, experts, experts_per_token, mlp_matrices
):
    """Forward operations of the mixture of one layer for one token: router, routed and shared experts.

    F = 2 m (w k f_e + h f_s) + 2 h E, w = h; on a latent stream w is its size, and the way there and back takes 4 h w

    hidden_size: h, width of the residual stream [1]
    expert_latent_size: width of the stream on which routed experts work, 0 where it is h [1]
    expert_hidden_size: f_e, inner width of one expert [1]
    shared_expert_hidden_size: f_s, inner width of all shared experts together [1]
    experts: E, routed experts [1]
    experts_per_token: k, routed experts that a token visits [1]
    mlp_matrices: m, 3 gated, 2 not [1]
    """
    width = expert_latent_size if expert_latent_size > 0 else hidden_size
    products = width * experts_per_token * expert_hidden_size + hidden_size * shared_expert_hidden_size
    return 2 * mlp_matrices * products + 2 * hidden_size * (experts + 2 * expert_latent_size)


@equation(unit="FLOP/token", source="narayanan-2021")
def head_flops(vocabulary_size, hidden_size):
    """Forward operations of the output head for one token.

    F = 2 V h

    vocabulary_size: V, rows of the embedding [1]
    hidden_size: h, width of the residual stream [1]
    """
    return 2 * vocabulary_size * hidden_size


@equation(unit="FLOP/token", source="narayanan-2021")
def forward_flops_per_token(
    mixing_parameters,
    attention_score_flops,
    indexer_flops,
    state_flops,
    dense_layers,
    mlp_flops,
    moe_layers,
    moe_flops,
    head_flops,
):
    """Forward operations of the model for one token, attention counted causally.

    F = 2 P_t + F_a + F_i + F_s + L_d F_m + L_m F_x + F_o

    mixing_parameters: P_t, what mixes tokens in all layers [1]
    attention_score_flops: F_a, of causal scores in all layers [FLOP/token]
    indexer_flops: F_i, of the indexers of sparse attention [FLOP/token]
    state_flops: F_s, of the states in all layers [FLOP/token]
    dense_layers: L_d, layers with a dense MLP [1]
    mlp_flops: F_m, of one dense MLP [FLOP/token]
    moe_layers: L_m, layers with a mixture of experts [1]
    moe_flops: F_x, of one mixture [FLOP/token]
    head_flops: F_o, of the output head [FLOP/token]
    """
    mixing = 2 * mixing_parameters + attention_score_flops + indexer_flops + state_flops
    return mixing + dense_layers * mlp_flops + moe_layers * moe_flops + head_flops


@equation(unit="FLOP/token", source="narayanan-2021")
def forward_flops_per_token_full(forward_flops_per_token, attention_score_flops, attention_score_flops_full):
    """Forward operations of the model for one token when the whole score matrix is counted (Megatron-LM papers, MFU of 2022).

    F = F_c + F_f - F_a

    forward_flops_per_token: F_c, with causal attention [FLOP/token]
    attention_score_flops: F_a, of causal scores in all layers [FLOP/token]
    attention_score_flops_full: F_f, of the whole matrices in all layers [FLOP/token]
    """
    return forward_flops_per_token + attention_score_flops_full - attention_score_flops


@equation(unit="FLOP/token", source="narayanan-2021")
def training_flops_per_token(forward_flops_per_token, attention_score_flops, trained_fraction):
    """Operations to train on one token, causal attention, nothing computed twice: the backward pass takes twice the forward pass.

    F_t = 3 F - (1 - f) (F - F_a), since frozen weights have no gradients

    forward_flops_per_token: F, forward operations [FLOP/token]
    attention_score_flops: F_a, those of causal scores [FLOP/token]
    trained_fraction: f, share of the parameters that are trained [1]
    """
    return 3 * forward_flops_per_token - (1 - trained_fraction) * (forward_flops_per_token - attention_score_flops)


@equation(unit="FLOP/token", source="narayanan-2021")
def training_flops_per_token_full(forward_flops_per_token_full, attention_score_flops_full, trained_fraction):
    """Operations to train on one token when the whole score matrix is counted, nothing computed twice.

    F_t = 3 F - (1 - f) (F - F_a), since frozen weights have no gradients

    forward_flops_per_token_full: F, forward operations with the whole score matrix [FLOP/token]
    attention_score_flops_full: F_a, those of the matrix [FLOP/token]
    trained_fraction: f, share of the parameters that are trained [1]
    """
    return 3 * forward_flops_per_token_full - (1 - trained_fraction) * (forward_flops_per_token_full - attention_score_flops_full)


@equation(unit="FLOP", source="kaplan-2020")
def training_flops(active_parameters, training_tokens, trained_fraction):
    """Operations to train the model, the 6 N D estimate: two forward and four backward for each parameter and token.

    C = (4 + 2 f) N_a D, since frozen weights have no gradients

    active_parameters: N_a, parameters that one token visits [1]
    training_tokens: D, tokens that the model is trained on [token]
    trained_fraction: f, share of the parameters that are trained [1]
    """
    return (4 + 2 * trained_fraction) * active_parameters * training_tokens


@equation(unit="FLOP", source="narayanan-2021")
def training_flops_exact(training_flops_per_token, training_tokens):
    """Operations to train the model, counted layer by layer with causal attention.

    C = F_t D

    training_flops_per_token: F_t, operations to train on one token [FLOP/token]
    training_tokens: D, tokens that the model is trained on [token]
    """
    return training_flops_per_token * training_tokens


@equation(unit="FLOP", source="narayanan-2021")
def training_flops_full(training_flops_per_token_full, training_tokens):
    """Operations to train the model, counted layer by layer with the whole score matrix.

    C = F_t D

    training_flops_per_token_full: F_t, operations to train on one token, whole score matrix [FLOP/token]
    training_tokens: D, tokens that the model is trained on [token]
    """
    return training_flops_per_token_full * training_tokens


@equation(unit="FLOP", source="chowdhery-2022", selects="flops_method")
def model_flops(flops_method, training_flops_full, training_flops):
    """Operations of the training that MFU counts: layer by layer with the whole score matrix, or 6 N D where no layers are known.

    C = by layers, or by parameters

    flops_method: how operations are counted [1]
    training_flops_full: of all layers, with the whole score matrix [FLOP]
    training_flops: 6 N D [FLOP]
    """
    if flops_method == BY_LAYERS:
        return training_flops_full
    return training_flops
