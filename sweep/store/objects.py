"""A cube in an object store. What belongs here: the objects below a key of a bucket as a place, and its lock, which is a lease.

No object can be renamed or appended to. So a finished cube is copied by the store itself from `<address>.partial` to its address, with
`zarr.json` last, without which no reader takes it for a cube; each addition to a journal is an object; a lock is one that its run renews.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from sweep.errors import SweepError
from sweep.store.bucket import Bucket
from sweep.store.disk import Folder
from sweep.store.place import LOCK, MANIFEST, METADATA, Place

Item = TypeVar("Item")
Result = TypeVar("Result")
LEASE_SECONDS = 20.0  # after which a run that has not renewed its lock counts as ended
RENEWALS = 5  # of a lock in that time
AT_ONCE = 16  # requests


class Prefix(Place):
    """An object of a bucket, or all objects below a key."""

    def __init__(self, bucket: Bucket, key: str) -> None:
        self.bucket, self.key = bucket, key
        self._made: Folder | None = None

    def __str__(self) -> str:
        return f"{self.bucket.address}/{self.key}"

    def __truediv__(self, name: str) -> Prefix:
        return Prefix(self.bucket, f"{self.key}/{name}")

    def beside(self, ending: str) -> Prefix:
        return Prefix(self.bucket, self.key + ending)

    def telling(self) -> Any:
        return self.bucket.telling(str(self))

    def _tag(self) -> dict[str, str] | None:
        """What tells the object from one that is written later; None where there is no object."""
        import obstore

        try:
            with self.telling():
                return _tag_of(obstore.head(self.bucket.client, self.key))
        except FileNotFoundError:
            return None

    def _below(self) -> Sequence[Any]:
        import obstore

        with self.telling():
            return obstore.list(self.bucket.client, prefix=self.key).collect()

    def exists(self) -> bool:
        return bool(self.children())

    def children(self) -> set[str]:
        import obstore

        with self.telling():
            found = obstore.list_with_delimiter(self.bucket.client, prefix=self.key)
        paths = [*found["common_prefixes"], *(item["path"] for item in found["objects"])]
        if not paths and self._tag():
            paths = [self.key]
        return {path.rpartition("/")[2] for path in paths}

    def sizes(self) -> dict[str, int]:
        return {item["path"].removeprefix(f"{self.key}/"): item["size"] for item in self._below()}

    def read(self) -> bytes:
        import obstore

        with self.telling():
            return obstore.get(self.bucket.client, self.key).bytes().to_bytes()

    def write(self, content: bytes) -> None:
        self._put(content)

    def _put(self, content: bytes, mode: Any = "overwrite", but: tuple[type[Exception], ...] = ()) -> dict[str, str]:
        """Write the object: in any case, if it is not there ("create"), or if it is still the one of a tag; `but`: errors to pass on."""
        import obstore

        with self.bucket.telling(str(self), but):
            return _tag_of(obstore.put(self.bucket.client, self.key, content, mode=mode))

    def remove(self) -> None:
        self._delete([*(item["path"] for item in self._below()), *([self.key] if self._tag() else [])])

    def _delete(self, keys: list[str]) -> None:
        import obstore

        with suppress(FileNotFoundError), self.telling():
            if keys:
                obstore.delete(self.bucket.client, keys)

    def log(self) -> bytes:
        parts = [Prefix(self.bucket, item["path"]) for item in sorted(self._below(), key=lambda item: str(item["path"]))]
        if not parts:
            return self.read()
        return b"".join(_at_once(Prefix.read, [*([self] if self._tag() else []), *parts]))

    def start_log(self, content: bytes) -> None:
        before = [item["path"] for item in self._below()]
        self._put(content)
        self._delete(before)

    def add_log(self, content: bytes) -> None:
        (self / f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}")._put(content, "create")

    def workshop(self) -> Folder:
        if self._made is None:
            self._made = Folder(Path(tempfile.mkdtemp(prefix="wattsweep-")))
            weakref.finalize(self, shutil.rmtree, self._made.path, ignore_errors=True)
        return self._made

    def taken(self, name: str) -> bytes:
        made = self.workshop() / name
        content = made.read()
        (self / name).write(content)
        made.remove()
        return content

    def sync(self, names: Iterable[str]) -> None:
        if self.bucket.lost:
            raise SweepError(f"{self}: another run has taken it over; this one stops")

    def sync_folders(self) -> None:
        self.sync([])

    def replace(self, other: Place, aside: Place) -> None:
        import obstore

        assert isinstance(other, Prefix)
        self.sync([])
        new = self.sizes()

        def copy(name: str) -> None:
            with other.telling():
                obstore.copy(self.bucket.client, f"{self.key}/{name}", f"{other.key}/{name}")

        # at each step the manifest says what it is, and without metadata no reader takes it for whole
        (other / METADATA).remove()
        copy(MANIFEST)
        self._delete([f"{other.key}/{name}" for name in other.sizes() if name not in new])
        _at_once(copy, [name for name in new if name not in (MANIFEST, METADATA)])
        copy(METADATA)
        (self / MANIFEST).remove()
        self.remove()

    def stamp(self) -> int:
        return 0  # it has none of its objects left once the other has them all

    def room(self) -> None:
        return None

    def zarr(self) -> Any:
        from zarr.storage import ObjectStore

        return ObjectStore(self.bucket.opened(self.key), read_only=True)

    @contextmanager
    def locked(self, what: Place) -> Iterator[None]:
        lock, run = self / LOCK, {"run": uuid.uuid4().hex, "host": socket.gethostname(), "process": os.getpid()}
        tag, ended = lock._first(what, _line(run)), threading.Event()
        keeper = threading.Thread(target=lock._renew, args=(run, tag, ended), daemon=True)
        keeper.start()
        try:
            yield
        finally:
            ended.set()
            keeper.join()
            if not self.bucket.lost:
                lock._delete([lock.key])
            self.bucket.lost = False

    def _first(self, what: Place, content: bytes) -> dict[str, str]:
        """Write a lock that nobody has, or that a run has left behind which no longer renews it."""
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        busy = SweepError(f"{what}: another run is writing it; wait for that one or give another name")
        until, seen = time.monotonic() + LEASE_SECONDS, None
        while True:
            try:
                return self._put(content, "create", (AlreadyExistsError,))
            except AlreadyExistsError:
                held = self._tag()
            if held and seen and held != seen:
                raise busy
            seen = held or seen
            if held and time.monotonic() > until:
                try:
                    return self._put(content, held, (PreconditionError,))
                except PreconditionError:
                    raise busy from None
            time.sleep(LEASE_SECONDS / RENEWALS / 4)

    def _renew(self, run: dict[str, Any], tag: dict[str, str], ended: threading.Event) -> None:
        """Write the lock anew until the run has ended, or until it has been taken or could not be reached for as long as it holds."""
        from obstore.exceptions import PreconditionError

        kept = time.monotonic()
        while not ended.wait(LEASE_SECONDS / RENEWALS):
            try:
                tag = self._put(_line({**run, "at": time.time_ns()}), tag, (PreconditionError,))
                kept = time.monotonic()
            except PreconditionError:
                self.bucket.lost = True
            except (SweepError, FileNotFoundError):
                self.bucket.lost = time.monotonic() - kept > LEASE_SECONDS
            if self.bucket.lost:
                return


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record).encode()


def _tag_of(meta: Any) -> dict[str, str]:
    return {key: meta[key] for key in ("e_tag", "version") if meta[key]}


def _at_once(function: Callable[[Item], Result], items: list[Item]) -> list[Result]:
    """The results of a function for some items, with several requests under way."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(function, items))
