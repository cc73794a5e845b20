"""The elements of a JSON array, one by one, from a stream of any length: only the one being read is held.

Takes a binary stream, gives each element's bytes and where it stands; what it holds is the reader's to judge. Brackets
and quotes alone tell where an element ends, so that a broken one is handed on like any other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from tunesmith.data.encoding import BOM
from tunesmith.data.findings import Finding
from tunesmith.data.strict_json import Fault, StrictJson, invalid_json

MOST_ROW_BYTES: Final = 16 << 20
"""A longer row is not read: no example needs that, and a text of it takes several times as much memory."""
_READ_BYTES: Final = 1 << 20
_SHOWN_BYTES: Final = 1 << 16
_SPACES: Final = re.compile(rb"[ \t\r\n]*+")
# A whole string, a bracket, or a quote whose string does not end in sight.
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[\]{}]|"', re.DOTALL)
_SCALAR: Final = re.compile(rb'(?:"(?:[^"\\]++|\\.)*+"|[^\s,\[\]{}"]++)++', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Element:
    """Its bytes, and the line, column (in characters) and byte column of the first, from 1. ``fault``: what ends the
    array before its closing bracket, or stands behind it; it is the last then, and its offset counts from there."""

    content: bytes
    line: int
    column: int
    byte_column: int
    fault: Fault | None = None


def too_long() -> Fault:
    message = f"the row is too long: at most {MOST_ROW_BYTES:,} bytes of one are read"
    return Fault(Finding("row_too_long", message, "split it into several examples"), 0)


def array_elements(file: BinaryIO, update: Callable[[bytes], None] = lambda content: None) -> Iterator[Element]:
    """``file`` stands at its beginning; ``update`` is given all its bytes, in order."""
    return _Splitter(file, update).elements()


class _Splitter:
    def __init__(self, file: BinaryIO, update: Callable[[bytes], None]) -> None:
        self._file, self._update = file, update
        self._buffer, self._at, self._has_more = b"", 0, True
        self._line, self._column, self._byte_column = 1, 1, 1
        self._is_cut = False

    def elements(self) -> Iterator[Element]:
        self._fill()
        if self._buffer.startswith(BOM):
            self._at, self._byte_column = len(BOM), 1 + len(BOM)
            self._buffer, self._at = self._buffer[self._at :], 0
        self._skip_spaces()
        self._pass(1)
        before, comma = "[", self._place()
        while True:
            self._skip_spaces()
            if self._byte() == b"]" and before == "[0,":
                yield self._broken(
                    invalid_json("a comma stands before the closing bracket", "remove the comma", 0), comma
                )
                self._read_rest()
                return
            if self._byte() in (b"]", b""):
                break
            end = self._end_of_element()
            if end is None:
                yield self._broken(too_long())
                self._read_rest()
                return
            if end == self._at:
                break
            yield Element(self._buffer[self._at : end], *self._place())
            if self._is_cut:
                return
            self._pass(end - self._at)
            self._skip_spaces()
            before = "[0"
            if self._byte() != b",":
                break
            comma = self._place()
            self._pass(1)
            before = "[0,"
        yield from self._ending(before)

    def _ending(self, before: str) -> Iterator[Element]:
        """The fault where the array does not end as it should, in the words of whoever reads JSON strictly."""
        if self._byte() == b"]":
            self._pass(1)
            self._skip_spaces()
            before = "[]"
        text = self._shown()
        if before != "[]" or text:
            _, faults = StrictJson(before + text).read()
            fault = faults[-1]
            yield self._broken(Fault(fault.finding, max(0, fault.offset - len(before)), fault.is_at_end))
        self._read_rest()

    def _broken(self, fault: Fault, place: tuple[int, int, int] | None = None) -> Element:
        return Element(self._shown().encode(), *(place or self._place()), fault)

    def _place(self) -> tuple[int, int, int]:
        return self._line, self._column, self._byte_column

    def _shown(self) -> str:
        return self._buffer[self._at : self._at + _SHOWN_BYTES].decode(errors="replace")

    def _byte(self) -> bytes:
        return self._buffer[self._at : self._at + 1]

    def _skip_spaces(self) -> None:
        while True:
            self._pass(_SPACES.match(self._buffer, self._at).end() - self._at)  # type: ignore[union-attr]
            if self._at < len(self._buffer) or not self._fill():
                return

    def _end_of_element(self) -> int | None:
        """Where the element at hand ends: behind its last bracket, or where what is no bracket ends. None: out of
        reach."""
        if self._byte() not in (b"{", b"["):
            return self._end_of_scalar()
        depth, at = 0, self._at
        while True:
            match = _TOKEN.search(self._buffer, at)
            token = match[0] if match else b'"'
            if match is None or token == b'"':
                at = match.start() if match else len(self._buffer)
                held = self._at
                if len(self._buffer) - held > MOST_ROW_BYTES:
                    return None
                if not self._fill():
                    self._is_cut = True
                    return len(self._buffer)
                at -= held
                continue
            at = match.end()
            depth += (token in b"[{") - (token in b"]}")
            if depth == 0:
                return at

    def _end_of_scalar(self) -> int | None:
        while True:
            match = _SCALAR.match(self._buffer, self._at)
            end = match.end() if match else self._at
            rest = self._buffer[end : end + 1]
            if rest and rest != b'"':
                return end
            if len(self._buffer) - self._at > MOST_ROW_BYTES:
                return None
            if not self._fill():
                return end

    def _pass(self, num_bytes: int) -> None:
        """Go on, counting lines and columns."""
        passed = self._buffer[self._at : self._at + num_bytes]
        self._at += num_bytes
        newline = passed.rfind(b"\n")
        if newline >= 0:
            self._line += passed.count(b"\n")
            passed = passed[newline + 1 :]
            self._column = self._byte_column = 1
        self._column += len(passed.decode(errors="replace"))
        self._byte_column += len(passed)

    def _fill(self) -> bool:
        """Whether there was more; what was passed is let go, so that the rest begins at 0."""
        content = self._file.read(_READ_BYTES) if self._has_more else b""
        self._has_more = bool(content)
        if content:
            self._update(content)
            self._buffer, self._at = self._buffer[self._at :] + content, 0
        return bool(content)

    def _read_rest(self) -> None:
        self._at = len(self._buffer)
        while self._fill():
            self._at = len(self._buffer)
