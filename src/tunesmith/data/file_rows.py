"""The rows of a file: its lines, or the elements of its one JSON array, each with its place.

Lines are read one by one, so that a huge file costs little memory, and so are the elements of a large array; a small
array is read whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from tunesmith.data.array_elements import MOST_ROW_BYTES, array_elements, too_long
from tunesmith.data.encoding import BOM, HEAD_BYTES, BadBytes
from tunesmith.data.strict_json import UNREAD, Fault, StrictJson, invalid_json, is_json, read_json

MOST_WHOLE_BYTES: Final = 8 << 20
_SHOWN_BYTES: Final = 1 << 16
_BATCH_BYTES: Final = 1 << 17


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row's text, where it starts, and its value (``UNREAD`` where it is no JSON)."""

    line: int
    text: str
    value: Any
    faults: list[Fault] = field(default_factory=list)
    column: int = 1
    byte_column: int = 1

    def position(self, offset: int) -> tuple[int, int, int]:
        """Line, column and byte column of a character of the text."""
        newlines = self.text.count("\n", 0, offset)
        if newlines == 0:
            return self.line, self.column + offset, self.byte_column + len(self.text[:offset].encode())
        start = self.text.rindex("\n", 0, offset) + 1
        return self.line + newlines, 1 + offset - start, 1 + len(self.text[start:offset].encode())


def file_rows(path: Path, update: Callable[[bytes], None]) -> Iterator[FileRow]:
    """Each row of the file; ``update`` is given all its bytes, in order."""
    bad_bytes = BadBytes(path)
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        file.seek(0)
        if is_array(head) and path.stat().st_size > MOST_WHOLE_BYTES and not is_json(head.split(b"\n", 1)[0]):
            yield from _streamed_rows(file, update, bad_bytes)
        elif is_array(head):
            content = file.read()
            update(content)
            yield from _array_rows(content, bad_bytes)
        elif _is_pretty_object(head.removeprefix(BOM).lstrip()):
            yield FileRow(1, "", UNREAD, [invalid_json("one example is spread over several lines", _ONE_LINE_HINT, 0)])
        else:
            yield from _line_rows(file, update, bad_bytes)


@dataclass(frozen=True, slots=True)
class LineBatch:
    """Lines as they stand in the file, the first without a byte order mark."""

    first_line: int
    lines: list[bytes]
    bom_bytes: int
    bad_bytes: BadBytes

    def row(self, number: int, line: bytes) -> FileRow | None:
        """One of them, read strictly; None where it is blank."""
        if line.isspace() or not line:
            return None
        return line_row(number, line, self.bad_bytes, 1 + (self.bom_bytes if number == 1 else 0))


def line_batches(path: Path, update: Callable[[bytes], None]) -> Iterator[LineBatch]:
    """The lines of the file; ``update`` is given all its bytes, in order."""
    with path.open("rb") as file:
        yield from _batches(file, path, update)


