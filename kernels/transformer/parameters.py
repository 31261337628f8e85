"""Parameters of a transformer. What belongs here: counts that follow from its shape alone; operations are in flops.py.

Of one layer: mlp_parameters (dense), expert_parameters (one routed expert), shared_expert_parameters, router_parameters,
moe_parameters (the whole mixture), moe_active_parameters (what one token visits). Of the model: dense_layers, embedding_parameters,
head_parameters, position_parameters, norm_parameters, total_parameters, active_parameters. What mixes tokens is in attention.py.
"""

from sweep.equations.registry import equation


@equation(unit="1", source="narayanan-2021")
def mlp_parameters(hidden_size, ffn_hidden_size, mlp_matrices, linear_biases):
    """Parameters of the MLP of one dense layer.

    P = m h f, and with biases (m - 1) f + h

    hidden_size: h, width of the residual stream [1]
    ffn_hidden_size: f, inner width of the MLP [1]
    mlp_matrices: m, 3 gated, 2 not [1]
    linear_biases: 1 where linear layers have a bias [1]
    """
    return mlp_matrices * hidden_size * ffn_hidden_size + linear_biases * ((mlp_matrices - 1) * ffn_hidden_size + hidden_size)


@equation(unit="1", source="deepseek-v2")
def expert_parameters(hidden_size, expert_latent_size, expert_hidden_size, mlp_matrices, linear_biases):
    """Parameters of one routed expert of one layer.

    P = m w f_e, w = h or the latent size, and with biases (m - 1) f_e + w

    hidden_size: h, width of the residual stream [1]
    expert_latent_size: width of the stream on which routed experts work, 0 where it is h [1]
    expert_hidden_size: f_e, inner width of one expert [1]
    mlp_matrices: m, 3 gated, 2 not [1]
    linear_biases: 1 where linear layers have a bias [1]
    """
    width = expert_latent_size if expert_latent_size > 0 else hidden_size
    return mlp_matrices * width * expert_hidden_size + linear_biases * ((mlp_matrices - 1) * expert_hidden_size + width)


@equation(unit="1", source="deepseek-v2")
def shared_expert_parameters(hidden_size, shared_expert_hidden_size, mlp_matrices):
    """Parameters of all shared experts of one layer, which every token visits.

    P = m h f_s

    hidden_size: h, width of the residual stream [1]
    shared_expert_hidden_size: f_s, inner width of all shared experts together [1]
    mlp_matrices: m, 3 gated, 2 not [1]
    """
    return mlp_matrices * hidden_size * shared_expert_hidden_size


@equation(unit="1", source="deepseek-v2")
def router_parameters(hidden_size, experts, expert_latent_size):
    """Parameters of the router of one mixture layer, and of the way to the stream of its experts and back.

    P = h E + 2 h w

    hidden_size: h, width of the residual stream [1]
    experts: E, routed experts [1]
    expert_latent_size: w, width of the stream on which routed experts work, 0 where it is h [1]
    """
    return hidden_size * (experts + 2 * expert_latent_size)


@equation(unit="1", source="deepseek-v2")
def moe_parameters(expert_parameters, experts, shared_expert_parameters, router_parameters):
    """Parameters of the mixture of experts of one layer.

    P = E P_e + P_s + P_r

    expert_parameters: P_e, of one routed expert [1]
    experts: E, routed experts [1]
    shared_expert_parameters: P_s, of the shared experts [1]
    router_parameters: P_r, of the router [1]
    """
    return experts * expert_parameters + shared_expert_parameters + router_parameters


@equation(unit="1", source="deepseek-v2")
def moe_active_parameters(expert_parameters, experts_per_token, shared_expert_parameters, router_parameters):
    """Parameters of the mixture of one layer that one token visits.

    P = k P_e + P_s + P_r

    expert_parameters: P_e, of one routed expert [1]
    experts_per_token: k, routed experts that a token visits [1]
    shared_expert_parameters: P_s, of the shared experts [1]
    router_parameters: P_r, of the router [1]
    """
    return experts_per_token * expert_parameters + shared_expert_parameters + router_parameters


