"""Uploads: a file that arrives in parts, in any order. A part's bytes are the reference ("upload_part", id, "content")."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, select, update

from tunesmith.core.ids import new_id
from tunesmith.store import blob_references
from tunesmith.store.blob_references import BlobRef
from tunesmith.store.tables import upload_parts, uploads

LIFETIME_SECONDS = 3600

Status = Literal["pending", "completed", "cancelled", "expired"]


@dataclass(frozen=True, slots=True)
class Upload:
    """One row; store.tables says what the columns mean."""

    id: str
    project_id: str
    filename: str
    purpose: str
    num_bytes: int
    mime_type: str
    expires_after_seconds: int | None
    status: Status
    file_id: str | None
    created_at: int
    expires_at: int

    @classmethod
    def of(cls, row: Row[Any]) -> Upload:
        return cls(**{field.name: getattr(row, field.name) for field in fields(cls)})

    def status_at(self, now: float) -> Status:
        return "expired" if self.status == "pending" and now >= self.expires_at else self.status


@dataclass(frozen=True, slots=True)
class Part:
    id: str
    upload_id: str
    num_bytes: int
    sha256: str
    created_at: int


class NotPending(Exception):
    """The upload has ended; ``args[0]`` says how."""


def create(
    connection: Connection, project_id: str, *, filename: str, purpose: str, num_bytes: int, mime_type: str,
    expires_after_seconds: int | None, now: float,
) -> Upload:  # fmt: skip
    row = {
        "id": new_id("upload_"), "project_id": project_id, "filename": filename, "purpose": purpose,
        "num_bytes": num_bytes, "mime_type": mime_type, "expires_after_seconds": expires_after_seconds,
        "status": "pending", "created_at": int(now), "expires_at": int(now) + LIFETIME_SECONDS,
    }  # fmt: skip
    return Upload.of(connection.execute(uploads.insert().values(row).returning(*uploads.c)).one())


def get(connection: Connection, project_id: str, upload_id: str) -> Upload | None:
    found = select(uploads).where(uploads.c.id == upload_id, uploads.c.project_id == project_id)
    row = connection.execute(found).one_or_none()
    return None if row is None else Upload.of(row)


def add_part(connection: Connection, upload: Upload, *, num_bytes: int, sha256: str, now: float) -> Part:
    """A part whose bytes have been put; raises NotPending where the upload ended meanwhile."""
    _hold(connection, upload, now)
    part = Part(new_id("part_"), upload.id, num_bytes, sha256, int(now))
    connection.execute(
        upload_parts.insert().values(
            id=part.id,
            upload_id=part.upload_id,
            num_bytes=part.num_bytes,
            sha256=part.sha256,
            created_at=part.created_at,
        )
    )
    blob_references.refer(connection, "upload_part", part.id, [BlobRef("content", sha256, num_bytes)], now)
    return part


def parts_of(connection: Connection, upload: Upload, part_ids: Sequence[str]) -> list[Part] | None:
    """In the order asked for; None where one is not there."""
    columns = (
        upload_parts.c.id,
        upload_parts.c.upload_id,
        upload_parts.c.num_bytes,
        upload_parts.c.sha256,
        upload_parts.c.created_at,
    )
    rows = connection.execute(select(*columns).where(upload_parts.c.upload_id == upload.id))
    known = {row.id: Part(*row) for row in rows}
    if any(part_id not in known for part_id in part_ids):
        return None
    return [known[part_id] for part_id in part_ids]


def amount_of(connection: Connection, upload: Upload) -> tuple[int, int]:
    """How many parts it has, and their bytes."""
    amount = select(func.count(), func.coalesce(func.sum(upload_parts.c.num_bytes), 0))
    num_parts, num_bytes = connection.execute(amount.where(upload_parts.c.upload_id == upload.id)).one()
    return int(num_parts), int(num_bytes)


def complete(connection: Connection, upload: Upload, file_id: str, now: float) -> Upload:
    """Raises NotPending where the upload ended meanwhile: of several who try, one succeeds."""
    _hold(connection, upload, now)
    return _end(connection, upload, status="completed", file_id=file_id)


def cancel(connection: Connection, upload: Upload, now: float) -> Upload:
    _hold(connection, upload, now)
    return _end(connection, upload, status="cancelled")


def expire(connection: Connection, now: float, limit: int = 1000) -> int:
    """End uploads whose time is over and let go of their parts; → how many."""
    due = select(uploads).where(uploads.c.status == "pending", uploads.c.expires_at <= int(now)).limit(limit)
    late = [Upload.of(row) for row in connection.execute(due)]
    for upload in late:
        with suppress(NotPending):  # completed in the last moment, by a transaction that this one waited for
            _hold(connection, upload, upload.created_at)
            _end(connection, upload, status="expired")
    return len(late)


def _hold(connection: Connection, upload: Upload, now: float) -> None:
    """Keep others from ending it until the transaction ends; a row that is written is locked on both databases."""
    held = update(uploads).where(uploads.c.id == upload.id).values(mime_type=upload.mime_type).returning(*uploads.c)
    status = Upload.of(connection.execute(held).one()).status_at(now)
    if status != "pending":
        raise NotPending(status)


def _end(connection: Connection, upload: Upload, **values: str) -> Upload:
    ended = update(uploads).where(uploads.c.id == upload.id).values(**values).returning(*uploads.c)
    for part_id in (
        connection.execute(select(upload_parts.c.id).where(upload_parts.c.upload_id == upload.id)).scalars().all()
    ):
        blob_references.drop(connection, "upload_part", part_id)
    return Upload.of(connection.execute(ended).one())
