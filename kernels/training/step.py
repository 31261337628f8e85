"""The time of one optimizer step. What belongs here: how the times of layers, pipeline, exchanges and update add up, and what follows.

The time of a layer is in layer.py.
"""

from sweep.equations.registry import equation, rule

PARAMETERS = 3


@equation(unit="s", source="narayanan-2021")
def stage_time(
    layer_time,
    head_time,
    slowest_stage_layers,
    last_stage_layers,
    stage_transfer_time,
    interleaving,
    pipeline_overlap,
    transfer_overlap,
):
    """Time of one micro-batch in the slowest pipeline stage, forward and backward.

    t = max(l t_l, l_last t_l + t_head) + 2 v (1 - b o) t_p

    layer_time: t_l, one layer [s]
    head_time: t_head, output head and loss [s]
    slowest_stage_layers: l, layers of the fullest stage [1]
    last_stage_layers: l_last, layers of the stage that holds the head [1]
    stage_transfer_time: t_p, passing activations to the next stage [s]
    interleaving: v, chunks of one stage [1]
    pipeline_overlap: b, 1 where activations pass on beside other work [1]
    transfer_overlap: o, share of the passing that hides there [1]
    """
    work = max(slowest_stage_layers * layer_time, last_stage_layers * layer_time + head_time)
    return work + 2 * interleaving * (1 - pipeline_overlap * transfer_overlap) * stage_transfer_time


@equation(unit="s", source="narayanan-2021")
def bubble_time(pp, interleaving, stage_layers, layer_time, stage_transfer_time):
    """Time that a pipeline stage waits for its first and its last micro-batch.

    t = (p - 1) (l t_l / v + 2 t_p)

    pp: p, pipeline stages [1]
    interleaving: v, chunks of one stage [1]
    stage_layers: l, layers of one stage on average [1]
    layer_time: t_l, one layer for one micro-batch [s]
    stage_transfer_time: t_p, passing activations to the next stage [s]
    """
    return (pp - 1) * (stage_layers * layer_time / interleaving + 2 * stage_transfer_time)


@equation(unit="s", source="rajbhandari-2020")
def data_parallel_wait(
    gradient_exchange_time,
    parameter_gather_time,
    expert_exchange_time,
    stage_time,
    micro_batches,
    zero_stage,
    gradient_overlap,
    sharding_overlap,
    dp_overlap,
):
    """Time that one step waits for gradients and parameters of the other copies.

    t = max((1 - b o) x, x - w); with shared parameters x = m (t_g + 2 t_p) hides behind all of w = m t_s, else x = t_g + t_p behind w = t_s

    gradient_exchange_time: t_g, reducing the gradients once [s]
    parameter_gather_time: t_p, gathering the parameters once [s]
    expert_exchange_time: both, for the experts [s]
    stage_time: t_s, one micro-batch in the slowest stage [s]
    micro_batches: m, micro-batches of one copy in one step [1]
    zero_stage: what the data-parallel ranks share [1]
    gradient_overlap: b, 1 where the exchange runs beside the passes [1]
    sharding_overlap: the same with shared optimizer state, which b needs, too, then [1]
    dp_overlap: o, largest share of the exchange that hides there [1]
    """
    exchange = gradient_exchange_time + parameter_gather_time + expert_exchange_time
    window = stage_time
    if zero_stage == PARAMETERS:
        exchange = micro_batches * (exchange + parameter_gather_time)
        window = micro_batches * stage_time
    beside = gradient_overlap if zero_stage == 0 else gradient_overlap * sharding_overlap
    return max((1 - beside * dp_overlap) * exchange, exchange - window)


@equation(unit="s", source="narayanan-2021")
def pipeline_time(micro_batches, stage_time, bubble_time):
    """Time of all micro-batches of one step in the pipeline.

    t = m t_s + t_b

    micro_batches: m, micro-batches of one copy in one step [1]
    stage_time: t_s, one micro-batch in the slowest stage [s]
    bubble_time: t_b, waiting for the first and the last micro-batch [s]
    """
    return micro_batches * stage_time + bubble_time


@equation(unit="1", source="megascale")
def straggler_factor(gpus, straggler_growth):
    """Time of a step over that of a step in which no GPU is slower than the others.

    f = 1 + g N

    gpus: N, GPUs of the cluster [1]
    straggler_growth: g, growth of the step time with each GPU [1]
    """
    return 1 + straggler_growth * gpus


@equation(unit="s", source="narayanan-2021")
def step_time(pipeline_time, data_parallel_wait, optimizer_time, step_overhead, straggler_factor, step_time_residual):
    """Time of one optimizer step.

    t = z (f (t_p + t_d + t_o) + t_h)

    pipeline_time: t_p, working through all micro-batches [s]
    data_parallel_wait: t_d, waiting for gradients and parameters of the other copies [s]
    optimizer_time: t_o, updating the parameters [s]
    step_overhead: t_h, input, logging and synchronization of one step [s]
    straggler_factor: f, time over that without stragglers [1]
    step_time_residual: z, measured over predicted time [1]
    """
    return step_time_residual * (straggler_factor * (pipeline_time + data_parallel_wait + optimizer_time) + step_overhead)


@rule(source="megascale")
def stragglers_extrapolated(gpus, straggler_growth):
    """The assumed loss to stragglers exceeds half a step, in a cluster several times larger than any among the published runs (a warning).

    gpus: N, GPUs of the cluster [1]
    straggler_growth: g, growth of the step time with each GPU [1]
    """
    return 2 * straggler_growth * gpus > 1
