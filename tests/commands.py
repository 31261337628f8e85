"""The commands, as a user types them. What belongs here: how tests give a command and read what it prints."""

import re
from pathlib import Path

from click.testing import CliRunner

from sweep.cli import main

ROOT = Path(__file__).parents[1]
SPLITS = str(ROOT / "tests" / "data" / "splits.yaml")
SMALL = str(ROOT / "tests" / "data" / "small.yaml")


def sweep(*arguments, code=0):
    """What a command prints on stdout; `code` is how it must end."""
    done = CliRunner().invoke(main, [str(a) for a in arguments])
    assert done.exit_code == code, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.stdout


def refused(*arguments):
    """The one line with which a command refuses its input."""
    done = CliRunner().invoke(main, [str(a) for a in arguments])
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def numbers_without_unit(content, around=(), path=()):
    """Of what --json printed, the paths of all numbers that are not whole and for which neither `unit` nor `units` has a unit."""
    if isinstance(content, dict):
        return [one for key, held in content.items() for one in numbers_without_unit(held, (*around, content), (*path, key))]
    if isinstance(content, list):
        return [one for at, held in enumerate(content) for one in numbers_without_unit(held, (*around, content), (*path, at))]
    if not isinstance(content, float):
        return []
    objects = [one for one in around if isinstance(one, dict)]
    return [] if any("unit" in one or set(path) & set(one.get("units", ())) for one in objects) else [path]


def words(text):
    """The cells of each line of a table."""
    return [re.split(r"  +", line.strip()) for line in text.splitlines()]
