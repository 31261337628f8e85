"""Other files that a study names. What belongs here: where equations of its own are, and the values that it includes.

The entries of catalogues that stand in files of a user are for axes.py, hours of a year for hours.py.
"""

from __future__ import annotations

from pathlib import Path

from sweep.catalog.document import Node, exists, read


def equations_of(node: Node, folder: Path) -> Path:
    """The file of equations that a study names: it runs as a program, so it must be one that came with the study."""
    found = (folder / node.text).resolve()
    if found.suffix != ".py" or not found.is_relative_to(folder):
        node.fail("must be a Python file (.py) in the folder of the study or below it: it is run, with all rights that you have")
    if exists(found) and not found.is_file():
        node.fail("is no regular file")
    return found


def with_included(root: dict[str, Node], folder: Path) -> dict[str, Node]:
    """A study with the values that another file sets; what the study sets itself goes before them."""
    if "include" not in root:
        return root
    more = read(folder / root["include"].text).mapping(("set",))
    given, own = (some["set"].mapping() if "set" in some else {} for some in (more, root))
    return {**root, "set": Node({**given, **own}, root["include"].file, root["include"].line, "set")}
