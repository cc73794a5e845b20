"""Parquet and Arrow files → records, in batches: nested lists and structs become JSON values.

A column ``messages`` of structs so becomes the messages of a chat row. Dates become ISO texts; what is missing is None,
or is no key at all inside a struct, where a table has no other way to say that a key is absent.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from tunesmith.core.errors import UserError
from tunesmith.data.findings import shorten
from tunesmith.data.importers.nested_cells import nested_columns, open_cells
from tunesmith.data.importers.rows import Left, Place, Record

_BATCH_BYTES: Final = 4 << 20
_MOST_ROWS: Final = 1024
_MOST_BYTES: Final = 64 << 30
_MOST_TIMES: Final = 1_000
_DEEPEST: Final = 32
JSON_TEXT: Final = b"tunesmith.json"
"""Marks, in a field's metadata, a column of texts that hold JSON."""


def read_parquet(path: Path, name: str) -> Iterator[Record | Left]:
    """Row groups are read a few columns' pages at a time, whatever their size."""
    pa = pyarrow_or_explain("reading Parquet")
    import pyarrow.parquet as parquet

    try:
        with parquet.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20) as file:
            if (refusal := _bomb(file.metadata, path, name)) is not None:
                yield refusal
                return
            rows = file.metadata.num_rows
            size = sum(file.metadata.row_group(index).total_byte_size for index in range(file.metadata.num_row_groups))
            batches = file.iter_batches(_rows_per_batch(size, rows), use_threads=False)
            yield from records_of(file.schema_arrow, batches, name)
    except (OSError, ValueError, OverflowError, pa.ArrowException) as error:
        yield _unreadable("Parquet", error, name)


def read_arrow(path: Path, name: str) -> Iterator[Record | Left]:
    """Arrow IPC, file or stream, and Feather of version 2. Memory holds one batch as it was written."""
    pa = pyarrow_or_explain("reading Arrow")
    try:
        with path.open("rb") as file:
            magic = file.read(6)
        if magic.startswith(b"FEA1"):
            hint = "write it anew: pyarrow.feather.write_feather(pyarrow.feather.read_table(FILE), NEW)"
            yield Left("old_feather", "the file is Feather of version 1", hint, Place(name), "error")
            return
        with pa.OSFile(str(path)) as source:
            reader = pa.ipc.open_file(source) if magic == b"ARROW1" else pa.ipc.open_stream(source)
            yield from records_of(reader.schema, _ipc_batches(reader), name)
    except (OSError, ValueError, OverflowError, pa.ArrowException) as error:
        yield _unreadable("Arrow", error, name)


def records_of(schema: Any, batches: Iterator[Any], name: str) -> Iterator[Record | Left]:
    """Record batches of pyarrow → records named ``row 12``, counted from 1."""
    if any(_depth(field.type) > _DEEPEST for field in schema):
        message = f"a column is nested more than {_DEEPEST} levels deep"
        yield Left("nested_too_deep", message, "write it as JSON text", Place(name), "error")
        return
    as_json = frozenset(field.name for field in schema if JSON_TEXT in (field.metadata or {}))
    nested = nested_columns(schema.names)
    values = _Values()
    number = 0
    for batch in batches:
        for start in range(0, batch.num_rows, _MOST_ROWS):
            for found in _values_of(batch.slice(start, _MOST_ROWS)):
                number += 1
                place = Place(name, path=f"row {number}")
                if isinstance(found, Exception):
                    yield _bad_value(found, place)
                    continue
                row = {key: values.plain(value, key, as_json) for key, value in found.items()}
                yield from (values.left_out(column, place) for column in values.newly_binary())
                yield Record(open_cells(row, nested) if nested else row, place)


def _values_of(batch: Any) -> list[dict[str, Any] | Exception]:
    """The batch's rows; for one with a value that Python cannot hold, why."""
    try:
        found: list[dict[str, Any] | Exception] = batch.to_pylist()
    except (ValueError, OverflowError) as error:
        if batch.num_rows == 1:
            return [error]
        found = [row for index in range(batch.num_rows) for row in _values_of(batch.slice(index, 1))]
    return found


