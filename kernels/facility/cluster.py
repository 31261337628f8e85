"""The training cluster as a whole. What belongs here: the power that its servers add up to, the rate they must reach.

What one server draws is for the power of training; what the building adds is for the facility.
"""

import math

from sweep.equations.registry import equation, rule


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


@equation(unit="1", source="article")
def required_mfu(training_flops, gpus, peak_rate, training_duration):
    """Part of the cluster's peak rate that training must reach to be done within its time.

    u = F / (N R T)

    training_flops: F, operations to train the model [FLOP]
    gpus: N, GPUs of the cluster [1]
    peak_rate: R, dense peak rate of one GPU in the precision [FLOP/s]
    training_duration: T, time given to the training run [s]
    """
    available = gpus * peak_rate * training_duration
    return training_flops / available if available > 0.0 else math.nan


@rule(guards=(), source="article")
def duration_ends_before_training(training_duration, time_to_train):
    """The duration that is given ends before the training does; energy and cost of that duration are those of an unfinished run.

    training_duration: time given to the training run [s]
    time_to_train: time that the training takes [s]
    """
    return time_to_train > training_duration
