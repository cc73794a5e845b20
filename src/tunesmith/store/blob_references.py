"""Which rows need which blobs. A blob lives as long as a reference names it, and a while after it was announced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from tunesmith.core.errors import MachineError
from tunesmith.store.tables import blob_references, blobs

OwnerType = Literal["file", "upload_part", "job", "model", "checkpoint", "resume_state", "operation"]

# Stands for created_at in the row of a blob whose bytes are about to be deleted, or are deleted already.
CONDEMNED_AT = -1


class BlobGone(MachineError):
    """Nobody named the blob for so long that it was collected."""


@dataclass(frozen=True, slots=True)
class BlobRef:
    """One file of an owner: its name there, and its bytes."""

    name: str
    sha256: str
    num_bytes: int


def announce(connection: Connection, sha256: str, num_bytes: int, now: float) -> None:
    """Say that the blob is about to be put, in a transaction that ends before a byte is kept.

    Waits for one that is being forgotten, and writes its row anew.
    """
    noted = _dialect(connection).insert(blobs).values(sha256=sha256, num_bytes=num_bytes, created_at=int(now))
    young = {"created_at": noted.excluded.created_at}
    connection.execute(noted.on_conflict_do_update(index_elements=["sha256"], set_=young))


def refer(connection: Connection, owner_type: OwnerType, owner_id: str, refs: Sequence[BlobRef], now: float) -> None:
    """Note that the owner needs these blobs, which have been put. A name that it has already is replaced.

    Raises BlobGone where one of them has been collected since: nothing may point at bytes that are not there.
    """
    if not refs:
        return
    _hold(connection, {ref.sha256 for ref in refs}, now)
    added = _dialect(connection).insert(blob_references)
    connection.execute(
        added.on_conflict_do_update(
            index_elements=["owner_type", "owner_id", "name"],
            set_={"sha256": added.excluded.sha256, "num_bytes": added.excluded.num_bytes},
        ),
        [
            {"owner_type": owner_type, "owner_id": owner_id, "name": ref.name, "sha256": ref.sha256, "num_bytes": ref.num_bytes}
            for ref in refs
        ],
    )  # fmt: skip


def drop(connection: Connection, owner_type: OwnerType, owner_id: str) -> None:
    """The owner needs its blobs no longer."""
    connection.execute(delete(blob_references).where(_of(owner_type, owner_id)))


def of(connection: Connection, owner_type: OwnerType, owner_id: str) -> tuple[BlobRef, ...]:
    """The owner's files, by name."""
    columns = (blob_references.c.name, blob_references.c.sha256, blob_references.c.num_bytes)
    rows = connection.execute(select(*columns).where(_of(owner_type, owner_id)).order_by(blob_references.c.name))
    return tuple(BlobRef(*row) for row in rows)


def copy(
    connection: Connection, from_type: OwnerType, from_id: str, name: str, to_type: OwnerType, to_id: str, to_name: str
) -> BlobRef | None:
    """Let another owner need the same blob, under a name of its own; None where there is none."""
    # Locked, so that it cannot be dropped, and its blob collected, before the copy is there.
    found = (
        select(blob_references.c.sha256, blob_references.c.num_bytes)
        .where(*_of_name(from_type, from_id, name))
        .with_for_update(read=True)
    )
    row = connection.execute(found).one_or_none()
    if row is None:
        return None
    values = {"owner_type": to_type, "owner_id": to_id, "name": to_name}
    connection.execute(insert(blob_references).values(**values, sha256=row.sha256, num_bytes=row.num_bytes))
    return BlobRef(to_name, row.sha256, row.num_bytes)


def unneeded(connection: Connection, before: float, after: str, limit: int) -> list[str]:
    """Blobs beyond ``after`` in the order of their names, announced before that time, that no reference names."""
    named = exists().where(blob_references.c.sha256 == blobs.c.sha256)
    found = select(blobs.c.sha256).where(blobs.c.created_at < before, blobs.c.sha256 > after, ~named)
    return list(connection.execute(found.order_by(blobs.c.sha256).limit(limit)).scalars())


def condemn(connection: Connection, sha256: str, before: float) -> bool:
    """Whether the blob is still unneeded; from this transaction's end on nothing can refer to it until it is put anew."""
    # Two statements: what the second one sees was committed before the first one got the lock.
    held = select(blobs.c.sha256).where(blobs.c.sha256 == sha256, blobs.c.created_at < before).with_for_update()
    if connection.execute(held).first() is None or _is_needed(connection, sha256):
        return False
    connection.execute(update(blobs).where(blobs.c.sha256 == sha256).values(created_at=CONDEMNED_AT))
    return True


def forget(connection: Connection, sha256: str) -> bool:
    """Whether nobody announced it since it was condemned; then its row is gone, and nobody can announce it until this
    transaction ends."""
    gone = delete(blobs).where(blobs.c.sha256 == sha256, blobs.c.created_at == CONDEMNED_AT)
    return connection.execute(gone).rowcount == 1


def _is_needed(connection: Connection, sha256: str) -> bool:
    named = select(blob_references.c.seq).where(blob_references.c.sha256 == sha256).limit(1)
    return connection.execute(named).first() is not None


def _hold(connection: Connection, names: set[str], now: float) -> None:
    """Locks the rows until the transaction ends, and makes them young; raises BlobGone."""
    # In one order, so that two transactions that name the same blobs wait for each other, never both at once.
    found = select(blobs.c.sha256).where(blobs.c.sha256.in_(names), blobs.c.created_at != CONDEMNED_AT)
    there = set(connection.execute(found.order_by(blobs.c.sha256).with_for_update()).scalars())
    if gone := sorted(names - there):
        raise BlobGone(f"The stored bytes {gone[0][:12]}… were removed before anything named them.", "send them again")
    connection.execute(update(blobs).where(blobs.c.sha256.in_(names)).values(created_at=int(now)))


def _dialect(connection: Connection) -> Any:
    return sqlite if connection.dialect.name == "sqlite" else postgresql


def _of_name(owner_type: OwnerType, owner_id: str, name: str) -> tuple[ColumnElement[bool], ...]:
    return _of(owner_type, owner_id), blob_references.c.name == name


def _of(owner_type: OwnerType, owner_id: str) -> ColumnElement[bool]:
    return and_(blob_references.c.owner_type == owner_type, blob_references.c.owner_id == owner_id)
