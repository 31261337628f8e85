"""The one exception that users see. What belongs here: how a mistake in their input is said in one line."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable

MOST_NEAR = 3  # names that a message offers
CONTROLS = ("Cc", "Cf", "Cs", "Zl", "Zp")  # categories of Unicode


class SweepError(Exception):
    """A mistake in the input, said in one line: where it stands, what it is, and the nearest legal thing."""


def printable(text: str) -> str:
    """Text without what moves a terminal's cursor or turns its reading direction; a line break and a tab stay."""
    if text.isprintable():
        return text
    return "".join(c if c in "\n\t" or unicodedata.category(c) not in CONTROLS else c.encode("unicode_escape").decode() for c in text)


def suggestion(name: str, legal: Iterable[str]) -> str:
    """The end of a message: the nearest legal name, or the names there are when none is near and they are few."""
    names = sorted(legal)
    return nearest(name, names) or (f"; there is: {', '.join(names)}" if 0 < len(names) <= 12 else "")


def nearest(name: str, legal: Iterable[str]) -> str:
    """The end of a message where no name has to be another, whatever its case.

    The same word, else those that it begins ("H100" of "h100-sxm"), else the nearest one, else those that hold it.
    """
    names, word = sorted(legal), name.lower()
    near = [one for one in names if one.lower() == word] or [one for one in names if one.lower().startswith(f"{word}-")]
    near = near or difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if not near and len(word) > 1:
        near = [one for one in names if word in one.lower()]
    near = near[:MOST_NEAR]
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""