"""Carbon of the electricity and of making the hardware. What belongs here: kilograms of CO2 equivalent, with the kind of the figure."""

from sweep.equations.registry import equation, rule
from sweep.kernels.choices import AS_PUBLISHED, FROM_GENERATOR, FROM_GRID


@equation(unit="kg/J", source="ghg-protocol-scope-2")
def site_carbon_intensity(carbon_kind, grid_carbon_intensity):
    """Carbon intensity of the site's grid, of the chosen kind.

    c = of the site's entry, by kind

    carbon_kind: average or marginal, direct or life-cycle [1]
    grid_carbon_intensity: c, figure of the site's entry of that kind [kg/J]
    """
    return grid_carbon_intensity


@rule(guards=(), source="ghg-protocol-scope-2")
def carbon_kinds_differ(carbon_kind, site_carbon_intensity):
    """Carbon intensities are of the kind that each site publishes: direct ones beside life-cycle ones are not comparable.

    carbon_kind: average or marginal, direct or life-cycle [1]
    site_carbon_intensity: c, carbon of the site's grid [kg/J]
    """
    return carbon_kind == AS_PUBLISHED


@equation(unit="kg/J", source="ghg-protocol-scope-2", selects="power_source")
def carbon_intensity(power_source, site_carbon_intensity, generator_carbon_intensity, mix_carbon_intensity):
    """Carbon intensity of the electricity of the facility.

    c = of the grid, of the generator, or of the mix

    power_source: what powers the facility [1]
    site_carbon_intensity: carbon of the site's grid [kg/J]
    generator_carbon_intensity: carbon of the generator [kg/J]
    mix_carbon_intensity: carbon of the mix [kg/J]
    """
    if power_source == FROM_GRID:
        return site_carbon_intensity
    if power_source == FROM_GENERATOR:
        return generator_carbon_intensity
    return mix_carbon_intensity


@equation(unit="kg/J", source="ghg-protocol-scope-2")
def run_carbon_intensity(carbon_intensity):
    """Carbon intensity of the electricity of the training run: that of the year, or of the hours that it covers where a study has hours.

    c_r = c

    carbon_intensity: c, mean carbon intensity of the year [kg/J]
    """
    return carbon_intensity


@equation(unit="kg/J", source="ghg-protocol-scope-2")
def serving_carbon_intensity(carbon_intensity):
    """Carbon intensity of the electricity of serving: that of the year, or weighted with the load of each hour where a study has hours.

    c_s = c

    carbon_intensity: c, mean carbon intensity of the year [kg/J]
    """
    return carbon_intensity


@equation(unit="kg", source="ghg-protocol-scope-2")
def operational_carbon(facility_energy, run_carbon_intensity):
    """Carbon of the electricity of the training run, location-based.

    m = E c_r

    facility_energy: E, electricity of the facility during the run [J]
    run_carbon_intensity: c_r, carbon of its electricity [kg/J]
    """
    return facility_energy * run_carbon_intensity


@equation(unit="kg", source="ghg-protocol-scope-2")
def serving_carbon(serving_facility_energy, serving_carbon_intensity):
    """Carbon of the electricity that serves the queries over the serving period.

    m = E c_s

    serving_facility_energy: E, electricity of the facility over the serving period [J]
    serving_carbon_intensity: c_s, carbon of its electricity [kg/J]
    """
    return serving_facility_energy * serving_carbon_intensity


@equation(unit="kg/query", source="ghg-protocol-scope-2")
def carbon_per_query(energy_per_query, effective_pue, serving_carbon_intensity):
    """Carbon of the electricity of one query.

    m = e PUE c_s

    energy_per_query: e, energy of the servers for one query [J/query]
    effective_pue: PUE, energy of the facility over energy of its IT [1]
    serving_carbon_intensity: c_s, carbon of the electricity [kg/J]
    """
    return energy_per_query * effective_pue * serving_carbon_intensity


@equation(unit="kg", source="ghg-protocol-scope-2")
def annual_carbon(annual_energy, carbon_intensity):
    """Carbon of the electricity that the facility takes in a year.

    m = E c

    annual_energy: E, electricity of the facility in a year [J]
    carbon_intensity: c, carbon of that electricity [kg/J]
    """
    return annual_energy * carbon_intensity


@equation(unit="kg", source="luccioni-2022")
def gpu_embodied_carbon(published_gpu_carbon):
    """Embodied carbon of one GPU, by the chosen publication.

    m = of the GPU's entry, by publication

    published_gpu_carbon: m, figure of the GPU's entry [kg]
    """
    return published_gpu_carbon


@equation(unit="kg", source="luccioni-2022")
def embodied_carbon(gpus, gpu_embodied_carbon, servers, server_embodied_carbon):
    """Embodied carbon of all GPUs and servers of the cluster.

    M = N m_gpu + S m_server

    gpus: N, GPUs of the cluster [1]
    gpu_embodied_carbon: m_gpu, carbon of making one GPU [kg]
    servers: S, servers of the cluster [1]
    server_embodied_carbon: m_server, carbon of making one server without its GPUs [kg]
    """
    return gpus * gpu_embodied_carbon + servers * server_embodied_carbon


@equation(unit="kg", source="luccioni-2022")
def run_embodied_carbon(embodied_carbon, run_duration, hardware_lifetime, hardware_use):
    """Embodied carbon of the training run, by its share of the hardware lifetime.

    M_run = M T / (L h)

    embodied_carbon: M, carbon of making the cluster [kg]
    run_duration: T, time that the training run takes [s]
    hardware_lifetime: L, time until the hardware is replaced [s]
    hardware_use: h, part of its life in which the hardware works [1]
    """
    return embodied_carbon * run_duration / (hardware_lifetime * hardware_use)


@equation(unit="kg", source="luccioni-2022")
def run_carbon(operational_carbon, run_embodied_carbon):
    """Carbon of the training run, operational and embodied.

    m = m_op + M_run

    operational_carbon: m_op, carbon of the electricity [kg]
    run_embodied_carbon: M_run, part of the embodied carbon [kg]
    """
    return operational_carbon + run_embodied_carbon


@equation(unit="1", source="luccioni-2022")
def embodied_share(run_embodied_carbon, run_carbon):
    """Embodied share of the carbon of the training run.

    s = M_run / m

    run_embodied_carbon: M_run, part of the embodied carbon [kg]
    run_carbon: m, carbon of the run [kg]
    """
    return run_embodied_carbon / run_carbon
