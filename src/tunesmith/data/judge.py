"""The judge of a file's rows, given line by line: what is wrong with each by itself, and with all of them together.

``judge_row`` judges one row. ``Judge`` knows what has come before: the format, the examples that were said already, keys
that no format knows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, Protocol

from tunesmith.data.clean_lines import CleanRow, read_lines, said_key, said_keys
from tunesmith.data.examples import AnyExample, FileFormat
from tunesmith.data.file_rows import FileRow, LineBatch
from tunesmith.data.findings import Finding, RowPath, shorten
from tunesmith.data.formats import control_token_pattern, control_token_searches, read_row
from tunesmith.data.row_shapes import describe_unknown, detect_format, foreign_shape, unrecognized_row_keys
from tunesmith.data.said_before import Place, SaidBefore
from tunesmith.data.statistics import Tally
from tunesmith.data.strict_json import UNREAD, StrictJson

# So many rows of another format, one after the other, are no slip: the file has changed its format.
_FOREIGN_RUN: Final = 3


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


class Measures(Protocol):
    """Who measures examples as they come."""

    def keep(self, example: AnyExample) -> None:
        """The next one that can be used."""
        ...

    def fits(self, example: AnyExample) -> tuple[int, int] | None:
        """Its tokens, and those that are trained on; None where anything is to be said of it, which ``keep`` then says."""
        ...


class Judge:
    """What is known of a file's rows so far."""

    def __init__(
        self, format: FileFormat | None, control_tokens: Collection[str], found: Findings, keep: Keep | None, tally: Tally | None
    ) -> None:  # fmt: skip
        self.format = format
        self.num_rows = 0
        self.control_tokens = control_tokens
        self.pattern = control_token_pattern(control_tokens)
        self._searches = control_token_searches(control_tokens)
        self._found, self._keep, self.tally = found, keep, tally
        self.ignored_keys = IgnoredKeys()
        self.said = SaidBefore()
        self._run_of: FileFormat | None = None
        self._run_start, self._run_rows, self._run_end = (1, 1, 1), 0, 0

    def detect(self, head: Sequence[FileRow]) -> None:
        objects = [row for row in head if isinstance(row.value, dict)]
        self.format = self.format or detect_format(row.value for row in objects)
        if self.format is None and objects:
            self._found.add(describe_unknown(objects[0].value), *objects[0].position(0))

    def lines(self, batch: LineBatch) -> None:
        number = batch.first_line
        for run in read_lines(batch.lines, self._searches) if self.format == "chat" else batch.lines:
            if isinstance(run, bytes):
                self.line(number, run, batch)
                number += 1
            else:
                self.clean(run, number, batch)
                number += len(run)

    def line(self, number: int, line: bytes, batch: LineBatch) -> None:
        """One that is read strictly."""
        if (row := batch.row(number, line)) is not None:
            self.row(row)

    def row(self, row: FileRow) -> None:
        self.num_rows += 1
        if not self._is_of_a_foreign_run(row):
            example = judge_row(row, self.format, self.pattern, self._found)
            if example is not None and self.format is not None:
                self.use(example, row, self.format)

    def use(self, example: AnyExample, row: FileRow, format: FileFormat) -> None:
        """One that nothing is wrong with."""
        self.ignored_keys.count(unrecognized_row_keys(row.value, format), row)
        self.said.add(said_key(example), *row.position(0))
        if self.tally is not None:
            self.tally.add(example)
        if self._keep is not None:
            self._keep(example)

    def clean(self, rows: list[CleanRow], first_line: int, batch: LineBatch) -> None:
        """A run of rows of the batch with which nothing is wrong."""
        self.num_rows += len(rows)
        self.said.add_lines(said_keys(rows), first_line)
        if self.tally is not None:
            self.tally.add_clean(rows)
        if self._keep is not None:
            for number, row in enumerate(rows, first_line):
                self._keep(row.example(number))

    def _is_of_a_foreign_run(self, row: FileRow) -> bool:
        """Whether the file has changed its format before this row: said once, where it begins, and counted then."""
        foreign = None
        if self.format is not None and isinstance(row.value, dict) and not row.faults:
            foreign = foreign_shape(row.value, self.format)
        if foreign is None or foreign != self._run_of or self._run_end != self.num_rows - 1:
            self._run_of, self._run_start, self._run_rows = foreign, row.position(0), 0
        self._run_rows += 1
        self._run_end = self.num_rows
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
        self.ignored_keys.warn(self._found)
        num_duplicates = 0
        for first_line, place in self.said.repetitions():
            num_duplicates += 1
            message, hint = f"the example says the same as line {first_line}", "remove one, unless it shall count twice"
            self._found.add(Finding("duplicate_example", message, hint, severity="warning"), *place)
        if self.tally is not None:
            self.tally.add_duplicates(num_duplicates)


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


class IgnoredKeys:
    """Top-level keys that no format knows: one warning each, with the number of rows that have it."""

    def __init__(self) -> None:
        self.num_rows: Counter[str] = Counter()
        self.first: dict[str, Place] = {}

    def count(self, keys: list[str], row: FileRow) -> None:
        for key in keys:
            self.num_rows[key] += 1
            if key not in self.first:
                self.first[key] = row.position(StrictJson(row.text).offsets().get(((key,), True), 0))

    def add(self, num_rows: Mapping[str, int], first: Mapping[str, Place]) -> None:
        """Those of other rows."""
        self.num_rows.update(num_rows)
        for key, place in first.items():
            self.first[key] = min(place, self.first.get(key, place))

    def warn(self, found: Findings) -> None:
        for key, place in sorted(self.first.items(), key=lambda item: item[1]):
            rows = self.num_rows[key]
            message = f"the key {shorten(key)} is ignored ({rows:,} row{'s have' if rows > 1 else ' has'} it)"
            finding = Finding("unrecognized_key", message, "remove it, or leave it: it is not used", (key,), "warning")
            found.add(finding, *place)
