"""Rows ⇄ DataFrames: pandas, polars, pyarrow, and whatever speaks the Arrow stream protocol.

    from tunesmith.data.importers.frames import from_frame, to_frame, write_rows

A frame whose columns are those of training rows (messages; prompt and completion; …) gives these rows back; any other is
a table, whose columns a mapping names. What is missing (None, NaN, NaT, NA) is missing: a key that the row has not.
None of the libraries is needed to import this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from tunesmith.core.errors import UserError
from tunesmith.data.file_rows import file_rows
from tunesmith.data.importers import arrow_tables, column_guess
from tunesmith.data.importers.frame_records import library_or_explain, records_of_frame
from tunesmith.data.importers.mapping import ColumnMapping, apply, from_json
from tunesmith.data.importers.nested_cells import decode_json
from tunesmith.data.importers.rows import MADE_FROM, Left, Made, Outcomes, Place, Record
from tunesmith.data.row_writer import RowWriter
from tunesmith.data.versions import Operation, Version, write_version

Library = Literal["pandas", "polars", "pyarrow"]
_SHAPES: Final = ({"messages"}, {"prompt", "completion"}, {"input", "preferred_output", "non_preferred_output"})
_NEVER_PLAIN_TEXT: Final = frozenset(
    {"messages", "tools", "input", "preferred_output", "non_preferred_output", MADE_FROM}
)
_ROWS_TO_GUESS_BY: Final = 100


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a frame's rows: how many were written, the file's hash, and what was left out and why."""

    num_rows: int
    sha256: str
    left: tuple[Left, ...]


def from_frame(frame: Any, mapping: ColumnMapping | Mapping[str, Any] | None = None, name: str = "frame") -> Outcomes:
    """``Made`` rows, and ``Left`` for each that gives none, placed as ``row 12``, counted from 1.

    ``mapping`` may be an object such as ``{"user": "question", "assistant": "answer"}``. Without one, the columns must be
    those of training rows, or their names must leave no doubt: raises ``UserError`` with the columns and the first rows
    where they do. Raises it too for what is no frame.
    """
    return _mapped(frame, mapping, name)[1]


def to_frame(rows: Path | str | Iterable[Mapping[str, Any]], as_: Library = "pandas") -> Any:
    """Rows, or those of a JSONL file, as a frame with a column per key. pandas keeps lists and objects as they are; Arrow
    and polars get lists and structs where that loses nothing, else JSON texts, which polars has no mark for: those of keys
    that are known (messages, tools, metadata …) are read back as what they hold. Raises ``UserError`` for a line of the file
    that is no object, and where the library is not installed."""
    found = _file_rows(Path(rows)) if isinstance(rows, str | Path) else [dict(row) for row in rows]
    if as_ == "pandas":
        return library_or_explain("pandas").DataFrame(found, columns=_keys(found), dtype=object)
    if as_ == "polars":
        return _polars_of(found)
    return _arrow_table(found)


def write_rows(
    frame: Any, path: Path | str, mapping: ColumnMapping | Mapping[str, Any] | None = None, overwrite: bool = False
) -> Written:
    """The rows of ``from_frame`` as a JSONL file with its version beside it; there whole, or not at all. Raises
    ``UserError`` where the file exists and ``overwrite`` is not set."""
    path = Path(path)
    if path.exists() and not overwrite:
        raise UserError(f"{path} exists already", "give another path, or overwrite=True")
    left: list[Left] = []
    with RowWriter(path) as writer:
        used, outcomes = _mapped(frame, mapping, "frame")
        for outcome in outcomes:
            if isinstance(outcome, Left):
                left.append(outcome)
                continue
            try:
                writer.write(outcome.row)
            except UnicodeEncodeError:
                left.append(_half_character(outcome.place))
    parameters = {"mapping": used.as_json()} if used is not None else {}
    operation = Operation("from_frame", parameters, {"written": writer.num_rows, "left_out": len(left)})
    write_version(path, Version(writer.sha256, writer.num_rows, writer.num_bytes, operations=(operation,)))
    return Written(writer.num_rows, writer.sha256, tuple(left))


def _mapped(
    frame: Any, mapping: ColumnMapping | Mapping[str, Any] | None, name: str
) -> tuple[ColumnMapping | None, Outcomes]:
    """The mapping that is used, None where the rows come as they are; and what becomes of them."""
    records = records_of_frame(frame, name)
    head = list(islice(records, _ROWS_TO_GUESS_BY))
    columns = list(dict.fromkeys(key for record in head if isinstance(record, Record) for key in record.value))
    everything = chain(head, records)
    if not columns or (mapping is None and any(shape <= set(columns) for shape in _SHAPES)):
        return None, map(_as_row, everything)
    if mapping is None:
        mapping = _guessed(columns, head)
    else:
        mapping = from_json(mapping.as_json() if isinstance(mapping, ColumnMapping) else mapping, columns)
    return mapping, apply(mapping, everything)


