"""What the files that operations made are made of: data.versions.Version as JSON, with file ids beside the names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from tunesmith.store.tables import file_versions


def put(connection: Connection, file_id: str, operation_id: str | None, version: Mapping[str, Any]) -> None:
    values = {"file_id": file_id, "operation_id": operation_id, "version": dict(version)}
    connection.execute(file_versions.insert().values(values))


def of(connection: Connection, file_ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """By file id; files that were uploaded have none. The caller has made sure that the files are the project's."""
    if not file_ids:
        return {}
    query = select(file_versions.c.file_id, file_versions.c.version).where(file_versions.c.file_id.in_(file_ids))
    return {row.file_id: row.version for row in connection.execute(query)}
