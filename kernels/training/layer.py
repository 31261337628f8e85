"""The time of one layer for one micro-batch. What belongs here: how products, attention, exchanges and launches add up.

The parts are in gemm.py, attention.py, pointwise.py, experts.py and collectives.py; stages and steps are for step.py.
"""

from sweep.equations.registry import equation
from sweep.kernels.choices import FP8, FULL_RECOMPUTE, PARTIAL_GRAPH, WHOLE_GRAPH


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


@equation(unit="s", source="megatron-core-cp")
def context_parallel_wait(context_parallel_time, core_attention_time):
    """Time that one layer waits for keys and values, forward, for one micro-batch.

    t = max(0, t_cp - t_core)

    context_parallel_time: t_cp, passing keys and values round the context-parallel ring [s]
    core_attention_time: t_core, core of attention, behind which that hides [s]
    """
    return max(0.0, context_parallel_time - core_attention_time)


@equation(unit="s", source="narayanan-2021")
def layer_exchange_time(
    tensor_parallel_time,
    tp,
    tensor_overlap,
    tp_overlap,
    collective_start_time,
    scaleup_domain,
    scaleout_hop_time,
    context_parallel_wait,
):
    """Time that one layer waits for exchanges of tensor and context parallelism, forward, for one micro-batch.

    t = t_tp - b o_t (t_tp - 2 t_0 - 4 (t - 1) t_h) + t_cp, t_h only where tp reaches beyond a domain

    tensor_parallel_time: t_tp, exchanges between tensor-parallel ranks [s]
    tp: t, tensor-parallel size [1]
    tensor_overlap: b, 1 where they run beside the products [1]
    tp_overlap: o_t, share of their transfer that hides there [1]
    collective_start_time: t_0, time of a collective beyond its transfer, which does not hide [s]
    scaleup_domain: GPUs that one scale-up domain joins [1]
    scaleout_hop_time: t_h, time of one step of a ring between domains beyond its transfer, which does not hide [s]
    context_parallel_wait: t_cp, waiting for keys and values [s]
    """
    waits = 2 * collective_start_time + (4 * (tp - 1) * scaleout_hop_time if tp > scaleup_domain else 0.0)
    hidden = tensor_overlap * tp_overlap * max(0.0, tensor_parallel_time - waits)
    return tensor_parallel_time - hidden + context_parallel_wait


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
    layer_products_time,
    trained_fraction,
):
    """Time of one layer backward for one micro-batch.

    t_b = 2 (t_f - t_c - t_x) - (1 - f) t_p + t_cb + t_x + t_g, two products backward for one forward, one where weights are frozen

    layer_forward_time: t_f, the layer forward [s]
    core_attention_time: t_c, core of attention forward [s]
    core_attention_backward_time: t_cb, core of attention backward [s]
    layer_exchange_time: t_x, waiting for exchanges, as much as forward [s]
    gradient_accumulation_time: t_g, adding the weights' gradients to those of earlier micro-batches [s]
    layer_products_time: t_p, linear layers forward [s]
    trained_fraction: f, share of the parameters that are trained [1]
    """
    operators = 2 * (layer_forward_time - core_attention_time - layer_exchange_time) - (1 - trained_fraction) * layer_products_time
    return operators + core_attention_backward_time + layer_exchange_time + gradient_accumulation_time


@equation(unit="s", source="megatron-core-moe")
def expert_wait(
    all_to_all_time,
    expert_gather_time,
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

    t = max((1 - b o) y, y - t_f - t_b - t_r), y = x c (t_ep + t_g), c = 4, or 6 where experts are computed again; y where nothing hides

    all_to_all_time: t_ep, sending tokens to their experts, or back [s]
    expert_gather_time: t_g, gathering them from the ranks that share an expert, or scattering [s]
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
    exchange = (4 + 2 * again) * (all_to_all_time + expert_gather_time) * moe_layers / layers
    window = layer_forward_time + layer_backward_time + recompute_time
    return max((1 - expert_overlap * ep_overlap) * exchange, exchange - expert_overlap * window)


@equation(unit="s", source="ultrascale-playbook")
def pass_launch_time(host_pass_time, host_rank_time, tp, pp, gpus, scaleup_domain):
    """Time in which the host launches the kernels of one pass of a layer.

    t = t_h + t t_r, the second term only where pipeline stages stand in several domains

    host_pass_time: t_h, launching a pass in one domain [s]
    host_rank_time: t_r, what a pass takes longer for each tensor-parallel rank [s]
    tp: t, tensor-parallel size [1]
    pp: pipeline stages [1]
    gpus: GPUs of the cluster [1]
    scaleup_domain: GPUs that one scale-up domain joins [1]
    """
    if pp > 1 and gpus > scaleup_domain:
        return host_pass_time + tp * host_rank_time
    return host_pass_time


@equation(unit="s", source="narayanan-2021")
def layer_host_time(
    kernel_launch,
    recompute,
    precision,
    pass_launch_time,
    host_mixture_time,
    host_expert_time,
    local_experts,
    expert_overlap,
    overlap_launches,
    layers,
    moe_layers,
):
    """Time in which the host launches the kernels of one layer for one micro-batch.

    t = ((2 + r) t_h + x (t_m + w E t_e)) (1 + b (c - 1)), r = 1 where all activations are computed again, w = 2 in 8-bit formats, whose
    operands are converted, else 1; x (t_m + w E t_e) where attention is a graph; 0 as one graph

    kernel_launch: how kernels are launched [1]
    recompute: what is computed again [1]
    precision: number format of the products [1]
    pass_launch_time: t_h, launching one pass of a layer, forward or backward [s]
    host_mixture_time: t_m, launching what a mixture of experts adds, forward and backward [s]
    host_expert_time: t_e, launching the products of one expert, forward and backward [s]
    local_experts: E, experts on the rank [1]
    expert_overlap: b, 1 where tokens are sent while another micro-batch is computed, in a schedule of parts of layers, else 0 [1]
    overlap_launches: c, launches of such a schedule over those of whole layers [1]
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
    return (passes * pass_launch_time + mixture) * (1 + expert_overlap * (overlap_launches - 1))


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
