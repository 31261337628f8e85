"""Prefill. What belongs here: the operations, the exchange and the time of the prefill of one prompt, from chunk to whole.

Prefill runs in chunks beside decoding, so its time is counted per request and added to the steps in batching.py.
"""

from sweep.equations.registry import equation, rule
from sweep.kernels.choices import FP8


def window_pairs(start, count, window):
    """Sum over `count` tokens, the first with `start` tokens before it, of the tokens that each attends to within a window."""
    end = start + count
    growing = max(0.0, min(end, window) - start)
    return growing * (start + start + growing) / 2 + (count - growing) * window


@equation(unit="token", source="agrawal-2024")
def prefill_tokens(input_tokens, prefix_cache_hit, offload_hit):
    """Prefill tokens of one prompt; the others are found in the cache, or loaded from the host.

    n = n_in (1 - h - h_o)

    input_tokens: n_in, tokens of one prompt [token]
    prefix_cache_hit: h, share of the prompt found in the cache on the GPUs [1]
    offload_hit: h_o, share of the prompt whose keys and values are loaded from the memory of the host [1]
    """
    return input_tokens * max(0.0, 1 - prefix_cache_hit - offload_hit)


@rule(guards=("prefill_tokens",), source="agrawal-2024")
def cached_shares_exceed_prompt(prefix_cache_hit, offload_hit):
    """The shares of a prompt that are found on the GPUs and in the memory of the host add up to more than all of it.

    prefix_cache_hit: share of the prompt found in the cache on the GPUs [1]
    offload_hit: share of the prompt whose keys and values are loaded from the memory of the host [1]
    """
    return prefix_cache_hit + offload_hit > 1 + 1e-9


@equation(unit="s", source="gao-2024")
def kv_load_time(
    offload_hit,
    input_tokens,
    kv_bytes_per_sequence,
    mean_context,
    serving_gpus,
    kv_shards,
    serving_tp,
    host_bandwidth,
    host_link_efficiency,
):
    """Time to load keys and values of one prompt from the memory of the hosts, shared by all GPUs of the replica.

    t = h_o n_in K t / (c N s b e); what is moved to the host meanwhile goes the other way

    offload_hit: h_o, share of the prompt that is loaded [1]
    input_tokens: n_in, tokens of one prompt [token]
    kv_bytes_per_sequence: K, keys and values of one running sequence [B]
    mean_context: c, tokens that a running sequence has behind it [token]
    serving_gpus: N, GPUs of one replica [1]
    kv_shards: s, GPUs of a tensor-parallel group that hold different keys and values [1]
    serving_tp: t, tensor-parallel size of attention [1]
    host_bandwidth: b, bandwidth between one GPU and the memory of its host, one direction [B/s]
    host_link_efficiency: e, share of it that loading reaches [1]
    """
    if offload_hit <= 0:
        return 0.0
    loaded = offload_hit * input_tokens * kv_bytes_per_sequence / mean_context
    return loaded * serving_tp / (serving_gpus * kv_shards * host_bandwidth * host_link_efficiency)


@equation(unit="1", source="narayanan-2021")
def prefill_pairs(input_tokens, prefill_tokens):
    """Pairs of a prompt token and one before it, of the prefill tokens; quadratic in the prompt.

    p = n c + n^2 / 2, with c = n_in - n

    input_tokens: n_in, tokens of one prompt [token]
    prefill_tokens: n, those that have to be read [token]
    """
    return prefill_tokens * (input_tokens - prefill_tokens) + prefill_tokens * prefill_tokens / 2


@equation(unit="FLOP", source="narayanan-2021")
def prefill_matmul_flops(prefill_tokens, dense_weights):
    """Operations of the prefill of one prompt in the matrices of all layers, outside the experts.

    F = 2 n D

    prefill_tokens: n, prefill tokens of one prompt, without cached ones [token]
    dense_weights: D, parameters that every token reads in the layers [1]
    """
    return 2 * prefill_tokens * dense_weights


@equation(unit="FLOP", source="fedus-2021")
def prefill_expert_flops(prefill_tokens, expert_weights_per_token):
    """Operations of the prefill of one prompt in the experts.

    F = 2 n x

    prefill_tokens: n, prefill tokens of one prompt, without cached ones [token]
    expert_weights_per_token: x, parameters of the experts that one token visits [1]
    """
    return 2 * prefill_tokens * expert_weights_per_token


