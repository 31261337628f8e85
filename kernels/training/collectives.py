"""Collectives between the GPUs of a job. What belongs here: which network a group uses, and how long its exchanges take.

Ranks are numbered with tensor parallelism innermost, then context, data and pipeline parallelism outermost, as Megatron does.
A ring moves (n - 1) / n of its buffer through each rank in a gather or a scatter, and twice that in an all-reduce.
"""

from sweep.equations.registry import equation, rule


def ring_rate(members, stride, scaleup_domain, scaleup_rate, scaleout_rate):
    """Rate of a ring over ranks `stride` apart: that of the scale-up network, or of all network cards that the group has in a domain."""
    if members * stride <= scaleup_domain:
        return scaleup_rate
    inside = max(1, min(members, scaleup_domain / stride))
    return min(scaleup_rate, inside * scaleout_rate)


def ring_wait(members, stride, scaleup_domain, scaleout_hop_time):
    """Time that the steps of a ring beyond one domain wait for the network, however little they send."""
    if members * stride <= scaleup_domain:
        return 0.0
    return (members - 1) * scaleout_hop_time


@equation(unit="B/s", source="aiconfigurator-core")
def scaleup_rate(scaleup_bandwidth, scaleup_efficiency):
    """Rate at which one GPU exchanges large messages inside its scale-up domain, one direction.

    u = e U

    scaleup_bandwidth: U, bandwidth of one GPU into its scale-up domain, one direction [B/s]
    scaleup_efficiency: e, share of it that collectives reach [1]
    """
    return scaleup_bandwidth * scaleup_efficiency


@equation(unit="B/s", source="megascale")
def scaleout_rate(scaleout_bandwidth, scaleout_efficiency):
    """Rate at which one GPU exchanges large messages over the network between domains, one direction.

    o = e O

    scaleout_bandwidth: O, bandwidth of one GPU into the network between domains, one direction [B/s]
    scaleout_efficiency: e, share of it that collectives reach [1]
    """
    return scaleout_bandwidth * scaleout_efficiency


@rule(guards=("scaleout_rate",), source="megascale")
def cluster_without_network(gpus, scaleup_domain, scaleout_bandwidth):
    """The cluster has several scale-up domains, and there is no figure for the network between them (scaleout_bandwidth).

    gpus: GPUs of the cluster [1]
    scaleup_domain: GPUs that one scale-up domain joins [1]
    scaleout_bandwidth: O, bandwidth of one GPU into the network between domains, one direction [B/s]
    """
    return gpus > scaleup_domain and scaleout_bandwidth <= 0


@equation(unit="B/s", source="narayanan-2021")
def tensor_parallel_rate(tp, scaleup_domain, scaleup_rate, scaleout_rate):
    """Rate of a ring over the tensor-parallel ranks.

    that of the network that joins them

    tp: t, tensor-parallel size [1]
    scaleup_domain: GPUs that one scale-up domain joins [1]
    scaleup_rate: rate of one GPU inside its domain [B/s]
    scaleout_rate: rate of one GPU between domains [B/s]
    """
    return ring_rate(tp, 1, scaleup_domain, scaleup_rate, scaleout_rate)


@equation(unit="s", source="korthikanti-2022")
def tensor_parallel_time(local_tokens, tp, hidden_size, tensor_parallel_rate, collective_start_time, scaleup_domain, scaleout_hop_time):
    """Time of the exchanges of one layer between tensor-parallel ranks, forward: two all-reduces, or as much in gathers and scatters.

    t = 2 (2 n h 2 (t - 1) / t / u + t_0 + 2 (t - 1) t_h), t_h only where the ranks stand in several domains

    local_tokens: n, tokens of one micro-batch on one rank [token]
    tp: t, tensor-parallel size [1]
    hidden_size: h, width of the residual stream [1]
    tensor_parallel_rate: u, rate of a ring over the tensor-parallel ranks [B/s]
    collective_start_time: t_0, time of a collective beyond its transfer [s]
    scaleup_domain: GPUs that one scale-up domain joins [1]
    scaleout_hop_time: t_h, time of one step of a ring between domains beyond its transfer [s]
    """
    if tp <= 1:
        return 0.0
    waits = 2 * collective_start_time + 4 * ring_wait(tp, 1, scaleup_domain, scaleout_hop_time)
    return 8 * local_tokens * hidden_size * (tp - 1) / (tp * tensor_parallel_rate) + waits


