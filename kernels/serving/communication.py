"""Data that the GPUs of a served model exchange. What belongs here: the latency and the time per token of each collective.

All-reduces stay inside a tensor-parallel group. What tokens send to experts and back leaves the scale-up domain for those experts that lie
in another one (wide expert parallelism).
"""

from sweep.equations.registry import equation, rule


@equation(unit="B/s", source="pope-2022")
def serving_bandwidth(serving_tp, scaleup_domain, scaleup_bandwidth, scaleout_bandwidth):
    """Bandwidth of one GPU towards the others of its tensor-parallel group, one direction.

    b = b_up where t GPUs fit in one scale-up domain, else b_out

    serving_tp: t, tensor-parallel size of attention [1]
    scaleup_domain: GPUs that one scale-up domain joins [1]
    scaleup_bandwidth: b_up, bandwidth of one GPU into its scale-up domain, one direction [B/s]
    scaleout_bandwidth: b_out, bandwidth of one GPU into the network, one direction [B/s]
    """
    if serving_tp <= scaleup_domain:
        return scaleup_bandwidth
    return scaleout_bandwidth


@equation(unit="1", source="deepep")
def expert_network_share(serving_tp, serving_dp, scaleup_domain):
    """Share of a token's experts that lie outside its scale-up domain.

    s = 1 - D / (t d), or 0 where one domain holds all

    serving_tp: t, tensor-parallel size of attention [1]
    serving_dp: d, ranks with their own sequences [1]
    scaleup_domain: D, GPUs that one scale-up domain joins [1]
    """
    return max(0.0, 1 - scaleup_domain / (serving_tp * serving_dp))


@rule(guards=("exchange_time_per_token",), source="pope-2022")
def serving_without_network(serving_tp, serving_dp, scaleup_domain, scaleout_bandwidth):
    """The GPUs of a replica are in several scale-up domains, and there is no figure for the network between them (scaleout_bandwidth).

    serving_tp: t, tensor-parallel size of attention [1]
    serving_dp: d, ranks with their own sequences [1]
    scaleup_domain: GPUs that one scale-up domain joins [1]
    scaleout_bandwidth: b_out, bandwidth of one GPU into the network, one direction [B/s]
    """
    return serving_tp * serving_dp > scaleup_domain and scaleout_bandwidth <= 0


@equation(unit="1", source="shoeybi-2019")
def reduces_per_pass(layers, moe_layers, serving_tp, serving_dp):
    """All-reduces of a tensor-parallel group that one pass through the model waits for, one after another.

    n_r = 2 l: after attention and after the MLP; 2 l - l_x with data-parallel attention, as experts are reached otherwise; 0 on one GPU

    layers: l, transformer layers [1]
    moe_layers: l_x, layers with a mixture of experts [1]
    serving_tp: t, tensor-parallel size of attention [1]
    serving_dp: d, ranks with their own sequences [1]
    """
    if serving_tp <= 1:
        return 0.0
    return 2 * layers - (moe_layers if serving_dp > 1 else 0.0)


@equation(unit="1", source="deepep")
def dispatches_per_pass(moe_layers, serving_dp):
    """Exchanges with experts that one pass through the model waits for: to them and back, with data-parallel attention.

    n_x = 2 l_x, or 0 for one rank

    moe_layers: l_x, layers with a mixture of experts [1]
    serving_dp: d, ranks with their own sequences [1]
    """
    return 2 * moe_layers if serving_dp > 1 else 0.0


@equation(unit="B", source="shoeybi-2019")
def reduced_bytes_per_token(reduces_per_pass, hidden_size, activation_bits, serving_tp):
    """Bytes that one GPU sends in the all-reduces of one pass, per token of its own batch.

    x_r = 2 h a / 8 (t - 1) / t n_r

    reduces_per_pass: n_r, all-reduces of one pass [1]
    hidden_size: h, width of the residual stream [1]
    activation_bits: a, bits of one exchanged activation [1]
    serving_tp: t, tensor-parallel size of attention [1]
    """
    return 2 * hidden_size * activation_bits / 8 * (serving_tp - 1) / serving_tp * reduces_per_pass


