"""Capital over the years. What belongs here: the yearly part of an investment that pays it back with its return."""

from sweep.equations.registry import equation


def capital_recovery(rate, years):
    """What has to be paid each year for each unit of capital, so that it is paid back with its return."""
    if rate <= 0.0:
        return 1 / years
    return rate / (1 - (1 + rate) ** -years)


@equation(unit="1", source="capital-recovery")
def hardware_recovery(discount_rate, hardware_lifetime, year_length):
    """Capital recovery factor of servers.

    a = r / (1 - (1 + r) ^ -(L / Y))

    discount_rate: r, yearly return on capital [1]
    hardware_lifetime: L, time until servers are replaced [s]
    year_length: Y, one year [s]
    """
    return capital_recovery(discount_rate, hardware_lifetime / year_length)


@equation(unit="1", source="capital-recovery")
def building_recovery(discount_rate, building_lifetime, year_length):
    """Capital recovery factor of buildings.

    a = r / (1 - (1 + r) ^ -(L / Y))

    discount_rate: r, yearly return on capital [1]
    building_lifetime: L, time over which buildings are written off [s]
    year_length: Y, one year [s]
    """
    return capital_recovery(discount_rate, building_lifetime / year_length)


@equation(unit="1", source="capital-recovery")
def generator_recovery(discount_rate, generator_lifetime, year_length):
    """Capital recovery factor of a power plant.

    a = r / (1 - (1 + r) ^ -(L / Y))

    discount_rate: r, yearly return on capital [1]
    generator_lifetime: L, time over which the plant is written off [s]
    year_length: Y, one year [s]
    """
    return capital_recovery(discount_rate, generator_lifetime / year_length)


@equation(unit="1", source="capital-recovery")
def battery_recovery(discount_rate, battery_lifetime, year_length):
    """Capital recovery factor of a battery.

    a = r / (1 - (1 + r) ^ -(L / Y))

    discount_rate: r, yearly return on capital [1]
    battery_lifetime: L, time over which a battery is written off [s]
    year_length: Y, one year [s]
    """
    return capital_recovery(discount_rate, battery_lifetime / year_length)
