"""Where the time of a training run goes. What belongs here: its shares by cause, which sum to 1.

A GPU works through its stage; what the slowest stage takes longer than the mean of all is time that it waits, and counts with the bubble.
"""

from sweep.equations.registry import equation


@equation(unit="1", source="narayanan-2021")
def layer_passes(micro_batches, layers, pp):
    """Layers that a GPU computes in one step, forward and backward, on average.

    n = m L / p

    micro_batches: m, micro-batches of one copy in one step [1]
    layers: L, transformer layers [1]
    pp: p, pipeline stages [1]
    """
    return micro_batches * layers / pp


@equation(unit="1/s", source="narayanan-2021")
def time_to_share(step_time, step_time_residual, effective_training_fraction):
    """Share of the run's time for each second of a step, as its parts add up before the residual.

    r = e z / t

    step_time: t, time of one step [s]
    step_time_residual: z, measured over predicted time of a step [1]
    effective_training_fraction: e, share of the time in which training advances [1]
    """
    return effective_training_fraction * step_time_residual / step_time


@equation(unit="s", source="narayanan-2021")
def pipeline_exchange_time(micro_batches, pp, interleaving, pipeline_overlap, transfer_overlap, stage_transfer_time):
    """Time that one step waits for activations and gradients on their way between pipeline stages.

    t = 2 t_p (m v (1 - b o) + p - 1)

    micro_batches: m, micro-batches of one copy in one step [1]
    pp: p, pipeline stages [1]
    interleaving: v, chunks of one stage [1]
    pipeline_overlap: b, 1 where activations pass on beside other work [1]
    transfer_overlap: o, share of the passing that hides there [1]
    stage_transfer_time: t_p, passing activations to the next stage [s]
    """
    return 2 * stage_transfer_time * (micro_batches * interleaving * (1 - pipeline_overlap * transfer_overlap) + pp - 1)


@equation(unit="1", source="narayanan-2021")
def products_share(time_to_share, layer_passes, layer_products_time, micro_batches, pp, head_time, loss_time, trained_fraction):
    """Share of the run's time that matrix products take, without those computed again.

    r ((2 + f) n t_p + m (t_h - t_l) / p)

    time_to_share: r, share of the run for each second of a step as its parts add up [1/s]
    layer_passes: n, layers that a GPU works through in a step, on average [1]
    layer_products_time: t_p, linear layers of one layer, forward [s]
    micro_batches: m, micro-batches of one copy in one step [1]
    pp: p, pipeline stages [1]
    head_time: t_h, output head and loss [s]
    loss_time: t_l, loss alone [s]
    trained_fraction: f, share of the parameters that are trained [1]
    """
    products = (2 + trained_fraction) * layer_passes * layer_products_time
    return time_to_share * (products + micro_batches * (head_time - loss_time) / pp)


@equation(unit="1", source="dao-2023")
def attention_share(time_to_share, layer_passes, core_attention_time, core_attention_backward_time):
    """Share of the run's time that the core of attention takes.

    r n (t_c + t_cb)

    time_to_share: r, share of the run for each second of a step as its parts add up [1/s]
    layer_passes: n, layers that a GPU works through in a step, on average [1]
    core_attention_time: t_c, core of attention forward [s]
    core_attention_backward_time: t_cb, core of attention backward [s]
    """
    return time_to_share * layer_passes * (core_attention_time + core_attention_backward_time)


@equation(unit="1", source="korthikanti-2022")
def memory_bound_share(
    time_to_share,
    layer_passes,
    pointwise_time,
    permutation_time,
    layers,
    moe_layers,
    gradient_accumulation_time,
    micro_batches,
    pp,
    loss_time,
):
    """Share of the run's time that memory-bound operators take: norms, activation functions, sorting, gradients' sums and the loss.

    r (n (3 (t_w + x t_s) + t_g) + m t_l / p)

    time_to_share: r, share of the run for each second of a step as its parts add up [1/s]
    layer_passes: n, layers that a GPU works through in a step, on average [1]
    pointwise_time: t_w, memory-bound operators of one layer, forward [s]
    permutation_time: t_s, sorting tokens by expert [s]
    layers: L, transformer layers [1]
    moe_layers: L_moe, layers with a mixture of experts, x = L_moe / L [1]
    gradient_accumulation_time: t_g, adding the weights' gradients to those of earlier micro-batches [s]
    micro_batches: m, micro-batches of one copy in one step [1]
    pp: p, pipeline stages [1]
    loss_time: t_l, loss alone [s]
    """
    layer = 3 * (pointwise_time + moe_layers / layers * permutation_time) + gradient_accumulation_time
    return time_to_share * (layer_passes * layer + micro_batches * loss_time / pp)


@equation(unit="1", source="korthikanti-2022")
def recompute_share(time_to_share, layer_passes, recompute_time):
    """Share of the run's time for recomputing activations.

    r n t_r

    time_to_share: r, share of the run for each second of a step as its parts add up [1/s]
    layer_passes: n, layers that a GPU works through in a step, on average [1]
    recompute_time: t_r, computing one layer's activations again [s]
    """
    return time_to_share * layer_passes * recompute_time


@equation(unit="1", source="korthikanti-2022")
def tensor_exchange_share(time_to_share, layer_passes, layer_exchange_time, context_parallel_wait):
    """Share of the run's time that exchanges of tensor parallelism take that do not hide.

    2 r n (t_x - t_k)

    time_to_share: r, share of the run for each second of a step as its parts add up [1/s]
    layer_passes: n, layers that a GPU works through in a step, on average [1]
    layer_exchange_time: t_x, waiting for exchanges of one layer, forward [s]
    context_parallel_wait: t_k, waiting for keys and values among it [s]
    """
    return 2 * time_to_share * layer_passes * (layer_exchange_time - context_parallel_wait)


