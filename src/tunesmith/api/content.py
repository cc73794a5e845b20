"""A blob as an answer: whole, and verified while it streams; or one range of it.

The last piece is held back until the hash of all of them is known, so that nobody takes damaged bytes for whole
ones: the connection breaks off instead. The next piece is read while one is sent.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import suppress
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from tunesmith.api.errors import ApiError
from tunesmith.store.blobs import Blobs, DamagedBlob
from tunesmith.store.files import File

MEDIA_TYPE = "application/octet-stream"
_ONE_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))", re.ASCII)

log = logging.getLogger(__name__)


def content_of(file: File, blobs: Blobs, asked: Headers, *, body: bool = True) -> Response:
    """In a thread: the first bytes are read here. Raises ApiError 416, and 500 where the bytes are not what they were."""
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(file.filename, safe='')}",
        "x-content-type-options": "nosniff",
        "accept-ranges": "bytes",
        "etag": f'"{file.sha256}"',
    }
    span = _range_of(asked, file)
    start, end = span or (0, file.num_bytes)
    headers["content-length"] = str(end - start)
    if span is not None:
        headers["content-range"] = f"bytes {start}-{end - 1}/{file.num_bytes}"
    status = 200 if span is None else 206
    if not body:
        return Response(None, status, headers, media_type=MEDIA_TYPE)
    try:
        pieces = blobs.read(file.sha256) if span is None else blobs.read(file.sha256, start, end)
        checked = _verified(pieces, file) if span is None else _counted(pieces, end - start)
        first = next(checked, b"")
    except DamagedBlob as error:
        log.error("%s: %s", file.id, error.message)
        raise _damaged(file) from None
    return _Stream(_ahead(first, checked, file.id), status, headers, media_type=MEDIA_TYPE)


def _range_of(asked: Headers, file: File) -> tuple[int, int] | None:
    """The one range that is asked for, from … up to; several, and what is no range of bytes, mean the whole file."""
    match = _ONE_RANGE.fullmatch(asked.get("range", "").strip())
    if match is None or asked.get("if-range", f'"{file.sha256}"') != f'"{file.sha256}"':
        return None
    first, last, suffix = match.groups()
    start = max(0, file.num_bytes - int(suffix)) if suffix else int(first)
    end = min(file.num_bytes, int(last) + 1) if last else file.num_bytes
    if last and int(last) < int(first):
        return None
    if start >= end:
        raise ApiError(
            416, f"The file {file.id} has {file.num_bytes:,} bytes; the range asked for begins behind them.",
            headers={"content-range": f"bytes */{file.num_bytes}"},
        )  # fmt: skip
    return start, end


def _verified(pieces: Iterator[bytes], file: File) -> Generator[bytes]:
    """The same pieces, the last one only after all of them; raises DamagedBlob."""
    digest, held = hashlib.sha256(), b""
    for piece in pieces:
        digest.update(piece)
        if held:
            yield held
        held = piece
    if digest.hexdigest() != file.sha256:
        raise DamagedBlob("The bytes are not those that were uploaded.")
    yield held


def _counted(pieces: Iterator[bytes], num_bytes: int) -> Generator[bytes]:
    for piece in pieces:
        num_bytes -= len(piece)
        yield piece
    if num_bytes:
        raise DamagedBlob("Fewer bytes are there than were uploaded.")


class _Stream(StreamingResponse):
    """Closes what it streams, also where the caller hung up."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            if isinstance(self.body_iterator, AsyncGenerator):
                await self.body_iterator.aclose()


async def _ahead(first: bytes, pieces: Generator[bytes], file_id: str) -> AsyncGenerator[bytes]:
    piece: bytes | None = first
    coming: asyncio.Future[bytes | None] | None = None
    try:
        while piece is not None:
            coming = asyncio.ensure_future(run_in_threadpool(_next, pieces, file_id))
            yield piece
            piece = await coming
    finally:
        if coming is not None:
            with suppress(DamagedBlob):
                await coming  # a generator at work cannot be closed
        pieces.close()


def _next(pieces: Iterator[bytes], file_id: str) -> bytes | None:
    try:
        return next(pieces, None)
    except DamagedBlob as error:
        log.error("%s: %s The download is broken off.", file_id, error.message)
        raise


def _damaged(file: File) -> ApiError:
    return ApiError(
        500, f"The stored bytes of {file.id} are damaged or lost. Upload the file again, or restore a backup.",
        headers={"x-should-retry": "false"},
    )  # fmt: skip
