"""What happened to a job, sentence by sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from sqlalchemy import Connection, Row, exists, select
from sqlalchemy.dialects import postgresql, sqlite

from tunesmith.core.ids import new_id
from tunesmith.store.paging import Page, fetch_page
from tunesmith.store.tables import job_events, jobs

Level = Literal["info", "warn", "error"]
Kind = Literal["message", "metrics"]


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One row; store.tables says what the columns mean."""

    seq: int
    id: str
    job_id: str
    created_at: int
    level: Level
    type: Kind
    message: str
    data: Mapping[str, Any] | None

    @classmethod
    def of(cls, row: Row[Any]) -> JobEvent:
        return cls(**{field.name: getattr(row, field.name) for field in fields(cls)})


def add(
    connection: Connection, job_id: str, *, message: str, now: float, level: Level = "info", type: Kind = "message",
    data: Mapping[str, Any] | None = None, once: str | None = None,
) -> None:  # fmt: skip
    """What carries a ``once`` that the job has said already is not said again."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = {
        "id": new_id("ftevent-"), "job_id": job_id, "created_at": int(now), "level": level, "type": type,
        "message": message, "data": None if data is None else dict(data), "once": once,
    }  # fmt: skip
    connection.execute(insert(job_events).values(row).on_conflict_do_nothing(index_elements=["job_id", "once"]))


def list_page(
    connection: Connection, project_id: str, job_id: str, *, after: str | None = None, limit: int = 20
) -> Page[JobEvent]:
    """Newest first; raises UnknownCursor. Empty for another project's job."""
    is_own = exists().where(jobs.c.id == job_events.c.job_id, jobs.c.project_id == project_id)
    query = select(job_events).where(job_events.c.job_id == job_id, is_own)
    page = fetch_page(connection, query, job_events, after=after, limit=limit, newest_first=True)
    return Page([JobEvent.of(row) for row in page.items], page.has_more)
