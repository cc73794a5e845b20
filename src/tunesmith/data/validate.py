"""A file, judged whole: every bad row is named with its line, its column and what is wrong with it.

Takes a path, gives a DataReport: all problems and, where none is an error, the Dataset. The parts, in
order: the report; the walk over the file's rows; bytes that are no UTF-8 text; strict JSON. Lines are
read one by one, and examples are no longer kept once an error is met, so that a huge broken file costs
little memory; a JSON array is read whole.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from itertools import chain, islice
from pathlib import Path
from shlex import quote
from typing import Any, Final

import msgspec

from tunesmith.core.errors import Problem, Problems
from tunesmith.data.examples import Dataset, Example, FileFormat
from tunesmith.data.formats import (
    Finding,
    RowPath,
    control_token_pattern,
    describe_unknown,
    detect_format,
    fingerprint,
    path_text,
    read_row,
    shorten,
    unrecognized_row_keys,
)

MOST_PROBLEMS_PER_RULE: Final = 1_000
MOST_NESTING: Final = 100
MOST_DIGITS: Final = 4_300
FEW_EXAMPLES: Final = 10
_ROWS_TO_DETECT_BY: Final = 100


@dataclass(frozen=True, slots=True)
class DataReport:
    """What was found in a file. ``num_rows`` counts its rows, good and bad; ``dataset`` is None after any error."""

    path: str
    format: FileFormat | None
    num_rows: int
    problems: tuple[Problem, ...]
    dataset: Dataset | None

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "warning")

    def as_json(self) -> dict[str, Any]:
        return {
            "format": 1,
            "file": self.path,
            "file_format": self.format,
            "sha256": self.dataset.sha256 if self.dataset else None,
            "num_rows": self.num_rows,
            "num_errors": len(self.errors),
            "num_warnings": len(self.warnings),
            "problems": [problem.as_json() for problem in self.problems],
        }


def read_dataset(
    path: Path, format: FileFormat | None = None, control_tokens: Collection[str] = ()
) -> tuple[Dataset, tuple[Problem, ...]]:
    """The file's Dataset and its warnings; raises ``Problems`` with every error when there are any."""
    report = validate_file(path, format, control_tokens)
    if report.dataset is None:
        count = len(report.errors)
        message = f"{path} cannot be used: {count:,} error{'s' if count != 1 else ''} in {report.num_rows:,} rows."
        raise Problems(message, report.errors, f"mend the file, then look again with: tunesmith data check {path}")
    return report.dataset, report.warnings


def validate_file(path: Path, format: FileFormat | None = None, control_tokens: Collection[str] = ()) -> DataReport:
    """Judge the whole file. ``control_tokens`` are a base model's own, added to the common families'."""
    found = _Collector(str(path))
    if not _can_be_opened(path, found):
        return found.report(format, 0, None)
    digest = sha256()
    rows = _rows(path, digest.update)
    head = list(islice(rows, _ROWS_TO_DETECT_BY))
    format = format or _detect(head, found)
    examples, num_rows = _judge_rows(chain(head, rows), format, control_token_pattern(control_tokens), found)
    if num_rows == 0:
        message, hint = "the file is empty", "write one example per line, as JSON"
        found.add(Finding("empty_file", message, hint), line=1, column=1)
    elif format is not None and num_rows < FEW_EXAMPLES:
        message = f"the file has {num_rows} row{'s' if num_rows > 1 else ''}"
        hint = f"{FEW_EXAMPLES} examples are the least that can teach something; 50 to 100 are a good start"
        found.add(Finding("too_few_examples", message, hint, severity="warning"))
    if found.has_errors or format is None:
        return found.report(format, num_rows, None)
    return found.report(format, num_rows, Dataset(str(path), format, digest.hexdigest(), tuple(examples)))


def _detect(head: list[_Row], found: _Collector) -> FileFormat | None:
    objects = [row for row in head if isinstance(row.value, dict)]
    format = detect_format(row.value for row in objects)
    if format is None and objects:
        found.add(describe_unknown(objects[0].value), objects[0].line, objects[0].column)
    return format


