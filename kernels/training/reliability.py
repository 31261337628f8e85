"""Failures and checkpoints. What belongs here: the share of a long run in which training advances."""

import math

from sweep.equations.registry import equation


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
