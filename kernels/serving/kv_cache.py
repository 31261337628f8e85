"""What a served model keeps of a sequence: keys, values, states. What belongs here: bytes, where they lie, how many sequences fit.

The time to read them is in decode.py.
"""

import math

from sweep.equations.registry import equation, rule


@equation(unit="token", source="kwon-2023")
def mean_context(input_tokens, output_tokens, output_variation):
    """Tokens that a running sequence has behind it, mean over all that run; long responses run longer and count more.

    c = n_in + n_out (1 + v^2) / 2

    input_tokens: n_in, tokens of one prompt [token]
    output_tokens: n_out, output tokens of one response, mean [token]
    output_variation: v, standard deviation of the output length over its mean [1]
    """
    return input_tokens + output_tokens * (1 + output_variation * output_variation) / 2


@equation(unit="1", source="shoeybi-2019")
def kv_shards(serving_tp, kv_heads, kv_lora_rank):
    """GPUs of one tensor-parallel group that hold different keys and values; the others hold copies.

    s = min(t, n_kv), or 1 where all heads share one compression

    serving_tp: t, tensor-parallel size of attention [1]
    kv_heads: n_kv, key and value heads of a layer [1]
    kv_lora_rank: rank of the key-value compression, 0 for ordinary attention [1]
    """
    if kv_lora_rank > 0:
        return 1.0
    return min(serving_tp, kv_heads)


@equation(unit="B", source="kwon-2023")
def kv_bytes_per_sequence(
    mean_context, full_attention_layers, kv_width, indexer_head_size, windowed_layers, window_kv_width, attention_window, kv_bits
):
    """Bytes of keys and values of one running sequence, all layers, one copy; a window keeps no more than it sees.

    K = (L_f c (w_f + d_i) + L_w min(c, W) w_w) b / 8

    mean_context: c, tokens that a sequence has behind it [token]
    full_attention_layers: L_f, layers in which a token attends to all before it [1]
    kv_width: w_f, numbers that one of them keeps of one token [1]
    indexer_head_size: d_i, numbers that its indexer keeps of one token, 0 without sparse attention [1]
    windowed_layers: L_w, layers with windowed attention [1]
    window_kv_width: w_w, numbers that one of them keeps of one token [1]
    attention_window: W, how far they look back [token]
    kv_bits: b, bits of one number [1]
    """
    full = full_attention_layers * mean_context * (kv_width + indexer_head_size)
    return (full + windowed_layers * min(mean_context, attention_window) * window_kv_width) * kv_bits / 8


@equation(unit="B", source="deepseek-v3.2")
def kv_read_bytes_per_sequence(
    kv_bytes_per_sequence, mean_context, sparse_attention_tokens, full_attention_layers, kv_width, kv_bits
):
    """Bytes of keys and values that one sequence's next token reads: all that is kept, or what sparse attention chooses of it.

    R = K - L_f max(0, c - k) w_f b / 8

    kv_bytes_per_sequence: K, keys and values of one running sequence [B]
    mean_context: c, tokens that a sequence has behind it [token]
    sparse_attention_tokens: k, tokens that sparse attention chooses in a layer that sees all, 0 without [token]
    full_attention_layers: L_f, layers in which a token attends to all before it [1]
    kv_width: w_f, numbers that one of them keeps of one token [1]
    kv_bits: b, bits of one number [1]
    """
    if sparse_attention_tokens <= 0:
        return kv_bytes_per_sequence
    return kv_bytes_per_sequence - full_attention_layers * max(0.0, mean_context - sparse_attention_tokens) * kv_width * kv_bits / 8


@equation(unit="B", source="mamba-2-2024")
def state_bytes_per_sequence(state_layers, state_size, state_bits):
    """Bytes of the states of one running sequence, however long it is.

    S = l_s s b / 8

    state_layers: l_s, layers that keep a state [1]
    state_size: s, numbers that one of them keeps [1]
    state_bits: b, bits of one of them [1]
    """
    return state_layers * state_size * state_bits / 8


@equation(unit="B", source="kwon-2023")
def cache_bytes_per_sequence(kv_bytes_per_sequence, state_bytes_per_sequence):
    """Bytes that one running sequence keeps, one copy.

    M_1 = K + S

    kv_bytes_per_sequence: K, its keys and values [B]
    state_bytes_per_sequence: S, its states [B]
    """
    return kv_bytes_per_sequence + state_bytes_per_sequence


@equation(unit="B", source="kwon-2023")
def kv_memory(gpu_memory, memory_share, weight_bytes_per_gpu, serving_gpus, kv_shards, serving_tp):
    """Memory of one replica that is left for keys, values and states, copies counted once.

    M = (m u - W) N s / t

    gpu_memory: m, memory of one GPU [B]
    memory_share: u, share of it that the engine may use [1]
    weight_bytes_per_gpu: W, weights on one GPU [B]
    serving_gpus: N, GPUs of one replica [1]
    kv_shards: s, GPUs of a tensor-parallel group that hold different keys and values [1]
    serving_tp: t, tensor-parallel size of attention [1]
    """
    return max(0.0, gpu_memory * memory_share - weight_bytes_per_gpu) * serving_gpus * kv_shards / serving_tp


@equation(unit="1", source="kwon-2023")
def batch_in_memory(kv_memory, cache_bytes_per_sequence):
    """Running sequences whose keys, values and states fit in one replica.

    B = M / M_1

    kv_memory: M, memory of one replica for them [B]
    cache_bytes_per_sequence: M_1, what one running sequence keeps [B]
    """
    if cache_bytes_per_sequence <= 0:
        return math.nan
    return kv_memory / cache_bytes_per_sequence


@rule(guards=("batch_in_memory",), source="kwon-2023")
def model_exceeds_memory(kv_memory, cache_bytes_per_sequence):
    """The weights and what one sequence keeps do not fit in the memory of one replica.

    kv_memory: memory of one replica for keys, values and states [B]
    cache_bytes_per_sequence: what one running sequence keeps [B]
    """
    return kv_memory < cache_bytes_per_sequence
