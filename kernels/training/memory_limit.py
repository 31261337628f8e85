"""The peak memory of a training job, and whether it fits. What belongs here: first and last pipeline stage, what the allocator adds,
and how sure it is that a job does not exceed the memory of its GPUs."""

import math

from sweep.equations.registry import equation, rule


@equation(unit="B", source="korthikanti-2022")
def first_stage_memory(
    model_state_memory, local_tokens, stage_activation_bytes, working_bytes, head_bytes, micro_batches_in_flight, pp
):
    """Peak memory of the tensors of the first pipeline stage, which holds most micro-batches.

    M_s + n (q b + b_w), and n b_h in a single stage

    model_state_memory: M_s, parameters, gradients and optimizer state [B]
    local_tokens: n, tokens of one micro-batch on one rank [token]
    stage_activation_bytes: b, kept for one token of one micro-batch [B]
    working_bytes: b_w, of the layer at work, for one token [B]
    head_bytes: b_h, logits and loss for one token [B]
    micro_batches_in_flight: q, micro-batches that the stage holds at once [1]
    pp: pipeline stages [1]
    """
    kept = micro_batches_in_flight * stage_activation_bytes if pp > 1 else stage_activation_bytes + head_bytes
    return model_state_memory + local_tokens * (kept + working_bytes)


@equation(unit="B", source="korthikanti-2022")
def last_stage_memory(
    last_stage_parameters,
    expert_parameters_per_gpu,
    dense_state_bytes,
    expert_state_bytes,
    last_stage_layers,
    slowest_stage_layers,
    local_tokens,
    stage_activation_bytes,
    working_bytes,
    head_bytes,
):
    """Peak memory of the tensors of the last pipeline stage, which holds the logits of one micro-batch.

    P b_s + x P_e b_e + n (x b + b_w + b_h), x = l_last / l

    last_stage_parameters: P, parameters of the stage outside the experts [1]
    expert_parameters_per_gpu: P_e, parameters of the experts of the fullest stage [1]
    dense_state_bytes: b_s, memory of each parameter outside the experts [B]
    expert_state_bytes: b_e, memory of each parameter of an expert [B]
    last_stage_layers: l_last, layers of the stage [1]
    slowest_stage_layers: l, layers of the fullest stage [1]
    local_tokens: n, tokens of one micro-batch on one rank [token]
    stage_activation_bytes: b, kept by the fullest stage for one token of one micro-batch [B]
    working_bytes: b_w, of the layer at work, for one token [B]
    head_bytes: b_h, logits and loss for one token [B]
    """
    share = last_stage_layers / slowest_stage_layers
    dense = last_stage_parameters * dense_state_bytes
    state = dense if expert_parameters_per_gpu == 0 else dense + share * expert_parameters_per_gpu * expert_state_bytes
    return state + local_tokens * (share * stage_activation_bytes + working_bytes + head_bytes)


@equation(unit="B", source="rajbhandari-2020")
def gathered_memory(
    zero_stage,
    dense_parameters_per_gpu,
    expert_parameters_per_gpu,
    slowest_stage_layers,
    parameter_bytes,
    main_gradient_bytes,
    trained_fraction,
):
    """Memory of the parameters and gradients of two layers, gathered from the ranks that share them, while one layer is at work.

    2 (c_p + f c_g) P / l where parameters are shared, else 0

    zero_stage: what the data-parallel ranks share [1]
    dense_parameters_per_gpu: P, parameters outside the experts [1]
    expert_parameters_per_gpu: parameters of the experts, likewise [1]
    slowest_stage_layers: l, layers of the fullest stage [1]
    parameter_bytes: c_p, bytes of a parameter as it is computed with [B]
    main_gradient_bytes: c_g, bytes of a gradient as it is kept [B]
    trained_fraction: f, share of the parameters that are trained [1]
    """
    if zero_stage < 3:
        return 0.0
    each = parameter_bytes + trained_fraction * main_gradient_bytes
    return 2 * each * (dense_parameters_per_gpu + expert_parameters_per_gpu) / slowest_stage_layers


@equation(unit="B", source="rajbhandari-2020")
def allocated_memory(first_stage_memory, last_stage_memory, gathered_memory):
    """Peak of the memory that tensors take on the fullest GPU, as the framework's allocator counts it.

    M = max(M_1, M_p) + M_g

    first_stage_memory: M_1, first pipeline stage [B]
    last_stage_memory: M_p, last pipeline stage [B]
    gathered_memory: M_g, parameters and gradients gathered for the layer at work [B]
    """
    return max(first_stage_memory, last_stage_memory) + gathered_memory


@equation(unit="B", source="rajbhandari-2020")
def memory_per_gpu(allocated_memory, memory_reserve):
    """Peak memory of the fullest GPU, as its driver counts it.

    M = M_a + M_r

    allocated_memory: M_a, memory that tensors take [B]
    memory_reserve: M_r, context of the driver, libraries, communication and fragments [B]
    """
    return allocated_memory + memory_reserve


@equation(unit="1", source="gsl-lognormal")
def fit_probability(memory_per_gpu, gpu_memory, memory_residual_spread):
    """Probability that a training job fits the memory of its GPUs, by how far predictions of memory are off.

    p = (1 + erf(ln(m / M) / (s sqrt(2)))) / 2, the share of a lognormal with median M that lies below m

    memory_per_gpu: M, peak memory of the fullest GPU [B]
    gpu_memory: m, memory of one GPU [B]
    memory_residual_spread: s, standard deviation of the logarithm of measured over predicted memory [1]
    """
    if gpu_memory <= 0:
        return 0.0
    return 0.5 + 0.5 * math.erf(math.log(gpu_memory / memory_per_gpu) / (memory_residual_spread * math.sqrt(2)))


@rule(guards=("step_time",), source="rajbhandari-2020")
def exceeds_memory(memory_per_gpu, gpu_memory):
    """One GPU does not have the memory that its part of the job needs.

    memory_per_gpu: peak memory of the fullest GPU [B]
    gpu_memory: memory of one GPU [B]
    """
    return memory_per_gpu > gpu_memory
