"""Plain text → Records: texts that a separator or blank lines part, or else lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tunesmith.data.array_elements import MOST_ROW_BYTES
from tunesmith.data.importers.lines import not_utf8, read_lines, too_long
from tunesmith.data.importers.opened import Opened
from tunesmith.data.importers.rows import Left, Place, Record

_SEPARATOR: Final = re.compile(rb"[ \t]*(?:<\|endoftext\|>|</s>)[ \t]*\r?\n?\Z")
_SEPARATOR_LINE: Final = re.compile(rb"^[ \t]*(?:<\|endoftext\|>|</s>)[ \t]*\r?$", re.MULTILINE)


def text_records(opened: Opened, encoding: str | None = None) -> Iterator[Record | Left]:
    """``{"text": …}`` for each text. A file that has lines with <|endoftext|> alone is parted by them, one with blank
    lines by those; in any other each line is a text."""
    has_separators = _SEPARATOR_LINE.search(opened.head) is not None
    ends = _is_separator if has_separators else _is_blank if _has_blank_line(opened.head) else None
    held: list[bytes] = []
    size = start = 0
    for number, line in read_lines(opened, encoding):
        if isinstance(line, Left):
            yield line
            continue
        if not held:
            start = number
        is_end = ends is None or ends(line)
        if not is_end or ends is None:
            held.append(line)
            size += len(line)
        if is_end or size > MOST_ROW_BYTES:
            yield from _text(held, size, Place(opened.name, start))
            held, size = [], 0
    yield from _text(held, size, Place(opened.name, start))


def _has_blank_line(head: bytes) -> bool:
    return re.search(rb"[^\s][ \t]*(?:\r?\n|\r)[ \t]*(?:\r?\n|\r)", head) is not None


def _is_separator(line: bytes) -> bool:
    return _SEPARATOR.match(line) is not None


def _is_blank(line: bytes) -> bool:
    return not line.strip()


def _text(held: list[bytes], size: int, place: Place) -> Iterator[Record | Left]:
    content = b"".join(held).strip()
    if size > MOST_ROW_BYTES:
        yield too_long(size, place)
    elif content:
        try:
            yield Record({"text": content.decode()}, place)
        except UnicodeDecodeError as error:
            yield not_utf8(content, error, place)
