"""Activations that the backward pass computes again. What belongs here: the time of each module that does so.

`recompute` is a word for the usual sets: none, selective (the core of attention) and full (all of a layer); each module can be added.
"""

from sweep.equations.registry import equation
from sweep.kernels.choices import FULL_RECOMPUTE, SELECTIVE_RECOMPUTE


@equation(unit="s", source="korthikanti-2022")
def dense_recompute_time(
    recompute_norms,
    recompute_mlp,
    recompute_latent_projection,
    mlp_products_time,
    local_tokens,
    tp,
    sequence_shards,
    hidden_size,
    ffn_hidden_size,
    mlp_matrices,
    attention_heads,
    head_size,
    value_head_size,
    q_lora_rank,
    kv_lora_rank,
    gemm_rate,
    pointwise_rate,
    layers,
    moe_layers,
):
    """Time of computing one layer's norms, dense MLP and latent projections again, those of them that are, for one micro-batch.

    t = b_n 8 n h / (s r) + b_m (1 - x) (t_m + 2 n k f / (t r)) + b_l 2 n a (r_q d + r_kv (d + d_v)) / (t R)

    recompute_norms: b_n, 1 where outputs of norms are computed again [1]
    recompute_mlp: b_m, 1 where the dense MLP is [1]
    recompute_latent_projection: b_l, 1 where queries, keys and values of latent attention are [1]
    mlp_products_time: t_m, products of the dense MLP [s]
    local_tokens: n, tokens of one micro-batch on one rank [token]
    tp: t, tensor-parallel size [1]
    sequence_shards: s, parts into which the sequence is cut over the tensor-parallel ranks [1]
    hidden_size: h, width of the residual stream [1]
    ffn_hidden_size: f, inner width of the dense MLP [1]
    mlp_matrices: k, matrices of the MLP: 3 gated, 2 not [1]
    attention_heads: a, query heads [1]
    head_size: d, width of one query and key head [1]
    value_head_size: d_v, width of one value head [1]
    q_lora_rank: r_q, rank of the query compression; 0 without [1]
    kv_lora_rank: r_kv, rank of the key-value compression; 0 for ordinary attention [1]
    gemm_rate: R, rate of large matrix products [FLOP/s]
    pointwise_rate: r, rate of memory-bound operators [B/s]
    layers: L, transformer layers [1]
    moe_layers: layers with a mixture of experts, x = L_moe / L [1]
    """
    norms = recompute_norms * 8 * hidden_size / (sequence_shards * pointwise_rate)
    inner = 2 * mlp_matrices * ffn_hidden_size / (tp * pointwise_rate)
    latent = attention_heads * (q_lora_rank * head_size + kv_lora_rank * (head_size + value_head_size))
    projection = recompute_latent_projection * 2 * latent / (tp * gemm_rate)
    mlp = recompute_mlp * (1 - moe_layers / layers) * (mlp_products_time + local_tokens * inner)
    return local_tokens * (norms + projection) + mlp


@equation(unit="s", source="megatron-core-moe")
def mixture_recompute_time(
    recompute_experts,
    recompute_shared_experts,
    recompute_expert_activation,
    expert_products_time,
    permutation_time,
    shared_expert_time,
    routed_tokens,
    expert_hidden_size,
    etp,
    mlp_matrices,
    pointwise_rate,
    layers,
    moe_layers,
):
    """Time of computing one layer's mixture again, those of its parts that are, without sending tokens, for one micro-batch.

    t = x (b_e (t_e + t_p) + b_s t_s + b_a (1 - b_e) 2 n k f / (t_e r))

    recompute_experts: b_e, 1 where routed experts are computed again [1]
    recompute_shared_experts: b_s, 1 where shared experts are [1]
    recompute_expert_activation: b_a, 1 where the activation function of the experts is [1]
    expert_products_time: t_e, products of the routed experts [s]
    permutation_time: t_p, sorting tokens by expert and back, activation function included [s]
    shared_expert_time: t_s, products of the shared experts [s]
    routed_tokens: n, tokens that the rank's experts work on [token]
    expert_hidden_size: f, inner width of one expert [1]
    etp: t_e, expert-tensor-parallel size [1]
    mlp_matrices: k, matrices of one expert: 3 gated, 2 not [1]
    pointwise_rate: r, rate of memory-bound operators [B/s]
    layers: L, transformer layers [1]
    moe_layers: layers with a mixture of experts, x = L_moe / L [1]
    """
    activation = 2 * routed_tokens * mlp_matrices * expert_hidden_size / (etp * pointwise_rate)
    routed = recompute_experts * (expert_products_time + permutation_time)
    routed = routed + (1 - recompute_experts) * recompute_expert_activation * activation
    return moe_layers / layers * (routed + recompute_shared_experts * shared_expert_time)


@equation(unit="s", source="korthikanti-2022")
def recompute_time(
    recompute,
    layer_forward_time,
    core_attention_time,
    layer_exchange_time,
    fused_attention,
    selective_share,
    dense_recompute_time,
    mixture_recompute_time,
):
    """Time of computing one layer's activations again for one micro-batch.

    t_f full; else t_d + t_m, and selective t_c + q (t_f - t_c - t_x), without t_c where the fused core does so by itself

    recompute: what is computed again [1]
    layer_forward_time: t_f, the layer forward [s]
    core_attention_time: t_c, core of attention forward [s]
    layer_exchange_time: t_x, waiting for exchanges [s]
    fused_attention: 1 where one fused kernel computes the core, else 0 [1]
    selective_share: q, share of the forward pass outside core and exchanges that is computed again [1]
    dense_recompute_time: t_d, norms, dense MLP and latent projections [s]
    mixture_recompute_time: t_m, experts [s]
    """
    if recompute == FULL_RECOMPUTE:
        return layer_forward_time
    modules = dense_recompute_time + mixture_recompute_time
    if recompute == SELECTIVE_RECOMPUTE:
        others = layer_forward_time - core_attention_time - layer_exchange_time
        return modules + core_attention_time * (1 - fused_attention) + selective_share * others
    return modules
