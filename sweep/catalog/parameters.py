"""Parameters: the inputs that equations need. What belongs here: their units, bounds, choices and defaults, and how a figure is read.

Which figures a GPU, a model or a site gives for them is for entries.py; which of them a study uses is for study/.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from sweep.catalog import calendar
from sweep.catalog.document import Node, read
from sweep.catalog.units import to_si
from sweep.errors import SweepError, suggestion

LARGEST_WHOLE = 2**53  # from where on a number no longer tells its neighbours apart
PARAMETER_KEYS = (
    *("unit", "meaning", "minimum", "maximum", "whole", "choices", "by", "like", "otherwise"),
    *("default", "default_if", "residual_of", "calendar"),
)
FIGURE_KEYS = ("value", "source", "at", "basis", "assumed", "derived", "low", "high", "range")
FIGURE_TEXTS = FIGURE_KEYS[1:6]


@dataclass(frozen=True)
class Figure:
    """One number, as its source prints it and in SI, with where it is from.

    low, high: the range that holds it nine times in ten, and what says so.
    """

    value: float
    text: str
    file: str
    line: int
    source: str = ""
    at: str = ""
    basis: str = ""
    assumed: str = ""
    derived: str = ""
    low: float = math.nan
    high: float = math.nan
    range: str = ""


@dataclass(frozen=True)
class Parameter:
    """An input: what it means, its unit and bounds, and its default or the catalogue that gives it.

    choices: the words that it may take; the value is then the index of the word. by: a choice parameter; the value is then
    one figure for each of its words. like: a column of the same catalogue, whose figures this one takes.
    otherwise: columns of the same catalogue, or column.choice; an entry that does not give this one takes the first of those that it gives.
    default_if: quantities of which a study gives one or more for the default to hold; else the next choice does. residual_of: the quantity
    that it is the measured over the predicted of; its range is that of the regime in configs/accuracy.yaml. calendar: a time since the
    beginning of the year, which may be written as a date, 07-01 or 07-01T18.
    """

    name: str
    unit: str
    meaning: str
    minimum: float | None = None
    maximum: float | None = None
    whole: bool = False
    choices: tuple[str, ...] = ()
    by: str | None = None
    like: str | None = None
    otherwise: tuple[str, ...] = ()
    catalogue: str | None = None
    default: Figure | None = None
    default_if: tuple[str, ...] = ()
    residual_of: str = ""
    calendar: bool = False

    def default_among(self, given: Collection[str]) -> float:
        """The default in a study that gives some quantities."""
        assert self.default
        return self.default.value + (1 if self.default_if and not set(given) & set(self.default_if) else 0)

    def read(self, node: Node) -> float:
        """The value that a node gives, in SI; bounds are checked."""
        text = node.text
        if self.choices:
            if text not in self.choices:
                node.fail(f"is not a choice of {self.name}{suggestion(text, self.choices)}")
            return float(self.choices.index(text))
        try:
            value = self.si(text)
        except SweepError as error:
            node.fail(str(error))
        self.check(value, node)
        return value

    def si(self, text: str) -> float:
        """A number with its unit, or a date, in SI, whatever the bounds."""
        if not self.calendar:
            return to_si(text, self.unit)
        if calendar.is_date(text):
            return calendar.seconds(text)
        try:
            return to_si(text, self.unit)
        except SweepError as error:
            raise SweepError(f"{error}; a date reads 07-01 or 07-01T18") from None

    @property
    def in_words(self) -> bool:
        """Whether its values are told in words, and not as numbers with a unit."""
        return bool(self.choices) or self.calendar

    def told(self, value: float) -> float | int | str:
        """The word of a choice, a date, a whole number as such, or the number as it is."""
        if self.choices and value == value:
            return self.choices[int(value)]
        if self.calendar and math.isfinite(value):
            return calendar.date(value)
        return int(value) if self.whole and math.isfinite(value) and value == int(value) else value

    def check(self, value: float, node: Node) -> None:
        """Raise the error of `node` where the value is outside the bounds or not whole."""
        if self.minimum is not None and value < self.minimum:
            node.fail(f"{self.name} must be at least {self.minimum:g}{_unit(self.unit)}")
        if self.maximum is not None and value > self.maximum:
            node.fail(f"{self.name} must be at most {self.maximum:g}{_unit(self.unit)}")
        if self.whole and value != int(value):
            node.fail(f"{self.name} must be an integer")
        if self.whole and abs(value) >= LARGEST_WHOLE:
            node.fail(f"{self.name} must be below {LARGEST_WHOLE:,}, from where on not every integer is a number of its own")


def folder() -> Path:
    """The folder of the facts, in a checkout or inside the installed package."""
    return Path(str(files("sweep"))) / "configs"


@cache
def parameters() -> dict[str, Parameter]:
    """Every input that there is, by name."""
    found: dict[str, Parameter] = {}
    likes: dict[str, Node] = {}
    for path in sorted((folder() / "parameters").glob("*.yaml")):
        root = read(path, shown(path)).mapping(("catalogue", "parameters"))
        catalogue = root["catalogue"].text if "catalogue" in root else None
        for name, node in root["parameters"].mapping().items():
            if name in found:
                node.fail(f"parameter {name!r} is defined twice")
            found[name] = _parameter(name, node, catalogue)
            if found[name].like:
                likes[name] = node.mapping()["like"]
    for name, node in likes.items():
        _check_like(found[name], node, found)
    return found


@cache
def catalogues() -> tuple[str, ...]:
    """The names under which a study selects catalogue entries: gpu, model, ..."""
    return tuple(sorted({p.catalogue for p in parameters().values() if p.catalogue}))


def columns(catalogue: str) -> dict[str, Parameter]:
    """The parameters that the entries of a catalogue give."""
    return {name: p for name, p in parameters().items() if p.catalogue == catalogue}


def _parameter(name: str, node: Node, catalogue: str | None) -> Parameter:
    given = node.mapping(PARAMETER_KEYS)
    for key in ("unit", "meaning"):
        if key not in given:
            node.fail(f"a parameter needs its {key}")
    unit = given["unit"].text
    choices = tuple(item.text for item in given["choices"].items) if "choices" in given else ()
    bounds = {key: _bound(given[key], unit) if key in given else None for key in ("minimum", "maximum")}
    whole = "whole" in given and given["whole"].text == "true"
    by, like = (given[key].text if key in given else None for key in ("by", "like"))
    others = tuple(item.text for item in given["otherwise"].items) if "otherwise" in given else ()
    bare = Parameter(name, unit, given["meaning"].text, bounds["minimum"], bounds["maximum"], whole, choices, by, like, others, catalogue)
    if "default" not in given:
        return bare
    if like:
        given["default"].fail(f"takes the figures of {like}, so it has no default")
    holds = tuple(item.text for item in given["default_if"].items) if "default_if" in given else ()
    residual_of = given["residual_of"].text if "residual_of" in given else ""
    more = {"default_if": holds, "residual_of": residual_of, "calendar": "calendar" in given and given["calendar"].text == "true"}
    return Parameter(**{**bare.__dict__, "default": figure(given["default"], bare), **more})


def _check_like(parameter: Parameter, node: Node, known: Mapping[str, Parameter]) -> None:
    """Raise where the column that `node` names is none whose figures the parameter can take."""
    here = parameter.catalogue
    if not here:
        node.fail("is for the columns of a catalogue")
    if node.text not in known:
        node.fail(f"no such column of {here}{suggestion(node.text, [name for name, p in known.items() if p.catalogue == here])}")
    other = known[node.text]
    if other.catalogue != here:
        node.fail(f"is a column of {other.catalogue or 'no catalogue'}, not of {here}")
    if other.like:
        node.fail(f"is like {other.like} itself; name that one")
    if other.default:
        node.fail("has a default, which is not shared")
    if other.unit != parameter.unit:
        node.fail(f"is in {other.unit}, not in {parameter.unit}")
    if _words(parameter, known) != _words(other, known):
        node.fail("differs by other choices, or by none")


def _words(parameter: Parameter, known: Mapping[str, Parameter]) -> tuple[str, ...]:
    return known[parameter.by].choices if parameter.by and parameter.by in known else ()


def _bound(node: Node, unit: str) -> float:
    try:
        return to_si(node.text, unit)
    except SweepError as error:
        node.fail(str(error))


def figure(node: Node, parameter: Parameter) -> Figure:
    given = node.mapping(FIGURE_KEYS)
    if "value" not in given:
        node.fail("a figure needs its value")
    if not {"source", "assumed", "derived"} & set(given):
        node.fail("a figure needs its source, or says `assumed: why`")
    value = parameter.read(given["value"])
    low, high = interval(node, parameter, value)
    if ("range" in given) != ("low" in given):
        node.fail("low and high need `range: what says so`, and a range needs both")
    text = {key: given[key].text if key in given else "" for key in FIGURE_TEXTS}
    said = given["range"].text if "range" in given else ""
    return Figure(value, given["value"].text, node.file, node.line, **text, low=low, high=high, range=said)


def interval(node: Node, parameter: Parameter, value: float) -> tuple[float, float]:
    """The low and the high that a node gives beside a value; NaN where it gives none."""
    given = node.mapping()
    ends = [given[key] for key in ("low", "high") if key in given]
    if not ends:
        return math.nan, math.nan
    if len(ends) == 1 or parameter.choices or parameter.whole:
        node.fail("needs both low and high" if len(ends) == 1 else f"{parameter.name} has no values between, so no low and high")
    low, high = (parameter.read(end) for end in ends)
    if not low <= value <= high:
        node.fail("must have low <= value <= high")
    return low, high


def shown(path: Path) -> str:
    return "configs/" + path.relative_to(folder()).as_posix()


def _unit(unit: str) -> str:
    return "" if unit == "1" else f" {unit}"
