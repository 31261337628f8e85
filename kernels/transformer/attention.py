"""Layers by the way in which they mix tokens. What belongs here: how many there are of each kind, the heads and the parameters of each.

A layer attends to all tokens before it, to those within a window, or keeps a state of fixed size (Mamba, linear attention); where
`parallel_state` is 1 the layers with a state attend as well. Windowed layers have heads of their own where an entry says so.
"""

from sweep.equations.registry import equation, rule


def projections(hidden_size, heads, kv_heads, head_size, value_head_size, q_lora_rank, linear_biases):
    """Parameters of query, key, value and output of ordinary attention."""
    query = hidden_size * heads * head_size
    if q_lora_rank > 0:
        query = q_lora_rank * (hidden_size + heads * head_size)
    key_value = hidden_size * kv_heads * (head_size + value_head_size)
    biases = heads * head_size + kv_heads * (head_size + value_head_size) + hidden_size
    return query + key_value + heads * value_head_size * hidden_size + linear_biases * biases


@equation(unit="1", source="gemma-2-2024")
def full_attention_layers(layers, windowed_layers, state_layers, parallel_state):
    """Layers with full causal attention.

    L_f = L - L_w - L_s (1 - p)

    layers: L, transformer layers [1]
    windowed_layers: L_w, layers with windowed attention [1]
    state_layers: L_s, layers that keep a state [1]
    parallel_state: p, 1 where the layers that keep a state attend as well [1]
    """
    return layers - windowed_layers - state_layers * (1 - parallel_state)


@equation(unit="1", source="gemma-4-config")
def window_heads(windowed_attention_heads, attention_heads):
    """Query heads of a windowed layer.

    a_w, or a where none are stated

    windowed_attention_heads: a_w, query heads of windowed layers, 0 as the others [1]
    attention_heads: a, query heads of the other layers [1]
    """
    return windowed_attention_heads if windowed_attention_heads > 0 else attention_heads


@equation(unit="1", source="gemma-4-config")
def window_kv_heads(windowed_kv_heads, kv_heads):
    """Key and value heads of a windowed layer.

    k_w, or k where none are stated

    windowed_kv_heads: k_w, key and value heads of windowed layers, 0 as the others [1]
    kv_heads: k, key and value heads of the other layers [1]
    """
    return windowed_kv_heads if windowed_kv_heads > 0 else kv_heads


@equation(unit="1", source="gemma-4-config")
def window_head_size(windowed_head_size, head_size):
    """Width of a query and key head of a windowed layer.

    d_w, or d where none is stated

    windowed_head_size: d_w, width in windowed layers, 0 as the others [1]
    head_size: d, width in the other layers [1]
    """
    return windowed_head_size if windowed_head_size > 0 else head_size


@equation(unit="1", source="gemma-4-config")
def window_value_head_size(windowed_value_head_size, value_head_size):
    """Width of a value head of a windowed layer.

    d_vw, or d_v where none is stated

    windowed_value_head_size: d_vw, width in windowed layers, 0 as the others [1]
    value_head_size: d_v, width in the other layers [1]
    """
    return windowed_value_head_size if windowed_value_head_size > 0 else value_head_size


@equation(unit="1", source="deepseek-v2")
def attention_parameters(
    hidden_size,
    attention_heads,
    kv_heads,
    head_size,
    value_head_size,
    q_lora_rank,
    kv_lora_rank,
    rope_head_size,
    linear_biases,
    gated_attention,
    shared_key_value,
    indexer_heads,
    indexer_head_size,
):
    """Parameters of the attention of one layer that sees all: grouped queries, or latent attention where keys and values are compressed.

    P = h a d + h k (d + d_v) + a d_v h; latent: h r_q + r_q a d (or h a d) + h (r_kv + d_r) + r_kv a (d - d_r + d_v) + a d_v h;
    with a gate h a d_v more, values that are the keys h k d_v fewer, and (r_q or h) i d_i + h (d_i + i) of an indexer of i heads

    hidden_size: h, width of the residual stream [1]
    attention_heads: a, query heads [1]
    kv_heads: k, key and value heads [1]
    head_size: d, width of a query and key head [1]
    value_head_size: d_v, width of a value head [1]
    q_lora_rank: r_q, rank of the query compression, 0 without [1]
    kv_lora_rank: r_kv, rank of the key-value compression, 0 without [1]
    rope_head_size: d_r, part of a head that carries position in latent attention [1]
    linear_biases: 1 where linear layers have a bias [1]
    gated_attention: 1 where a gate multiplies the output of attention [1]
    shared_key_value: 1 where one projection makes keys and values [1]
    indexer_heads: i, heads that choose the tokens of sparse attention, 0 without [1]
    indexer_head_size: d_i, width of one of them [1]
    """
    output = attention_heads * value_head_size * hidden_size
    extra = gated_attention * output
    if indexer_heads > 0:
        compressed = q_lora_rank if q_lora_rank > 0 else hidden_size
        extra = extra + compressed * indexer_heads * indexer_head_size + hidden_size * (indexer_head_size + indexer_heads)
    if kv_lora_rank > 0:
        query = hidden_size * attention_heads * head_size
        if q_lora_rank > 0:
            query = q_lora_rank * (hidden_size + attention_heads * head_size)
        compress = hidden_size * (kv_lora_rank + rope_head_size)
        expand = kv_lora_rank * attention_heads * (head_size - rope_head_size + value_head_size)
        return query + compress + expand + output + extra
    shared = shared_key_value * hidden_size * kv_heads * value_head_size
    ordinary = projections(hidden_size, attention_heads, kv_heads, head_size, value_head_size, q_lora_rank, linear_biases)
    return ordinary - shared + extra


