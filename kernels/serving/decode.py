"""One decode step: every running sequence writes a token. What belongs here: the time of each part of a step.

Each part is stated for the whole replica, so that a batch multiplies or fills it; batching.py puts them together.
"""

import math

from sweep.equations.registry import equation
from sweep.kernels.choices import FP8


@equation(unit="s", source="pope-2022")
def dense_read_time(dense_weight_bytes, serving_tp, hbm_bandwidth, bandwidth_efficiency, outstanding_bandwidth, serving_time_residual):
    """Time to read the weights outside the experts once, stage after stage.

    t = z W_d / t (1 / (b e) + 1 / c)

    dense_weight_bytes: W_d, weights outside the experts [B]
    serving_tp: t, tensor-parallel size [1]
    hbm_bandwidth: b, memory bandwidth of one GPU [B/s]
    bandwidth_efficiency: e, share of it that reading weights reaches [1]
    outstanding_bandwidth: c, bandwidth at which a GPU can ask for data [B/s]
    serving_time_residual: z, measured over predicted time of serving [1]
    """
    each = 1 / (hbm_bandwidth * bandwidth_efficiency) + 1 / outstanding_bandwidth
    return serving_time_residual * dense_weight_bytes / serving_tp * each


@equation(unit="s", source="pope-2022")
def dense_compute_time(
    step_width, dense_weights, embedding_parameters, serving_gpus, serving_rate, matmul_efficiency, serving_time_residual
):
    """Time to multiply one sequence's tokens of a step with the weights outside the experts, shared by all GPUs of the replica.

    t = 2 z w (D + V) / (N r e)

    step_width: w, tokens of one sequence that a pass checks [1]
    dense_weights: D, parameters that every token reads in the layers [1]
    embedding_parameters: V, parameters of the output head, as many as of the embedding [1]
    serving_gpus: N, GPUs of one replica [1]
    serving_rate: r, dense peak rate of one GPU under its power limit [FLOP/s]
    matmul_efficiency: e, share of it that matrix multiplications reach [1]
    serving_time_residual: z, measured over predicted time of serving [1]
    """
    rate = serving_gpus * serving_rate * matmul_efficiency
    return serving_time_residual * 2 * step_width * (dense_weights + embedding_parameters) / rate


@equation(unit="s", source="pope-2022")
def expert_read_time(
    expert_weight_bytes,
    serving_tp,
    serving_dp,
    hbm_bandwidth,
    expert_bandwidth_efficiency,
    serving_rate_16bit,
    unpacking_flops,
    weight_bits,
    serving_precision,
):
    """Time to read all routed experts once, stage after stage; weights of 4 bits are unpacked on the way to products in 16 bits.

    t = W_x / (t d) max(1 / (b e), u / r_16), with u for weights of fewer than 8 bits and products in 16 bits or more only

    expert_weight_bytes: W_x, weights of the experts [B]
    serving_tp: t, tensor-parallel size of attention [1]
    serving_dp: d, ranks with their own sequences [1]
    hbm_bandwidth: b, memory bandwidth of one GPU [B/s]
    expert_bandwidth_efficiency: e, share of it that reading experts reaches [1]
    serving_rate_16bit: r_16, dense peak rate of one GPU under its power limit in 16 bits [FLOP/s]
    unpacking_flops: u, operations that the tensor units would do while one byte is unpacked [FLOP/B]
    weight_bits: bits of one stored weight [1]
    serving_precision: format of the matrix multiplications [1]
    """
    each = 1 / (hbm_bandwidth * expert_bandwidth_efficiency)
    if weight_bits < 8 and serving_precision < FP8:
        each = max(each, unpacking_flops / serving_rate_16bit)
    return expert_weight_bytes / (serving_tp * serving_dp) * each


@equation(unit="s", source="pope-2022")
def expert_compute_time(
    step_width,
    expert_weights_per_token, serving_gpus, serving_rate, expert_matmul_efficiency, expert_group_imbalance, serving_time_residual
):
    """Time to multiply one sequence's tokens of a step with the experts that they visit, shared by all GPUs of the replica.

    t = 2 z m w x / (N r e)

    step_width: w, tokens of one sequence that a pass checks [1]
    expert_weights_per_token: x, parameters of the experts that one token visits [1]
    serving_gpus: N, GPUs of one replica [1]
    serving_rate: r, dense peak rate of one GPU under its power limit [FLOP/s]
    expert_matmul_efficiency: e, share of it that grouped matrix multiplications reach [1]
    expert_group_imbalance: m, load of the busiest group of experts over the mean [1]
    serving_time_residual: z, measured over predicted time of serving [1]
    """
    rate = serving_gpus * serving_rate * expert_matmul_efficiency
    return serving_time_residual * expert_group_imbalance * 2 * step_width * expert_weights_per_token / rate


