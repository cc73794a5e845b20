"""Where the lines of a file begin, so that one far inside a gigabyte is read at once.

``RowIndexWriter`` is fed the file's lines and notes some of them; ``rows_from`` reads rows as bytes, from any place
that can give a range of bytes. A row longer than ``MOST_ROW_BYTES`` is cut.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from tunesmith.data.encoding import BOM

MOST_ROW_BYTES: Final = 1 << 20
# Between two lines that are noted lie fewer lines, and fewer bytes, than this: so much is read to find a line.
_EVERY_LINES: Final = 256
_EVERY_BYTES: Final = 256 << 10
_FIRST_WINDOW_BYTES: Final = 512 << 10
# Line and offset, little-endian.
_RECORD: Final = struct.Struct("<QQ")

ReadBytes = Callable[[int, int], Iterator[bytes]]
"""The file's bytes from the first offset up to, not including, the second."""


class RowIndexWriter:
    """Notes lines from the second on into ``file``; ``num_lines`` and ``num_bytes`` are those seen so far."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.num_lines = self.num_bytes = 0
        self._noted_line, self._noted_offset = 1, 0
        self._is_at_start = True

    def update(self, content: bytes) -> None:
        """The next bytes: a line, or a part of one."""
        if self._is_at_start and content:
            self.num_lines += 1
            self._note(self.num_lines, self.num_bytes)
        self.num_bytes += len(content)
        self._is_at_start = content.endswith(b"\n")

    def read_rest(self, path: Path) -> None:
        """What of the file was not seen yet."""
        with path.open("rb") as file:
            file.seek(self.num_bytes)
            while content := file.readline(MOST_ROW_BYTES):
                self.update(content)

    def _note(self, line: int, offset: int) -> None:
        if line - self._noted_line >= _EVERY_LINES or offset - self._noted_offset >= _EVERY_BYTES:
            self._file.write(_RECORD.pack(line, offset))
            self._noted_line, self._noted_offset = line, offset


@dataclass(frozen=True, slots=True)
class RowIndex:
    """What a writer has noted in the file at ``path``; None: nothing was noted yet."""

    path: Path | None

    def before(self, line: int) -> tuple[int, int]:
        """The last line noted that is no later than ``line``, and where it begins."""
        found = (1, 0)
        if self.path is None:
            return found
        with self.path.open("rb", buffering=0) as file:
            low, high = 0, file.seek(0, 2) // _RECORD.size
            while low < high:
                middle = (low + high) // 2
                file.seek(middle * _RECORD.size)
                at, offset = _RECORD.unpack(file.read(_RECORD.size))
                if at <= line:
                    low, found = middle + 1, (at, offset)
                else:
                    high = middle
        return found


@dataclass(frozen=True, slots=True)
class RawRow:
    """One line as it stands in the file, without its end. ``is_cut``: only its first bytes are here."""

    line: int
    content: bytes
    is_cut: bool
    has_line_feed: bool

    @property
    def whole(self) -> bytes:
        """As the file's reader is given it: with its line feed, without a byte order mark."""
        content = self.content.removeprefix(BOM) if self.line == 1 else self.content
        return content + b"\n" if self.has_line_feed else content

    @property
    def text(self) -> str:
        """For people: what is no UTF-8 is shown as U+FFFD."""
        return self.whole.rstrip(b"\r\n").decode(errors="replace")


def rows_from(
    line: int, read: ReadBytes, num_bytes: int, index: RowIndex, most_bytes: int | None = None
) -> Iterator[RawRow]:
    """The rows from ``line`` on; blank lines are no rows. Nothing beyond the file's first ``most_bytes`` is read."""
    at, offset = index.before(line)
    while True:
        cut = None
        for row in _lines(at, offset, read, num_bytes, most_bytes or num_bytes):
            if row.line >= line and (row.is_cut or not row.content.isspace()) and row.content:
                yield row
            cut = row if row.is_cut and not row.has_line_feed else None
        if cut is None:
            return
        at, offset = index.before(cut.line + 1)
        if at != cut.line + 1:  # the last one, or nobody knows yet where the next one begins
            return


def _lines(line: int, offset: int, read: ReadBytes, num_bytes: int, most_bytes: int) -> Iterator[RawRow]:
    """Lines up to the end of the file, or up to one whose end is not in sight."""
    held, window = b"", _FIRST_WINDOW_BYTES
    while offset < min(num_bytes, most_bytes):
        end = min(offset + window, num_bytes)
        *whole, held = (held + b"".join(read(offset, end))).split(b"\n")
        offset, window = end, MOST_ROW_BYTES
        for content in whole:
            yield RawRow(line, content[:MOST_ROW_BYTES], len(content) > MOST_ROW_BYTES, True)
            line += 1
        if len(held) > MOST_ROW_BYTES:
            yield RawRow(line, held[:MOST_ROW_BYTES], True, False)
            return
    if held and offset == num_bytes:
        yield RawRow(line, held, False, False)