@equation(unit="s", source="megatron-core-cp")
def context_parallel_time(
    local_tokens, tp, cp, kv_heads, head_size, value_head_size, scaleup_domain, scaleup_rate, scaleout_rate, collective_start_time
):
    """Time in which keys and values of one layer pass round the context-parallel ring, forward.

    t = (c - 1) (2 n k (d + d_v) / (t u) + t_0)

    local_tokens: n, tokens of one micro-batch on one rank [token]
    tp: t, tensor-parallel size [1]
    cp: c, context-parallel size [1]
    kv_heads: k, key and value heads [1]
    head_size: d, width of one key head [1]
    value_head_size: d_v, width of one value head [1]
    scaleup_domain: GPUs that one scale-up domain joins [1]
    scaleup_rate: rate of one GPU inside its domain [B/s]
    scaleout_rate: rate of one GPU between domains [B/s]
    collective_start_time: t_0, time of a collective beyond its transfer [s]
    """
    if cp <= 1:
        return 0.0
    rate = ring_rate(cp, tp, scaleup_domain, scaleup_rate, scaleout_rate)
    return (cp - 1) * (2 * local_tokens * kv_heads * (head_size + value_head_size) / (tp * rate) + collective_start_time)


@equation(unit="s", source="narayanan-2021")
def stage_transfer_time(local_tokens, tp, hidden_size, gpus, scaleup_domain, scaleup_rate, scaleout_rate, collective_start_time, pp):
    """Time in which one micro-batch's activations, or their gradients, pass from a pipeline stage to the next.

    t = 2 n h / (t o) + t_0, each tensor-parallel rank sending its part

    local_tokens: n, tokens of one micro-batch on one rank [token]
    tp: t, tensor-parallel size [1]
    hidden_size: h, width of the residual stream [1]
    gpus: GPUs of the cluster, over all of which the stages are spread [1]
    scaleup_domain: GPUs that one scale-up domain joins [1]
    scaleup_rate: rate of one GPU inside its domain [B/s]
    scaleout_rate: o, rate of one GPU between domains [B/s]
    collective_start_time: t_0, time of a collective beyond its transfer [s]
    pp: pipeline stages [1]
    """
    if pp <= 1:
        return 0.0
    rate = scaleup_rate if gpus <= scaleup_domain else scaleout_rate
    return 2 * local_tokens * hidden_size / (tp * rate) + collective_start_time


@equation(unit="B/s", source="narayanan-2021")
def data_parallel_rate(data_parallel_size, tp, cp, scaleup_domain, scaleup_rate, scaleout_rate):
    """Rate of a ring over the ranks that hold the same part of the model: data-parallel and context-parallel ones.

    that of the slowest network on the way

    data_parallel_size: d, copies of the model that train side by side [1]
    tp: t, tensor-parallel size [1]
    cp: c, context-parallel size [1]
    scaleup_domain: GPUs that one scale-up domain joins [1]
    scaleup_rate: rate of one GPU inside its domain [B/s]
    scaleout_rate: rate of one GPU between domains [B/s]
    """
    return ring_rate(data_parallel_size * cp, tp, scaleup_domain, scaleup_rate, scaleout_rate)


@equation(unit="B", source="rajbhandari-2020")
def reduction_bytes(zero_stage, gradient_bytes, gradient_scatter, trained_fraction):
    """Bytes that reducing gradients sends for each parameter: once where only the rank that updates it receives them, twice where all do.

    f g; 2 f g without shared optimizer state, or without scattering

    zero_stage: what the data-parallel ranks share [1]
    gradient_bytes: g, bytes of a gradient as it is exchanged [B]
    gradient_scatter: 1 where gradients are scattered to the ranks that share the optimizer state, 0 where all ranks receive them [1]
    trained_fraction: f, share of the parameters that are trained [1]
    """
    return trained_fraction * gradient_bytes * (1 if zero_stage >= 1 and gradient_scatter == 1 else 2)


@equation(unit="B", source="rajbhandari-2020")
def gathering_bytes(zero_stage, parameter_bytes, trained_fraction):
    """Bytes that gathering parameters sends for each of them.

    c where the ranks share parameters; f c, those updated, where they share optimizer state; else nothing, since each updates all

    zero_stage: what the data-parallel ranks share [1]
    parameter_bytes: c, bytes of a parameter as it is computed with [B]
    trained_fraction: f, share of the parameters that are trained [1]
    """
    if zero_stage >= 3:
        return parameter_bytes
    return trained_fraction * parameter_bytes if zero_stage >= 1 else 0.0


