"""A cube in an object store. What belongs here: a bucket of S3, Google or Azure, the objects below a key of it as a place, and its lock.

obstore and not fsspec: one package without dependencies for all three, with writes under a condition for all three and calls that a thread
waits for; fsspec needs another package for each store (s3fs: all of botocore). Whoever reads a cube may use either.

No object can be renamed or appended to. So a finished cube is copied by the store itself from `<address>.partial` to its address, with
`zarr.json` last, without which no reader takes it for a cube; each addition to a journal is an object; a lock is one that its run renews.
"""

from __future__ import annotations

import errno
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
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sweep.errors import SweepError
from sweep.store.disk import Folder
from sweep.store.place import LOCK, MANIFEST, METADATA, Place, lacking, no_access

HTTP = {"allow_http": True}
PATIENT: Any = {"client_options": HTTP, "retry_config": {"max_retries": 5, "retry_timeout": timedelta(seconds=60)}}
AT_FIRST: Any = {"client_options": {**HTTP, "timeout": timedelta(seconds=4)}, "retry_config": {"max_retries": 2}}
NO_BUCKET = ("NoSuchBucket", "bucket does not exist", "ContainerNotFound")
NO_KEY = ("AccessKeyId", "SignatureDoesNotMatch", "token request")
UNREACHED = ("error sending request", "timed out", "dns error")
LEASE_SECONDS = 20.0  # after which a run that has not renewed its lock counts as ended
RENEWALS, AT_ONCE = 5, 16  # of a lock in that time; requests


