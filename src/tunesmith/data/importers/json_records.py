"""JSON of any size → Records: lines, the elements of one array, or values spread over lines.

An object that holds lists of rows ({"train": […], "validation": […]}) gives those rows.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from typing import Any, Final, Literal

import msgspec

from tunesmith.data.findings import shorten
from tunesmith.data.importers.elements import Element, ElementSplitter
from tunesmith.data.importers.lines import Line, not_utf8, read_lines, too_long
from tunesmith.data.importers.opened import Opened
from tunesmith.data.importers.rows import Left, Place, Record
from tunesmith.data.importers.unpacking import DamagedSource
from tunesmith.data.loose_json import read_loosely
from tunesmith.data.strict_json import UNREAD, Fault, is_json, read_json

Layout = Literal["lines", "array", "values"]
_MOST_READ_LOOSELY: Final = 1 << 16
_CHUNK: Final = 1 << 20


def layout_of(head: bytes) -> Layout | None:
    """How JSON that begins like this (as UTF-8) is laid out; None where it does not begin like JSON."""
    text = head.lstrip()
    lines = [line.strip() for line in text[:65536].splitlines() if line.strip()]
    if not lines or lines[0][:1] not in (b"{", b"["):
        return None
    first_is_whole = is_json(lines[0])
    if lines[0].startswith(b"["):
        return "lines" if first_is_whole and len(lines) > 1 else "array"
    if first_is_whole or len(lines) < 2 or lines[1].startswith(b"{"):
        return "lines"
    return "values"


def json_records(opened: Opened, layout: Layout, encoding: str | None = None) -> Iterator[Record | Left]:
    lines = read_lines(opened, encoding)
    if layout == "lines":
        return records_of_lines(lines, opened.name)
    if encoding is not None:
        return _records_of_chunks(lines, opened.name, layout == "array")
    return _records_of_chunks(_chunks(opened), opened.name, layout == "array")


def records_of_lines(lines: Iterable[Line], name: str) -> Iterator[Record | Left]:
    for number, line in lines:
        place = Place(name, number)
        if isinstance(line, Left):
            yield line
        elif line and not line.isspace():
            yield from read_record(line.rstrip(b"\r\n"), place, 1, is_cut=not line.endswith(b"\n"))


def read_record(content: bytes, place: Place, column: int | None, is_cut: bool = False) -> Iterator[Record | Left]:
    """The row that is written in ``content``, or what is wrong with it; the rows, where it holds lists of them."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        yield not_utf8(content, error, place)
        return
    value, faults = read_json(text, content)
    if faults:
        yield _fault(faults[-1] if value is UNREAD else faults[0], text, place, column, is_cut)
    elif isinstance(value, dict):
        yield from _rows_inside(value, place)
    else:
        message, hint = f"the row is {shorten(value)}, not an object", 'write each row as {"…": …}'
        yield Left("not_an_object", message, hint, place, "error")


def _fault(fault: Fault, text: str, place: Place, column: int | None, is_cut: bool) -> Left:
    finding, before = fault.finding, text[: fault.offset]
    if is_cut and fault.is_at_end:
        message, hint = "the file ends in the middle of a row: was it cut?", "copy or export it again"
        return Left("invalid_json", message, hint, place, "error")
    hint = finding.hint
    if finding.rule == "invalid_json" and len(text) <= _MOST_READ_LOOSELY and read_loosely(text) is not UNREAD:
        hint = f"{hint}; tunesmith data fix mends such rows"
    num_lines = before.count("\n")
    if num_lines:
        column = len(before) - before.rindex("\n")
    elif column is not None:
        column += len(before)
    line = place.line + num_lines if place.line is not None else None
    return Left(finding.rule, finding.message, hint, replace(place, line=line, column=column), "error")


def _rows_inside(value: dict[str, Any], place: Place) -> Iterator[Record | Left]:
    """A row is itself, unless all that it holds are lists of rows, or of (text, label) pairs, and what is said of them."""
    lists = {key: item for key, item in value.items() if isinstance(item, list)}
    if not lists or not all(_holds_rows(key, items) for key, items in lists.items()):
        yield Record(value, place)
        return
    if any(isinstance(item, dict) for item in value.values()):
        yield Record(value, place)
        return
    for key in value.keys() - lists.keys():
        message = f"{key} is {shorten(value[key])}: it stands beside the rows, and is none"
        yield Left("not_a_row", message, "nothing to do", replace(place, path=key))
    for key, items in lists.items():
        yield from _rows_of_list(key, items, place)


