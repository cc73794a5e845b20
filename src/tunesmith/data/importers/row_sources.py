"""A file of rows → its ``Source``: what the first rows say they are decides how all are read.

JSON lines, arrays and values, and the rows of tables, whether they are in a known format or in columns of any name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any, Final

from tunesmith.data.importers import column_guess, continue_dev, tables
from tunesmith.data.importers.conversations import make_chat, make_sharegpt
from tunesmith.data.importers.detect import Held, RecordFormat, fits, format_of, shape_of
from tunesmith.data.importers.json_records import json_records, records_of_lines
from tunesmith.data.importers.lines import Line, read_lines
from tunesmith.data.importers.making import Make, Notes, outcomes
from tunesmith.data.importers.mapped_source import MOST_SHOWN, mapped
from tunesmith.data.importers.opened import Opened
from tunesmith.data.importers.pairs import make_labelled, make_pair, make_prompt_completion, make_seed_task, make_text
from tunesmith.data.importers.plain_chat import is_plain_chat
from tunesmith.data.importers.preferences import make_preference, make_rated
from tunesmith.data.importers.reinforcement import make_reinforcement
from tunesmith.data.importers.rows import Left, Place, Record
from tunesmith.data.importers.source import Outcomes, PlainLines, ReadOptions, Source
from tunesmith.data.importers.unpacking import DamagedSource

Records = Iterator[Record | Left]
FirstOf = dict[str, int | str | None]
"""Where rows of each other format begin."""
_ROWS_TO_DETECT_BY: Final = 100
_MOST_TO_DETECT_BY: Final = 20_000
_MOST_LINES_AT_ONCE: Final = 64


def of_rows(opened: Opened, held: Held, options: ReadOptions, notes: Notes) -> Source:
    if held.holder != "delimited":
        return replace(_of_records(opened, held, options, notes), holder=held.holder)
    dialect = _dialect(opened, held, options)
    for note in dialect.notes:
        notes.add("header_changed", note, Place(opened.name, 1))
    held = replace(held, reason=f"{held.reason}; {dialect.reason}")
    return replace(_of_records(opened, held, options, notes), holder=held.holder, dialect=dialect)


def until_damaged(records: Records, name: str) -> Records:
    try:
        yield from records
    except DamagedSource as error:
        yield Left("damaged_file", error.message, error.hint, Place(name), "error")


def _of_records(opened: Opened, held: Held, options: ReadOptions, notes: Notes) -> Source:
    records = until_damaged(_records(opened, held, options), opened.name)
    head = _head(records)
    values = [record.value for record in head if isinstance(record, Record)]
    records = chain(head, records)
    name, encoding = opened.name, held.encoding
    if options.mapping is None and options.format not in (None, "table", "continue"):
        format = options.format
        return Source(name, format, "as --format says", outcomes(records, _MAKERS[format], notes), encoding)
    if options.format == "continue" or (options.format is None and _are_events(head)):
        made = continue_dev.import_continue(records, options.continue_dev)
        return Source(name, "continue", "rows are events of the Continue assistant", made, encoding)
    is_table = held.holder in ("delimited", "excel", "parquet", "arrow")
    found = format_of(values, is_table) if options.mapping is None and options.format is None else None
    if found is not None and not (options.list_labels and found[0] == "classification"):
        format, reason = found
        is_fast = format == "chat" and held.holder == "lines" and encoding is None
        one = _of_one_format(records, format, {})
        rows = _chat_lines(opened, notes) if is_fast else outcomes(one, _MAKERS[format], notes)
        source = Source(name, format, f"{held.reason}; {reason}", rows, encoding)
        return _with_columns(source, values) if is_table else source
    return mapped(
        opened,
        held,
        options,
        values,
        records,
        notes,
        lambda: until_damaged(_records(opened, held, options), opened.name),
    )


def _with_columns(source: Source, values: list[dict[str, Any]]) -> Source:
    """A table whose columns are those of a known format is read by them, and a person may map them all the same."""
    columns = tuple(dict.fromkeys(key for value in values for key in value))
    first = tuple(Record(value, Place(source.name)) for value in values[:MOST_SHOWN])
    return replace(source, columns=columns, first_records=first, guessed=column_guess.guess(list(columns), values))


def _head(records: Records) -> list[Record | Left]:
    """As far as the rows to detect by; a file may begin with many that are broken."""
    head: list[Record | Left] = []
    num_rows = 0
    for record in records:
        head.append(record)
        num_rows += isinstance(record, Record)
        if num_rows == _ROWS_TO_DETECT_BY or len(head) == _MOST_TO_DETECT_BY:
            break
    return head


def _are_events(head: list[Record | Left]) -> bool:
    kinds = [continue_dev.event_of(one.value, one.place) for one in head if isinstance(one, Record)]
    return bool(kinds) and kinds.count(None) * 2 < len(kinds)


def _records(opened: Opened, held: Held, options: ReadOptions) -> Records:
    if held.holder == "delimited":
        with opened.open() as file:
            dialect = _dialect(opened, held, options)
            yield from tables.read_delimited(file, opened.name, encoding=held.encoding or "utf-8", dialect=dialect)
    elif held.holder in ("excel", "parquet", "arrow"):
        with opened.on_disk() as path:
            if held.holder == "excel":
                yield from tables.read_excel(path, opened.name, options.sheet)
            else:
                read = tables.read_parquet if held.holder == "parquet" else tables.read_arrow
                yield from read(path, opened.name)
    elif held.holder in ("lines", "array", "values"):
        yield from json_records(opened, held.holder, held.encoding)


def _dialect(opened: Opened, held: Held, options: ReadOptions) -> tables.Dialect:
    return tables.guess_dialect(opened.head, held.encoding or "utf-8", options.delimiter, options.has_header)


def _chat_lines(opened: Opened, notes: Notes) -> Outcomes:
    first_of: FirstOf = {}

    def long_way(lines: Iterable[Line]) -> Outcomes:
        records = records_of_lines(lines, opened.name)
        return outcomes(_of_one_format(records, "chat", first_of), make_chat, notes)

    return _plain_or_not(opened, long_way)


def _plain_or_not(opened: Opened, made_of: Callable[[Iterable[Line]], Outcomes]) -> Outcomes:
    """Plain lines as they stand; those between go the long way, in their place."""
    plain: PlainLines = []
    others: list[Line] = []
    for number, line in read_lines(opened):
        if isinstance(line, bytes) and is_plain_chat(line):
            if others:
                yield from made_of(others)
                others = []
            plain.append(line.strip())
        else:
            others.append((number, line))
            if plain:
                yield plain
                plain = []
        if len(plain) + len(others) >= _MOST_LINES_AT_ONCE:
            yield from made_of(others)
            yield plain
            plain, others = [], []
    yield from made_of(others)
    yield plain


def _of_one_format(records: Iterable[Record | Left], format: RecordFormat, first_of: FirstOf) -> Records:
    """Rows of another format than the file's are left out, and where they begin is told."""
    for record in records:
        if isinstance(record, Left) or fits(record.value, format):
            yield record
            continue
        other = shape_of(record.value)
        if other is None or other.format == format:
            yield record  # the maker says what it lacks
            continue
        here = record.place.line or record.place.path
        first = first_of.setdefault(other.format, here)
        message = f"a {other.format} row ({other.keys}) in a {format} file"
        if first != here:
            message += f"; the first of them is {'line ' if isinstance(first, int) else ''}{first}"
        hint = "keep one format in a file, or convert these rows by themselves"
        yield Left("mixed_formats", message, hint, record.place, "error")


_MAKERS: Final[Mapping[str, Make]] = {
    "chat": make_chat,
    "reinforcement": make_reinforcement,
    "sharegpt": make_sharegpt,
    "preference": make_preference,
    "kto": make_rated,
    "prompt_completion": make_prompt_completion,
    "seed_tasks": make_seed_task,
    "alpaca": make_pair,
    "dolly": make_pair,
    "question_answer": make_pair,
    "classification": make_labelled,
    "text": make_text,
}
