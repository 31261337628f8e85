"""Carbon of the electricity and of making the hardware. What belongs here: kilograms of CO2 equivalent."""

from sweep.registry import equation


@equation(unit="kg", source="ghg-protocol-scope-2")
def operational_carbon(facility_energy, carbon_intensity):
    """Carbon of the electricity of the training run, location-based.

    m = E c

    facility_energy: E, electricity of the facility during the run [J]
    carbon_intensity: c, carbon of grid electricity [kg/J]
    """
    return facility_energy * carbon_intensity
