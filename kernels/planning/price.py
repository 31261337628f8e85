"""What tokens take and cost. What belongs here: tokens for each unit of power, energy of all tokens, prices of both kinds."""

from sweep.equations.registry import equation
from sweep.kernels.choices import OWNED


@equation(unit="token/J", source="green-grid-pue")
def output_rate_per_power(facility_energy_per_output_token):
    """Output tokens per second for each unit of the building's power; in token/s/MW.

    r = 1 / e

    facility_energy_per_output_token: e, energy of the building for one output token [J/token]
    """
    return 1 / facility_energy_per_output_token


@equation(unit="J/token", source="green-grid-pue")
def facility_energy_per_token(facility_energy_per_output_token, input_tokens, output_tokens):
    """Energy of the building for one token, input and output tokens alike.

    e = e_o n_out / (n_in + n_out)

    facility_energy_per_output_token: e_o, energy of the building for one output token [J/token]
    input_tokens: n_in, tokens of one prompt [token]
    output_tokens: n_out, output tokens of one response [token]
    """
    return facility_energy_per_output_token * output_tokens / (input_tokens + output_tokens)


@equation(unit="USD/s", source="cottier-2024")
def owned_gpu_cost(
    gpu_price,
    network_cost_share,
    hardware_recovery,
    serving_facility_power,
    building_price,
    building_recovery,
    year_length,
    serving_electricity_price,
):
    """Cost of one owned serving GPU per unit of time: its part of servers, network and building, and electricity.

    c = (k (1 + n) a_it + P b a_b) / Y + P p

    gpu_price: k, price of one GPU with its share of the server [USD]
    network_cost_share: n, network and storage over that price [1]
    hardware_recovery: a_it, yearly part that pays servers back [1]
    serving_facility_power: P, power of the building for each GPU that serves [W]
    building_price: b, cost of the building for each watt [USD/W]
    building_recovery: a_b, yearly part that pays buildings back [1]
    year_length: Y, one year [s]
    serving_electricity_price: p, price of electricity [USD/J]
    """
    capital = gpu_price * (1 + network_cost_share) * hardware_recovery + serving_facility_power * building_price * building_recovery
    return capital / year_length + serving_facility_power * serving_electricity_price


@equation(unit="USD/s", source="cottier-2024", selects="gpu_tenure")
def serving_gpu_cost(gpu_tenure, owned_gpu_cost, gpu_cloud_price):
    """Cost of one serving GPU per unit of time.

    c = of an owned GPU, or the market price of a rented one

    gpu_tenure: whether GPUs are owned or rented [1]
    owned_gpu_cost: what one costs its owner [USD/s]
    gpu_cloud_price: market price of renting one [USD/s]
    """
    if gpu_tenure == OWNED:
        return owned_gpu_cost
    return gpu_cloud_price


@equation(unit="USD/token", source="cottier-2024")
def serving_cost_per_input_token(serving_gpu_cost, serving_gpus, prefill_occupancy, input_tokens, fleet_utilisation):
    """Cost of one input token: the time of GPUs that its prefill takes, waiting ones included; in USD/Mtoken that of a million.

    c_in = c N t_p / (n_in u)

    serving_gpu_cost: c, what one serving GPU costs [USD/s]
    serving_gpus: N, GPUs of one replica [1]
    prefill_occupancy: t_p, time for which the prefill of one prompt occupies the replica [s]
    input_tokens: n_in, tokens of one prompt [token]
    fleet_utilisation: u, mean share of the fleet that serves queries [1]
    """
    if input_tokens <= 0:
        return 0.0
    return serving_gpu_cost * serving_gpus * prefill_occupancy / (input_tokens * fleet_utilisation)


@equation(unit="USD/token", source="cottier-2024")
def serving_cost_per_output_token(
    serving_gpu_cost, gpu_time_per_output_token, serving_gpus, prefill_occupancy, output_tokens, fleet_utilisation
):
    """Cost of one output token, without the prefill of its prompt; in USD/Mtoken that of a million.

    c_out = c (g - N t_p / n_out) / u

    serving_gpu_cost: c, what one serving GPU costs [USD/s]
    gpu_time_per_output_token: g, time of GPUs, busy or waiting, for one output token [s/token]
    serving_gpus: N, GPUs of one replica [1]
    prefill_occupancy: t_p, time for which the prefill of one prompt occupies the replica [s]
    output_tokens: n_out, output tokens of one response [token]
    fleet_utilisation: u, mean share of the fleet that serves queries [1]
    """
    decode = gpu_time_per_output_token - serving_gpus * prefill_occupancy / output_tokens
    return serving_gpu_cost * decode / fleet_utilisation
