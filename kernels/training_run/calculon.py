"""Step time as Calculon estimates it. What belongs here: its terms, one after the other, at efficiencies that are the same for any GPU.

Operations and memory traffic of each operator add up, exchanges do not hide, attention is not fused, and vocabulary and loss take no time.
"""

from sweep.equations.registry import equation
from sweep.kernels.choices import FULL_RECOMPUTE


@equation(unit="s", source="calculon")
def calculon_products_time(
    local_tokens,
    tp,
    attention_weights,
    attention_width,
    layer_mlp_weights,
    mlp_matrices,
    hidden_size,
    peak_rate,
    calculon_memory_rate,
    calculon_large_efficiency,
    calculon_efficiency,
    calculon_small_efficiency,
    calculon_large_product,
    calculon_small_product,
):
    """Time of the linear layers of one layer, forward, for one micro-batch, by Calculon.

    t = (F_a / e_a + F_m / e_m) / R + 2 (n ((4 + k) h + (a + w_m / h) / t) + (w_a + w_m) / t) / B, F = 2 n w / t in four and in k products

    local_tokens: n, tokens of one micro-batch on one rank [token]
    tp: t, tensor-parallel size [1]
    attention_weights: w_a, elements of the projection matrices [1]
    attention_width: a, columns of query, key, value and context [1]
    layer_mlp_weights: w_m, elements of the MLP matrices that a token meets [1]
    mlp_matrices: k, matrices of an MLP [1]
    hidden_size: h, width of the residual stream [1]
    peak_rate: R, dense peak rate of the GPU in the format of the products [FLOP/s]
    calculon_memory_rate: B, rate of memory traffic [B/s]
    calculon_large_efficiency: e, share of the peak that a large product reaches [1]
    calculon_efficiency: e, that of a product between the two limits [1]
    calculon_small_efficiency: e, that of a small product [1]
    calculon_large_product: operations from which on a product is large [FLOP]
    calculon_small_product: operations below which it is small [FLOP]
    """
    attention = 2 * local_tokens * attention_weights / tp
    mlp = 2 * local_tokens * layer_mlp_weights / tp
    work = 0.0
    for flops, products in ((attention, 4.0), (mlp, mlp_matrices)):
        efficiency = calculon_efficiency
        if flops >= products * calculon_large_product:
            efficiency = calculon_large_efficiency
        elif flops < products * calculon_small_product:
            efficiency = calculon_small_efficiency
        work += flops / efficiency
    columns = (4 + mlp_matrices) * hidden_size + (attention_width + layer_mlp_weights / hidden_size) / tp
    traffic = 2 * (local_tokens * columns + (attention_weights + layer_mlp_weights) / tp)
    return work / peak_rate + traffic / calculon_memory_rate


@equation(unit="B/s", source="calculon")
def calculon_memory_rate(hbm_bandwidth, calculon_memory_efficiency):
    """Rate at which Calculon lets operators read and write memory.

    e B

    hbm_bandwidth: B, memory bandwidth of one GPU [B/s]
    calculon_memory_efficiency: e, share of it that operators reach [1]
    """
    return hbm_bandwidth * calculon_memory_efficiency


@equation(unit="s", source="calculon")
def calculon_scores_time(local_tokens, tp, attention_score_flops_full, layers, peak_rate, calculon_large_efficiency):
    """Time of the products of scores and context in one layer, forward, for one micro-batch, by Calculon.

    t = n F / (L t e R)

    local_tokens: n, tokens of one micro-batch on one rank [token]
    tp: t, tensor-parallel size [1]
    attention_score_flops_full: F, operations of all layers' scores for one token, the whole matrix [FLOP/token]
    layers: L, transformer layers [1]
    peak_rate: R, dense peak rate of the GPU in the format of the products [FLOP/s]
    calculon_large_efficiency: e, share of the peak that large products reach [1]
    """
    return local_tokens * attention_score_flops_full / (layers * tp * calculon_large_efficiency * peak_rate)


@equation(unit="s", source="calculon")
def calculon_softmax_time(local_tokens, tp, attention_heads, sequence_length, calculon_memory_rate, calculon_score_bytes):
    """Time of memory traffic of scores, softmax and dropout in one layer, forward or backward, for one micro-batch, by Calculon.

    t = n s a c / (t B)

    local_tokens: n, tokens of one micro-batch on one rank [token]
    tp: t, tensor-parallel size [1]
    attention_heads: a, query heads [1]
    sequence_length: s, tokens in one sequence [token]
    calculon_memory_rate: B, rate of memory traffic [B/s]
    calculon_score_bytes: c, memory traffic of one score [B]
    """
    return local_tokens * sequence_length * attention_heads * calculon_score_bytes / (tp * calculon_memory_rate)


