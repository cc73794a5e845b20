"""``tunesmith data fix``: a file's safe fixes, each counted and with its first places, into another file.

A row that needs no fix is written byte for byte as it stood. What cannot be mended without a guess stays, and is told;
it is left out only where that was asked for.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any, Final

import msgspec

from tunesmith.core.errors import Problem, UserError
from tunesmith.data.encoding import BOM, HEAD_BYTES, foreign_bytes
from tunesmith.data.file_rows import is_array
from tunesmith.data.findings import Finding, RowPath, path_text
from tunesmith.data.loose_json import read_loosely
from tunesmith.data.row_fixes import fix_row
from tunesmith.data.row_writer import RowWriter
from tunesmith.data.strict_json import UNREAD, read_json
from tunesmith.data.validate import judge_file
from tunesmith.data.versions import Operation, Parent, Version, read_version, write_version

FIXES: Final = {
    "byte_order_mark": "byte order marks removed from the start of lines",
    "line_ends": "Windows line ends made plain",
    "carriage_returns": "lines cut at the carriage returns within them",
    "blank_lines": "blank lines removed",
    "array_to_lines": "rows of an array put on lines of their own",
    "nearly_json": "rows read in spite of trailing commas, comments, single quotes, or Python's True, False and None",
    "role_names": "roles called by the names that the API knows",
    "function_call": "function_call and functions of the older API turned into tool_calls and tools",
    "arguments_as_object": "tool arguments written as JSON text",
    "arguments_encoded_twice": "tool arguments that were encoded twice decoded once",
    "arguments_nearly_json": "tool arguments read in spite of single quotes, trailing commas or Python's constants",
    "invisible_characters": "characters that nobody sees removed from texts",
    "duplicate_rows": "rows that say the same as an earlier one left out",
    "bad_rows": "rows that cannot be mended left out",
}
FIRST_PLACES: Final = 20
MOST_REMAINING: Final = 1_000
_LONGEST_LINE_BYTES: Final = 256 << 20


@dataclass(frozen=True, slots=True)
class Fix:
    """``places``: the first few, as line of the file that was read (row, in an array) and path."""

    name: str
    what: str
    count: int
    places: tuple[tuple[int, str | None], ...]


@dataclass(frozen=True, slots=True)
class FixReport:
    """``remaining``: what is still wrong with the new file, by its own lines; ``left_out``: why rows are not in it, by
    their lines (rows, in an array) in the file that was read. Of both the first thousand; ``num_left_out`` rows in all."""

    num_rows_read: int
    num_rows: int
    fixes: tuple[Fix, ...]
    remaining: tuple[Problem, ...]
    num_remaining: int
    left_out: tuple[Problem, ...]
    num_left_out: int

    def as_json(self) -> dict[str, Any]:
        return {"format": 1, **asdict(self)}


def fix_file(
    path: Path, out: Path, *, drops_duplicates: bool = False, drops_bad: bool = False,
    progress: Callable[[float], None] = lambda share: None,
) -> FixReport:  # fmt: skip
    """Mend ``path`` into ``out``, which is written whole or not at all, with its version. Raises UserError where the file
    cannot be read as text."""
    _refuse_foreign(path)
    log = _Log()
    digest = sha256()
    lines = array("Q")  # of the file that is read, for each row of the new one
    with RowWriter(out) as writer:
        seen: set[bytes] = set()
        for line, content in _fixed_rows(path, log, digest.update, progress):
            if drops_duplicates and (said := _said(content)) is not None:
                if said in seen:
                    log.add("duplicate_rows", line)
                    continue
                seen.add(said)
            writer.write_line(content)
            lines.append(line)
    remains = _judged(out)
    left_out: list[Problem] = []
    while drops_bad and remains.bad_lines and remains.format is not None:
        left_out += (_as_it_was(problem, path, lines) for problem in remains.problems)
        writer, lines = _without_lines(out, remains.bad_lines, lines, log)
        remains = _judged(out)  # again: what is left may be taken for another format
    parent = Parent(path.name, digest.hexdigest())
    before = read_version(path)
    counts = {"read": log.num_rows, "written": writer.num_rows, **log.counts}
    settings = {"drops_duplicates": drops_duplicates, "drops_bad": drops_bad}
    operation = Operation("fix", settings, counts)
    licence, source = (before.licence, before.source) if before else (None, None)
    version = Version(writer.sha256, writer.num_rows, writer.num_bytes, (parent,), (operation,), licence, source)
    write_version(out, version)
    return FixReport(
        log.num_rows,
        writer.num_rows,
        log.fixes(),
        tuple(remains.problems),
        remains.num_errors,
        tuple(left_out[:MOST_REMAINING]),
        log.counts["bad_rows"],
    )


def _as_it_was(problem: Problem, path: Path, lines: Sequence[int]) -> Problem:
    """Of a row that is left out: where it stood. Columns are those after mending, so they are not told."""
    line = None if problem.line is None else lines[problem.line - 1]
    return replace(problem, file=str(path), line=line, column=None, byte_column=None)


def _refuse_foreign(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.", "check the name and the rights") from None
    finding = foreign_bytes(path, head)
    if finding is not None:
        raise UserError(f"{path} cannot be mended: {finding.message}.", finding.hint)
    lines = [line.strip() for line in head.removeprefix(BOM).splitlines() if line.strip()][:2]
    if len(lines) == 2 and lines[0] == b"{" and not lines[1].startswith(b"{"):
        # Its lines are no rows: one by one, parts of an example would be read as examples.
        message = f"{path} cannot be mended: one example is spread over several lines."
        raise UserError(message, "write each example on one line: jq -c . FILE > fixed.jsonl")


class _Log:
    """What was done, how often and where first."""

    def __init__(self) -> None:
        self.num_rows = 0
        self.counts: Counter[str] = Counter()
        self._places: dict[str, list[tuple[int, str | None]]] = {}

    def add(self, name: str, line: int, path: RowPath = ()) -> None:
        self.counts[name] += 1
        places = self._places.setdefault(name, [])
        if len(places) < FIRST_PLACES:
            places.append((line, path_text(path)))

    def fixes(self) -> tuple[Fix, ...]:
        return tuple(
            Fix(name, what, self.counts[name], tuple(self._places[name]))
            for name, what in FIXES.items()
            if self.counts[name]
        )


def _fixed_rows(
    path: Path, log: _Log, update: Callable[[bytes], None], progress: Callable[[float], None]
) -> Iterator[tuple[int, bytes]]:
    """Line of the file (place in the array) and the mended row."""
    with path.open("rb") as file:
        if is_array(file.read(HEAD_BYTES)):
            file.seek(0)
            content = file.read()
            update(content)
            yield from _rows_of_array(content, path, log)
            progress(1.0)
            return
        file.seek(0)
        size, read = max(1, path.stat().st_size), 0
        number = 0
        while line := file.readline(_LONGEST_LINE_BYTES):
            number += 1
            if len(line) == _LONGEST_LINE_BYTES and not line.endswith(b"\n"):
                raise UserError(f"{path}:{number}: the line is longer than 256 MiB.", "write one example per line")
            update(line)
            read += len(line)
            if number % 1_000 == 0:
                progress(read / size)
            for part in _lines_within(line, number, log):
                fixed = _fixed_line(part, number, log)
                if fixed is not None:
                    log.num_rows += 1
                    yield number, fixed
        progress(1.0)


def _rows_of_array(content: bytes, path: Path, log: _Log) -> Iterator[tuple[int, bytes]]:
    if content.startswith(BOM):
        log.add("byte_order_mark", 1)
        content = content.removeprefix(BOM)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8: {error.reason} at byte {error.start:,}.", "save it as UTF-8") from None
    value, faults = read_json(text, content)
    if value is UNREAD and isinstance(value := read_loosely(text), list):
        log.add("nearly_json", 1)
        faults = []
    if faults or not isinstance(value, list):
        message = faults[-1].finding.message if faults else "it is no array of rows"
        raise UserError(f"{path} is an array that cannot be read: {message}.", "see where: tunesmith data check")
    for number, row in enumerate(value, start=1):
        log.num_rows += 1
        log.add("array_to_lines", number)
        yield number, _fixed_value(row, number, log) or _encoded(row)


def _lines_within(line: bytes, number: int, log: _Log) -> list[bytes]:
    """Carriage returns alone end lines in old files; within one row they are blanks, or a fault of its own."""
    parts = [part.strip() for part in line.split(b"\r") if part.strip()]
    if len(parts) < 2 or not all(part.startswith(b"{") and part.endswith(b"}") for part in parts):
        return [line]
    log.add("carriage_returns", number)
    return parts


def _fixed_line(line: bytes, number: int, log: _Log) -> bytes | None:
    """None: there is no row in it."""
    content = line.removesuffix(b"\n")
    if content.endswith(b"\r"):
        log.add("line_ends", number)
        content = content.rstrip(b"\r")
    if content.startswith(BOM):
        log.add("byte_order_mark", number)
        while content.startswith(BOM):
            content = content.removeprefix(BOM)
    if not content or content.isspace():
        log.add("blank_lines", number)
        return None
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return content
    value, faults = read_json(text, content)
    if value is UNREAD:
        value = read_loosely(text)
        if not isinstance(value, dict):
            return content
        log.add("nearly_json", number)
        return _fixed_value(value, number, log) or _encoded(value)
    return content if faults else _fixed_value(value, number, log) or content


def _fixed_value(value: Any, number: int, log: _Log) -> bytes | None:
    """None: there was nothing to mend."""
    if not isinstance(value, dict):
        return None
    mended, done = fix_row(value)
    for name, path in done:
        log.add(name, number, path)
    return _encoded(mended) if done else None


def _encoded(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value)
    except (OverflowError, UnicodeEncodeError):  # whole numbers of more than 64 bits; half a surrogate pair
        return json.dumps(value, separators=(",", ":")).encode()


def _said(content: bytes) -> bytes | None:
    """Equal for rows that say the same, however written and wherever from; None for what is no row."""
    try:
        row = msgspec.json.decode(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict):
        return None
    row.pop("metadata", None)
    return blake2b(_CANONICAL.encode(row), digest_size=16).digest()


_CANONICAL: Final = msgspec.json.Encoder(order="deterministic")


@dataclass(slots=True)
class _Remains:
    """validate's Findings: the errors of the new file."""

    path: Path
    format: str | None = None
    has_errors: bool = False
    num_errors: int = 0
    problems: list[Problem] = field(default_factory=list)
    bad_lines: set[int] = field(default_factory=set)

    def wants(self, finding: Finding) -> bool:
        return finding.severity == "error" and len(self.problems) < MOST_REMAINING

    def add(
        self, finding: Finding, line: int | None = None, column: int | None = None, byte_column: int | None = None
    ) -> None:
        if finding.severity != "error":
            return
        self.has_errors = True
        self.num_errors += 1
        if line is not None:
            self.bad_lines.add(line)
        if len(self.problems) < MOST_REMAINING:
            path = path_text(finding.path)
            self.problems.append(
                Problem(
                    finding.rule,
                    finding.message,
                    finding.hint,
                    "error",
                    str(self.path),
                    line,
                    column,
                    path,
                    byte_column,
                )
            )

    def note(self, finding: Finding, line: int | None) -> None:
        self.add(finding, line)


def _judged(path: Path) -> _Remains:
    remains = _Remains(path)
    remains.format, _ = judge_file(path, remains)
    return remains


def _without_lines(path: Path, bad: set[int], lines: Sequence[int], log: _Log) -> tuple[RowWriter, array[int]]:
    """Written anew over ``path``, without the bad lines; and where those that are left came from."""
    left = array("Q")
    with path.open("rb") as file, RowWriter(path) as writer:
        for number, (line, came_from) in enumerate(zip(file, lines, strict=True), start=1):
            if number in bad:
                log.add("bad_rows", came_from)
            else:
                writer.write_line(line.removesuffix(b"\n"))
                left.append(came_from)
    return writer, left
