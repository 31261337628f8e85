"""What is asked of the file system. What belongs here: one writer at a time, waiting until files are on disk, one folder for another."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sweep.errors import SweepError

LOCK = "lock"
BUSY = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
EXCHANGE = 2  # the flag of renameat2 in Linux
HERE = -100  # and its name for the working directory


@contextmanager
def locked(folder: Path, what: Path) -> Iterator[None]:
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


def folders(root: Path) -> list[Path]:
    """A folder and all that lie in it."""
    return [root, *(Path(at, name) for at, names, _ in os.walk(root) for name in names)]


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
