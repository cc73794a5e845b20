"""A file, judged whole: every bad row is named with its line, its column and what is wrong with it.

``validate_file`` takes a path, gives a DataReport: all problems and, where none is an error, the Dataset that
supervised training takes. Examples are no longer kept once an error is met, so that a huge broken file costs little
memory. ``judge_file`` hands findings and examples of every method on as they come, and keeps neither.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, Protocol

from tunesmith.core.errors import Problem, Problems
from tunesmith.data.clean_lines import read_lines, said_key, said_keys
from tunesmith.data.encoding import HEAD_BYTES, foreign_bytes
from tunesmith.data.examples import (
    AnyExample,
    ChatExample,
    CompletionExample,
    Dataset,
    Example,
    FileFormat,
)
from tunesmith.data.file_rows import FileRow, LineBatch, file_rows, line_batches
from tunesmith.data.findings import Finding, RowPath, path_text, shorten
from tunesmith.data.formats import control_token_pattern, control_token_searches, read_row
from tunesmith.data.row_shapes import describe_unknown, detect_format, foreign_shape, unrecognized_row_keys
from tunesmith.data.said_before import SaidBefore
from tunesmith.data.statistics import Tally
from tunesmith.data.strict_json import UNREAD, StrictJson

MOST_PROBLEMS_PER_RULE: Final = 1_000
FEW_EXAMPLES: Final = 10
_ROWS_TO_DETECT_BY: Final = 100
# So many rows of another format, one after the other, are no slip: the file has changed its format.
_FOREIGN_RUN: Final = 3


@dataclass(frozen=True, slots=True)
class DataReport:
    """What was found in a file. ``num_rows`` counts its rows, good and bad; ``num_errors`` and ``num_warnings`` count
    what is not listed too; ``sha256``, of the file's bytes, and
    ``dataset`` are None after any error, and the dataset where it was not asked for."""

    path: str
    format: FileFormat | None
    num_rows: int
    problems: tuple[Problem, ...]
    num_errors: int
    num_warnings: int
    sha256: str | None = None
    dataset: Dataset | None = None

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
            "sha256": self.sha256,
            "num_rows": self.num_rows,
            "num_errors": self.num_errors,
            "num_warnings": self.num_warnings,
            "problems": [problem.as_json() for problem in self.problems],
        }


def read_dataset(
    path: Path, format: FileFormat | None = None, control_tokens: Collection[str] = ()
) -> tuple[Dataset, tuple[Problem, ...]]:
    """The file's Dataset and its warnings; raises ``Problems`` with every error when there are any."""
    report = validate_file(path, format, control_tokens)
    if report.dataset is None:
        count = report.num_errors
        message = f"{path} cannot be used: {count:,} error{'s' if count != 1 else ''} in {report.num_rows:,} rows."
        raise Problems(message, report.errors, f"mend the file, then look again with: tunesmith data check {path}")
    return report.dataset, report.warnings


def validate_file(path: Path, format: FileFormat | None = None, control_tokens: Collection[str] = ()) -> DataReport:
    """Judge the whole file for supervised training: of rows that another method wants, one error says so.

    ``control_tokens`` are a base model's own, added to the common families'.
    """
    found = _Collector(str(path))
    digest = sha256()
    examples: list[Example] = []

    def keep(example: AnyExample) -> None:
        if not found.has_errors and isinstance(example, ChatExample | CompletionExample):
            examples.append(example)
        else:
            examples.clear()

    format, num_rows = judge_file(path, found, keep, format, control_tokens, update=digest.update)
    if format == "preference" or format == "reinforcement":
        found.add(_of_other_method(format), line=1)
    if found.has_errors or format is None:
        return found.report(format, num_rows)
    dataset = Dataset(str(path), format, digest.hexdigest(), tuple(examples))
    return replace(found.report(format, num_rows), sha256=dataset.sha256, dataset=dataset)


