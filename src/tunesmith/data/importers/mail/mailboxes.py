"""A file to the messages that lie in it: an mbox, or a single message.

Gives where each message lies and the bytes of its headers; bodies stay on disk until they are asked for.
An mbox is split at its From lines (RFC 4155), whatever wrote it: lines of a body may be escaped with ``>`` (mboxo, mboxrd)
or not at all where a Content-Length tells their number (mboxcl).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal

from tunesmith.data.importers.rows import Left, Place

MAX_HEAD_BYTES: Final = 8 << 20
MAX_MESSAGE_BYTES: Final = 32 << 20
MAX_MESSAGES: Final = 1_000_000
_BLOCK_BYTES: Final = 1 << 20

_HEADER: Final = re.compile(rb"[!-9;-~]{1,76}:")
_KNOWN_HEADER: Final = re.compile(
    rb"(?:From|To|Cc|Bcc|Date|Subject|Sender|Received|Return-Path|Reply-To|Message-ID|MIME-Version|Delivered-To|Status"
    rb"|In-Reply-To|References|Content-[A-Za-z-]{1,30}|X-[A-Za-z0-9-]{1,60}|DKIM-Signature|ARC-[A-Za-z-]{1,40}) {0,2}:",
    re.IGNORECASE,
)
# "From jo@example.org Mon Jan  5 09:00:00 2026"; some leave out the sender, the weekday or the seconds, or add a zone.
_DATED: Final = re.compile(rb"From [^\r\n]{0,300}?\b\d{1,2}:\d\d\b[^\r\n]{0,60}")
_BLANK_LINE: Final = re.compile(rb"\n\r?\n")
_CONTENT_LENGTH: Final = re.compile(rb"^content-length:[ \t]{0,20}(\d{1,12})\s", re.IGNORECASE | re.MULTILINE)
_ESCAPED_FROM: Final = re.compile(rb"^>(>{0,50}From )", re.MULTILINE)
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Box:
    """A file on the disk that holds messages, or one. ``name`` is how reports call it; ``is_sent``: by its name, a folder of
    sent mail."""

    path: Path
    name: str
    is_mbox: bool
    is_sent: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a message lies: byte ``offset`` (of its headers) and length in a box."""

    box: Box
    offset: int
    num_bytes: int

    def read(self, file: BinaryIO) -> bytes:
        """Headers and body, From lines unescaped; at most 32 MiB, for texts come before attachments."""
        file.seek(self.offset)
        data = file.read(min(self.num_bytes, MAX_MESSAGE_BYTES))
        return _ESCAPED_FROM.sub(rb"\1", data) if self.box.is_mbox and b"\n>" in data else data


@dataclass(frozen=True, slots=True)
class Found:
    """A message on disk, and its headers as they stand there."""

    stored: Stored
    head: bytes


def begins_as(head: bytes) -> Literal["mbox", "message"] | None:
    """What a file that begins like this holds: messages under From lines, one message, or no mail."""
    text = _text_of(head)
    if text.startswith(b"From "):
        return "mbox"
    return "message" if _looks_like_message(text[:4096]) else None


def messages(box: Box) -> Iterator[Found | Left]:
    try:
        with box.path.open("rb") as file:
            window = _Window(file)
            start = window.first_text()
            if box.is_mbox:
                yield from _split(window, start, box)
            elif start is not None:
                yield _single(window, start, box)
    except OSError as error:
        message = f"The file cannot be read: {error.strerror or error}."
        yield Left("unreadable", message, "See to its rights and its disk.", Place(box.name), "error")


def _text_of(head: bytes) -> bytes:
    return head.removeprefix(_BYTE_ORDER_MARK).lstrip(b"\r\n\t \0")


def _looks_like_message(head: bytes) -> bool:
    lines = [line for line in head.splitlines()[:20] if line[:1] not in (b" ", b"\t")]
    return bool(lines) and bool(_HEADER.match(lines[0])) and any(map(_KNOWN_HEADER.match, lines))


def _single(window: _Window, start: int, box: Box) -> Found | Left:
    head = window.head(start)
    if head is None:
        return _huge_head(box, start)
    return Found(Stored(box, start, window.size - start), head)


