"""Operations of a transformer for one token and for its training. What belongs here: counts of the model's own work, nothing computed
twice; how fast a GPU does it and what recomputation adds is elsewhere.

Forward, of one layer: attention_projection_flops, attention_score_flops (causal: only what a token may see; the mean of full and
windowed layers), attention_score_flops_full (the whole score matrix, as Megatron-LM papers count), mlp_flops (dense), moe_flops.
Of the model: head_flops, forward_flops_per_token, forward_flops_per_token_full.
Training: training_flops_per_token and training_flops_per_token_full (forward and twice that backward), training_flops (6 N D),
training_flops_exact (layer by layer, causal).
"""

from sweep.equations.registry import equation


@equation(unit="FLOP/token", source="narayanan-2021")
def attention_projection_flops(attention_parameters):
    """Forward operations of one layer's attention for one token, without the scores: two for each parameter.

    F = 2 P_a

    attention_parameters: P_a, of attention in one layer [1]
    """
    return 2 * attention_parameters


@equation(unit="FLOP/token", source="narayanan-2021")
def attention_score_flops_full(
    attention_heads, head_size, value_head_size, sequence_length, attention_window, windowed_layers, full_attention_layers, layers
):
    """Forward operations of one layer's scores and their use for one token when the whole matrix is counted, causal or not.

    F = 2 a (d + d_v) c, with c = s, min(s, w) in windowed layers and 0 in those that keep a state; the mean of all layers

    attention_heads: a, query heads [1]
    head_size: d, width of a query and key head [1]
    value_head_size: d_v, width of a value head [1]
    sequence_length: s, tokens in a sequence [token]
    attention_window: w, longest distance in a windowed layer [token]
    windowed_layers: layers with windowed attention [1]
    full_attention_layers: layers in which a token attends to all before it [1]
    layers: transformer layers [1]
    """
    context = (windowed_layers * min(attention_window, sequence_length) + full_attention_layers * sequence_length) / layers
    return 2 * attention_heads * (head_size + value_head_size) * context


@equation(unit="FLOP/token", source="korthikanti-2022")
def attention_score_flops(
    attention_heads, head_size, value_head_size, sequence_length, attention_window, windowed_layers, full_attention_layers, layers
):
    """Forward operations of one layer's causal scores and their use for one token: only the tokens that it may see.

    F = 2 a (d + d_v) c, with c = s / 2, w - w^2 / (2 s) in layers of a window w < s and 0 in those that keep a state; the mean of all

    attention_heads: a, query heads [1]
    head_size: d, width of a query and key head [1]
    value_head_size: d_v, width of a value head [1]
    sequence_length: s, tokens in a sequence [token]
    attention_window: w, longest distance in a windowed layer [token]
    windowed_layers: layers with windowed attention [1]
    full_attention_layers: layers in which a token attends to all before it [1]
    layers: transformer layers [1]
    """
    window = min(attention_window, sequence_length)
    windowed = window - window * window / (2 * sequence_length)
    context = (windowed_layers * windowed + full_attention_layers * sequence_length / 2) / layers
    return 2 * attention_heads * (head_size + value_head_size) * context


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
def moe_flops(hidden_size, expert_hidden_size, shared_expert_hidden_size, experts, experts_per_token, mlp_matrices):
    """Forward operations of the mixture of one layer for one token: router, routed and shared experts.

    F = 2 m h (k f_e + f_s) + 2 h E

    hidden_size: h, width of the residual stream [1]
    expert_hidden_size: f_e, inner width of one expert [1]
    shared_expert_hidden_size: f_s, inner width of all shared experts together [1]
    experts: E, routed experts [1]
    experts_per_token: k, routed experts that a token visits [1]
    mlp_matrices: m, 3 gated, 2 not [1]
    """
    inner = experts_per_token * expert_hidden_size + shared_expert_hidden_size
    return 2 * hidden_size * (mlp_matrices * inner + experts)


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
    layers, attention_projection_flops, attention_score_flops, dense_layers, mlp_flops, moe_layers, moe_flops, head_flops
):
    """Forward operations of the model for one token, attention counted causally.

    F = L (F_a + F_s) + L_d F_m + L_m F_x + F_o

    layers: L, transformer layers [1]
    attention_projection_flops: F_a, of attention without scores in one layer [FLOP/token]
    attention_score_flops: F_s, of causal scores in one layer [FLOP/token]
    dense_layers: L_d, layers with a dense MLP [1]
    mlp_flops: F_m, of one dense MLP [FLOP/token]
    moe_layers: L_m, layers with a mixture of experts [1]
    moe_flops: F_x, of one mixture [FLOP/token]
    head_flops: F_o, of the output head [FLOP/token]
    """
    return layers * (attention_projection_flops + attention_score_flops) + dense_layers * mlp_flops + moe_layers * moe_flops + head_flops


@equation(unit="FLOP/token", source="narayanan-2021")
def forward_flops_per_token_full(forward_flops_per_token, layers, attention_score_flops, attention_score_flops_full):
    """Forward operations of the model for one token when the whole score matrix is counted (Megatron-LM papers, MFU of 2022).

    F = F_c + L (F_f - F_s)

    forward_flops_per_token: F_c, with causal attention [FLOP/token]
    layers: L, transformer layers [1]
    attention_score_flops: F_s, of causal scores in one layer [FLOP/token]
    attention_score_flops_full: F_f, of the whole matrix in one layer [FLOP/token]
    """
    return forward_flops_per_token + layers * (attention_score_flops_full - attention_score_flops)


@equation(unit="FLOP/token", source="narayanan-2021")
def training_flops_per_token(forward_flops_per_token):
    """Operations to train on one token, causal attention, nothing computed twice: the backward pass takes twice the forward pass.

    F_t = 3 F

    forward_flops_per_token: F, forward operations [FLOP/token]
    """
    return 3 * forward_flops_per_token


@equation(unit="FLOP/token", source="narayanan-2021")
def training_flops_per_token_full(forward_flops_per_token_full):
    """Operations to train on one token when the whole score matrix is counted, nothing computed twice.

    F_t = 3 F

    forward_flops_per_token_full: F, forward operations with the whole score matrix [FLOP/token]
    """
    return 3 * forward_flops_per_token_full


@equation(unit="FLOP", source="kaplan-2020")
def training_flops(active_parameters, training_tokens):
    """Operations to train the model, the 6 N D estimate: two forward and four backward for each parameter and token.

    C = 6 N_a D

    active_parameters: N_a, parameters that one token visits [1]
    training_tokens: D, tokens that the model is trained on [token]
    """
    return 6 * active_parameters * training_tokens


@equation(unit="FLOP", source="narayanan-2021")
def training_flops_exact(training_flops_per_token, training_tokens):
    """Operations to train the model, counted layer by layer with causal attention.

    C = F_t D

    training_flops_per_token: F_t, operations to train on one token [FLOP/token]
    training_tokens: D, tokens that the model is trained on [token]
    """
    return training_flops_per_token * training_tokens
