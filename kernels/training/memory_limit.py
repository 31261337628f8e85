"""Whether a training job fits its GPUs. What belongs here: what exceeds the memory of a GPU, and how sure it is that a job does not."""

import math

from sweep.equations.registry import equation, rule


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
