"""The command that sizes plants for a load: `sweep supply`. What belongs here: words to a case of supply, and its answer printed."""

from __future__ import annotations

import click

from sweep.cli.options import as_json, print_json
from sweep.errors import SweepError

WEATHER_HELP = "Weather (EPW, PVGIS typical year, ERA5 csv), or a CSV with a column `{0}` of output over nameplate for each hour."
TRACE_HELP = "A year of {0}, as {1} gives it: CSV with a unit in the heading."


@click.command(
    short_help="Find the cheapest supply of electricity for a load.",
    epilog='Example: sweep supply --site ireland --load "100 MW" --clean 0.8',
)
@click.option("--site", help="Site that gives grid price and carbon intensity; see `sweep list sites`. Without it there is no grid.")
@click.option("--load", "load", help="Largest power of the facility; 1 GW, or that of --load-file.")
@click.option("--load-file", type=click.Path(dir_okay=False), help=TRACE_HELP.format("power", "EIA-930 or ENTSO-E"))
@click.option("--price-file", type=click.Path(dir_okay=False), help=TRACE_HELP.format("the grid's price", "ENTSO-E"))
@click.option("--carbon-file", type=click.Path(dir_okay=False), help=TRACE_HELP.format("the grid's carbon", "Electricity Maps"))
@click.option("--swing", type=float, default=0.0, show_default=True, help="Relative drop of the load at 4 a.m.")
@click.option(
    "--mode", default="hourly", show_default=True, help="annual: clean by the year; hourly: by the hour; islanded: no grid, N+1 of gas."
)
@click.option("--clean", type=float, default=0.0, show_default=True, help="Share of the load that solar, wind and battery must carry.")
@click.option("--latitude", type=float, help="Degrees north, for the sun; that of the site unless given.")
@click.option("--longitude", type=float, help="Degrees east, for the sun; that of the site unless given.")
@click.option("--solar-factor", type=float, help="Capacity factor of the synthetic solar year; that of the site's country unless given.")
@click.option("--wind-factor", type=float, help="Capacity factor of the synthetic wind year; that of the site's country unless given.")
@click.option("--solar-file", type=click.Path(dir_okay=False), help=WEATHER_HELP.format("solar"))
@click.option("--wind-file", type=click.Path(dir_okay=False), help=WEATHER_HELP.format("wind"))
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the synthetic weather.")
@click.option("--hours", type=click.IntRange(1, 6), default=3, show_default=True, help="Hours of one step; 1 is exact and slow.")
@click.option("--gas", default="gas-7ha02", show_default=True, help="Kind of gas plant; see `sweep list generators`.")
@click.option("--sources", default="solar,wind,battery,gas,grid", show_default=True, help="What may be built or bought.")
@click.option("--set", "set_", multiple=True, metavar="NAME=VALUE", help='A price or another parameter: gas_price="5 USD/MMBtu".')
@click.option("--sensitivity", is_flag=True, help="Also the price with each cost at 0.5 and 1.5 times its value.")
@as_json
def supply(
    site: str | None,
    load: str | None,
    load_file: str | None,
    price_file: str | None,
    carbon_file: str | None,
    swing: float,
    mode: str,
    clean: float,
    latitude: float | None,
    longitude: float | None,
    solar_factor: float | None,
    wind_factor: float | None,
    solar_file: str | None,
    wind_file: str | None,
    seed: int,
    hours: int,
    gas: str,
    sources: str,
    set_: tuple[str, ...],
    sensitivity: bool,
    as_json: bool,
) -> None:
    """Find the cheapest solar, wind, battery, gas and grid that carry a load through every hour of a year.

    Solves a linear programme (needs the extra `supply`). The weather is that of the site: synthetic, with the clear sky of its latitude
    and the capacity factors of its country, or of files.
    """
    from sweep.catalog.units import show, to_si
    from sweep.supply import inputs
    from sweep.supply.mix import Case, solve
    from sweep.supply.place import Place, nothing

    settings = {}
    for text in set_:
        name, equals, value = text.partition("=")
        if not equals:
            raise SweepError(f"--set {text}: must read name=value")
        settings[name.strip()] = value.strip()
    grid = site or price_file
    allowed = tuple(source.strip() for source in sources.split(",") if source.strip() and (grid or source.strip() != "grid"))
    place = Place(site, latitude, longitude, solar_factor, wind_factor, solar_file, wind_file, seed)
    sun = place.sun() if "solar" in allowed else nothing("solar")
    wind = place.wind() if "wind" in allowed else nothing("wind")
    try:
        peak = to_si(load or "1 GW", "W")
    except SweepError as error:
        raise SweepError(f"--load {load}: {error}") from None
    hourly = inputs.daily_load(peak, swing)
    if load_file:
        hourly = inputs.load_of(load_file, peak if load else None)
    case = Case(
        load=hourly,
        solar=sun.values,
        wind=wind.values,
        prices=inputs.prices(site if "grid" in allowed and mode != "islanded" else None, gas, settings, price_file, carbon_file),
        mode=mode,  # type: ignore[arg-type]  # the case checks the word
        clean_share=clean,
        sources=allowed,
    )
    mix = solve(case.coarser(hours) if hours > 1 else case)
    if as_json:
        facts = {"status": mix.status, "capacity": mix.capacity, "energy": mix.energy, "cost": mix.cost, "price": mix.price}
        units = {"capacity": "W", "battery_energy": "J", "energy": "J", "cost": "USD", "price": "USD/J", "carbon": "kg"}
        units |= {"clean_share": "1", "unserved": "1"}
        print_json({"units": units, **facts, "carbon": mix.carbon, "clean_share": mix.clean_share, "unserved": mix.unserved})
        return
    where = f"at {site}" if site else f"with the prices of {price_file}" if price_file else "without a grid"
    peak_text = load or show(float(hourly.max()), "W")
    click.echo(f"{peak_text} {where}, {mode}, {clean:.0%} clean; weather: {sun.name}; {wind.name}\n")
    for source, built, energy in inputs.mix_rows(case.coarser(hours), mix):
        click.echo(f"{source:<9} {built:<28} {energy}")
    if sensitivity and mix.feasible:
        click.echo("\nprice of electricity with one cost at 0.5 and 1.5 times its value")
        for name, (low, high) in inputs.sensitivities(case, max(hours, 3)).items():
            click.echo(f"{name:<9} {show(low.price, 'USD/J'):<16} {show(high.price, 'USD/J')}")


COMMANDS = (supply,)