@equation(unit="B", source="deepep")
def dispatched_bytes_per_token(dispatches_per_pass, hidden_size, experts_per_token, activation_bits, serving_tp, serving_ep):
    """Bytes that one GPU sends to experts and back in one pass, per token of its own batch.

    x_d = h a / 8 min(k, max(1, e - 1)) n_x / t

    dispatches_per_pass: n_x, exchanges with experts of one pass [1]
    hidden_size: h, width of the residual stream [1]
    experts_per_token: k, experts that a token visits [1]
    activation_bits: a, bits of one exchanged activation [1]
    serving_tp: t, tensor-parallel size of attention [1]
    serving_ep: e, groups of GPUs over which the experts are spread [1]
    """
    return hidden_size * activation_bits / 8 * min(experts_per_token, max(1.0, serving_ep - 1)) * dispatches_per_pass / serving_tp


@equation(unit="s", source="pope-2022")
def collective_wait(reduces_per_pass, dispatches_per_pass, engine_collective_time, expert_network_share, network_dispatch_time):
    """Time that one pass waits for exchanges, however small they are.

    t = n_r L + n_x (L, or L_n where experts lie in other scale-up domains)

    reduces_per_pass: n_r, all-reduces of one pass [1]
    dispatches_per_pass: n_x, exchanges with experts of one pass [1]
    engine_collective_time: L, time of an exchange with no data inside a scale-up domain [s]
    expert_network_share: share of a token's experts that lie outside its scale-up domain [1]
    network_dispatch_time: L_n, time of an exchange with no data over the network [s]
    """
    dispatch = network_dispatch_time if expert_network_share > 0 else engine_collective_time
    return reduces_per_pass * engine_collective_time + dispatches_per_pass * dispatch


@equation(unit="s", source="deepep")
def exchange_time_per_token(
    reduced_bytes_per_token,
    dispatched_bytes_per_token,
    expert_network_share,
    serving_bandwidth,
    scaleup_bandwidth,
    scaleout_bandwidth,
    link_efficiency,
    network_efficiency,
    exchange_overlap,
):
    """Time to send what one token of a rank's batch exchanges in one pass, as far as no other work hides it.

    t = (1 - o) (x_r / (b e) + max((1 - s) x_d / (b_up e), s x_d / (b_out e_n))), as both kinds of links work at a time

    reduced_bytes_per_token: x_r, bytes that one GPU sends in all-reduces per token [B]
    dispatched_bytes_per_token: x_d, bytes that it sends to experts and back per token [B]
    expert_network_share: s, share of a token's experts that lie outside its scale-up domain [1]
    serving_bandwidth: b, bandwidth of one GPU towards its tensor-parallel group [B/s]
    scaleup_bandwidth: b_up, bandwidth of one GPU into its scale-up domain, one direction [B/s]
    scaleout_bandwidth: b_out, bandwidth of one GPU into the network, one direction [B/s]
    link_efficiency: e, share of the bandwidth that exchanges inside a domain reach [1]
    network_efficiency: e_n, share of it that exchanges over the network reach [1]
    exchange_overlap: o, share of the exchange that hides behind the work of another half of the batch [1]
    """
    reduced, inside, across = 0.0, 0.0, 0.0
    if reduced_bytes_per_token > 0:
        reduced = reduced_bytes_per_token / (serving_bandwidth * link_efficiency)
    if dispatched_bytes_per_token > 0:
        inside = (1 - expert_network_share) * dispatched_bytes_per_token / (scaleup_bandwidth * link_efficiency)
    if dispatched_bytes_per_token > 0 and expert_network_share > 0:
        across = expert_network_share * dispatched_bytes_per_token / (scaleout_bandwidth * network_efficiency)
    return (1 - exchange_overlap) * (reduced + max(inside, across))
