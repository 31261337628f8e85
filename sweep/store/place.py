"""Where a cube lies. What belongs here: what a store asks of a folder or of a bucket alike, the names of the files of a cube, and addresses
with what gives access to them.
"""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

METADATA = "zarr.json"
MANIFEST = "manifest.jsonl"
JOURNAL = "journal.jsonl"
CUBE = "cube.zarr"
OLD = "old.zarr"
LOCK = "lock"
ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+(.*)", re.DOTALL)

SCHEMES = {  # and what of the environment gives access
    "s3": ("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", "AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN", "AWS_SKIP_SIGNATURE=true"),
    "gs": ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_SKIP_SIGNATURE=true"),
    "az": tuple(
        f"AZURE_STORAGE_ACCOUNT_NAME and {key}"
        for key in ("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_SAS_TOKEN", "AZURE_SKIP_SIGNATURE=true")
    ),
}


class Place(ABC):
    """A file or a folder, on a disk or in a bucket; its text is the path or address. A file that is absent is a FileNotFoundError."""

    @abstractmethod
    def __str__(self) -> str: ...

    @abstractmethod
    def __truediv__(self, name: str) -> Place:
        """What has this name in it."""

    @abstractmethod
    def beside(self, ending: str) -> Place:
        """What has its name with this ending."""

    @abstractmethod
    def exists(self) -> bool:
        """Whether there is a file or a folder."""

    @abstractmethod
    def children(self) -> set[str]:
        """The names of what is directly in it; of a file, its own."""

    @abstractmethod
    def sizes(self) -> dict[str, int]:
        """The files in it at any depth, by their name from here, and how many bytes each has."""

    @abstractmethod
    def read(self) -> bytes:
        """The content of a file."""

    @abstractmethod
    def write(self, content: bytes) -> None:
        """Give a file this content; a reader sees the old one or the new one."""

    def copy(self, other: Place) -> None:
        """Give a file the content of another, which neither changes from now on."""
        self.write(other.read())

    @abstractmethod
    def remove(self) -> None:
        """Remove a file, or a folder with all that is in it, if it is there."""

    @abstractmethod
    def log(self) -> bytes:
        """The content of a file of lines that `start_log` and `add_log` wrote."""

    @abstractmethod
    def start_log(self, content: bytes) -> None:
        """Write a file of lines as a whole, and wait until it is kept."""

    @abstractmethod
    def add_log(self, content: bytes) -> None:
        """Add lines to a file, and wait until they are kept."""

    @abstractmethod
    def workshop(self) -> Place:
        """The folder in which zarr makes the files of a cube that lies here."""

    @abstractmethod
    def taken(self, name: str) -> bytes:
        """The content of a file that was made in the workshop, which is kept here from now on."""

    @abstractmethod
    def sync(self, names: Iterable[str]) -> None:
        """Wait until some files in it are kept, whatever happens to the machine. Raises SweepError where another run has taken it over."""

    @abstractmethod
    def sync_folders(self) -> None:
        """Wait until the names of its files are kept, too."""

    @abstractmethod
    def replace(self, other: Place, aside: Place) -> None:
        """Give it the name of another place, and remove or put `aside` what was there. A kill leaves what was there or all of this one."""

    @abstractmethod
    def stamp(self) -> int:
        """What tells it from the one whose name it takes, as long as it has not taken it."""

    @abstractmethod
    def locked(self, what: Place) -> AbstractContextManager[None]:
        """Keep it to this run; `what` is the cube that an error names. A run that ends, however it ends, loses its lock."""

    @abstractmethod
    def room(self) -> tuple[str, int] | None:
        """Of what disk it takes how many bytes at most; None where there is no such limit."""

    @abstractmethod
    def zarr(self) -> Any:
        """What zarr reads it as."""

    def telling(self) -> AbstractContextManager[None]:
        """In it, what goes wrong with a store that is read by zarr is an error in one line."""
        return nullcontext()


def is_address(text: str) -> bool:
    """Whether a text is an address such as s3://bucket/cube.zarr, not a path."""
    return ADDRESS.fullmatch(text) is not None


def lacking(address: str) -> str | None:
    """What the environment lacks for a bucket, in words. obstore alone would look for a key at an address that is a cloud's own."""
    scheme = address.split("://")[0]
    if not any(all(map(_given, way.split(" and "))) for way in SCHEMES[scheme]):
        return no_access(address)
    for name, value in os.environ.items():
        if scheme == "s3" and name.startswith("AWS_ENDPOINT") and not value.startswith(("http://", "https://")):
            return f"{name} in the environment is {value!r}; it must begin with http:// or https://"
    return None


def no_access(address: str) -> str:
    """That a bucket cannot be read with what the environment has, and what it needs."""
    scheme, name = address.split("://")
    return f"no access to the bucket {name!r}; the environment needs {', or '.join(SCHEMES[scheme])}"


def _given(text: str) -> bool:
    """Whether the environment has a variable, or one with a value."""
    name, _, value = text.partition("=")
    held = os.environ.get(name, "")
    return held.lower() == value if value else bool(held)


def names_cube(text: str) -> bool:
    """Whether a text names a cube and not a study."""
    return is_address(text) or Path(text).is_dir() or Path(text).suffix == ".zarr"