@equation(unit="s", source="gale-2022")
def expert_padding_time(expert_weights, engine_expert_rows, serving_gpus, serving_rate, expert_matmul_efficiency, serving_precision):
    """Time of the rows with which the products of experts are filled up to whole blocks, were every expert visited; 8 and 4 bits only.

    t = 2 n X / (N r e)

    expert_weights: X, parameters of all routed experts [1]
    engine_expert_rows: n, rows that one visited expert's products have at least [1]
    serving_gpus: N, GPUs of one replica [1]
    serving_rate: r, dense peak rate of one GPU under its power limit [FLOP/s]
    expert_matmul_efficiency: e, share of it that grouped matrix multiplications reach [1]
    serving_precision: format of the matrix multiplications [1]
    """
    if serving_precision < FP8:
        return 0.0
    return 2 * engine_expert_rows * expert_weights / (serving_gpus * serving_rate * expert_matmul_efficiency)


@equation(unit="s", source="williams-2009")
def expert_pass_time(expert_read_time, expert_padding_time, expert_group_imbalance, serving_time_residual):
    """Time to pass through all routed experts, however few tokens visit each.

    t = z m sqrt(t_r^2 + t_p^2)

    expert_read_time: t_r, time to read all routed experts [s]
    expert_padding_time: t_p, time of the rows that fill their products up [s]
    expert_group_imbalance: m, load of the busiest group of experts over the mean [1]
    serving_time_residual: z, measured over predicted time of serving [1]
    """
    both = expert_read_time * expert_read_time + expert_padding_time * expert_padding_time
    return serving_time_residual * expert_group_imbalance * math.sqrt(both)


@equation(unit="FLOP", source="deepseek-v2")
def decode_attention_flops(
    mean_context,
    sparse_attention_tokens,
    full_attention_layers,
    attention_heads,
    score_width,
    kv_lora_rank,
    rope_head_size,
    windowed_layers,
    window_score_width,
    attention_window,
    indexer_heads,
    indexer_head_size,
):
    """Operations of attention in all layers for one new token of a sequence.

    F = 2 (L_f (min(c, k) w_f + c i d_i) + L_w min(c, W) w_w); w_f = a (2 r + d_r) with latent attention, whose heads work on the
    compression itself

    mean_context: c, tokens that a sequence has behind it [token]
    sparse_attention_tokens: k, tokens that sparse attention chooses, 0 for all of them [token]
    full_attention_layers: L_f, layers in which a token attends to all before it [1]
    attention_heads: a, query heads of one of them [1]
    score_width: w_f, columns that one of them scores and adds up [1]
    kv_lora_rank: r, rank of the key-value compression, 0 for ordinary attention [1]
    rope_head_size: d_r, part of the key that carries position [1]
    windowed_layers: L_w, layers with windowed attention [1]
    window_score_width: w_w, columns that one of them scores and adds up [1]
    attention_window: W, how far they look back [token]
    indexer_heads: i, heads that choose the tokens of sparse attention, 0 without [1]
    indexer_head_size: d_i, width of one of them [1]
    """
    width = attention_heads * (2 * kv_lora_rank + rope_head_size) if kv_lora_rank > 0 else score_width
    chosen = min(mean_context, sparse_attention_tokens) if sparse_attention_tokens > 0 else mean_context
    full = full_attention_layers * (chosen * width + mean_context * indexer_heads * indexer_head_size)
    return 2 * (full + windowed_layers * min(mean_context, attention_window) * window_score_width)


@equation(unit="s", source="kwon-2023")
def kv_read_time(
    kv_read_bytes_per_sequence, state_bytes_per_sequence, serving_gpus, kv_shards, serving_tp, hbm_bandwidth, kv_bandwidth_efficiency
):
    """Time to read the keys and values of one sequence, and to read and write its states, shared by the GPUs that hold different parts.

    t = (K + 2 S) t / (N s b e)

    kv_read_bytes_per_sequence: K, keys and values that its next token reads [B]
    state_bytes_per_sequence: S, states of one running sequence [B]
    serving_gpus: N, GPUs of one replica [1]
    kv_shards: s, GPUs of a tensor-parallel group that hold different keys and values [1]
    serving_tp: t, tensor-parallel size of attention [1]
    hbm_bandwidth: b, memory bandwidth of one GPU [B/s]
    kv_bandwidth_efficiency: e, share of it that attention reaches [1]
    """
    moved = kv_read_bytes_per_sequence + 2 * state_bytes_per_sequence
    return moved * serving_tp / (serving_gpus * kv_shards * hbm_bandwidth * kv_bandwidth_efficiency)


