"""What reading takes and gives: what the user says of the files, and each file that was found as rows to come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tunesmith.data.importers import column_guess
from tunesmith.data.importers.continue_dev import ContinueOptions
from tunesmith.data.importers.detect import Holder, RecordFormat
from tunesmith.data.importers.mail.options import MailOptions
from tunesmith.data.importers.opened import Opened
from tunesmith.data.importers.rows import Left, Outcome, Place, Record
from tunesmith.data.importers.tables import Dialect
from tunesmith.data.importers.unpacking import Limits

Format = Literal[RecordFormat, "table", "continue", "mail", "unknown"]
PlainLines = list[bytes]
"""Chat rows that may be written as they stand."""
Outcomes = Iterator[Outcome | PlainLines]


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the user says instead of being guessed; ``mapping`` as `mapping.parse` reads it. ``delimiter`` and ``has_header``
    are of text with delimiters; ``list_labels`` names all labels of a classification in its system message. ``names`` has what people call a file, where
    its path says something else."""

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
    names: Mapping[Path, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """One file, archive member, or all that is read as one, such as mail. ``outcomes`` is read once, before the next source. Of a table, what a person
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
    dialect: Dialect | None = None


def unknown(opened: Opened, reason: str) -> Source:
    if not opened.head.strip():
        left = Left(
            "empty_file", "the file is empty", "write one example per line, as JSON", Place(opened.name), "error"
        )
        return Source(opened.name, "unknown", reason, iter([left]))
    left = Left("unknown_format", f"the format is not known: {reason}", _hint_for(opened), Place(opened.name), "error")
    return Source(opened.name, "unknown", reason, iter([left]))


def _hint_for(opened: Opened) -> str:
    if opened.suffix in (".pdf", ".md", ".html", ".htm", ".docx", ".rst", ".tex"):
        return "make questions and answers from documents with: tunesmith data synthesize"
    return "name the format with --format, or export it as JSON lines or CSV"
