"""A fleet that serves all queries. What belongs here: replicas and servers for the peak hour, their load, and what waits.

The energy of one query is in serving_energy.py; training against serving is in energy.py.
"""

import math

from sweep.equations.registry import equation


@equation(unit="W", source="article")
def serving_power(queries_per_day, energy_per_query):
    """Mean power of the servers that serve the queries.

    P_s = q e

    queries_per_day: q, rate of queries [query/s]
    energy_per_query: e, energy of the servers for one query [J/query]
    """
    return queries_per_day * energy_per_query


@equation(unit="query/s", source="elsworth-2025")
def peak_query_rate(queries_per_day, peak_to_mean_load):
    """Rate of queries in the busiest hour of the day.

    q_p = q c

    queries_per_day: q, mean rate of queries [query/s]
    peak_to_mean_load: c, rate in the busiest hour over the mean [1]
    """
    return queries_per_day * peak_to_mean_load


@equation(unit="1", source="elsworth-2025")
def serving_replicas(peak_query_rate, requests_per_second, fleet_load_limit):
    """Whole replicas that serve the peak hour with something in reserve; at least one.

    R = max(1, ceil(q_p / (q_1 l)))

    peak_query_rate: q_p, rate of queries in the busiest hour [query/s]
    requests_per_second: q_1, requests that one replica completes per second [1/s]
    fleet_load_limit: l, largest load of the fleet, the rest being reserve [1]
    """
    needed = peak_query_rate / (requests_per_second * fleet_load_limit)
    if not needed < 1e15:
        return math.nan
    return max(1.0, float(math.ceil(needed)))


@equation(unit="1", source="elsworth-2025")
def replica_gpus(serving_gpus, busy_time_per_output_token, idle_time_per_output_token, output_rate):
    """GPUs of one replica, with those of a prefill pool that work for it.

    N_r = max(N, R (t_b + t_i))

    serving_gpus: N, decode GPUs of one replica [1]
    busy_time_per_output_token: t_b, time of busy GPUs for one output token [s/token]
    idle_time_per_output_token: t_i, time of idle GPUs for one output token [s/token]
    output_rate: R, tokens that one replica writes in a second [token/s]
    """
    if output_rate <= 0:
        return serving_gpus
    return max(serving_gpus, output_rate * (busy_time_per_output_token + idle_time_per_output_token))


@equation(unit="1", source="elsworth-2025")
def fleet_gpus(serving_replicas, replica_gpus):
    """GPUs of the fleet.

    N = R N_r

    serving_replicas: R, whole replicas [1]
    replica_gpus: N_r, GPUs of one replica [1]
    """
    return serving_replicas * replica_gpus


@equation(unit="1", source="elsworth-2025")
def fleet_servers(fleet_gpus, gpus_per_server):
    """Whole servers of the fleet.

    S = ceil(N / n)

    fleet_gpus: N, GPUs of the fleet [1]
    gpus_per_server: n, GPUs of one server [1]
    """
    needed = fleet_gpus / gpus_per_server
    if not needed < 1e15:
        return math.nan
    return float(math.ceil(needed - 1e-9))


@equation(unit="1", source="elsworth-2025")
def fleet_utilisation(queries_per_day, serving_replicas, requests_per_second):
    """Mean share of the fleet that serves queries; the rest is idle, for the peak hour or in reserve.

    u = q / (R q_1)

    queries_per_day: q, mean rate of queries [query/s]
    serving_replicas: R, whole replicas [1]
    requests_per_second: q_1, requests that one replica completes per second [1/s]
    """
    return queries_per_day / (serving_replicas * requests_per_second)


@equation(unit="W", source="elsworth-2025")
def fleet_waiting_power(
    fleet_servers, idle_power_per_gpu, gpus_per_server, server_host_power, serving_network_power, idle_switched_off
):
    """Power of the fleet's servers if all of them wait, with their switches; their processors and fans draw what they do at work.

    P_w = (1 - o) S (n (P_0 + P_n) + P_h)

    fleet_servers: S, whole servers of the fleet [1]
    idle_power_per_gpu: P_0, power of one idle GPU [W]
    gpus_per_server: n, GPUs of one server [1]
    server_host_power: P_h, power of one server outside its GPUs [W]
    serving_network_power: P_n, power of switches and optics for each GPU [W]
    idle_switched_off: o, share of the waiting servers that is switched off or does other work [1]
    """
    server = gpus_per_server * (idle_power_per_gpu + serving_network_power) + server_host_power
    return (1 - idle_switched_off) * fleet_servers * server


@equation(unit="W", source="elsworth-2025")
def fleet_idle_power(fleet_utilisation, fleet_waiting_power):
    """Mean power of the servers that wait.

    P_i = max(0, 1 - u) P_w

    fleet_utilisation: u, mean share of the fleet that serves queries [1]
    fleet_waiting_power: P_w, power of the fleet's servers if all of them wait [W]
    """
    return max(0.0, 1 - fleet_utilisation) * fleet_waiting_power


@equation(unit="W", source="elsworth-2025")
def fleet_power(serving_power, fleet_idle_power):
    """Mean power of the fleet's IT: what serves queries, and what is idle.

    P = P_s + P_i

    serving_power: P_s, mean power of the servers that serve the queries [W]
    fleet_idle_power: P_i, mean power of the servers that wait [W]
    """
    return serving_power + fleet_idle_power


@equation(unit="J", source="elsworth-2025")
def fleet_energy(fleet_power, serving_period):
    """Energy of the fleet's IT over the serving period.

    E = P T

    fleet_power: P, mean power of the fleet's IT [W]
    serving_period: T, time over which the model is served [s]
    """
    return fleet_power * serving_period


@equation(unit="J", source="green-grid-pue")
def fleet_facility_energy(fleet_energy, pue):
    """Energy of the building for the fleet over the serving period.

    E_f = E PUE

    fleet_energy: E, energy of the fleet's IT [J]
    pue: PUE, facility energy over IT energy [1]
    """
    return fleet_energy * pue


@equation(unit="J/query", source="elsworth-2025")
def all_in_energy_per_query(fleet_power, queries_per_day, pue):
    """Energy of the building for one query, with all that waits.

    e = P PUE / q

    fleet_power: P, mean power of the fleet's IT [W]
    queries_per_day: q, mean rate of queries [query/s]
    pue: PUE, facility energy over IT energy [1]
    """
    if queries_per_day <= 0:
        return math.nan
    return fleet_power * pue / queries_per_day