@equation(unit="FLOP", source="narayanan-2021")
def prefill_attention_flops(
    prefill_pairs,
    input_tokens,
    prefill_tokens,
    sparse_attention_tokens,
    full_attention_layers,
    score_width,
    windowed_layers,
    window_score_width,
    attention_window,
    indexer_heads,
    indexer_head_size,
):
    """Operations of the prefill of one prompt in attention, all layers: a token scores its window, or those sparse attention takes.

    F = 2 (L_f (p(k) w_f + p i d_i) + L_w p(W) w_w), p(x) the pairs no further apart than x

    prefill_pairs: p, pairs of a prompt token and one before it [1]
    input_tokens: tokens of one prompt [token]
    prefill_tokens: those that have to be read [token]
    sparse_attention_tokens: k, tokens that sparse attention chooses, 0 for all of them [token]
    full_attention_layers: L_f, layers in which a token attends to all before it [1]
    score_width: w_f, columns that one of them scores and adds up [1]
    windowed_layers: L_w, layers with windowed attention [1]
    window_score_width: w_w, columns that one of them scores and adds up [1]
    attention_window: W, how far they look back [token]
    indexer_heads: i, heads that choose the tokens of sparse attention, 0 without [1]
    indexer_head_size: d_i, width of one of them [1]
    """
    cached = input_tokens - prefill_tokens
    chosen = window_pairs(cached, prefill_tokens, sparse_attention_tokens) if sparse_attention_tokens > 0 else prefill_pairs
    full = full_attention_layers * (chosen * score_width + prefill_pairs * indexer_heads * indexer_head_size)
    return 2 * (full + windowed_layers * window_pairs(cached, prefill_tokens, attention_window) * window_score_width)


@equation(unit="s", source="agrawal-2024")
def prefill_compute_time(
    prefill_matmul_flops,
    prefill_expert_flops,
    prefill_attention_flops,
    serving_gpus,
    serving_rate,
    serving_rate_16bit,
    prefill_efficiency,
    prefill_expert_efficiency,
    prefill_rate_limit,
    serving_ep,
    engine_foreign_rows,
    expert_group_imbalance,
    serving_precision,
):
    """Compute time of the prefill of one prompt, shared by all GPUs of the replica.

    t = (F_m / (r e) + F_x f / (r e_x) + F_a / (r_16 e) + (F_m + F_x f + F_a) / c) / N, f = m + (g - m) w, w in 8 and 4 bits only,
    as kernels for 16 bits multiply no such rows

    prefill_matmul_flops: F_m, operations in the matrices outside the experts [FLOP]
    prefill_expert_flops: F_x, operations in the experts [FLOP]
    prefill_attention_flops: F_a, operations in attention [FLOP]
    serving_gpus: N, GPUs of one replica [1]
    serving_rate: r, dense peak rate of one GPU under its power limit [FLOP/s]
    serving_rate_16bit: r_16, the same in 16 bits, in which attention stays [FLOP/s]
    prefill_efficiency: e, share of the peak that prefill reaches [1]
    prefill_expert_efficiency: e_x, the same in the experts [1]
    prefill_rate_limit: c, rate of prefill on a GPU whose tensor units take no time [FLOP/s]
    serving_ep: g, groups of GPUs over which the experts are spread [1]
    engine_foreign_rows: w, share of the rows for experts elsewhere that each group multiplies, too, and throws away [1]
    expert_group_imbalance: m, load of the busiest group of experts over the mean [1]
    serving_precision: format of the matrix multiplications [1]
    """
    foreign = engine_foreign_rows if serving_precision >= FP8 else 0.0
    expert_flops = prefill_expert_flops * (expert_group_imbalance + (serving_ep - expert_group_imbalance) * foreign)
    dense = (prefill_matmul_flops / serving_rate + prefill_attention_flops / serving_rate_16bit) / prefill_efficiency
    experts = expert_flops / (serving_rate * prefill_expert_efficiency)
    beside = (prefill_matmul_flops + expert_flops + prefill_attention_flops) / prefill_rate_limit
    return (dense + experts + beside) / serving_gpus


@equation(unit="s", source="agrawal-2024")
def prefill_time(prefill_compute_time, prefill_tokens, exchange_time_per_token, kv_load_time, serving_dp, serving_time_residual):
    """Prefill time of one prompt on the replica; keys and values are loaded layer by layer beside the operations.

    t = max(z (t_c + n x / d), t_l)

    prefill_compute_time: t_c, time of its operations [s]
    prefill_tokens: n, its tokens that have to be read [token]
    exchange_time_per_token: x, time to exchange the activations of one token of a rank [s]
    kv_load_time: t_l, time to load keys and values from the memory of the hosts [s]
    serving_dp: d, ranks that prefill at the same time [1]
    serving_time_residual: z, measured over predicted time of serving [1]
    """
    return max(serving_time_residual * (prefill_compute_time + prefill_tokens * exchange_time_per_token / serving_dp), kv_load_time)
