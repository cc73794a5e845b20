"""Blobs that no row needs any more are removed, after a time of grace; so is what has expired.

Bytes are put before a reference can name them, so a blob without one may be on its way in, and the same bytes
may be put anew while an old copy is about to go. Why nothing is lost:

1. Whoever puts a blob first announces it: its row gets the present time, committed before a byte is kept.
2. A blob older than the grace that no reference names is condemned, in a transaction of its own: from then on a
   reference to it is refused, until it is announced anew.
3. A second transaction deletes the row, if it is condemned still, and then the bytes while it holds the row's lock.
   So a put that announced before that made the row young, and the blob stays; one that announces later waits
   until the bytes are gone, and puts its own. In both orders the put wins.
4. A reference is written while its blob's row is locked too: it finds the row, neither gone nor condemned, and the
   row's bytes are there.
5. The lock ends early where the collector is stopped for so long that the database gives it up
   (``db.HELD_SECONDS``). Once it goes on, it would delete what has been put anew meanwhile; ``Blobs.removal``
   prevents that, each store in its own way: in a folder the put waits until the collector goes on or dies, and a
   bucket refuses a deletion that comes after its time.

A process that dies in between leaves a condemned row that nothing names, with or without bytes; the next put of
them, or the next collection, mends it.

What the database never heard of is not touched: a folder or bucket beside the wrong database loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from tunesmith.store import blob_references, files, idempotency, operations, uploads
from tunesmith.store.blobs import Blobs
from tunesmith.store.db import Database

GRACE_SECONDS = 86_400.0
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Collected:
    num_files: int
    num_uploads: int
    num_blobs: int


def collect(database: Database, store: Blobs, now: float, grace_seconds: float = GRACE_SECONDS) -> Collected:
    """End what has expired, then remove the blobs that nothing needs."""
    num_files = _until_done(
        database, lambda connection: files.expire(connection, now, _AT_ONCE, operations.forget_lists)
    )
    num_uploads = _until_done(database, lambda connection: uploads.expire(connection, now, _AT_ONCE))
    with database.write() as connection:
        idempotency.forget_old(connection, now)
    num_blobs = 0
    for sha256 in _candidates(database, now - grace_seconds):
        num_blobs += _remove(database, store, sha256, now - grace_seconds)
    return Collected(num_files, num_uploads, num_blobs)


def _remove(database: Database, store: Blobs, sha256: str, before: float) -> bool:
    """Whether it was unneeded still, and is gone."""
    with database.write() as connection:
        if not blob_references.condemn(connection, sha256, before):
            return False
    with store.removal(sha256) as delete:
        if delete is None:
            return False
        with database.write() as connection:
            if not blob_references.forget(connection, sha256):
                return False
            delete()
    return True


def _until_done(database: Database, expire: Callable[[Connection], int]) -> int:
    """In short transactions, so that others get their turn."""
    total = 0
    while True:
        with database.write() as connection:
            num = expire(connection)
        total += num
        if num < _AT_ONCE:
            return total


def _candidates(database: Database, before: float) -> Iterator[str]:
    last = ""
    while True:
        with database.read() as connection:
            found = blob_references.unneeded(connection, before, last, _AT_ONCE)
        yield from found
        if len(found) < _AT_ONCE:
            return
        last = found[-1]