def has_lines(path: Path) -> bool:
    """Whether each of its lines is a row."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    return not is_array(head) and not _is_pretty_object(head.removeprefix(BOM).lstrip())


def batches_between(path: Path, start: int, end: int, first_line: int = 1) -> Iterator[LineBatch]:
    """The lines that begin at one byte or later, and before another."""
    with path.open("rb") as file:
        if start:
            file.seek(start - 1)
            _skip_line(file, b"", lambda _: None)
        yield from _batches(file, path, lambda _: None, end, first_line)


def _batches(
    file: BinaryIO, path: Path, update: Callable[[bytes], None], end: int | None = None, number: int = 1
) -> Iterator[LineBatch]:
    """Of a line that is too long, as much is given as tells that it is."""
    bad_bytes, is_start = BadBytes(path), file.tell() == 0
    while content := file.read(_BATCH_BYTES if end is None else min(_BATCH_BYTES, max(0, end - file.tell()))):
        if not content.endswith(b"\n"):
            content += file.readline(MOST_ROW_BYTES + 1)
        update(content)
        bom_bytes = len(BOM) if is_start and content.startswith(BOM) else 0
        lines = BytesIO(content[bom_bytes:] if bom_bytes else content).readlines()
        if lines and len(lines[-1]) > MOST_ROW_BYTES:
            _skip_line(file, lines[-1], update)
        yield LineBatch(number, lines, bom_bytes, bad_bytes)
        number, is_start = number + len(lines), False


def is_array(head: bytes) -> bool:
    """Whether a file that begins like this is one JSON array, so that its rows are no lines."""
    return head.removeprefix(BOM).lstrip().startswith(b"[")


_ONE_LINE_HINT: Final = "write each example on one line: jq -c . FILE > fixed.jsonl"


def _is_pretty_object(head: bytes) -> bool:
    lines = [line.strip() for line in head[:2000].splitlines() if line.strip()][:2]
    return len(lines) == 2 and lines[0] == b"{" and not lines[1].startswith(b"{")


def _line_rows(file: BinaryIO, update: Callable[[bytes], None], bad_bytes: BadBytes) -> Iterator[FileRow]:
    number = 0
    while line := file.readline(MOST_ROW_BYTES + 1):
        number += 1
        update(line)
        if len(line) > MOST_ROW_BYTES:
            _skip_line(file, line, update)
        content = line.removeprefix(BOM) if number == 1 else line
        if content and not content.isspace():
            yield line_row(number, content, bad_bytes, 1 + len(line) - len(content))


def _skip_line(file: BinaryIO, line: bytes, update: Callable[[bytes], None]) -> None:
    """What of a line is left whose beginning was read."""
    while not line.endswith(b"\n") and (line := file.readline(_SHOWN_BYTES)):
        update(line)


def line_row(number: int, line: bytes, bad_bytes: BadBytes, byte_column: int = 1) -> FileRow:
    """Only a file's last line can lack the line feed at its end; if it also breaks off, the file was cut."""
    if len(line) > MOST_ROW_BYTES:
        return FileRow(number, line[:_SHOWN_BYTES].decode(errors="replace"), UNREAD, [too_long()])
    content = line.rstrip(b"\r\n")
    is_cut_off = not line.endswith(b"\n")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        text = content[: error.start].decode()
        if is_cut_off and error.reason == "unexpected end of data":
            fault = invalid_json(_HALF_WRITTEN, _HALF_WRITTEN_HINT, len(text))
        else:
            fault = Fault(bad_bytes.finding(content, error), len(text))
        return FileRow(number, text, UNREAD, [fault], byte_column=byte_column)
    value, faults = read_json(text, content)
    if is_cut_off and value is UNREAD and faults[-1].is_at_end:
        faults[-1] = invalid_json(_HALF_WRITTEN, _HALF_WRITTEN_HINT, len(text))
    return FileRow(number, text, value, faults, byte_column=byte_column)


_HALF_WRITTEN: Final = "the last line ends in the middle: was the file cut?"
_HALF_WRITTEN_HINT: Final = "copy or export the file again, or remove its last line"


def _streamed_rows(file: BinaryIO, update: Callable[[bytes], None], bad_bytes: BadBytes) -> Iterator[FileRow]:
    for element in array_elements(file, update):
        place = (element.column, element.byte_column)
        if element.fault is not None:
            yield FileRow(element.line, element.content.decode(errors="replace"), UNREAD, [element.fault], *place)
            continue
        try:
            text = element.content.decode()
        except UnicodeDecodeError as error:
            text = element.content[: error.start].decode()
            yield FileRow(
                element.line, text, UNREAD, [Fault(bad_bytes.finding(element.content, error), len(text))], *place
            )
            continue
        value, faults = read_json(text, element.content)
        yield FileRow(element.line, text, value, faults, *place)


def _array_rows(content: bytes, bad_bytes: BadBytes) -> Iterator[FileRow]:
    """The elements of a JSON array; where it breaks, those before the break, then the break itself."""
    content = content.removeprefix(BOM)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        text = content[: error.start].decode()
        yield FileRow(1, text, UNREAD, [Fault(bad_bytes.finding(content, error), len(text))])
        return
    try:
        elements = msgspec.json.decode(content, type=list[msgspec.Raw])
        spans = _spans(text, (bytes(element).decode() for element in elements))
    except (ValueError, RecursionError):
        if is_json(content.split(b"\n", 1)[0]):
            yield from _line_rows(BytesIO(content), lambda _: None, bad_bytes)
            return
        strict = StrictJson(text)
        value, faults = strict.read()
        yield from _element_rows(text, strict.spans)
        if value is UNREAD:
            yield FileRow(1, text, UNREAD, faults[-1:])
        return
    yield from _element_rows(text, spans)


_BETWEEN_ELEMENTS: Final = re.compile(r"[ \t\r\n,]*")


def _spans(text: str, elements: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Where each element of the array starts and ends; between them are spaces and commas only."""
    end = text.index("[") + 1
    for element in elements:
        start = _BETWEEN_ELEMENTS.match(text, end).end()  # type: ignore[union-attr]
        end = start + len(element)
        yield start, end


def _element_rows(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[FileRow]:
    line, seen, start_of_line, num_bytes = 1, 0, 0, 0
    for start, end in spans:
        if feeds := text.count("\n", seen, start):
            line, start_of_line, num_bytes = line + feeds, text.rindex("\n", seen, start) + 1, 0
            seen = start_of_line
        num_bytes += len(
            text[seen:start].encode()
        )  # since the last element: the whole line each time would be quadratic
        seen = start
        element = text[start:end]
        value, faults = read_json(element, element.encode())
        yield FileRow(line, element, value, faults, 1 + start - start_of_line, 1 + num_bytes)