@equation(unit="1", source="deepseek-v2")
def dense_layers(layers, moe_layers, mixer_only_layers):
    """Layers whose MLP is dense.

    L_d = L - L_m - L_o

    layers: L, transformer layers [1]
    moe_layers: L_m, layers with a mixture of experts [1]
    mixer_only_layers: L_o, layers without an MLP [1]
    """
    return layers - moe_layers - mixer_only_layers


@equation(unit="1", source="narayanan-2021")
def embedding_parameters(vocabulary_size, hidden_size):
    """Parameters of the input embedding.

    P = V h

    vocabulary_size: V, rows of the embedding [1]
    hidden_size: h, width of the residual stream [1]
    """
    return vocabulary_size * hidden_size


@equation(unit="1", source="narayanan-2021")
def head_parameters(vocabulary_size, hidden_size, tied_embeddings):
    """Parameters of the output head, beyond what it shares with the input embedding.

    P = V h, or 0 where it shares the embedding

    vocabulary_size: V, rows of the embedding [1]
    hidden_size: h, width of the residual stream [1]
    tied_embeddings: 1 where the head shares the embedding [1]
    """
    return (1 - tied_embeddings) * vocabulary_size * hidden_size


@equation(unit="1", source="narayanan-2021")
def position_parameters(learned_positions, hidden_size):
    """Parameters of the learned position embedding.

    P = s_max h

    learned_positions: s_max, rows of the position embedding [1]
    hidden_size: h, width of the residual stream [1]
    """
    return learned_positions * hidden_size


@equation(unit="1", source="narayanan-2021")
def norm_parameters(layers, hidden_size, linear_biases):
    """Parameters of the norms: two of each layer and one at the end, with a shift where linear layers have a bias.

    P = (2 L + 1) h, twice that with shifts

    layers: L, transformer layers [1]
    hidden_size: h, width of the residual stream [1]
    linear_biases: 1 where linear layers have a bias [1]
    """
    return (2 * layers + 1) * hidden_size * (1 + linear_biases)


@equation(unit="1", source="narayanan-2021")
def total_parameters(
    mixing_parameters,
    dense_layers,
    mlp_parameters,
    moe_layers,
    moe_parameters,
    norm_parameters,
    embedding_parameters,
    head_parameters,
    position_parameters,
):
    """Parameters of the model, embeddings included.

    N = P_t + L_d P_m + L_m P_x + P_n + P_v + P_o + P_p

    mixing_parameters: P_t, what mixes tokens in all layers [1]
    dense_layers: L_d, layers with a dense MLP [1]
    mlp_parameters: P_m, of one dense MLP [1]
    moe_layers: L_m, layers with a mixture of experts [1]
    moe_parameters: P_x, of the mixture in one layer [1]
    norm_parameters: P_n, of all norms [1]
    embedding_parameters: P_v, of the input embedding [1]
    head_parameters: P_o, of the output head [1]
    position_parameters: P_p, of learned positions [1]
    """
    blocks = mixing_parameters + dense_layers * mlp_parameters + moe_layers * moe_parameters
    return blocks + norm_parameters + embedding_parameters + head_parameters + position_parameters


@equation(unit="1", source="deepseek-v2")
def active_parameters(total_parameters, moe_layers, moe_parameters, moe_active_parameters):
    """Parameters that one token visits: all but the experts to which it is not sent. Embeddings are included.

    N_a = N - L_m (P_x - P_k)

    total_parameters: N, parameters of the model [1]
    moe_layers: L_m, layers with a mixture of experts [1]
    moe_parameters: P_x, of the mixture in one layer [1]
    moe_active_parameters: P_k, what one token visits of it [1]
    """
    return total_parameters - moe_layers * (moe_parameters - moe_active_parameters)
