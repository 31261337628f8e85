"""What a step time means for a run. What belongs here: operations of a step, utilization, time to train, failures and checkpoints.

Operations are counted in 2 for each multiplication and addition, the backward pass twice the forward pass.
"""

import math

from sweep.equations.registry import equation
from sweep.kernels.choices import FULL_RECOMPUTE


@equation(unit="FLOP", source="narayanan-2021")
def model_flops_per_step(tokens_per_step, training_flops_per_token_full):
    """Operations that one step of the model takes by the usual convention: recomputation not counted, attention without its mask.

    F = n F_t

    tokens_per_step: n, tokens of one step [token]
    training_flops_per_token_full: F_t, operations to train on one token, whole score matrix [FLOP/token]
    """
    return tokens_per_step * training_flops_per_token_full


@equation(unit="1", source="chowdhery-2022")
def mfu(model_flops_per_step, step_time, gpus, peak_rate_16bit):
    """Model FLOP utilization: operations of the model over what the GPUs could do at their 16-bit peak, whatever the format.

    F / (t N R)

    model_flops_per_step: F, operations of one step [FLOP]
    step_time: t, time of one step [s]
    gpus: N, GPUs of the cluster [1]
    peak_rate_16bit: R, dense peak rate of one GPU in 16-bit formats [FLOP/s]
    """
    return model_flops_per_step / (step_time * gpus * peak_rate_16bit)


@equation(unit="1", source="korthikanti-2022")
def hfu(mfu, recompute):
    """Hardware FLOP utilization: as mfu, with the forward pass counted again where it is computed again.

    4/3 mfu with full recomputation, else mfu

    mfu: model FLOP utilization [1]
    recompute: what is computed again [1]
    """
    if recompute == FULL_RECOMPUTE:
        return 4 * mfu / 3
    return mfu


@equation(unit="s", source="narayanan-2021")
def time_to_train_modelled(training_tokens, tokens_per_step, step_time, effective_training_fraction):
    """Time to train on all tokens, from the step time, with failures and checkpoints.

    T = D / n t / f

    training_tokens: D, tokens that the model is trained on [token]
    tokens_per_step: n, tokens of one step [token]
    step_time: t, time of one step [s]
    effective_training_fraction: f, share of the time in which training advances [1]
    """
    return training_tokens / tokens_per_step * step_time / effective_training_fraction


@equation(unit="s", source="llama3")
def cluster_failure_interval(gpu_failure_interval, gpus):
    """Mean time between two failures that stop the whole job.

    M = M_gpu / N

    gpu_failure_interval: M_gpu, mean time between two failures that one GPU and its share of the machine cause [s]
    gpus: N, GPUs of the cluster [1]
    """
    return gpu_failure_interval / gpus


@equation(unit="s", source="young-1974")
def checkpoint_interval(checkpoint_time, cluster_failure_interval):
    """Time between two checkpoints that loses the least.

    T = sqrt(2 d M)

    checkpoint_time: d, time for which writing one checkpoint stops training [s]
    cluster_failure_interval: M, mean time between two failures [s]
    """
    return math.sqrt(2 * checkpoint_time * cluster_failure_interval)


@equation(unit="1", source="daly-2006")
def effective_training_fraction(checkpoint_time, checkpoint_interval, restart_time, cluster_failure_interval):
    """Share of the time in which training advances, to first order in the rate of failures.

    f = (1 - d / (T + d)) (1 - (T / 2 + r) / M), not below 0

    checkpoint_time: d, time for which writing one checkpoint stops training [s]
    checkpoint_interval: T, time between two checkpoints [s]
    restart_time: r, time from a failure until training goes on [s]
    cluster_failure_interval: M, mean time between two failures [s]
    """
    lost = (checkpoint_interval / 2 + restart_time) / cluster_failure_interval
    return max(0.0, (1 - checkpoint_time / (checkpoint_interval + checkpoint_time)) * (1 - lost))
