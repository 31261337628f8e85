"""A service hour by hour. What belongs here: the load of one hour, and what its fleet draws, costs and emits; hours add up along an axis.

The fleet as a whole is in serving/fleet.py, what the requests of an hour wait is in latency.py.
"""

import math

from sweep.equations.registry import equation


@equation(unit="query/s", source="elsworth-2025")
def hour_query_rate(queries_per_day, hour_load):
    """Rate of queries in one hour.

    q_h = q l

    queries_per_day: q, mean rate of queries [query/s]
    hour_load: l, rate of queries in the hour over the mean of the load [1]
    """
    return queries_per_day * hour_load


@equation(unit="1", source="elsworth-2025")
def hour_replicas(hour_query_rate, requests_per_second, fleet_load_limit):
    """Whole replicas that one hour of the day needs, with the same reserve as the busiest; at least one.

    R_h = max(1, ceil(q_h / (q_1 f)))

    hour_query_rate: q_h, rate of queries in the hour [query/s]
    requests_per_second: q_1, requests that one replica completes per second [1/s]
    fleet_load_limit: f, largest load of the fleet, the rest being reserve [1]
    """
    needed = hour_query_rate / (requests_per_second * fleet_load_limit)
    if not needed < 1e15:
        return math.nan
    return max(1.0, float(math.ceil(needed)))


@equation(unit="1", source="elsworth-2025")
def hour_gpus(hour_replicas, replica_gpus):
    """GPUs that one hour of the day needs.

    N_h = R_h N_r

    hour_replicas: R_h, whole replicas that the hour needs [1]
    replica_gpus: N_r, GPUs of one replica, with those of a prefill pool that work for it [1]
    """
    return hour_replicas * replica_gpus


@equation(unit="1", source="little-1961")
def hour_replica_load(hour_query_rate, hour_replicas, requests_per_second):
    """Load of each replica in one hour, over the load that it is planned for.

    l_r = q_h / (R_h q_1)

    hour_query_rate: q_h, rate of queries in the hour [query/s]
    hour_replicas: R_h, whole replicas that the hour needs [1]
    requests_per_second: q_1, requests that one replica completes per second [1/s]
    """
    return hour_query_rate / (hour_replicas * requests_per_second)


@equation(unit="W", source="elsworth-2025")
def hour_power(hour_query_rate, energy_per_query, serving_replicas, requests_per_second, fleet_waiting_power, effective_pue):
    """Mean power of the building in one hour: what serves its queries, and the rest of the fleet of the busiest hour, which waits.

    P_h = PUE (q_h e + max(0, 1 - q_h / (R q_1)) P_w)

    hour_query_rate: q_h, rate of queries in the hour [query/s]
    energy_per_query: e, energy of the servers for one query [J/query]
    serving_replicas: R, whole replicas of the fleet [1]
    requests_per_second: q_1, requests that one replica completes per second [1/s]
    fleet_waiting_power: P_w, power of the fleet's servers if all of them wait [W]
    effective_pue: PUE, energy of the facility over energy of its IT [1]
    """
    waiting = max(0.0, 1 - hour_query_rate / (serving_replicas * requests_per_second))
    return effective_pue * (hour_query_rate * energy_per_query + waiting * fleet_waiting_power)


@equation(unit="J", source="thermodynamics")
def hour_energy(hour_power, day):
    """Energy of the building in one hour.

    E_h = P_h d / 24

    hour_power: P_h, mean power of the building in the hour [W]
    day: d, length of a day [s]
    """
    return hour_power * day / 24


@equation(unit="USD/J", source="thermodynamics")
def hour_electricity_price(serving_electricity_price):
    """Price of electricity in one hour: that of serving, where an axis of hours does not give it.

    p_h = p_s

    serving_electricity_price: p_s, price of the electricity of serving [USD/J]
    """
    return serving_electricity_price


@equation(unit="kg/J", source="ghg-protocol-scope-2")
def hour_carbon_intensity(serving_carbon_intensity):
    """Carbon intensity of electricity in one hour: that of serving, where an axis of hours does not give it.

    c_h = c_s

    serving_carbon_intensity: c_s, carbon of the electricity of serving [kg/J]
    """
    return serving_carbon_intensity


@equation(unit="USD", source="thermodynamics")
def hour_energy_cost(hour_energy, hour_electricity_price):
    """Price of the electricity of one hour.

    C_h = E_h p_h

    hour_energy: E_h, energy of the building in the hour [J]
    hour_electricity_price: p_h, price of electricity in the hour [USD/J]
    """
    return hour_energy * hour_electricity_price


@equation(unit="kg", source="ghg-protocol-scope-2")
def hour_carbon(hour_energy, hour_carbon_intensity):
    """Carbon of the electricity of one hour.

    m_h = E_h c_h

    hour_energy: E_h, energy of the building in the hour [J]
    hour_carbon_intensity: c_h, carbon of electricity in the hour [kg/J]
    """
    return hour_energy * hour_carbon_intensity