class _Values:
    """A table's values as JSON has them. Bytes that are no text become None; each column of them is told once."""

    def __init__(self) -> None:
        self._binary: set[str] = set()
        self._new: list[str] = []

    def newly_binary(self) -> list[str]:
        new, self._new = self._new, []
        return new

    def left_out(self, column: str, place: Place) -> Left:
        message = f"the column {shorten(column)} holds bytes that are no text: they are left out of every row"
        return Left("binary_column", message, "fine if nothing is to be trained on in it", place)

    def plain(self, value: Any, column: str, as_json: frozenset[str] = frozenset()) -> Any:
        if isinstance(value, str):
            return _json_value(value) if column in as_json else value
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, dict):
            return {key: self.plain(item, column) for key, item in value.items() if item is not None}
        if isinstance(value, list):
            return self._list(value, column)
        if isinstance(value, bytes):
            return self._text(value, column)
        return plain_scalar(value)

    def _list(self, value: list[Any], column: str) -> Any:
        """A map comes as pairs."""
        if value and all(isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str) for item in value):
            return {key: self.plain(item, column) for key, item in value}
        return [self.plain(item, column) for item in value]

    def _text(self, value: bytes, column: str) -> str | None:
        try:
            return value.decode()
        except UnicodeDecodeError:
            if column not in self._binary:
                self._binary.add(column)
                self._new.append(column)
            return None


def _json_value(text: str) -> Any:
    """Of a column that is marked as JSON, so that a text may be any value."""
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return text


def plain_scalar(value: Any) -> Any:
    """A date, a decimal, a float … as JSON has it; not-a-number and what else is missing become None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ") if not _is_midnight(value) else value.date().isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value) if value.is_finite() else None
    if isinstance(value, tuple):
        return [plain_scalar(item) for item in value]
    return str(value)


def pyarrow_or_explain(what: str) -> Any:
    """The library; raises ``UserError`` that says how to install it. ``what`` needs it."""
    try:
        import pyarrow
    except ImportError as error:
        hint = "pip install 'tunesmith[tables]'"
        raise UserError(f"{what} needs pyarrow, which is not installed", hint) from error
    return pyarrow


def _rows_per_batch(num_bytes: int, num_rows: int) -> int:
    return max(1, min(_MOST_ROWS, _BATCH_BYTES * num_rows // max(num_bytes, 1)))


def _ipc_batches(reader: Any) -> Iterator[Any]:
    """Judged before they are read: the library trusts the lengths that a batch claims."""
    is_file = hasattr(reader, "num_record_batches")
    batches = (reader.get_batch(index) for index in range(reader.num_record_batches)) if is_file else iter(reader)
    for batch in batches:
        batch.validate(full=True)
        yield batch


def _bomb(metadata: Any, path: Path, name: str) -> Left | None:
    """A file that claims to become absurdly large when it is unpacked."""
    size = sum(metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups))
    if size <= _MOST_BYTES and (size <= 1 << 30 or size <= _MOST_TIMES * path.stat().st_size):
        return None
    message = f"the table would unpack to {size:,} bytes, {size // max(path.stat().st_size, 1):,} times its size"
    return Left("bomb", message, "write it in parts, if it is what it claims to be", Place(name), "error")


def _depth(type: Any) -> int:
    """How deep lists and structs are nested in a column's type; stops counting at what is too deep."""
    deepest, level = 0, [type]
    while level and deepest <= _DEEPEST:
        deepest += 1
        level = [kind.field(index).type for kind in level for index in range(kind.num_fields)]
    return deepest


def _unreadable(kind: str, error: Exception, name: str) -> Left:
    reason = str(error).split("\n", 1)[0][:200]
    message = f"the {kind} file cannot be read on: {reason}"
    return Left("broken_table", message, "write it anew, or fetch it again: it may be cut off", Place(name), "error")


def _bad_value(error: Exception, place: Place) -> Left:
    reason = str(error).split("\n", 1)[0][:200]
    message = f"a value of the row cannot be read: {reason}"
    return Left("bad_value", message, "write it anew: texts as UTF-8, dates within the years 1 to 9999", place, "error")


def _is_midnight(value: datetime.datetime) -> bool:
    return value.time() == datetime.time(0) and value.tzinfo is None