@equation(unit="s", source="calculon")
def calculon_stream_time(
    local_tokens, tp, sequence_shards, hidden_size, mlp_matrices, layer_mlp_weights, calculon_memory_rate, calculon_stream_bytes
):
    """Time of norms, dropouts, residual additions and activation functions of one layer, forward, by Calculon.

    t = n (c h / s + 4 w / (k h t)) / B

    local_tokens: n, tokens of one micro-batch on one rank [token]
    tp: t, tensor-parallel size [1]
    sequence_shards: s, parts into which the sequence is cut over the tensor-parallel ranks [1]
    hidden_size: h, width of the residual stream [1]
    mlp_matrices: k, matrices of an MLP [1]
    layer_mlp_weights: w, elements of the MLP matrices that a token meets [1]
    calculon_memory_rate: B, rate of memory traffic [B/s]
    calculon_stream_bytes: c, memory traffic of each element of the residual stream [B]
    """
    inner = layer_mlp_weights / (mlp_matrices * hidden_size * tp)
    return local_tokens * (calculon_stream_bytes * hidden_size / sequence_shards + 4 * inner) / calculon_memory_rate


@equation(unit="s", source="calculon")
def calculon_stream_backward_time(
    local_tokens, tp, sequence_shards, hidden_size, mlp_matrices, layer_mlp_weights, calculon_memory_rate, calculon_stream_backward_bytes
):
    """Time of the same operators of one layer backward, with the sums of gradients where activations fork, by Calculon.

    t = n (c h / s + 8 h + 4 w / (k h t)) / B, 8 where gradients of query, key and value add up to one, which no rank cuts

    local_tokens: n, tokens of one micro-batch on one rank [token]
    tp: t, tensor-parallel size [1]
    sequence_shards: s, parts into which the sequence is cut over the tensor-parallel ranks [1]
    hidden_size: h, width of the residual stream [1]
    mlp_matrices: k, matrices of an MLP [1]
    layer_mlp_weights: w, elements of the MLP matrices that a token meets [1]
    calculon_memory_rate: B, rate of memory traffic [B/s]
    calculon_stream_backward_bytes: c, memory traffic of each element of the residual stream [B]
    """
    inner = layer_mlp_weights / (mlp_matrices * hidden_size * tp)
    stream = hidden_size * (calculon_stream_backward_bytes / sequence_shards + 8)
    return local_tokens * (stream + 4 * inner) / calculon_memory_rate


@equation(unit="s", source="calculon")
def calculon_exchange_time(
    local_tokens,
    tp,
    sequence_shards,
    hidden_size,
    scaleup_domain,
    scaleup_bandwidth,
    scaleout_bandwidth,
    calculon_scaleup_efficiency,
    calculon_scaleout_efficiency,
    calculon_memory_rate,
):
    """Time of the exchanges of one layer between tensor-parallel ranks, forward, for one micro-batch, by Calculon.

    t = n h (8 (t - 1) / (t u) + 8 / B), two all-reduces; where the sequence is cut, four gathers and scatters, 12 and 16

    local_tokens: n, tokens of one micro-batch on one rank [token]
    tp: t, tensor-parallel size [1]
    sequence_shards: parts into which the sequence is cut over the tensor-parallel ranks [1]
    hidden_size: h, width of the residual stream [1]
    scaleup_domain: GPUs that are joined by the scale-up network [1]
    scaleup_bandwidth: bandwidth of one GPU inside a domain, one direction [B/s]
    scaleout_bandwidth: that of the network between domains, which larger groups take [B/s]
    calculon_scaleup_efficiency: share of the first that exchanges reach, u together [1]
    calculon_scaleout_efficiency: share of the second [1]
    calculon_memory_rate: B, rate of memory traffic [B/s]
    """
    if tp == 1:
        return 0.0
    rate = calculon_scaleup_efficiency * scaleup_bandwidth
    if tp > scaleup_domain:
        rate = calculon_scaleout_efficiency * scaleout_bandwidth
    sent, touched = (12.0, 16.0) if sequence_shards > 1 else (8.0, 8.0)
    return local_tokens * hidden_size * (sent * (tp - 1) / tp / rate + touched / calculon_memory_rate)


