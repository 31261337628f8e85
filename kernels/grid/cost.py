"""Money. What belongs here: the price of electricity, hardware and buildings, for a run, a token, a query and a year."""

from sweep.equations.registry import equation
from sweep.kernels.choices import FROM_GENERATOR, FROM_GRID


@equation(unit="USD/J", source="eia-state-prices")
def site_electricity_price(grid_electricity_price):
    """Price of electricity from the site's grid, of the chosen tariff class.

    p = of the site's entry, by class

    grid_electricity_price: p, figure of the site's entry [USD/J]
    """
    return grid_electricity_price


@equation(unit="USD/J", source="eia-state-prices", selects="power_source")
def electricity_price(power_source, site_electricity_price, generator_supply_price, mix_price):
    """Price of the electricity that the facility takes.

    p = of the grid, of the generator, or of the mix

    power_source: what powers the facility [1]
    site_electricity_price: price of the site's grid [USD/J]
    generator_supply_price: price of the generator with its spare units or storage [USD/J]
    mix_price: price of the mix [USD/J]
    """
    if power_source == FROM_GRID:
        return site_electricity_price
    if power_source == FROM_GENERATOR:
        return generator_supply_price
    return mix_price


@equation(unit="USD/J", source="thermodynamics")
def run_electricity_price(electricity_price):
    """Price of the electricity of the training run: that of the year, or of the hours that it covers where a study has hours.

    p_r = p

    electricity_price: p, mean price of the year [USD/J]
    """
    return electricity_price


@equation(unit="USD/J", source="thermodynamics")
def serving_electricity_price(electricity_price):
    """Price of the electricity of serving: that of the year, or weighted with the load of each hour where a study has hours.

    p_s = p

    electricity_price: p, mean price of the year [USD/J]
    """
    return electricity_price


@equation(unit="USD", source="thermodynamics")
def energy_cost(facility_energy, run_electricity_price):
    """Price of the electricity of the training run.

    C = E p_r

    facility_energy: E, electricity of the facility during the run [J]
    run_electricity_price: p_r, price of its electricity [USD/J]
    """
    return facility_energy * run_electricity_price


@equation(unit="USD", source="thermodynamics")
def annual_energy_cost(annual_energy, electricity_price):
    """Price of the electricity that the facility takes in a year.

    C = E p

    annual_energy: E, electricity of the facility in a year [J]
    electricity_price: p, price of electricity [USD/J]
    """
    return annual_energy * electricity_price


@equation(unit="USD", source="cottier-2024")
def it_capital_cost(gpus, gpu_price, network_cost_share):
    """Cost of GPUs with their servers, network and storage.

    K_it = N k (1 + n)

    gpus: N, GPUs of the cluster [1]
    gpu_price: k, price of one GPU with its share of the server [USD]
    network_cost_share: n, network and storage over that price [1]
    """
    return gpus * gpu_price * (1 + network_cost_share)


@equation(unit="USD", source="cottier-2024")
def building_capital_cost(facility_power, building_price):
    """Cost of the buildings with their electrical and cooling plant.

    K_b = P b

    facility_power: P, power of the facility at full load [W]
    building_price: b, cost for each watt [USD/W]
    """
    return facility_power * building_price


@equation(unit="USD", source="cottier-2024")
def annual_capital_cost(it_capital_cost, hardware_recovery, building_capital_cost, building_recovery):
    """Annualized cost of hardware and buildings, with the return on the capital.

    C = K_it a_it + K_b a_b

    it_capital_cost: K_it, cost of servers and network [USD]
    hardware_recovery: a_it, yearly part that pays servers back [1]
    building_capital_cost: K_b, cost of the buildings [USD]
    building_recovery: a_b, yearly part that pays buildings back [1]
    """
    return it_capital_cost * hardware_recovery + building_capital_cost * building_recovery


@equation(unit="USD", source="cottier-2024")
def annual_cost(annual_capital_cost, annual_energy_cost):
    """Annual cost of the cluster: capital and electricity.

    C = C_k + C_e

    annual_capital_cost: C_k, hardware and buildings [USD]
    annual_energy_cost: C_e, electricity [USD]
    """
    return annual_capital_cost + annual_energy_cost


@equation(unit="USD", source="cottier-2024")
def training_cost(annual_capital_cost, run_duration, year_length, hardware_use, energy_cost):
    """Cost of the training run to the owner: its part of the capital, and electricity.

    C = C_k T / (Y h) + C_e

    annual_capital_cost: C_k, hardware and buildings for a year [USD]
    run_duration: T, time that the training run takes [s]
    year_length: Y, one year [s]
    hardware_use: h, part of the year in which the hardware works [1]
    energy_cost: C_e, electricity of the run [USD]
    """
    return annual_capital_cost * run_duration / (year_length * hardware_use) + energy_cost


@equation(unit="USD", source="cottier-2024")
def cloud_cost(gpus, gpu_cloud_price, run_duration):
    """Cost of the same GPU hours at the market price of a rented GPU.

    C = N c T

    gpus: N, GPUs of the cluster [1]
    gpu_cloud_price: c, price of renting one GPU [USD/s]
    run_duration: T, time that the training run takes [s]
    """
    return gpus * gpu_cloud_price * run_duration


@equation(unit="USD/token", source="cottier-2024")
def training_cost_per_token(training_cost, training_tokens):
    """Cost of the training run per training token.

    c = C / D

    training_cost: C, cost of the run [USD]
    training_tokens: D, tokens that the model is trained on [token]
    """
    return training_cost / training_tokens


@equation(unit="USD/J", source="cottier-2024")
def capital_cost_per_energy(annual_capital_cost, it_power, hardware_use, year_length):
    """Capital cost per unit of energy of a server at work.

    k = C_k / (P_it h Y)

    annual_capital_cost: C_k, hardware and buildings for a year [USD]
    it_power: P_it, power of all servers at work [W]
    hardware_use: h, part of the year in which the hardware works [1]
    year_length: Y, one year [s]
    """
    return annual_capital_cost / (it_power * hardware_use * year_length)


@equation(unit="USD/query", source="cottier-2024")
def energy_cost_per_query(energy_per_query, effective_pue, serving_electricity_price):
    """Price of the electricity of one query.

    c = e PUE p_s

    energy_per_query: e, energy of the servers for one query [J/query]
    effective_pue: PUE, energy of the facility over energy of its IT [1]
    serving_electricity_price: p_s, price of electricity [USD/J]
    """
    return energy_per_query * effective_pue * serving_electricity_price


@equation(unit="USD/query", source="cottier-2024")
def cost_per_query(energy_per_query, capital_cost_per_energy, energy_cost_per_query):
    """Cost of one query: server time and electricity.

    c = e k + c_e

    energy_per_query: e, energy of the servers for one query [J/query]
    capital_cost_per_energy: k, capital for each unit of energy of a working server [USD/J]
    energy_cost_per_query: c_e, electricity of one query [USD/query]
    """
    return energy_per_query * capital_cost_per_energy + energy_cost_per_query


@equation(unit="USD/token", source="cottier-2024")
def cost_per_output_token(cost_per_query, output_tokens):
    """Cost of one output token, prefill included; in USD/Mtoken the price of a million.

    c = C_q / n

    cost_per_query: C_q, cost of one query [USD/query]
    output_tokens: n, output tokens of one response [token]
    """
    return cost_per_query / output_tokens
