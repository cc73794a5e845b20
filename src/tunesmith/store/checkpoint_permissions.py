"""Which other projects may chat with a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Row, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from tunesmith.core.ids import new_id
from tunesmith.store import audit
from tunesmith.store.paging import Page, fetch_page
from tunesmith.store.tables import checkpoint_permissions, projects

# The audit log's name of it; its detail holds the permission's id and place, so that a client may revoke as it pages.
REVOKE = "checkpoint.unshare"


@dataclass(frozen=True, slots=True)
class CheckpointPermission:
    """One row; store.tables says what the columns mean."""

    seq: int
    id: str
    project_id: str
    checkpoint_name: str
    granted_project_id: str
    created_at: int

    @classmethod
    def of(cls, row: Row[Any]) -> CheckpointPermission:
        return cls(**{field.name: getattr(row, field.name) for field in fields(cls)})


def unknown_projects(connection: Connection, project_ids: list[str]) -> list[str]:
    """Those that do not exist, or are archived."""
    known = select(projects.c.id).where(projects.c.id.in_(project_ids), projects.c.archived_at.is_(None))
    there = set(connection.execute(known).scalars())
    return [project_id for project_id in project_ids if project_id not in there]


def grant(
    connection: Connection, project_id: str, checkpoint_name: str, granted_project_id: str, now: float
) -> CheckpointPermission:
    """The permission; the one that is there already where it was given before."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = {
        "id": new_id("cp_"), "project_id": project_id, "checkpoint_name": checkpoint_name,
        "granted_project_id": granted_project_id, "created_at": int(now),
    }  # fmt: skip
    pair = ["checkpoint_name", "granted_project_id"]
    connection.execute(insert(checkpoint_permissions).values(row).on_conflict_do_nothing(index_elements=pair))
    given = select(checkpoint_permissions).where(
        checkpoint_permissions.c.checkpoint_name == checkpoint_name,
        checkpoint_permissions.c.granted_project_id == granted_project_id,
    )
    return CheckpointPermission.of(connection.execute(given).one())


def list_page(
    connection: Connection, project_id: str, checkpoint_name: str, *, after: str | None = None, limit: int = 10,
    newest_first: bool = True, granted_project_id: str | None = None,
) -> Page[CheckpointPermission]:  # fmt: skip
    """Raises UnknownCursor. Empty for another project's checkpoint."""
    query = select(checkpoint_permissions).where(
        checkpoint_permissions.c.project_id == project_id, checkpoint_permissions.c.checkpoint_name == checkpoint_name
    )
    if granted_project_id is not None:
        query = query.where(checkpoint_permissions.c.granted_project_id == granted_project_id)
    page = fetch_page(
        connection, query, checkpoint_permissions, after=after, limit=limit, newest_first=newest_first,
        place_of_deleted=lambda id: _place_of_revoked(connection, project_id, checkpoint_name, id),
    )  # fmt: skip
    return Page([CheckpointPermission.of(row) for row in page.items], page.has_more)


def revoke(connection: Connection, project_id: str, checkpoint_name: str, permission_id: str) -> int | None:
    """Its place in the list, for the audit log's ``detail["place"]``; None where there was none."""
    place: int | None = connection.execute(
        delete(checkpoint_permissions)
        .where(
            checkpoint_permissions.c.id == permission_id,
            checkpoint_permissions.c.project_id == project_id,
            checkpoint_permissions.c.checkpoint_name == checkpoint_name,
        )
        .returning(checkpoint_permissions.c.seq)
    ).scalar_one_or_none()
    return place


def _place_of_revoked(connection: Connection, project_id: str, checkpoint_name: str, permission_id: str) -> int | None:
    """Nothing of a revoked permission is kept but what the audit log noted."""
    noted = audit.details(connection, project_id, REVOKE, checkpoint_name)
    return next((detail.get("place") for detail in noted if detail.get("permission_id") == permission_id), None)
