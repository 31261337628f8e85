"""What would power the facility, by one kind of generator. What belongs here: units, land, fuel, carbon, cost and lead time.

Mixes of several kinds are in mix.py; hour by hour over a year is for the linear programme.
"""

import math

from sweep.equations.registry import equation, rule
from sweep.kernels.choices import AVERAGE_LIFECYCLE


@equation(unit="W", source="eia-capacity-factors")
def nameplate_for_energy(average_power, generator_capacity_factor):
    """Nameplate that makes as much electricity in a year as the facility takes, whenever it comes.

    N = P / f

    average_power: P, mean power of the facility [W]
    generator_capacity_factor: f, mean over nameplate power [1]
    """
    return average_power / generator_capacity_factor


@equation(unit="1", source="eia-capacity-factors")
def units_for_energy(nameplate_for_energy, generator_unit_power):
    """Units of a generator that make the facility's electricity of a year.

    n = ceil(N / p)

    nameplate_for_energy: N, nameplate for the energy of a year [W]
    generator_unit_power: p, nameplate of one unit [W]
    """
    return whole_units(nameplate_for_energy, generator_unit_power)


@equation(unit="1", source="ieee-493")
def units_for_firm_load(facility_power, generator_unit_power, spare_units):
    """Units of a generator that carry the full load of the facility with spare ones.

    n = ceil(P / p) + k

    facility_power: P, power of the facility at full load [W]
    generator_unit_power: p, nameplate of one unit [W]
    spare_units: k, units beyond those that carry the load [1]
    """
    return whole_units(facility_power, generator_unit_power) + spare_units


def whole_units(power, unit_power):
    """The least whole number of units that reach a power, forgiving the last bits of a quotient."""
    if not 0.0 < unit_power < math.inf or not 0.0 <= power < unit_power * 1e12:
        return math.nan
    return float(math.ceil(power / unit_power * (1 - 1e-12)))


@rule(guards=("units_for_firm_load",), source="ieee-493")
def variable_supply_is_not_firm(follows_weather):
    """A source that follows the weather carries no firm load by itself; size it with storage by the linear programme.

    follows_weather: 1 where sun or wind set the power [1]
    """
    return follows_weather > 0.0


@equation(unit="W", source="ieee-493")
def nameplate_for_firm_load(units_for_firm_load, generator_unit_power):
    """Nameplate of the units that carry the full load with spare ones.

    N = n p

    units_for_firm_load: n, units with the spare ones [1]
    generator_unit_power: p, nameplate of one unit [W]
    """
    return units_for_firm_load * generator_unit_power


@equation(unit="m^2", source="nrel-land")
def supply_land(nameplate_for_energy, generator_land):
    """Land of the plant that makes the facility's electricity of a year.

    A = N a

    nameplate_for_energy: N, nameplate for the energy of a year [W]
    generator_land: a, land for each unit of nameplate [m^2/W]
    """
    return nameplate_for_energy * generator_land


@equation(unit="J", source="technology-data")
def annual_gas(annual_energy, generator_efficiency):
    """Gas that is burnt for the facility in a year, by its lower heating value.

    Q = E / eta

    annual_energy: E, electricity of the facility in a year [J]
    generator_efficiency: eta, electricity over heat; 0 where nothing is burnt [1]
    """
    return annual_energy / generator_efficiency if generator_efficiency > 0.0 else 0.0


@equation(unit="kg/J", source="technology-data")
def generator_direct_carbon(gas_carbon, generator_efficiency):
    """CO2 of the gas that is burnt for each unit of electricity.

    c = c_gas / eta

    gas_carbon: c_gas, CO2 of burning gas [kg/J]
    generator_efficiency: eta, electricity over heat; 0 where nothing is burnt [1]
    """
    return gas_carbon / generator_efficiency if generator_efficiency > 0.0 else 0.0


@equation(unit="kg/J", source="ipcc-ar5")
def generator_carbon_intensity(carbon_kind, generator_direct_carbon, generator_upstream_carbon):
    """Carbon intensity of a generator, of the chosen kind.

    c = c_stack, and c_up where the life cycle counts

    carbon_kind: average or marginal, direct or life-cycle [1]
    generator_direct_carbon: c_stack, CO2 at the stack [kg/J]
    generator_upstream_carbon: c_up, carbon of making the plant and its fuel [kg/J]
    """
    if carbon_kind == AVERAGE_LIFECYCLE:
        return generator_direct_carbon + generator_upstream_carbon
    return generator_direct_carbon


@equation(unit="kg", source="ghg-protocol-scope-2")
def annual_stack_carbon(annual_gas, gas_carbon):
    """CO2 from the stacks of the facility's own plant in a year (scope 1).

    m = Q c_gas

    annual_gas: Q, gas that is burnt [J]
    gas_carbon: c_gas, CO2 of burning gas [kg/J]
    """
    return annual_gas * gas_carbon