def check_file(
    path: Path, format: FileFormat | None = None, control_tokens: Collection[str] = (), tally: Tally | None = None,
    keep: Callable[[Findings], Keep] | None = None, progress: Callable[[int], None] = lambda num_bytes: None,
) -> DataReport:  # fmt: skip
    """Judge the whole file for whatever method wants it, holding none of its examples: ``tally`` counts them, and
    ``keep``, made with where findings go, is called with each. ``progress`` hears how many bytes were read, again and again."""
    found = _Collector(str(path))
    digest = sha256()

    def update(content: bytes) -> None:
        digest.update(content)
        progress(len(content))

    format, num_rows = judge_file(path, found, keep and keep(found), format, control_tokens, update, tally)
    report = found.report(format, num_rows)
    return report if report.errors else replace(report, sha256=digest.hexdigest())


def _of_other_method(format: FileFormat) -> Finding:
    if format == "preference":
        message = "the file holds preference rows: the method dpo learns from them, supervised training cannot"
        hint = "train with the method dpo, or write each preferred answer as a chat row"
    else:
        message = "the file holds reinforcement rows: the method reinforcement wants them, supervised training cannot"
        hint = "train with the method reinforcement, or end each row with the assistant's answer"
    return Finding("wrong_method", message, hint)


class Findings(Protocol):
    """Where findings go as they are met."""

    @property
    def has_errors(self) -> bool: ...

    def wants(self, finding: Finding) -> bool:
        """Whether it is kept; of one that is counted only, nobody looks for the place in its row."""
        ...

    def add(
        self, finding: Finding, line: int | None = None, column: int | None = None, byte_column: int | None = None
    ) -> None: ...

    def note(self, finding: Finding, line: int | None) -> None:
        """One that hinders nobody from looking at the rows that follow."""
        ...


Keep = Callable[[AnyExample], None]
"""Called with each example that can be used."""


def judge_file(
    path: Path, found: Findings, keep: Keep | None = None, format: FileFormat | None = None,
    control_tokens: Collection[str] = (), update: Callable[[bytes], None] = lambda _: None, tally: Tally | None = None,
) -> tuple[FileFormat | None, int]:  # fmt: skip
    """→ the file's format (None where it has none that is known) and the number of its rows, good and bad.

    ``update`` is given the bytes that are read, in order: all of them, unless the file is no text or one example
    is spread over its lines. ``keep`` is called with each example that can be used, ``tally`` counts them: the second
    is cheaper by far.
    """
    if not _can_be_opened(path, found):
        return format, 0
    judge = _Judge(format, control_tokens, found, keep, tally)
    if (batches := line_batches(path, update)) is not None:
        first, head = _head(batches)
        judge.detect(head)
        for batch in chain(first, batches):
            judge.lines(batch)
    else:
        rows = file_rows(path, update)
        head = list(islice(rows, _ROWS_TO_DETECT_BY))
        judge.detect(head)
        for row in chain(head, rows):
            judge.row(row)
    judge.finish()
    format, num_rows = judge.format, judge.num_rows
    if num_rows == 0:
        message, hint = "the file is empty", "write one example per line, as JSON"
        found.add(Finding("empty_file", message, hint), 1, 1, 1)
    elif format is not None and num_rows < FEW_EXAMPLES:
        message = f"the file has {num_rows} row{'s' if num_rows > 1 else ''}"
        hint = f"{FEW_EXAMPLES} examples are the least that can teach something; 50 to 100 are a good start"
        found.add(Finding("too_few_examples", message, hint, severity="warning"))
    return format, num_rows


def _can_be_opened(path: Path, found: Findings) -> bool:
    """Whether the file is there and may hold JSON text; says why not."""
    try:
        if path.exists() and not path.is_file():
            what = "a folder" if path.is_dir() else "not a regular file"
            found.add(Finding("unreadable_file", f"{path} is {what}", "name a file"))
            return False
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}"
        found.add(Finding("unreadable_file", message, "check the name and the permissions"))
        return False
    finding = foreign_bytes(path, head)
    if finding is not None:
        found.add(finding, 1, 1, 1)
    return finding is None


