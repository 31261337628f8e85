"""Strict YAML with line numbers. What belongs here: text to nodes. What a key means is for the reader of the node."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from sweep.errors import SweepError, printable, suggestion

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 50
LARGEST = 16 << 20  # bytes of a file
MOST, MORE = 1_000_000, 1_000  # values in a file, and those that aliases may add


@dataclass(frozen=True)
class Node:
    """One value of a YAML file and where it stands; scalars stay text, so `NO` and `989e12` mean what their reader says."""

    value: str | list[Node] | dict[str, Node]
    file: str
    line: int
    key: str

    def fail(self, reason: str) -> NoReturn:
        """Raise the error of this place: file, line, key, value and the reason."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        shown = f"{self.key} = {self.value!r}: " if isinstance(self.value, str) else f"{self.key}: " if self.key else ""
        raise SweepError(f"{place}: {shown}{reason}")

    @property
    def text(self) -> str:
        """The scalar as it is written."""
        if not isinstance(self.value, str):
            self.fail("must be a single value")
        return self.value

    @property
    def items(self) -> list[Node]:
        """The elements of a list."""
        if not isinstance(self.value, list):
            self.fail("must be a list")
        return self.value

    def mapping(self, legal: Iterable[str] | None = None) -> dict[str, Node]:
        """The entries of a mapping; with `legal`, any other key is an error that offers the nearest legal one."""
        if not isinstance(self.value, dict):
            self.fail("must be a mapping of keys to values")
        if legal is not None:
            legal = list(legal)
            for key, node in self.value.items():
                if key not in legal:
                    node.fail(f"unknown key {key!r}{suggestion(key, legal)}")
        return self.value

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.value, dict)

    @property
    def is_list(self) -> bool:
        return isinstance(self.value, list)


def written_as_text(mapping: Mapping[str, Any]) -> str:
    """A mapping of plain values as the text of a document."""
    try:
        return yaml.safe_dump(dict(mapping), sort_keys=False, allow_unicode=True)
    except yaml.YAMLError:
        raise SweepError("the mapping: must hold texts, numbers, lists and mappings only") from None


def parse(text: str, file: str) -> Node:
    """The root node of a YAML text; `file` is the name that errors show."""
    try:
        root = yaml.compose(text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        if _too_deep(text):
            raise SweepError(f"{file}: is nested too deeply") from None
        raise SweepError(f"{file}:{line}: not valid YAML: {error.problem}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise SweepError(f"{file}:{line}: not valid YAML: {error.reason}") from None
    except RecursionError:
        raise SweepError(f"{file}: is nested too deeply") from None
    if root is None:
        return Node({}, file, 0, "")
    try:
        return _node(root, file, "", itertools.count(-MORE - min(len(text), MOST)))
    except RecursionError:
        raise SweepError(f"{file}: contains an alias to itself, or is nested too deeply") from None


def _too_deep(text: str) -> bool:
    """Whether what has brackets within brackets, or lists within lists, is deeper than any study; a parser's own limit may come first."""
    depth = deepest = 0
    for character in text:
        depth += (character in "[{") - (character in "]}")
        deepest = max(deepest, depth)
    return deepest > DEEPEST or re.search(rf"^\s*(- ){{{DEEPEST},}}", text, re.MULTILINE) is not None


def read(path: Path, file: str | None = None) -> Node:
    """The root node of a YAML file."""
    return parse(text_of(path, file or str(path)), file or str(path))


def exists(path: Path) -> bool:
    """Whether anything stands at a path; an error where the system does not say."""
    try:
        return path.exists()
    except OSError as error:
        raise SweepError(f"{path}: cannot be read: {error.strerror}") from None


def text_of(path: Path, file: str) -> str:
    """The text of a file; `file` is the name that errors show. No more is read than a study could have, so a device is no trap."""
    try:
        with open(path, "rb") as opened:
            content = opened.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise SweepError(f"{file}: is larger than {LARGEST >> 20} MiB, the largest that is read")
        return content.decode("utf-8")
    except OSError as error:
        raise SweepError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SweepError(f"{file}: cannot be read: {error}") from None


def _node(node: yaml.Node, file: str, key: str, count: Iterator[int]) -> Node:
    """A node as we have it; `count` is above zero where aliases have made more values than the text could hold without them."""
    line = node.start_mark.line + 1
    if next(count) > 0:
        raise SweepError(f"{file}:{line}: {key}: aliases repeat so much that the file holds more values than characters")
    if isinstance(node, yaml.ScalarNode):
        if printable(node.value) != node.value:
            raise SweepError(f"{file}:{line}: {key} = {node.value!r}: holds a character that cannot be printed")
        return Node(node.value, file, line, key)
    if isinstance(node, yaml.SequenceNode):
        return Node([_node(item, file, f"{key}[{i}]", count) for i, item in enumerate(node.value)], file, line, key)
    entries: dict[str, Node] = {}
    for key_node, value_node in node.value:
        name = key_node.value
        path = f"{key}.{name}" if key else str(name)
        shown = value_node.value if isinstance(value_node, yaml.ScalarNode) else {}
        here = Node(shown, file, key_node.start_mark.line + 1, path)
        if not isinstance(name, str):
            here.fail("a key must be a single word")
        if printable(name) != name or "\n" in name:
            raise SweepError(f"{file}:{here.line}: the key {name!r} holds a character that cannot be printed")
        if name in entries:
            here.fail(f"duplicate key {name!r}, first given on line {entries[name].line}")
        entries[name] = _node(value_node, file, path, count)
    return Node(entries, file, line, key)