@equation(unit="s", source="calculon")
def calculon_layer_time(
    calculon_products_time,
    calculon_scores_time,
    calculon_softmax_time,
    calculon_stream_time,
    calculon_stream_backward_time,
    calculon_exchange_time,
    recompute,
):
    """Time of one layer for one micro-batch, forward, backward and what is computed again, by Calculon.

    t = 3 (t_p + t_s) + 2 (t_m + t_x) + t_r + t_b and once more t_s + t_m; with full recomputation all of the forward pass

    calculon_products_time: t_p, linear layers, forward; backward they take twice that [s]
    calculon_scores_time: t_s, products of scores and context, likewise [s]
    calculon_softmax_time: t_m, memory traffic of scores, which is the same backward [s]
    calculon_stream_time: t_r, memory-bound operators, forward [s]
    calculon_stream_backward_time: t_b, the same backward [s]
    calculon_exchange_time: t_x, exchanges between tensor-parallel ranks, forward [s]
    recompute: what is computed again; the core of attention always is, as fused attention does it [1]
    """
    layer = 4 * calculon_scores_time + 3 * calculon_softmax_time + calculon_stream_backward_time
    if recompute == FULL_RECOMPUTE:
        return layer + 4 * calculon_products_time + 2 * calculon_stream_time + 3 * calculon_exchange_time
    return layer + 3 * calculon_products_time + calculon_stream_time + 2 * calculon_exchange_time


@equation(unit="s", source="calculon")
def calculon_step_time(
    calculon_layer_time,
    layers,
    pp,
    interleaving,
    micro_batches,
    local_tokens,
    tp,
    hidden_size,
    parameters_per_gpu,
    data_parallel_size,
    gpus,
    scaleup_domain,
    scaleup_bandwidth,
    scaleout_bandwidth,
    calculon_scaleup_efficiency,
    calculon_scaleout_efficiency,
    optimizer_shards,
    calculon_memory_rate,
):
    """Time of one optimizer step by Calculon.

    t = l (m + (p - 1) / v) t_l + 4 m v n h / (t o) + 4 P (d - 1) / (d o) + 12 P / (z B), l = L / p

    calculon_layer_time: t_l, one layer for one micro-batch [s]
    layers: L, transformer layers [1]
    pp: p, pipeline-parallel size [1]
    interleaving: v, chunks of one stage [1]
    micro_batches: m, micro-batches of one copy in one step [1]
    local_tokens: n, tokens of one micro-batch on one rank [token]
    tp: t, tensor-parallel size [1]
    hidden_size: h, width of the residual stream [1]
    parameters_per_gpu: P, parameters that one GPU computes with [1]
    data_parallel_size: d, copies of the model that train side by side [1]
    gpus: GPUs of the cluster [1]
    scaleup_domain: GPUs that are joined by the scale-up network [1]
    scaleup_bandwidth: bandwidth of one GPU inside a domain, one direction; o is that where the cluster is one domain [B/s]
    scaleout_bandwidth: that of the network between domains; o, else [B/s]
    calculon_scaleup_efficiency: share that exchanges inside a domain reach [1]
    calculon_scaleout_efficiency: share that others reach [1]
    optimizer_shards: z, ranks that share the optimizer state [1]
    calculon_memory_rate: B, rate of memory traffic; master weights and two moments pass once, in 32 bits [B/s]
    """
    rate = calculon_scaleup_efficiency * scaleup_bandwidth
    if gpus > scaleup_domain:
        rate = calculon_scaleout_efficiency * scaleout_bandwidth
    time = layers / pp * (micro_batches + (pp - 1) / interleaving) * calculon_layer_time
    if pp > 1:
        time += 4 * micro_batches * interleaving * local_tokens * hidden_size / (tp * rate)
    if data_parallel_size > 1:
        time += 4 * parameters_per_gpu * (data_parallel_size - 1) / data_parallel_size / rate
    return time + 12 * parameters_per_gpu / (optimizer_shards * calculon_memory_rate)


@equation(unit="s", source="calculon")
def time_to_train_calculon(training_tokens, tokens_per_step, calculon_step_time):
    """Time to train on all tokens at Calculon's step time, without failures.

    T = D / n t

    training_tokens: D, tokens that the model is trained on [token]
    tokens_per_step: n, tokens of one step [token]
    calculon_step_time: t, time of one step [s]
    """
    return training_tokens / tokens_per_step * calculon_step_time
