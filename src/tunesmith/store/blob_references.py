"""Which rows need which blobs. A blob lives as long as a reference names it, and a while after it was announced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from tunesmith.store.tables import blob_references, blobs

OwnerType = Literal["file", "upload_part", "job", "model", "checkpoint", "resume_state"]


@dataclass(frozen=True, slots=True)
class BlobRef:
    """One file of an owner: its name there, and its bytes."""

    name: str
    sha256: str
    num_bytes: int


def announce(connection: Connection, sha256: str, num_bytes: int, now: float) -> None:
    """Say that the blob is about to be put, in a transaction that ends before a byte is kept."""
    _note(connection, [{"sha256": sha256, "num_bytes": num_bytes, "created_at": int(now)}])


def refer(connection: Connection, owner_type: OwnerType, owner_id: str, refs: Sequence[BlobRef], now: float) -> None:
    """Note that the owner needs these blobs, which have been put. A name that it has already is replaced."""
    if not refs:
        return
    # In one order, so that two transactions that name the same blobs wait for each other, never both at once.
    sizes = {ref.sha256: ref.num_bytes for ref in sorted(refs, key=lambda ref: ref.sha256)}
    _note(connection, [{"sha256": name, "num_bytes": size, "created_at": int(now)} for name, size in sizes.items()])
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


def forget(connection: Connection, sha256: str, before: float) -> bool:
    """Whether the blob is still unneeded; then its row is gone, and nobody can announce it until this transaction ends."""
    # Two statements: what the second one sees was committed before the first one got the lock.
    held = select(blobs.c.sha256).where(blobs.c.sha256 == sha256, blobs.c.created_at < before).with_for_update()
    if connection.execute(held).first() is None or _is_needed(connection, sha256):
        return False
    connection.execute(delete(blobs).where(blobs.c.sha256 == sha256))
    return True


def _is_needed(connection: Connection, sha256: str) -> bool:
    named = select(blob_references.c.seq).where(blob_references.c.sha256 == sha256).limit(1)
    return connection.execute(named).first() is not None


def _note(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Locks the rows until the transaction ends; waits for one that is being forgotten, and writes it anew."""
    noted = _dialect(connection).insert(blobs)
    young = {"created_at": noted.excluded.created_at}
    connection.execute(noted.on_conflict_do_update(index_elements=["sha256"], set_=young), rows)


def _dialect(connection: Connection) -> Any:
    return sqlite if connection.dialect.name == "sqlite" else postgresql


def _of_name(owner_type: OwnerType, owner_id: str, name: str) -> tuple[ColumnElement[bool], ...]:
    return _of(owner_type, owner_id), blob_references.c.name == name


def _of(owner_type: OwnerType, owner_id: str) -> ColumnElement[bool]:
    return and_(blob_references.c.owner_type == owner_type, blob_references.c.owner_id == owner_id)
