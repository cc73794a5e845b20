"""``GET /v1/data/operations/{operation_id}/affected``: where a person's rows went: files, jobs, models. An extension.

Asked of a ``find_person`` operation. Nothing of the person is told: which files, how many rows, and what was made of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.responses import Response

from tunesmith.api.auth import NoId, permit
from tunesmith.api.data_operations import OperationId, find_operation
from tunesmith.api.errors import ApiError, bad_request
from tunesmith.api.services import ServicesOf
from tunesmith.api.wire import Wire, answer
from tunesmith.store import file_versions, files, lineage
from tunesmith.store.operations import Operation, State
from tunesmith.store.principals import Action, Principal

router = APIRouter(tags=["Data"])

_KIND = "find_person"


class FileWithRowsWire(Wire):
    """A file that was searched and speaks of the person, or one of the same bytes."""

    file_id: Annotated[str, NoId("said, not asked")]
    filename: str
    num_rows: int
    is_deleted: bool


class FileMadeWire(Wire):
    """A file that was made of one with such rows. ``made_by``: what was done to it on the way, oldest first; whether the
    person is still in it, a search of it says."""

    file_id: Annotated[str, NoId("said, not asked")]
    filename: str
    made_by: Sequence[str]
    is_deleted: bool


class JobTaughtWire(Wire):
    """A job that trained or validated on one of these files, or went on from a model that did (``started_from``), and
    which of its models and checkpoints are still there."""

    job_id: Annotated[str, NoId("said, not asked")]
    status: str
    training_file: Annotated[str, NoId("said, not asked")]
    validation_file: Annotated[str, NoId("said, not asked")] | None
    started_from: str | None
    models: Sequence[str]
    checkpoints: Sequence[str]


class AffectedWire(Wire):
    object: Literal["data.affected"] = "data.affected"
    operation_id: Annotated[str, NoId("the operation that was asked for")]
    files: Sequence[FileWithRowsWire]
    files_made: Sequence[FileMadeWire]
    jobs: Sequence[JobTaughtWire]


@router.get("/v1/data/operations/{operation_id}/affected", response_model=AffectedWire)
def list_affected_by_data_operation(
    operation_id: OperationId, principal: Annotated[Principal, permit(Action.FILE_READ)], services: ServicesOf
) -> Response:
    """The files with the person's rows, what was made of them at any depth, and the jobs and models that saw any of it."""
    with services.database.read() as connection:
        operation = find_operation(connection, principal, operation_id)
        return answer(_affected(connection, operation, _rows_of_inputs(operation)))


def _rows_of_inputs(operation: Operation) -> Mapping[str, int]:
    """Rows by file id, of the files that have any. Raises ApiError where the operation cannot say."""
    if operation.kind != _KIND:
        raise bad_request(f"Only {_KIND} looks for a person; this operation is {operation.kind}.", "operation_id")
    if operation.state is not State.SUCCEEDED:
        raise ApiError(409, "The operation has found nothing until it has succeeded.", code="operation_not_succeeded")
    if operation.result is None:
        raise ApiError(
            409, "A file that was searched has been deleted, and what was found went with it. Search the others again.",
            code="result_is_gone",
        )  # fmt: skip
    counted = zip(operation.input_file_ids, operation.result["rows_of_inputs"], strict=True)
    return {file_id: count for file_id, count in counted if count}


def _affected(connection: Connection, operation: Operation, num_rows: Mapping[str, int]) -> AffectedWire:
    project_id = operation.project_id
    with_rows = files.of_same_bytes(connection, project_id, list(num_rows))
    by_bytes = {file.sha256: num_rows[file.id] for file, _ in with_rows if file.id in num_rows}
    made = [
        each for each in file_versions.made_of(connection, project_id, by_bytes) if each.sha256 not in by_bytes
    ]  # fmt: skip
    affected = {file.id for file, _ in with_rows} | {each.id for each in made}
    return AffectedWire(
        operation_id=operation.id,
        files=[
            FileWithRowsWire(
                file_id=file.id, filename=file.filename, num_rows=by_bytes[file.sha256], is_deleted=is_deleted
            )
            for file, is_deleted in with_rows
        ],
        files_made=[
            FileMadeWire(file_id=each.id, filename=each.filename, made_by=each.made_by, is_deleted=each.is_deleted)
            for each in made
        ],
        jobs=[
            JobTaughtWire(
                job_id=each.job_id, status=each.state.on_wire, training_file=each.training_file_id,
                validation_file=each.validation_file_id, started_from=each.started_from, models=each.models,
                checkpoints=each.checkpoints,
            )
            for each in lineage.taught_by(connection, project_id, affected)
        ],
    )  # fmt: skip
