"""``GET /v1/files/{file_id}/version``: what a file was made of, and by what. An extension."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.responses import Response

from tunesmith.api.auth import NoId, permit
from tunesmith.api.files import FileId, no_such_file
from tunesmith.api.job_figures_wire import MadeByWire, ParentWire
from tunesmith.api.services import ServicesOf
from tunesmith.api.wire import Wire, answer
from tunesmith.store import file_versions, files
from tunesmith.store.principals import Action, Principal

router = APIRouter(tags=["Data"])


class FileVersionWire(Wire):
    """What a file is made of. An uploaded file has no parents and no operations."""

    object: Literal["file.version"] = "file.version"
    file_id: Annotated[str, NoId("the file that was asked for")]
    sha256: str
    num_bytes: int
    num_rows: int | None
    parents: list[ParentWire]
    operations: list[MadeByWire]
    licence: str | None
    source: str | None


@router.get("/v1/files/{file_id}/version", response_model=FileVersionWire)
def retrieve_file_version(
    file_id: FileId, principal: Annotated[Principal, permit(Action.FILE_READ)], services: ServicesOf
) -> Response:
    """What the file was made of, and by what."""
    now = services.now()
    with services.database.read() as connection:
        file = files.get(connection, principal.project_id, file_id, now)
        if file is None:
            raise no_such_file(file_id)
        version = file_versions.of(connection, [file.id]).get(file.id)
        made = version or {"num_rows": None, "parents": [], "operations": [], "licence": None, "source": None}
        parents = [_parent(connection, principal, each, now) for each in made["parents"]]
    return answer(
        FileVersionWire(
            file_id=file.id, sha256=file.sha256, num_bytes=file.num_bytes, num_rows=made["num_rows"],
            parents=parents, operations=made["operations"], licence=made["licence"], source=made["source"],
        )
    )  # fmt: skip


def _parent(connection: Connection, principal: Principal, parent: Mapping[str, str], now: float) -> ParentWire:
    file = files.find(connection, principal.project_id, parent["sha256"], now)
    is_training_data = file is not None and file.purpose == "fine-tune"
    return ParentWire(
        name=parent["name"], sha256=parent["sha256"], file_id=file and file.id, is_training_data=is_training_data
    )
