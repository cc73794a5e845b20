"""A request that is sent again with the same ``Idempotency-Key`` makes nothing a second time.

Within one transaction: ``find`` (which gives what was made, or takes the turn), make, ``remember``.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from tunesmith.core.errors import UserError
from tunesmith.store.db import take_turns
from tunesmith.store.tables import idempotency_keys

KEPT_SECONDS = 24 * 3600


class KeyReused(UserError):
    """The key was used for another request."""


def find(connection: Connection, project_id: str, key: str, request_hash: str) -> str | None:
    """The id of what the key made; raises KeyReused where that was another request.

    Another request with the key waits here until this transaction ends.
    """
    take_turns(connection, f"idempotency {project_id} {key}")
    row = connection.execute(
        select(idempotency_keys.c.request_hash, idempotency_keys.c.object_id).where(
            idempotency_keys.c.project_id == project_id, idempotency_keys.c.key == key
        )
    ).one_or_none()
    if row is None:
        return None
    if row.request_hash != request_hash:
        raise KeyReused("This Idempotency-Key was used for another request.", "use a new key for each new request")
    return str(row.object_id)


def remember(connection: Connection, project_id: str, key: str, request_hash: str, object_id: str, now: float) -> None:
    values = {"project_id": project_id, "key": key, "request_hash": request_hash, "object_id": object_id}
    connection.execute(idempotency_keys.insert().values(**values, created_at=int(now)))


def forget_old(connection: Connection, now: float) -> int:
    """Keys older than a day; → how many."""
    old = idempotency_keys.c.created_at < int(now) - KEPT_SECONDS
    return int(connection.execute(idempotency_keys.delete().where(old)).rowcount)
