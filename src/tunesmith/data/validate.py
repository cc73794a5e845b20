"""A file, judged whole: every bad row is named with its line, its column and what is wrong with it.

``validate_file`` takes a path, gives a DataReport: all problems and, where none is an error, the Dataset that
supervised training takes. Examples are no longer kept once an error is met, so that a huge broken file costs little
memory. ``judge_file`` hands findings and examples of every method on as they come, and keeps neither.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from tunesmith.core.errors import Problem, Problems
from tunesmith.data.encoding import HEAD_BYTES, foreign_bytes
from tunesmith.data.examples import AnyExample, ChatExample, CompletionExample, Dataset, Example, FileFormat
from tunesmith.data.file_parts import num_processes
from tunesmith.data.file_rows import FileRow, LineBatch, file_rows, has_lines, line_batches
from tunesmith.data.findings import Finding, path_text
from tunesmith.data.judge import Findings, Judge, Keep, Measures
from tunesmith.data.judge_in_parts import LEAST_BYTES, LEAST_MEASURED_BYTES, judge_in_parts
from tunesmith.data.statistics import Tally

MOST_PROBLEMS_PER_RULE: Final = 1_000
FEW_EXAMPLES: Final = 10
_ROWS_TO_DETECT_BY: Final = 100


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
    measures: Callable[[Findings], Measures] | None = None, progress: Callable[[int], None] = lambda num_bytes: None,
    processes: int | None = None,
) -> DataReport:  # fmt: skip
    """Judge the whole file for whatever method wants it, holding none of its examples: ``tally`` counts them, and
    ``measures``, made with where findings go, measures each. ``progress`` hears how many bytes were read, again and again."""
    found = _Collector(str(path))
    digest = sha256()

    def update(content: bytes) -> None:
        digest.update(content)
        progress(len(content))

    format, num_rows = judge_file(
        path,
        found,
        None,
        format,
        control_tokens,
        update,
        tally,
        processes,
        None if measures is None else measures(found),
    )
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


def judge_file(
    path: Path, found: Findings, keep: Keep | None = None, format: FileFormat | None = None,
    control_tokens: Collection[str] = (), update: Callable[[bytes], None] | None = None, tally: Tally | None = None,
    processes: int | None = None, measures: Measures | None = None,
) -> tuple[FileFormat | None, int]:  # fmt: skip
    """→ the file's format (None where it has none that is known) and the number of its rows, good and bad.

    ``update`` is given the bytes that are read, in order: all of them, unless the file is no text or one example
    is spread over its lines. ``keep`` is called with each example that can be used, ``tally`` counts them: the second
    is cheaper by far. ``measures`` is given the examples as ``keep`` is, or, by several processes, those that do not fit.
    ``processes``: how many judge at once where there is no ``keep``; None: as many as the machine has cores, where the
    file is large. What is found is the same.
    """
    if not _can_be_opened(path, found):
        return format, 0
    least_bytes = LEAST_BYTES if measures is None else LEAST_MEASURED_BYTES
    judge = Judge(format, control_tokens, found, keep if measures is None else measures.keep, tally)
    if not has_lines(path):
        rows = file_rows(path, update or _ignore)
        head = list(islice(rows, _ROWS_TO_DETECT_BY))
        judge.detect(head)
        for row in chain(head, rows):
            judge.row(row)
    elif keep is None and (several := processes or num_processes(path, least_bytes)) > 1:
        judge.detect(_head(line_batches(path, _ignore))[1])
        judge_in_parts(path, judge, update, several, measures)
    else:
        batches = line_batches(path, update or _ignore)
        first, head = _head(batches)
        judge.detect(head)
        for batch in chain(first, batches):
            judge.lines(batch)
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


def _ignore(content: bytes) -> None:
    """What nobody listens to."""


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
