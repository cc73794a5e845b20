"""Which rows need which blobs. A blob lives as long as a reference names it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from tunesmith.store.tables import blob_references, blobs

OwnerType = Literal["file", "upload_part", "job", "model", "checkpoint", "resume_state"]


@dataclass(frozen=True, slots=True)
class BlobRef:
    """One file of an owner: its name there, and its bytes."""

    name: str
    sha256: str
    num_bytes: int


def refer(connection: Connection, owner_type: OwnerType, owner_id: str, refs: Sequence[BlobRef], now: float) -> None:
    """Note that the owner needs these blobs, which have been put. A name that it has already is replaced."""
    if not refs:
        return
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    known = [{"sha256": ref.sha256, "num_bytes": ref.num_bytes, "created_at": int(now)} for ref in refs]
    noted = dialect.insert(blobs)
    connection.execute(
        noted.on_conflict_do_update(index_elements=["sha256"], set_={"created_at": noted.excluded.created_at}), known
    )
    added = dialect.insert(blob_references)
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
    found = next((ref for ref in of(connection, from_type, from_id) if ref.name == name), None)
    if found is None:
        return None
    ref = BlobRef(to_name, found.sha256, found.num_bytes)
    values = {"owner_type": to_type, "owner_id": to_id, "name": to_name}
    connection.execute(insert(blob_references).values(**values, sha256=ref.sha256, num_bytes=ref.num_bytes))
    return ref


def _of(owner_type: OwnerType, owner_id: str) -> ColumnElement[bool]:
    return and_(blob_references.c.owner_type == owner_type, blob_references.c.owner_id == owner_id)
