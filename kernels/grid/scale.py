"""What an amount of electricity means. What belongs here: shares of a nation's, households and people, each by a rule that is named."""

from sweep.equations.registry import equation


@equation(unit="W", source="codecarbon-ember")
def national_electricity(electricity_total):
    """Electricity of the nation as a mean power: its generation, its sales or its consumption.

    P_n = of the site's entry, by denominator

    electricity_total: P_n, figure of the site's entry [W]
    """
    return electricity_total


@equation(unit="1", source="thermodynamics")
def electricity_share(average_power, national_electricity):
    """Part of a nation's electricity that the facility or the fleet takes.

    s = P / P_n

    average_power: P, mean power of the facility [W]
    national_electricity: P_n, electricity of the nation [W]
    """
    return average_power / national_electricity


@equation(unit="household", source="eia-faq-97")
def households(average_power, power_per_household):
    """Households that use as much electricity over the year, by the rule of the yardstick.

    n = P / p

    average_power: P, mean power of the facility [W]
    power_per_household: p, electricity of one household [W/household]
    """
    return average_power / power_per_household


@equation(unit="person", source="eia-sales")
def people_by_residential_use(average_power, residential_power_per_person):
    """People whose households use as much electricity over the year.

    n = P / p

    average_power: P, mean power of the facility [W]
    residential_power_per_person: p, household electricity per person [W/person]
    """
    return average_power / residential_power_per_person


@equation(unit="person", source="eia-sales")
def people(average_power, power_per_person):
    """People who use as much electricity over the year, at home, at work and in all they buy.

    n = P / p

    average_power: P, mean power of the facility [W]
    power_per_person: p, electricity of all sectors for each person [W/person]
    """
    return average_power / power_per_person


@equation(unit="household", source="eia-faq-97")
def training_households(training_energy, comparison_period, power_per_household):
    """Households that the energy of the training run would supply for the comparison period.

    n = E / (p T)

    training_energy: E, energy of the servers over the training run [J]
    comparison_period: T, time over which households are supplied [s]
    power_per_household: p, electricity of one household [W/household]
    """
    return training_energy / (power_per_household * comparison_period)


@equation(unit="person", source="eia-sales")
def training_people_by_residential_use(training_energy, comparison_period, residential_power_per_person):
    """People whose households the energy of the training run would supply for the comparison period.

    n = E / (p T)

    training_energy: E, energy of the servers over the training run [J]
    comparison_period: T, time over which they are supplied [s]
    residential_power_per_person: p, household electricity per person [W/person]
    """
    return training_energy / (residential_power_per_person * comparison_period)


@equation(unit="person", source="eia-sales")
def training_people(training_energy, comparison_period, power_per_person):
    """People whom the energy of the training run would supply in all sectors for the comparison period.

    n = E / (p T)

    training_energy: E, energy of the servers over the training run [J]
    comparison_period: T, time over which they are supplied [s]
    power_per_person: p, electricity of all sectors for each person [W/person]
    """
    return training_energy / (power_per_person * comparison_period)


@equation(unit="J", source="eia-faq-97")
def household_energy(city_size, comparison_period, power_per_household):
    """Electricity of a number of households over the comparison period.

    E = n p T

    city_size: n, households [1]
    comparison_period: T, time over which it is counted [s]
    power_per_household: p, electricity of one household [W/household]
    """
    return city_size * power_per_household * comparison_period


@equation(unit="J", source="eia-sales")
def city_residential_energy(city_size, comparison_period, residential_power_per_person):
    """Household electricity of a city of so many people over the comparison period.

    E = n p T

    city_size: n, people of the city [1]
    comparison_period: T, time over which it is counted [s]
    residential_power_per_person: p, household electricity per person [W/person]
    """
    return city_size * residential_power_per_person * comparison_period


@equation(unit="J", source="eia-sales")
def city_energy(city_size, comparison_period, power_per_person):
    """Electricity of a city of so many people in all sectors over the comparison period.

    E = n p T

    city_size: n, people of the city [1]
    comparison_period: T, time over which it is counted [s]
    power_per_person: p, electricity of all sectors for each person [W/person]
    """
    return city_size * power_per_person * comparison_period