_ROW_LISTS: Final = re.compile(
    r"(?:oos_)?(?:train|training|validation|valid|val|dev|test|data|rows|records|examples|samples)"
)
_OF_A_MESSAGE: Final = frozenset({"role", "from", "human", "speaker"})


def _holds_rows(key: str, items: list[Any]) -> bool:
    """A list of messages is a conversation, and belongs to a row."""
    return bool(_ROW_LISTS.fullmatch(key)) and all(
        _is_labelled(item) or (isinstance(item, dict) and not _OF_A_MESSAGE & item.keys()) for item in items[:10]
    )


def _rows_of_list(key: str, items: list[Any], place: Place) -> Iterator[Record | Left]:
    for index, item in enumerate(items):
        inside = replace(place, path=f"{key}[{index}]")
        if isinstance(item, dict):
            yield Record(item, inside)
        elif _is_labelled(item):
            yield Record({"text": item[0], "label": item[1], "source": key}, inside)
        else:
            message = f"{key}[{index}] is {shorten(item)}, not a row"
            yield Left("not_an_object", message, 'write each row as {"…": …}', inside, "error")


def _is_labelled(item: Any) -> bool:
    return isinstance(item, list) and len(item) == 2 and all(isinstance(text, str) for text in item)


# ---- arrays and values spread over lines ---------------------------------------------------------


def _chunks(opened: Opened) -> Iterator[Line]:
    num_lines = 1
    with opened.open() as file:
        try:
            first = True
            while chunk := file.read(_CHUNK):
                yield num_lines, chunk.removeprefix(b"\xef\xbb\xbf") if first else chunk
                num_lines, first = num_lines + chunk.count(b"\n"), False
        except DamagedSource as error:
            place = Place(opened.name, num_lines)
            yield num_lines, Left("damaged_file", error.message, error.hint, place, "error")


def _records_of_chunks(chunks: Iterable[Line], name: str, is_array: bool) -> Iterator[Record | Left]:
    splitter = ElementSplitter(is_array)
    index = 0
    for _, chunk in chunks:
        if isinstance(chunk, Left):
            yield chunk
            continue
        for element in splitter.feed(chunk):
            index += yield from _read_element(element, name, index, is_array)
    for element in splitter.finish():
        index += yield from _read_element(element, name, index, is_array)
    if not splitter.is_closed:
        message, hint = "the array has no closing bracket: was the file cut?", "copy or export it again"
        yield Left("invalid_json", message, hint, Place(name), "error")


def _read_element(element: Element, name: str, index: int, is_array: bool) -> Generator[Record | Left, None, int]:
    """What became of it → of how many elements of the array."""
    place = Place(name, element.line, path=f"[{index}]" if is_array else None)
    if not element.content:
        yield too_long(element.num_bytes, place)
    elif element.is_between:
        return (yield from _between(element, name, index if is_array else None))
    else:
        yield from read_record(element.content, place, None, element.is_cut)
    return 1


def _between(element: Element, name: str, index: int | None) -> Generator[Left, None, int]:
    """Texts and numbers in an array of rows, → how many; anything else is no JSON. ``index`` is that of the first."""
    try:
        raws = msgspec.json.decode(b"[" + element.content.strip(b" \t\r\n,") + b"]", type=list[msgspec.Raw])
        values = [msgspec.json.decode(raw) for raw in raws]
    except (ValueError, RecursionError):
        what = shorten(element.content.strip()[:60].decode(errors="backslashreplace"))
        message, hint = f"{what} stands where a row should begin", "write the rows with a JSON library"
        place = Place(name, element.line, path=None if index is None else f"[{index}]")
        yield Left("invalid_json", message, hint, place, "error")
        return 0
    line, at = element.line, 0
    for number, (raw, value) in enumerate(zip(raws, values, strict=True)):
        begins = element.content.index(bytes(raw), at)
        line += element.content.count(b"\n", at, begins)
        at = begins + len(bytes(raw))
        message, hint = f"the row is {shorten(value)}, not an object", 'write each row as {"…": …}'
        place = Place(name, line, path=None if index is None else f"[{index + number}]")
        yield Left("not_an_object", message, hint, place, "error")
    return len(values)
