"""The time of one optimizer step. What belongs here: how the times of layers, pipeline, exchanges and update add up, and what follows.

The parts are in gemm.py, attention.py, pointwise.py, experts.py and collectives.py.
"""

from sweep.equations.registry import equation, rule
from sweep.kernels.choices import FP8, FULL_RECOMPUTE, PARTIAL_GRAPH, WHOLE_GRAPH

PARAMETERS = 3


@equation(unit="s", source="narayanan-2021")
def layer_products_time(attention_products_time, mlp_products_time, expert_products_time, shared_expert_time, layers, moe_layers):
    """Time of the linear layers of one layer, forward, for one micro-batch, on average over dense and mixture layers.

    t = t_a + (1 - x) t_m + x (t_e + t_s), x = L_moe / L

    attention_products_time: t_a, projections of attention [s]
    mlp_products_time: t_m, a dense MLP [s]
    expert_products_time: t_e, routed experts [s]
    shared_expert_time: t_s, shared experts [s]
    layers: L, transformer layers [1]
    moe_layers: L_moe, layers with a mixture of experts [1]
    """
    share = moe_layers / layers
    return attention_products_time + (1 - share) * mlp_products_time + share * (expert_products_time + shared_expert_time)


@equation(unit="s", source="narayanan-2021")
def layer_exchange_time(
    tensor_parallel_time, tensor_overlap, tp_overlap, collective_start_time, context_parallel_time, core_attention_time
):
    """Time that one layer waits for exchanges of tensor and context parallelism, forward, for one micro-batch.

    t = t_tp - b o_t (t_tp - 2 t_0) + max(0, t_cp - t_core)

    tensor_parallel_time: t_tp, exchanges between tensor-parallel ranks [s]
    tensor_overlap: b, 1 where they run beside the products [1]
    tp_overlap: o_t, share of their transfer that hides there [1]
    collective_start_time: t_0, time of a collective beyond its transfer, which does not hide [s]
    context_parallel_time: t_cp, passing keys and values round the context-parallel ring [s]
    core_attention_time: t_core, core of attention, behind which that hides [s]
    """
    ring = max(0.0, context_parallel_time - core_attention_time)
    hidden = tensor_overlap * tp_overlap * max(0.0, tensor_parallel_time - 2 * collective_start_time)
    return tensor_parallel_time - hidden + ring


@equation(unit="s", source="narayanan-2021")
def layer_forward_time(layer_products_time, core_attention_time, pointwise_time, permutation_time, layer_exchange_time, layers, moe_layers):
    """Time of one layer forward for one micro-batch.

    t = t_p + t_c + t_w + x t_s + t_x

    layer_products_time: t_p, linear layers [s]
    core_attention_time: t_c, core of attention [s]
    pointwise_time: t_w, memory-bound operators [s]
    permutation_time: t_s, sorting tokens by expert [s]
    layer_exchange_time: t_x, waiting for exchanges [s]
    layers: L, transformer layers [1]
    moe_layers: layers with a mixture of experts, x = L_moe / L [1]
    """
    return layer_products_time + core_attention_time + pointwise_time + moe_layers / layers * permutation_time + layer_exchange_time


@equation(unit="s", source="narayanan-2021")
def layer_backward_time(
    layer_forward_time,
    core_attention_time,
    core_attention_backward_time,
    layer_exchange_time,
    gradient_accumulation_time,
):
    """Time of one layer backward for one micro-batch.

    t_b = 2 (t_f - t_c - t_x) + t_cb + t_x + t_g, two products backward for one forward

    layer_forward_time: t_f, the layer forward [s]
    core_attention_time: t_c, core of attention forward [s]
    core_attention_backward_time: t_cb, core of attention backward [s]
    layer_exchange_time: t_x, waiting for exchanges, as much as forward [s]
    gradient_accumulation_time: t_g, adding the weights' gradients to those of earlier micro-batches [s]
    """
    operators = 2 * (layer_forward_time - core_attention_time - layer_exchange_time)
    return operators + core_attention_backward_time + layer_exchange_time + gradient_accumulation_time