@equation(unit="USD", source="technology-data-us")
def supply_capital_cost(nameplate_for_energy, generator_capital_price):
    """Investment in the plant that makes the facility's electricity of a year.

    K = N k

    nameplate_for_energy: N, nameplate for the energy of a year [W]
    generator_capital_price: k, investment for each unit of nameplate [USD/W]
    """
    return nameplate_for_energy * generator_capital_price


@equation(unit="USD", source="technology-data-us")
def firm_capital_cost(nameplate_for_firm_load, generator_capital_price):
    """Investment in the units that carry the full load with spare ones.

    K = N k

    nameplate_for_firm_load: N, nameplate of the units [W]
    generator_capital_price: k, investment for each unit of nameplate [USD/W]
    """
    return nameplate_for_firm_load * generator_capital_price


@equation(unit="USD/W", source="lazard-2025")
def generator_annual_cost(generator_capital_price, generator_recovery, generator_fixed_cost):
    """Annual fixed cost per unit of nameplate.

    c = k (a + o)

    generator_capital_price: k, investment for each unit of nameplate [USD/W]
    generator_recovery: a, yearly part of the investment that pays it back with its return [1]
    generator_fixed_cost: o, fixed upkeep in a year over the investment [1]
    """
    return generator_capital_price * (generator_recovery + generator_fixed_cost)


@equation(unit="USD/J", source="lazard-2025")
def generator_running_cost(generator_variable_cost, generator_efficiency, gas_price, gas_heating_ratio):
    """Variable cost per unit of electricity: variable maintenance and fuel.

    c = v + g h / eta

    generator_variable_cost: v, variable upkeep and other fuel [USD/J]
    generator_efficiency: eta, electricity over heat; 0 where nothing is burnt [1]
    gas_price: g, price of gas by its higher heating value [USD/J]
    gas_heating_ratio: h, higher over lower heating value [1]
    """
    if generator_efficiency <= 0.0:
        return generator_variable_cost
    return generator_variable_cost + gas_price * gas_heating_ratio / generator_efficiency


@equation(unit="USD/J", source="lazard-2025")
def generator_lcoe(generator_annual_cost, generator_capacity_factor, year_length, generator_running_cost):
    """Levelized cost of electricity: plant, maintenance and fuel per unit of electricity, whenever it is generated.

    c = c_n / (f Y) + c_r

    generator_annual_cost: c_n, cost of each unit of nameplate in a year [USD/W]
    generator_capacity_factor: f, mean over nameplate power [1]
    year_length: Y, one year [s]
    generator_running_cost: c_r, cost of each unit of electricity beyond the nameplate [USD/J]
    """
    return generator_annual_cost / (generator_capacity_factor * year_length) + generator_running_cost


@equation(unit="USD/J", source="lazard-2025")
def generator_supply_price(
    follows_weather,
    generator_lcoe,
    firming_price,
    generator_annual_cost,
    generator_running_cost,
    generator_unit_power,
    spare_units,
    facility_power,
    annual_energy,
):
    """Price of the facility's electricity from its own plant: with the spare units, or with what firms the sun and the wind.

    p = c_r + c_n n p_1 / E, or c + c_firm where the weather sets the power

    follows_weather: 1 where sun or wind set the power [1]
    generator_lcoe: c, levelized cost of the generator [USD/J]
    firming_price: c_firm, what storage adds to each unit from sun or wind [USD/J]
    generator_annual_cost: c_n, cost of each unit of nameplate in a year [USD/W]
    generator_running_cost: c_r, cost of each unit of electricity beyond the nameplate [USD/J]
    generator_unit_power: p_1, nameplate of one unit [W]
    spare_units: units beyond those that carry the load [1]
    facility_power: P, power of the facility at full load, which n units with the spare ones carry [W]
    annual_energy: E, electricity of the facility in a year [J]
    """
    if follows_weather > 0.0:
        return generator_lcoe + firming_price
    nameplate = (whole_units(facility_power, generator_unit_power) + spare_units) * generator_unit_power
    return generator_running_cost + generator_annual_cost * nameplate / annual_energy


@rule(guards=(), source="lazard-2025")
def variable_supply_is_matched_annually(follows_weather, generator_lcoe):
    """An own plant of sun or wind is matched over the year: in calm and dark hours others carry the load, their carbon not counted.

    follows_weather: 1 where sun or wind set the power [1]
    generator_lcoe: levelized cost of the generator [USD/J]
    """
    return follows_weather > 0.0 and generator_lcoe > 0.0
