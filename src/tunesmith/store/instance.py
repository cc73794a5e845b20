"""Facts of the whole installation, each made once and never changed."""

from __future__ import annotations

import secrets
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, func, select

from tunesmith.core.ids import new_id
from tunesmith.store.db import Database, take_turns
from tunesmith.store.tables import instance, workers

_ORGANIZATION = "organization_id"
# What never changes is asked of each database once: committed values only.
_KNOWN: WeakKeyDictionary[Engine, str] = WeakKeyDictionary()


def organization_id(connection: Connection) -> str:
    """``org-…``, the same for ever; the connection must be a writer's where nobody asked before."""
    known = _KNOWN.get(connection.engine)
    if known is not None:
        return known
    found = connection.execute(select(instance.c.value).where(instance.c.key == _ORGANIZATION)).scalar_one_or_none()
    if found is not None:
        return str(found)
    take_turns(connection, _ORGANIZATION)
    found = connection.execute(select(instance.c.value).where(instance.c.key == _ORGANIZATION)).scalar_one_or_none()
    if found is None:
        found = new_id("org-")
        connection.execute(instance.insert().values(key=_ORGANIZATION, value=found))
    return str(found)


def read_organization_id(database: Database) -> str:
    """The same for a caller without a transaction."""
    with database.read() as connection:
        found = connection.execute(select(instance.c.value).where(instance.c.key == _ORGANIZATION)).scalar_one_or_none()
    if found is None:
        with database.write() as connection:
            found = organization_id(connection)
    _KNOWN[database.engine] = str(found)
    return str(found)


def surrogate_key(connection: Connection, project_id: str) -> str:
    """What a project's surrogates of personal data are drawn by, the same for ever: hex. Within a writer's transaction."""
    name = f"surrogate_key {project_id}"[:64]
    take_turns(connection, name)
    found = connection.execute(select(instance.c.value).where(instance.c.key == name)).scalar_one_or_none()
    if found is None:
        found = secrets.token_hex(32)
        connection.execute(instance.insert().values(key=name, value=found))
    return str(found)


def newest_sight_of_a_worker(connection: Connection) -> int | None:
    """When a worker last showed itself; None where none ever did."""
    seen_at = connection.execute(select(func.max(workers.c.seen_at))).scalar_one()
    return None if seen_at is None else int(seen_at)
