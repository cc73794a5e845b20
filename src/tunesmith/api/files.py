"""Files: bytes with a purpose. Uploads go to the disk as they come; contents are read from there."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Header, Query, Request
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from tunesmith.api.auth import IdOf, RequestId, permit
from tunesmith.api.content import content_of
from tunesmith.api.errors import ApiError, bad_request, not_found
from tunesmith.api.multipart import Received, receive
from tunesmith.api.services import Services, ServicesOf
from tunesmith.api.wire import ListOf, Wire, absent, answer
from tunesmith.store import audit, files, idempotency, operations
from tunesmith.store.principals import Action, Principal

router = APIRouter()

Purpose = Literal["assistants", "batch", "fine-tune", "vision", "user_data", "evals"]
PURPOSES: Final = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")
BATCH_EXPIRES_AFTER_SECONDS: Final = 30 * 86400
SHORTEST_EXPIRY_SECONDS, LONGEST_EXPIRY_SECONDS = 3600, 2_592_000

FileId = Annotated[str, IdOf("file")]
IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=255)]


class FileObject(Wire):
    id: str
    object: Literal["file"] = "file"
    bytes: int
    created_at: int
    expires_at: int | None = absent()
    filename: str
    purpose: str
    status: Literal["uploaded", "processed", "error"]
    status_details: str | None = absent()


class FileList(ListOf[FileObject]):
    first_id: str | None
    last_id: str | None


class FileDeleted(Wire):
    id: str
    object: Literal["file"] = "file"
    deleted: bool


_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "purpose"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "purpose": {"type": "string", "enum": list(PURPOSES)},
                        "expires_after[anchor]": {"type": "string", "enum": ["created_at"]},
                        "expires_after[seconds]": {
                            "type": "integer",
                            "minimum": SHORTEST_EXPIRY_SECONDS,
                            "maximum": LONGEST_EXPIRY_SECONDS,
                        },
                    },
                }
            }
        },
    }
}


@router.post("/v1/files", response_model=FileObject, openapi_extra=_FORM)
async def create_file(
    request: Request,
    services: ServicesOf,
    principal: Annotated[Principal, permit(Action.FILE_WRITE)],
    request_id: RequestId,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    path = await run_in_threadpool(services.blobs.new_temporary)
    received = await receive(request, path, file_field="file", most_bytes=services.settings.max_file_bytes)
    try:
        return await run_in_threadpool(_keep, received, services, principal, request_id, idempotency_key)
    finally:
        await run_in_threadpool(received.path.unlink, missing_ok=True)


@router.get("/v1/files", response_model=FileList)
def list_files(
    services: ServicesOf, principal: Annotated[Principal, permit(Action.FILE_READ)],
    after: FileId | None = None, limit: Annotated[int, Query(ge=1, le=10_000)] = 10_000,
    order: Literal["asc", "desc"] = "desc", purpose: str | None = None,
) -> Response:  # fmt: skip
    with services.database.read() as connection:
        page = files.list_page(
            connection, principal.project_id, now=services.now(), after=after, limit=limit,
            newest_first=order == "desc", purpose=purpose,
        )  # fmt: skip
    items = [on_wire(file) for file in page.items]
    first, last = (items[0].id, items[-1].id) if items else (None, None)
    return answer(FileList(data=items, has_more=page.has_more, first_id=first, last_id=last))


@router.get("/v1/files/{file_id}", response_model=FileObject)
def retrieve_file(
    file_id: FileId, services: ServicesOf, principal: Annotated[Principal, permit(Action.FILE_READ)]
) -> Response:
    return answer(on_wire(_found(services, principal, file_id)))


@router.delete("/v1/files/{file_id}", response_model=FileDeleted)
def delete_file(
    file_id: FileId,
    services: ServicesOf,
    principal: Annotated[Principal, permit(Action.FILE_DELETE)],
    request_id: RequestId,
) -> Response:
    """A job that uses the file keeps its bytes until it has ended."""
    now = services.now()
    with services.database.write() as connection:
        file = files.get(connection, principal.project_id, file_id, now)
        if file is None or not files.delete(connection, principal.project_id, file_id, now):
            raise no_such_file(file_id)
        operations.forget_lists(connection, principal.project_id, file_id)
        audit.record(connection, principal, "file.delete", file_id, now, request_id)
    services.reports.forget(principal.project_id, file.sha256)
    return answer(FileDeleted(id=file_id, deleted=True))


_BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_RANGE = {
    "parameters": [
        {"name": "Range", "in": "header", "description": "One range, such as bytes=0-99.", "schema": {"type": "string"}}
    ]
}


@router.get(
    "/v1/files/{file_id}/content",
    response_class=StreamingResponse,
    responses={200: {"content": _BYTES}, 206: {"description": "The range asked for", "content": _BYTES}},
    openapi_extra=_RANGE,
)
def retrieve_content(
    file_id: FileId,
    request: Request,
    services: ServicesOf,
    principal: Annotated[Principal, permit(Action.FILE_READ)],
) -> Response:
    file = _found(services, principal, file_id)
    return content_of(file, services.blobs, request.headers, body=request.method != "HEAD")


def on_wire(file: files.File) -> FileObject:
    return FileObject.model_construct(
        id=file.id, bytes=file.num_bytes, created_at=file.created_at, expires_at=file.expires_at, filename=file.filename,
        purpose=file.purpose, status=file.status, status_details=file.status_details,
    )  # fmt: skip


def no_such_file(file_id: str) -> ApiError:
    return not_found(f"No such File object: {file_id}", param="id")


def check_purpose(purpose: str | None) -> str:
    if purpose is None:
        raise ApiError(
            400, "Missing required parameter: 'purpose'.", param="purpose", code="missing_required_parameter"
        )
    if purpose not in PURPOSES:
        raise bad_request(
            f"Invalid value for 'purpose': found {purpose[:100]!r}; supported values are {', '.join(PURPOSES)}.",
            "purpose", "invalid_value",
        )  # fmt: skip
    return purpose


def check_name(filename: str, purpose: str, param: str = "file") -> None:
    """The SDK sends bare bytes under the name ``upload``."""
    if purpose == "fine-tune" and not filename.lower().endswith(".jsonl") and filename != "upload":
        raise bad_request("Invalid file format for Fine-Tuning API. Must be .jsonl", param)


def check_first_lines(head: bytes, purpose: str) -> None:
    """The old upload check, on the first lines: every line is a JSON dictionary. The job judges the whole file."""
    if purpose not in ("fine-tune", "batch"):
        return
    lines = head.removeprefix(b"\xef\xbb\xbf").splitlines()
    for number, line in enumerate(lines[:5], start=1):
        if line.strip() and not line.lstrip().startswith(b"{"):
            raise bad_request(
                "Expected file to have JSONL format, where every line is a JSON dictionary. "
                f"Line {number} is not a dictionary.", "file", "invalid_jsonl",
            )  # fmt: skip


def expiry_of(seconds: int | None, purpose: str, now: float) -> int | None:
    if seconds is None:
        return int(now) + BATCH_EXPIRES_AFTER_SECONDS if purpose == "batch" else None
    return int(now) + seconds


def _keep(
    received: Received, services: Services, principal: Principal, request_id: str, idempotency_key: str | None
) -> Response:
    purpose = check_purpose(received.fields.get("purpose"))
    _check_fields(received.fields)
    check_name(received.filename, purpose)
    if received.num_bytes == 0:
        raise bad_request("The file is empty.", "file")
    check_first_lines(received.head, purpose)
    seconds = _expires_after(received.fields)
    services.blobs.put_file(received.path, received.sha256)
    now, project_id = services.now(), principal.project_id
    request_hash = _fingerprint(received, purpose, seconds)
    with services.database.write() as connection:
        if idempotency_key is not None:
            made = _made_before(connection, project_id, idempotency_key, request_hash, now)
            if made is not None:
                return answer(on_wire(made))
        file = files.create(
            connection, project_id, filename=received.filename, purpose=purpose, num_bytes=received.num_bytes,
            sha256=received.sha256, now=now, expires_at=expiry_of(seconds, purpose, now),
        )  # fmt: skip
        audit.record(connection, principal, "file.create", file.id, now, request_id, {"purpose": purpose})
        if idempotency_key is not None:
            idempotency.remember(connection, project_id, idempotency_key, request_hash, file.id, now)
    return answer(on_wire(file))


def _fingerprint(received: Received, purpose: str, expires_after_seconds: int | None) -> str:
    parts = ("POST /v1/files", purpose, received.filename, received.sha256, expires_after_seconds)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _made_before(
    connection: Connection, project_id: str, key: str, request_hash: str, now: float
) -> files.File | None:  # fmt: skip
    """What the key made; raises ApiError 400 where that is gone."""
    made = idempotency.find(connection, project_id, key, request_hash)
    if made is None:
        return None
    file = files.get(connection, project_id, made, now)
    if file is None:
        raise bad_request(f"This Idempotency-Key made {made}, which has been deleted since; use a new key.")
    return file


_EXPIRY_FIELD = re.compile(r"expires_after(?:\[(anchor|seconds)\]|\.(anchor|seconds))")


def _check_fields(fields: Mapping[str, str]) -> None:
    unknown = [name for name in fields if name != "purpose" and not _EXPIRY_FIELD.fullmatch(name)]
    if unknown:
        raise bad_request(
            f"Unrecognized request argument supplied: {unknown[0][:100]}.", unknown[0][:100], "unknown_parameter"
        )


def _expires_after(fields: Mapping[str, str]) -> int | None:
    given = {}
    for name, value in fields.items():
        match = _EXPIRY_FIELD.fullmatch(name)
        if match:
            given[match[1] or match[2]] = value
    if not given:
        return None
    if given.get("anchor", "created_at") != "created_at" or "seconds" not in given:
        raise bad_request("expires_after needs anchor 'created_at' and seconds.", "expires_after")
    seconds = given["seconds"]
    if (
        not (seconds.isascii() and seconds.isdecimal())
        or not SHORTEST_EXPIRY_SECONDS <= int(seconds[:20]) <= LONGEST_EXPIRY_SECONDS
    ):
        raise bad_request(
            f"Invalid value for 'expires_after[seconds]': found {seconds[:40]!r}; it should be from "
            f"{SHORTEST_EXPIRY_SECONDS} to {LONGEST_EXPIRY_SECONDS}.", "expires_after", "invalid_value",
        )  # fmt: skip
    return int(seconds)


def _found(services: Services, principal: Principal, file_id: str) -> files.File:
    with services.database.read() as connection:
        file = files.get(connection, principal.project_id, file_id, services.now())
    if file is None:
        raise no_such_file(file_id)
    return file
