"""Power of GPUs and servers in training. What belongs here: what a GPU draws for what it does, and the server around it.

Five methods give the power of a server; `power_method` chooses. All end at the server's own input, switches and building not
included. Boundaries: `gpu_power_modelled` ends at the chip, `server_power` at the server's input, `switch_power` adds the network.
"""

from sweep.equations.registry import equation

NAMEPLATE, TDP, MEASURED, MODELLED, GPU_TDP = range(5)


@equation(unit="s", source="latif-2024")
def tensor_time(
    micro_batches,
    slowest_stage_layers,
    layer_products_time,
    core_attention_time,
    core_attention_backward_time,
    recompute_time,
    head_time,
    layer_forward_time,
    trained_fraction,
):
    """Time of one step in which the tensor units of the busiest GPU are at work.

    t = m (l ((2 + f) t_p + t_c + t_cb + r (t_p + t_c)) + t_head), r the share of the forward pass that is computed again

    micro_batches: m, micro-batches of one copy in one step [1]
    slowest_stage_layers: l, layers of the fullest stage [1]
    layer_products_time: t_p, linear layers of one layer, forward [s]
    core_attention_time: t_c, core of attention, forward [s]
    core_attention_backward_time: t_cb, core of attention, backward [s]
    recompute_time: time of computing one layer's activations again [s]
    head_time: t_head, output head and loss [s]
    layer_forward_time: one layer forward, of which recompute_time is the share r [s]
    trained_fraction: f, share of the parameters that are trained [1]
    """
    again = recompute_time / layer_forward_time
    products = (2 + trained_fraction) * layer_products_time
    layer = products + core_attention_time + core_attention_backward_time + again * (layer_products_time + core_attention_time)
    return micro_batches * (slowest_stage_layers * layer + head_time)


@equation(unit="s", source="latif-2024")
def memory_time(
    micro_batches,
    slowest_stage_layers,
    layer_exchange_time,
    recompute_time,
    layer_forward_time,
    layer_backward_time,
    head_time,
    tensor_time,
    optimizer_time,
):
    """Time of one step in which the busiest GPU works, but waits for its memory more than for its tensor units.

    t = m (l (t_f (1 + r) + t_b - t_x (2 + r)) + t_head) - t_tensor + t_o, r the share of the forward pass that is computed again

    micro_batches: m, micro-batches of one copy in one step [1]
    slowest_stage_layers: l, layers of the fullest stage [1]
    layer_exchange_time: t_x, waiting for exchanges in one layer, forward [s]
    recompute_time: time of computing one layer's activations again [s]
    layer_forward_time: t_f, one layer forward, of which recompute_time is the share r [s]
    layer_backward_time: t_b, one layer backward [s]
    head_time: t_head, output head and loss [s]
    tensor_time: t_tensor, time in which the tensor units are at work [s]
    optimizer_time: t_o, updating the parameters [s]
    """
    passes = 2 + recompute_time / layer_forward_time
    layer = layer_forward_time + layer_backward_time + recompute_time - passes * layer_exchange_time
    work = micro_batches * (slowest_stage_layers * layer + head_time)
    return work - tensor_time + optimizer_time


@equation(unit="W", source="latif-2024")
def gpu_power_modelled(
    step_time, tensor_time, memory_time, gpu_tdp, power_cap, tensor_power_fraction, memory_power_fraction, waiting_power_fraction
):
    """Mean power of one GPU over a step, by what it does: work on tensors, work on memory, or wait for others.

    P = P_tdp (f_t t_t + f_m t_m + f_w (t - t_t - t_m)) / t, each f at most the power cap k

    step_time: t, time of one step [s]
    tensor_time: t_t, time in which the tensor units are at work [s]
    memory_time: t_m, time in which the GPU works on memory [s]
    gpu_tdp: P_tdp, thermal design power of one GPU [W]
    power_cap: k, power limit that is set on the GPU over its thermal design power [1]
    tensor_power_fraction: f_t, power over the thermal design power while the tensor units work [1]
    memory_power_fraction: f_m, the same while it works on memory [1]
    waiting_power_fraction: f_w, the same while it waits for other GPUs or for the host [1]
    """
    tensor = min(1.0, tensor_time / step_time)
    memory = min(1.0 - tensor, memory_time / step_time)
    fraction = min(power_cap, tensor_power_fraction) * tensor + min(power_cap, memory_power_fraction) * memory
    fraction = fraction + min(power_cap, waiting_power_fraction) * (1 - tensor - memory)
    return gpu_tdp * fraction


