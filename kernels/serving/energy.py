"""Energy of a token and of a query at each boundary. What belongs here: what hosts, networks and the building add to the GPUs.

The energy of the GPUs is in serving_power.py, that of a fleet in fleet.py.
"""

from sweep.equations.registry import equation

CHIP, SERVER, IT = 0, 1, 2


@equation(unit="J/token", source="mlperf-inference-v4.1")
def server_energy_per_output_token(chip_energy_per_output_token, gpu_time_per_output_token, server_host_power, gpus_per_server):
    """Energy of the servers for one output token: the GPUs and their share of processors, memory, fans and supplies.

    e_s = e_c + t P_h / n

    chip_energy_per_output_token: e_c, energy of the GPUs for one output token [J/token]
    gpu_time_per_output_token: t, time of GPUs for one output token [s/token]
    server_host_power: P_h, power of one server outside its GPUs [W]
    gpus_per_server: n, GPUs of one server [1]
    """
    return chip_energy_per_output_token + gpu_time_per_output_token * server_host_power / gpus_per_server


@equation(unit="J/token", source="mlperf-training-v4.0-power")
def it_energy_per_output_token(server_energy_per_output_token, gpu_time_per_output_token, serving_network_power):
    """Energy of all IT for one output token: servers, and the switches between them.

    e_i = e_s + t P_n

    server_energy_per_output_token: e_s, energy of the servers for one output token [J/token]
    gpu_time_per_output_token: t, time of GPUs for one output token [s/token]
    serving_network_power: P_n, power of switches and optics for each GPU [W]
    """
    return server_energy_per_output_token + gpu_time_per_output_token * serving_network_power


@equation(unit="J/token", source="green-grid-pue")
def facility_energy_per_output_token(it_energy_per_output_token, pue):
    """Energy of the building for one output token.

    e_f = e_i PUE

    it_energy_per_output_token: e_i, energy of all IT for one output token [J/token]
    pue: PUE, facility energy over IT energy [1]
    """
    return it_energy_per_output_token * pue


@equation(unit="J/token", source="elsworth-2025", selects="energy_boundary")
def energy_per_output_token(
    energy_boundary,
    chip_energy_per_output_token,
    server_energy_per_output_token,
    it_energy_per_output_token,
    facility_energy_per_output_token,
):
    """Energy of one output token at the chosen boundary, its share of the prefill included.

    e = e_c, e_s, e_i or e_f

    energy_boundary: what is counted [1]
    chip_energy_per_output_token: e_c, energy of the GPUs [J/token]
    server_energy_per_output_token: e_s, energy of the servers [J/token]
    it_energy_per_output_token: e_i, energy of all IT [J/token]
    facility_energy_per_output_token: e_f, energy of the building [J/token]
    """
    if energy_boundary == CHIP:
        return chip_energy_per_output_token
    if energy_boundary == SERVER:
        return server_energy_per_output_token
    if energy_boundary == IT:
        return it_energy_per_output_token
    return facility_energy_per_output_token


@equation(unit="W", source="mlperf-inference-v4.1")
def serving_server_power(serving_gpu_power, server_host_power, gpus_per_server):
    """Mean power of a server that serves, for each of its GPUs.

    P_s = P + P_h / n

    serving_gpu_power: P, mean power of one GPU that serves [W]
    server_host_power: P_h, power of one server outside its GPUs [W]
    gpus_per_server: n, GPUs of one server [1]
    """
    return serving_gpu_power + server_host_power / gpus_per_server


@equation(unit="W", source="green-grid-pue")
def serving_facility_power(serving_server_power, serving_network_power, pue):
    """Mean power of the building for each GPU that serves.

    P_f = (P_s + P_n) PUE

    serving_server_power: P_s, mean power of a server that serves, for each of its GPUs [W]
    serving_network_power: P_n, power of switches and optics for each GPU [W]
    pue: PUE, facility energy over IT energy [1]
    """
    return (serving_server_power + serving_network_power) * pue


@equation(unit="J/query", source="elsworth-2025")
def energy_per_query_modelled(it_energy_per_output_token, output_tokens):
    """Energy of all IT for one query, prefill and decode, from what a replica does.

    E = e_i n_out

    it_energy_per_output_token: e_i, energy of all IT for one output token [J/token]
    output_tokens: n_out, output tokens of one response [token]
    """
    return it_energy_per_output_token * output_tokens


@equation(unit="J/query", source="elsworth-2025")
def facility_energy_per_query(energy_per_query, pue):
    """Energy of the building for one query.

    E_f = E PUE

    energy_per_query: E, energy of all IT for one query [J/query]
    pue: PUE, facility energy over IT energy [1]
    """
    return energy_per_query * pue


@equation(unit="W", source="ml-energy-v3")
def prefill_gpu_power(gpu_tdp, power_cap, idle_power_per_gpu, prefill_compute_time, prefill_time, kernel_power_share, compute_power_share):
    """Mean power of one GPU during prefill.

    P = min(k P_tdp, P_0 + (P_tdp - P_0) (p_a + p_c t_c / t))

    gpu_tdp: P_tdp, thermal design power of one GPU [W]
    power_cap: k, power limit that is set on the GPU over its thermal design power [1]
    idle_power_per_gpu: P_0, power of one idle GPU [W]
    prefill_compute_time: t_c, compute time of the prefill of one prompt [s]
    prefill_time: t, prefill time of one prompt on the replica [s]
    kernel_power_share: p_a, share of the range that running kernels take [1]
    compute_power_share: p_c, share that computing adds [1]
    """
    if prefill_time <= 0:
        return idle_power_per_gpu
    load = kernel_power_share + compute_power_share * prefill_compute_time / prefill_time
    return min(power_cap * gpu_tdp, idle_power_per_gpu + (gpu_tdp - idle_power_per_gpu) * load)


@equation(unit="J/token", source="ml-energy-v3")
def chip_energy_per_input_token(prefill_gpu_power, serving_gpus, prefill_time, input_tokens):
    """Prefill energy of the GPUs per input token; already part of the energy per output token.

    e = P N t / n_in

    prefill_gpu_power: P, mean power of one GPU during prefill [W]
    serving_gpus: N, GPUs of one replica [1]
    prefill_time: t, prefill time of one prompt on the replica [s]
    input_tokens: n_in, tokens of one prompt [token]
    """
    if input_tokens <= 0:
        return 0.0
    return prefill_gpu_power * serving_gpus * prefill_time / input_tokens
