"""Time to train by the methods of others. What belongs here: published estimates beside ours, and the choice among them.

Ours is time_to_train_modelled, in progress.py. Calculon's terms are in calculon.py. None of the
others counts failures, and only pipeline_mfu and calculon know a layout. What servers
draw meanwhile is chosen apart, by `power_method`.
"""

import math

from sweep.equations.registry import equation

MODELLED, FIXED_MFU, PIPELINE_MFU, LLMCARBON, CALCULON = range(5)


@equation(unit="s", source="faiz-2024")
def time_to_train_fixed_mfu(training_flops, gpus, peak_rate_16bit, assumed_mfu):
    """Time of 6 N D operations at a utilization that is the same for every model, GPU and layout.

    T = C / (N R u)

    training_flops: C, operations of the training, 6 N D [FLOP]
    gpus: N, GPUs of the cluster [1]
    peak_rate_16bit: R, dense peak rate of one GPU in 16-bit formats [FLOP/s]
    assumed_mfu: u, utilization that is assumed of every run [1]
    """
    return training_flops / (gpus * peak_rate_16bit * assumed_mfu)


@equation(unit="s", source="mlsysim")
def time_to_train_pipeline_mfu(training_flops, gpus, peak_rate_16bit, assumed_stage_mfu, pp, interleaving, micro_batches):
    """Time of 6 N D operations at one utilization, and of the pipeline's waiting for its first and last micro-batch.

    T = C / (N R u) (1 + (p - 1) / (v m))

    training_flops: C, operations of the training, 6 N D [FLOP]
    gpus: N, GPUs of the cluster [1]
    peak_rate_16bit: R, dense peak rate of one GPU in 16-bit formats [FLOP/s]
    assumed_stage_mfu: u, utilization that is assumed of every stage at work [1]
    pp: p, pipeline-parallel size [1]
    interleaving: v, chunks of one stage [1]
    micro_batches: m, micro-batches of one copy in one step [1]
    """
    return training_flops / (gpus * peak_rate_16bit * assumed_stage_mfu) * (1 + (pp - 1) / (interleaving * micro_batches))


@equation(unit="s", source="llmcarbon")
def time_to_train_llmcarbon(
    training_flops,
    gpus,
    peak_rate_16bit,
    active_parameters,
    llmcarbon_rate,
    llmcarbon_rate_slope,
    llmcarbon_rate_curvature,
    llmcarbon_peak_rate,
):
    """Time of 6 N D operations at the rate that LLMCarbon fits to the size of the model, on A100 with pipelines.

    T = C / (N R u), u = (a P^2 + b P + c) / R_0; none where the fit falls to zero, at some 2.5e12 parameters

    training_flops: C, operations of the training, 6 N D [FLOP]
    gpus: N, GPUs of the cluster [1]
    peak_rate_16bit: R, dense peak rate of one GPU in 16-bit formats [FLOP/s]
    active_parameters: P, parameters that one token visits [1]
    llmcarbon_rate: c, rate of the smallest model [FLOP/s]
    llmcarbon_rate_slope: b, what each parameter adds [FLOP/s]
    llmcarbon_rate_curvature: a, what the square of their number adds, below zero [FLOP/s]
    llmcarbon_peak_rate: R_0, peak rate of the GPU of the fit [FLOP/s]
    """
    rate = (llmcarbon_rate_curvature * active_parameters + llmcarbon_rate_slope) * active_parameters + llmcarbon_rate
    if rate <= 0:
        return math.nan
    return training_flops / (gpus * peak_rate_16bit * rate / llmcarbon_peak_rate)


@equation(unit="s", source="narayanan-2021", selects="training_method")
def time_to_train(
    training_method,
    time_to_train_modelled,
    time_to_train_fixed_mfu,
    time_to_train_pipeline_mfu,
    time_to_train_llmcarbon,
    time_to_train_calculon,
):
    """Time to train on all tokens.

    that of the method

    training_method: how the time to train is found [1]
    time_to_train_modelled: from the time of a step, failures and checkpoints included [s]
    time_to_train_fixed_mfu: 6 N D at one utilization for all [s]
    time_to_train_pipeline_mfu: 6 N D at one utilization, and the waiting of the pipeline [s]
    time_to_train_llmcarbon: 6 N D at a rate fitted to the size of the model [s]
    time_to_train_calculon: operators and exchanges one after the other, at fixed efficiencies [s]
    """
    if training_method == CALCULON:
        return time_to_train_calculon
    if training_method == LLMCARBON:
        return time_to_train_llmcarbon
    if training_method == PIPELINE_MFU:
        return time_to_train_pipeline_mfu
    if training_method == FIXED_MFU:
        return time_to_train_fixed_mfu
    return time_to_train_modelled