def _judge_rows(
    rows: Iterable[_Row], format: FileFormat | None, control_tokens: re.Pattern[str], found: _Collector
) -> tuple[list[Example], int]:
    examples: list[Example] = []
    first_line: dict[bytes, int] = {}
    ignored_keys = _IgnoredKeys()
    num_rows = 0
    for row in rows:
        num_rows += row.is_example
        for fault in row.faults:
            found.add(fault.finding, *row.position(fault.offset))
        if row.value is _UNREAD:
            continue
        if not isinstance(row.value, dict):
            message, hint = f"the row is {shorten(row.value)}, not an object", 'write each row as {"…": …}'
            found.add(Finding("not_an_object", message, hint), row.line, row.column)
            continue
        if format is None:
            continue
        example, findings = read_row(row.value, row.line, format, control_tokens)
        _add_findings(findings, row, found)
        if row.faults or any(finding.severity == "error" for finding in findings):
            continue
        ignored_keys.count(unrecognized_row_keys(row.value, format), row)
        _warn_of_duplicate(first_line.setdefault(fingerprint(example), row.line), row, found)
        if not found.has_errors:
            examples.append(example)
        elif examples:
            examples.clear()
    ignored_keys.warn(found)
    return examples, num_rows


def _add_findings(findings: list[Finding], row: _Row, found: _Collector) -> None:
    if findings:
        offsets = _StrictJson(row.text).offsets()
        for finding in findings:
            found.add(finding, *row.position(_offset_of(finding, offsets)))


def _offset_of(finding: Finding, offsets: dict[tuple[RowPath, bool], int]) -> int:
    """Where the finding's key or value stands; where it is missing, what should have held it."""
    if finding.at_key and (finding.path, True) in offsets:
        return offsets[finding.path, True]
    path = finding.path
    while path and (path, False) not in offsets:
        path = path[:-1]
    return offsets.get((path, False), 0)


def _warn_of_duplicate(first: int, row: _Row, found: _Collector) -> None:
    if first != row.line:
        message, hint = f"the example says the same as line {first}", "remove one, unless it shall count twice"
        found.add(Finding("duplicate_example", message, hint, severity="warning"), row.line, row.column)


class _IgnoredKeys:
    """Top-level keys that no format knows: one warning each, with the number of rows that have it."""

    def __init__(self) -> None:
        self._rows: Counter[str] = Counter()
        self._first: dict[str, tuple[int, int]] = {}

    def count(self, keys: list[str], row: _Row) -> None:
        for key in keys:
            self._rows[key] += 1
            if key not in self._first:
                self._first[key] = row.position(_StrictJson(row.text).offsets().get(((key,), True), 0))

    def warn(self, found: _Collector) -> None:
        for key, (line, column) in self._first.items():
            rows = self._rows[key]
            message = f"the key {shorten(key)} is ignored ({rows:,} row{'s have' if rows > 1 else ' has'} it)"
            finding = Finding("unrecognized_key", message, "remove it, or leave it: it is not used", (key,), "warning")
            found.add(finding, line, column)


