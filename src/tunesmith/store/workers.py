"""Which workers there are, and when each was last seen; for people and ``/healthz``, never for leases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from tunesmith.store.tables import workers


@dataclass(frozen=True, slots=True)
class Worker:
    id: str
    host: str
    started_at: int
    seen_at: int
    facts: Mapping[str, Any]


def register(connection: Connection, worker_id: str, *, host: str, facts: Mapping[str, Any], now: float) -> None:
    connection.execute(delete(workers).where(workers.c.id == worker_id))
    values = {"id": worker_id, "host": host, "started_at": int(now), "seen_at": int(now), "facts": dict(facts)}
    connection.execute(insert(workers).values(**values))


def seen(connection: Connection, worker_id: str, now: float) -> None:
    connection.execute(update(workers).where(workers.c.id == worker_id).values(seen_at=int(now)))


def remove(connection: Connection, worker_id: str) -> None:
    connection.execute(delete(workers).where(workers.c.id == worker_id))


def list_all(connection: Connection) -> tuple[Worker, ...]:
    rows = connection.execute(select(workers).order_by(workers.c.started_at, workers.c.id))
    return tuple(Worker(row.id, row.host, row.started_at, row.seen_at, row.facts) for row in rows)