class _Judge:
    """What is known of a file's rows so far."""

    def __init__(
        self, format: FileFormat | None, control_tokens: Collection[str], found: Findings, keep: Keep | None, tally: Tally | None
    ) -> None:  # fmt: skip
        self.format = format
        self.num_rows = 0
        self._pattern = control_token_pattern(control_tokens)
        self._searches = control_token_searches(control_tokens)
        self._found, self._keep, self._tally = found, keep, tally
        self._ignored_keys = _IgnoredKeys()
        self._said = SaidBefore()
        self._run_of: FileFormat | None = None
        self._run_start, self._run_rows = (1, 1, 1), 0

    def detect(self, head: Sequence[FileRow]) -> None:
        objects = [row for row in head if isinstance(row.value, dict)]
        self.format = self.format or detect_format(row.value for row in objects)
        if self.format is None and objects:
            self._found.add(describe_unknown(objects[0].value), *objects[0].position(0))

    def lines(self, batch: LineBatch) -> None:
        if self.format != "chat":
            for number, line in enumerate(batch.lines, batch.first_line):
                self._line(number, line, batch)
            return
        rows = read_lines(batch.lines, self._searches)
        numbers: Sequence[int] = range(batch.first_line, batch.first_line + len(rows))
        clean = [row for row in rows if row is not None]
        if len(clean) < len(rows) or self._keep is not None:
            for number, line, row in zip(numbers, batch.lines, rows, strict=True):
                if row is None:
                    self._line(number, line, batch)
                elif self._keep is not None:
                    self._keep(row.example(number))
            numbers = [number for number, row in zip(numbers, rows, strict=True) if row is not None]
        self.num_rows += len(clean)
        self._said.add_lines(said_keys(clean), numbers)
        if self._tally is not None:
            self._tally.add_clean(clean)

    def _line(self, number: int, line: bytes, batch: LineBatch) -> None:
        if (row := batch.row(number, line)) is not None:
            self.row(row)

    def row(self, row: FileRow) -> None:
        self.num_rows += 1
        if self._is_of_a_foreign_run(row):
            return
        example = judge_row(row, self.format, self._pattern, self._found)
        if example is None or self.format is None:
            return
        self._ignored_keys.count(unrecognized_row_keys(row.value, self.format), row)
        self._said.add(said_key(example), *row.position(0))
        if self._tally is not None:
            self._tally.add(example)
        if self._keep is not None:
            self._keep(example)

    def _is_of_a_foreign_run(self, row: FileRow) -> bool:
        """Whether the file has changed its format before this row: said once, where it begins, and counted then."""
        foreign = None
        if self.format is not None and isinstance(row.value, dict) and not row.faults:
            foreign = foreign_shape(row.value, self.format)
        if foreign is None or foreign != self._run_of:
            self._run_of, self._run_start, self._run_rows = foreign, row.position(0), 0
        self._run_rows += 1
        if foreign is None or self._run_rows < _FOREIGN_RUN:
            return False
        hint = "keep one format in a file: move these rows to a file of their own"
        if self._run_rows == _FOREIGN_RUN:
            what = f"the format changes here: {self.format} before, {foreign} from this line on"
            self._found.add(Finding("mixed_formats", what, hint), *self._run_start)
        what = f"a {foreign} row in a {self.format} file"
        self._found.add(Finding("mixed_formats", what, hint, is_counted_only=True), row.line)
        return True

    def finish(self) -> None:
        self._ignored_keys.warn(self._found)
        num_duplicates = 0
        for first_line, place in self._said.repetitions():
            num_duplicates += 1
            message, hint = f"the example says the same as line {first_line}", "remove one, unless it shall count twice"
            self._found.add(Finding("duplicate_example", message, hint, severity="warning"), *place)
        if self._tally is not None:
            self._tally.add_duplicates(num_duplicates)


def _head(batches: Iterable[LineBatch]) -> tuple[list[LineBatch], list[FileRow]]:
    """The first batches, and the first rows in them, by which the format is told."""
    taken, rows = [], list[FileRow]()
    for batch in batches:
        taken.append(batch)
        numbered = enumerate(batch.lines[:_ROWS_TO_DETECT_BY], batch.first_line)
        rows += [row for number, line in numbered if (row := batch.row(number, line)) is not None]
        if len(rows) >= _ROWS_TO_DETECT_BY:
            break
    return taken, rows[:_ROWS_TO_DETECT_BY]


