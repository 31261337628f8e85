"""Water of the cooling on site and of the power plants elsewhere. What belongs here: both, kept apart, in cubic meters consumed."""

from sweep.registry import equation


@equation(unit="m^3", source="green-grid-wue")
def onsite_water(training_energy, onsite_water_usage):
    """Water that the cooling takes on site during the training run.

    V = E_it WUE

    training_energy: E_it, energy of the IT during the run [J]
    onsite_water_usage: WUE, water on site over energy of the IT [m^3/J]
    """
    return training_energy * onsite_water_usage


@equation(unit="m^3", source="green-grid-wue")
def offsite_water(facility_energy, offsite_water_intensity):
    """Water that power plants consume for the electricity of the training run.

    V = E w

    facility_energy: E, electricity of the facility during the run [J]
    offsite_water_intensity: w, water of the power plants over electricity [m^3/J]
    """
    return facility_energy * offsite_water_intensity
