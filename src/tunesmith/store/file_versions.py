"""What the files that operations made are made of: data.versions.Version as JSON, with file ids beside the names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from tunesmith.store.tables import file_versions, files


@dataclass(frozen=True, slots=True)
class Descendant:
    """A file that was made of another one, perhaps over several; deleted since or not. ``made_by``: the names of what was
    done to it, from the first file on, oldest first."""

    id: str
    filename: str
    sha256: str
    made_by: tuple[str, ...]
    is_deleted: bool


def put(connection: Connection, file_id: str, operation_id: str | None, version: Mapping[str, Any]) -> None:
    values = {"file_id": file_id, "operation_id": operation_id, "version": dict(version)}
    connection.execute(file_versions.insert().values(values))


def of(connection: Connection, file_ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """By file id; files that were uploaded have none. The caller has made sure that the files are the project's."""
    if not file_ids:
        return {}
    query = select(file_versions.c.file_id, file_versions.c.version).where(file_versions.c.file_id.in_(file_ids))
    return {row.file_id: row.version for row in connection.execute(query)}


def made_by(connection: Connection, project_id: str, file_id: str) -> list[str]:
    """The names of what was done to the file and to those that it is made of, oldest first, each once."""
    found: list[str] = []
    seen, level = {file_id}, of(connection, [file_id])
    while level:
        found = [*(each["name"] for version in level.values() for each in version["operations"]), *found]
        above = {parent["sha256"] for version in level.values() for parent in version["parents"]}
        query = select(files.c.id).where(files.c.project_id == project_id, files.c.sha256.in_(above))
        fresh = [parent for parent in connection.execute(query).scalars() if parent not in seen]
        seen.update(fresh)
        level = of(connection, fresh)
    return list(dict.fromkeys(found))


def made_of(connection: Connection, project_id: str, hashes: Iterable[str]) -> list[Descendant]:
    """The project's files that were made of files of these bytes, at any depth, oldest first."""
    columns = (files.c.id, files.c.filename, files.c.sha256, files.c.deleted_at, file_versions.c.version)
    query = select(*columns).join(file_versions, file_versions.c.file_id == files.c.id)
    rows = connection.execute(query.where(files.c.project_id == project_id).order_by(files.c.seq)).all()
    steps: dict[str, tuple[str, ...]] = dict.fromkeys(hashes, ())
    found: dict[str, Descendant] = {}
    is_complete = False
    while not is_complete:  # bytes that were uploaded again may be younger than what was made of them
        is_complete = True
        for row in rows:
            parent = next((each["sha256"] for each in row.version["parents"] if each["sha256"] in steps), None)
            if parent is None or row.id in found:
                continue
            path = (*steps[parent], *(each["name"] for each in row.version["operations"]))
            found[row.id] = Descendant(row.id, row.filename, row.sha256, path, row.deleted_at is not None)
            steps.setdefault(row.sha256, path)
            is_complete = False
    return [found[row.id] for row in rows if row.id in found]
