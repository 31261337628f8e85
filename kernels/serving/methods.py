"""Energy of a query by the methods of others. What belongs here: published estimates beside ours, and the choice among them.

Ours is energy_per_query_modelled, in energy.py. All end before the building: the study's PUE stands for that of a method.
"""

import math

from sweep.equations.registry import equation

MODELLED, STATED, ECOLOGITS, FLOPS = range(4)
BILLION = 10**9


@equation(unit="J/query", source="article")
def energy_per_query_stated(stated_energy_per_query):
    """Energy of the servers for one query, the same for every model, GPU and answer.

    E

    stated_energy_per_query: E, energy that is stated for any query [J/query]
    """
    return stated_energy_per_query


@equation(unit="1", source="ecologits-method")
def ecologits_gpus(total_parameters, ecologits_memory_factor, ecologits_weight_bits, ecologits_gpu_memory):
    """GPUs of 80 GB that EcoLogits gives a model: as many as its weights need, rounded up to a power of two.

    g = 2^ceil(log2(ceil(f P b / 8 / M)))

    total_parameters: P, parameters of the model [1]
    ecologits_memory_factor: f, memory over that of the weights [1]
    ecologits_weight_bits: b, bits of one weight [1]
    ecologits_gpu_memory: M, memory of one GPU [B]
    """
    needed = math.ceil(ecologits_memory_factor * total_parameters * ecologits_weight_bits / 8 / ecologits_gpu_memory)
    return 2.0 ** math.ceil(math.log2(needed))


@equation(unit="J/query", source="ecologits-method")
def energy_per_query_ecologits(
    ecologits_gpus,
    active_parameters,
    output_tokens,
    ecologits_batch,
    ecologits_energy_slope,
    ecologits_energy_decay,
    ecologits_energy_floor,
    ecologits_latency_slope,
    ecologits_latency_batch_slope,
    ecologits_latency_floor,
    ecologits_server_power,
    ecologits_server_gpus,
):
    """Energy of the servers for one query by EcoLogits: fits of energy and latency to size and batch on H100; the prompt is not counted.

    E = n g (a e^(-d B) P + c + (l P + k B + t) W / (8 B)), P in billions

    ecologits_gpus: g, GPUs of the model [1]
    active_parameters: P, parameters that one token visits [1]
    output_tokens: n, output tokens of one response [token]
    ecologits_batch: B, requests that the server handles at a time [1]
    ecologits_energy_slope: a, energy of one GPU and token for each billion of parameters [J/token]
    ecologits_energy_decay: d, how fast it falls with the batch [1]
    ecologits_energy_floor: c, energy of one GPU and token that remains [J/token]
    ecologits_latency_slope: l, time of one token for each billion of parameters [s/token]
    ecologits_latency_batch_slope: k, time of one token for each request of the batch [s/token]
    ecologits_latency_floor: t, time of one token that remains [s/token]
    ecologits_server_power: W, power of the server without its GPUs [W]
    ecologits_server_gpus: 8, GPUs of the server [1]
    """
    billions = active_parameters / BILLION
    gpu_energy = ecologits_energy_slope * math.exp(-ecologits_energy_decay * ecologits_batch) * billions + ecologits_energy_floor
    latency = ecologits_latency_slope * billions + ecologits_latency_batch_slope * ecologits_batch + ecologits_latency_floor
    host_energy = latency * ecologits_server_power / ecologits_server_gpus / ecologits_batch
    return output_tokens * ecologits_gpus * (gpu_energy + host_energy)


@equation(unit="J/query", source="epoch-chatgpt")
def energy_per_query_flops(
    active_parameters, output_tokens, peak_rate_16bit, assumed_serving_mfu, server_nameplate_power, gpus_per_server, assumed_power_share
):
    """Energy of the servers for one query by Epoch AI: 2 N operations for each output token at one utilization, no prompt.

    E = 2 P n / (R u) f W / g

    active_parameters: P, parameters that one token visits [1]
    output_tokens: n, output tokens of one response [token]
    peak_rate_16bit: R, dense peak rate of one GPU in 16-bit formats [FLOP/s]
    assumed_serving_mfu: u, utilization that is assumed of every replica [1]
    server_nameplate_power: W, largest power that the vendor states for a server [W]
    gpus_per_server: g, GPUs of one server [1]
    assumed_power_share: f, mean power over that [1]
    """
    gpu_time = 2 * active_parameters * output_tokens / (peak_rate_16bit * assumed_serving_mfu)
    return gpu_time * assumed_power_share * server_nameplate_power / gpus_per_server


@equation(unit="J/query", source="elsworth-2025", selects="serving_method")
def energy_per_query(
    serving_method, energy_per_query_modelled, energy_per_query_stated, energy_per_query_ecologits, energy_per_query_flops
):
    """Energy of all IT for one query, prefill and decode.

    that of the method

    serving_method: how the energy of a query is found [1]
    energy_per_query_modelled: from what a replica does [J/query]
    energy_per_query_stated: the same for any query [J/query]
    energy_per_query_ecologits: fits to size and batch [J/query]
    energy_per_query_flops: 2 N operations for each output token [J/query]
    """
    if serving_method == FLOPS:
        return energy_per_query_flops
    if serving_method == ECOLOGITS:
        return energy_per_query_ecologits
    if serving_method == STATED:
        return energy_per_query_stated
    return energy_per_query_modelled
