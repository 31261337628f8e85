"""Compiled code that is kept between runs. What belongs here: a folder that is ours alone, and checksums of what numba leaves there.

What lies in the folder is run when it is read back, so nobody else may write there; and a file that was damaged is compiled again.
"""

from __future__ import annotations

import json
import os
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sweep.errors import SweepError

ADVICE = "set WATTSWEEP_CACHE to a folder of your own that can be written"


def folder(digest: str) -> Path:
    """The folder of compiled code under a digest of all that it depends on, made where it is not there."""
    own = os.environ.get("WATTSWEEP_CACHE")
    top = Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wattsweep"
    found = top / digest[:20]
    try:
        for path in (top, found):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            _check_ours(path)
    except OSError as error:
        raise SweepError(f"{found}: compiled code cannot be kept there ({error.strerror}); {ADVICE}") from None
    return found


def _check_ours(path: Path) -> None:
    """Raise where others can write a folder."""
    found = path.stat()
    if hasattr(os, "getuid") and (found.st_mode & 0o022 or found.st_uid not in (os.getuid(), 0)):
        raise SweepError(f"{path}: others can write there, and what lies there is run; chmod go-w it if it is yours, or {ADVICE}")


def intact(path: Path) -> bytes | None:
    """The content of a file as it was kept; None where it is missing or damaged."""
    try:
        seal, _, content = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    return content if seal == _seal(content) else None


def keep(path: Path, content: bytes) -> None:
    """Keep some bytes with their checksum. Where the disk is full they are made again another time."""
    with suppress(SweepError):
        write(path, _seal(content) + b"\n" + content)


def _seal(content: bytes) -> bytes:
    return b"%08x" % zlib.crc32(content)


def write(path: Path, content: bytes) -> None:
    """Write a file so that it is there as a whole or not at all, unless it is there already."""
    try:
        if path.exists() and path.read_bytes() == content:
            return
        beside = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.new")
        try:
            beside.write_bytes(content)
            os.replace(beside, path)
        except OSError:
            beside.unlink(missing_ok=True)  # a full disk is not filled further
            raise
    except OSError as error:
        raise SweepError(f"{path.parent}: compiled code cannot be kept there ({error.strerror}); {ADVICE}") from None


def discard_damaged(directory: Path, name: str) -> None:
    """Remove the compiled code of a module unless each file of it is as it was written."""
    try:
        kept = json.loads((directory / f"{name}.sums").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        kept = None
    if kept != _sums(directory, name):
        for path in _files(directory, name):
            path.unlink(missing_ok=True)


def _sums(directory: Path, name: str) -> dict[str, int]:
    return {path.name: zlib.crc32(path.read_bytes()) for path in _files(directory, name)}


def _files(directory: Path, name: str) -> list[Path]:
    return sorted((directory / "__pycache__").glob(f"{name}.*.nb[ic]"))


class Kept:
    """A compiled function whose code is on disk with its checksums, once it has been compiled for the kinds of its arguments."""

    def __init__(self, function: Any, directory: Path, name: str) -> None:
        self.function, self.directory, self.name = function, directory, name
        self.seen = 0
        self.lock = threading.Lock()

    def __call__(self, *arguments: Any) -> Any:
        try:
            found = self.function(*arguments)
        except OSError:  # the disk of the cache is full: the code is there all the same, and is compiled again another time
            found = self.function(*arguments)
        if len(self.function.signatures) != self.seen:
            with self.lock:
                self.seen = len(self.function.signatures)
                try:
                    write(self.directory / f"{self.name}.sums", json.dumps(_sums(self.directory, self.name)).encode())
                except (OSError, SweepError):
                    discard_damaged(self.directory, self.name)
        return found


def kept(module: Any, names: list[str], directory: Path) -> dict[str, Callable[..., Any]]:
    """The compiled functions of a module."""
    return {name: Kept(getattr(module, name), directory, module.__name__) for name in names}
