"""A multipart body with one file (RFC 7578), received to the disk as it comes.

Takes the request and a path for the file; gives the plain fields and the file's size and SHA-256. Bytes are
parsed, hashed and written in a thread, a piece at a time, while the next piece comes in, so that memory stays
flat and the event loop free. Where anything goes wrong the file is removed. A client that is too slow is cut off.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from tunesmith.api.errors import ApiError, bad_request
from tunesmith.core import durable

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

PIECE_BYTES: Final = 4 << 20
WRITTEN_OUT_BYTES: Final = 8 << 20
# Each costs memory beside its bytes, and a client may send them as small as it likes.
MOST_CHUNKS: Final = 1024
MOST_FIELDS: Final = 64
MOST_FIELD_BYTES: Final = 64 << 10
MOST_HEADERS: Final = 16
MOST_HEADER_BYTES: Final = 16 << 10
# The beginning of a file that is kept in memory, for a look at what it is.
HEAD_BYTES: Final = 64 << 10
# A client has this long at first, and a second more for each so many bytes that it sent.
PATIENCE_SECONDS: Final = 60.0
SLOWEST_BYTES_PER_SECOND: Final = 4096


@dataclass(frozen=True, slots=True)
class Received:
    """``head`` is the file's beginning; the caller removes ``path`` or gives it away."""

    fields: Mapping[str, str]
    path: Path
    filename: str
    num_bytes: int
    sha256: str
    head: bytes


async def receive(request: Request, path: Path, *, file_field: str, most_bytes: int) -> Received:
    """Raises ApiError: 400 for a body that is no such form, 408 for one that does not come, 413 for a file beyond
    ``most_bytes``."""
    form = _Form(path, file_field, most_bytes)
    loop = asyncio.get_running_loop()
    work: asyncio.Future[None] | None = None
    piece: list[bytes] = []
    num_bytes = 0
    try:
        parser = MultipartParser(
            _boundary(request), form.callbacks(), max_header_count=MOST_HEADERS, max_header_size=MOST_HEADER_BYTES
        )
        async for chunk in _in_time(request):
            piece.append(chunk)
            num_bytes += len(chunk)
            if num_bytes >= PIECE_BYTES or len(piece) >= MOST_CHUNKS:
                if work is not None:
                    await work
                work = loop.run_in_executor(None, partial(_write, parser, piece))
                piece, num_bytes = [], 0
        if work is not None:
            await work
        work = loop.run_in_executor(None, partial(_write, parser, piece))
        await work
        return await loop.run_in_executor(None, form.finish)
    except BaseException:
        if work is not None:
            with suppress(BaseException):
                await work  # the file may not be closed below a thread that writes to it
        await asyncio.shield(loop.run_in_executor(None, form.discard))
        raise


async def _in_time(request: Request) -> AsyncIterator[bytes]:
    """The body's pieces. Raises ApiError 408."""
    begun, num_bytes, chunks = time.monotonic(), 0, request.stream()
    while True:
        patience = PATIENCE_SECONDS + num_bytes / SLOWEST_BYTES_PER_SECOND - (time.monotonic() - begun)
        try:
            async with asyncio.timeout(patience):
                chunk = await anext(chunks, None)
        except TimeoutError:
            raise ApiError(408, "The body came too slowly, or stopped coming; send it again.",
                           headers={"connection": "close"}) from None  # fmt: skip
        if chunk is None:
            return
        num_bytes += len(chunk)
        yield chunk


def _write(parser: MultipartParser, piece: list[bytes]) -> None:
    try:
        parser.write(b"".join(piece))
    except FormParserError as error:
        raise bad_request(f"The multipart body could not be read: {error}.") from None


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise bad_request(
            "The request must be multipart/form-data with a boundary; its Content-Type is "
            f"{request.headers.get('content-type', 'missing')[:100]!r}."
        )
    if len(boundary) > 256:
        raise bad_request("The multipart boundary is longer than 256 bytes.")
    return boundary


@dataclass(slots=True)
class _Part:
    header_name: bytes = b""
    header_value: bytes = b""
    headers: dict[bytes, bytes] = field(default_factory=dict)
    name: str = ""
    content: bytearray | None = None


