"""Operators that only wait for memory. What belongs here: norms, residuals, activation functions, and the optimizer's update."""

from sweep.equations.registry import equation


@equation(unit="B/s", source="aiconfigurator-core")
def pointwise_rate(hbm_bandwidth, hbm_efficiency):
    """Rate at which memory-bound operators move their operands.

    r = e B

    hbm_bandwidth: B, memory bandwidth of one GPU [B/s]
    hbm_efficiency: e, share of it that such operators reach [1]
    """
    return hbm_bandwidth * hbm_efficiency


@equation(unit="B", source="korthikanti-2022")
def stream_bytes(fused_stream_bytes, fused_norms, norm_bytes):
    """Memory traffic of the norms, residual additions and dropouts of one layer, forward, for each element of the residual stream.

    c + 2 (1 - f) c_n

    fused_stream_bytes: c, traffic where each norm is one kernel [B]
    fused_norms: f, 1 where each norm is one kernel, 0 where it is a row of elementary operators [1]
    norm_bytes: c_n, traffic that the elementary operators of one norm add [B]
    """
    return fused_stream_bytes + 2 * (1 - fused_norms) * norm_bytes


@equation(unit="1", source="korthikanti-2022")
def operator_passes(fused_operators, eager_passes):
    """Memory traffic of residuals, positions and activation functions over what it is where neighbouring operators are fused.

    1 where fused, else e

    fused_operators: 1 where neighbouring elementwise operators run as one kernel [1]
    eager_passes: e, traffic where each runs by itself over that [1]
    """
    if fused_operators == 1:
        return 1.0
    return eager_passes


@equation(unit="B", source="korthikanti-2022")
def layer_pointwise_bytes(
    tp,
    sequence_shards,
    hidden_size,
    attention_width,
    ffn_hidden_size,
    mlp_matrices,
    stream_bytes,
    branch_passes,
    operator_passes,
    layers,
    moe_layers,
):
    """Memory traffic of norms, residuals, positions and activation function of one layer, forward, for one token.

    e (c h / s + 2 q (a + (1 - x) k f) / t), without the experts

    tp: t, tensor-parallel size [1]
    sequence_shards: s, parts into which norms and residuals are cut along the sequence [1]
    hidden_size: h, width of the residual stream [1]
    attention_width: a, columns of query, key, value and context [1]
    ffn_hidden_size: f, inner width of the dense MLP [1]
    mlp_matrices: k, matrices of the MLP: 3 gated, 2 not [1]
    stream_bytes: c, traffic for each element of the residual stream [B]
    branch_passes: q, times that positions, activation function and changes of layout read or write the split columns [1]
    operator_passes: e, traffic over what it is where neighbouring operators are fused [1]
    layers: L, transformer layers [1]
    moe_layers: layers with a mixture of experts, x = L_moe / L [1]
    """
    inner = (1 - moe_layers / layers) * mlp_matrices * ffn_hidden_size
    return operator_passes * (stream_bytes * hidden_size / sequence_shards + 2 * branch_passes * (attention_width + inner) / tp)


@equation(unit="s", source="korthikanti-2022")
def pointwise_time(local_tokens, layer_pointwise_bytes, pointwise_rate):
    """Time of the memory-bound operators of one layer, forward, for one micro-batch.

    t = n b / r

    local_tokens: n, tokens of one micro-batch on one rank [token]
    layer_pointwise_bytes: b, their memory traffic for one token [B]
    pointwise_rate: r, rate of memory-bound operators [B/s]
    """
    return local_tokens * layer_pointwise_bytes / pointwise_rate


@equation(unit="s", source="rajbhandari-2020")
def optimizer_time(parameters_per_gpu, optimizer_shards, optimizer_bytes, pointwise_rate, trained_fraction):
    """Time in which one GPU updates its share of the parameters.

    t = f c P / (z r)

    parameters_per_gpu: P, parameters that one GPU computes with [1]
    optimizer_shards: z, ranks that share the optimizer state [1]
    optimizer_bytes: c, memory traffic of the update for each parameter [B]
    pointwise_rate: r, rate of memory-bound operators [B/s]
    trained_fraction: f, share of the parameters that are trained [1]
    """
    return trained_fraction * optimizer_bytes * parameters_per_gpu / (optimizer_shards * pointwise_rate)


@equation(unit="1", source="rajbhandari-2020")
def optimizer_shards(zero_stage, data_parallel_size, cp):
    """Ranks that share the optimizer state, and with it the update.

    z = d c where it is shared, else 1

    zero_stage: what the data-parallel ranks share: 0 nothing, 1 optimizer state and more [1]
    data_parallel_size: d, copies of the model that train side by side [1]
    cp: c, context-parallel size, whose ranks share too [1]
    """
    return data_parallel_size * cp if zero_stage >= 1 else 1.0


@equation(unit="1", source="megatron-core-moe")
def parameters_per_gpu(dense_parameters_per_gpu, expert_parameters_per_gpu):
    """Parameters that the fullest GPU computes with.

    P = P_dense + P_expert

    dense_parameters_per_gpu: P_dense, parameters outside the routed experts [1]
    expert_parameters_per_gpu: P_expert, parameters of the routed experts [1]
    """
    return dense_parameters_per_gpu + expert_parameters_per_gpu
