"""Mixture-of-experts layers on one GPU. What belongs here: routing, the experts' products, and sorting tokens by expert.

How tokens reach their experts is for dispatch.py.
"""

from sweep.equations.registry import equation
from sweep.kernels.choices import ALL_TO_ALL, FP8


@equation(unit="1", source="megatron-core-moe")
def routing_load(expert_imbalance, expert_capacity, ep):
    """Tokens that the busiest rank's experts work on over the mean.

    c where each expert is filled up, or cut off, at a capacity; else 1 + (i - 1) (1 - 1 / e), as a single rank has all tokens

    expert_imbalance: i, tokens of the busiest of many ranks over the mean [1]
    expert_capacity: c, tokens of each expert over the mean; 0 where none is dropped [1]
    ep: e, expert-parallel size [1]
    """
    if expert_capacity > 0:
        return expert_capacity
    return 1 + (expert_imbalance - 1) * (1 - 1 / ep)


@equation(unit="token", source="megatron-core-moe")
def routed_tokens(local_tokens, sequence_shards, experts_per_token, routing_load, etp):
    """Tokens that the busiest rank's experts work on in one micro-batch, each counted once for every expert that it visits.

    n = i t_e k n_local / s

    local_tokens: n_local, tokens of one micro-batch on one rank [token]
    sequence_shards: s, parts into which the sequence is cut over the tensor-parallel ranks [1]
    experts_per_token: k, routed experts that each token visits [1]
    routing_load: i, tokens of the busiest rank over the mean [1]
    etp: t_e, expert-tensor-parallel size, over whose ranks tokens are gathered [1]
    """
    return routing_load * etp * experts_per_token * local_tokens / sequence_shards


@equation(unit="1", source="megatron-core-moe")
def local_experts(experts, ep):
    """Routed experts that one rank holds of a layer.

    E / e

    experts: E, routed experts of a layer [1]
    ep: e, expert-parallel size [1]
    """
    return experts / ep


@equation(unit="s", source="simumax-b200")
def expert_products_time(
    routed_tokens,
    local_experts,
    expert_hidden_size,
    etp,
    mlp_matrices,
    hidden_size,
    gemm_rate,
    operand_rate,
    precision,
    fused_experts,
    expert_start_time,
    expert_conversion_time,
    grouped_start_time,
):
    """Time of the matrix products of the routed experts of one layer, forward, for one micro-batch.

    t = 2 n k h f / (t_e R) + 2 (n (2 h + k f / t_e) + E k h f / t_e) / r + E t_0, as many dense MLPs; measured, grouping costs no rate

    routed_tokens: n, tokens that the rank's experts work on [token]
    local_experts: E, experts on the rank [1]
    expert_hidden_size: f, inner width of one expert [1]
    etp: t_e, expert-tensor-parallel size [1]
    mlp_matrices: k, matrices of one expert: 3 gated, 2 not [1]
    hidden_size: h, width of the residual stream [1]
    gemm_rate: R, rate of large matrix products [FLOP/s]
    operand_rate: r, rate at which operands seem to arrive [B/s]
    precision: number format of the products [1]
    fused_experts: 1 where one grouped kernel computes all experts, 0 where each has its own [1]
    expert_start_time: t_0, time of one expert's products beyond their work, by kernels of its own [s]
    expert_conversion_time: t_c, time of starting the kernels that convert one expert's operands to a narrow format, part of t_0 there [s]
    grouped_start_time: t_0, time of one expert's products beyond their work as part of a grouped kernel [s]
    """
    width = mlp_matrices * expert_hidden_size / etp
    apart = expert_start_time + (expert_conversion_time if precision >= FP8 else 0.0)
    start = fused_experts * grouped_start_time + (1 - fused_experts) * apart
    operands = routed_tokens * (2 * hidden_size + width) + local_experts * width * hidden_size
    return 2 * routed_tokens * width * hidden_size / gemm_rate + 2 * operands / operand_rate + local_experts * start


@equation(unit="s", source="aiconfigurator-core")
def shared_expert_time(local_tokens, tp, shared_expert_hidden_size, mlp_matrices, hidden_size, gemm_rate, operand_rate, gemm_start_time):
    """Time of the matrix products of the shared experts of one layer, forward, for one micro-batch.

    as a dense MLP of their width; nothing without shared experts

    local_tokens: tokens of one micro-batch on one rank [token]
    tp: tensor-parallel size [1]
    shared_expert_hidden_size: inner width of all shared experts together [1]
    mlp_matrices: matrices of one expert: 3 gated, 2 not [1]
    hidden_size: width of the residual stream [1]
    gemm_rate: rate of large matrix products [FLOP/s]
    operand_rate: rate at which operands seem to arrive [B/s]
    gemm_start_time: time of a product beyond its work [s]
    """
    if shared_expert_hidden_size == 0:
        return 0.0
    width = mlp_matrices * shared_expert_hidden_size / tp
    operands = local_tokens * (2 * hidden_size + width) + width * hidden_size
    return 2 * local_tokens * width * hidden_size / gemm_rate + 2 * operands / operand_rate + 2 * gemm_start_time


