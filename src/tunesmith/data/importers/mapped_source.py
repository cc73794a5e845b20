"""A table → its ``Source`` by a mapping of its columns: as the user says, or as guessed where that is sure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Set
from shlex import quote
from typing import Any, Final

import msgspec

from tunesmith.core.errors import UserError
from tunesmith.data.findings import shorten
from tunesmith.data.importers import column_guess, mapping
from tunesmith.data.importers.detect import Held, describe
from tunesmith.data.importers.making import Notes
from tunesmith.data.importers.opened import Opened
from tunesmith.data.importers.rows import Left, Place, Record
from tunesmith.data.importers.source import Outcomes, ReadOptions, Source, unknown

Records = Iterator[Record | Left]
MOST_SHOWN: Final = 20


def mapped(
    opened: Opened, held: Held, options: ReadOptions, values: list[dict[str, Any]], records: Records,
    notes: Notes, read_again: Callable[[], Records],
) -> Source:  # fmt: skip
    """``values`` are the first rows, which stand in ``records`` too."""
    columns = list(dict.fromkeys(key for value in values for key in value))
    guess = column_guess.guess(columns, values)
    if options.mapping is not None:
        chosen, reason = mapping.parse(options.mapping, columns), "as --mapping says"
    elif guess.mapping is None or not guess.is_sure:
        return _unmapped(opened, held, values, columns, records, guess)
    else:
        chosen, reason = guess.mapping, guess.reason
    used = chosen
    if options.list_labels:
        used, labels = _with_all_labels(chosen, columns, read_again())
        reason += f"; the system message lists its {len(labels):,} labels"
    first = tuple(Record(value, Place(opened.name)) for value in values[:MOST_SHOWN])
    made = mapping.apply(used, _noting(records, mapping.columns_of(used, columns), notes))
    reason = f"{held.reason}; {reason}"
    return Source(opened.name, "table", reason, made, held.encoding, chosen.as_json(), tuple(columns), first, guess)


def _noting(records: Records, used: Set[str], notes: Notes) -> Records:
    """Counts the rows that have something in a column that nothing takes along."""
    for record in records:
        if isinstance(record, Record):
            for column, cell in record.value.items():
                if column not in used and cell not in (None, "", [], {}):
                    notes.add("key_not_taken", f"the column {shorten(column)} is not taken along", record.place)
        yield record


def _with_all_labels(
    chosen: mapping.ColumnMapping, columns: list[str], records: Records
) -> tuple[mapping.ColumnMapping, tuple[str, ...]]:
    """The table is read once more for it."""
    if chosen.label is None:
        raise UserError(
            "No column is known as the label.", "say which: --mapping user=text,label=category, for instance"
        )
    labels = mapping.labels_of(chosen.label, records)
    if len(labels) > mapping.MOST_LABELS:
        message = f"The column {chosen.label!r} has more than {mapping.MOST_LABELS} values: too many to list."
        raise UserError(message, "leave out --list-labels, or name another column as the label")
    return mapping.with_listed_labels(chosen, labels, columns), labels


def _unmapped(
    opened: Opened, held: Held, values: list[dict[str, Any]], columns: list[str], records: Records,
    guess: column_guess.Guess,
) -> Source:  # fmt: skip
    """Nothing is made where nothing is sure; broken rows are told all the same."""
    if not values:
        broken = _broken_or_empty(records, opened.name)
        return Source(opened.name, "unknown", f"{held.reason}; no row can be read", broken, held.encoding)
    reason = f"{held.reason}; {describe(values[0])}"
    if guess.mapping is None and held.holder in ("lines", "array", "values"):
        return unknown(opened, reason)
    shown = column_guess.describe(columns, values)
    likely = guess.mapping.as_json() if guess.mapping else dict(zip(("user", "assistant"), columns, strict=False))
    message = f"which column is what is not clear: {guess.reason}\n{shown}"
    place, hint = Place(opened.name), f"say it: --mapping {shown_mapping(likely)}, for instance"
    left = Left("mapping_needed", message, hint, place, "error")
    first = tuple(Record(value, place) for value in values[:MOST_SHOWN])
    return Source(opened.name, "unknown", reason, iter([left]), held.encoding, None, tuple(columns), first, guess)


def _broken_or_empty(records: Records, name: str) -> Outcomes:
    is_empty = True
    for record in records:
        is_empty = False
        if isinstance(record, Left):
            yield record
        else:
            hint = "name the format with --format, or mend the rows before"
            yield Left("unknown_format", "a row after too many that cannot be read", hint, record.place, "error")
    if is_empty:
        yield Left("empty_file", "the file holds no row", "write one example per line, as JSON", Place(name), "error")


def shown_mapping(parts: Mapping[str, Any]) -> str:
    """As --mapping takes it, in quotes."""
    said = {part: name for part, name in parts.items() if (part, name) != ("output", "chat")}
    is_plain = all(isinstance(name, str) and re.fullmatch(r"[\w .{}-]+", name) for name in said.values())
    pairs = ",".join(f"{part}={name}" for part, name in said.items())
    return quote(pairs if is_plain else msgspec.json.encode(said).decode())