def judge_row(
    row: FileRow, format: FileFormat | None, control_tokens: re.Pattern[str], found: Findings
) -> AnyExample | None:
    """The row's example, where it can be used: what is wrong with the row by itself goes to ``found``."""
    for fault in row.faults:
        found.add(fault.finding, *row.position(fault.offset))
    if row.value is UNREAD:
        return None
    if not isinstance(row.value, dict):
        message, hint = f"the row is {shorten(row.value)}, not an object", 'write each row as {"…": …}'
        found.add(Finding("not_an_object", message, hint), *row.position(0))
        return None
    if format is None:
        return None
    example, findings = read_row(row.value, row.line, format, control_tokens)
    _add_findings(findings, row, found)
    if row.faults or any(finding.severity == "error" for finding in findings):
        return None
    return example


def _add_findings(findings: list[Finding], row: FileRow, found: Findings) -> None:
    if any(found.wants(finding) for finding in findings):
        offsets = StrictJson(row.text).offsets()
        for finding in findings:
            found.add(finding, *row.position(_offset_of(finding, offsets)))
    else:
        for finding in findings:
            found.add(finding, row.line)


def _offset_of(finding: Finding, offsets: dict[tuple[RowPath, bool], int]) -> int:
    """Where the finding's key or value stands; where it is missing, what should have held it."""
    if finding.at_key and (finding.path, True) in offsets:
        return offsets[finding.path, True]
    path = finding.path
    while path and (path, False) not in offsets:
        path = path[:-1]
    return offsets.get((path, False), 0)


class _IgnoredKeys:
    """Top-level keys that no format knows: one warning each, with the number of rows that have it."""

    def __init__(self) -> None:
        self._rows: Counter[str] = Counter()
        self._first: dict[str, tuple[int, int, int]] = {}

    def count(self, keys: list[str], row: FileRow) -> None:
        for key in keys:
            self._rows[key] += 1
            if key not in self._first:
                self._first[key] = row.position(StrictJson(row.text).offsets().get(((key,), True), 0))

    def warn(self, found: Findings) -> None:
        for key, place in self._first.items():
            rows = self._rows[key]
            message = f"the key {shorten(key)} is ignored ({rows:,} row{'s have' if rows > 1 else ' has'} it)"
            finding = Finding("unrecognized_key", message, "remove it, or leave it: it is not used", (key,), "warning")
            found.add(finding, *place)


class _Collector:
    """Gathers problems, at most ``MOST_PROBLEMS_PER_RULE`` of each rule, and counts the others."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._problems: list[Problem] = []
        self._counts: Counter[str] = Counter()
        self._num_kept: Counter[str] = Counter()
        self._by_severity: Counter[str] = Counter()
        self.has_errors = False

    def wants(self, finding: Finding) -> bool:
        return not finding.is_counted_only and self._num_kept[finding.rule] < MOST_PROBLEMS_PER_RULE

    def add(
        self, finding: Finding, line: int | None = None, column: int | None = None, byte_column: int | None = None
    ) -> None:
        self.has_errors = self.has_errors or finding.severity == "error"
        self._counts[finding.rule] += 1
        self._by_severity[finding.severity] += 1
        if self.wants(finding):
            self._num_kept[finding.rule] += 1
            path, rule = path_text(finding.path), finding.rule
            self._problems.append(
                Problem(
                    rule, finding.message, finding.hint, finding.severity, self._file, line, column, path, byte_column
                )
            )

    def note(self, finding: Finding, line: int | None) -> None:
        had_errors = self.has_errors
        self.add(finding, line)
        self.has_errors = had_errors

    def report(self, format: FileFormat | None, num_rows: int) -> DataReport:
        problems = sorted(self._problems, key=lambda problem: (problem.line is None, problem.line or 0))
        return DataReport(self._file, format, num_rows, (*problems, *self._left_out()), *self._totals())

    def _totals(self) -> tuple[int, int]:
        """Errors and warnings."""
        return self._by_severity["error"], self._by_severity["warning"]

    def _left_out(self) -> Iterator[Problem]:
        for rule, count in self._counts.items():
            if count > (num_kept := self._num_kept[rule]):
                severity = next(problem.severity for problem in self._problems if problem.rule == rule)
                message = f"{count - num_kept:,} more problems of this rule are not listed ({count:,} in all)"
                yield Problem(rule, message, "mend those listed, then check the file again", severity, self._file)