@equation(unit="1", source="gemma-4-config")
def windowed_attention_parameters(
    hidden_size, window_heads, window_kv_heads, window_head_size, window_value_head_size, linear_biases, gated_attention
):
    """Parameters of the attention of one windowed layer.

    P = h a d + h k (d + d_v) + a d_v h, with a gate h a d_v more

    hidden_size: h, width of the residual stream [1]
    window_heads: a, query heads [1]
    window_kv_heads: k, key and value heads [1]
    window_head_size: d, width of a query and key head [1]
    window_value_head_size: d_v, width of a value head [1]
    linear_biases: 1 where linear layers have a bias [1]
    gated_attention: 1 where a gate multiplies the output of attention [1]
    """
    ordinary = projections(hidden_size, window_heads, window_kv_heads, window_head_size, window_value_head_size, 0.0, linear_biases)
    return ordinary + gated_attention * window_heads * window_value_head_size * hidden_size


@equation(unit="1", source="mamba-2-2024")
def mixing_parameters(
    full_attention_layers, attention_parameters, windowed_layers, windowed_attention_parameters, state_layers, state_parameters
):
    """Parameters that mix tokens, of all layers: attention and states.

    P = L_f P_a + L_w P_w + L_s P_s

    full_attention_layers: L_f, layers in which a token attends to all before it [1]
    attention_parameters: P_a, of attention in one of them [1]
    windowed_layers: L_w, layers with windowed attention [1]
    windowed_attention_parameters: P_w, of attention in one of them [1]
    state_layers: L_s, layers that keep a state [1]
    state_parameters: P_s, of the mixing of one of them [1]
    """
    attention = full_attention_layers * attention_parameters + windowed_layers * windowed_attention_parameters
    return attention + state_layers * state_parameters


@equation(unit="1", source="deepseek-v3")
def kv_width(kv_heads, head_size, value_head_size, kv_lora_rank, rope_head_size):
    """Numbers that one layer that sees all keeps of one token: a key and a value per head, or their common compression.

    w = n_kv (d_k + d_v), or r + d_rope with multi-head latent attention

    kv_heads: n_kv, key and value heads of a layer [1]
    head_size: d_k, width of a key head [1]
    value_head_size: d_v, width of a value head [1]
    kv_lora_rank: r, rank of the key-value compression, 0 for ordinary attention [1]
    rope_head_size: d_rope, part of the key that carries position [1]
    """
    if kv_lora_rank > 0:
        return kv_lora_rank + rope_head_size
    return kv_heads * (head_size + value_head_size)


@equation(unit="1", source="gemma-4-config")
def window_kv_width(window_kv_heads, window_head_size, window_value_head_size):
    """Numbers that one windowed layer keeps of one token.

    w = n_kv (d_k + d_v)

    window_kv_heads: n_kv, key and value heads of a windowed layer [1]
    window_head_size: d_k, width of a key head [1]
    window_value_head_size: d_v, width of a value head [1]
    """
    return window_kv_heads * (window_head_size + window_value_head_size)


@equation(unit="1", source="narayanan-2021")
def score_width(attention_heads, head_size, value_head_size):
    """Columns over which one layer that sees all scores a pair of tokens and adds up values.

    w = a (d + d_v)

    attention_heads: a, query heads [1]
    head_size: d, width of a query and key head [1]
    value_head_size: d_v, width of a value head [1]
    """
    return attention_heads * (head_size + value_head_size)


@equation(unit="1", source="gemma-4-config")
def window_score_width(window_heads, window_head_size, window_value_head_size):
    """The same columns of one windowed layer.

    w = a (d + d_v)

    window_heads: a, query heads [1]
    window_head_size: d, width of a query and key head [1]
    window_value_head_size: d_v, width of a value head [1]
    """
    return window_heads * (window_head_size + window_value_head_size)


@rule(guards=("mixing_parameters", "kv_bytes_per_sequence", "attention_score_flops"), source="gemma-2-2024")
def kinds_exceed_layers(full_attention_layers, mixer_only_layers, moe_layers, layers):
    """Layers with a window, with a state, with experts or without an MLP are more than there are layers.

    full_attention_layers: layers in which a token attends to all before it, what the other kinds leave [1]
    mixer_only_layers: layers without an MLP [1]
    moe_layers: layers with a mixture of experts [1]
    layers: transformer layers [1]
    """
    return full_attention_layers < 0 or mixer_only_layers + moe_layers > layers


@rule(guards=("attention_parameters",), source="deepseek-v2")
def rope_head_exceeds_head(rope_head_size, head_size):
    """The part of a head that carries position is wider than the head.

    rope_head_size: d_r, part of a head that carries position in latent attention [1]
    head_size: d, width of a query or key head [1]
    """
    return rope_head_size > head_size


@rule(guards=("kv_bytes_per_sequence", "attention_score_flops"), source="gemma-2-2024")
def window_missing(windowed_layers, attention_window):
    """Layers have a window whose size is not given.

    windowed_layers: layers with windowed attention [1]
    attention_window: how far they look back [token]
    """
    return windowed_layers > 0 and attention_window <= 0
