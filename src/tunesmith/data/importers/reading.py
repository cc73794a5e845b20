"""A path → what stands there, one ``Source`` after the other: its format, why, and the outcomes of reading it.

The one place that knows every importer. Nothing is written here; see `convert`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from shlex import quote
from typing import Any, Final, Literal

import msgspec

from tunesmith.core.errors import UserError
from tunesmith.data.encoding import HEAD_BYTES
from tunesmith.data.importers import column_guess, continue_dev, mapping, tables
from tunesmith.data.importers.continue_dev import ContinueOptions
from tunesmith.data.importers.conversations import make_chat, make_sharegpt
from tunesmith.data.importers.detect import Held, Holder, RecordFormat, describe, fits, format_of, holder_of, shape_of
from tunesmith.data.importers.json_records import json_records, records_of_lines
from tunesmith.data.importers.lines import Line, known_encoding, read_lines
from tunesmith.data.importers.mail.importing import import_mail
from tunesmith.data.importers.mail.options import MailOptions
from tunesmith.data.importers.making import Make, Notes, outcomes
from tunesmith.data.importers.opening import DamagedSource, Limits, Opened, sources
from tunesmith.data.importers.pairs import make_labelled, make_pair, make_prompt_completion, make_seed_task, make_text
from tunesmith.data.importers.plain_chat import is_plain_chat
from tunesmith.data.importers.preferences import make_preference, make_rated
from tunesmith.data.importers.reinforcement import make_reinforcement
from tunesmith.data.importers.rows import Left, Outcome, Place, Record
from tunesmith.data.importers.text_records import text_records

Format = Literal[RecordFormat, "table", "continue", "mail", "unknown"]
PlainLines = list[bytes]
"""Chat rows that may be written as they stand."""
Outcomes = Iterator[Outcome | PlainLines]
Records = Iterator[Record | Left]
FirstOf = dict[str, int | str | None]
"""Where rows of each other format begin."""
_ROWS_TO_DETECT_BY: Final = 100
_MOST_TO_DETECT_BY: Final = 20_000
_MOST_LINES_AT_ONCE: Final = 64
_MOST_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the user says instead of being guessed; ``mapping`` as `mapping.parse` reads it. ``delimiter`` and ``has_header``
    are of text with delimiters; ``list_labels`` names all labels of a classification in its system message."""

    format: Format | None = None
    mapping: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    mail: MailOptions = field(default_factory=MailOptions)
    limits: Limits = field(default_factory=Limits)
    delimiter: str | None = None
    has_header: bool | None = None
    list_labels: bool = False
    continue_dev: ContinueOptions = field(default_factory=ContinueOptions)


@dataclass(frozen=True, slots=True)
class Source:
    """One file, archive member or mail folder. ``outcomes`` is read once, before the next source. Of a table, what a person
    needs to say which column is what: its ``columns``, ``first_records``, and what was ``guessed``; ``dialect`` is of text
    with delimiters."""

    name: str
    format: Format
    reason: str
    outcomes: Outcomes
    encoding: str | None = None
    mapping: dict[str, Any] | None = None
    columns: tuple[str, ...] = ()
    first_records: tuple[Record, ...] = ()
    guessed: column_guess.Guess | None = None
    holder: Holder | None = None
    dialect: tables.Dialect | None = None


def read_sources(path: Path, options: ReadOptions, notes: Notes) -> Iterator[Source | Left]:
    """Everything at ``path``; a Left for what cannot be opened. Raises UserError where an option cannot be followed."""
    if options.encoding:
        known_encoding(options.encoding)
    if path.is_dir() and (options.format == "mail" or (options.format is None and _is_mail_folder(path))):
        yield Source(path.name, "mail", "the folder holds mail", import_mail(path, options.mail))
        return
    if path.is_dir() and options.format in (None, "continue") and _is_continue_folder(path):
        made = continue_dev.import_continue(_records_of_folder(path, options), options.continue_dev)
        yield Source(path.name, "continue", "the folder holds events of the Continue assistant", made)
        return
    num_mail = 0
    for opened in sources(path, options.limits):
        source = opened if isinstance(opened, Left) else _read(opened, options, notes)
        num_mail += isinstance(source, Source) and source.format == "mail"
        if num_mail == 2:
            notes.add("mail_read_apart", _READ_APART, Place(path.name))
            num_mail += 1
        yield source


_READ_APART: Final = (
    "each file of mail is read by itself here: no answer finds its question in another one; unpack the archive, and give the"
    " folder of its mail alone, to have them joined"
)


def _is_mail_folder(path: Path) -> bool:
    if (path / "cur").is_dir() and (path / "new").is_dir():
        return True
    files = islice((file for file in sorted(path.rglob("*")) if file.is_file() and file.name[0] != "."), 200)
    held = {_holder_of_file(file) for file in files}
    return "mail" in held and held <= {"mail", "text", "none"}


def _holder_of_file(file: Path) -> Holder:
    with suppress(OSError), file.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        return holder_of(Opened(file.name, file.name, head, file, True, lambda: file.open("rb"))).holder
    return "none"


