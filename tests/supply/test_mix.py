"""The linear programme of supply: arithmetic cases, modes, what cannot be, published sizes, and PyPSA where it is installed."""

import math
from dataclasses import replace

import numpy as np
import pytest

from sweep.errors import SweepError
from sweep.supply import inputs
from sweep.supply.mix import HOUR, SOURCES, YEAR, Case, Prices, solve

pytest.importorskip("scipy")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of pandas, in pvlib and PyPSA

PRICES = Prices(
    solar=0.10,
    wind=0.13,
    gas=0.11,
    gas_running=35 / 3.6e9,
    battery_energy=25 / 3.6e6,
    battery_power=0.04,
    grid=60 / 3.6e9,
    gas_carbon=480 / 3.6e9,
    grid_carbon=350 / 3.6e9,
    gas_unit=3e5,
)
MW = 1e6
MWH = 3.6e9
SQUARE_SUN = np.tile(np.r_[np.zeros(6), np.ones(12), np.zeros(6)], 365)
CALM = np.zeros(8760)


def case(sun=SQUARE_SUN, wind=CALM, **changes):
    return Case(**{"load": np.full(8760, MW), "solar": sun, "wind": wind, "prices": PRICES, **changes})


def test_mix_of_gas_costs_plant_and_fuel():
    mix = solve(case(sources=("gas",)))
    assert mix.capacity["gas"] == pytest.approx(MW)
    assert mix.price * MWH == pytest.approx(110e3 / 8760 + 35)
    assert mix.carbon == pytest.approx(8760 * 480)


def test_mix_battery_carries_night():
    """12 hours at 1 MW through 0.9 of efficiency: 12 / sqrt(0.9) MWh of battery and 1 + 1 / 0.9 MW of panels."""
    mix = solve(case(sources=("solar", "battery")))
    assert mix.capacity["battery_energy"] / MWH == pytest.approx(12 / math.sqrt(0.9), rel=1e-6)
    assert mix.capacity["solar"] / MW == pytest.approx(1 + 1 / 0.9, rel=1e-6)
    assert mix.capacity["battery_power"] / MW == pytest.approx(1 / 0.9, rel=1e-6)
    assert mix.clean_share == pytest.approx(1)
    assert mix.energy["spilled"] == pytest.approx(0, abs=1e-6 * mix.energy["load"])


def test_islanded_mix_keeps_spare_unit():
    one = solve(case(sources=("gas",), mode="islanded"))
    two = solve(case(sources=("gas",), mode="islanded", spare_units=2))
    assert one.capacity["gas"] == pytest.approx(1.3 * MW)
    assert two.capacity["gas"] == pytest.approx(1.6 * MW)


def test_islanded_mix_buys_nothing():
    mix = solve(case(mode="islanded", sources=("gas", "grid")))
    assert mix.energy["grid"] == 0


def test_annual_matching_is_cheaper_than_hourly():
    yearly = solve(case(mode="annual", clean_share=1).coarser(3))
    hourly = solve(case(mode="hourly", clean_share=1).coarser(3))
    assert yearly.capacity["solar"] == pytest.approx(2 * MW, rel=1e-6)
    assert yearly.energy["grid"] == pytest.approx(yearly.energy["load"] / 2, rel=1e-6)
    assert hourly.energy["grid"] == pytest.approx(0, abs=1)
    assert yearly.price < hourly.price


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_mix_meets_clean_share(share):
    mix = solve(case(mode="hourly", clean_share=share, sources=("solar", "battery", "gas")).coarser(3))
    assert mix.clean_share >= share - 1e-9


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sources": ("solar",)}, "solar cannot carry the load in every hour; at least 50.00%"),
        ({"sources": ("wind", "battery"), "mode": "islanded"}, "at least 100.00% of it stays unserved"),
        ({"sources": ("grid",), "grid_limit": 0.4 * MW}, "at least 60.00%"),
        ({"sources": ("grid",), "mode": "annual", "clean_share": 0.5}, "cannot make the electricity with 50% clean"),
    ],
)
def test_mix_reports_infeasible_case(changes, words):
    mix = solve(case(**changes).coarser(6))
    assert not mix.feasible
    assert mix.status.startswith("infeasible: ")
    assert words in mix.status


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mode": "hourley"}, "did you mean 'hourly'?"),
        ({"clean_share": 1.2}, "must lie between 0 and 1"),
        ({"sources": ("sun",)}, "'sun' is not a source"),
        ({"wind": np.zeros(24)}, "here 8760, 8760 and 24"),
        ({"load": np.zeros(8760)}, "not be negative"),
        ({"prices": replace(PRICES, grid=math.nan)}, "the grid has no price"),
    ],
)
def test_case_rejects_invalid_values(changes, words):
    with pytest.raises(SweepError) as error:
        case(**changes)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_mix_price_rises_with_gas_price():
    swings = inputs.sensitivities(case(sources=("solar", "battery", "gas")), hours=6)
    low, high = swings["gas"]
    assert low.price < high.price
    coarse = case().coarser(6)
    rows = inputs.mix_rows(coarse, solve(coarse))
    assert [row[0] for row in rows] == ["solar", "wind", "gas", "battery", "grid", "spilled", "price", "clean", "carbon"]
    assert "3 to 5 % too low" in inputs.bias(case().coarser(3))


