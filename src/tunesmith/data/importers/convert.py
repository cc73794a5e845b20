"""What people have → one file of training rows: every row of it validates, and what gave none is counted with its reason.

``convert`` reads each source by its importer, checks each row by the rules of `validate`, writes those that pass, and the
version beside them. The file is there whole, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from tunesmith.core import durable
from tunesmith.core.errors import Severity, UserError
from tunesmith.data.examples import FileFormat
from tunesmith.data.findings import path_text
from tunesmith.data.importers.checked import encoded, error_of, plain_line, shape_of_row
from tunesmith.data.importers.continue_rows import ContinueOptions
from tunesmith.data.importers.making import Counted, Notes
from tunesmith.data.importers.placeholders import filled, note_unused
from tunesmith.data.importers.reading import read_sources
from tunesmith.data.importers.rows import Left, Made, Outcome, Place
from tunesmith.data.importers.source import Format, PlainLines, ReadOptions, Source
from tunesmith.data.importers.unpacking import DamagedSource
from tunesmith.data.row_writer import RowWriter
from tunesmith.data.versions import SUFFIX, Operation, Parent, Version, read_version, write_version

MOST_KEPT: Final = 1_000
"""So many places of each rule are kept; the others are counted."""
_ROWS_BETWEEN_NEWS: Final = 2_000

News = Callable[[str, int, int], None]
"""Called now and then: the source that is read, rows made so far, and pieces left out."""


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """``fills`` are names that stand open in the data ({{name}}) and what to write there."""

    read: ReadOptions = field(default_factory=ReadOptions)
    fills: Mapping[str, str] = field(default_factory=dict)
    overwrite: bool = False
    licence: str | None = None
    source: str | None = None


@dataclass(slots=True)
class LeftOut:
    """What was left out for one reason: how many, and the first of them."""

    rule: str
    severity: Severity
    count: int = 0
    first: list[Left] = field(default_factory=list)


@dataclass(slots=True)
class SourceSummary:
    """One file, and what became of it."""

    name: str
    format: Format
    reason: str
    encoding: str | None
    mapping: dict[str, Any] | None
    made: int = 0
    left: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conversion:
    """What was made of what. ``format`` is the file's own: chat, prompt_completion, preference or reinforcement;
    ``version`` is None where no row was made and nothing written."""

    out: str
    format: FileFormat | None
    sources: tuple[SourceSummary, ...]
    num_rows: int
    left: tuple[LeftOut, ...]
    notes: tuple[Counted, ...]
    version: Version | None

    @property
    def num_left(self) -> int:
        return sum(left.count for left in self.left)

    def as_json(self) -> dict[str, Any]:
        return {
            "format": 1,
            "out": self.out if self.version else None,
            "file_format": self.format,
            "num_rows": self.num_rows,
            "num_left": self.num_left,
            "sources": [asdict(source) for source in self.sources],
            "left": [
                {
                    "rule": left.rule,
                    "severity": left.severity,
                    "count": left.count,
                    "first": [one.as_problem().as_json() for one in left.first],
                }
                for left in self.left
            ],
            "notes": [asdict(note) for note in self.notes],
            "version": self.version.as_json() if self.version else None,
        }


class NothingMade(UserError):
    """No row could be made, and nothing was written. ``conversion`` says why."""

    def __init__(self, conversion: Conversion) -> None:
        names = ", ".join(source.name for source in conversion.sources[:5])
        message = f"No row could be made of {names or 'what was given'}: nothing is written."
        super().__init__(message, _hint_for_nothing(conversion))
        self.conversion = conversion


def _hint_for_nothing(conversion: Conversion) -> str:
    if not conversion.sources:
        return "no file stands there: give a file, or a folder that holds some"
    rules = {left.rule for left in conversion.left}
    if rules <= {"empty_file", "empty_table"}:
        return "the file is empty: give one that holds rows"
    if all(source.format == "mail" for source in conversion.sources):
        if "unknown_me" in rules:
            return "say whose answers are learnt with --me: addresses, or a domain such as @shop.example"
        return (
            "see why mail was left out above: give the folders of received and of sent mail, or other options of mail"
        )
    if "mapping_needed" in rules:
        return "say which column is what with --mapping"
    if "unknown_format" in rules:
        return "name the format with --format, or mend what is listed"
    return "mend what is listed"


def convert(
    paths: Sequence[Path], out: Path, options: ConvertOptions, news: News = lambda name, made, left: None
) -> Conversion:
    """Read ``paths`` in order into one file at ``out``. Raises UserError where ``out`` may not be written, a source is no
    file or a bomb; NothingMade where no row was made. Then nothing is written."""
    _check_out(paths, out, options.overwrite)
    with ThreadPoolExecutor(1) as beside, RowWriter(out, replaces=options.overwrite) as writer:
        parents = [beside.submit(_parent, path) for path in paths]
        work = _Work(writer, options, news)
        with closing(read_sources(paths, options.read, work.notes)) as found:
            for source in found:
                work.leave_or_read(source)
        note_unused(options.fills, work.notes, Place(options.read.names.get(paths[0], paths[0].name)))
        if writer.num_rows == 0:
            raise NothingMade(work.conversion(out, None))
    version = Version(
        writer.sha256, writer.num_rows, writer.num_bytes, tuple(parent.result() for parent in parents), (_operation(work, options),),
        *_said(paths, options),
    )  # fmt: skip
    write_version(out, version)
    return work.conversion(out, version)


def _check_out(paths: Sequence[Path], out: Path, overwrite: bool) -> None:
    if out.is_dir():
        raise UserError(f"{out} is a folder.", f"name a file in it, such as {out / 'train.jsonl'}")
    if any(path.exists() and out.exists() and path.samefile(out) for path in paths):
        raise UserError(f"{out} is what is to be read; no file is changed in place.", "name another file with --out")
    if any(path.is_dir() and out.resolve().is_relative_to(path.resolve()) for path in paths):
        raise UserError(f"{out} stands in a folder that is to be read.", "name a file elsewhere with --out")
    if out.exists() and not overwrite:
        raise UserError(f"{out} exists.", "name another file with --out, or say --overwrite")


class _Work:
    """Counts while rows are written."""

    def __init__(self, writer: RowWriter, options: ConvertOptions, news: News) -> None:
        self.notes = Notes()
        self._writer, self._options, self._news = writer, options, news
        self._sources: list[SourceSummary] = []
        self._left: dict[str, LeftOut] = {}
        self._format: FileFormat | None = None
        self._num_left = self._num_told = 0

    def leave_or_read(self, source: Source | Left) -> None:
        if isinstance(source, Left):
            summary = SourceSummary(source.place.file, "unknown", source.message, None, None)
            self._sources.append(summary)
            self._leave(source, summary)
            return
        summary = SourceSummary(source.name, source.format, source.reason, source.encoding, source.mapping)
        self._sources.append(summary)
        try:
            for outcome in source.outcomes:
                self._take(outcome, summary)
        except DamagedSource as error:
            self._leave(Left("damaged_file", error.message, error.hint, Place(source.name), "error"), summary)

    def _take(self, outcome: Outcome | PlainLines, summary: SourceSummary) -> None:
        if isinstance(outcome, list):
            self._pass_on(outcome, summary)
        elif isinstance(outcome, Left):
            self._leave(outcome, summary)
        else:
            self._write(outcome, summary)
        num_met = self._writer.num_rows + self._num_left
        if num_met >= self._num_told + _ROWS_BETWEEN_NEWS:
            self._num_told = num_met
            self._news(summary.name, self._writer.num_rows, self._num_left)

    def _pass_on(self, lines: PlainLines, summary: SourceSummary) -> None:
        if self._format in (None, "chat") and lines:
            self._format = "chat"
            self._writer.write_lines(lines)
            summary.made += len(lines)
        else:
            for _ in lines:
                self._leave(self._of_other_format("chat", Place(summary.name)), summary)

    def _write(self, made: Made, summary: SourceSummary) -> None:
        is_chat = self._format in (None, "chat") and summary.format != "reinforcement"
        if is_chat and (plain := plain_line(made.row)) is not None:
            self._format = "chat"
            self._writer.write_line(plain)
            summary.made += 1
            return
        row = filled(made.row, self._options.fills, self.notes, made.place)
        format = shape_of_row(row, is_reinforcement=summary.format == "reinforcement")
        if self._format not in (None, format):
            self._leave(self._of_other_format(format, made.place), summary)
            return
        finding = error_of(row, format)
        line = encoded(row) if finding is None else finding
        if isinstance(line, bytes):
            self._format = format
            self._writer.write_line(line)
            summary.made += 1
            return
        inside = ".".join(part for part in (made.place.path, path_text(line.path)) if part) or None
        place = replace(made.place, path=inside)
        self._leave(Left(line.rule, line.message, line.hint, place, "error"), summary)

    def _of_other_format(self, format: FileFormat, place: Place) -> Left:
        message = f"this gives {format} rows, and the file that is written holds {self._format} rows"
        return Left("mixed_formats", message, "convert it by itself, to a file of its own", place, "error")

    def _leave(self, left: Left, summary: SourceSummary) -> None:
        summary.left[left.rule] = summary.left.get(left.rule, 0) + 1
        kept = self._left.setdefault(left.rule, LeftOut(left.rule, left.severity))
        kept.count += 1
        self._num_left += 1
        if len(kept.first) < MOST_KEPT:
            kept.first.append(left)

    def conversion(self, out: Path, version: Version | None) -> Conversion:
        ordered = sorted(self._left.values(), key=lambda left: (left.severity != "error", -left.count))
        notes = tuple(self.notes.counted.values())
        rows = self._writer.num_rows
        return Conversion(str(out), self._format, tuple(self._sources), rows, tuple(ordered), notes, version)


# ---- the version ---------------------------------------------------------------------------------


def _operation(work: _Work, options: ConvertOptions) -> Operation:
    done = work.conversion(Path(), None)
    read = options.read
    said = {
        "format": read.format, "mapping": read.mapping, "encoding": read.encoding, "sheet": read.sheet,
        "fill": dict(options.fills) or None, "delimiter": read.delimiter, "header": read.has_header,
        "list_labels": read.list_labels or None,
        "continue": None if read.continue_dev == ContinueOptions() else asdict(read.continue_dev),
    }  # fmt: skip
    formats = {source.name: source.format for source in done.sources[:100]}
    parameters = {**{key: value for key, value in said.items() if value is not None}, "formats": formats}
    counts = {"made": done.num_rows, "left_out": done.num_left}
    counts |= {f"left_out.{left.rule}": left.count for left in done.left}
    for note in done.notes:
        counts[f"noted.{note.rule}"] = counts.get(f"noted.{note.rule}", 0) + note.count
    return Operation("convert", parameters, counts)


def _parent(path: Path) -> Parent:
    """A folder's hash is that of the names and hashes of its files."""
    if path.is_file():
        return Parent(path.name, durable.sha256_of(path))
    digest = sha256()
    for file in sorted(file for file in path.rglob("*") if file.is_file() and not file.name.endswith(SUFFIX)):
        digest.update(
            f"{file.relative_to(path).as_posix()}\0{durable.sha256_of(file)}\n".encode(errors="surrogateescape")
        )
    return Parent(path.name or path.resolve().name, digest.hexdigest())


def _said(paths: Sequence[Path], options: ConvertOptions) -> tuple[str | None, str | None]:
    """Licence and source as the user says, or else as the one file's own version does."""
    version = read_version(paths[0]) if len(paths) == 1 and paths[0].is_file() else None
    licence, source = (version.licence, version.source) if version else (None, None)
    return options.licence or licence, options.source or source