def _is_continue_folder(path: Path) -> bool:
    """Its files are read as one, for an answer's rating stands in another file than the answer."""
    stems = [file.stem for file in path.rglob("*.jsonl") if file.is_file()]
    return bool(stems) and set(stems) <= set(continue_dev.EVENTS)


def _records_of_folder(path: Path, options: ReadOptions) -> Records:
    for opened in sources(path, options.limits):
        if isinstance(opened, Left):
            yield opened
        elif opened.suffix == ".jsonl":
            yield from _until_damaged(json_records(opened, "lines", options.encoding), opened.name)


def _read(opened: Opened, options: ReadOptions, notes: Notes) -> Source:
    held = _held(opened, options)
    name = opened.name
    if held.holder == "mail":
        return Source(name, "mail", held.reason, _mail(opened, options))
    if held.holder == "none":
        return _unknown(opened, held.reason, _hint_for(opened))
    if held.holder == "text":
        made = outcomes(text_records(opened, held.encoding), make_text, notes)
        return Source(name, "text", held.reason, made, held.encoding, holder="text")
    if held.holder != "delimited":
        return replace(_of_records(opened, held, options, notes), holder=held.holder)
    dialect = _dialect(opened, held, options)
    for note in dialect.notes:
        notes.add("header_changed", note, Place(opened.name, 1))
    held = replace(held, reason=f"{held.reason}; {dialect.reason}")
    return replace(_of_records(opened, held, options, notes), holder=held.holder, dialect=dialect)


def _held(opened: Opened, options: ReadOptions) -> Held:
    held = holder_of(opened, options.encoding)
    asked = options.format
    if asked is None or held.holder in ("excel", "parquet", "arrow"):
        return held
    if asked == "mail":
        return Held("mail", "as --format says")
    if asked == "text" and held.holder not in ("lines", "array", "values", "delimited"):
        return Held("text", "as --format says", held.encoding)
    if held.holder in ("text", "none", "mail"):
        return Held("delimited" if asked == "table" else "lines", "as --format says", held.encoding)
    return held


def _unknown(opened: Opened, reason: str, hint: str) -> Source:
    left = Left("unknown_format", f"the format is not known: {reason}", hint, Place(opened.name), "error")
    return Source(opened.name, "unknown", reason, iter([left]))


def _hint_for(opened: Opened) -> str:
    if opened.suffix in (".pdf", ".md", ".html", ".htm", ".docx", ".rst", ".tex"):
        return "make questions and answers from documents with: tunesmith data synthesize"
    return "name the format with --format, or export it as JSON lines or CSV"


def _mail(opened: Opened, options: ReadOptions) -> Outcomes:
    with opened.on_disk() as path:
        yield from import_mail(path, options.mail)


# ---- rows of JSON and of tables ------------------------------------------------------------------


def _of_records(opened: Opened, held: Held, options: ReadOptions, notes: Notes) -> Source:
    records = _until_damaged(_records(opened, held, options), opened.name)
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
    return _of_columns(opened, held, options, values, records)


def _with_columns(source: Source, values: list[dict[str, Any]]) -> Source:
    """A table whose columns are those of a known format is read by them, and a person may map them all the same."""
    columns = tuple(dict.fromkeys(key for value in values for key in value))
    first = tuple(Record(value, Place(source.name)) for value in values[:_MOST_SHOWN])
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


def _until_damaged(records: Records, name: str) -> Records:
    try:
        yield from records
    except DamagedSource as error:
        yield Left("damaged_file", error.message, error.hint, Place(name), "error")


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


def _of_columns(
    opened: Opened, held: Held, options: ReadOptions, values: list[dict[str, Any]], records: Records
) -> Source:
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
        used, labels = _with_all_labels(chosen, columns, _until_damaged(_records(opened, held, options), opened.name))
        reason += f"; the system message lists its {len(labels):,} labels"
    first = tuple(Record(value, Place(opened.name)) for value in values[:_MOST_SHOWN])
    made = mapping.apply(used, records)
    reason = f"{held.reason}; {reason}"
    return Source(opened.name, "table", reason, made, held.encoding, chosen.as_json(), tuple(columns), first, guess)


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
        return _unknown(opened, reason, _hint_for(opened))
    shown = column_guess.describe(columns, values)
    likely = guess.mapping.as_json() if guess.mapping else dict(zip(("user", "assistant"), columns, strict=False))
    message = f"which column is what is not clear: {guess.reason}\n{shown}"
    place, hint = Place(opened.name), f"say it: --mapping {shown_mapping(likely)}, for instance"
    left = Left("mapping_needed", message, hint, place, "error")
    first = tuple(Record(value, place) for value in values[:_MOST_SHOWN])
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
        first = first_of.setdefault(other.format, record.place.line or record.place.path)
        since = f"; from {'line ' if isinstance(first, int) else ''}{first} on there are {other.format} rows"
        message = f"a {other.format} row ({other.keys}) in a {format} file{since}"
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
