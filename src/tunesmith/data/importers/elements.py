"""Bytes of JSON, piece by piece → the elements of its one array, or its values one after the other, each whole.

Only brackets and quotes are looked at, so that memory holds one element, however large the array; whether an element
is JSON is left to who reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tunesmith.data.array_elements import MOST_ROW_BYTES

_TO_BRACKET: Final = re.compile(rb'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+', re.DOTALL)
_TO_QUOTE: Final = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_OPENING: Final = b"[{"


@dataclass(frozen=True, slots=True)
class Element:
    """One object or array, or what stands between two (``is_between``) where that is more than commas. ``line`` counts
    from 1; ``num_bytes`` alone is kept of one that is too long; ``is_cut`` where the bytes end inside it."""

    line: int
    content: bytes
    num_bytes: int
    is_between: bool = False
    is_cut: bool = False


class ElementSplitter:
    """Feed it the bytes in order, then ``finish``."""

    def __init__(self, is_array: bool, most_bytes: int = MOST_ROW_BYTES) -> None:
        self._base = 1 if is_array else 0
        self._most_bytes = most_bytes
        self._depth = 0
        self._in_string = self._is_escaped = False
        self._pieces: list[bytes] = []
        self._num_bytes = 0
        self._line = self._start_line = 1
        self.is_closed = not is_array

    def feed(self, chunk: bytes) -> Iterator[Element]:
        at = start = 0
        while at < len(chunk):
            if self._in_string:
                at = self._after_string(chunk, at)
                continue
            end = _TO_BRACKET.match(chunk, at).end()  # type: ignore[union-attr]
            at = end + 1
            if end == len(chunk):
                break
            if chunk[end] == 0x22:
                self._in_string = True
            elif chunk[end] in _OPENING:
                self._depth += 1
                if self._depth == self._base + 1:
                    yield from self._between(chunk[start:end])
                    start = end
                elif self._depth == self._base:
                    yield from self._between(chunk[start:end])
                    start = at
            else:
                self._depth -= 1
                if self._depth == self._base:
                    yield self._element(chunk[start:at])
                    start = at
                elif self._depth < self._base:
                    yield from self._between(chunk[start:end])
                    start, self._depth, self._base, self.is_closed = at, 0, 0, True
        self._hold(chunk[start:])

    def finish(self) -> Iterator[Element]:
        """What was begun, and never ended."""
        if self._depth > self._base:
            yield self._element(b"", is_cut=True)
        else:
            yield from self._between(b"")

    def _after_string(self, chunk: bytes, at: int) -> int:
        if self._is_escaped:
            self._is_escaped = False
            return at + 1
        end = _TO_QUOTE.match(chunk, at).end()  # type: ignore[union-attr]
        if end < len(chunk):
            self._in_string = chunk[end] != 0x22
            self._is_escaped = self._in_string  # the chunk's last byte is a backslash
        return end + 1

    def _hold(self, piece: bytes) -> None:
        self._num_bytes += len(piece)
        self._line += piece.count(b"\n")
        if self._num_bytes <= self._most_bytes:
            self._pieces.append(piece)
        else:
            self._pieces.clear()

    def _take(self, last: bytes) -> tuple[int, bytes, int]:
        self._hold(last)
        taken = self._start_line, b"".join(self._pieces), self._num_bytes
        self._start_line, self._num_bytes = self._line, 0
        self._pieces.clear()
        return taken

    def _element(self, last: bytes, is_cut: bool = False) -> Element:
        line, content, num_bytes = self._take(last)
        return Element(line, content, num_bytes, is_cut=is_cut)

    def _between(self, last: bytes) -> Iterator[Element]:
        line, content, num_bytes = self._take(last)
        if num_bytes > self._most_bytes or content.strip(b" \t\r\n,"):
            yield Element(line, content, num_bytes, is_between=True)
