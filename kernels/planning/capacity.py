"""A fleet within limits. What belongs here: what a power budget holds, what making the fleet emits."""

import math

from sweep.equations.registry import equation


@equation(unit="1", source="green-grid-pue")
def gpus_within_power(power_budget, serving_facility_power):
    """Serving GPUs that a power budget at the building's meter holds.

    N = floor(P / P_1)

    power_budget: P, power that the building may take [W]
    serving_facility_power: P_1, power of the building for each GPU that serves [W]
    """
    held = power_budget / serving_facility_power
    if not held < 1e15:
        return math.nan
    return float(math.floor(held))


@equation(unit="token/s", source="green-grid-pue")
def output_rate_within_power(power_budget, output_rate_per_power):
    """Output tokens per second that a power budget at the building's meter allows.

    R = P r

    power_budget: P, power that the building may take [W]
    output_rate_per_power: r, output tokens per second for each unit of the building's power [token/J]
    """
    return power_budget * output_rate_per_power


@equation(unit="kg", source="luccioni-2022")
def fleet_embodied_carbon(fleet_gpus, gpu_embodied_carbon, fleet_servers, server_embodied_carbon):
    """Embodied carbon of all GPUs and servers of the fleet.

    M = N m_gpu + S m_server

    fleet_gpus: N, GPUs of the fleet [1]
    gpu_embodied_carbon: m_gpu, carbon of making one GPU [kg]
    fleet_servers: S, whole servers of the fleet [1]
    server_embodied_carbon: m_server, carbon of making one server without its GPUs [kg]
    """
    return fleet_gpus * gpu_embodied_carbon + fleet_servers * server_embodied_carbon


@equation(unit="kg/query", source="luccioni-2022")
def embodied_carbon_per_query(fleet_embodied_carbon, hardware_lifetime, queries_per_day):
    """Embodied carbon of the fleet for one query.

    m = M / (L q)

    fleet_embodied_carbon: M, carbon of making the fleet [kg]
    hardware_lifetime: L, time until servers are replaced [s]
    queries_per_day: q, mean rate of queries [query/s]
    """
    if queries_per_day <= 0:
        return math.nan
    return fleet_embodied_carbon / (hardware_lifetime * queries_per_day)
