"""Uploaded files: bytes with a purpose. Their bytes are the reference ("file", id, "content")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, bindparam, or_, select, update

from tunesmith.core.ids import new_id
from tunesmith.store import blob_references
from tunesmith.store.blob_references import BlobRef
from tunesmith.store.paging import Page, fetch_page
from tunesmith.store.tables import files

CONTENT = "content"


@dataclass(frozen=True, slots=True)
class File:
    """One row; store.tables says what the columns mean."""

    id: str
    project_id: str
    filename: str
    purpose: str
    num_bytes: int
    sha256: str
    status: Literal["uploaded", "processed", "error"]
    status_details: str | None
    created_at: int
    expires_at: int | None

    @classmethod
    def of(cls, row: Row[Any]) -> File:
        """Of a row of ``_COLUMNS``."""
        values: tuple[Any, ...] = tuple(row)
        return cls(*values)


_COLUMNS = tuple(files.c[field.name] for field in fields(File))


def create(
    connection: Connection, project_id: str, *, filename: str, purpose: str, num_bytes: int, sha256: str, now: float,
    expires_at: int | None = None,
) -> File:  # fmt: skip
    """A file whose bytes have been put."""
    row = {
        "id": new_id("file-"), "project_id": project_id, "filename": filename, "purpose": purpose,
        "num_bytes": num_bytes, "sha256": sha256, "status": "processed", "created_at": int(now), "expires_at": expires_at,
    }  # fmt: skip
    file = File.of(connection.execute(files.insert().values(row).returning(*_COLUMNS)).one())
    blob_references.refer(connection, "file", file.id, [BlobRef(CONTENT, sha256, num_bytes)], now)
    return file


def get(connection: Connection, project_id: str, file_id: str, now: float) -> File | None:
    row = connection.execute(_ONE, {"file": file_id, "project": project_id, "now": int(now)}).one_or_none()
    return None if row is None else File.of(row)


def list_page(
    connection: Connection, project_id: str, *, now: float, after: str | None = None, limit: int = 10_000,
    newest_first: bool = True, purpose: str | None = None,
) -> Page[File]:  # fmt: skip
    query = _ALL if purpose is None else _ALL.where(files.c.purpose == purpose)
    page = fetch_page(
        connection, query, files, after=after, limit=limit, newest_first=newest_first, cursors=_OWN,
        values={"project": project_id, "now": int(now)},
    )  # fmt: skip
    return Page([File.of(row) for row in page.items], page.has_more)


def find(connection: Connection, project_id: str, sha256: str, now: float) -> File | None:
    """The newest file of these bytes."""
    query = _alive(project_id, now).where(files.c.sha256 == sha256).order_by(files.c.seq.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else File.of(row)


def of_same_bytes(connection: Connection, project_id: str, file_ids: Sequence[str]) -> list[tuple[File, bool]]:
    """These files and the project's others of the same bytes, oldest first, each with whether it was deleted since."""
    own = select(files.c.sha256).where(files.c.project_id == project_id, files.c.id.in_(file_ids))
    query = select(*_COLUMNS, files.c.deleted_at.is_not(None)).where(
        files.c.project_id == project_id, files.c.sha256.in_(own)
    )
    return [
        (File(*values), bool(is_deleted)) for *values, is_deleted in connection.execute(query.order_by(files.c.seq))
    ]


def delete(connection: Connection, project_id: str, file_id: str, now: float) -> bool:
    """Whether there was such a file. Jobs that use it have references of their own."""
    alive = _alive(project_id, now).with_only_columns(files.c.id).where(files.c.id == file_id)
    gone = connection.execute(update(files).where(files.c.id.in_(alive)).values(deleted_at=int(now)))
    if gone.rowcount == 0:
        return False
    blob_references.drop(connection, "file", file_id)
    return True


def expire(
    connection: Connection,
    now: float,
    limit: int = 1000,
    forget: Callable[[Connection, str, str], object] = lambda *_: None,
) -> int:
    """Let go of the bytes of files that have expired; → how many files. ``forget`` is told of each, with its project."""
    due = select(files.c.id, files.c.project_id).where(files.c.deleted_at.is_(None), files.c.expires_at <= int(now))
    found = connection.execute(due.limit(limit)).all()
    for file_id, project_id in found:
        connection.execute(update(files).where(files.c.id == file_id).values(deleted_at=int(now)))
        blob_references.drop(connection, "file", file_id)
        forget(connection, project_id, file_id)
    return len(found)


def _alive(project_id: str, now: float) -> Select[Any]:
    not_expired = or_(files.c.expires_at.is_(None), files.c.expires_at > int(now))
    return select(*_COLUMNS).where(files.c.project_id == project_id, files.c.deleted_at.is_(None), not_expired)


# Built once: the reads that are asked most.
_OWN = select(*_COLUMNS).where(files.c.project_id == bindparam("project"))
_ALL = _OWN.where(
    files.c.deleted_at.is_(None), or_(files.c.expires_at.is_(None), files.c.expires_at > bindparam("now"))
)
_ONE = _ALL.where(files.c.id == bindparam("file"))