class _Form:
    """What the parser calls, in one thread at a time."""

    def __init__(self, path: Path, file_field: str, most_bytes: int) -> None:
        self._path, self._file_field, self._most_bytes = path, file_field, most_bytes
        self._fields: dict[str, str] = {}
        self._part = _Part()
        self._file: BinaryIO | None = None
        self._filename: str | None = None
        self._sha256 = hashlib.sha256()
        self._num_bytes = self._num_begun = self._num_parts = 0
        self._head = b""
        self._is_complete = False

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin, "on_header_field": self._header_field, "on_header_value": self._header_value,
            "on_header_end": self._header_end, "on_headers_finished": self._headers_finished,
            "on_part_data": self._data, "on_part_end": self._end_part, "on_end": self._end,
        }  # fmt: skip

    def finish(self) -> Received:
        if not self._is_complete:
            raise bad_request("The multipart body ends too early: its closing boundary is missing.")
        if self._filename is None:
            raise ApiError(
                400, f"Missing required parameter: '{self._file_field}'.", param=self._file_field,
                code="missing_required_parameter",
            )  # fmt: skip
        return Received(self._fields, self._path, self._filename, self._num_bytes, self._sha256.hexdigest(), self._head)

    def discard(self) -> None:
        if self._file is not None:
            self._file.close()
        self._path.unlink(missing_ok=True)

    def _begin(self) -> None:
        self._num_parts += 1
        if self._num_parts > MOST_FIELDS:
            raise bad_request(f"The multipart body has more than {MOST_FIELDS} parts.")
        self._part = _Part()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._part.header_name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.header_value += data[start:end]

    def _header_end(self) -> None:
        part = self._part
        part.headers[part.header_name.lower()] = part.header_value
        part.header_name = part.header_value = b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._part.headers.get(b"content-disposition", b""))
        if b"name" not in options:
            raise bad_request("A part of the multipart body has no name.")
        self._part.name = _text(options[b"name"], "name")
        if self._part.name != self._file_field:
            self._part.content = bytearray()
            return
        if self._filename is not None:
            raise bad_request(f"The field '{self._file_field}' is there twice.", self._file_field)
        # A quotation mark in a name travels as %22 (WHATWG, multipart/form-data).
        self._filename = _text(options.get(b"filename") or b"upload", "file's name").replace("%22", '"')
        with durable.disk_errors(self._path):
            self._file = self._path.open("xb", buffering=0)

    def _data(self, data: bytes, start: int, end: int) -> None:
        content = self._part.content
        if content is not None:
            content += data[start:end]
            if len(content) > MOST_FIELD_BYTES:
                raise bad_request(f"The field '{self._part.name}' is longer than {MOST_FIELD_BYTES:,} bytes.")
            return
        self._num_bytes += end - start
        if self._num_bytes > self._most_bytes:
            raise ApiError(
                413, f"The file is larger than {self._most_bytes:,} bytes, the most that is taken here.",
                param=self._file_field, headers={"connection": "close"},
            )  # fmt: skip
        piece = memoryview(data)[start:end]
        if len(self._head) < HEAD_BYTES:
            self._head += bytes(piece[: HEAD_BYTES - len(self._head)])
        self._sha256.update(piece)
        self._write_out(piece)

    def _write_out(self, piece: memoryview) -> None:
        if self._file is None:
            raise bad_request("The multipart body holds data outside its parts.")
        with durable.disk_errors(self._path):
            while piece:
                piece = piece[self._file.write(piece) :]
            fresh = self._num_bytes - self._num_begun
            if fresh >= WRITTEN_OUT_BYTES:
                durable.begin_writing_out(self._file.fileno(), self._num_begun, fresh)
                self._num_begun += fresh

    def _end_part(self) -> None:
        part = self._part
        if part.content is None:
            if self._file is not None:
                self._file.close()
            return
        if part.name in self._fields:
            raise bad_request(f"The field '{part.name}' is there twice.", part.name)
        self._fields[part.name] = _text(bytes(part.content), f"field '{part.name}'")

    def _end(self) -> None:
        self._is_complete = True


def _text(content: bytes, what: str) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise bad_request(f"The {what} in the multipart body is not UTF-8.") from None
    if "\0" in text:
        raise bad_request(f"The {what} in the multipart body holds a null character.")
    return text
