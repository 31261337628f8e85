"""Sending tokens to their experts and back. What belongs here: copies and domains of a token, and how long its exchanges take."""

from sweep.equations.registry import equation
from sweep.kernels.choices import ALL_GATHER, ALL_TO_ALL, DEEPEP


@equation(unit="1", source="deepseek-v3")
def remote_domains(ep, etp, scaleup_domain, experts_per_token):
    """Scale-up domains other than its own to which a token is sent, when its experts are drawn evenly.

    (D - 1) (1 - (1 - 1 / D)^k), D = e t_e / domain, at least 1

    ep: e, expert-parallel size [1]
    etp: t_e, expert-tensor-parallel size [1]
    scaleup_domain: GPUs that one scale-up domain joins [1]
    experts_per_token: k, routed experts that each token visits [1]
    """
    domains = max(1.0, ep * etp / scaleup_domain)
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
    routing_load,
    hidden_size,
    ep,
    etp,
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
    routing_load: i, tokens of the busiest rank over the mean [1]
    hidden_size: h, width of the residual stream [1]
    ep: e, expert-parallel size [1]
    etp: expert-tensor-parallel size, whose ranks stand side by side [1]
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
    near = min(ep, max(1.0, scaleup_domain / etp))
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
    sent = width * routing_load * local_tokens * hidden_size / sequence_shards
    return sent * max(inside / up, outside / out if outside > 0.0 else 0.0) + collective_start_time


@equation(unit="s", source="megatron-core-moe")
def expert_gather_time(routed_tokens, hidden_size, etp, scaleup_rate, collective_start_time):
    """Time of gathering one micro-batch's routed tokens from the expert-tensor-parallel ranks, or of scattering results to them, once.

    t = 2 n h (1 - 1 / t_e) / u + t_0; nothing where each rank has whole experts

    routed_tokens: n, tokens that the rank's experts work on [token]
    hidden_size: h, width of the residual stream [1]
    etp: t_e, expert-tensor-parallel size [1]
    scaleup_rate: u, rate of one GPU inside its domain [B/s]
    collective_start_time: t_0, time of a collective beyond its transfer [s]
    """
    if etp <= 1:
        return 0.0
    return 2 * routed_tokens * hidden_size * (1 - 1 / etp) / scaleup_rate + collective_start_time
