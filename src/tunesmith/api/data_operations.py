"""``/v1/data/operations``: data files converted, cleaned, split …, in the background, into new files. An extension."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Header, Query
from pydantic import Field
from sqlalchemy import Connection
from starlette.responses import Response

from tunesmith.api.auth import IdOf, NoId, RequestId, permit
from tunesmith.api.errors import ApiError, Refusals, bad_request, not_found
from tunesmith.api.services import Services, ServicesOf
from tunesmith.api.wire import ListOf, RequestBody, Wire, answer
from tunesmith.core.errors import Problems
from tunesmith.specs.data_operations import KINDS, NUM_INPUTS, parse_settings, reads_anything
from tunesmith.store import audit, files, idempotency, operations
from tunesmith.store.files import File
from tunesmith.store.operations import MoveRefused, Operation
from tunesmith.store.principals import Action, Principal

router = APIRouter(tags=["Data"])

OperationId = Annotated[str, IdOf("operation")]
Reader = Annotated[Principal, permit(Action.FILE_READ)]
Writer = Annotated[Principal, permit(Action.FILE_WRITE)]
_MOST_INPUTS: Final = 100


class OperationCreate(RequestBody):
    kind: Annotated[str, Field(min_length=1, max_length=64, examples=["split"])]
    input_file_ids: Annotated[list[Annotated[str, IdOf("file")]], Field(min_length=1, max_length=_MOST_INPUTS)]
    settings: dict[str, Any] = Field(default_factory=dict)


class OperationErrorWire(Wire):
    code: str
    message: str


class OperationWire(Wire):
    """``problems`` are the first of what gave no row, and of what was noticed; ``counts`` has everything. Once it has
    succeeded, ``output_file_ids`` are the files that it made, and ``num_items`` says how long its list is. ``result`` is what
    it found out besides: a format and why, a guessed mapping, figures."""

    id: Annotated[str, NoId("this operation's own")]
    object: Literal["data.operation"] = "data.operation"
    kind: str
    settings: dict[str, Any]
    status: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    progress: float
    input_file_ids: list[Annotated[str, NoId("the files that were asked for")]]
    output_file_ids: list[Annotated[str, NoId("the files that it made")]]
    counts: dict[str, int]
    problems: list[dict[str, Any]]
    num_items: int
    result: dict[str, Any] | None
    error: OperationErrorWire | None
    created_at: int
    started_at: int | None
    finished_at: int | None


@router.post("/v1/data/operations", response_model=OperationWire)
def create_data_operation(
    body: OperationCreate, principal: Writer, services: ServicesOf, request_id: RequestId,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> Response:  # fmt: skip
    """Ask again for its status until it has ended; it makes new files and changes none."""
    settings = _settings(body)
    with services.database.write() as connection:
        made = _create(connection, services, principal, body, settings, request_id, idempotency_key)
    return answer(_on_wire(made))


@router.get("/v1/data/operations", response_model=ListOf[OperationWire])
def list_data_operations(
    principal: Reader, services: ServicesOf, after: Annotated[str | None, IdOf("operation")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20, kind: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:  # fmt: skip
    if kind is not None and kind not in KINDS:
        raise bad_request(f"There is no operation {kind!r}; there are {', '.join(KINDS)}.", "kind")
    with services.database.read() as connection:
        page = operations.list_page(connection, principal.project_id, after=after, limit=limit, kind=kind)
    return answer(ListOf[OperationWire](data=[_on_wire(each) for each in page.items], has_more=page.has_more))


@router.get("/v1/data/operations/{operation_id}", response_model=OperationWire)
def retrieve_data_operation(operation_id: OperationId, principal: Reader, services: ServicesOf) -> Response:
    with services.database.read() as connection:
        return answer(_on_wire(find_operation(connection, principal, operation_id)))


@router.post("/v1/data/operations/{operation_id}/cancel", response_model=OperationWire)
def cancel_data_operation(
    operation_id: OperationId, principal: Writer, services: ServicesOf, request_id: RequestId
) -> Response:
    """Nothing of it stays: it has made no file until it has succeeded. One that has ended stays as it is, and is given so."""
    now = services.now()
    try:
        with services.database.write() as connection:
            cancelled = operations.cancel(connection, principal.project_id, operation_id, now)
            if cancelled is None:
                raise _no_operation(operation_id)
            audit.record(connection, principal, "operation.cancel", operation_id, now, request_id)
    except MoveRefused as refused:
        # It may have ended while the request was on its way: nobody can know, and there is nothing left to cancel.
        return answer(_on_wire(refused.operation))
    return answer(_on_wire(cancelled))


def _settings(body: OperationCreate) -> dict[str, Any]:
    """With every default written out; raises ApiError 400 with all that is wrong."""
    try:
        settings = parse_settings(body.kind, body.settings)
    except Problems as error:
        raise Refusals(
            [bad_request(f"{each.path}: {each.message} ({each.hint})", each.path, each.rule) for each in error.problems]
        ) from None
    least, most = NUM_INPUTS[body.kind]
    if not least <= len(body.input_file_ids) <= most:
        how_many = f"{most} file{'s' if most > 1 else ''}" if least == most else f"{least} to {most} files"
        raise bad_request(f"{body.kind} takes {how_many}.", "input_file_ids")
    return settings.model_dump(mode="json")


def _create(
    connection: Connection, services: Services, principal: Principal, body: OperationCreate, settings: dict[str, Any],
    request_id: str | None, idempotency_key: str | None,
) -> Operation:  # fmt: skip
    """Raises ApiError 400 with every file that is not there. The same Idempotency-Key gives the same again."""
    project_id, now = principal.project_id, services.now()
    said = json.dumps([body.kind, body.input_file_ids, settings], sort_keys=True)
    request_hash = hashlib.sha256(f"POST /v1/data/operations {said}".encode()).hexdigest()
    if idempotency_key is not None:
        made = idempotency.find(connection, project_id, idempotency_key, request_hash)
        existing = None if made is None else operations.get(connection, project_id, made)
        if existing is not None:
            return existing
    found = _input_files(connection, project_id, body, settings, now)
    operation = operations.create(
        connection, project_id, member_id=principal.member_id, kind=body.kind, settings=settings, input_files=found,
        now=now,
    )  # fmt: skip
    audit.record(connection, principal, "operation.create", operation.id, now, request_id, {"kind": body.kind})
    if idempotency_key is not None:
        idempotency.remember(connection, project_id, idempotency_key, request_hash, operation.id, now)
    return operation


def _input_files(
    connection: Connection, project_id: str, body: OperationCreate, settings: Mapping[str, Any], now: float
) -> list[File]:
    takes_any = reads_anything(body.kind, settings)
    found = [(file_id, files.get(connection, project_id, file_id, now)) for file_id in body.input_file_ids]
    problems = [problem for file_id, file in found if (problem := _file_problem(file_id, file, body.kind, takes_any))]
    if problems:
        raise Refusals([bad_request(problem, "input_file_ids", "invalid_file") for problem in problems])
    return [file for _, file in found if file is not None]


def _file_problem(file_id: str, file: File | None, kind: str, takes_any: bool) -> str | None:
    if file is None:
        return f"There is no file {file_id}."
    if file.purpose != "fine-tune" and not takes_any:
        return f"{kind} reads training data, and {file_id} has the purpose {file.purpose}; convert it first."
    return None


def find_operation(connection: Connection, principal: Principal, operation_id: str) -> Operation:
    """Raises ApiError 404."""
    found = operations.get(connection, principal.project_id, operation_id)
    if found is None:
        raise _no_operation(operation_id)
    return found


def _no_operation(operation_id: str) -> ApiError:
    return not_found(f"There is no operation {operation_id}.", param="operation_id", code="operation_not_found")


def _on_wire(operation: Operation) -> OperationWire:
    return OperationWire(
        id=operation.id,
        kind=operation.kind,
        settings=dict(operation.settings),
        status=operation.state.value,
        progress=operation.progress,
        input_file_ids=list(operation.input_file_ids),
        output_file_ids=list(operation.output_file_ids or ()),
        counts=dict(operation.counts or {}),
        problems=[dict(each) for each in operation.problems or ()],
        num_items=operation.num_items,
        result=None if operation.result is None else dict(operation.result),
        error=None if operation.error is None else OperationErrorWire(**operation.error),
        created_at=operation.created_at,
        started_at=operation.started_at,
        finished_at=operation.finished_at,
    )