def _split(window: _Window, start: int | None, box: Box) -> Iterator[Found | Left]:
    number = 0
    while start is not None:
        number += 1
        if number > MAX_MESSAGES:
            message = (
                f"The file holds more than {MAX_MESSAGES:,} messages; what comes after byte {start:,} is not read."
            )
            yield Left("too_many_messages", message, "Split the mailbox.", Place(box.name), "error")
            return
        headers = window.line_end(start)
        head = window.head(headers)
        end = _end_by_length(window, headers, head) if head else None
        if end is None:
            end = window.next_from_line(headers)
        stop = window.size if end is None else end
        if head is None or len(head) > stop - headers:
            head = window.cut(headers, stop - headers) if stop - headers <= MAX_HEAD_BYTES else None
        yield _huge_head(box, start) if head is None else Found(Stored(box, headers, stop - headers), head)
        start = end


def _huge_head(box: Box, start: int) -> Left:
    message = f"The headers of the message at byte {start:,} are longer than {MAX_HEAD_BYTES >> 20} MiB."
    return Left("huge_headers", message, "Remove the message.", Place(box.name, path=f"byte {start}"), "error")


def _end_by_length(window: _Window, headers: int, head: bytes) -> int | None:
    """Where the body ends by its Content-Length; None where there is none, or where no message begins there."""
    declared = _CONTENT_LENGTH.search(head)
    if declared is None:
        return None
    end = headers + len(head) + int(declared[1])
    after = window.cut(end, 400)
    blank = len(after) - len(after.lstrip(b"\r\n"))
    if end < window.size and blank <= 4 and _DATED.match(after[blank:]):
        return end + blank
    return None


def _begins_message(lines: bytes, after_blank: bool) -> bool:
    """Whether a line that begins with "From " is the border of a message, not a sentence of a body.

    It has a time and headers follow; or, since some programs write no time, headers that mail is known to have follow
    after a blank line.
    """
    first, _, rest = lines.partition(b"\n")
    if _DATED.match(first):
        return bool(_KNOWN_HEADER.match(rest) or (after_blank and _HEADER.match(rest.lstrip(b">"))))
    return after_blank and bool(_KNOWN_HEADER.match(rest)) and len(first.split()) <= 3


class _Window:
    """A large file read in blocks, with a look ahead; positions are bytes from the start of the file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, os.SEEK_END)
        self._base = 0
        self._data = b""

    def cut(self, start: int, num_bytes: int) -> bytes:
        """The bytes that stand there, fewer at the end of the file."""
        if not self._base <= start <= start + num_bytes <= self._base + len(self._data):
            self._load(start, max(_BLOCK_BYTES, num_bytes))
        return self._data[start - self._base : start - self._base + num_bytes]

    def first_text(self) -> int | None:
        """Where the first sign stands that is neither blank nor a byte order mark, within the first 64 KiB."""
        data = self.cut(0, 1 << 16)
        text = _text_of(data)
        return len(data) - len(text) if text else None

    def line_end(self, start: int) -> int:
        """Behind the line break that ends this line."""
        position = start
        while position < self.size:
            block = self.cut(position, 1 << 16)
            found = block.find(b"\n")
            if found >= 0:
                return position + found + 1
            position += len(block)
        return self.size

    def head(self, start: int) -> bytes | None:
        """The header lines with the blank one; None where they go on for more than 8 MiB."""
        if self.cut(start, 1) == b"\n" or self.cut(start, 2) == b"\r\n":
            return self.cut(start, 1 if self.cut(start, 1) == b"\n" else 2)
        for num_bytes in (1 << 13, 1 << 16, MAX_HEAD_BYTES):
            block = self.cut(start, num_bytes)
            if found := _BLANK_LINE.search(block):
                return block[: found.end()]
            if start + len(block) >= self.size:
                return block
        return None

    def next_from_line(self, start: int) -> int | None:
        """Where the next message's From line begins; None at the end of the file."""
        if self._begins(start, after_blank=True):
            return start
        position = start
        while position < self.size:
            self.cut(position, 1)
            found = self._data.find(b"\nFrom ", position - self._base)
            if found < 0:
                end = self._base + len(self._data)
                position = self.size if end >= self.size else max(end - 5, position + 1)
                self._load(position, _BLOCK_BYTES)
                continue
            position = self._base + found + 1
            before = self.cut(max(position - 4, 0), min(4, position))
            if self._begins(position, after_blank=before.replace(b"\r", b"").endswith(b"\n\n")):
                return position
        return None

    def _load(self, start: int, num_bytes: int) -> None:
        self._file.seek(start)
        self._base, self._data = start, self._file.read(num_bytes)

    def _begins(self, start: int, after_blank: bool) -> bool:
        return self.cut(start, 5) == b"From " and _begins_message(self.cut(start, 600), after_blank)
