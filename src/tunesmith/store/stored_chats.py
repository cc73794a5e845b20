"""Chat completions that were asked to be kept: what was asked and what was answered, until somebody deletes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, cast, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import JSONB

from tunesmith.store import audit
from tunesmith.store.paging import Page, fetch_page
from tunesmith.store.tables import stored_chats

# The audit log's name of a deletion; its detail holds the place, so that a client may delete as it pages.
DELETE = "stored_chat.delete"


@dataclass(frozen=True, slots=True)
class StoredChat:
    """One row; store.tables says what the columns mean."""

    seq: int
    id: str
    project_id: str
    model: str
    created_at: int
    metadata: Mapping[str, str] | None
    messages: Sequence[Mapping[str, Any]]
    completion: Mapping[str, Any]

    @classmethod
    def of(cls, row: Row[Any]) -> StoredChat:
        return cls(**{field.name: getattr(row, field.name) for field in fields(cls)})


def create(
    connection: Connection, project_id: str, *, id: str, model: str, metadata: Mapping[str, str] | None,
    messages: Sequence[Mapping[str, Any]], completion: Mapping[str, Any], now: float,
) -> StoredChat:  # fmt: skip
    row = {
        "id": id, "project_id": project_id, "model": model, "created_at": int(now),
        "metadata": None if metadata is None else dict(metadata),
        "messages": [dict(message) for message in messages], "completion": dict(completion),
    }  # fmt: skip
    return StoredChat.of(connection.execute(stored_chats.insert().values(row).returning(*stored_chats.c)).one())


def get(connection: Connection, project_id: str, id: str) -> StoredChat | None:
    row = connection.execute(select(stored_chats).where(_is(project_id, id))).one_or_none()
    return None if row is None else StoredChat.of(row)


def list_page(
    connection: Connection, project_id: str, *, model: str | None = None, metadata: Mapping[str, str] | None = None,
    after: str | None = None, limit: int = 20, newest_first: bool = False,
) -> Page[StoredChat]:  # fmt: skip
    """Those of this model with all the pairs of ``metadata``; raises UnknownCursor."""
    query = select(stored_chats).where(stored_chats.c.project_id == project_id)
    if model is not None:
        query = query.where(stored_chats.c.model == model)
    for key, value in (metadata or {}).items():
        query = query.where(_has_pair(connection, key, value))
    page = fetch_page(
        connection, query, stored_chats, after=after, limit=limit, newest_first=newest_first,
        place_of_deleted=lambda id: _place_of_deleted(connection, project_id, id),
    )  # fmt: skip
    return Page([StoredChat.of(row) for row in page.items], page.has_more)


def set_metadata(
    connection: Connection, project_id: str, id: str, metadata: Mapping[str, str] | None
) -> StoredChat | None:
    """None where the project has no such completion."""
    changed = update(stored_chats).where(_is(project_id, id))
    changed = changed.values(metadata=None if metadata is None else dict(metadata))
    row = connection.execute(changed.returning(*stored_chats.c)).one_or_none()
    return None if row is None else StoredChat.of(row)


def remove(connection: Connection, project_id: str, id: str) -> int | None:
    """Its place in the list, for the audit log's ``detail["place"]``; None where there was none."""
    gone = delete(stored_chats).where(_is(project_id, id)).returning(stored_chats.c.seq)
    place: int | None = connection.execute(gone).scalar_one_or_none()
    return place


def _place_of_deleted(connection: Connection, project_id: str, id: str) -> int | None:
    """Nothing of a deleted completion is kept but what the audit log noted."""
    places = (detail.get("place") for detail in audit.details(connection, project_id, DELETE, id))
    return next(places, None)


def _is(project_id: str, id: str) -> ColumnElement[bool]:
    return (stored_chats.c.project_id == project_id) & (stored_chats.c.id == id)


def _has_pair(connection: Connection, key: str, value: str) -> ColumnElement[bool]:
    """Both travel as bound values: a key may hold quotes, which a JSON path would not survive."""
    if connection.dialect.name == "postgresql":
        return cast(stored_chats.c.metadata, JSONB).contains({key: value})
    pair = func.json_each(stored_chats.c.metadata).table_valued("key", "value")
    return exists().where(pair.c.key == key, pair.c.value == value)
