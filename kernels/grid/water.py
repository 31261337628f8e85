"""Water of the cooling on site and of the power plants elsewhere. What belongs here: cubic meters consumed, the two kept apart."""

from sweep.equations.registry import equation
from sweep.kernels.choices import FROM_GENERATOR, FROM_GRID, STATED_WATER


@equation(unit="m^3/J", source="green-grid-wue", selects="water_method")
def onsite_water_usage(water_method, stated_water_usage, cooling_water_usage):
    """WUE, water on site over the energy of the IT, as stated or by the kind of cooling.

    WUE = stated, or by cooling

    water_method: which of the two counts [1]
    stated_water_usage: WUE as the operator states it [m^3/J]
    cooling_water_usage: WUE of the kind of cooling [m^3/J]
    """
    if water_method == STATED_WATER:
        return stated_water_usage
    return cooling_water_usage


@equation(unit="m^3/J", source="green-grid-wue")
def stated_water_usage(operator_water_usage):
    """WUE as the operator of the data center states it.

    WUE = stated

    operator_water_usage: WUE of the data center's entry [m^3/J]
    """
    return operator_water_usage


@equation(unit="m^3/J", source="ecologits-water", selects="power_source")
def offsite_water_intensity(power_source, site_water_intensity, generator_water, mix_water_intensity):
    """Water that power plants consume for each unit of the electricity that the facility takes.

    w = of the grid, of the generator, or of the mix

    power_source: what powers the facility [1]
    site_water_intensity: water of the grid's power plants [m^3/J]
    generator_water: water of the generator [m^3/J]
    mix_water_intensity: water of the mix [m^3/J]
    """
    if power_source == FROM_GRID:
        return site_water_intensity
    if power_source == FROM_GENERATOR:
        return generator_water
    return mix_water_intensity


@equation(unit="m^3/J", source="ecologits-water")
def site_water_intensity(grid_water_intensity):
    """Water that the power plants of the site's grid consume for each unit of electricity.

    w = of the site's entry

    grid_water_intensity: w, figure of the site's entry [m^3/J]
    """
    return grid_water_intensity


@equation(unit="m^3", source="green-grid-wue")
def onsite_water(training_energy, onsite_water_usage):
    """Water that the cooling consumes on site during the training run.

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


@equation(unit="m^3", source="green-grid-wue")
def annual_onsite_water(annual_it_energy, onsite_water_usage):
    """Water that the cooling consumes on site in a year.

    V = E_it WUE

    annual_it_energy: E_it, electricity of the IT in a year [J]
    onsite_water_usage: WUE, water on site over energy of the IT [m^3/J]
    """
    return annual_it_energy * onsite_water_usage


@equation(unit="m^3", source="green-grid-wue")
def annual_offsite_water(annual_energy, offsite_water_intensity):
    """Water that power plants consume for the electricity of the facility in a year.

    V = E w

    annual_energy: E, electricity of the facility in a year [J]
    offsite_water_intensity: w, water of the power plants over electricity [m^3/J]
    """
    return annual_energy * offsite_water_intensity


@equation(unit="m^3/query", source="green-grid-wue")
def onsite_water_per_query(energy_per_query, onsite_water_usage):
    """Water that the cooling consumes on site for one query.

    v = e WUE

    energy_per_query: e, energy of the servers for one query [J/query]
    onsite_water_usage: WUE, water on site over energy of the IT [m^3/J]
    """
    return energy_per_query * onsite_water_usage


@equation(unit="m^3/query", source="green-grid-wue")
def offsite_water_per_query(energy_per_query, effective_pue, offsite_water_intensity):
    """Water that power plants consume for one query.

    v = e PUE w

    energy_per_query: e, energy of the servers for one query [J/query]
    effective_pue: PUE, energy of the facility over energy of its IT [1]
    offsite_water_intensity: w, water of the power plants over electricity [m^3/J]
    """
    return energy_per_query * effective_pue * offsite_water_intensity
