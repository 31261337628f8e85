"""From IT power to the power of the building. What belongs here: PUE, cooling, electrical loss, heat that is reused."""

import math

from sweep.equations.registry import equation
from sweep.kernels.choices import PART_LOAD_PUE, STATED_PUE


@equation(unit="1", source="green-grid-pue", selects="pue_method")
def effective_pue(pue_method, pue, part_load_pue, component_pue):
    """Energy of the facility over energy of its IT, stated or computed.

    PUE = stated, at part load, or built up

    pue_method: which of the three counts [1]
    pue: PUE as stated [1]
    part_load_pue: PUE at the utilization of the facility [1]
    component_pue: PUE from cooling and electrical loss [1]
    """
    if pue_method == STATED_PUE:
        return pue
    if pue_method == PART_LOAD_PUE:
        return part_load_pue
    return component_pue


@equation(unit="1", source="green-grid-pue")
def part_load_pue(pue, utilization, overhead_fixed_share):
    """PUE of a facility that runs below full load, where part of its overhead stays.

    PUE(u) = 1 + (PUE - 1) (s + (1 - s) u) / u

    pue: PUE at full load [1]
    utilization: u, mean over peak power [1]
    overhead_fixed_share: s, part of the overhead that does not fall with load [1]
    """
    if utilization <= 0.0:
        return math.nan
    return 1 + (pue - 1) * (overhead_fixed_share + (1 - overhead_fixed_share) * utilization) / utilization


@equation(unit="1", source="green-grid-pue")
def component_pue(cooling_power_share, other_overhead, electrical_efficiency):
    """PUE from its parts: cooling plant and lighting beside the IT, all behind the electrical loss.

    PUE = (1 + c + o) / eta

    cooling_power_share: c, power of the cooling plant over the heat that it removes [1]
    other_overhead: o, lighting and offices over the power of the IT [1]
    electrical_efficiency: eta, part of the power from the meter that arrives [1]
    """
    return (1 + cooling_power_share + other_overhead) / electrical_efficiency


@equation(unit="1", source="tue-2013")
def total_usage_effectiveness(effective_pue, server_fan_share):
    """TUE, energy of the facility over energy that reaches the chips: fans in the servers count as overhead.

    TUE = PUE / (1 - f)

    effective_pue: PUE, energy of the facility over energy of its IT [1]
    server_fan_share: f, part of a server's power that its fans take [1]
    """
    return effective_pue / (1 - server_fan_share)


@equation(unit="W", source="tue-2013")
def same_work_facility_power(it_power, included_fan_share, total_usage_effectiveness):
    """Power of the facility for the same chips at work under another cooling, with its own fans.

    P = P_it (1 - f_0) TUE

    it_power: P_it, power of the IT as given [W]
    included_fan_share: f_0, part of that power that is fans [1]
    total_usage_effectiveness: TUE, facility over chips [1]
    """
    return it_power * (1 - included_fan_share) * total_usage_effectiveness


@equation(unit="W", source="green-grid-pue")
def facility_power(it_power, effective_pue):
    """Power of the whole facility while its IT runs at full load.

    P = P_it PUE

    it_power: P_it, power of the IT [W]
    effective_pue: PUE, energy of the facility over energy of its IT [1]
    """
    return it_power * effective_pue


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


@equation(unit="J", source="green-grid-pue")
def annual_it_energy(annual_energy, effective_pue):
    """Electricity that reaches the IT in a year.

    E_it = E / PUE

    annual_energy: E, electricity of the facility in a year [J]
    effective_pue: PUE, energy of the facility over energy of its IT [1]
    """
    return annual_energy / effective_pue


@equation(unit="J", source="green-grid-ere")
def annual_reused_heat(annual_it_energy, heat_reuse_share):
    """Heat of the IT that is used again outside the facility in a year.

    Q = r E_it

    annual_it_energy: E_it, electricity of the IT in a year, all of which becomes heat [J]
    heat_reuse_share: r, part of that heat that is used again [1]
    """
    return annual_it_energy * heat_reuse_share


@equation(unit="1", source="green-grid-ere")
def energy_reuse_factor(heat_reuse_share, effective_pue):
    """ERF, heat that is used again over the electricity of the facility.

    ERF = r / PUE

    heat_reuse_share: r, part of the heat of the IT that is used again [1]
    effective_pue: PUE, energy of the facility over energy of its IT [1]
    """
    return heat_reuse_share / effective_pue


@equation(unit="1", source="green-grid-ere")
def energy_reuse_effectiveness(effective_pue, energy_reuse_factor):
    """ERE, electricity of the facility less the heat that is used again, over the energy of its IT.

    ERE = (1 - ERF) PUE

    effective_pue: PUE, energy of the facility over energy of its IT [1]
    energy_reuse_factor: ERF, heat that is used again over electricity [1]
    """
    return (1 - energy_reuse_factor) * effective_pue