@equation(unit="s", source="rajbhandari-2020")
def gradient_exchange_time(
    dense_parameters_per_gpu,
    data_parallel_size,
    cp,
    data_parallel_rate,
    reduction_bytes,
    collective_start_time,
    tp,
    scaleup_domain,
    scaleout_hop_time,
):
    """Time of reducing the gradients over the data-parallel ranks once.

    t = g P (d - 1) / d / o + t_0 + (d - 1) t_h, t_h only where the ranks stand in several domains

    dense_parameters_per_gpu: P, parameters outside the experts that one GPU computes with [1]
    data_parallel_size: d, copies of the model that train side by side [1]
    cp: context-parallel size, whose ranks share gradients too [1]
    data_parallel_rate: o, rate of a ring over the data-parallel ranks [B/s]
    reduction_bytes: g, bytes that reducing a gradient sends [B]
    collective_start_time: t_0, time of a collective beyond its transfer [s]
    tp: t, tensor-parallel size, how far the ranks stand apart [1]
    scaleup_domain: GPUs that one scale-up domain joins [1]
    scaleout_hop_time: t_h, time of one step of a ring between domains beyond its transfer [s]
    """
    ranks = data_parallel_size * cp
    if ranks <= 1:
        return 0.0
    waits = collective_start_time + ring_wait(ranks, tp, scaleup_domain, scaleout_hop_time)
    return reduction_bytes * dense_parameters_per_gpu * (ranks - 1) / (ranks * data_parallel_rate) + waits


@equation(unit="s", source="rajbhandari-2020")
def parameter_gather_time(
    dense_parameters_per_gpu,
    data_parallel_size,
    cp,
    data_parallel_rate,
    gathering_bytes,
    collective_start_time,
    tp,
    scaleup_domain,
    scaleout_hop_time,
    slowest_stage_layers,
    gather_slice_time,
):
    """Time of gathering the parameters from the data-parallel ranks once.

    t = c P (d - 1) / d / o + t_0 + (d - 1) t_h + d l t_s, t_h only where the ranks stand in several domains; nothing where c = 0

    dense_parameters_per_gpu: P, parameters outside the experts that one GPU computes with [1]
    data_parallel_size: d, copies of the model that train side by side [1]
    cp: context-parallel size, whose ranks share parameters too [1]
    data_parallel_rate: o, rate of a ring over the data-parallel ranks [B/s]
    gathering_bytes: c, bytes that gathering a parameter sends [B]
    collective_start_time: t_0, time of a collective beyond its transfer [s]
    tp: t, tensor-parallel size, how far the ranks stand apart [1]
    scaleup_domain: GPUs that one scale-up domain joins [1]
    scaleout_hop_time: t_h, time of one step of a ring between domains beyond its transfer [s]
    slowest_stage_layers: l, layers of the fullest stage [1]
    gather_slice_time: t_s, time in which the host cuts out and copies one rank's part of one layer [s]
    """
    ranks = data_parallel_size * cp
    if ranks <= 1 or gathering_bytes == 0:
        return 0.0
    waits = collective_start_time + ring_wait(ranks, tp, scaleup_domain, scaleout_hop_time)
    waits = waits + ranks * slowest_stage_layers * gather_slice_time
    return gathering_bytes * dense_parameters_per_gpu * (ranks - 1) / (ranks * data_parallel_rate) + waits


@equation(unit="s", source="megatron-core-moe")
def expert_exchange_time(
    expert_parameters_per_gpu, expert_replicas, ep, etp, scaleup_domain, scaleup_rate, scaleout_rate, reduction_bytes, gathering_bytes
):
    """Time of reducing the experts' gradients and gathering their parameters over the ranks that hold the same experts.

    t = (g + c) P (x - 1) / x / o

    expert_parameters_per_gpu: P, parameters of the experts on one GPU [1]
    expert_replicas: x, ranks that hold the same experts [1]
    ep: e, expert-parallel size [1]
    etp: expert-tensor-parallel size; with the former how far such ranks stand apart [1]
    scaleup_domain: GPUs that one scale-up domain joins [1]
    scaleup_rate: rate of one GPU inside its domain [B/s]
    scaleout_rate: rate of one GPU between domains [B/s]
    reduction_bytes: g, bytes that reducing a gradient sends [B]
    gathering_bytes: c, bytes that gathering a parameter sends [B]
    """
    if expert_replicas <= 1:
        return 0.0
    rate = ring_rate(expert_replicas, ep * etp, scaleup_domain, scaleup_rate, scaleout_rate)
    return (reduction_bytes + gathering_bytes) * expert_parameters_per_gpu * (expert_replicas - 1) / (expert_replicas * rate)