class _Collector:
    """Gathers problems, at most ``MOST_PROBLEMS_PER_RULE`` of each rule, and counts the others."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._problems: list[Problem] = []
        self._counts: Counter[str] = Counter()
        self.has_errors = False

    def add(self, finding: Finding, line: int | None = None, column: int | None = None) -> None:
        self.has_errors = self.has_errors or finding.severity == "error"
        self._counts[finding.rule] += 1
        if self._counts[finding.rule] <= MOST_PROBLEMS_PER_RULE:
            path, rule = path_text(finding.path), finding.rule
            self._problems.append(
                Problem(rule, finding.message, finding.hint, finding.severity, self._file, line, column, path)
            )

    def report(self, format: FileFormat | None, num_rows: int, dataset: Dataset | None) -> DataReport:
        problems = sorted(self._problems, key=lambda problem: (problem.line is None, problem.line or 0))
        return DataReport(self._file, format, num_rows, (*problems, *self._left_out()), dataset)

    def _left_out(self) -> Iterator[Problem]:
        for rule, count in self._counts.items():
            if count > MOST_PROBLEMS_PER_RULE:
                severity = next(problem.severity for problem in self._problems if problem.rule == rule)
                message = (
                    f"{count - MOST_PROBLEMS_PER_RULE:,} more problems of this rule are not listed ({count:,} in all)"
                )
                yield Problem(rule, message, "mend those listed, then check the file again", severity, self._file)


# ---- the rows of a file --------------------------------------------------------------------------

_UNREAD: Final = object()


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is wrong with a text as JSON, and the offset in characters where it is wrong."""

    finding: Finding
    offset: int
    is_at_end: bool = False


@dataclass(frozen=True, slots=True)
class _Row:
    """One row's text, where it starts, and its value (``_UNREAD`` where it is no JSON)."""

    line: int
    text: str
    value: Any
    faults: list[_Fault] = field(default_factory=list)
    column: int = 1
    is_example: bool = True

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a character of the text."""
        newlines = self.text.count("\n", 0, offset)
        if newlines == 0:
            return self.line, self.column + offset
        return self.line + newlines, offset - self.text.rindex("\n", 0, offset)


def _rows(path: Path, update: Callable[[bytes], None]) -> Iterator[_Row]:
    """Each row of the file; ``update`` is given all its bytes, in order."""
    bad_bytes = _BadBytes(path)
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES).removeprefix(_BOM).lstrip()
        file.seek(0)
        if head.startswith(b"["):
            content = file.read()
            update(content)
            yield from _array_rows(content, bad_bytes)
        elif _is_pretty_object(head):
            yield _Row(1, "", _UNREAD, [_syntax("one example is spread over several lines", _ONE_LINE_HINT, 0)])
        else:
            yield from _line_rows(file, update, bad_bytes)


_BOM: Final = b"\xef\xbb\xbf"
_HEAD_BYTES: Final = 1 << 16
_ONE_LINE_HINT: Final = "write each example on one line: jq -c . FILE > fixed.jsonl"


def _is_pretty_object(head: bytes) -> bool:
    lines = [line.strip() for line in head[:2000].splitlines() if line.strip()][:2]
    return len(lines) == 2 and lines[0] == b"{" and not lines[1].startswith(b"{")


def _line_rows(lines: Iterable[bytes], update: Callable[[bytes], None], bad_bytes: _BadBytes) -> Iterator[_Row]:
    for number, line in enumerate(lines, start=1):
        update(line)
        content = line.removeprefix(_BOM) if number == 1 else line
        if content and not content.isspace():
            yield _line_row(number, content, bad_bytes)


def _line_row(number: int, line: bytes, bad_bytes: _BadBytes) -> _Row:
    """Only a file's last line can lack the line feed at its end; if it also breaks off, the file was cut."""
    content = line.rstrip(b"\r\n")
    is_cut_off = not line.endswith(b"\n")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        text = content[: error.start].decode()
        if is_cut_off and error.reason == "unexpected end of data":
            return _Row(number, text, _UNREAD, [_syntax(_HALF_WRITTEN, _HALF_WRITTEN_HINT, len(text))])
        return _Row(number, text, _UNREAD, [bad_bytes.fault(content, error, len(text))])
    value, faults = _read_json(text, content)
    if is_cut_off and value is _UNREAD and faults[-1].is_at_end:
        faults[-1] = _syntax(_HALF_WRITTEN, _HALF_WRITTEN_HINT, len(text))
    return _Row(number, text, value, faults)


_HALF_WRITTEN: Final = "the last line ends in the middle: was the file cut?"
_HALF_WRITTEN_HINT: Final = "copy or export the file again, or remove its last line"


