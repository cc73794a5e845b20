"""Who did what: one row an act, written in the act's own transaction. Holds names and ids, never content or keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Row, select

from tunesmith.core.ids import new_id
from tunesmith.store.paging import Page, fetch_page
from tunesmith.store.principals import Principal
from tunesmith.store.tables import audit_log


@dataclass(frozen=True, slots=True)
class Entry:
    seq: int
    id: str
    at: int
    project_id: str | None
    member_id: str | None
    key_id: str | None
    action: str
    object_id: str | None
    request_id: str | None
    detail: Mapping[str, Any] | None

    @classmethod
    def of(cls, row: Row[Any]) -> Entry:
        return cls(**{field.name: getattr(row, field.name) for field in fields(cls)})


def record(
    connection: Connection, principal: Principal | None, action: str, object_id: str | None, now: float,
    request_id: str | None = None, detail: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """``principal`` is None where the operator acted on this machine, without a key."""
    who = (
        {"project_id": principal.project_id, "member_id": principal.member_id, "key_id": principal.key_id}
        if principal
        else {}
    )
    what = {"action": action, "object_id": object_id, "request_id": request_id, "detail": dict(detail or {}) or None}
    connection.execute(audit_log.insert().values(id=new_id("audit_log-"), at=int(now), **who, **what))


def record_made(
    connection: Connection, project_id: str, member_id: str | None, file_id: str, operation: str, kind: str, now: float
) -> None:
    """A file that an operation made, in the name of whoever asked for that."""
    detail = {"operation": operation, "kind": kind}
    who = {"project_id": project_id, "member_id": member_id}
    what = {"action": "file.create", "object_id": file_id, "detail": detail}
    connection.execute(audit_log.insert().values(id=new_id("audit_log-"), at=int(now), **who, **what))


def details(connection: Connection, project_id: str, action: str, object_id: str) -> Iterator[Mapping[str, Any]]:
    """What was noted of such acts on that object in the project, newest first."""
    found = select(audit_log.c.detail).where(
        audit_log.c.project_id == project_id, audit_log.c.action == action, audit_log.c.object_id == object_id
    )
    for detail in connection.execute(found.order_by(audit_log.c.seq.desc())).scalars():
        yield detail or {}


def list_entries(
    connection: Connection, project_id: str | None, *, actions: Sequence[str] | None = None, after: str | None = None,
    limit: int = 20,
) -> Page[Entry]:  # fmt: skip
    """Newest first; of every project where ``project_id`` is None. Raises UnknownCursor."""
    query = select(*audit_log.c)
    if project_id is not None:
        query = query.where(audit_log.c.project_id == project_id)
    if actions:
        query = query.where(audit_log.c.action.in_(actions))
    page = fetch_page(connection, query, audit_log, after=after, limit=limit, newest_first=True)
    return Page([Entry.of(row) for row in page.items], page.has_more)
