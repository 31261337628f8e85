"""Text to SI numbers and back, and units that other libraries read."""

import itertools
import math
from importlib.resources import files

import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.catalog import units
from sweep.equations import quantities
from sweep.errors import SweepError

FOREIGN = pint.UnitRegistry(cache_folder=None)
EVERY = sorted({quantities.unit_of(name) for name in quantities.names()})


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("3.35 TB/s", "B/s", 3.35e12),
        ("400 Gbit/s", "B/s", 50e9),
        ("80 GiB", "B", 80 * 2**30),
        ("13e12", "1", 13e12),
        ("13e12", "token", 13e12),
        ("13e12 token", "token", 13e12),
        ("1_000_000", "1", 1e6),
        (".5", "1", 0.5),
        ("-5 kW", "W", -5e3),
        ("40 %", "1", 0.4),
        ("90 d", "s", 7776000.0),
        ("1 yr", "s", 365 * 86400.0),
        ("0.3 Wh/query", "J/query", 1080.0),
        ("2.5e9 query/d", "query/s", 2.5e9 / 86400),
        ("989.4 TFLOP/s", "FLOP/s", 989.4e12),
        ("1 MJ", "J", 1e6),
        ("0.1 USD/kWh", "USD/J", 0.1 / 3.6e6),
        ("400 g/kWh", "kg/J", 0.4 / 3.6e6),
        ("1.8 L/kWh", "m^3/J", 1.8e-3 / 3.6e6),
        ("800 lb/MWh", "kg/J", 800 * 0.45359237 / 3.6e9),
        ("360 gCO2/kWh", "kg/J", 0.36 / 3.6e6),
        ("360 g CO2e/kWh", "kg/J", 0.36 / 3.6e6),
        ("0.36 kgCO2e/kWh", "kg/J", 0.36 / 3.6e6),
        ("0.36 tCO2e/MWh", "kg/J", 0.36 / 3.6e6),
        ("2 short_ton", "kg", 2 * 907.18474),
        ("1.8 l/kWh", "m^3/J", 1.8e-3 / 3.6e6),
        ("0.5 m3/MWh", "m^3/J", 0.5 / 3.6e9),
        ("0.5 m³/MWh", "m^3/J", 0.5 / 3.6e9),
        ("205 gal/MWh", "m^3/J", 205 * 3.785411784e-3 / 3.6e9),
        ("5 $/MMBtu", "USD/J", 5 / 1055.05585262e6),
        ("7 ct/kWh", "USD/J", 0.07 / 3.6e6),
        ("$0.07/kWh", "USD/J", 0.07 / 3.6e6),
        ("$3 million", "USD", 3e6),
        ("30 k$", "USD", 3e4),
        ("25.6 EUR2024/MWh", "USD/J", 25.6 * 1.0824 / 3.6e9),
        ("€80/MWh", "USD/J", 80 * 1.13 / 3.6e9),
        ("80 * 1.05 USD/MWh", "USD/J", 84 / 3.6e9),
        ("  7 W  ", "W", 7.0),
        ("7W", "W", 7.0),
    ],
)
def test_to_si_reads_any_unit_of_dimension(text, unit, value):
    assert units.to_si(text, unit) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "unit", "line"),
    [
        ("5", "W", "needs a unit of W, such as '5 W'"),
        ("1e8", "query/s", "needs a unit of query/s, such as '1e8 query/d'"),
        ("much", "J/query", "'much' is not a number with a unit of J/query, such as '1 Wh/query'"),
        ("5 kg", "W", "kg is not a unit of W"),
        ("5 W", "1", "W where a plain number belongs"),
        ("5 wats", "W", "'wats' is not a known unit"),
        ("5 kwh", "J", "'kwh' is not a known unit; did you mean 'kWh'?"),
        ("5 mw", "W", "'mw' is not a known unit; did you mean 'MW' or 'mW'?"),
        ("5 *", "W", "'*' is not a known unit"),
        ("five W", "W", "'five W' is not a number with a unit of W, such as '1 W'"),
        ("", "1", "'' is not a number"),
        ("1e999 W", "W", "'1e999 W' is not a finite number"),
        ("inf", "1", "'inf' is not a finite number"),
        ("NaN", "1", "'NaN' is not a finite number"),
        ("5 W)", "W", "'W)' is not a known unit"),
        ("5 USD", "J", "USD is not a unit of J"),
    ],
)
def test_to_si_rejects_other_text(text, unit, line):
    with pytest.raises(SweepError) as found:
        units.to_si(text, unit)
    assert str(found.value) == line


@pytest.mark.parametrize("unit", EVERY)
def test_units_are_readable_by_pint(unit):
    assert units.factor(unit, unit) == 1.0
    written = units.cf_units(unit)
    assert math.isfinite(FOREIGN.Quantity(1.0, written).to_base_units().magnitude)
    if not any(word in unit for word in ("FLOP", "token", "query", "household", "person", "USD")):
        assert written == unit