def _array_rows(content: bytes, bad_bytes: _BadBytes) -> Iterator[_Row]:
    """The elements of a JSON array; where it breaks, those before the break, then the break itself."""
    content = content.removeprefix(_BOM)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        text = content[: error.start].decode()
        yield _Row(1, text, _UNREAD, [bad_bytes.fault(content, error, len(text))])
        return
    try:
        elements = msgspec.json.decode(content, type=list[msgspec.Raw])
        spans = _spans(text, (bytes(element).decode() for element in elements))
    except (ValueError, RecursionError):
        if _is_json(content.split(b"\n", 1)[0]):
            yield from _line_rows(BytesIO(content), lambda _: None, bad_bytes)
            return
        strict = _StrictJson(text)
        value, faults = strict.read()
        yield from _element_rows(text, strict.spans)
        if value is _UNREAD:
            yield _Row(1, text, _UNREAD, faults[-1:])
        return
    yield from _element_rows(text, spans)


def _is_json(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except (ValueError, RecursionError):
        return False
    return True


_BETWEEN_ELEMENTS: Final = re.compile(r"[ \t\r\n,]*")


def _spans(text: str, elements: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Where each element of the array starts and ends; between them are spaces and commas only."""
    end = text.index("[") + 1
    for element in elements:
        start = _BETWEEN_ELEMENTS.match(text, end).end()  # type: ignore[union-attr]
        end = start + len(element)
        yield start, end


def _element_rows(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[_Row]:
    line, seen = 1, 0
    for start, end in spans:
        line, seen = line + text.count("\n", seen, start), start
        element = text[start:end]
        value, faults = _read_json(element, element.encode())
        yield _Row(line, element, value, faults, column=start - text.rfind("\n", 0, start))


# ---- bytes that are no UTF-8 text ----------------------------------------------------------------


def _can_be_opened(path: Path, found: _Collector) -> bool:
    """Whether the file is there and may hold JSON text; says why not."""
    try:
        if path.exists() and not path.is_file():
            what = "a folder" if path.is_dir() else "not a regular file"
            found.add(Finding("unreadable_file", f"{path} is {what}", "name a file"))
            return False
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}"
        found.add(Finding("unreadable_file", message, "check the name and the permissions"))
        return False
    finding = _foreign_bytes(path, head)
    if finding is not None:
        found.add(finding, 1, 1)
    return finding is None


def _foreign_bytes(path: Path, head: bytes) -> Finding | None:
    for magic, name, hint in _MAGIC:
        if head.startswith(magic):
            if magic == b"PK\x03\x04" and path.suffix.lower() == ".xlsx":
                name, hint = "an Excel workbook", "save it as JSON lines (or as CSV, and convert that)"
            return Finding("unknown_format", f"the file is {name}, not JSON text", hint)
    encoding = _wide_encoding(head)
    if encoding is not None:
        return Finding("not_utf8", f"the file is {encoding} text, not UTF-8", _convert_hint(encoding, path))
    if path.suffix.lower() in (".csv", ".tsv") or _TABLE_HEADER.match(head):
        header = head.split(b"\n", 1)[0].strip()[:80].decode(errors="replace")
        hint = 'write each row as a JSON object on a line of its own: {"prompt": "…", "completion": "…"}'
        return Finding("unknown_format", f"the file is a table (CSV), not JSON: it starts with {shorten(header)}", hint)
    return None


_MAGIC: Final = (
    (b"\x1f\x8b", "a gzip archive", "unpack it: gunzip FILE"),
    (b"PK\x03\x04", "a zip archive", "unpack it: unzip FILE"),
    (b"BZh", "a bzip2 archive", "unpack it: bunzip2 FILE"),
    (b"\xfd7zXZ\0", "an xz archive", "unpack it: unxz FILE"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", "unpack it: unzstd FILE"),
    (b"PAR1", "a Parquet table", "convert it: pandas.read_parquet(FILE).to_json(NEW, orient='records', lines=True)"),
    (b"ARROW1", "an Arrow table", "convert it to JSON lines"),
    (b"\xd0\xcf\x11\xe0", "an old Office document", "save it as JSON lines"),
    (b"SQLite format 3\0", "an SQLite database", "export the rows as JSON lines"),
    (b"%PDF", "a PDF document", "write its examples as JSON lines"),
)
_TABLE_HEADER: Final = re.compile(rb"\A(?:\xef\xbb\xbf)?[A-Za-z_][\w ]*(?:[,;\t][A-Za-z_][\w ]*)+\r?\n")
_WIDE_BOMS: Final = (
    (b"\xff\xfe\0\0", "UTF-32LE"),
    (b"\0\0\xfe\xff", "UTF-32BE"),
    (b"\xff\xfe", "UTF-16LE"),
    (b"\xfe\xff", "UTF-16BE"),
)
_WIDE_STARTS: Final = (
    (re.compile(rb"[\[{ \t\r\n]\0\0\0"), "UTF-32LE"),
    (re.compile(rb"\0\0\0[\[{ \t\r\n]"), "UTF-32BE"),
    (re.compile(rb"[\[{ \t\r\n]\0[^\0]\0"), "UTF-16LE"),
    (re.compile(rb"\0[\[{ \t\r\n]\0[^\0]"), "UTF-16BE"),
)


def _wide_encoding(head: bytes) -> str | None:
    """UTF-16 or UTF-32, by its byte order mark or by the zeros beside the first characters."""
    for bom, name in _WIDE_BOMS:
        if head.startswith(bom):
            return name
    return next((name for start, name in _WIDE_STARTS if start.match(head)), None)


def _convert_hint(encoding: str, path: Path) -> str:
    source, target = quote(str(path)), quote(f"{path.stem}.utf8{path.suffix}")
    return f"convert it: iconv -f {encoding} -t utf-8 {source} > {target}"


class _BadBytes:
    """Describes bytes that are not UTF-8; the likely encoding is guessed once, from the bad lines near the start."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._encoding: str | None = None

    def fault(self, content: bytes, error: UnicodeDecodeError, offset: int) -> _Fault:
        if self._encoding is None:
            self._encoding = _likely_encoding(self._bad_lines() or content[error.start :][:_HEAD_BYTES])
        byte = f"byte {error.start + 1:,} of the line is 0x{content[error.start]:02X}"
        if b"\n" in content:
            byte = f"byte {error.start + 1:,} of the file is 0x{content[error.start]:02X}"
        message = f"{byte}, which is not UTF-8; the text is probably {self._encoding}"
        return _Fault(Finding("not_utf8", message, _convert_hint(self._encoding, self._path)), offset)

    def _bad_lines(self) -> bytes:
        with self._path.open("rb") as file:
            return b"\n".join(line for line in file.read(_HEAD_BYTES).split(b"\n")[:-1] if not _is_utf8(line))


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


_HIGH_RUN: Final = re.compile(rb"[\x80-\xff]+")
# The scripts that each encoding's text mostly consists of, and the share of them that makes it likely.
_SCRIPTS: Final = (
    ("SHIFT_JIS", "shift_jis", re.compile("[\u3040-\u30ff]"), 0.3),
    ("EUC-JP", "euc_jp", re.compile("[\u3040-\u30ff]"), 0.3),
    ("EUC-KR", "euc_kr", re.compile("[\uac00-\ud7a3\u3000-\u303f\uff00-\uffef]"), 0.95),
    ("GB18030", "gb18030", re.compile("[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef\u2010-\u2030]"), 0.9),
    ("BIG5", "big5", re.compile("[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef]"), 0.9),
)


def _likely_encoding(content: bytes) -> str:
    """A guess: European text has single high bytes among ASCII letters, East Asian text runs of them."""
    runs = _HIGH_RUN.findall(content)
    mean_run = sum(map(len, runs)) / max(len(runs), 1)
    if mean_run >= 2:
        for name, codec, script, share in _SCRIPTS:
            text = content.decode(codec, errors="ignore")
            foreign = [character for character in text if character > "\x7f"]
            if foreign and len(script.findall(text)) >= share * len(foreign) and _is_decodable(content, codec):
                return name
        return "WINDOWS-1251" if mean_run >= 3 else "WINDOWS-1252"
    return "WINDOWS-1252"


def _is_decodable(content: bytes, codec: str) -> bool:
    return "\ufffd" not in content[:-4].decode(codec, errors="replace")[:-2]


# ---- strict JSON ---------------------------------------------------------------------------------


def _read_json(text: str, content: bytes) -> tuple[Any, list[_Fault]]:
    """The value and no faults in most cases; what the fast reader refuses or overlooks is read again strictly."""
    try:
        value = msgspec.json.decode(content)
    except (ValueError, RecursionError):
        return _StrictJson(text).read()
    num_keys = _num_keys(value, 1)
    if len(_KEY.findall(content)) != num_keys and len(_UNESCAPED_KEY.findall(content)) != num_keys:
        return _StrictJson(text).read()
    return value, []


# Every key of an object is a quote, maybe spaces, a colon. The fast reader keeps the last of two equal
# keys, so that fewer keys read than written means duplicates (or such characters inside a text).
_KEY: Final = re.compile(rb'"[ \t]*:')
_UNESCAPED_KEY: Final = re.compile(rb'(?<!\\)(?:\\\\)*"[ \t]*:')


def _num_keys(value: Any, depth: int) -> int:
    """Keys in the value at all depths; −1 or less, which is never the number written, if it nests too deep."""
    if depth > MOST_NESTING and isinstance(value, dict | list):
        return -(1 << 60)
    if isinstance(value, dict):
        return len(value) + sum(_num_keys(item, depth + 1) for item in value.values() if isinstance(item, dict | list))
    if isinstance(value, list):
        return sum(_num_keys(item, depth + 1) for item in value if isinstance(item, dict | list))
    return 0


_SPACES: Final = re.compile(r"[ \t\r\n]*+")
_STRING_START: Final = re.compile(r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+')
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*+)(\.[0-9]++)?([eE][+-]?[0-9]++)?")
_CONSTANTS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
_NOT_FINITE: Final = re.compile(r"[+-]?(?:NaN|nan|Infinity|infinity|inf)\b")
_WORD: Final = re.compile(r"[^\W\d]\w*")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)")
_QUOTES: Final = dict.fromkeys("'`", "a single quote") | dict.fromkeys("“”„‟‘’‚‛«»＂", "a typographic quote")
_QUOTES_HINT: Final = 'JSON wants straight double quotes: "'


class _Broken(Exception):
    """The text stops being JSON here."""

    def __init__(self, fault: _Fault) -> None:
        super().__init__(fault.finding.message)
        self.fault = fault


def _syntax(message: str, hint: str, offset: int, is_at_end: bool = False) -> _Fault:
    return _Fault(Finding("invalid_json", message, hint), offset, is_at_end)


def _too_deep(offset: int) -> _Fault:
    message = f"brackets nest too deep (at most {MOST_NESTING} levels are read)"
    return _Fault(Finding("nesting_too_deep", message, "flatten the value"), offset)


class _StrictJson:
    """Reads JSON text as RFC 8259 has it, knowing where everything stands.

    Duplicate keys and lone surrogates are noted and reading goes on; anything else that is wrong ends it.
    ``spans`` are the starts and ends of the elements of an array.
    """

    def __init__(self, text: str) -> None:
        self.spans: list[tuple[int, int]] = []
        self._text = text
        self._faults: list[_Fault] = []
        self._offsets: dict[tuple[RowPath, bool], int] = {}

    def read(self) -> tuple[Any, list[_Fault]]:
        """The value (``_UNREAD`` if the text is broken) and the faults, the one that ended it last."""
        try:
            value, end = self._value(self._skip(0), ())
            end = self._skip(end)
            if end < len(self._text):
                raise self._after_the_value(end)
        except _Broken as broken:
            return _UNREAD, [*self._faults, broken.fault]
        except RecursionError:  # a caller that is deep in its own stack leaves less room
            return _UNREAD, [*self._faults, _too_deep(max(self._offsets.values(), default=0))]
        return value, self._faults

    def offsets(self) -> dict[tuple[RowPath, bool], int]:
        """Where each path's value (and, with True, its key) stands."""
        self.read()
        return self._offsets

    def _value(self, at: int, path: RowPath) -> tuple[Any, int]:
        self._offsets[path, False] = at
        first = self._text[at : at + 1]
        if first == '"':
            return self._string(at)
        if first in ("{", "["):
            if len(path) >= MOST_NESTING:
                raise _Broken(_too_deep(at))
            return self._object(at, path) if first == "{" else self._array(at, path)
        if (word := _WORD.match(self._text, at)) and word[0] in _CONSTANTS:
            return _CONSTANTS[word[0]], word.end()
        if (number := _NUMBER.match(self._text, at)) and not _NOT_FINITE.match(self._text, at):
            return self._number(number)
        raise self._unexpected(at, "a value")

    def _object(self, at: int, path: RowPath) -> tuple[dict[str, Any], int]:
        members: dict[str, Any] = {}
        comma = None
        at = self._skip(at + 1)
        while self._text[at : at + 1] != "}":
            if self._text[at : at + 1] != '"':
                raise self._unexpected(at, "a key in double quotes")
            key, end = self._string(at)
            if key in members:
                finding = Finding("duplicate_key", f"the key {shorten(key)} stands twice", "keep one", (*path, key))
                self._faults.append(_Fault(finding, at))
            self._offsets[(*path, key), True] = at
            end = self._skip(end)
            if self._text[end : end + 1] != ":":
                raise self._unexpected(end, "a colon after the key")
            members[key], end = self._value(self._skip(end + 1), (*path, key))
            comma, at = self._comma(end, "}")
        self._no_trailing_comma(comma)
        return members, at + 1

    def _array(self, at: int, path: RowPath) -> tuple[list[Any], int]:
        elements: list[Any] = []
        comma = None
        at = self._skip(at + 1)
        while self._text[at : at + 1] != "]":
            element, end = self._value(at, (*path, len(elements)))
            elements.append(element)
            if not path:
                self.spans.append((at, end))
            comma, at = self._comma(end, "]")
        self._no_trailing_comma(comma)
        return elements, at + 1

    def _comma(self, end: int, closing: str) -> tuple[int | None, int]:
        """Where the comma after a member stands (None before the closing bracket), and what follows it."""
        at = self._skip(end)
        if self._text[at : at + 1] == ",":
            return at, self._skip(at + 1)
        if self._text[at : at + 1] == closing:
            return None, at
        raise self._unexpected(at, f"a comma or {closing}")

    def _string(self, at: int) -> tuple[str, int]:
        match = _STRING_START.match(self._text, at)
        end = match.end() if match else at
        if self._text[end : end + 1] != '"':
            raise _Broken(self._fault_in_string(at, end))
        token = self._text[at : end + 1]
        if "\\u" in token:
            self._note_lone_surrogates(token, at)
        return (json.loads(token) if "\\" in token else token[1:-1]), end + 1

    def _fault_in_string(self, start: int, at: int) -> _Fault:
        character, rest = self._text[at : at + 1], self._text[at:]
        if not character:
            return _syntax("a text has no closing quote", 'add the closing "', start, is_at_end=True)
        if character != "\\":
            what = "a NUL byte" if character == "\0" else f"a raw control character ({character!r})"
            hint = "the file is damaged: export it again" if character == "\0" else r"write it as \n, \t or \u00XX"
            return _syntax(f"{what} stands inside a text", hint, at)
        message, hint = f"{shorten(rest[:2])} is no escape of JSON", r"write \\ for a backslash"
        return _syntax(message, hint, at, is_at_end=re.fullmatch(r"\\(?:u[0-9a-fA-F]{0,3})?", rest) is not None)

    def _note_lone_surrogates(self, token: str, start: int) -> None:
        high: re.Match[str] | None = None
        for escape in _ESCAPE.finditer(token):
            code = int(escape[1], 16) if escape[1] else 0
            follows = high is not None and high.end() == escape.start()
            if 0xDC00 <= code <= 0xDFFF and follows:
                high = None
                continue
            if high is not None:
                self._note_lone_surrogate(high, start)
            high = escape if 0xD800 <= code <= 0xDBFF else None
            if 0xDC00 <= code <= 0xDFFF:
                self._note_lone_surrogate(escape, start)
        if high is not None:
            self._note_lone_surrogate(high, start)

    def _note_lone_surrogate(self, escape: re.Match[str], start: int) -> None:
        message = f"{escape[0]} is half of a surrogate pair, and no character"
        hint = "remove it: an emoji was cut in two when the text was shortened"
        self._faults.append(_Fault(Finding("invalid_unicode", message, hint), start + escape.start()))

    def _number(self, match: re.Match[str]) -> tuple[int | float, int]:
        is_whole = match[1] is None and match[2] is None
        if is_whole and len(match[0]) > MOST_DIGITS:
            message = f"a whole number of {len(match[0]):,} digits"
            raise _Broken(_syntax(message, "write it as text, in quotes", match.start()))
        number = int(match[0]) if is_whole else float(match[0])
        if number in (float("inf"), float("-inf")):
            message = f"the number {shorten(match[0])[1:-1]} is too large"
            raise _Broken(_syntax(message, "write it as text, in quotes", match.start()))
        return number, match.end()

    def _no_trailing_comma(self, comma: int | None) -> None:
        if comma is not None:
            raise _Broken(_syntax("a comma stands before the closing bracket", "remove the comma", comma))

    def _after_the_value(self, at: int) -> _Broken:
        if self._text[at] in "{[":
            message = "a second value starts on the same line"
            return _Broken(_syntax(message, "write one example per line, with no comma between them", at))
        if self._text[at] == ",":
            return _Broken(_syntax("a comma follows the row", "remove it: JSON lines have no comma between them", at))
        return self._unexpected(at, "the end of the row")

    def _unexpected(self, at: int, wanted: str) -> _Broken:
        found = self._text[at : at + 1]
        if not found:
            message = f"the row ends where {wanted} should follow"
            return _Broken(_syntax(message, "close every bracket and quote", at, is_at_end=True))
        if found in _QUOTES:
            return _Broken(_syntax(f"{_QUOTES[found]} ({found}) instead of a double quote", _QUOTES_HINT, at))
        if not_finite := _NOT_FINITE.match(self._text, at):
            return _Broken(_syntax(f"{not_finite[0]} is no value of JSON", "write a number, or null", at))
        if found == "\0":
            return _Broken(_syntax("a NUL byte", "the file is damaged: export it again", at))
        if self._text.startswith(("//", "/*", "#"), at):
            return _Broken(_syntax("a comment", "remove it: JSON has no comments", at))
        word = _WORD.match(self._text, at)
        return _Broken(
            _syntax(f"expected {wanted}, found {shorten(word[0] if word else found)}", _hint_for(wanted, word), at)
        )

    def _skip(self, at: int) -> int:
        return _SPACES.match(self._text, at).end()  # type: ignore[union-attr]


def _hint_for(wanted: str, word: re.Match[str] | None) -> str:
    if word and word[0] in ("True", "False", "None"):
        return "this is Python, not JSON: write the row with json.dumps, not with str or print"
    if wanted.startswith("a comma"):
        return r"a comma is missing before it, or a quote inside the text before lacks its backslash: \""
    if wanted.startswith("a key"):
        return 'write keys in double quotes: {"messages": …}'
    return "write the row with a JSON library, such as json.dumps"
