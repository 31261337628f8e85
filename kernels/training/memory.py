"""Memory of one GPU in training. What belongs here: optimizer state and activations; the peak of a stage is for memory_limit.py."""

from sweep.equations.registry import equation
from sweep.kernels.choices import FP8, FULL_RECOMPUTE, SELECTIVE_RECOMPUTE


@equation(unit="B", source="rajbhandari-2020")
def dense_state_bytes(
    data_parallel_size, cp, zero_stage, parameter_bytes, main_gradient_bytes, optimizer_state_bytes, trained_fraction
):
    """Memory of parameter, gradient and optimizer state of each parameter outside the experts, after the ranks have shared them.

    c_p / z_3 + f (c_g / z_2 + c_o / z_1), z = d c from the stage on at which each is shared, else 1

    data_parallel_size: d, copies of the model that train side by side [1]
    cp: c, context-parallel size, whose ranks share too [1]
    zero_stage: what the ranks share: 0 nothing, 1 optimizer state, 2 and gradients, 3 and parameters [1]
    parameter_bytes: c_p, bytes of a parameter as it is computed with [B]
    main_gradient_bytes: c_g, bytes of a gradient as it is kept [B]
    optimizer_state_bytes: c_o, bytes of the optimizer state for each parameter that is trained [B]
    trained_fraction: f, share of the parameters that are trained [1]
    """
    gradient, state = trained_fraction * main_gradient_bytes, trained_fraction * optimizer_state_bytes
    return _state_bytes(data_parallel_size * cp, zero_stage, parameter_bytes, gradient, state)


@equation(unit="B", source="rajbhandari-2020")
def expert_state_bytes(expert_replicas, zero_stage, parameter_bytes, main_gradient_bytes, optimizer_state_bytes, trained_fraction):
    """Memory of parameter, gradient and optimizer state of each parameter of an expert, after the ranks have shared them.

    c_p / z_3 + f (c_g / z_2 + c_o / z_1), z = x from the stage on at which each is shared, else 1

    expert_replicas: x, ranks that hold the same experts [1]
    zero_stage: what the ranks share: 0 nothing, 1 optimizer state, 2 and gradients, 3 and parameters [1]
    parameter_bytes: c_p, bytes of a parameter as it is computed with [B]
    main_gradient_bytes: c_g, bytes of a gradient as it is kept [B]
    optimizer_state_bytes: c_o, bytes of the optimizer state for each parameter that is trained [B]
    trained_fraction: f, share of the parameters that are trained [1]
    """
    gradient, state = trained_fraction * main_gradient_bytes, trained_fraction * optimizer_state_bytes
    return _state_bytes(expert_replicas, zero_stage, parameter_bytes, gradient, state)


def _state_bytes(ranks, zero_stage, parameter_bytes, gradient_bytes, state_bytes):
    state = state_bytes / ranks if zero_stage >= 1 else state_bytes
    gradient = gradient_bytes / ranks if zero_stage >= 2 else gradient_bytes
    weights = parameter_bytes / ranks if zero_stage >= 3 else parameter_bytes
    return weights + gradient + state


@equation(unit="B", source="rajbhandari-2020")
def model_state_memory(dense_parameters_per_gpu, expert_parameters_per_gpu, dense_state_bytes, expert_state_bytes):
    """Memory of parameters, gradients and optimizer state on the fullest GPU.

    M = P b + P_e b_e

    dense_parameters_per_gpu: P, parameters outside the experts [1]
    expert_parameters_per_gpu: P_e, parameters of the experts [1]
    dense_state_bytes: b, memory of each parameter outside the experts [B]
    expert_state_bytes: b_e, memory of each parameter of an expert [B]
    """
    dense = dense_parameters_per_gpu * dense_state_bytes
    return dense if expert_parameters_per_gpu == 0 else dense + expert_parameters_per_gpu * expert_state_bytes


@equation(unit="B", source="korthikanti-2022")
def stream_activation_bytes(precision, kept_stream_bytes, fused_norms, kept_norm_bytes, recompute_norms):
    """Activations that one layer keeps of norms, residuals and inputs of linear layers, for each element of the residual stream.

    c + (1 - b) 2 w + 2 (1 - f) c_n, w the bytes of an input of a linear layer: 1 in 8-bit formats and narrower, else 2

    precision: number format of the products [1]
    kept_stream_bytes: c, bytes kept apart from the inputs of linear layers [B]
    fused_norms: f, 1 where each norm is one kernel [1]
    kept_norm_bytes: c_n, bytes that a norm in elementary operators keeps [B]
    recompute_norms: b, 1 where outputs of norms, which those inputs are, are computed again [1]
    """
    inputs = 2 if precision >= FP8 else 4
    return kept_stream_bytes + (1 - recompute_norms) * inputs + 2 * (1 - fused_norms) * kept_norm_bytes


