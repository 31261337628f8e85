"""A bucket of S3, Google or Azure. What belongs here: opening it by its address, and what it answers as an error in one line.

obstore and not fsspec: one package without dependencies for all three, with writes under a condition for all three and calls that a thread
waits for; fsspec needs another package for each store (s3fs: all of botocore). Whoever reads a cube may use either.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sweep.errors import SweepError

SCHEMES = {  # and what gives access
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_SKIP_SIGNATURE=true for a public bucket",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
RETRIES: Any = {"max_retries": 5, "retry_timeout": timedelta(seconds=60)}
NO_BUCKET = ("NoSuchBucket", "bucket does not exist", "ContainerNotFound")
NO_KEY = ("AccessKeyId", "SignatureDoesNotMatch", "/latest/api/token", "/latest/meta-data", "token request", "Account must be")
UNREACHED = ("error sending request", "timed out", "dns error")


@dataclass
class Bucket:
    """A bucket, by its address such as "s3://mine". lost: whether another run has taken over what this one had locked."""

    address: str
    client: Any = field(init=False)
    lost: bool = False

    def __post_init__(self) -> None:
        self.client = self.opened("")

    def opened(self, key: str) -> Any:
        """What obstore makes of the bucket, or of a prefix in it."""
        try:
            from obstore.store import from_url
        except ImportError:
            raise SweepError(f"{self.address}: needs obstore: pip install 'wattsweep[objects]'") from None
        with self.telling(self.address):
            return from_url(f"{self.address}/{key}", client_options={"allow_http": True}, retry_config=RETRIES)

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
            return f"no access to the bucket {name!r}; the environment needs {SCHEMES[scheme]}"
        if "redirect" in text:
            return f"the bucket {name!r} is in another region; set AWS_REGION in the environment"
        if any(word in text for word in UNREACHED):
            endpoint = "; a store other than Amazon's needs AWS_ENDPOINT_URL" if scheme == "s3" else ""
            return f"the store cannot be reached, check the network{endpoint}"
        return text.splitlines()[0].rpartition(" error: ")[2]
