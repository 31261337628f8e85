"""Mixture-of-experts layers on one GPU. What belongs here: routing, the experts' products, and sending tokens to them and back."""

from sweep.equations.registry import equation
from sweep.kernels.choices import ALL_GATHER, ALL_TO_ALL, DEEPEP, FP8


@equation(unit="token", source="megatron-core-moe")
def routed_tokens(local_tokens, sequence_shards, experts_per_token, expert_imbalance, ep):
    """Tokens that the busiest rank's experts work on in one micro-batch, each counted once for every expert that it visits.

    n = (1 + (i - 1) (1 - 1 / e)) k n_local / s, as a single rank has all tokens

    local_tokens: n_local, tokens of one micro-batch on one rank [token]
    sequence_shards: s, parts into which the sequence is cut over the tensor-parallel ranks [1]
    experts_per_token: k, routed experts that each token visits [1]
    expert_imbalance: i, tokens of the busiest of many ranks over the mean [1]
    ep: e, expert-parallel size [1]
    """
    busiest = 1 + (expert_imbalance - 1) * (1 - 1 / ep)
    return busiest * experts_per_token * local_tokens / sequence_shards


@equation(unit="1", source="megatron-core-moe")
def local_experts(experts, ep):
    """Routed experts that one rank holds of a layer.

    E / e

    experts: E, routed experts of a layer [1]
    ep: e, expert-parallel size [1]
    """
    return experts / ep


@equation(unit="s", source="aiconfigurator-core")
def expert_products_time(
    routed_tokens,
    local_experts,
    expert_hidden_size,
    mlp_matrices,
    hidden_size,
    gemm_rate,
    grouped_efficiency,
    grouped_tile,
    operand_rate,
    hbm_bandwidth,
    fused_experts,
    expert_start_time,
    grouped_start_time,
):
    """Time of the matrix products of the routed experts of one layer, forward, for one micro-batch.

    t = 2 (n + E m / 2) k h f / (g R) + 2 n (2 h + k f) / r + E (2 k h f / B + t_0), each expert's tokens filling up tiles of m rows

    routed_tokens: n, tokens that the rank's experts work on [token]
    local_experts: E, experts on the rank [1]
    expert_hidden_size: f, inner width of one expert [1]
    mlp_matrices: k, matrices of one expert: 3 gated, 2 not [1]
    hidden_size: h, width of the residual stream [1]
    gemm_rate: R, rate of large matrix products [FLOP/s]
    grouped_efficiency: g, rate of a grouped product over that of one large product [1]
    grouped_tile: m, rows of one tile of a grouped product [token]
    operand_rate: r, rate at which operands seem to arrive [B/s]
    hbm_bandwidth: B, memory bandwidth of one GPU, at which the weights of each expert are read [B/s]
    fused_experts: 1 where one grouped kernel computes all experts, 0 where each has its own [1]
    expert_start_time: t_0, time of one expert's products beyond their work, by kernels of its own [s]
    grouped_start_time: t_0, the same as part of a grouped kernel [s]
    """
    width = mlp_matrices * expert_hidden_size
    start = fused_experts * grouped_start_time + (1 - fused_experts) * expert_start_time
    rows = routed_tokens + local_experts * grouped_tile / 2
    products = 2 * rows * width * hidden_size / (grouped_efficiency * gemm_rate)
    operands = 2 * routed_tokens * (2 * hidden_size + width) / operand_rate
    return products + operands + local_experts * (2 * width * hidden_size / hbm_bandwidth + start)


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
def routed_token_bytes(
    hidden_size,
    expert_hidden_size,
    mlp_matrices,
    linear_biases,
    fused_experts,
    precision,
    permutation_bytes,
    expert_bias_bytes,
    quantize_bytes,
):
    """Memory traffic of one routed token beside the products of its expert, forward; backward it is twice that.

    c h + (1 - u) f (2 k + b q_b) + q (2 h + 3 (1 - u) f) / 3 in 8-bit formats and narrower, else without q

    hidden_size: h, width of the residual stream [1]
    expert_hidden_size: f, inner width of one expert [1]
    mlp_matrices: k, matrices of one expert: 3 gated, 2 not [1]
    linear_biases: b, 1 where experts carry biases, which a grouped product does not add by itself [1]
    fused_experts: u, 1 where activation, biases and conversion are part of the grouped products [1]
    precision: number format of the products [1]
    permutation_bytes: c, traffic of sorting by expert and back for each element of the residual stream [B]
    expert_bias_bytes: q_b, traffic of biases and of the activation function that is not fused with them, for each inner column [B]
    quantize_bytes: q, traffic of converting one operand of a product [B]
    """
    apart = (1 - fused_experts) * expert_hidden_size
    traffic = permutation_bytes * hidden_size + apart * (2 * mlp_matrices + linear_biases * expert_bias_bytes)
    if precision >= FP8:
        return traffic + quantize_bytes * (2 * hidden_size / 3 + apart)
    return traffic