@equation(unit="1", source="megatron-core-cp")
def context_exchange_share(time_to_share, layer_passes, context_parallel_wait):
    """Share of the run's time that exchanges of context parallelism take that do not hide.

    2 r n t_k

    time_to_share: r, share of the run for each second of a step as its parts add up [1/s]
    layer_passes: n, layers that a GPU works through in a step, on average [1]
    context_parallel_wait: t_k, waiting for keys and values among it [s]
    """
    return 2 * time_to_share * layer_passes * context_parallel_wait


@equation(unit="1", source="megatron-core-moe")
def expert_exchange_share(time_to_share, layer_passes, expert_wait):
    """Share of the run's time that tokens on their way to experts and back take, where that does not hide.

    r n t_e

    time_to_share: r, share of the run for each second of a step as its parts add up [1/s]
    layer_passes: n, layers that a GPU works through in a step, on average [1]
    expert_wait: t_e, waiting for tokens on their way to experts and back [s]
    """
    return time_to_share * layer_passes * expert_wait


@equation(unit="1", source="narayanan-2021")
def pipeline_exchange_share(time_to_share, pipeline_exchange_time):
    """Share of the run's time that passing activations and gradients between stages takes, where that does not hide.

    r t_x

    time_to_share: r, share of the run for each second of a step as its parts add up [1/s]
    pipeline_exchange_time: t_x, waiting for the next or the previous stage's activations or gradients [s]
    """
    return time_to_share * pipeline_exchange_time


@equation(unit="1", source="rajbhandari-2020")
def data_exchange_share(time_to_share, data_parallel_wait):
    """Share of the run's time that exchanges of gradients and parameters take that do not hide.

    r t_d

    time_to_share: r, share of the run for each second of a step as its parts add up [1/s]
    data_parallel_wait: t_d, waiting for gradients and parameters of the other copies [s]
    """
    return time_to_share * data_parallel_wait


@equation(unit="1", source="narayanan-2021")
def bubble_share(time_to_share, pipeline_time, pipeline_exchange_time, layer_passes, layer_time, micro_batches, pp, head_time):
    """Share of the run's time that GPUs wait for the first, the last and the slowest stage.

    r (t_p - t_x - n t_y - m t_h / p)

    time_to_share: r, share of the run for each second of a step as its parts add up [1/s]
    pipeline_time: t_p, working through all micro-batches [s]
    pipeline_exchange_time: t_x, waiting for the next or the previous stage's activations or gradients [s]
    layer_passes: n, layers that a GPU works through in a step, on average [1]
    layer_time: t_y, one layer, forward and backward [s]
    micro_batches: m, micro-batches of one copy in one step [1]
    pp: p, pipeline stages [1]
    head_time: t_h, output head and loss [s]
    """
    work = layer_passes * layer_time + micro_batches * head_time / pp
    return time_to_share * (pipeline_time - pipeline_exchange_time - work)


@equation(unit="1", source="narayanan-2021")
def launch_share(
    time_to_share, layer_passes, layer_time, layer_forward_time, layer_backward_time, recompute_time, expert_wait, step_overhead
):
    """Share of the run's time that GPUs wait for the host: launches, input, logging.

    r (n (t_y - t_f - t_b - t_r - t_e) + t_o)

    time_to_share: r, share of the run for each second of a step as its parts add up [1/s]
    layer_passes: n, layers that a GPU works through in a step, on average [1]
    layer_time: t_y, one layer, forward and backward [s]
    layer_forward_time: t_f, forward [s]
    layer_backward_time: t_b, backward [s]
    recompute_time: t_r, computing one layer's activations again [s]
    expert_wait: t_e, waiting for tokens on their way to experts and back [s]
    step_overhead: t_o, input, logging and synchronization of one step [s]
    """
    work = layer_forward_time + layer_backward_time + recompute_time + expert_wait
    return time_to_share * (layer_passes * (layer_time - work) + step_overhead)


@equation(unit="1", source="rajbhandari-2020")
def optimizer_share(time_to_share, optimizer_time):
    """Share of the run's time that updating the parameters takes.

    r t_o

    time_to_share: r, share of the run for each second of a step as its parts add up [1/s]
    optimizer_time: t_o, updating the parameters [s]
    """
    return time_to_share * optimizer_time


@equation(unit="1", source="megascale")
def straggler_share(time_to_share, straggler_factor, pipeline_time, data_parallel_wait, optimizer_time):
    """Share of the run's time that GPUs wait for the slowest among them.

    r (f - 1) (t_p + t_d + t_o)

    time_to_share: r, share of the run for each second of a step as its parts add up [1/s]
    straggler_factor: f, time over that without stragglers [1]
    pipeline_time: t_p, working through all micro-batches [s]
    data_parallel_wait: t_d, waiting for gradients and parameters of the other copies [s]
    optimizer_time: t_o, updating the parameters [s]
    """
    return time_to_share * (straggler_factor - 1) * (pipeline_time + data_parallel_wait + optimizer_time)


@equation(unit="1", source="daly-2006")
def failure_share(effective_training_fraction):
    """Share of the run's time that failures and checkpoints take.

    1 - e

    effective_training_fraction: e, share of the time in which training advances [1]
    """
    return 1 - effective_training_fraction
