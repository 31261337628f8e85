"""Demand of all data centers over the years. What belongs here: a study's path between its own figures; studies are never spliced."""

import math

from sweep.equations.registry import equation, rule


@equation(unit="1", source="lbnl-2024")
def scenario_growth(scenario_first_year, scenario_last_year, scenario_first_demand, scenario_last_demand):
    """Annual growth rate between the first and the last figure of a study.

    g = (E_1 / E_0) ^ (1 / (y_1 - y_0)) - 1

    scenario_first_year: y_0, first year [1]
    scenario_last_year: y_1, last year [1]
    scenario_first_demand: E_0, demand in the first year [W]
    scenario_last_demand: E_1, demand in the last year [W]
    """
    years = scenario_last_year - scenario_first_year
    if years <= 0.0 or scenario_first_demand <= 0.0:
        return math.nan
    return (scenario_last_demand / scenario_first_demand) ** (1 / years) - 1


@rule(guards=("datacenter_demand", "datacenter_share"), source="lbnl-2024")
def year_outside_study(demand_year, scenario_first_year, scenario_last_year):
    """The year lies outside those that the study gives; no study is extended beyond its own figures.

    demand_year: y, year that is asked for [1]
    scenario_first_year: y_0, first year of the study [1]
    scenario_last_year: y_1, last year of the study [1]
    """
    return demand_year < scenario_first_year or demand_year > scenario_last_year


@rule(guards=("datacenter_demand", "scenario_growth"), source="lbnl-2024")
def study_states_no_energy(scenario_first_demand, scenario_last_demand):
    """The study states a share of the region's electricity and no energy; ask for datacenter_share.

    scenario_first_demand: E_0, demand in the first year [W]
    scenario_last_demand: E_1, demand in the last year [W]
    """
    return scenario_first_demand <= 0.0 or scenario_last_demand <= 0.0


@rule(guards=("datacenter_share",), source="lbnl-2024")
def study_states_no_share(scenario_first_share, scenario_last_share):
    """The study states an energy and no share of the region's electricity; ask for datacenter_demand.

    scenario_first_share: s_0, share in the first year [1]
    scenario_last_share: s_1, share in the last year [1]
    """
    return scenario_first_share <= 0.0 or scenario_last_share <= 0.0


@equation(unit="W", source="lbnl-2024")
def datacenter_demand(
    demand_year,
    scenario_first_year,
    scenario_middle_year,
    scenario_last_year,
    scenario_first_demand,
    scenario_middle_demand,
    scenario_last_demand,
):
    """Electricity of all data centers of a study's region in a year, as a mean power, growing evenly between its figures.

    P = P_a (P_b / P_a) ^ ((y - y_a) / (y_b - y_a))

    demand_year: y, year that is asked for [1]
    scenario_first_year: first year of the study [1]
    scenario_middle_year: year of a figure between, where there is one [1]
    scenario_last_year: last year of the study [1]
    scenario_first_demand: demand in the first year [W]
    scenario_middle_demand: demand in the year between, 0 where the study states none [W]
    scenario_last_demand: demand in the last year [W]
    """
    if scenario_middle_demand <= 0.0:
        return between(demand_year, scenario_first_year, scenario_last_year, scenario_first_demand, scenario_last_demand)
    if demand_year <= scenario_middle_year:
        return between(demand_year, scenario_first_year, scenario_middle_year, scenario_first_demand, scenario_middle_demand)
    return between(demand_year, scenario_middle_year, scenario_last_year, scenario_middle_demand, scenario_last_demand)


def between(year, first_year, last_year, first, last):
    """The value of a year on an even growth from one figure to another."""
    if last_year <= first_year or first <= 0.0:
        return math.nan
    return first * (last / first) ** ((year - first_year) / (last_year - first_year))


@equation(unit="J", source="lbnl-2024")
def datacenter_energy(datacenter_demand, year_length):
    """Electricity of all data centers of a study's region in a year.

    E = P Y

    datacenter_demand: P, their mean power [W]
    year_length: Y, one year [s]
    """
    return datacenter_demand * year_length


@equation(unit="1", source="epri-2024")
def datacenter_share(demand_year, scenario_first_year, scenario_last_year, scenario_first_share, scenario_last_share):
    """Part of the region's electricity that data centers take in a year, by the study's own denominator.

    s = s_0 (s_1 / s_0) ^ ((y - y_0) / (y_1 - y_0))

    demand_year: y, year that is asked for [1]
    scenario_first_year: y_0, first year of the study [1]
    scenario_last_year: y_1, last year of the study [1]
    scenario_first_share: s_0, share in the first year [1]
    scenario_last_share: s_1, share in the last year [1]
    """
    return between(demand_year, scenario_first_year, scenario_last_year, scenario_first_share, scenario_last_share)


@equation(unit="1", source="lbnl-2024")
def fleet_share_of_demand(average_power, datacenter_demand):
    """Part of all data-center demand of a study's region that the facility takes.

    s = P / P_d

    average_power: P, mean power of the facility [W]
    datacenter_demand: P_d, mean power of all data centers [W]
    """
    return average_power / datacenter_demand


@equation(unit="1", source="lbnl-2024")
def implied_utilization(scenario_last_demand, scenario_last_capacity):
    """Mean over installed power of the data centers that a study expects.

    u = P / P_installed

    scenario_last_demand: P, mean power in the last year [W]
    scenario_last_capacity: P_installed, power of the data centers that stand [W]
    """
    return scenario_last_demand / scenario_last_capacity if scenario_last_capacity > 0.0 else math.nan
