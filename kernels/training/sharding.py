"""Parameters of one GPU in training. What belongs here: elements of a layer by kind, and those that the split leaves to a GPU."""

from sweep.equations.registry import equation


@equation(unit="1", source="narayanan-2021")
def layer_mlp_weights(
    hidden_size, mlp_matrices, ffn_hidden_size, shared_expert_hidden_size, expert_hidden_size, experts_per_token, layers, moe_layers
):
    """Elements of the MLP matrices that one token meets in a layer, on average over dense and mixture layers.

    k h ((1 - x) f + x (f_s + k_e f_e)), x = L_moe / L

    hidden_size: h, width of the residual stream [1]
    mlp_matrices: k, matrices of an MLP: 3 gated, 2 not [1]
    ffn_hidden_size: f, inner width of the dense MLP [1]
    shared_expert_hidden_size: f_s, inner width of all shared experts together [1]
    expert_hidden_size: f_e, inner width of one expert [1]
    experts_per_token: k_e, routed experts that each token visits [1]
    layers: L, transformer layers [1]
    moe_layers: L_moe, layers with a mixture of experts [1]
    """
    share = moe_layers / layers
    mixture = shared_expert_hidden_size + experts_per_token * expert_hidden_size
    return mlp_matrices * hidden_size * ((1 - share) * ffn_hidden_size + share * mixture)


@equation(unit="1", source="narayanan-2021")
def layer_dense_weights(
    attention_weights, hidden_size, mlp_matrices, ffn_hidden_size, shared_expert_hidden_size, experts, layers, moe_layers
):
    """Parameters of one layer outside the routed experts, on average over dense and mixture layers.

    w_a + (1 - x) k h f + x (k h f_s + h E)

    attention_weights: w_a, elements of the projections of attention [1]
    hidden_size: h, width of the residual stream [1]
    mlp_matrices: k, matrices of an MLP: 3 gated, 2 not [1]
    ffn_hidden_size: f, inner width of the dense MLP [1]
    shared_expert_hidden_size: f_s, inner width of all shared experts together [1]
    experts: E, routed experts of a mixture layer [1]
    layers: L, transformer layers [1]
    moe_layers: layers with a mixture of experts, x = L_moe / L [1]
    """
    share = moe_layers / layers
    mixture = mlp_matrices * hidden_size * shared_expert_hidden_size + hidden_size * experts
    return attention_weights + (1 - share) * mlp_matrices * hidden_size * ffn_hidden_size + share * mixture


@equation(unit="1", source="megatron-core-moe")
def layer_expert_weights(hidden_size, mlp_matrices, expert_hidden_size, experts, layers, moe_layers):
    """Parameters of the routed experts of one layer, on average over dense and mixture layers.

    x E k h f

    hidden_size: h, width of the residual stream [1]
    mlp_matrices: k, matrices of one expert: 3 gated, 2 not [1]
    expert_hidden_size: f, inner width of one expert [1]
    experts: E, routed experts of a mixture layer [1]
    layers: L, transformer layers [1]
    moe_layers: layers with a mixture of experts, x = L_moe / L [1]
    """
    return moe_layers / layers * experts * mlp_matrices * hidden_size * expert_hidden_size


@equation(unit="1", source="narayanan-2021")
def dense_parameters_per_gpu(slowest_stage_layers, layer_dense_weights, vocabulary_size, hidden_size, tied_embeddings, tp, pp):
    """Parameters outside the routed experts that the fullest GPU computes with.

    P = (l w + V h) / t, with another V h where a single stage holds an untied head

    slowest_stage_layers: l, layers of the fullest stage [1]
    layer_dense_weights: w, parameters of one layer outside the routed experts [1]
    vocabulary_size: V, rows of the embedding [1]
    hidden_size: h, width of the residual stream [1]
    tied_embeddings: 1 where the head shares the embedding matrix [1]
    tp: t, tensor-parallel size [1]
    pp: pipeline stages [1]
    """
    matrices = 2 - tied_embeddings if pp == 1 else 1
    return (slowest_stage_layers * layer_dense_weights + matrices * vocabulary_size * hidden_size) / tp


@equation(unit="1", source="narayanan-2021")
def last_stage_parameters(dense_parameters_per_gpu, last_stage_layers, layer_dense_weights, vocabulary_size, hidden_size, tp, pp):
    """Parameters outside the routed experts on a GPU of the last pipeline stage, which holds the head, or a copy of tied embeddings.

    P = (l w + V h) / t; those of the only stage where there is one

    dense_parameters_per_gpu: parameters of the fullest stage outside the routed experts [1]
    last_stage_layers: l, layers of the stage [1]
    layer_dense_weights: w, parameters of one layer outside the routed experts [1]
    vocabulary_size: V, rows of the embedding [1]
    hidden_size: h, width of the residual stream [1]
    tp: t, tensor-parallel size [1]
    pp: pipeline stages [1]
    """
    if pp == 1:
        return dense_parameters_per_gpu
    return (last_stage_layers * layer_dense_weights + vocabulary_size * hidden_size) / tp


@equation(unit="1", source="megatron-core-moe")
def expert_parameters_per_gpu(slowest_stage_layers, layer_expert_weights, ep, etp):
    """Parameters of the routed experts on the fullest GPU.

    P = l w / (e t_e)

    slowest_stage_layers: l, layers of the fullest stage [1]
    layer_expert_weights: w, parameters of one layer's routed experts [1]
    ep: e, expert-parallel size [1]
    etp: t_e, expert-tensor-parallel size [1]
    """
    return slowest_stage_layers * layer_expert_weights / (ep * etp)


@equation(unit="1", source="megatron-core-moe")
def expert_replicas(tp, cp, ep, etp, data_parallel_size):
    """Ranks of one stage that hold the same experts.

    t c d / (e t_e)

    tp: t, tensor-parallel size [1]
    cp: c, context-parallel size [1]
    ep: e, expert-parallel size [1]
    etp: t_e, expert-tensor-parallel size [1]
    data_parallel_size: d, copies of the model that train side by side [1]
    """
    return tp * cp * data_parallel_size / (ep * etp)