@equation(unit="s", source="megatron-core-moe")
def permutation_time(routed_tokens, routed_token_bytes, pointwise_rate):
    """Time in which one rank sorts tokens by expert, applies activation function and biases, converts them and sorts them back, forward.

    t = n c / r

    routed_tokens: n, tokens that the rank's experts work on [token]
    routed_token_bytes: c, memory traffic of each [B]
    pointwise_rate: r, rate of memory-bound operators [B/s]
    """
    return routed_tokens * routed_token_bytes / pointwise_rate


@equation(unit="1", source="deepseek-v3")
def remote_domains(ep, scaleup_domain, experts_per_token):
    """Scale-up domains other than its own to which a token is sent, when its experts are drawn evenly.

    (D - 1) (1 - (1 - 1 / D)^k), D = e / domain, at least 1

    ep: e, expert-parallel size [1]
    scaleup_domain: GPUs that one scale-up domain joins [1]
    experts_per_token: k, routed experts that each token visits [1]
    """
    domains = max(1.0, ep / scaleup_domain)
    return (domains - 1) * (1 - (1 - 1 / domains) ** experts_per_token)


@equation(unit="1", source="hybrid-ep")
def token_copies(dispatcher, ep, experts_per_token):
    """Copies of a token that are sent to expert-parallel ranks, its own among them.

    e gathered by all; k all-to-all, one for each expert; e (1 - (1 - 1 / e)^k) where it is sent once to each rank of its experts,
    which are drawn evenly

    dispatcher: what sends tokens to their experts [1]
    ep: e, expert-parallel size [1]
    experts_per_token: k, routed experts that each token visits [1]
    """
    if dispatcher == ALL_GATHER:
        return ep
    if dispatcher == ALL_TO_ALL:
        return experts_per_token
    return ep * (1 - (1 - 1 / ep) ** experts_per_token)


@equation(unit="s", source="hybrid-ep")
def all_to_all_time(
    dispatcher,
    local_tokens,
    sequence_shards,
    expert_imbalance,
    hidden_size,
    ep,
    token_copies,
    remote_domains,
    scaleup_domain,
    scaleup_bandwidth,
    scaleout_bandwidth,
    scaleup_rate,
    scaleout_rate,
    deepep_scaleup_efficiency,
    deepep_scaleout_efficiency,
    hybridep_scaleup_efficiency,
    hybridep_scaleout_efficiency,
    gathered_token_bytes,
    collective_start_time,
):
    """Time in which one rank sends the tokens of one micro-batch to their experts or back, once.

    t = b i n h / s max(c (1 - 1/g) q / u, w / o) + t_0, g ranks in a domain; collectives keep q = g / e of their copies inside and send
    w = c (1 - g / e) out; the kernels send a token once to each domain, w of them, and from there to its ranks, q = 1; b = 2 but gathered

    dispatcher: what sends tokens to their experts [1]
    local_tokens: n, tokens of one micro-batch on one rank [token]
    sequence_shards: s, parts into which the sequence is cut over the tensor-parallel ranks [1]
    expert_imbalance: i, tokens of the busiest rank over the mean [1]
    hidden_size: h, width of the residual stream [1]
    ep: e, expert-parallel size [1]
    token_copies: c, copies of a token that are sent, its own rank included [1]
    remote_domains: w, scale-up domains other than its own to which a token is sent [1]
    scaleup_domain: GPUs that one scale-up domain joins [1]
    scaleup_bandwidth: bandwidth of one GPU into its scale-up domain, one direction [B/s]
    scaleout_bandwidth: bandwidth of one GPU into the network between domains, one direction [B/s]
    scaleup_rate: u, rate of a collective inside a domain [B/s]
    scaleout_rate: o, rate of a collective between domains [B/s]
    deepep_scaleup_efficiency: share of the bandwidth inside a domain that DeepEP reaches [1]
    deepep_scaleout_efficiency: share of the bandwidth between domains that DeepEP reaches [1]
    hybridep_scaleup_efficiency: share of the bandwidth inside a domain that HybridEP reaches [1]
    hybridep_scaleout_efficiency: share of the bandwidth between domains that HybridEP reaches [1]
    gathered_token_bytes: b, bytes of an element of a token that all ranks are sent [B]
    collective_start_time: t_0, time of a collective beyond its transfer [s]
    """
    if ep <= 1:
        return 0.0
    near = min(ep, scaleup_domain)
    inside = token_copies * (near - 1) / near
    outside = remote_domains
    up = scaleup_bandwidth * hybridep_scaleup_efficiency
    out = scaleout_bandwidth * hybridep_scaleout_efficiency
    width = 2.0
    if dispatcher <= ALL_TO_ALL:
        inside = token_copies * (near - 1) / ep
        outside = token_copies * (1 - near / ep)
        up = scaleup_rate
        out = scaleout_rate
        if dispatcher == ALL_GATHER:
            width = gathered_token_bytes
    elif dispatcher == DEEPEP:
        up = scaleup_bandwidth * deepep_scaleup_efficiency
        out = scaleout_bandwidth * deepep_scaleout_efficiency
    sent = width * expert_imbalance * local_tokens * hidden_size / sequence_shards
    return sent * max(inside / up, outside / out if outside > 0.0 else 0.0) + collective_start_time
