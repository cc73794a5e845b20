"""Uploads: a large file in parts, which may come in any order and at the same time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Request
from pydantic import Field
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from tunesmith.api.auth import IdOf, RequestId, permit
from tunesmith.api.errors import ApiError, bad_request, not_found
from tunesmith.api.files import FileObject, IdempotencyKey, check_first_lines, check_name, expiry_of, on_wire
from tunesmith.api.multipart import HEAD_BYTES, WRITTEN_OUT_BYTES, Received, receive
from tunesmith.api.services import Services, ServicesOf
from tunesmith.api.wire import RequestBody, Wire, answer
from tunesmith.core import durable
from tunesmith.store import audit, files, idempotency, uploads
from tunesmith.store.principals import Action, Principal

router = APIRouter()

MOST_BYTES: Final = 8 << 30
MOST_PART_BYTES: Final = 64 << 20
# Parts may be sent again, but not without end.
MOST_PARTS: Final = 10_000

UploadId = Annotated[str, IdOf("upload")]


class ExpiresAfter(RequestBody):
    anchor: Literal["created_at"]
    seconds: Annotated[int, Field(ge=3600, le=2_592_000)]


class CreateUpload(RequestBody):
    filename: Annotated[str, Field(min_length=1, max_length=1024)]
    purpose: Literal["assistants", "batch", "fine-tune", "vision", "user_data", "evals"]
    bytes: Annotated[int, Field(ge=1, le=MOST_BYTES)]
    mime_type: Annotated[str, Field(min_length=1, max_length=200)]
    expires_after: ExpiresAfter | None = None


class CompleteUpload(RequestBody):
    part_ids: Annotated[list[Annotated[str, IdOf("part")]], Field(min_length=1, max_length=MOST_PARTS)]
    md5: Annotated[str, Field(pattern="^[0-9a-fA-F]{32}$")] | None = None


class UploadObject(Wire):
    id: str
    object: Literal["upload"] = "upload"
    bytes: int
    created_at: int
    expires_at: int
    filename: str
    purpose: str
    status: Literal["pending", "completed", "cancelled", "expired"]
    file: FileObject | None


class PartObject(Wire):
    id: str
    object: Literal["upload.part"] = "upload.part"
    created_at: int
    upload_id: str


_PART = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["data"],
                    "properties": {"data": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


@router.post("/v1/uploads", response_model=UploadObject)
def create_upload(
    body: CreateUpload,
    services: ServicesOf,
    principal: Annotated[Principal, permit(Action.FILE_WRITE)],
    request_id: RequestId,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    check_name(body.filename, body.purpose, "filename")
    now, project_id = services.now(), principal.project_id
    request_hash = hashlib.sha256(f"POST /v1/uploads {body.model_dump_json()}".encode()).hexdigest()
    with services.database.write() as connection:
        if idempotency_key is not None:
            made = idempotency.find(connection, project_id, idempotency_key, request_hash)
            before = None if made is None else uploads.get(connection, project_id, made)
            if before is not None:
                return answer(_on_wire(before, _file_of(connection, before, now), now))
        upload = uploads.create(
            connection, project_id, filename=body.filename, purpose=body.purpose, num_bytes=body.bytes,
            mime_type=body.mime_type, now=now,
            expires_after_seconds=body.expires_after.seconds if body.expires_after else None,
        )  # fmt: skip
        audit.record(connection, principal, "upload.create", upload.id, now, request_id)
        if idempotency_key is not None:
            idempotency.remember(connection, project_id, idempotency_key, request_hash, upload.id, now)
    return answer(_on_wire(upload, None, now))


@router.post("/v1/uploads/{upload_id}/parts", response_model=PartObject, openapi_extra=_PART)
async def add_part(
    upload_id: UploadId, request: Request, services: ServicesOf,
    principal: Annotated[Principal, permit(Action.FILE_WRITE)], request_id: RequestId,
) -> Response:  # fmt: skip
    upload = await run_in_threadpool(_pending, services, principal, upload_id)
    path = await run_in_threadpool(services.blobs.new_temporary)
    received = await receive(request, path, file_field="data", most_bytes=MOST_PART_BYTES)
    try:
        return await run_in_threadpool(_keep_part, upload, received, services, principal, request_id)
    finally:
        await run_in_threadpool(received.path.unlink, missing_ok=True)


@router.post("/v1/uploads/{upload_id}/complete", response_model=UploadObject)
def complete_upload(
    upload_id: UploadId, body: CompleteUpload, services: ServicesOf,
    principal: Annotated[Principal, permit(Action.FILE_WRITE)], request_id: RequestId,
) -> Response:  # fmt: skip
    upload = _pending(services, principal, upload_id)
    if len(set(body.part_ids)) != len(body.part_ids):
        raise bad_request("A part is named twice.", "part_ids")
    with services.database.read() as connection:
        parts = uploads.parts_of(connection, upload, body.part_ids)
    if parts is None:
        raise bad_request("One of the parts does not belong to this upload.", "part_ids")
    num_bytes = sum(part.num_bytes for part in parts)
    if num_bytes != upload.num_bytes:
        raise bad_request(
            f"The parts hold {num_bytes:,} bytes; the upload was announced with {upload.num_bytes:,}.", "part_ids"
        )
    path = services.blobs.new_temporary()
    try:
        whole = _join(services, parts, path, with_md5=body.md5 is not None)
        if body.md5 is not None and body.md5.lower() != whole.md5:
            raise bad_request(f"The MD5 of the parts is {whole.md5}, not {body.md5}.", "md5")
        check_first_lines(whole.head, upload.purpose)
        services.blobs.put_file(path, whole.sha256)
    finally:
        path.unlink(missing_ok=True)
    return _complete(upload, whole.sha256, services, principal, request_id)


@router.post("/v1/uploads/{upload_id}/cancel", response_model=UploadObject)
def cancel_upload(
    upload_id: UploadId,
    services: ServicesOf,
    principal: Annotated[Principal, permit(Action.FILE_WRITE)],
    request_id: RequestId,
) -> Response:
    upload = _pending(services, principal, upload_id)
    now = services.now()
    try:
        with services.database.write() as connection:
            upload = uploads.cancel(connection, upload, now)
            audit.record(connection, principal, "upload.cancel", upload.id, now, request_id)
    except uploads.NotPending as ended:
        raise _not_pending(str(ended)) from None
    return answer(_on_wire(upload, None, now))


def _pending(services: Services, principal: Principal, upload_id: str) -> uploads.Upload:
    with services.database.read() as connection:
        upload = uploads.get(connection, principal.project_id, upload_id)
    if upload is None:
        raise not_found(f"No such Upload object: {upload_id}", param="upload_id")
    status = upload.status_at(services.now())
    if status != "pending":
        raise _not_pending(status)
    return upload


def _not_pending(status: str) -> ApiError:
    return bad_request(f"The upload is {status}; only a pending one can change.", "upload_id")


def _keep_part(
    upload: uploads.Upload, received: Received, services: Services, principal: Principal, request_id: str
) -> Response:
    unknown = next(iter(received.fields), None)
    if unknown is not None:
        raise bad_request(
            f"Unrecognized request argument supplied: {unknown[:100]}.", unknown[:100], "unknown_parameter"
        )
    if received.num_bytes == 0:
        raise bad_request("The part is empty.", "data")
    with services.database.read() as connection:
        num_parts, num_bytes = uploads.amount_of(connection, upload)
    if num_parts >= MOST_PARTS or num_bytes + received.num_bytes > 2 * upload.num_bytes + MOST_PART_BYTES:
        raise bad_request(
            f"The upload has {num_parts:,} parts with {num_bytes:,} bytes already; it was announced with "
            f"{upload.num_bytes:,}.", "data",
        )  # fmt: skip
    services.blobs.put_file(received.path, received.sha256)
    now = services.now()
    try:
        with services.database.write() as connection:
            part = uploads.add_part(connection, upload, num_bytes=received.num_bytes, sha256=received.sha256, now=now)
            audit.record(connection, principal, "upload.add_part", part.id, now, request_id, {"upload": upload.id})
    except uploads.NotPending as ended:
        raise _not_pending(str(ended)) from None
    return answer(PartObject(id=part.id, created_at=part.created_at, upload_id=part.upload_id))


class _Whole:
    """The parts in one file: its hashes and its beginning."""

    def __init__(self, *, with_md5: bool) -> None:
        self._sha256, self.head = hashlib.sha256(), b""
        self._md5 = hashlib.md5(usedforsecurity=False) if with_md5 else None

    def add(self, piece: bytes) -> None:
        self._sha256.update(piece)
        if self._md5 is not None:
            self._md5.update(piece)
        if len(self.head) < HEAD_BYTES:
            self.head += piece[: HEAD_BYTES - len(self.head)]

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    @property
    def md5(self) -> str | None:
        return None if self._md5 is None else self._md5.hexdigest()


def _join(services: Services, parts: Sequence[uploads.Part], path: Path, *, with_md5: bool) -> _Whole:
    whole = _Whole(with_md5=with_md5)
    written = begun = 0
    with durable.disk_errors(path), path.open("xb", buffering=WRITTEN_OUT_BYTES) as file:
        for part in parts:
            for piece in services.blobs.read(part.sha256):
                whole.add(piece)
                written += file.write(piece)
                if written - begun >= WRITTEN_OUT_BYTES:
                    file.flush()
                    durable.begin_writing_out(file.fileno(), begun, written - begun)
                    begun = written
    return whole


def _complete(
    upload: uploads.Upload, sha256: str, services: Services, principal: Principal, request_id: str
) -> Response:
    now = services.now()
    try:
        with services.database.write() as connection:
            file = files.create(
                connection, upload.project_id, filename=upload.filename, purpose=upload.purpose,
                num_bytes=upload.num_bytes, sha256=sha256, now=now,
                expires_at=expiry_of(upload.expires_after_seconds, upload.purpose, now),
            )  # fmt: skip
            upload = uploads.complete(connection, upload, file.id, now)
            audit.record(connection, principal, "file.create", file.id, now, request_id, {"upload": upload.id})
    except uploads.NotPending as ended:
        raise _not_pending(str(ended)) from None
    return answer(_on_wire(upload, on_wire(file), now))


def _file_of(connection: Connection, upload: uploads.Upload, now: float) -> FileObject | None:
    file = None if upload.file_id is None else files.get(connection, upload.project_id, upload.file_id, now)
    return None if file is None else on_wire(file)


def _on_wire(upload: uploads.Upload, file: FileObject | None, now: float) -> UploadObject:
    return UploadObject.model_construct(
        id=upload.id, bytes=upload.num_bytes, created_at=upload.created_at, expires_at=upload.expires_at,
        filename=upload.filename, purpose=upload.purpose, status=upload.status_at(now), file=file,
    )  # fmt: skip
