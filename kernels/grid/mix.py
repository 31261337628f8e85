"""Power from several sources at once, by their parts of the yearly energy. What belongs here: nameplate, carbon, price and water of a mix.

A mix says nothing of the hours; a mix that carries the load in every hour is found by the linear programme.
"""

from sweep.equations.registry import equation, rule
from sweep.kernels.choices import AVERAGE_LIFECYCLE


@rule(
    guards=("mix_carbon_intensity", "mix_price", "mix_water_intensity", "mix_nameplate"),
    source="thermodynamics",
)
def mix_does_not_sum_to_one(mix_grid, mix_gas, mix_solar, mix_wind, mix_nuclear, mix_geothermal):
    """The parts of the mix do not sum to 1; there are mix_grid, mix_gas, mix_solar, mix_wind, mix_nuclear and mix_geothermal.

    mix_grid: part from the grid [1]
    mix_gas: part from gas turbines on site [1]
    mix_solar: part from solar [1]
    mix_wind: part from onshore wind [1]
    mix_nuclear: part from nuclear [1]
    mix_geothermal: part from geothermal [1]
    """
    return abs(mix_grid + mix_gas + mix_solar + mix_wind + mix_nuclear + mix_geothermal - 1) > 1e-9


@equation(unit="kg/J", source="technology-data")
def mix_gas_carbon(carbon_kind, gas_carbon, gas_upstream_carbon, mix_gas_efficiency):
    """Carbon intensity of gas turbines, of the chosen kind.

    c = c_gas / eta, and what leaks before the plant where the life cycle counts

    carbon_kind: average or marginal, direct or life-cycle [1]
    gas_carbon: c_gas, CO2 of burning gas [kg/J]
    gas_upstream_carbon: carbon of gas before the plant [kg/J]
    mix_gas_efficiency: eta, electricity over heat of the turbines [1]
    """
    stack = gas_carbon / mix_gas_efficiency
    return stack + gas_upstream_carbon if carbon_kind == AVERAGE_LIFECYCLE else stack


@equation(unit="kg/J", source="ipcc-ar5")
def mix_clean_carbon(
    carbon_kind, mix_solar, mix_wind, mix_nuclear, mix_geothermal, solar_carbon, wind_carbon, nuclear_carbon, geothermal_carbon
):
    """Carbon of the parts of the mix that burn nothing, for each unit of all electricity; nothing where direct emissions count.

    c = sum of f_i c_i

    carbon_kind: average or marginal, direct or life-cycle [1]
    mix_solar: part from solar [1]
    mix_wind: part from onshore wind [1]
    mix_nuclear: part from nuclear [1]
    mix_geothermal: part from geothermal [1]
    solar_carbon: carbon of solar over its life [kg/J]
    wind_carbon: carbon of onshore wind over its life [kg/J]
    nuclear_carbon: carbon of nuclear over its life [kg/J]
    geothermal_carbon: carbon of geothermal over its life [kg/J]
    """
    if carbon_kind != AVERAGE_LIFECYCLE:
        return 0.0
    return mix_solar * solar_carbon + mix_wind * wind_carbon + mix_nuclear * nuclear_carbon + mix_geothermal * geothermal_carbon


@equation(unit="kg/J", source="ipcc-ar5")
def mix_carbon_intensity(mix_grid, mix_gas, site_carbon_intensity, mix_gas_carbon, mix_clean_carbon):
    """Carbon of the mix for each unit of electricity.

    c = f_grid c_grid + f_gas c_gas + c_clean

    mix_grid: f_grid, part from the grid [1]
    mix_gas: f_gas, part from gas turbines [1]
    site_carbon_intensity: c_grid, carbon of the site's grid [kg/J]
    mix_gas_carbon: c_gas, carbon of gas turbines [kg/J]
    mix_clean_carbon: c_clean, carbon of what burns nothing [kg/J]
    """
    return mix_grid * site_carbon_intensity + mix_gas * mix_gas_carbon + mix_clean_carbon


@equation(unit="USD/J", source="lazard-2025")
def mix_price(
    mix_grid,
    mix_gas,
    mix_solar,
    mix_wind,
    mix_nuclear,
    mix_geothermal,
    site_electricity_price,
    gas_electricity_price,
    solar_price,
    wind_price,
    nuclear_price,
    geothermal_price,
):
    """Price of the mix for each unit of electricity, without what storage and spare plant add.

    p = sum of f_i p_i

    mix_grid: part from the grid [1]
    mix_gas: part from gas turbines on site [1]
    mix_solar: part from solar [1]
    mix_wind: part from onshore wind [1]
    mix_nuclear: part from nuclear [1]
    mix_geothermal: part from geothermal [1]
    site_electricity_price: price of the site's grid [USD/J]
    gas_electricity_price: levelized cost of gas turbines at work all year [USD/J]
    solar_price: levelized cost of solar [USD/J]
    wind_price: levelized cost of onshore wind [USD/J]
    nuclear_price: levelized cost of nuclear [USD/J]
    geothermal_price: levelized cost of geothermal [USD/J]
    """
    bought = mix_grid * site_electricity_price + mix_gas * gas_electricity_price
    steady = mix_nuclear * nuclear_price + mix_geothermal * geothermal_price
    return bought + steady + mix_solar * solar_price + mix_wind * wind_price


@equation(unit="m^3/J", source="macknick-2012")
def mix_water_intensity(mix_grid, mix_gas, mix_solar, mix_nuclear, site_water_intensity, gas_water, solar_water, nuclear_water):
    """Water that the plants of the mix consume for each unit of electricity; wind and binary geothermal take next to none.

    w = sum of f_i w_i

    mix_grid: part from the grid [1]
    mix_gas: part from gas turbines on site [1]
    mix_solar: part from solar [1]
    mix_nuclear: part from nuclear [1]
    site_water_intensity: water of the grid's power plants [m^3/J]
    gas_water: water of gas turbines [m^3/J]
    solar_water: water of solar [m^3/J]
    nuclear_water: water of nuclear [m^3/J]
    """
    return mix_grid * site_water_intensity + mix_gas * gas_water + mix_solar * solar_water + mix_nuclear * nuclear_water


@equation(unit="W", source="eia-capacity-factors")
def mix_nameplate(
    average_power,
    mix_gas,
    mix_solar,
    mix_wind,
    mix_nuclear,
    mix_geothermal,
    gas_capacity_factor,
    solar_capacity_factor,
    wind_capacity_factor,
    nuclear_capacity_factor,
    geothermal_capacity_factor,
):
    """Nameplate of all plants of the mix beside the grid, for the energy of a year.

    N = P sum of f_i / CF_i

    average_power: P, mean power of the facility [W]
    mix_gas: part from gas turbines on site [1]
    mix_solar: part from solar [1]
    mix_wind: part from onshore wind [1]
    mix_nuclear: part from nuclear [1]
    mix_geothermal: part from geothermal [1]
    gas_capacity_factor: mean over nameplate power of gas turbines [1]
    solar_capacity_factor: mean over nameplate power of solar [1]
    wind_capacity_factor: mean over nameplate power of onshore wind [1]
    nuclear_capacity_factor: mean over nameplate power of nuclear [1]
    geothermal_capacity_factor: mean over nameplate power of geothermal [1]
    """
    weather = mix_solar / solar_capacity_factor + mix_wind / wind_capacity_factor
    steady = mix_gas / gas_capacity_factor + mix_nuclear / nuclear_capacity_factor + mix_geothermal / geothermal_capacity_factor
    return average_power * (weather + steady)