@equation(unit="s", source="deepseek-v2")
def attention_compute_time(decode_attention_flops, serving_gpus, serving_rate_16bit, matmul_efficiency):
    """Time of the operations of attention for one new token, shared by all GPUs of the replica.

    t = F / (N r_16 e)

    decode_attention_flops: F, operations of attention for one new token [FLOP]
    serving_gpus: N, GPUs of one replica [1]
    serving_rate_16bit: r_16, dense peak rate of one GPU under its power limit in 16 bits, in which attention stays [FLOP/s]
    matmul_efficiency: e, share of it that matrix multiplications reach [1]
    """
    return decode_attention_flops / (serving_gpus * serving_rate_16bit * matmul_efficiency)


@equation(unit="s", source="pope-2022")
def pass_latency(
    layers,
    moe_layers,
    engine_layer_time,
    engine_expert_layer_time,
    engine_quantize_time,
    serving_precision,
    weight_bits,
    narrow_expert_share,
    kv_lora_rank,
    latent_layer_time,
):
    """Time of the kernels of one pass through all layers that have no data to move.

    t = l (t_l + t_q + t_m) + l_x t_x f, with t_q in 8- and 4-bit formats, t_m with latent attention, f for experts below 8 bits only

    layers: l, transformer layers [1]
    moe_layers: l_x, layers with a mixture of experts [1]
    engine_layer_time: t_l, time of one layer's kernels with no data [s]
    engine_expert_layer_time: t_x, the same for sorting tokens to experts and back [s]
    engine_quantize_time: t_q, the same for scaling activations to a narrow format [s]
    serving_precision: format of the matrix multiplications [1]
    weight_bits: bits of one stored weight [1]
    narrow_expert_share: f, time of the kernels of experts in 4 bits, which do several steps at once, over that of others [1]
    kv_lora_rank: rank of the key-value compression, 0 for ordinary attention [1]
    latent_layer_time: t_m, time of the further kernels of a layer with latent attention [s]
    """
    latent = latent_layer_time if kv_lora_rank > 0 else 0.0
    quantize = engine_quantize_time if serving_precision >= FP8 else 0.0
    share = narrow_expert_share if weight_bits < 8 else 1.0
    return layers * (engine_layer_time + quantize + latent) + moe_layers * engine_expert_layer_time * share


@equation(unit="s", source="pope-2022")
def fixed_step_time(pass_latency, collective_wait, draft_time, engine_wait, serving_time_residual):
    """Part of a step that does not grow with the batch, beside the reading of weights.

    t = z (t_l + t_w + t_d + t_s)

    pass_latency: t_l, time of all layers' kernels with no data [s]
    collective_wait: t_w, time that a pass waits for collectives [s]
    draft_time: t_d, time of the draft's passes [s]
    engine_wait: t_s, time of a step in which the GPUs wait for the engine [s]
    serving_time_residual: z, measured over predicted time of serving [1]
    """
    return serving_time_residual * (pass_latency + collective_wait + draft_time + engine_wait)


@equation(unit="s", source="kwon-2023")
def sampling_time(vocabulary_size, engine_logit_bytes, hbm_bandwidth, step_width):
    """Time to choose one sequence's next tokens among the vocabulary: softmax, sorting, drawing.

    t = w v q / b

    vocabulary_size: v, logits of one token [1]
    engine_logit_bytes: q, memory traffic for each logit [B]
    hbm_bandwidth: b, memory bandwidth of one GPU [B/s]
    step_width: w, tokens of one sequence that a pass checks [1]
    """
    return step_width * vocabulary_size * engine_logit_bytes / hbm_bandwidth


@equation(unit="s", source="pope-2022")
def sequence_step_time(
    kv_read_time,
    attention_compute_time,
    step_width,
    exchange_time_per_token,
    draft_compute_time,
    sampling_time,
    engine_sequence_time,
    serving_dp,
    serving_time_residual,
):
    """Time that one more running sequence adds to a step outside the matrices of the layers.

    t = z (max(t_kv, w t_a) + (w (x + t_o) + t_m) / d + t_d)

    kv_read_time: t_kv, time to read the keys and values of one sequence [s]
    attention_compute_time: t_a, time of attention's operations for one new token [s]
    step_width: w, tokens of one sequence that a pass checks [1]
    exchange_time_per_token: x, time to exchange the activations of one token of a rank [s]
    draft_compute_time: t_d, time of the draft's operations [s]
    sampling_time: t_m, time to choose one sequence's next tokens, on one GPU of each rank [s]
    engine_sequence_time: t_o, time in which the GPUs wait for the engine, for each token that a sequence of its rank checks [s]
    serving_dp: d, ranks with their own sequences [1]
    serving_time_residual: z, measured over predicted time of serving [1]
    """
    attention = max(kv_read_time, step_width * attention_compute_time)
    shared = (step_width * (exchange_time_per_token + engine_sequence_time) + sampling_time) / serving_dp
    return serving_time_residual * (attention + shared + draft_compute_time)
