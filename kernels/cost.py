"""Money. What belongs here: the price of electricity, hardware and buildings, for a run, a token, a query and a year."""

from sweep.registry import equation


@equation(unit="USD", source="thermodynamics")
def energy_cost(facility_energy, electricity_price):
    """Price of the electricity of the training run.

    C = E p

    facility_energy: E, electricity of the facility during the run [J]
    electricity_price: p, price of electricity [USD/J]
    """
    return facility_energy * electricity_price
