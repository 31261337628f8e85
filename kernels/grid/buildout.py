"""What is being built. What belongs here: a nation's plants and the campuses that they would power; what campuses build themselves."""

import math

from sweep.equations.registry import equation


@equation(unit="W", source="nea-china")
def buildout_average_power(buildout_power, buildout_capacity_factor):
    """Mean power of a nation's plants of one kind.

    P = N f

    buildout_power: N, nameplate of the plants [W]
    buildout_capacity_factor: f, mean over nameplate power [1]
    """
    return buildout_power * buildout_capacity_factor


@equation(unit="J", source="nea-china")
def buildout_energy(buildout_average_power, year_length):
    """Electricity of a nation's plants of one kind in a year.

    E = P Y

    buildout_average_power: P, mean power of the plants [W]
    year_length: Y, one year [s]
    """
    return buildout_average_power * year_length


@equation(unit="1", source="nea-china")
def campuses_by_nameplate(buildout_power, facility_power):
    """Campuses whose full load the nameplate equals, which is what headlines count.

    n = N / P

    buildout_power: N, nameplate of the plants [W]
    facility_power: P, power of one campus at full load [W]
    """
    return buildout_power / facility_power


@equation(unit="1", source="nea-china")
def campuses_by_energy(buildout_average_power, average_power):
    """Campuses whose electricity of a year the plants make, whenever it comes.

    n = P_plants / P_mean

    buildout_average_power: P_plants, mean power of the plants [W]
    average_power: P_mean, mean power of one campus [W]
    """
    return buildout_average_power / average_power


@equation(unit="W", source="campus-permits")
def onsite_mean_unit_power(onsite_generation_power, onsite_generation_units):
    """Mean nameplate of the generators of a campus, as permitted or reported.

    p = N / n

    onsite_generation_power: N, nameplate of the generators on site [W]
    onsite_generation_units: n, generators on site [1]
    """
    return onsite_generation_power / onsite_generation_units if onsite_generation_units > 0.0 else math.nan


@equation(unit="1", source="campus-permits")
def supply_coverage(onsite_generation_power, grid_connection_power, facility_power):
    """Power that a campus can draw, from its own generators and the grid, over its full load.

    s = (N + G) / P

    onsite_generation_power: N, nameplate of the generators on site [W]
    grid_connection_power: G, power that the grid is to supply [W]
    facility_power: P, power of the facility at full load [W]
    """
    return (onsite_generation_power + grid_connection_power) / facility_power


@equation(unit="1", source="epoch-data-centers")
def campus_overhead(stated_campus_power, stated_it_power):
    """Announced power of a campus over the power of its AI servers: cooling, loss, other servers and what is not yet built.

    s = P / P_it

    stated_campus_power: P, power of the whole campus, as announced [W]
    stated_it_power: P_it, power of its AI servers, as estimated [W]
    """
    return stated_campus_power / stated_it_power if stated_it_power > 0.0 else math.nan