@equation(unit="W", source="article")
def server_power_nameplate(server_nameplate_power):
    """Power of one server by the method of the article: its nameplate power.

    P = P_nameplate

    server_nameplate_power: P_nameplate, largest power that the vendor states [W]
    """
    return server_nameplate_power


@equation(unit="W", source="patterson-2021")
def server_power_tdp(gpus_per_server, gpu_tdp, server_host_power, supply_efficiency):
    """Power of one server whose GPUs all draw their thermal design power.

    P = (g P_tdp + P_host) / e

    gpus_per_server: g, GPUs of one server [1]
    gpu_tdp: P_tdp, thermal design power of one GPU [W]
    server_host_power: P_host, power of one server outside its GPUs [W]
    supply_efficiency: e, power that reaches the parts over power at the input of the server [1]
    """
    return (gpus_per_server * gpu_tdp + server_host_power) / supply_efficiency


@equation(unit="W", source="epoch-h100-power")
def server_power_measured(server_nameplate_power, server_power_fraction):
    """Power of one server by the measured share of its nameplate in training.

    P = f P_nameplate

    server_nameplate_power: P_nameplate, largest power that the vendor states [W]
    server_power_fraction: f, measured mean power in training over the nameplate [1]
    """
    return server_nameplate_power * server_power_fraction


@equation(unit="W", source="latif-2024")
def server_power_modelled(gpus_per_server, gpu_power_modelled, server_host_power, supply_efficiency, training_power_residual):
    """Power of one server from what its GPUs do.

    P = z (g P_gpu + P_host) / e

    gpus_per_server: g, GPUs of one server [1]
    gpu_power_modelled: P_gpu, mean power of one GPU over a step [W]
    server_host_power: P_host, power of one server outside its GPUs, at their supply [W]
    supply_efficiency: e, power that reaches the parts over power at the input of the server [1]
    training_power_residual: z, measured over predicted power [1]
    """
    return training_power_residual * (gpus_per_server * gpu_power_modelled + server_host_power) / supply_efficiency


@equation(unit="W", source="lacoste-2019")
def server_power_gpu_tdp(gpus_per_server, gpu_tdp):
    """Power of one server by the method of most model cards: its GPUs at their thermal design power, and nothing else.

    P = g P_tdp

    gpus_per_server: g, GPUs of one server [1]
    gpu_tdp: P_tdp, thermal design power of one GPU [W]
    """
    return gpus_per_server * gpu_tdp


@equation(unit="W", source="article", selects="power_method")
def server_power(
    power_method, server_power_nameplate, server_power_tdp, server_power_measured, server_power_modelled, server_power_gpu_tdp
):
    """Mean power of one server in training, by the chosen method.

    that of the method

    power_method: how the power of a server is found [1]
    server_power_nameplate: all that its vendor states [W]
    server_power_tdp: GPUs at their thermal design power [W]
    server_power_measured: the share of the nameplate that meters have shown [W]
    server_power_modelled: from what its GPUs do [W]
    server_power_gpu_tdp: its GPUs alone, at their thermal design power [W]
    """
    if power_method == GPU_TDP:
        return server_power_gpu_tdp
    if power_method == MODELLED:
        return server_power_modelled
    if power_method == MEASURED:
        return server_power_measured
    if power_method == TDP:
        return server_power_tdp
    return server_power_nameplate


@equation(unit="W", source="mlperf-training-v4.0-power")
def switch_power(gpus, gpus_per_server, switch_power_per_gpu):
    """Power of the switches between the servers of the cluster; a lone server needs none.

    P = N P_s

    gpus: N, GPUs of the cluster [1]
    gpus_per_server: GPUs of one server [1]
    switch_power_per_gpu: P_s, power of switches and optics for each GPU [W]
    """
    if gpus <= gpus_per_server:
        return 0.0
    return gpus * switch_power_per_gpu


@equation(unit="J/token", source="mlperf-training-v4.0-power")
def energy_per_token_trained(servers, server_power, step_time, tokens_per_step):
    """Energy at the input of the servers per training token.

    e = S P t / n

    servers: S, servers of the cluster [1]
    server_power: P, mean power of one server [W]
    step_time: t, time of one step [s]
    tokens_per_step: n, tokens of one step [token]
    """
    return servers * server_power * step_time / tokens_per_step
