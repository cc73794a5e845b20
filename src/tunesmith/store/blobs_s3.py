"""Blobs in an S3 bucket, through ``obstore`` (extra ``s3``). Credentials and endpoint come from the ``AWS_…`` variables.

A put is atomic: nobody sees half an object; what is there already is not sent again. Where the bucket does not
answer, or refuses, a sentence says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from tunesmith.core import durable
from tunesmith.core.errors import MachineError
from tunesmith.store.blobs import CHUNK_BYTES, Announce, DamagedBlob, check_name, is_name, no_announcement
from tunesmith.store.temporaries import Temporaries

if TYPE_CHECKING:
    from obstore import GetOptions

PART_BYTES = 16 << 20
_PARALLEL_PARTS = 4
_TIMEOUT_SECONDS = 60
# A deletion happens while a row's lock is held, which the database lets nobody do for long (db.HELD_SECONDS). Half of
# that, so that the bucket's clock may be behind ours by the other half.
_DELETE_SECONDS = 10


class S3Blobs:
    """``prefix/ab/<sha256>`` in a bucket; files on their way in lie in ``temporary``."""

    def __init__(
        self, url: str, temporary: Path, announce: Announce = no_announcement, part_bytes: int = PART_BYTES
    ) -> None:
        self._store = _opened(url)
        self._announce = announce
        self._part_bytes = part_bytes
        self._temporaries = Temporaries(temporary)

    def new_temporary(self) -> Path:
        return self._temporaries.new()

    def put_file(self, path: Path, sha256: str) -> None:
        num_bytes = path.stat().st_size
        self._announce(sha256, num_bytes)
        found = self._head(sha256)
        if found is None or found["size"] != num_bytes:
            with _sentences(sha256):
                obstore.put(
                    self._store, _place(sha256), path, chunk_size=self._part_bytes, max_concurrency=_PARALLEL_PARTS
                )
        path.unlink()

    def fetch(self, sha256: str, to: Path) -> None:
        digest = hashlib.sha256()

        def write(temporary: Path) -> None:
            with temporary.open("wb") as file:
                for chunk in self.read(sha256):
                    digest.update(chunk)
                    file.write(chunk)
            if digest.hexdigest() != sha256:
                raise DamagedBlob(
                    f"The stored bytes {sha256[:12]}… are damaged.", "upload them again, or restore a backup"
                )

        durable.write_file(to, write)

    def lend(self, sha256: str, to: Path) -> None:
        self.fetch(sha256, to)

    def read(self, sha256: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The first bytes are asked for at once, so that an absent blob is noticed here."""
        if end is not None and end <= start:
            return iter(())
        asked: GetOptions | None = None
        if end is not None:
            asked = {"range": (start, end)}
        elif start:
            asked = {"range": {"offset": start}}
        with _sentences(sha256):
            found = obstore.get(self._store, _place(sha256), options=asked)
        return _pieces(found.stream(min_chunk_size=CHUNK_BYTES), sha256)

    def exists(self, sha256: str) -> bool:
        return self._head(sha256) is not None

    @contextmanager
    def removal(self, sha256: str) -> Iterator[Callable[[], None] | None]:
        """The deletion is signed before the row's lock is taken, and the bucket refuses it before that lock can end."""
        with _sentences(sha256):
            url = obstore.sign(self._store, "DELETE", _place(sha256), timedelta(seconds=_DELETE_SECONDS))
        yield lambda: _delete(url)

    def names(self) -> Iterator[str]:
        with _sentences(""):
            for batch in obstore.list(self._store):
                for entry in batch:
                    folder, _, name = str(entry["path"]).rpartition("/")
                    if is_name(name) and folder == name[:2]:
                        yield name

    def sweep(self) -> None:
        self._temporaries.sweep()

    def _head(self, sha256: str) -> Any:
        with _sentences(sha256):
            try:
                return obstore.head(self._store, _place(sha256))
            except FileNotFoundError:
                return None


def _delete(url: str) -> None:
    """What is not there any more is no error."""
    try:
        status = httpx2.delete(url, timeout=_DELETE_SECONDS / 2).status_code
    except httpx2.HTTPError as error:
        raise _unusable(type(error).__name__) from None  # its text may hold the signature
    if status == httpx2.codes.FORBIDDEN:
        raise _refused()
    if status != httpx2.codes.NOT_FOUND and not httpx2.codes.is_success(status):
        raise _unusable(f"status {status}")


def _opened(url: str) -> Any:
    timeout = timedelta(seconds=_TIMEOUT_SECONDS)
    return S3Store.from_url(
        url, client_options={"timeout": timeout, "allow_http": True},
        retry_config={"max_retries": 4, "retry_timeout": timeout},
    )  # fmt: skip


def _place(sha256: str) -> str:
    return f"{check_name(sha256)[:2]}/{sha256}"


def _pieces(stream: Any, sha256: str) -> Iterator[bytes]:
    with _sentences(sha256):
        for chunk in stream:
            yield bytes(chunk)


@contextmanager
def _sentences(sha256: str) -> Iterator[None]:
    """The library's errors as sentences; they may hold the request, so only their kind is told."""
    try:
        yield
    except FileNotFoundError:
        raise DamagedBlob(
            f"The stored bytes {sha256[:12]}… are not there.", "upload them again, or restore a backup"
        ) from None
    except (PermissionDeniedError, UnauthenticatedError):
        raise _refused() from None
    except BaseError as error:
        raise _unusable(type(error).__name__) from None


def _refused() -> MachineError:
    return MachineError(
        "The S3 bucket refused the request.", "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the bucket's policy"
    )


def _unusable(what: str) -> MachineError:
    return MachineError(
        f"The S3 bucket could not be used ({what}).",
        "check blob_url, AWS_ENDPOINT_URL and AWS_REGION, and whether it can be reached",
    )