@equation(unit="B", source="korthikanti-2022")
def layer_activation_bytes(
    tp,
    sequence_shards,
    hidden_size,
    stream_activation_bytes,
    attention_width,
    ffn_hidden_size,
    mlp_matrices,
    shared_expert_hidden_size,
    expert_hidden_size,
    experts_per_token,
    etp,
    layers,
    moe_layers,
    attention_heads,
    value_head_size,
    recompute_mlp,
    recompute_latent_projection,
    recompute_experts,
    recompute_shared_experts,
    recompute_expert_activation,
    precision,
    fused_operators,
    gathered_inputs,
):
    """Activations that one layer keeps for the backward pass, for one token, without the scores of attention.

    c h / s + 2 (a + k f) / t + k_e (w (t_e h + f_e) + 2 (k - 1) f_e) / s, the widths as the layers have them on average, without what is
    computed again; w bytes of an input of a product, 1 in 8-bit formats and narrower, else 2; operators one by one keep queries and keys
    before positions and the result of a gate's activation function besides; gathered inputs add 4 h (1 - 1 / s)

    tp: t, tensor-parallel size [1]
    sequence_shards: s, parts into which the sequence is cut over the tensor-parallel ranks [1]
    hidden_size: h, width of the residual stream [1]
    stream_activation_bytes: c, kept for each element of the residual stream [B]
    attention_width: a, columns of query, key, value and context [1]
    ffn_hidden_size: f, inner width of the dense MLP [1]
    mlp_matrices: k, matrices of an MLP: 3 gated, 2 not [1]
    shared_expert_hidden_size: inner width of all shared experts together [1]
    expert_hidden_size: f_e, inner width of one expert [1]
    experts_per_token: k_e, routed experts that each token visits [1]
    etp: t_e, expert-tensor-parallel size, over whose ranks tokens are gathered [1]
    layers: transformer layers [1]
    moe_layers: layers with a mixture of experts [1]
    attention_heads: query heads; with the next the columns of the context, which are kept in any case [1]
    value_head_size: width of one value head [1]
    recompute_mlp: 1 where dense MLPs are computed again [1]
    recompute_latent_projection: 1 where queries, keys and values of latent attention are [1]
    recompute_experts: 1 where routed experts are [1]
    recompute_shared_experts: 1 where shared experts are [1]
    recompute_expert_activation: 1 where the activation function of the experts is, whose result is f_e wide [1]
    precision: number format of the products [1]
    fused_operators: 1 where neighbouring elementwise operators run as one kernel [1]
    gathered_inputs: 1 where the inputs of linear layers are kept as they are gathered from the tensor-parallel ranks [1]
    """
    kept = 1 if precision >= FP8 else 2
    apart = 1 - fused_operators
    share = moe_layers / layers
    inner = (1 - share) * (1 - recompute_mlp) * ffn_hidden_size + share * (1 - recompute_shared_experts) * shared_expert_hidden_size
    columns = (1 + apart / 2) * attention_width - recompute_latent_projection * (attention_width - attention_heads * value_head_size)
    width = (1 - recompute_expert_activation) * kept + 2 * (mlp_matrices - 1)
    routed = share * (1 - recompute_experts) * experts_per_token / sequence_shards * (kept * etp * hidden_size + width * expert_hidden_size)
    stream = hidden_size * (stream_activation_bytes / sequence_shards + gathered_inputs * 4 * (1 - 1 / sequence_shards))
    return stream + 2 * (columns + (mlp_matrices + apart * (mlp_matrices - 2)) * inner) / tp + routed


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

    min(m, p) for 1F1B, min(m, p (1 + (p - 1) / (p v))) interleaved

    pp: p, pipeline stages [1]
    interleaving: v, chunks of one stage [1]
    micro_batches: m, micro-batches of one copy in one step [1]
    """
    if interleaving > 1:
        return min(micro_batches, pp + (pp - 1) / interleaving)
    return min(micro_batches, pp)


@equation(unit="B", source="korthikanti-2022")
def stage_activation_bytes(slowest_stage_layers, layer_activation_bytes, score_bytes, recompute, hidden_size, sequence_shards):
    """Activations that the fullest stage keeps for one token of one micro-batch until its backward pass.

    l (b + b_s); without the scores with selective recomputation; l 2 h / s, the inputs of the layers, with full recomputation

    slowest_stage_layers: l, layers of the fullest stage [1]
    layer_activation_bytes: b, kept by one layer without scores [B]
    score_bytes: b_s, scores kept by one layer [B]
    recompute: what is computed again [1]
    hidden_size: h, width of the residual stream [1]
    sequence_shards: s, parts into which the sequence is cut over the tensor-parallel ranks [1]
    """
    if recompute == FULL_RECOMPUTE:
        return slowest_stage_layers * 2 * hidden_size / sequence_shards
    if recompute == SELECTIVE_RECOMPUTE:
        return slowest_stage_layers * layer_activation_bytes
    return slowest_stage_layers * (layer_activation_bytes + score_bytes)


@equation(unit="B", source="korthikanti-2022")
def working_bytes(layer_activation_bytes, score_bytes, recompute):
    """Activations of the layer at work that are not among those kept, for one token.

    b + b_s with full recomputation, b_s with selective, else 0

    layer_activation_bytes: b, kept by one layer without scores [B]
    score_bytes: b_s, scores of one layer [B]
    recompute: what is computed again [1]
    """
    if recompute == FULL_RECOMPUTE:
        return layer_activation_bytes + score_bytes
    if recompute == SELECTIVE_RECOMPUTE:
        return score_bytes
    return 0.0


@equation(unit="B", source="korthikanti-2022")
def head_bytes(vocabulary_size, tp, fused_operators, gathered_logits, logit_bytes, eager_logit_bytes, gathered_logit_bytes):
    """Memory of logits and loss for one token.

    c V / t; c_g V where each rank gathers all logits

    vocabulary_size: V, rows of the embedding [1]
    tp: t, tensor-parallel size [1]
    fused_operators: 1 where neighbouring elementwise operators run as one kernel [1]
    gathered_logits: 1 where each tensor-parallel rank gathers all logits before the loss [1]
    logit_bytes: c, bytes for each logit where the loss is one kernel [B]
    eager_logit_bytes: c, the same where it is a row of elementary operators [B]
    gathered_logit_bytes: c_g, the same on gathered logits [B]
    """
    if gathered_logits == 1:
        return gathered_logit_bytes * vocabulary_size
    if fused_operators == 1:
        return logit_bytes * vocabulary_size / tp
    return eager_logit_bytes * vocabulary_size / tp