@equation(unit="B", source="megatron-core-moe")
def sorted_token_bytes(dispatcher, hidden_size, local_experts, token_copies, experts_per_token, etp):
    """Memory traffic of sorting one routed token by expert and back, forward, and as much again backward.

    4 h (1 + c / k), each of c copies that arrive being read for its experts; all-to-all 4 h (1 + 1 / k) / t_e, sorted before it is sent,
    and 8 h more where several experts of a rank are sorted apart; nothing in a dense model

    dispatcher: what sends tokens to their experts [1]
    hidden_size: h, width of the residual stream [1]
    local_experts: E, experts on the rank [1]
    token_copies: c, copies of a token that are sent, its own rank included [1]
    experts_per_token: k, routed experts that each token visits [1]
    etp: t_e, expert-tensor-parallel size, over whose ranks tokens are gathered once sent [1]
    """
    if experts_per_token == 0:
        return 0.0
    if dispatcher == ALL_TO_ALL:
        return 4 * hidden_size * ((1 + 1 / experts_per_token) / etp + (2 if local_experts > 1 else 0))
    return 4 * hidden_size * (1 + token_copies / experts_per_token)


@equation(unit="B", source="megatron-core-moe")
def routed_token_bytes(
    hidden_size,
    expert_hidden_size,
    etp,
    mlp_matrices,
    linear_biases,
    fused_experts,
    fused_permutation,
    precision,
    experts_per_token,
    router_bytes,
    expert_bias_bytes,
    quantize_bytes,
    eager_permutation_bytes,
):
    """Memory traffic of one routed token beside products and sorting, forward; backward it is twice that.

    q_r h / k_e + (1 - p) q_p h + (1 - u) f (2 k + b q_b) / t_e + q (2 h + 3 (1 - u) f / t_e) / 3, q only in 8-bit formats and narrower

    hidden_size: h, width of the residual stream [1]
    expert_hidden_size: f, inner width of one expert [1]
    etp: t_e, expert-tensor-parallel size [1]
    mlp_matrices: k, matrices of one expert: 3 gated, 2 not [1]
    linear_biases: b, 1 where experts carry biases, which a grouped product does not add by itself [1]
    fused_experts: u, 1 where activation, biases and conversion are part of the grouped products [1]
    fused_permutation: p, 1 where sorting is one kernel, 0 where it is a row of elementary operators [1]
    precision: number format of the products [1]
    experts_per_token: k_e, routed experts that each token visits [1]
    router_bytes: q_r, traffic of the router for each element of the residual stream [B]
    expert_bias_bytes: q_b, traffic of biases and of the activation function that is not fused with them, for each inner column [B]
    quantize_bytes: q, traffic of converting one operand of a product [B]
    eager_permutation_bytes: q_p, traffic that sorting by elementary operators adds for each element of the residual stream [B]
    """
    apart = (1 - fused_experts) * expert_hidden_size / etp
    traffic = apart * (2 * mlp_matrices + linear_biases * expert_bias_bytes) + router_bytes * hidden_size / max(1.0, experts_per_token)
    traffic = traffic + (1 - fused_permutation) * eager_permutation_bytes * hidden_size
    if precision >= FP8:
        return traffic + quantize_bytes * (2 * hidden_size / 3 + apart)
    return traffic


@equation(unit="s", source="simumax-b200")
def permutation_time(routed_tokens, routed_token_bytes, sorted_token_bytes, pointwise_rate, hbm_bandwidth, permutation_efficiency):
    """Time in which one rank sorts tokens by expert, applies activation function and biases, converts them and sorts them back, forward.

    t = n (c / r + 2 s / (3 e B)), sorting taking as long backward as forward, where all else takes twice as long

    routed_tokens: n, tokens that the rank's experts work on [token]
    routed_token_bytes: c, memory traffic of activation function, biases and conversion of each [B]
    sorted_token_bytes: s, memory traffic of sorting each and back [B]
    pointwise_rate: r, rate of memory-bound operators [B/s]
    hbm_bandwidth: B, memory bandwidth of one GPU [B/s]
    permutation_efficiency: e, share of it that sorting reaches [1]
    """
    sorting = 2 * sorted_token_bytes / (3 * permutation_efficiency * hbm_bandwidth)
    return routed_tokens * (routed_token_bytes / pointwise_rate + sorting)
