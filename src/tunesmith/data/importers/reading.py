"""Paths → what stands there, one ``Source`` after the other: its format, why, and the outcomes of reading it.

The one place that knows every importer. Nothing is written here; see `convert`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

from tunesmith.data.encoding import first_words_beyond_ascii
from tunesmith.data.findings import quoted
from tunesmith.data.importers import continue_dev
from tunesmith.data.importers.detect import Held, holder_of
from tunesmith.data.importers.json_records import json_records
from tunesmith.data.importers.lines import known_encoding
from tunesmith.data.importers.mail.importing import import_files
from tunesmith.data.importers.mail.mail_files import MailFiles
from tunesmith.data.importers.making import Notes, outcomes
from tunesmith.data.importers.opened import Opened
from tunesmith.data.importers.opening import sources
from tunesmith.data.importers.pairs import make_text
from tunesmith.data.importers.row_sources import Records, of_rows, until_damaged
from tunesmith.data.importers.rows import Left, Place
from tunesmith.data.importers.source import ReadOptions, Source, unknown
from tunesmith.data.importers.text_records import text_records


def read_sources(paths: Sequence[Path], options: ReadOptions, notes: Notes) -> Generator[Source | Left, None, None]:
    """Everything at ``paths``, in order, and last all mail as one, for questions and their answers lie in several files.
    A Left for what cannot be opened. Raises UserError where an option cannot be followed."""
    if options.encoding:
        known_encoding(options.encoding)
    with MailFiles(options.limits) as mail:
        for path in paths:
            if path.is_dir() and options.format in (None, "continue") and _is_continue_folder(path):
                made = continue_dev.import_continue(_records_of_folder(path, options), options.continue_dev)
                yield Source(path.name, "continue", "the folder holds events of the Continue assistant", made)
            else:
                yield from _at(path, options, notes, mail)
        if len(mail):
            yield _mail(paths, mail, options)


def _at(path: Path, options: ReadOptions, notes: Notes, mail: MailFiles) -> Iterator[Source | Left]:
    """All but mail, which is put by. What is no data beside mail belongs to a mail program."""
    has_mail = False
    name = options.names.get(path)
    for opened in sources(path, options.limits, lambda one: _held(one, options).holder == "mail", name):
        if isinstance(opened, Left):
            yield opened
            continue
        held = _held(opened, options)
        _note_encoding(opened, held, options, notes)
        if held.holder == "mail" or (has_mail and options.format is None and held.holder in ("text", "none")):
            has_mail = True
            mail.add(opened, held.reason)
        elif held.holder == "none":
            yield unknown(opened, held.reason)
        elif held.holder == "text":
            made = outcomes(text_records(opened, held.encoding), make_text, notes)
            yield Source(opened.name, "text", held.reason, made, held.encoding, holder="text")
        else:
            yield of_rows(opened, held, options, notes)


def _note_encoding(opened: Opened, held: Held, options: ReadOptions, notes: Notes) -> None:
    """What bytes beyond ASCII are is a guess, but for UTF-16 and UTF-32, and words show whether it is right."""
    if held.encoding is None or held.holder in ("mail", "none"):
        return
    words = None if options.encoding else first_words_beyond_ascii(opened.head, held.encoding)
    if words:
        message = (
            f"the encoding is a guess: read as {held.encoding}, the file has words such as {quoted(words)}."
            " If they are wrong, name the right encoding with --encoding"
        )
        notes.add("encoding_guessed", message, Place(opened.name))
    else:
        message = f"the file is read as {held.encoding}, and written as UTF-8"
        notes.add("encoding_taken", message, Place(opened.name))


def _mail(paths: Sequence[Path], mail: MailFiles, options: ReadOptions) -> Source:
    first = paths[0]
    name = mail.name if len(mail) == 1 else options.names.get(first, first.name) if len(paths) == 1 else "mail"
    reason = mail.reason
    if mail.num_boxes > 1:
        reason = f"{mail.num_boxes:,} files of mail are read as one: answers find their questions in all of them"
    return Source(name, "mail", reason, import_files(mail, options.mail))


def _is_continue_folder(path: Path) -> bool:
    """Its files are read as one, for an answer's rating stands in another file than the answer."""
    stems = [file.stem for file in path.rglob("*.jsonl") if file.is_file()]
    return bool(stems) and set(stems) <= set(continue_dev.EVENTS)


def _records_of_folder(path: Path, options: ReadOptions) -> Records:
    for opened in sources(path, options.limits):
        if isinstance(opened, Left):
            yield opened
        elif opened.suffix == ".jsonl":
            yield from until_damaged(json_records(opened, "lines", options.encoding), opened.name)


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
