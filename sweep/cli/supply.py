"""The command that sizes plants for a load: `sweep supply`. What belongs here: words to a case of supply, and its answer printed."""

from __future__ import annotations

import click

from sweep.cli.options import as_json, print_json
from sweep.errors import SweepError

WEATHER_HELP = "A CSV file with a column `{0}` of 8,760 hourly values, output over nameplate, instead of synthetic weather."


@click.command(
    epilog='Example: sweep supply --site us-tx --load "1 GW" --mode hourly --clean 0.9 --latitude 32 --longitude -102 '
    "--solar-factor 0.25 --wind-factor 0.38 --hours 3"
)
@click.option("--site", help="Site that gives grid price and carbon intensity; see `sweep list sites`. Without it there is no grid.")
@click.option("--load", "load", default="1 GW", show_default=True, help="Largest power of the facility.")
@click.option("--swing", type=float, default=0.0, show_default=True, help="Relative drop of the load at 4 a.m.")
@click.option(
    "--mode", default="hourly", show_default=True, help="annual: clean by the year; hourly: by the hour; islanded: no grid, N+1 of gas."
)
@click.option("--clean", type=float, default=0.0, show_default=True, help="Share of the load that solar, wind and battery must carry.")
@click.option("--latitude", type=float, default=32.0, show_default=True, help="Degrees north, for the sun.")
@click.option("--longitude", type=float, default=-102.0, show_default=True, help="Degrees east, for the sun.")
@click.option("--solar-factor", type=float, default=0.25, show_default=True, help="Capacity factor of the synthetic solar year.")
@click.option("--wind-factor", type=float, default=0.35, show_default=True, help="Capacity factor of the synthetic wind year.")
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
    load: str,
    swing: float,
    mode: str,
    clean: float,
    latitude: float,
    longitude: float,
    solar_factor: float,
    wind_factor: float,
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

    Solves a linear programme (needs the extra `supply`). The default weather is synthetic; give files for a real site.
    """
    from sweep.catalog.units import show, to_si
    from sweep.supply import inputs, weather
    from sweep.supply.mix import Case, solve

    settings = {}
    for text in set_:
        name, equals, value = text.partition("=")
        if not equals:
            raise SweepError(f"--set {text}: must read name=value")
        settings[name.strip()] = value.strip()
    place = (latitude, longitude, solar_factor, seed)
    sun = weather.from_file(solar_file, "solar") if solar_file else weather.synthetic_solar(*place)
    wind = weather.from_file(wind_file, "wind") if wind_file else weather.synthetic_wind(wind_factor, seed)
    try:
        peak = to_si(load, "W")
    except SweepError as error:
        raise SweepError(f"--load {load}: {error}") from None
    allowed = tuple(source.strip() for source in sources.split(",") if source.strip() and (site or source.strip() != "grid"))
    case = Case(
        load=inputs.daily_load(peak, swing),
        solar=sun.values,
        wind=wind.values,
        prices=inputs.prices(site, gas, settings),
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
    click.echo(f"{load} {'at ' + site if site else 'without a grid'}, {mode}, {clean:.0%} clean; weather: {sun.name}; {wind.name}\n")
    for source, built, energy in inputs.mix_rows(case.coarser(hours), mix):
        click.echo(f"{source:<9} {built:<28} {energy}")
    if sensitivity and mix.feasible:
        click.echo("\nprice of electricity with one cost at 0.5 and 1.5 times its value")
        for name, (low, high) in inputs.sensitivities(case, max(hours, 3)).items():
            click.echo(f"{name:<9} {show(low.price, 'USD/J'):<16} {show(high.price, 'USD/J')}")


COMMANDS = (supply,)