def test_mix_year_is_sum_of_steps():
    assert case().step == HOUR
    assert case().coarser(3).step == 3 * HOUR
    assert case().step * 8760 == YEAR


@pytest.mark.filterwarnings("ignore")  # of PyPSA and linopy
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_mix_equals_pypsa_optimum(share):
    pypsa = pytest.importorskip("pypsa")
    pandas = pytest.importorskip("pandas")
    weather = pytest.importorskip("sweep.supply.weather")
    pytest.importorskip("pvlib")
    hours = 3
    ours = case(
        weather.station_solar("greensboro").values,
        weather.station_wind("greensboro").values,
        clean_share=share,
        sources=("solar", "wind", "battery", "gas"),
    ).coarser(hours)
    network = pypsa.Network()
    network.set_snapshots(pandas.RangeIndex(len(ours.load)))
    network.snapshot_weightings.loc[:, :] = hours
    one_way = math.sqrt(PRICES.battery_efficiency)
    for bus in ("load", "cells"):
        network.add("Bus", bus)
    network.add("Load", "campus", bus="load", p_set=1.0)
    for name, series, yearly in (("solar", ours.solar, 100e3), ("wind", ours.wind, 130e3)):
        profile = pandas.Series(series, network.snapshots)
        network.add("Generator", name, bus="load", p_nom_extendable=True, capital_cost=yearly, p_max_pu=profile)
    network.add("Generator", "gas", bus="load", p_nom_extendable=True, capital_cost=110e3, marginal_cost=35)
    network.add("Store", "battery", bus="cells", e_nom_extendable=True, e_cyclic=True, capital_cost=25e3)
    network.add("Link", "in", bus0="load", bus1="cells", p_nom_extendable=True, efficiency=one_way, capital_cost=40e3)
    network.add("Link", "out", bus0="cells", bus1="load", p_nom_extendable=True, efficiency=one_way)
    model = network.optimize.create_model()
    model.add_constraints(hours * model["Generator-p"].sel(name="gas").sum() <= (1 - share) * 8760, name="share")
    model.add_constraints(model["Link-p_nom"].sel(name="in") - one_way * model["Link-p_nom"].sel(name="out") == 0, name="one_inverter")
    network.optimize.solve_model(solver_name="highs")
    mix = solve(ours)
    assert mix.price * MWH * 8760 == pytest.approx(network.objective, rel=0.01)
    for name, generator in (("solar", "solar"), ("wind", "wind"), ("gas", "gas")):
        assert mix.capacity[name] / MW == pytest.approx(network.generators.p_nom_opt[generator], rel=0.05, abs=0.02)


@pytest.mark.parametrize(
    ("city", "latitude", "longitude", "capacity_factor", "published"),
    [
        ("Tucson", 32.2, -110.9, 0.31, 1477),
        ("Yuma", 32.7, -114.6, 0.32, 1773),
        ("El Paso", 31.8, -106.5, 0.31, 3017),
        ("San Antonio", 29.4, -98.5, 0.25, 4216),
    ],
)
def test_mix_of_solar_and_18_hours_of_battery(city, latitude, longitude, capacity_factor, published):
    """Vernon 2024: panels that carry 100 MW day and night in four cities; synthetic weather meets the order of magnitude."""
    pytest.importorskip("pvlib")
    from sweep.supply import weather

    sizes = []
    for seed in range(3):
        sun = weather.synthetic_solar(latitude, longitude, capacity_factor, seed).values
        alone = case(sun, load=np.full(8760, 100 * MW), mode="islanded", sources=("solar", "battery"), battery_hours=18).coarser(2)
        sizes.append(solve(alone).capacity["solar"] / MW)
    assert 0.4 < sorted(sizes)[1] / published < 2.5


def test_case_accepts_each_source():
    assert set(SOURCES) == {"solar", "wind", "battery", "gas", "grid"}
