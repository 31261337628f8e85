"""A cube in a folder. What belongs here: one writer at a time, waiting until files are on disk, one folder for another."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sweep.catalog.document import exists
from sweep.errors import SweepError
from sweep.store.place import LOCK, Place

UNNAMED = ".partial"  # the ending of a file that has not its name yet, here as in zarr
BUSY = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
EXCHANGE = 2  # the flag of renameat2 in Linux
HERE = -100  # and its name for the working directory


@dataclass(frozen=True)
class Folder(Place):
    """A file or a folder on a disk."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def __truediv__(self, name: str) -> Folder:
        return Folder(self.path / name)

    def beside(self, ending: str) -> Folder:
        return Folder(self.path.with_name(self.path.name + ending))

    def exists(self) -> bool:
        return exists(self.path)

    def children(self) -> set[str]:
        return set(os.listdir(self.path)) if self.path.is_dir() else {self.path.name}

    def sizes(self) -> dict[str, int]:
        found = {}
        for at, _, names in os.walk(self.path, onerror=_raise):
            for name in names:
                file = Path(at, name)
                found[file.relative_to(self.path).as_posix()] = file.stat().st_size
        return found

    def read(self) -> bytes:
        return self.path.read_bytes()

    def write(self, content: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unnamed = self.beside(UNNAMED).path
        unnamed.write_bytes(content)
        os.replace(unnamed, self.path)

    def copy(self, other: Place) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(str(other), self.path)  # the same file, under a second name
        except OSError:
            super().copy(other)

    def remove(self) -> None:
        if self.path.is_dir():
            shutil.rmtree(self.path, ignore_errors=True)
        else:
            self.path.unlink(missing_ok=True)

    def log(self) -> bytes:
        return self.read()

    def start_log(self, content: bytes) -> None:
        unnamed = self.beside(UNNAMED).path
        _written(unnamed, "wb", content)
        os.replace(unnamed, self.path)

    def add_log(self, content: bytes) -> None:
        _written(self.path, "ab", content)

    def workshop(self) -> Folder:
        return self

    def taken(self, name: str) -> bytes:
        return (self / name).read()

    def sync(self, names: Iterable[str]) -> None:
        sync(self.path / name for name in names)

    def sync_folders(self) -> None:
        sync([self.path, *(Path(at, name) for at, names, _ in os.walk(self.path) for name in names)])

    def replace(self, other: Place, aside: Place) -> None:
        assert isinstance(other, Folder)
        assert isinstance(aside, Folder)
        swap(self.path, other.path, aside.path)

    def stamp(self) -> int:
        return os.stat(self.path).st_ino

    def locked(self, what: Place) -> AbstractContextManager[None]:
        return locked(self.path, what)

    def room(self) -> tuple[str, int]:
        existing = next(p for p in [self.path.absolute(), *self.path.absolute().parents] if p.exists())
        return str(existing), shutil.disk_usage(existing).free

    def zarr(self) -> str:
        return str(self.path)


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _written(file: Path, mode: str, content: bytes) -> None:
    with open(file, mode) as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


@contextmanager
def locked(folder: Path, what: Place) -> Iterator[None]:
    """Keep a folder to this run; `what` is the cube that an error names. A process that ends, however it ends, loses its lock.

    The lock is a file in the folder. What else was in it may be gone at the end; then the folder goes, too.
    """
    file = folder / LOCK
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            take(handle)
        except OSError as error:
            os.close(handle)
            if error.errno in BUSY:
                raise SweepError(f"{what}: another run is writing it; wait for that one or give another name") from None
            raise SweepError(f"{what}: cannot be locked, so that another run could write it, too: {error.strerror}") from None
        if _is_still(handle, file):
            break
        os.close(handle)  # the run that had it has ended in between, and has taken the folder away
    try:
        yield
    finally:
        with suppress(OSError):  # a system on which no open file can be removed keeps the folder
            if os.listdir(folder) == [LOCK]:
                file.unlink()
                folder.rmdir()
        os.close(handle)


def take(handle: int) -> None:
    """Lock an open file for this process, or raise OSError at once where another one has it."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_still(handle: int, file: Path) -> bool:
    """Whether an open file is the one that has its name."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(file))
    except FileNotFoundError:
        return False


def sync(paths: Iterable[Path]) -> None:
    """Wait until some files or folders are on disk."""
    for path in paths:
        try:
            handle = os.open(path, os.O_RDONLY)
        except PermissionError:  # Windows opens no folder
            continue
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def swap(new: Path, path: Path, aside: Path) -> None:
    """Give a folder the name of another. In one step where the system has one, else the old one is moved aside first."""
    if not path.exists():
        os.rename(new, path)
    elif not exchange(new, path):
        os.rename(path, aside)
        os.rename(new, path)
    sync([path.parent, new.parent])


def exchange(one: Path, other: Path) -> bool:
    """Let two folders change names in one step; False where the system or the file system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    return bool(call(HERE, os.fsencode(one), HERE, os.fsencode(other), EXCHANGE) == 0)
