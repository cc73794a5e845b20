"""Blobs that no row needs any more are removed, after a time of grace.

A blob is put before its reference is written, so a young blob without one may be on its way in. The time
between the two is seconds; the grace is a day. Removal goes in this order: in one write transaction, see
that no reference names the blob and take its row away; then look at the blob's age again, which a put makes
young, and remove the bytes. A put that comes between that look and the removal would have to take longer
than it takes to unlink a file, while its own reference comes later still: ``refer`` writes the row anew, and
a reader that misses the bytes says so aloud (DamagedBlob) instead of handing out others.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from tunesmith.store import files, idempotency, uploads
from tunesmith.store.blobs import Blobs
from tunesmith.store.db import Database
from tunesmith.store.tables import blob_references, blobs

GRACE_SECONDS = 86_400.0
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Collected:
    num_files: int
    num_uploads: int
    num_blobs: int


def collect(database: Database, store: Blobs, now: float, grace_seconds: float = GRACE_SECONDS) -> Collected:
    """End what has expired, then remove the blobs that nothing needs."""
    with database.write() as connection:
        num_files, num_uploads = files.expire(connection, now), uploads.expire(connection, now)
        idempotency.forget_old(connection, now)
    num_blobs = 0
    for sha256 in _unneeded(database, store, now, grace_seconds):
        with _last_look(database, sha256) as is_free:
            if is_free and _is_old(store, sha256, now, grace_seconds):
                store.delete(sha256)
                num_blobs += 1
    return Collected(num_files, num_uploads, num_blobs)


def _unneeded(database: Database, store: Blobs, now: float, grace_seconds: float) -> Iterator[str]:
    for sha256 in store.names():
        if _is_old(store, sha256, now, grace_seconds):
            yield sha256


@contextmanager
def _last_look(database: Database, sha256: str) -> Iterator[bool]:
    """Whether nothing needs the blob; nobody can begin to while the caller removes it."""
    with database.write() as connection:
        if is_needed(connection, sha256):
            yield False
            return
        connection.execute(delete(blobs).where(blobs.c.sha256 == sha256))
        yield True


def is_needed(connection: Connection, sha256: str) -> bool:
    named = select(blob_references.c.seq).where(blob_references.c.sha256 == sha256).limit(1)
    return connection.execute(named).first() is not None


def _is_old(store: Blobs, sha256: str, now: float, grace_seconds: float) -> bool:
    age = store.age_seconds(sha256, now)
    return age is not None and age > grace_seconds
