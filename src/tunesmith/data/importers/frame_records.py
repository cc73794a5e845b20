"""A DataFrame → records, one a row: of pandas, of polars, of whatever speaks Arrow's stream, or a list of objects."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from tunesmith.core.errors import UserError
from tunesmith.data.findings import quoted, shorten
from tunesmith.data.importers import arrow_tables
from tunesmith.data.importers.rows import Left, Place, Record

_ROWS_AT_ONCE: Final = 1_000


def records_of_frame(frame: Any, name: str) -> Iterator[Record | Left]:
    """Named ``row 12``, counted from 1. Raises ``UserError`` for what is no frame."""
    if hasattr(frame, "iloc") and hasattr(frame, "to_dict"):
        return _pandas_records(frame, name)
    if _is_of("polars", frame):
        frame = _polars_frame(frame)
    if hasattr(frame, "__arrow_c_stream__"):
        return _arrow_records(frame, name)
    if isinstance(frame, Iterable) and not isinstance(frame, str | bytes | Mapping):
        return _mapping_records(frame, name)
    kind = type(frame).__name__
    hint = "give a pandas or polars DataFrame, a pyarrow Table, or a list of objects"
    raise UserError(f"a {kind} is no frame: rows cannot be read from it", hint)


def _is_of(library: str, frame: Any) -> bool:
    return type(frame).__module__.partition(".")[0] == library


def _polars_frame(frame: Any) -> Any:
    """A lazy frame is collected. One with a name that holds NUL is refused: polars ends the process when it exports it."""
    if hasattr(frame, "collect"):
        try:
            frame = frame.collect()
        except library_or_explain("polars").exceptions.PolarsError as error:
            message = f"the lazy frame cannot be collected: {_first_line(error)}"
            raise UserError(message, "mend its query, and try frame.collect()") from error
    if "\\x00" in repr(getattr(frame, "schema", "")):
        raise UserError("a column or a field of the frame has a name that holds NUL", "rename it")
    return frame


def _arrow_records(frame: Any, name: str) -> Iterator[Record | Left]:
    pa = arrow_tables.pyarrow_or_explain("reading this frame")
    if isinstance(frame, pa.Table):
        schema, batches = frame.schema, iter(frame.to_batches())
    else:
        try:
            reader = pa.RecordBatchReader.from_stream(frame)
        except pa.ArrowException as error:
            message = f"rows cannot be read from this {type(frame).__name__}: {_first_line(error)}"
            hint = "give a frame, and cast its columns to types that Arrow has, such as Int64 or String"
            raise UserError(message, hint) from error
        schema, batches = reader.schema, iter(reader)
    _check_names(schema.names)
    return arrow_tables.records_of(schema, batches, name)


def _check_names(names: Sequence[str]) -> None:
    if twice := sorted(name for name, count in Counter(names).items() if count > 1):
        raise UserError(f"the frame has several columns called {quoted(twice)}", "rename them")


def _first_line(error: Exception) -> str:
    return shorten(str(error).split("\n", 1)[0], 200)


def _pandas_records(frame: Any, name: str) -> Iterator[Record | Left]:
    names = [str(column) for column in frame.columns]
    _check_names(names)
    for start in range(0, len(frame), _ROWS_AT_ONCE):
        part = frame.iloc[start : start + _ROWS_AT_ONCE]
        for number, found in enumerate(part.to_dict("records"), start + 1):
            value = {str(key): _plain(item) for key, item in found.items()}
            yield Record(value, Place(name, path=f"row {number}"))


def _mapping_records(rows: Iterable[Any], name: str) -> Iterator[Record | Left]:
    for number, found in enumerate(rows, 1):
        place = Place(name, path=f"row {number}")
        if isinstance(found, Mapping):
            yield Record({str(key): _plain(item) for key, item in found.items()}, place)
        else:
            message = f"a row is a {type(found).__name__}, not an object"
            yield Left("not_an_object", message, "give each row as an object", place, "error")


def _plain(value: Any) -> Any:
    """A cell as JSON has it: arrays become lists, numbers of numpy Python's, what is missing None."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if callable(getattr(value, "tolist", None)):
        return _plain(value.tolist())
    return arrow_tables.plain_scalar(value)


def library_or_explain(name: str) -> Any:
    """Raises ``UserError`` that says how to install it."""
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError as error:
        raise UserError(f"{name} is not installed", f"pip install {name}") from error
