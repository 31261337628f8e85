"""Units at the edges. What belongs here: text to SI numbers and back; inside the engine there is only SI."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files

from sweep.errors import SweepError

# a currency sign, a number and its unit
NUMBER = re.compile(r"\s*(?P<sign>[$€]?)\s*(?P<number>[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(?:\*\s*(?=\S))?(?P<unit>.*?)\s*$")
COMMA = re.compile(r",\d")
SPELLINGS = {"²": "^2", "³": "^3", "₂": "2", "CO2-eq": "CO2eq", "CO2-e": "CO2e", " per ": "/"}  # of one thing in two ways
LONGEST = 200  # characters of a number with its unit
LARGEST = 1e33  # of the numbers in SI, and the smallest is one over it: products of a few of them still are numbers
HIGHEST_POWER = 6
TOKEN = re.compile(r"\s*(?:(\*\*|\^)|([*/()])|([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d{1,2})?)|([^\W\d]*[$€]|[^\W\d]\w*|[^\s\w*/()^.,+-]))\s*")

# what a person reads first, in order of preference, for each SI unit that has customary units
CUSTOMARY = {
    "J": ("Wh", "kWh", "MWh", "GWh", "TWh"),
    "s": ("us", "ms", "s", "min", "h", "d"),
    "B": ("B", "kB", "MB", "GB", "TB", "PB"),
    "B/s": ("B/s", "kB/s", "MB/s", "GB/s", "TB/s"),
    "W": ("W", "kW", "MW", "GW", "TW"),
    "FLOP/s": ("FLOP/s", "GFLOP/s", "TFLOP/s", "PFLOP/s", "EFLOP/s"),
    "kg": ("g", "kg", "t"),
    "J/token": ("J/token",),
    "J/query": ("Wh/query",),
    "USD/J": ("USD/kWh",),
    "USD/s": ("USD/h",),
    "kg/J": ("g/kWh",),
    "m^3/J": ("L/kWh",),
    "query/s": ("query/d",),
}


@dataclass(frozen=True)
class Measure:
    """What a unit is: its size, exact, in the base words of configs/units.txt, each with its power."""

    size: Fraction
    powers: Mapping[str, int]

    def times(self, other: Measure, power: int = 1) -> Measure:
        """The product with a whole power of another."""
        powers = {word: self.powers.get(word, 0) + power * other.powers.get(word, 0) for word in {*self.powers, *other.powers}}
        return Measure(self.size * other.size**power, {word: found for word, found in powers.items() if found})


ONE = Measure(Fraction(1), {})


@cache
def _definitions() -> tuple[dict[str, str], dict[str, str]]:
    """The prefixes and the units of configs/units.txt: the text of its size under each of the names of one."""
    prefixes, known = {"": "1"}, {}
    for line in (files("sweep") / "configs" / "units.txt").read_text(encoding="utf-8").splitlines():
        name, *parts = (part.strip() for part in line.partition("#")[0].split("="))
        if not parts:
            continue
        for other in (name, *parts[1:]):
            if name.endswith("-"):
                prefixes[other.removesuffix("-")] = parts[0]
            elif other != "_":  # where a unit has no symbol
                known[other] = parts[0]
    return prefixes, known


@cache
def _named(word: str) -> Measure | None:
    """What one word means: a unit, with a prefix before it and the s of more than one behind it; None where there is no such unit."""
    prefixes, known = _definitions()
    for ending, prefix in itertools.product(("", "s"), prefixes):
        name = word.removeprefix(prefix).removesuffix(ending)
        if prefix + name + ending == word and name in known and (len(name) > 1 or not ending):
            text = known[name]
            unit = Measure(Fraction(1), {text: 1} if text != "[]" else {}) if text.startswith("[") else _quantity(text)
            return unit.times(_quantity(prefixes[prefix]))
    return None


@cache
def factor(unit: str, target: str) -> float:
    """What one `unit` is in `target`; a SweepError says why it is not."""
    try:
        one, other = _quantity(unit or "1"), _quantity(target or "1")
        if one.powers == other.powers:
            return float(one.size / other.size)
    except ArithmeticError:
        raise _unknown(unit) from None
    raise SweepError(f"{unit or 'a plain number'} is not a unit of {target}" if target != "1" else f"{unit} where a plain number belongs")


@cache
def _quantity(text: str) -> Measure:
    """One of a unit such as kWh/m^2: names of configs/units.txt and numbers, multiplied, divided, in brackets, to small whole powers.

    It is read from left to right and nothing is evaluated.
    """
    for written, meant in SPELLINGS.items():
        text = text.replace(written, meant)
    words = list(TOKEN.finditer(text)) if len(text) <= LONGEST else []
    if not words or "".join(word[0] for word in words) != text:
        raise _unknown(text)
    found, rest = _product([next(group for group in word.groups() if group) for word in words], text)
    if rest:
        raise _unknown(text)
    return found


def _product(words: list[str], text: str) -> tuple[Measure, list[str]]:
    """The value of factors up to a closing bracket or the end, and the words after it."""
    found, sign, empty = ONE, "*", True
    while words and words[0] != ")":
        if words[0] in ("*", "/"):
            sign, words = words[0], words[1:]
            if empty or not words or words[0] in ("*", "/", ")"):
                raise _unknown(text)
        factor, words = _factor(words, text)
        found = found.times(factor, -1 if sign == "/" else 1)
        sign, empty = "*", False
    if empty:
        raise _unknown(text)
    return found, words


def _factor(words: list[str], text: str) -> tuple[Measure, list[str]]:
    """The value of a name, a number or a bracket, with its power, and the words after it."""
    word, words = words[0], words[1:]
    if word == "(":
        found, words = _product(words, text)
        if words[:1] != [")"]:
            raise _unknown(text)
        words = words[1:]
    elif word[0].isdigit():
        found = Measure(Fraction(word), {})
    elif named := _named(word):
        found = named
    else:
        raise _unknown(text, word)
    if words[:1] in (["**"], ["^"]):
        if len(words) < 2 or not re.fullmatch(r"[-+]?\d", words[1]) or abs(int(words[1])) > HIGHEST_POWER:
            raise _unknown(text)
        found, words = ONE.times(found, int(words[1])), words[2:]
    return found, words


def _unknown(text: str, word: str = "") -> SweepError:
    """The error of a unit that cannot be read, with what its unknown word is in other capitals."""
    spelled = itertools.product(*({c.lower(), c.upper()} for c in word)) if len(word) <= 6 else ()
    others = sorted(other for other in map("".join, spelled) if other and _named(other))
    meant = f"; did you mean {' or '.join(map(repr, others))}?" if others else ""
    return SweepError(f"{text if len(text) <= 40 else text[:40] + '...'!r} is not a known unit{meant}")


def to_si(text: str, unit: str) -> float:
    """The number that `text` ("3.35 TB/s", "13e12") says, in the SI `unit`."""
    match = NUMBER.match(text) if len(text) <= LONGEST else None
    if not match:
        if text.strip().lower() in ("inf", "nan"):
            raise SweepError(f"{text!r} is not a finite number")
        raise SweepError(f"{text!r} is not a number" + (f" with a unit of {unit}, such as '1 {_usual(unit)}'" if unit != "1" else ""))
    number, given = _parts(match)
    if COMMA.match(given):
        raise SweepError(f"{text!r}: a number has no comma; thousands stand as 30000 or 30_000, a fraction as 1.2")
    if not given and factor_is_needed(unit):
        raise SweepError(f"needs a unit of {unit}, such as '{number} {_usual(unit)}'")
    value = float(number.replace("_", "")) * (factor(given, unit) if given else 1.0)
    if not math.isfinite(value):
        raise SweepError(f"{text!r} is not a finite number")
    if value and not 1 / LARGEST <= abs(value) <= LARGEST:
        raise SweepError(f"{text!r} is no quantity of this world: its size in {unit} must be 0 or from {1 / LARGEST:g} to {LARGEST:g}")
    return value


def _parts(match: re.Match[str]) -> tuple[str, str]:
    """Number and unit of a matched text; $5/kWh is 5 $/kWh."""
    return match["number"], match["sign"] + match["unit"]


def _usual(unit: str) -> str:
    """The unit in which a person would write what the engine has in the SI `unit`."""
    customary = CUSTOMARY.get(unit, (unit,))
    return unit if unit in customary else customary[0]


def comparable(unit: str, other: str) -> bool:
    """Whether two units measure the same thing."""
    return _quantity(unit).powers == _quantity(other).powers


def unit_factor(text: str, unit: str) -> float:
    """What one of the unit in `text` is in `unit`."""
    match = NUMBER.match(text)
    given = _parts(match)[1] if match else ""
    return factor(given, unit) if given else 1.0


@cache
def factor_is_needed(unit: str) -> bool:
    """Whether a bare number would be ambiguous: true of everything but counts and ratios."""
    return bool(_quantity(unit).powers)


def cf_units(unit: str) -> str:
    """`unit` for a CF `units` attribute: what any unit library reads, so counted things (FLOP, token, query, USD) become 1."""
    text = re.sub(r"\b(FLOP|token|query|household|person|USD)\b", "1", unit)
    return "1" if re.fullmatch(r"[1/*. ]+", text) else text.replace("1/", "", 1) if text.startswith("1/1") else text


def customary(value: float, unit: str) -> str:
    """The customary unit nearest to the size of a value that is in the SI `unit`."""
    chosen, *larger = CUSTOMARY.get(unit, (unit,))
    if value == 0.0 and unit in larger:
        return unit
    for candidate in larger:
        if abs(value) >= factor(candidate, unit):
            chosen = candidate
    return chosen


def show(value: float, unit: str) -> str:
    """A number as a person writes it: four digits, in the customary unit nearest to its size."""
    if value != value:
        return "-"
    chosen = customary(value, unit)
    number = digits(value / factor(chosen, unit) if chosen != unit else value)
    return number if chosen == "1" else f"{number} {chosen}"


def digits(number: float) -> str:
    """Four digits of a number, with its thousands apart; a dash where there is none."""
    if not math.isfinite(number):
        return "-" if number != number else str(number)
    if number == int(number) and abs(number) < 1e7:
        return f"{int(number):,}"
    if 1e-3 <= abs(number) < 1e7:
        return f"{number:,.4g}" if abs(number) < 1e4 else f"{number:,.0f}"
    return f"{number:.4g}"
