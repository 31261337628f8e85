"""Data that the GPUs of a served model exchange. What belongs here: the latency and the time per token of each collective."""

from sweep.equations.registry import equation, rule


@equation(unit="B/s", source="pope-2022")
def serving_bandwidth(serving_tp, serving_dp, scaleup_domain, scaleup_bandwidth, scaleout_bandwidth):
    """Bandwidth of one GPU towards the others of its pipeline stage, one direction.

    b = b_up where t d GPUs fit in one scale-up domain, else b_out

    serving_tp: t, tensor-parallel size of attention [1]
    serving_dp: d, ranks with their own sequences [1]
    scaleup_domain: GPUs that one scale-up domain joins [1]
    scaleup_bandwidth: b_up, bandwidth of one GPU into its scale-up domain, one direction [B/s]
    scaleout_bandwidth: b_out, bandwidth of one GPU into the network, one direction [B/s]
    """
    if serving_tp * serving_dp <= scaleup_domain:
        return scaleup_bandwidth
    return scaleout_bandwidth


@rule(guards=("serving_bandwidth",), source="pope-2022")
def serving_without_network(serving_tp, serving_dp, scaleup_domain, scaleout_bandwidth):
    """The GPUs of a replica are in several scale-up domains, and there is no figure for the network between them (scaleout_bandwidth).

    serving_tp: t, tensor-parallel size of attention [1]
    serving_dp: d, ranks with their own sequences [1]
    scaleup_domain: GPUs that one scale-up domain joins [1]
    scaleout_bandwidth: b_out, bandwidth of one GPU into the network, one direction [B/s]
    """
    return serving_tp * serving_dp > scaleup_domain and scaleout_bandwidth <= 0


@equation(unit="1", source="shoeybi-2019")
def collectives_per_pass(layers, moe_layers, serving_tp, serving_dp):
    """Collectives, one after another, that one pass through the model waits for.

    n = 2 l with tensor parallelism alone: after attention and after the MLP; l + l_x with data-parallel attention: to and from the experts

    layers: l, transformer layers [1]
    moe_layers: l_x, layers with a mixture of experts [1]
    serving_tp: t, tensor-parallel size of attention [1]
    serving_dp: d, ranks with their own sequences [1]
    """
    count = 0.0
    if serving_tp > 1:
        count = 2 * layers
    if serving_dp > 1:
        count = count - (moe_layers if serving_tp > 1 else 0.0) + 2 * moe_layers
    return count


@equation(unit="B", source="shoeybi-2019")
def exchanged_bytes_per_token(layers, moe_layers, hidden_size, experts_per_token, activation_bits, serving_tp, serving_dp, serving_ep):
    """Bytes that one GPU sends, per token of its own batch, in one pass through the model.

    x = h a / 8 (2 (t - 1) / t n_ar + 2 min(k, e - 1) / t n_x), with n_ar all-reduces and n_x exchanges with the experts

    layers: l, transformer layers [1]
    moe_layers: l_x, layers with a mixture of experts [1]
    hidden_size: h, width of the residual stream [1]
    experts_per_token: k, experts that a token visits [1]
    activation_bits: a, bits of one exchanged activation [1]
    serving_tp: t, tensor-parallel size of attention [1]
    serving_dp: d, ranks with their own sequences [1]
    serving_ep: e, groups of GPUs over which the experts are spread [1]
    """
    reduces = 2 * layers
    spread = 0.0
    if serving_dp > 1:
        reduces = 2 * layers - moe_layers
        spread = 2 * moe_layers * min(experts_per_token, max(1.0, serving_ep - 1)) / serving_tp
    return hidden_size * activation_bits / 8 * (2 * (serving_tp - 1) / serving_tp * reduces + spread)


@equation(unit="s", source="pope-2022")
def collective_wait(collectives_per_pass, collective_latency):
    """Time that one pass waits for collectives, however small they are.

    t = n L

    collectives_per_pass: n, collectives of one pass [1]
    collective_latency: L, time of one of them with no data [s]
    """
    return collectives_per_pass * collective_latency


@equation(unit="s", source="pope-2022")
def exchange_time_per_token(exchanged_bytes_per_token, serving_bandwidth, link_efficiency, exchange_overlap):
    """Time to send what one token of a rank's batch exchanges in one pass, as far as no other work hides it.

    t = x (1 - o) / (b e)

    exchanged_bytes_per_token: x, bytes that one GPU sends per token [B]
    serving_bandwidth: b, bandwidth of one GPU towards the others [B/s]
    link_efficiency: e, share of it that collectives reach [1]
    exchange_overlap: o, share of the exchange that hides behind the work of another half of the batch [1]
    """
    if exchanged_bytes_per_token <= 0:
        return 0.0
    return exchanged_bytes_per_token * (1 - exchange_overlap) / (serving_bandwidth * link_efficiency)
