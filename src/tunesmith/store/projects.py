"""Projects: whose everything is. A project is archived, never deleted; its keys die with that."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Row, select

from tunesmith.core.errors import UserError
from tunesmith.core.ids import new_id
from tunesmith.store.db import take_turns
from tunesmith.store.paging import Page, fetch_page
from tunesmith.store.tables import keys, projects

NAME_PATTERN = r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$"


@dataclass(frozen=True, slots=True)
class Project:
    seq: int
    id: str
    name: str
    created_at: int
    archived_at: int | None

    @classmethod
    def of(cls, row: Row[Any]) -> Project:
        return cls(**{field.name: getattr(row, field.name) for field in fields(cls)})


class NameTaken(UserError):
    """Another project, perhaps an archived one, has the name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"A project named {name} exists already.", "choose another name")


def create_project(connection: Connection, *, name: str, now: float) -> Project:
    """Raises NameTaken, or UserError where the name does not fit into a model's name."""
    _check_name(connection, name)
    values = {"id": new_id("proj_"), "name": name, "created_at": int(now)}
    return Project.of(connection.execute(projects.insert().values(values).returning(*projects.c)).one())


def rename_project(connection: Connection, project_id: str, name: str) -> Project | None:
    """Models keep the names that they have; raises as ``create_project`` does."""
    current = get_project(connection, project_id)
    if current is None or current.name == name:
        return current
    _check_name(connection, name)
    connection.execute(projects.update().where(projects.c.id == project_id).values(name=name))
    return get_project(connection, project_id)


def archive_project(connection: Connection, project_id: str, now: float) -> Project | None:
    """It answers nobody from now on: its keys are revoked. What it holds stays."""
    current = get_project(connection, project_id)
    if current is None or current.archived_at is not None:
        return current
    connection.execute(projects.update().where(projects.c.id == project_id).values(archived_at=int(now)))
    connection.execute(
        keys.update().where(keys.c.project_id == project_id, keys.c.revoked_at.is_(None)).values(revoked_at=int(now))
    )
    return get_project(connection, project_id)


def get_project(connection: Connection, project_id: str) -> Project | None:
    row = connection.execute(select(*projects.c).where(projects.c.id == project_id)).one_or_none()
    return Project.of(row) if row else None


def find_project(connection: Connection, name: str) -> Project | None:
    row = connection.execute(select(*projects.c).where(projects.c.name == name)).one_or_none()
    return Project.of(row) if row else None


def list_projects(
    connection: Connection, *, after: str | None = None, limit: int = 20, include_archived: bool = False
) -> Page[Project]:
    """Oldest first; raises UnknownCursor."""
    query = select(*projects.c)
    if not include_archived:
        query = query.where(projects.c.archived_at.is_(None))
    page = fetch_page(connection, query, projects, after=after, limit=limit, newest_first=False)
    return Page([Project.of(row) for row in page.items], page.has_more)


def _check_name(connection: Connection, name: str) -> None:
    if not re.fullmatch(NAME_PATTERN, name):
        raise UserError(
            f"{name!r} cannot be a project's name, which is part of its models' names.",
            "use 1 to 64 lower-case letters, digits and hyphens, with no hyphen at either end",
        )
    take_turns(connection, f"project {name}")
    if find_project(connection, name) is not None:
        raise NameTaken(name)