def test_every_word_means_what_pint_reads_in_the_same_file():
    file = files("sweep") / "configs" / "units.txt"
    other, (prefixes, known) = pint.UnitRegistry(str(file), cache_folder=None), units._definitions()
    assert len(prefixes) > 20
    assert len(known) > 60
    for word in map("".join, itertools.product(prefixes, known, ("", "s"))):
        named = other.parse_unit_name(word)
        assert bool(named) == (units._named(word) is not None), word
        if named:
            found = other.Quantity(1.0, other.UnitsContainer({named[0][0] + named[0][1]: 1})).to_base_units()
            assert float(units._named(word).size) == pytest.approx(found.magnitude, rel=4e-16), word


@pytest.mark.parametrize(
    ("unit", "written"),
    [("FLOP/s", "1/s"), ("FLOP", "1"), ("USD", "1"), ("query/s", "1/s"), ("1", "1"), ("W", "W"), ("FLOP/J", "1/J"), ("B/s", "B/s")],
)
def test_cf_unit_of_counts_is_dimensionless(unit, written):
    assert units.cf_units(unit) == written


@pytest.mark.parametrize("unit", EVERY)
def test_customary_units_have_same_dimension(unit):
    for candidate in units.CUSTOMARY.get(unit, ()):
        assert units.comparable(candidate, unit)
    assert not units.comparable(unit, "K")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (10e6, "W", "10 MW"),
        (6500.0, "W", "6.5 kW"),
        (43.875e9 * 3600, "J", "43.88 GWh"),
        (7776000.0, "s", "90 d"),
        (0.0123, "s", "12.3 ms"),
        (208.33333, "1", "208.3"),
        (25000.0, "1", "25,000"),
        (2e25, "FLOP", "2e+25 FLOP"),
        (1080.0, "J/query", "0.3 Wh/query"),
        (0.0, "W", "0 W"),
        (-5e3, "W", "-5 kW"),
        (math.nan, "W", "-"),
        (math.inf, "1", "inf"),
        (12345.678, "1", "12,346"),
        (1e-9, "1", "1e-09"),
    ],
)
def test_show_formats_numbers(value, unit, text):
    assert units.show(value, unit) == text


@given(value=st.floats(1e-6, 1e15), unit=st.sampled_from(("W", "s", "J", "B", "B/s", "kg", "query/s", "USD/J", "1")))
def test_show_round_trips_to_four_digits(value, unit):
    assert units.to_si(units.show(value, unit).replace(",", ""), unit) == pytest.approx(value, rel=6e-4)


@pytest.mark.parametrize(
    "unit",
    [
        *("J*(9**9**9)", "kW**9**9**9", "W**9**9**9", "J**99", "J^1.5", "J^-9", "W*", "*W", "(W", "W)", "()", "W//s", "1 = 2", "W.real"),
        *("J+J", "J-J", "__import__('os')", "9**9", "(((" * 60, "W" * 5000, "lambda: 0", "W^", "W; s", "W\x00", "__class__", "W/0"),
    ],
)
def test_unit_rejects_other_expressions(unit):
    with pytest.raises(SweepError, match=r"is not a known unit|where a plain number belongs"):
        units.factor(unit, "J")


@pytest.mark.parametrize(
    ("unit", "target", "value"),
    [("kg*m^2/s^2", "J", 1.0), ("kg m**2 s^-2", "J", 1.0), ("kWh/(m^2 d)", "W/m^2", 1000 / 24), ("1/(2 s)", "1/s", 0.5), ("%", "1", 0.01)],
)
def test_unit_operators_associate_left(unit, target, value):
    assert units.factor(unit, target) == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize("text", ["1 kW**9**9**9", "1" + " " * 100_000 + "W", "9" * 100_000, "1e34 W", "1e-34 W", "-1e300 GW"])
def test_to_si_rejects_huge_numbers(text):
    with pytest.raises(SweepError):
        units.to_si(text, "W")


@pytest.mark.parametrize(
    ("text", "plain"), [("360 gCO2-eq/kWh", "360 g/kWh"), ("360 gCO₂eq/kWh", "360 g/kWh"), ("3 kg per MWh", "3 kg/MWh")]
)
def test_units_may_be_spelled_in_two_ways(text, plain):
    assert units.to_si(text, "kg/J") == units.to_si(plain, "kg/J")


@pytest.mark.parametrize("text", ["30,000 USD", "1,2 USD"])
def test_number_with_comma_says_how_it_is_written(text):
    with pytest.raises(SweepError, match="a number has no comma; thousands stand as 30000"):
        units.to_si(text, "USD")
