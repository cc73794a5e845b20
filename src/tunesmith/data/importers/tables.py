"""Tables → records: text with delimiters here, workbooks in `excel`, Parquet and Arrow in `arrow_tables`.

Takes a stream or a path and a name, gives one ``Record`` per row, its cells under the columns' names, or a ``Left`` that
says where a row is broken. Cells of delimited text are texts as they stand; an empty cell is an empty text. A row with
more or fewer cells than the header is never shifted into place.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, Final

from tunesmith.core.errors import UserError
from tunesmith.data.findings import quoted, shorten
from tunesmith.data.importers.arrow_tables import read_arrow, read_parquet
from tunesmith.data.importers.checked import NULL_HINT
from tunesmith.data.importers.excel import read_excel
from tunesmith.data.importers.nested_cells import nested_columns, open_cells
from tunesmith.data.importers.rows import Left, Place, Record
from tunesmith.data.importers.table_header import column_names, is_header, numbered_names

__all__ = ["Dialect", "guess_dialect", "read_arrow", "read_delimited", "read_excel", "read_parquet"]

LONGEST_ROW: Final = 4 << 20
"""Characters; a longer row is left out, and no more of the file than this is ever held."""
_MOST_READ_AGAIN: Final = 16 * LONGEST_ROW
_MOST_COLUMNS: Final = 2_000
_HEAD_BYTES: Final = 1 << 16
_DELIMITERS: Final = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
_UNDECODED: Final = re.compile("[\udc80-\udcff\ufffd]")
"""Bytes that UTF-8 does not have are kept as half characters; other encodings' become the replacement character."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file's rows are written: what parts the cells, the columns' names, and whether the first row holds them."""

    delimiter: str
    columns: tuple[str, ...]
    has_header: bool
    reason: str
    notes: tuple[str, ...] = field(default=())


def guess_dialect(
    head: bytes, encoding: str = "utf-8", delimiter: str | None = None, has_header: bool | None = None
) -> Dialect:
    """By the beginning of the file, unpacked. What is given is not guessed."""
    text = head[:_HEAD_BYTES].decode(encoding, errors="replace").removeprefix("\ufeff")
    given = delimiter
    delimiter, rows = (delimiter, _rows(text, delimiter)) if delimiter else _likely_delimiter(text)
    reason = f"cells are parted by {_DELIMITERS.get(delimiter, repr(delimiter))}" + (" as given" if given else "")
    first = rows[0] if rows else []
    if has_header is None:
        has_header, why = is_header(first, rows[1:])
        reason += f"; {why}"
    if not has_header:
        return Dialect(delimiter, numbered_names(len(first)), False, reason)
    columns, notes = column_names(first)
    return Dialect(delimiter, columns, True, reason, tuple(notes))


def read_delimiter(text: str | None) -> str | None:
    """As a user writes it: one character, ``\\t`` or tab. Raises UserError for anything else."""
    known = {"\\t": "\t", "tab": "\t", "comma": ",", "semicolon": ";", "bar": "|"}
    delimiter = known.get(text, text) if text is not None else None
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n\0'):
        raise UserError(f"{shorten(text)} is no delimiter.", "give one character, such as --delimiter ';', or tab")
    return delimiter


