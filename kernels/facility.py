"""From IT power to the power of the building. What belongs here: PUE, cooling, electrical loss, heat that is reused."""

from sweep.registry import equation


@equation(unit="W", source="green-grid-pue")
def facility_power(it_power, pue):
    """Power of the whole facility while its IT runs at full load.

    P = P_it PUE

    it_power: P_it, power of the IT [W]
    pue: PUE, energy of the facility over energy of its IT [1]
    """
    return it_power * pue


@equation(unit="W", source="thermodynamics")
def average_power(facility_power, utilization):
    """Power of the facility as a mean over the year.

    P_mean = u P

    facility_power: P, power of the facility at full load [W]
    utilization: u, mean over peak power [1]
    """
    return facility_power * utilization


@equation(unit="J", source="thermodynamics")
def annual_energy(average_power, year_length):
    """Electricity that the facility takes in a year.

    E = P_mean T

    average_power: P_mean, mean power of the facility [W]
    year_length: T, length of the year [s]
    """
    return average_power * year_length
