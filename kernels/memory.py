"""Memory of one GPU in training. What belongs here: parameters, optimizer state, activations and reserve, and what does not fit."""

from sweep.registry import equation, rule

NONE, SELECTIVE, FULL = 0, 1, 2


@equation(unit="1", source="narayanan-2021")
def layer_mlp_weights(hidden_size, mlp_matrices, ffn_hidden_size, shared_expert_hidden_size, expert_hidden_size, experts_per_token, layers, moe_layers):
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
def layer_dense_weights(attention_weights, hidden_size, mlp_matrices, ffn_hidden_size, shared_expert_hidden_size, experts, layers, moe_layers):
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


@equation(unit="1", source="megatron-core-moe")
def expert_parameters_per_gpu(slowest_stage_layers, layer_expert_weights, ep):
    """Parameters of the routed experts on the fullest GPU.

    P = l w / e

    slowest_stage_layers: l, layers of the fullest stage [1]
    layer_expert_weights: w, parameters of one layer's routed experts [1]
    ep: e, expert-parallel size [1]
    """
    return slowest_stage_layers * layer_expert_weights / ep


@equation(unit="1", source="megatron-core-moe")
def expert_replicas(tp, cp, ep, data_parallel_size):
    """Ranks of one stage that hold the same experts.

    t c d / e

    tp: t, tensor-parallel size [1]
    cp: c, context-parallel size [1]
    ep: e, expert-parallel size [1]
    data_parallel_size: d, copies of the model that train side by side [1]
    """
    return tp * cp * data_parallel_size / ep


def _bytes(parameters, ranks, zero_stage, parameter_bytes, gradient_bytes, state_bytes):
    state = state_bytes / ranks if zero_stage >= 1 else state_bytes
    gradient = gradient_bytes / ranks if zero_stage >= 2 else gradient_bytes
    weights = parameter_bytes / ranks if zero_stage >= 3 else parameter_bytes
    return parameters * (weights + gradient + state)


@equation(unit="B", source="rajbhandari-2020")
def model_state_memory(
    dense_parameters_per_gpu, expert_parameters_per_gpu, data_parallel_size, cp, expert_replicas, zero_stage, parameter_bytes, main_gradient_bytes, optimizer_state_bytes
):
    """Memory of parameters, gradients and optimizer state on the fullest GPU, after the ranks have shared them.

    M = P (c_p / z_3 + c_g / z_2 + c_o / z_1), z = ranks from the stage on at which each is shared, else 1

    dense_parameters_per_gpu: P, parameters outside the experts [1]
    expert_parameters_per_gpu: parameters of the experts, likewise [1]
    data_parallel_size: d, copies of the model that train side by side [1]
    cp: context-parallel size, whose ranks share too [1]
    expert_replicas: ranks that hold the same experts [1]
    zero_stage: what the ranks share: 0 nothing, 1 optimizer state, 2 and gradients, 3 and parameters [1]
    parameter_bytes: c_p, bytes of a parameter as it is computed with [B]
    main_gradient_bytes: c_g, bytes of a gradient as it is kept [B]
    optimizer_state_bytes: c_o, bytes of the optimizer state for each parameter [B]
    """
    dense = _bytes(dense_parameters_per_gpu, data_parallel_size * cp, zero_stage, parameter_bytes, main_gradient_bytes, optimizer_state_bytes)
    if expert_parameters_per_gpu == 0:
        return dense
    return dense + _bytes(expert_parameters_per_gpu, expert_replicas, zero_stage, parameter_bytes, main_gradient_bytes, optimizer_state_bytes)


@equation(unit="B", source="korthikanti-2022")
def layer_activation_bytes(
    tp, sequence_shards, hidden_size, attention_width, ffn_hidden_size, mlp_matrices, shared_expert_hidden_size, expert_hidden_size, experts_per_token, layers, moe_layers
):
    """Activations that one layer keeps for the backward pass, for one token, without the scores of attention.

    10 h / s + 2 a / t + 2 k f / t, the inner width f as the layers have it on average

    tp: t, tensor-parallel size [1]
    sequence_shards: s, parts into which the sequence is cut over the tensor-parallel ranks [1]
    hidden_size: h, width of the residual stream [1]
    attention_width: a, columns of query, key, value and context [1]
    ffn_hidden_size: f, inner width of the dense MLP [1]
    mlp_matrices: k, matrices of an MLP: 3 gated, 2 not [1]
    shared_expert_hidden_size: inner width of all shared experts together [1]
    expert_hidden_size: inner width of one expert [1]
    experts_per_token: routed experts that each token visits [1]
    layers: transformer layers [1]
    moe_layers: layers with a mixture of experts [1]
    """
    share = moe_layers / layers
    inner = (1 - share) * ffn_hidden_size + share * shared_expert_hidden_size
    routed = share * experts_per_token / sequence_shards * (4 * hidden_size + 2 * mlp_matrices * expert_hidden_size)
    return 10 * hidden_size / sequence_shards + 2 * (attention_width + mlp_matrices * inner) / tp + routed