def _guessed(columns: Sequence[str], head: Sequence[Record | Left]) -> ColumnMapping:
    rows = [record.value for record in head if isinstance(record, Record)]
    found = column_guess.guess(columns, rows)
    if found.mapping is not None and found.is_sure:
        return found.mapping
    meant = f", perhaps mapping={found.mapping.as_json()}" if found.mapping else ""
    message = f"it is not clear which column is what: {found.reason}\n{column_guess.describe(columns, rows)}"
    raise UserError(message, f"say so: mapping={{'user': …, 'assistant': …}}{meant}")


def _as_row(record: Record | Left) -> Made | Left:
    """A row that came as one: JSON texts become what they hold, missing cells no key."""
    if isinstance(record, Left):
        return record
    row: dict[str, Any] = {}
    for key, value in record.value.items():
        if isinstance(value, str) and key in _NEVER_PLAIN_TEXT:
            value = decode_json(value)
        if value is not None:
            row[key] = _without_padding(value)
    if not row:
        return Left("empty_row", "the row has no value in any column", "leave it out", record.place)
    return Made(row, record.place)


def _without_padding(value: Any) -> Any:
    """Messages that went through a table have every key that any message has: those without a value are none."""
    if isinstance(value, dict) and "role" in value:
        return {key: item for key, item in value.items() if item is not None or key == "content"}
    if isinstance(value, dict) and "messages" in value:
        return {**value, "messages": _without_padding(value["messages"])}
    return [_without_padding(item) for item in value] if isinstance(value, list) else value


def _polars_of(rows: Sequence[Mapping[str, Any]]) -> Any:
    if any("\0" in key for key in _keys(rows)):
        raise UserError("a key of a row holds NUL, which no column's name can in polars", "rename it")
    return library_or_explain("polars").from_arrow(_arrow_table(rows))


def _arrow_table(rows: Sequence[Mapping[str, Any]]) -> Any:
    pa = arrow_tables.pyarrow_or_explain("an Arrow table or a polars frame")
    columns = {key: [row.get(key) for row in rows] for key in _keys(rows)}
    arrays = [_array(pa, values) for values in columns.values()]
    marks = [{arrow_tables.JSON_TEXT: b"1"} if is_json else None for _, is_json in arrays]
    fields = [
        pa.field(key, array.type, metadata=mark) for key, (array, _), mark in zip(columns, arrays, marks, strict=True)
    ]
    return pa.table([array for array, _ in arrays], schema=pa.schema(fields))


def _array(pa: Any, values: list[Any]) -> tuple[Any, bool]:
    """The column, and whether it holds JSON texts: where its values' types differ, so that Arrow would lose something."""
    if not all(isinstance(value, str | None) for value in values):
        try:
            array = pa.array(values)
            if _same([_unpadded(value) for value in array.to_pylist()], values) and not _holds_nul(values):
                return array, False
        except (pa.ArrowException, OverflowError, TypeError, ValueError):
            pass
        texts = [None if value is None else msgspec.json.encode(value).decode() for value in values]
        return pa.array(texts, pa.string()), True
    return pa.array(values, pa.string()), False


def _unpadded(value: Any) -> Any:
    """Without the Nones that a struct has where its key is absent."""
    if isinstance(value, dict):
        return {key: _unpadded(item) for key, item in value.items() if item is not None}
    return [_unpadded(item) for item in value] if isinstance(value, list) else value


def _same(one: Any, other: Any) -> bool:
    """Equal in value and type: 1 is neither 1.0 nor true."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return type(one) is type(other) and bool(one == other)


def _holds_nul(value: Any) -> bool:
    """Whether a key in it does: Arrow's names end there, once they go from one library to another."""
    if isinstance(value, dict):
        return any("\0" in key or _holds_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_holds_nul, value))


def _keys(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for row in rows for key in row))


def _file_rows(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for row in file_rows(path, lambda _: None):
        value = row.value
        if not isinstance(value, dict):
            raise UserError(f"{path}: a row is no object", f"look: tunesmith data check {path}")
        rows.append(value)
    return rows


def _half_character(place: Place) -> Left:
    message = "a text holds half of a character (a lone surrogate)"
    return Left("lone_surrogate", message, "write the character again", place, "error")
