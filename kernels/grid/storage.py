"""Batteries. What belongs here: their size for a time at full load, and what they cost."""

from sweep.equations.registry import equation


@equation(unit="J", source="technology-data-us")
def battery_energy(facility_power, battery_hours, battery_depth):
    """Energy of a battery that carries the facility at full load for a time.

    E = P t / d

    facility_power: P, power of the facility at full load [W]
    battery_hours: t, time for which the battery carries it [s]
    battery_depth: d, part of the battery's energy that is used [1]
    """
    return facility_power * battery_hours / battery_depth


@equation(unit="USD", source="technology-data-us")
def battery_capital_cost(battery_energy, battery_energy_price, facility_power, battery_power_price):
    """Capital cost of that battery, cells and inverter.

    K = E k_E + P k_P

    battery_energy: E, energy of the battery [J]
    battery_energy_price: k_E, investment for each unit of energy [USD/J]
    facility_power: P, power of the facility at full load [W]
    battery_power_price: k_P, investment for each unit of power [USD/W]
    """
    return battery_energy * battery_energy_price + facility_power * battery_power_price


@equation(unit="USD/J", source="technology-data-us")
def battery_energy_annual_cost(battery_energy_price, battery_recovery, battery_depth):
    """Annual cost per unit of usable battery energy.

    c = k_E a / d

    battery_energy_price: k_E, investment for each unit of energy [USD/J]
    battery_recovery: a, yearly part of the investment that pays it back with its return [1]
    battery_depth: d, part of the battery's energy that is used [1]
    """
    return battery_energy_price * battery_recovery / battery_depth


@equation(unit="USD/W", source="technology-data-us")
def battery_power_annual_cost(battery_power_price, battery_recovery):
    """Annual cost per unit of battery power.

    c = k_P a

    battery_power_price: k_P, investment for each unit of power [USD/W]
    battery_recovery: a, yearly part of the investment that pays it back with its return [1]
    """
    return battery_power_price * battery_recovery


@equation(unit="J", source="technology-data-us")
def battery_filling_energy(battery_energy, battery_depth, battery_efficiency):
    """Electricity to charge the battery once, with round-trip losses.

    Q = E d / eta

    battery_energy: E, energy of the battery [J]
    battery_depth: d, part of the battery's energy that is used [1]
    battery_efficiency: eta, electricity out over electricity in [1]
    """
    return battery_energy * battery_depth / battery_efficiency
