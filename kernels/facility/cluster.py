"""The training cluster as a whole. What belongs here: the power that its servers add up to, how long its run lasts, the rate it must reach.

What one server draws is for the power of training; what the building adds is for the facility.
"""

import math

from sweep.equations.registry import equation, rule
from sweep.kernels.choices import FINISHED_RUN


@equation(unit="W", source="article")
def gpu_power_total(gpus, gpu_tdp):
    """Power of the GPUs alone, all at their thermal design power.

    P = N P_tdp

    gpus: N, GPUs of the cluster [1]
    gpu_tdp: P_tdp, thermal design power of one GPU [W]
    """
    return gpus * gpu_tdp


@equation(unit="W", source="article")
def it_power(servers, server_power):
    """Power of all servers of the cluster, before cooling and electrical loss.

    P_it = S P_server

    servers: S, servers of the cluster [1]
    server_power: P_server, mean power of one server [W]
    """
    return servers * server_power


@equation(unit="1", source="chowdhery-2022")
def required_mfu(model_flops, gpus, peak_rate_16bit, training_duration, effective_training_fraction):
    """MFU that steps must reach for the training to end within its time: counted as mfu is, which it equals where the time is just enough.

    u = F / (N R T f)

    model_flops: F, operations of the training that MFU counts [FLOP]
    gpus: N, GPUs of the cluster [1]
    peak_rate_16bit: R, dense peak rate of one GPU in 16-bit formats [FLOP/s]
    training_duration: T, time given to the training run [s]
    effective_training_fraction: f, share of the time in which training advances [1]
    """
    available = gpus * peak_rate_16bit * training_duration * effective_training_fraction
    return model_flops / available if available > 0.0 else math.nan


@equation(unit="s", source="article", selects="duration_method")
def run_duration(duration_method, finished_duration, given_duration):
    """Time that the training run takes the cluster; its energy, cost, carbon and water are those of this time.

    T_r = t, or T as given

    duration_method: until training is done, or for the time that is given [1]
    finished_duration: t, time of a run that trains the model to its end [s]
    given_duration: T, time of a run that is given [s]
    """
    if duration_method == FINISHED_RUN:
        return finished_duration
    return given_duration


@equation(unit="s", source="narayanan-2021")
def finished_duration(time_to_train):
    """Time of a run that ends with the last token, within its deadline.

    t

    time_to_train: t, time until the model has seen all its tokens [s]
    """
    return time_to_train


@equation(unit="s", source="article")
def given_duration(training_duration):
    """Time of a run of which nothing but its duration is known.

    T

    training_duration: T, time given to the training run [s]
    """
    return training_duration


@rule(guards=("finished_duration",), source="article", if_given=("training_duration",))
def training_misses_deadline(time_to_train, training_duration):
    """Training does not end before its deadline.

    time_to_train: time that the training takes [s]
    training_duration: time given to the training run [s]
    """
    return time_to_train > training_duration


@rule(guards=(), source="article")
def run_counts_given_duration(given_duration):
    """Energy, cost, carbon and water of the run follow the given duration; whether training ends in it is not known.

    given_duration: time of the run that is given [s]
    """
    return given_duration >= 0.0