@dataclass
class Bucket:
    """A bucket, by its address such as "s3://mine". lost: whether another run has taken over what this one had locked.

    asked: the client for what is listed, which gives up within seconds until the store has answered once.
    """

    address: str
    client: Any = field(init=False)
    asked: Any = field(init=False)
    lost: bool = False

    def __post_init__(self) -> None:
        self.client, self.asked = self.opened("", PATIENT), self.opened("", AT_FIRST)

    def opened(self, key: str, options: Any) -> Any:
        """What obstore makes of the bucket, or of a prefix in it."""
        try:
            from obstore.store import from_url
        except ImportError:
            raise SweepError(f"{self.address}: needs obstore: pip install 'wattsweep[objects]'") from None
        if said := lacking(self.address):
            raise SweepError(f"{self.address}: {said}")
        with self.telling(self.address):
            return from_url(f"{self.address}/{quote(key)}", **options)

    @contextmanager
    def telling(self, what: str, but: tuple[type[Exception], ...] = ()) -> Iterator[None]:
        """Errors of obstore in it are SweepErrors, but for `but` and that of an object that is not there."""
        from obstore.exceptions import BaseError

        try:
            yield
        except but:
            raise
        except (BaseError, FileNotFoundError) as error:
            said = self._said(error)
            if said is None:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), what) from None
            raise SweepError(f"{what}: {said}") from None

    def _said(self, error: Exception) -> str | None:
        from obstore.exceptions import PermissionDeniedError, UnauthenticatedError

        scheme, name = self.address.split("://")
        text = str(error)
        if any(word in text for word in NO_BUCKET):
            return f"there is no bucket {name!r}; make it first, or correct the address"
        if isinstance(error, FileNotFoundError):
            return None
        if isinstance(error, UnauthenticatedError | PermissionDeniedError) or any(word in text for word in NO_KEY):
            return no_access(self.address)
        if "redirect" in text:
            return f"the bucket {name!r} is in another region; set AWS_REGION in the environment"
        if any(word in text for word in UNREACHED):
            endpoint = "; a store other than Amazon's needs AWS_ENDPOINT_URL" if scheme == "s3" else ""
            return f"the store cannot be reached, check the network{endpoint}"
        return text.splitlines()[0].rpartition(" error: ")[2]


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
        try:
            with self.telling():
                return _tag_of(self.bucket.client.head(self.key))
        except FileNotFoundError:
            return None

    def _below(self) -> Sequence[Any]:
        with self.telling():
            found: Sequence[Any] = self.bucket.client.list(prefix=self.key).collect()
        return found

    def exists(self) -> bool:
        return bool(self.children())

    def children(self) -> set[str]:
        with self.telling():
            found = self.bucket.asked.list_with_delimiter(prefix=self.key)
        self.bucket.asked = self.bucket.client
        paths = [*found["common_prefixes"], *(item["path"] for item in found["objects"])]
        if not paths and self._tag():
            paths = [self.key]
        return {path.rpartition("/")[2] for path in paths}

    def sizes(self) -> dict[str, int]:
        return {item["path"].removeprefix(f"{self.key}/"): item["size"] for item in self._below()}

    def read(self) -> bytes:
        with self.telling():
            content: bytes = self.bucket.client.get(self.key).bytes().to_bytes()
        return content

    def write(self, content: bytes) -> None:
        self._put(content)

    def copy(self, other: Place) -> None:
        assert isinstance(other, Prefix)
        with self.telling():
            self.bucket.client.copy(other.key, self.key)

    def _put(self, content: bytes, mode: Any = "overwrite", but: tuple[type[Exception], ...] = ()) -> dict[str, str]:
        """Write the object: in any case, if it is not there ("create"), or if it is still the one of a tag; `but`: errors to pass on."""
        with self.bucket.telling(str(self), but):
            return _tag_of(self.bucket.client.put(self.key, content, mode=mode))

    def remove(self) -> None:
        self._delete([*(item["path"] for item in self._below()), *([self.key] if self._tag() else [])])

    def _delete(self, keys: list[str]) -> None:
        with suppress(FileNotFoundError), self.telling():
            if keys:
                self.bucket.client.delete(keys)

    def log(self) -> bytes:
        parts = sorted(str(item["path"]) for item in self._below())
        held = [Prefix(self.bucket, key) for key in ([self.key, *parts] if self._tag() or not parts else parts)]
        return b"".join(_at_once(Prefix.read, held))

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
        assert isinstance(other, Prefix)
        self.sync([])
        new = self.sizes()
        # at each step the manifest says what it is, and without metadata no reader takes it for whole
        (other / METADATA).remove()
        (other / MANIFEST).copy(self / MANIFEST)
        self._delete([f"{other.key}/{name}" for name in other.sizes() if name not in new])
        _at_once(lambda name: (other / name).copy(self / name), [name for name in new if name not in (MANIFEST, METADATA)])
        (other / METADATA).copy(self / METADATA)
        (self / MANIFEST).remove()
        self.remove()

    def stamp(self) -> int:
        return 0  # it has none of its objects left once the other has them all

    def room(self) -> None:
        return None

    def zarr(self) -> Any:
        from zarr.storage import ObjectStore

        return ObjectStore(self.bucket.opened(self.key, PATIENT), read_only=True)

    @contextmanager
    def locked(self, what: Place) -> Iterator[None]:
        lock, run = self / LOCK, {"run": uuid.uuid4().hex, "host": socket.gethostname(), "process": os.getpid()}
        tag, ended = lock._first(what, json.dumps(run).encode()), threading.Event()
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
        while not self.bucket.lost and not ended.wait(LEASE_SECONDS / RENEWALS):
            try:
                tag = self._put(json.dumps({**run, "at": time.time_ns()}).encode(), tag, (PreconditionError,))
                kept = time.monotonic()
            except PreconditionError:
                self.bucket.lost = True
            except (SweepError, FileNotFoundError):
                self.bucket.lost = time.monotonic() - kept > LEASE_SECONDS


def _tag_of(meta: Any) -> dict[str, str]:
    return {key: meta[key] for key in ("e_tag", "version") if meta[key]}


def _at_once(function: Callable[[Any], Any], items: list[Any]) -> list[Any]:
    """The results of a function for some items, with several requests under way."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(function, items))