def read_delimited(
    file: BinaryIO, name: str, *, encoding: str = "utf-8", dialect: Dialect | None = None
) -> Iterator[Record | Left]:
    """Rows in the file's order, with the line that each begins at (quoted cells may hold line feeds). Without a
    ``dialect`` it is guessed from the first 64 KiB. Raises ``UserError`` for an encoding that nobody knows."""
    lines = _Lines(file, encoding)
    dialect = dialect or guess_dialect(lines.head, encoding)
    columns = dialect.columns
    if len(columns) > _MOST_COLUMNS:
        message = f"the table has {len(columns):,} columns; {_MOST_COLUMNS:,} are the most that are read"
        hint = "give the delimiter, if it was taken for another"
        yield Left("too_many_columns", message, hint, Place(name, 1), "error")
        return
    nested = nested_columns(columns)
    num_rows = 0
    header = ""
    for line, cells in _parsed(lines, dialect.delimiter, skip_first=dialect.has_header):
        place = Place(name, line)
        num_rows += 1
        if isinstance(cells, Left):
            yield replace(cells, place=place)
            continue
        columns = columns or numbered_names(len(cells))
        if len(cells) != len(columns):
            header = header or f"the header {len(columns)} ({quoted(columns, 4)})"
            yield _changed(cells, header, place)
        elif not any(cells):
            yield Left("empty_row", "the row has no text in any cell", "remove it, or fill it in", place)
        else:
            row: dict[str, Any] = dict(zip(columns, cells, strict=True))
            yield Record(open_cells(row, nested) if nested else row, place)
    if not num_rows:
        what = "no row below its header" if dialect.has_header else "no row"
        yield Left("empty_table", f"the table has {what}", "export it again", Place(name, 1), "error")


def _likely_delimiter(text: str) -> tuple[str, list[list[str]]]:
    """The one by which most rows have the header's number of cells, of two or more; a comma where there is none."""
    best: tuple[tuple[float, int], str, list[list[str]]] = ((0.0, 0), ",", _rows(text, ","))
    for delimiter in _DELIMITERS:
        rows = _rows(text, delimiter)
        width = len(rows[0]) if rows else 0
        score = (sum(len(row) == width for row in rows) / len(rows), width) if width >= 2 else (0.0, 0)
        if score > best[0]:
            best = (score, delimiter, rows)
    return best[1:]


def _rows(text: str, delimiter: str) -> list[list[str]]:
    """The rows of the file's beginning, but for blank ones, broken ones, and the last where it may be cut."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[list[str]] = []
    while True:
        try:
            rows.append(next(reader))
        except csv.Error:
            continue
        except StopIteration:
            break
    if not text.endswith(("\n", "\r")) and len(text) >= _HEAD_BYTES // 4:
        rows.pop()
    return [row for row in rows if row]


def _parsed(lines: _Lines, delimiter: str, skip_first: bool) -> Iterator[tuple[int, list[str] | Left]]:
    """Each row's first line and its cells. After a broken row, reading goes on at the line after its first."""
    csv.field_size_limit(max(csv.field_size_limit(), 2 * LONGEST_ROW))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = lines.begin_row()
        try:
            cells: list[str] | Left = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cells = _broken(str(error))
            if not lines.go_back():
                yield line, _too_broken()
                return
        if not cells:
            continue
        if not isinstance(cells, Left):
            if skip_first:
                skip_first = False
                continue
            if lines.is_undecoded and (bad := _bad_cell(cells)):
                cells = _not_text(bad, lines.encoding)
            elif lines.has_null:
                cells = _null(next((number for number, cell in enumerate(cells, 1) if "\0" in cell), 1))
        skip_first = False
        yield line, cells


