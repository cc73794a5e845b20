"""The text of a message: its MIME parts walked, the plain ones preferred, HTML read where there is nothing else.

Takes the bytes of a message, gives its text or says what it is instead (a calendar invitation, something encrypted).
Attachments are never decoded. Depth and number of parts are bounded; a part that was cut off counts as far as it goes.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tunesmith.data.importers.mail.charsets import decoded
from tunesmith.data.importers.mail.headers import Headers, base64_bytes, parameter, parse
from tunesmith.data.importers.mail.html_text import html_to_text

MAX_DEPTH: Final = 20
MAX_PARTS: Final = 500
MAX_CHARS: Final = 1_000_000
MAX_LINES: Final = 10_000
"""Of a text with all its quotes; a longer one is no letter, and is left out whole."""
_MAX_TEXT_BYTES: Final = 8 << 20
_BLANK_LINE: Final = re.compile(rb"\r?\n\r?\n")
_LINE_REST: Final = re.compile(rb"(--)?[ \t]*+\r?(?:\n|\Z)")
_LINE_BREAK: Final = 10
_PGP_MESSAGE: Final = "-----BEGIN PGP MESSAGE-----"
_PGP_SIGNED: Final = "-----BEGIN PGP SIGNED MESSAGE-----"
_PGP_SIGNATURE: Final = "-----BEGIN PGP SIGNATURE-----"


@dataclass(frozen=True, slots=True)
class Body:
    """``text`` with ``\\n`` line breaks; ``instead``: the rule of what the message is, where that is no letter."""

    text: str
    instead: str | None = None


@dataclass(frozen=True, slots=True)
class _Part:
    content_type: str
    headers: Headers
    start: int
    end: int


def body(data: bytes, is_cut: bool = False) -> Body:
    """``is_cut``: the bytes are only the beginning of the message."""
    budget = _Budget(data, is_cut)
    whole = budget.part(0, len(data), "text/plain")
    if whole.content_type == "multipart/encrypted" or (
        "pkcs7-mime" in whole.content_type and "signed" not in whole.headers.get("content-type", "")
    ):
        return Body("", "encrypted")
    text = budget.text(whole, 0).replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")
    if text.lstrip().startswith(_PGP_MESSAGE):
        return Body("", "encrypted")
    if budget.has_invitation:
        return Body("", "calendar_invite")
    if budget.is_exceeded or len(text) > MAX_CHARS or text.count("\n") > MAX_LINES:
        return Body("", "too_long")
    return Body(_unsigned(text))


def _unsigned(text: str) -> str:
    """Without the lines that an inline PGP signature puts around."""
    before, mark, after = text.partition(_PGP_SIGNED)
    if not mark:
        return text
    _, _, signed = after.partition("\n\n")
    return before + re.sub(r"^- ", "", signed.partition(_PGP_SIGNATURE)[0], flags=re.MULTILINE)


class _Budget:
    """One walk over a message's parts; it ends where the message has too many."""

    def __init__(self, data: bytes, is_cut: bool) -> None:
        self._data = data
        self._is_cut = is_cut
        self._parts_left = MAX_PARTS
        self.is_exceeded = False
        self.has_invitation = False

    def part(self, start: int, end: int, default_type: str) -> _Part:
        if self._data.startswith((b"\n", b"\r\n"), start):
            return _Part(default_type, {}, start, end)
        blank = _BLANK_LINE.search(self._data, start, end)
        head = self._data[start : blank.start() if blank else end]
        headers = parse(head)
        content_type = headers.get("content-type", "").partition(";")[0].strip().casefold() or default_type
        return _Part(content_type, headers, blank.end() if blank else end, end)

    def text(self, part: _Part, depth: int) -> str:
        if part.content_type.startswith("multipart/"):
            return self._multipart(part, depth)
        if part.content_type == "text/calendar":
            self.has_invitation = True
        if part.content_type not in ("text/plain", "text/html", "text") or _is_attachment(part):
            return ""
        data = _transferred(self._data[part.start : part.end], part.headers)
        self.is_exceeded |= len(data) > _MAX_TEXT_BYTES or (self._is_cut and part.end == len(self._data))
        text = _part_text(data, part.headers)
        return html_to_text(text) if part.content_type == "text/html" else text

    def _multipart(self, part: _Part, depth: int) -> str:
        boundary = parameter(part.headers.get("content-type", ""), "boundary")
        if depth >= MAX_DEPTH:
            self.is_exceeded = True
            return ""
        if not boundary:
            return _part_text(self._data[part.start : part.end], {})
        children = [self.part(start, end, "text/plain") for start, end in self._between(part, boundary)]
        if part.content_type == "multipart/alternative":
            return self._best(children, depth)
        return "\n".join(text for text in (self.text(child, depth + 1) for child in children) if text.strip())

    def _best(self, children: list[_Part], depth: int) -> str:
        """The plain alternative, unless it is empty and another is not."""
        self.has_invitation |= any(child.content_type == "text/calendar" for child in children)
        for child in sorted(children, key=lambda child: child.content_type != "text/plain"):
            if (text := self.text(child, depth + 1)).strip():
                return text
        return ""

    def _between(self, part: _Part, boundary: str) -> Iterator[tuple[int, int]]:
        """Start and end of what stands between the boundary's lines."""
        mark = b"--" + boundary.encode("latin-1", "replace")
        start, position = None, part.start
        while (line := self._data.find(mark, position, part.end)) >= 0:
            position = line + len(mark)
            rest = _LINE_REST.match(self._data, position, part.end)
            if rest is None or (line > part.start and self._data[line - 1] != _LINE_BREAK):
                continue
            if start is not None:
                yield start, max(start, line - 1)
            start = rest.end()
            self._parts_left -= 1
            self.is_exceeded |= self._parts_left < 0
            if rest[1] or self.is_exceeded:
                return
        if start is not None:
            yield start, part.end


def _is_attachment(part: _Part) -> bool:
    disposition = part.headers.get("content-disposition", "")
    return (
        disposition.casefold().startswith("attachment")
        or parameter(";" + disposition, "filename") is not None
        or parameter(part.headers.get("content-type", ""), "name") is not None
    )


def _part_text(data: bytes, headers: Headers) -> str:
    content_type = headers.get("content-type", "")
    text = decoded(data[:_MAX_TEXT_BYTES], parameter(content_type, "charset"))
    text = text.replace("\r\n", "\n")
    if (parameter(content_type, "format") or "").casefold() != "flowed":
        return text
    return _unflowed(text, (parameter(content_type, "delsp") or "").casefold() == "yes")


def _transferred(data: bytes, headers: Headers) -> bytes:
    encoding = headers.get("content-transfer-encoding", "").partition(";")[0].strip().casefold()
    if encoding == "base64":
        return base64_bytes(data[: 2 * _MAX_TEXT_BYTES])
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data[: 4 * _MAX_TEXT_BYTES])
    return data


def _unflowed(text: str, drops_space: bool) -> str:
    """Lines that a mailer broke softly, by a space at their end, made one again (RFC 3676)."""
    lines: list[list[str]] = []
    open_depth = None
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        is_separator = line[depth:].strip() == "--"
        is_soft = line.endswith(" ") and not is_separator
        kept = line[:-1] if is_soft and drops_space else line
        if open_depth == depth and not is_separator:
            lines[-1].append(kept[depth:].removeprefix(" "))
        else:
            lines.append([kept])
        open_depth = depth if is_soft else None
    return "\n".join(map("".join, lines))