@equation(unit="B", source="korthikanti-2022")
def score_bytes(tp, sequence_length, attention_heads, fused_attention):
    """Scores of attention that one layer keeps for the backward pass, for one token.

    5 a s / t; nothing where the core is fused

    tp: t, tensor-parallel size [1]
    sequence_length: s, tokens in one sequence [token]
    attention_heads: a, query heads [1]
    fused_attention: 1 where one fused kernel computes the core, else 0 [1]
    """
    return (1 - fused_attention) * 5 * attention_heads * sequence_length / tp


@equation(unit="1", source="korthikanti-2022")
def micro_batches_in_flight(pp, interleaving, micro_batches):
    """Micro-batches whose activations the first pipeline stage holds at once, in whole stages.

    min(m, p) for 1F1B, p (1 + (p - 1) / (p v)) interleaved

    pp: p, pipeline stages [1]
    interleaving: v, chunks of one stage [1]
    micro_batches: m, micro-batches of one copy in one step [1]
    """
    if interleaving > 1:
        return min(micro_batches, pp + (pp - 1) / interleaving)
    return min(micro_batches, pp)


@equation(unit="B", source="korthikanti-2022")
def activation_memory(local_tokens, slowest_stage_layers, layer_activation_bytes, score_bytes, micro_batches_in_flight, recompute, hidden_size, sequence_shards):
    """Memory of the activations that the fullest GPU keeps for the backward pass.

    n l q b; with full recomputation n (2 h l q / s + b), of which only one layer is whole at a time

    local_tokens: n, tokens of one micro-batch on one rank [token]
    slowest_stage_layers: l, layers of the fullest stage [1]
    layer_activation_bytes: b, kept by one layer for one token without scores [B]
    score_bytes: scores kept by one layer for one token, in one layer at a time where they are computed again [B]
    micro_batches_in_flight: q, micro-batches held at once [1]
    recompute: what is computed again [1]
    hidden_size: h, width of the residual stream [1]
    sequence_shards: s, parts into which the sequence is cut over the tensor-parallel ranks [1]
    """
    held = slowest_stage_layers * micro_batches_in_flight
    if recompute == FULL:
        return local_tokens * (2 * hidden_size / sequence_shards * held + layer_activation_bytes + score_bytes)
    if recompute == SELECTIVE:
        return local_tokens * (layer_activation_bytes * held + score_bytes)
    return local_tokens * held * (layer_activation_bytes + score_bytes)


@equation(unit="B", source="korthikanti-2022")
def head_memory(local_tokens, vocabulary_size, tp, pp, logit_bytes):
    """Memory of logits and loss, where the fullest GPU holds the head too.

    c n V / t in a single stage, else 0

    local_tokens: n, tokens of one micro-batch on one rank [token]
    vocabulary_size: V, rows of the embedding [1]
    tp: t, tensor-parallel size [1]
    pp: pipeline stages [1]
    logit_bytes: c, bytes kept for each logit [B]
    """
    if pp > 1:
        return 0.0
    return logit_bytes * local_tokens * vocabulary_size / tp


@equation(unit="B", source="rajbhandari-2020")
def memory_per_gpu(model_state_memory, activation_memory, head_memory, memory_reserve, allocator_waste):
    """Peak memory of the fullest GPU.

    M = (1 + f) (M_s + M_a + M_h) + M_r

    model_state_memory: M_s, parameters, gradients and optimizer state [B]
    activation_memory: M_a, activations [B]
    head_memory: M_h, logits and loss [B]
    memory_reserve: M_r, context of the driver, of libraries and of communication [B]
    allocator_waste: f, memory that the allocator holds beyond what is in use [1]
    """
    return (1 + allocator_waste) * (model_state_memory + activation_memory + head_memory) + memory_reserve


@rule(guards=("step_time",), source="rajbhandari-2020")
def exceeds_memory(memory_per_gpu, gpu_memory):
    """One GPU does not have the memory that its part of the job needs.

    memory_per_gpu: peak memory of the fullest GPU [B]
    gpu_memory: memory of one GPU [B]
    """
    return memory_per_gpu > gpu_memory