@equation(unit="s", source="megatron-core-moe")
def expert_wait(
    all_to_all_time,
    expert_overlap,
    ep_overlap,
    recompute,
    recompute_experts,
    layer_forward_time,
    layer_backward_time,
    recompute_time,
    layers,
    moe_layers,
):
    """Time that one layer waits for tokens on their way to experts and back, forward and backward, for one micro-batch.

    t = max((1 - b o) y, y - t_f - t_b - t_r), y = x c t_ep, c = 4, or 6 where experts are computed again; y where nothing hides

    all_to_all_time: t_ep, sending tokens to their experts, or back [s]
    expert_overlap: b, 1 where tokens are sent while another micro-batch is computed, else 0 [1]
    ep_overlap: o, largest share of the exchange that hides there [1]
    recompute: what is computed again [1]
    recompute_experts: 1 where the mixture is among it, else 0 [1]
    layer_forward_time: t_f, the layer forward [s]
    layer_backward_time: t_b, the layer backward [s]
    recompute_time: t_r, computing activations again [s]
    layers: L, transformer layers [1]
    moe_layers: layers with a mixture of experts, x = L_moe / L [1]
    """
    again = 1.0 if recompute == FULL_RECOMPUTE else recompute_experts
    exchange = (4 + 2 * again) * all_to_all_time * moe_layers / layers
    window = layer_forward_time + layer_backward_time + recompute_time
    return max((1 - expert_overlap * ep_overlap) * exchange, exchange - expert_overlap * window)


@equation(unit="s", source="narayanan-2021")
def layer_host_time(
    kernel_launch, recompute, precision, host_pass_time, host_mixture_time, host_expert_time, local_experts, layers, moe_layers
):
    """Time in which the host launches the kernels of one layer for one micro-batch.

    t = (2 + r) t_h + x (t_m + w E t_e), r = 1 where all activations are computed again, w = 2 in 8-bit formats, whose operands are
    converted, else 1; without the first term where attention is a graph; 0 as one graph

    kernel_launch: how kernels are launched [1]
    recompute: what is computed again [1]
    precision: number format of the products [1]
    host_pass_time: t_h, launching one pass of a layer, forward or backward [s]
    host_mixture_time: t_m, launching what a mixture of experts adds, forward and backward [s]
    host_expert_time: t_e, launching the products of one expert, forward and backward [s]
    local_experts: E, experts on the rank [1]
    layers: L, transformer layers [1]
    moe_layers: layers with a mixture of experts, x = L_moe / L [1]
    """
    if kernel_launch == WHOLE_GRAPH:
        return 0.0
    launches = 2 if precision >= FP8 else 1
    mixture = (host_mixture_time + launches * local_experts * host_expert_time) * moe_layers / layers
    if kernel_launch == PARTIAL_GRAPH:
        return mixture
    passes = 3 if recompute == FULL_RECOMPUTE else 2
    return passes * host_pass_time + mixture


@equation(unit="s", source="narayanan-2021")
def layer_time(layer_forward_time, layer_backward_time, recompute_time, expert_wait, layer_host_time):
    """Time of one layer for one micro-batch, forward and backward; no shorter than its launches take on the host.

    t = max(t_f + t_b + t_r + t_w, t_h)

    layer_forward_time: t_f, forward [s]
    layer_backward_time: t_b, backward [s]
    recompute_time: t_r, computing activations again [s]
    expert_wait: t_w, waiting for tokens on their way to experts and back [s]
    layer_host_time: t_h, launching the layer's kernels [s]
    """
    return max(layer_forward_time + layer_backward_time + recompute_time + expert_wait, layer_host_time)


@equation(unit="s", source="narayanan-2021")
def stage_time(
    layer_time, head_time, slowest_stage_layers, last_stage_layers, stage_transfer_time, interleaving, pipeline_overlap, transfer_overlap
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
    dp_overlap: o, largest share of the exchange that hides there [1]
    """
    exchange = gradient_exchange_time + parameter_gather_time + expert_exchange_time
    window = stage_time
    if zero_stage == PARAMETERS:
        exchange = micro_batches * (exchange + parameter_gather_time)
        window = micro_batches * stage_time
    return max((1 - gradient_overlap * dp_overlap) * exchange, exchange - window)


@equation(unit="s", source="narayanan-2021")
def pipeline_time(micro_batches, stage_time, bubble_time):
    """Time in which the pipeline works through all micro-batches of one step.

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


@equation(unit="1", source="narayanan-2021")
def step_time_residual(experts, dense_step_time_residual, moe_step_time_residual):
    """Measured over predicted time of a step, of the regime that the model belongs to.

    z = z_d, or z_x with experts

    experts: E, routed experts of a mixture layer, 0 for a dense model [1]
    dense_step_time_residual: z_d, that of dense models [1]
    moe_step_time_residual: z_x, that of mixtures of experts [1]
    """
    return moe_step_time_residual if experts > 0 else dense_step_time_residual


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
    """The assumed loss to stragglers exceeds a sixteenth, in a cluster larger than any among the published runs (a warning).

    gpus: N, GPUs of the cluster [1]
    straggler_growth: g, growth of the step time with each GPU [1]
    """
    return 16 * straggler_growth * gpus > 1
