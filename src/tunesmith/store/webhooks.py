"""Webhook endpoints: where a project wants to hear of what happens, and with which secret it is signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select, update

from tunesmith.core.ids import new_id
from tunesmith.core.standard_webhooks import SECRET_PREFIX, new_secret
from tunesmith.store.paging import Page, fetch_page
from tunesmith.store.tables import webhook_endpoints

OLD_SECRET_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """One row; store.tables says what the columns mean. ``secret`` leaves only at creation and rotation."""

    id: str
    project_id: str
    name: str
    url: str
    event_types: Sequence[str]
    secret: str = field(repr=False)
    old_secret: str | None = field(repr=False)
    old_secret_until_at: int | None
    created_at: int
    updated_at: int

    @classmethod
    def of(cls, row: Row[Any]) -> WebhookEndpoint:
        return cls(**{column.name: getattr(row, column.name) for column in fields(cls)})

    @property
    def secret_hint(self) -> str:
        """Enough to recognize the secret by."""
        return f"{SECRET_PREFIX}…{self.secret[-4:]}"

    def secrets_at(self, now: float) -> tuple[str, ...]:
        """What a message is signed with: for a day after a rotation that asked for it, the old secret too."""
        if self.old_secret is not None and self.old_secret_until_at is not None and now < self.old_secret_until_at:
            return self.secret, self.old_secret
        return (self.secret,)


def create(
    connection: Connection, project_id: str, *, name: str, url: str, event_types: Sequence[str], now: float
) -> WebhookEndpoint:
    row = {
        "id": new_id("we_"), "project_id": project_id, "name": name, "url": url, "event_types": list(event_types),
        "secret": new_secret(), "created_at": int(now), "updated_at": int(now),
    }  # fmt: skip
    return WebhookEndpoint.of(
        connection.execute(webhook_endpoints.insert().values(row).returning(*webhook_endpoints.c)).one()
    )


def get(connection: Connection, project_id: str, endpoint_id: str) -> WebhookEndpoint | None:
    row = connection.execute(_alive(project_id).where(webhook_endpoints.c.id == endpoint_id)).one_or_none()
    return None if row is None else WebhookEndpoint.of(row)


def list_page(
    connection: Connection, project_id: str, *, after: str | None, limit: int, newest_first: bool
) -> Page[WebhookEndpoint]:
    query = _alive(project_id)
    own = select(webhook_endpoints).where(webhook_endpoints.c.project_id == project_id)
    page = fetch_page(
        connection, query, webhook_endpoints, after=after, limit=limit, newest_first=newest_first, cursors=own
    )  # fmt: skip
    return Page([WebhookEndpoint.of(row) for row in page.items], page.has_more)


def list_for(connection: Connection, project_id: str, event_type: str) -> list[WebhookEndpoint]:
    """The endpoints that want to hear of this."""
    rows = connection.execute(_alive(project_id).order_by(webhook_endpoints.c.seq))
    return [WebhookEndpoint.of(row) for row in rows if event_type in row.event_types]


def change(
    connection: Connection, project_id: str, endpoint_id: str, *, now: float, name: str | None = None,
    url: str | None = None, event_types: Sequence[str] | None = None,
) -> WebhookEndpoint | None:  # fmt: skip
    """What is None stays as it is; ``updated_at`` too where nothing is new."""
    found = get(connection, project_id, endpoint_id)
    if found is None:
        return None
    given = {"name": name, "url": url, "event_types": None if event_types is None else list(event_types)}
    values = {key: value for key, value in given.items() if value is not None and value != getattr(found, key)}
    if not values:
        return found
    return _update(connection, project_id, endpoint_id, {**values, "updated_at": int(now)})


def rotate_secret(
    connection: Connection, project_id: str, endpoint_id: str, *, keep_old: bool, now: float
) -> WebhookEndpoint | None:
    found = get(connection, project_id, endpoint_id)
    if found is None:
        return None
    old = {"old_secret": found.secret, "old_secret_until_at": int(now) + OLD_SECRET_SECONDS}
    none = {"old_secret": None, "old_secret_until_at": None}
    values = {"secret": new_secret(), "updated_at": int(now), **(old if keep_old else none)}
    return _update(connection, project_id, endpoint_id, values)


def count(connection: Connection, project_id: str) -> int:
    return connection.execute(_alive(project_id).with_only_columns(func.count())).scalar_one()


def delete(connection: Connection, project_id: str, endpoint_id: str, now: float) -> bool:
    return _update(connection, project_id, endpoint_id, {"deleted_at": int(now)}) is not None


def _update(
    connection: Connection, project_id: str, endpoint_id: str, values: dict[str, Any]
) -> WebhookEndpoint | None:
    mine = (
        webhook_endpoints.c.id == endpoint_id,
        webhook_endpoints.c.project_id == project_id,
        webhook_endpoints.c.deleted_at.is_(None),
    )
    statement = update(webhook_endpoints).where(*mine).values(values).returning(*webhook_endpoints.c)
    row = connection.execute(statement).one_or_none()
    return None if row is None else WebhookEndpoint.of(row)


def _alive(project_id: str) -> Select[Any]:
    return select(webhook_endpoints).where(
        webhook_endpoints.c.project_id == project_id, webhook_endpoints.c.deleted_at.is_(None)
    )