class _Lines:
    """The lines of a stream, one at a time. Those of the row in hand are kept, ``LONGEST_ROW`` characters at most, so
    that reading can begin again after its first line."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self.encoding = encoding
        self.head = file.read(_HEAD_BYTES)
        self.is_undecoded = self.has_null = False
        try:
            self._is_utf8 = codecs.lookup(encoding).name.startswith("utf-8")
        except LookupError as error:
            hint = "name one that Python knows: utf-8, gb18030, windows-1252 …"
            raise UserError(f"{encoding!r} is no encoding", hint) from error
        errors = "surrogateescape" if self._is_utf8 else "replace"
        raw = io.BufferedReader(_Joined(self.head, file), 1 << 18)
        self._text = io.TextIOWrapper(raw, encoding, errors=errors, newline="")
        self._again: list[tuple[int, str]] = []
        self._row: list[tuple[int, str]] = []
        self._row_characters = self._read_again = self._num_read = 0

    def begin_row(self) -> int:
        """→ the number of its first line."""
        self._row.clear()
        self._row_characters = 0
        self.is_undecoded = self.has_null = False
        return self._again[-1][0] if self._again else self._num_read + 1

    def go_back(self) -> bool:
        """To the line after the row's first; False where so much was read again that it must end."""
        self._again.extend(reversed(self._row[1:]))
        self._read_again += self._row_characters
        return self._read_again <= _MOST_READ_AGAIN

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        number, line = self._again.pop() if self._again else self._read()
        self._row.append((number, line))
        self._row_characters += len(line)
        if self._row_characters > LONGEST_ROW:
            raise csv.Error(_NEVER_CLOSED)
        if not line.isascii() and not (_is_encodable(line) if self._is_utf8 else "\ufffd" not in line):
            self.is_undecoded = True
        if "\0" in line:
            self.has_null = True
        return line

    def _read(self) -> tuple[int, str]:
        line = self._text.readline(LONGEST_ROW)
        if not line:
            raise StopIteration
        self._num_read += 1
        if len(line) == LONGEST_ROW and not line.endswith(_LINE_ENDS):
            self._pass_over_the_rest()
            raise csv.Error(_LINE_TOO_LONG)
        return self._num_read, line.removeprefix("\ufeff") if self._num_read == 1 else line

    def _pass_over_the_rest(self) -> None:
        while len(more := self._text.readline(LONGEST_ROW)) == LONGEST_ROW and not more.endswith(_LINE_ENDS):
            pass


class _Joined(io.RawIOBase):
    """What was read ahead, then the rest of the stream."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self._head[: len(buffer)] if self._head else self._rest.read(len(buffer))
        self._head = self._head[len(content) :]
        buffer[: len(content)] = content
        return len(content)


_LINE_ENDS: Final = ("\n", "\r")
_NEVER_CLOSED: Final = "never closed"
_LINE_TOO_LONG: Final = "line too long"


def _is_encodable(line: str) -> bool:
    try:
        line.encode()
    except UnicodeEncodeError:
        return False
    return True


def _broken(error: str) -> Left:
    if error == _LINE_TOO_LONG:
        message = f"the line is longer than {LONGEST_ROW:,} characters"
        return Left("row_too_long", message, "part it, or look whether it is a table at all", _NOWHERE, "error")
    if error == _NEVER_CLOSED or "unexpected end of data" in error or "field larger" in error:
        message = f"a quote that is opened in this row is not closed within {LONGEST_ROW:,} characters, or not at all"
    else:
        message = "a quote in this row is closed in the middle of a cell"
    hint = (
        'put cells that hold the delimiter, quotes or line feeds into quotes, and write each quote in them twice ("")'
    )
    return Left("broken_quote", message, hint, _NOWHERE, "error")


_NOWHERE: Final = Place("")


def _too_broken() -> Left:
    message = "quotes are broken so often that the rest of the file cannot be parted into rows: it was not read"
    return Left("broken_quote", message, "mend the quotes, or save the table anew as CSV", _NOWHERE, "error")


def _changed(cells: list[str], header: str, place: Place) -> Left:
    message = f"the row has {len(cells)} cell{'s' if len(cells) != 1 else ''}, {header}: it begins with"
    hint = "put cells that hold the delimiter into quotes, and write empty cells out"
    return Left("changing_columns", f"{message} {shorten(cells[0], 40)}", hint, place, "error")


def _bad_cell(cells: list[str]) -> int | None:
    return next((number for number, cell in enumerate(cells, 1) if _UNDECODED.search(cell)), None)


def _null(number: int) -> Left:
    message = f"cell {number} holds a null character, which is no text"
    return Left("null_character", message, NULL_HINT, _NOWHERE, "error")


def _not_text(number: int, encoding: str) -> Left:
    message = f"cell {number} holds bytes that are not {encoding.upper()}"
    hint = "convert the file to UTF-8, or name its encoding (spreadsheets often write windows-1252 or gb18030)"
    return Left("not_utf8", message, hint, _NOWHERE, "error")
