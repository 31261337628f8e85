"""A transformer counted slowly: each matrix of each layer is written down by its shape, and each token by whom it attends to.

Nothing here comes from sweep/ or kernels/. All numbers are SI; `p` holds the inputs by name.
"""

from functools import cache


def size(matrices):
    """Parameters of matrices that are given by their shapes."""
    return sum(rows * columns for rows, columns in matrices)


def kinds(p):
    """Of each layer, whether it sees all, sees a window, or keeps a state, and whether its MLP is dense, a mixture or not there."""
    layers = round(p["layers"])
    states, windows = round(p["state_layers"]), round(p["windowed_layers"])
    mixers = ["state"] * states + ["window"] * windows + ["full"] * (layers - states - windows)
    if p["parallel_state"] == 1:
        mixers = ["state and full" if mixer == "state" else mixer for mixer in mixers]
    mixtures, none = round(p["moe_layers"]), round(p["mixer_only_layers"])
    return list(zip(mixers, ["mixture"] * mixtures + ["none"] * none + ["dense"] * (layers - mixtures - none), strict=True))


def heads(p, kind):
    """Query heads, key-value heads, and the widths of a key and of a value, of a layer of a kind."""
    own = ("attention_heads", "kv_heads", "head_size", "value_head_size")
    if kind == "window":
        windowed = ("windowed_attention_heads", "windowed_kv_heads", "windowed_head_size", "windowed_value_head_size")
        return [p[name] if p[name] > 0 else p[other] for name, other in zip(windowed, own, strict=True)]
    return [p[name] for name in own]


def attention_parameters(p, kind):
    """Parameters of the attention of one layer that sees all or sees a window."""
    h = p["hidden_size"]
    a, k, d, v = heads(p, kind)
    output = (a * v, h)
    gate = [output] if p["gated_attention"] else []
    if kind == "full" and p["kv_lora_rank"] > 0:
        down_q, latent, rope = p["q_lora_rank"], p["kv_lora_rank"], p["rope_head_size"]
        query = [(h, down_q), (down_q, a * d)] if down_q > 0 else [(h, a * d)]
        return size([*query, (h, latent), (h, rope), (latent, a * (d - rope)), (latent, a * v), output, *gate]) + indexer_parameters(p)
    ranked = kind == "full" and p["q_lora_rank"] > 0
    query = [(h, p["q_lora_rank"]), (p["q_lora_rank"], a * d)] if ranked else [(h, a * d)]
    values = [] if kind == "full" and p["shared_key_value"] else [(h, k * v)]
    bias = a * d + k * d + k * v + h if p["linear_biases"] else 0
    extra = indexer_parameters(p) if kind == "full" else 0
    return size([*query, (h, k * d), *values, output, *gate]) + bias + extra


def indexer_parameters(p):
    """Of the heads that choose the tokens of sparse attention: their queries, one key, and a weight for each head."""
    if p["indexer_heads"] == 0:
        return 0
    source = p["q_lora_rank"] if p["q_lora_rank"] > 0 else p["hidden_size"]
    i, d = p["indexer_heads"], p["indexer_head_size"]
    return size([(source, i * d), (p["hidden_size"], d), (p["hidden_size"], i)])


def mixing_parameters(p):
    """Parameters that mix tokens, layer by layer."""
    total = 0
    for mixer, _ in kinds(p):
        if "state" in mixer:
            total += p["state_parameters"]
        if "full" in mixer:
            total += attention_parameters(p, "full")
        if mixer == "window":
            total += attention_parameters(p, "window")
    return total


def mlp_parameters(width, inner, matrices, biases):
    """Matrices between a stream and an inner width, all but one of them upwards."""
    return size([(width, inner)] * round(matrices)) + (size([(1, inner)] * round(matrices - 1)) + width if biases else 0)


def expert_parameters(p):
    width = p["expert_latent_size"] if p["expert_latent_size"] > 0 else p["hidden_size"]
    return mlp_parameters(width, p["expert_hidden_size"], p["mlp_matrices"], p["linear_biases"])


def count(p):
    """Parameters of the model in all, of routed experts, of those that a token visits, and of embedding and head."""
    h = p["hidden_size"]
    total = experts = visited = 0
    for _, mlp in kinds(p):
        if mlp == "dense":
            total += mlp_parameters(h, p["ffn_hidden_size"], p["mlp_matrices"], p["linear_biases"])
        if mlp == "mixture":
            experts += p["experts"] * expert_parameters(p)
            visited += p["experts_per_token"] * expert_parameters(p)
            total += size([(h, p["shared_expert_hidden_size"])] * round(p["mlp_matrices"]))
            total += size([(h, p["experts"]), (h, p["expert_latent_size"]), (p["expert_latent_size"], h)])
    norms = sum(2 * h for _ in kinds(p)) + h
    embedding = p["vocabulary_size"] * h
    head = 0 if p["tied_embeddings"] else embedding
    total += experts + mixing_parameters(p) + embedding + head + p["learned_positions"] * h
    total += 2 * norms if p["linear_biases"] else norms
    return {"total": total, "experts": experts, "visited": visited, "embedding": embedding, "head": head}


def score_width(p, kind):
    """Columns of one layer over which a pair of tokens is scored and its value added up."""
    a, _, d, v = heads(p, kind)
    return a * (d + v)


def kept_width(p, kind):
    """Numbers that one layer keeps of one token."""
    if kind == "full" and p["kv_lora_rank"] > 0:
        return p["kv_lora_rank"] + p["rope_head_size"]
    _, k, d, v = heads(p, kind)
    return k * d + k * v


@cache
def pairs(first, last, reach):
    """Pairs of some tokens and those before them, half of each itself, that are no further apart than `reach`: token by token."""
    return sum(min(before + 0.5, reach) for before in range(first, last))


def forward_flops(p):
    """Forward operations for one token, the mean over a sequence, causal: matrices twice, scores pair by pair."""
    s = round(p["sequence_length"])
    n = count(p)
    flops = 2 * mixing_parameters(p)
    sparse = p["sparse_attention_tokens"] if p["sparse_attention_tokens"] > 0 else s
    for mixer, mlp in kinds(p):
        if "state" in mixer:
            flops += 6 * p["state_size"]
        if "full" in mixer:
            flops += 2 * score_width(p, "full") * pairs(0, s, sparse) / s
            flops += 2 * p["indexer_heads"] * p["indexer_head_size"] * pairs(0, s, s) / s
        if mixer == "window":
            flops += 2 * score_width(p, "window") * pairs(0, s, p["attention_window"]) / s
        if mlp == "dense":
            flops += 2 * p["mlp_matrices"] * p["hidden_size"] * p["ffn_hidden_size"]
        if mlp == "mixture":
            width = p["expert_latent_size"] if p["expert_latent_size"] > 0 else p["hidden_size"]
            flops += 2 * p["mlp_matrices"] * p["experts_per_token"] * width * p["expert_hidden_size"]
            flops += 2 * p["mlp_matrices"] * p["hidden_size"] * p["shared_expert_hidden_size"]
            flops += 2 * p["hidden_size"] * (p["experts"] + p["expert_latent_size"] + p["expert_latent_size"])
    return flops + 2 * n["embedding"]
