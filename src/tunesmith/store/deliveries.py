"""What must be told to the outside: rows written in the transaction of what happened, sent later by a worker.

At least once: a delivery that was sent and not noted is sent again under the same id, which its receiver
may know it by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select, update

from tunesmith.core.ids import new_id
from tunesmith.store import webhooks
from tunesmith.store.jobs import Job
from tunesmith.store.tables import deliveries

# A delivery that is claimed counts as lost after this long, and is claimed again.
CLAIM_SECONDS = 120.0
LONGEST_WAIT_SECONDS = 2 * 86400.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row; store.tables says what the columns mean."""

    id: str
    project_id: str
    kind: str
    target_id: str
    event_type: str
    payload: Mapping[str, Any]
    num_attempts: int
    next_attempt_at: float
    created_at: int

    @classmethod
    def of(cls, row: Row[Any]) -> Delivery:
        return cls(**{field.name: getattr(row, field.name) for field in fields(cls)})


def enqueue_job_ended(connection: Connection, job: Job, event_type: str, now: float) -> None:
    """For every webhook endpoint that wants to hear of it, and for the member whose job it is."""
    enqueue_event(connection, job.project_id, event_type, job.id, now)
    if job.member_id is not None:
        facts = {
            "job_id": job.id, "model": job.model, "state": event_type.rsplit(".", 1)[-1], "error": job.error,
            "fine_tuned_model": job.fine_tuned_model, "created_at": job.created_at, "started_at": job.started_at,
            "finished_at": job.finished_at, "suffix": job.suffix,
        }  # fmt: skip
        _add(connection, job.project_id, "email", job.member_id, event_type, facts, now)


def enqueue_event(connection: Connection, project_id: str, event_type: str, object_id: str, now: float) -> None:
    """One event for all endpoints of the project that want to hear of it."""
    event_id = new_id("evt_")
    for endpoint in webhooks.list_for(connection, project_id, event_type):
        payload = event_payload(event_id, event_type, object_id, now)
        _add(connection, project_id, "webhook", endpoint.id, event_type, payload, now)


def event_payload(event_id: str, event_type: str, object_id: str, now: float) -> dict[str, Any]:
    return {
        "id": event_id, "object": "event", "created_at": int(now), "type": event_type, "data": {"id": object_id},
    }  # fmt: skip


def is_any_due(connection: Connection, now: float) -> bool:
    return connection.execute(select(deliveries.c.id).where(_is_due(now)).limit(1)).first() is not None


def claim_due(connection: Connection, now: float) -> Delivery | None:
    """The delivery that has waited longest beyond its time, now the caller's for CLAIM_SECONDS."""
    query = select(deliveries.c.id).where(_is_due(now)).order_by(deliveries.c.next_attempt_at, deliveries.c.seq)
    found = connection.execute(query.limit(1).with_for_update(skip_locked=True)).scalar_one_or_none()
    if found is None:
        return None
    statement = (
        update(deliveries)
        .where(deliveries.c.id == found, _is_due(now))
        .values(next_attempt_at=now + CLAIM_SECONDS, num_attempts=deliveries.c.num_attempts + 1)
        .returning(*deliveries.c)
    )
    row = connection.execute(statement).one_or_none()
    return None if row is None else Delivery.of(row)


def delivered(connection: Connection, delivery: Delivery) -> None:
    _settle(connection, delivery, state="delivered", last_error=None)


def failed(connection: Connection, delivery: Delivery, reason: str, *, retry_at: float | None) -> None:
    """It did not arrive; without ``retry_at`` for good."""
    if retry_at is None:
        _settle(connection, delivery, state="failed", last_error=reason)
    else:
        _settle(connection, delivery, state="pending", last_error=reason, next_attempt_at=retry_at)


def _settle(connection: Connection, delivery: Delivery, **values: Any) -> None:
    """Only while it is the caller's: another one may have claimed it meanwhile."""
    mine = (deliveries.c.id == delivery.id, deliveries.c.num_attempts == delivery.num_attempts)
    connection.execute(update(deliveries).where(*mine, deliveries.c.state == "pending").values(values))


def forget(connection: Connection, before: float) -> int:
    """Those that ended one way or the other and are older; how many."""
    statement = deliveries.delete().where(deliveries.c.state != "pending", deliveries.c.created_at < before)
    return connection.execute(statement).rowcount


def _is_due(now: float) -> ColumnElement[bool]:
    """A clock that was set back delays nothing for long: no wait lasts as long as LONGEST_WAIT_SECONDS."""
    is_time = (deliveries.c.next_attempt_at <= now) | (deliveries.c.next_attempt_at > now + LONGEST_WAIT_SECONDS)
    return (deliveries.c.state == "pending") & is_time


def _add(
    connection: Connection, project_id: str, kind: str, target_id: str, event_type: str, payload: Mapping[str, Any],
    now: float,
) -> None:  # fmt: skip
    connection.execute(
        deliveries.insert().values(
            id=new_id("msg_"), project_id=project_id, kind=kind, target_id=target_id, event_type=event_type,
            payload=dict(payload), state="pending", next_attempt_at=now, created_at=int(now),
        )
    )  # fmt: skip
