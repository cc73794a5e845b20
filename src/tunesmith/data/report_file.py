"""A file's report in a folder: what is wrong with its rows, its figures, and where its rows begin.

``write_report`` reads the file once and keeps little of it in memory; ``Report`` reads pages of the findings without
reading all of them. The folder holds ``summary.json``, the findings as JSON lines in the file's order, an index of
them for every filter, the lines with errors, and the index of the rows.
"""

from __future__ import annotations

import struct
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from heapq import merge
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

import msgspec

from tunesmith.core.errors import Severity
from tunesmith.data.content.of_file import judge_content
from tunesmith.data.encoding import HEAD_BYTES
from tunesmith.data.examples import FileFormat
from tunesmith.data.file_rows import is_array
from tunesmith.data.findings import Finding, path_text
from tunesmith.data.harm.find import default_filter
from tunesmith.data.row_index import RowIndex, RowIndexWriter
from tunesmith.data.row_measures import ModelRead, RowMeasures
from tunesmith.data.statistics import DataStatistics, Tally
from tunesmith.data.validate import judge_file

MOST_KEPT: Final = 100_000
"""Findings of a file that are kept, and can be paged; the rest is counted."""
KEPT_OF_EACH_RULE: Final = 1_000
"""Kept of a rule even where others have filled the room already."""
_MOST_KEPT_BYTES: Final = 128 << 20
_LONGEST_TEXT: Final = 1_000
_LONGEST_PATH: Final = 300
_SUMMARY, _FINDINGS, _PLACES, _ROWS = "summary.json", "findings.jsonl", "findings.index", "rows.index"
_BAD_LINES, _UNFIT_LINES = "bad.lines", "unfit.lines"
_PLACE: Final = struct.Struct("<Q")

Layout = Literal["lines", "array", "foreign"]
"""How the file holds its rows: one a line, in one JSON array, or not at all: it is no text."""


@dataclass(frozen=True, slots=True)
class RuleCount:
    rule: str
    severity: Severity
    count: int
    num_kept: int


@dataclass(frozen=True, slots=True)
class Summary:
    """``sha256`` is None where not all bytes were read. ``figures`` are those of the rows that can be used; None where
    there are no rows. Their tokens are there where a model was given and no row has an error."""

    file_format: FileFormat | None
    layout: Layout
    sha256: str | None
    num_rows: int
    num_lines: int
    num_rows_with_errors: int
    """Rows with at least one error; one row may have many."""
    num_errors: int
    num_warnings: int
    rules: tuple[RuleCount, ...]
    figures: DataStatistics | None
    context_length: int | None
    lists: dict[str, tuple[int, int]]
    """Filter → where its findings begin in the index, and how many they are."""


def write_report(
    path: Path, folder: Path, model: ModelRead | None = None, progress: Callable[[float], None] = lambda share: None
) -> Summary:
    """Judge the file and write its report into ``folder``, which is there and empty. ``progress`` hears the share of
    the bytes that were read, again and again."""
    num_bytes, digest, judged = path.stat().st_size, sha256(), 0
    with path.open("rb") as file:
        has_lines = not is_array(file.read(HEAD_BYTES))
    files = {name: (folder / name).open("wb") for name in (_ROWS, _BAD_LINES, _UNFIT_LINES)}
    index = RowIndexWriter(files[_ROWS])
    found = _Findings(files[_BAD_LINES])
    unfit_lines = files[_UNFIT_LINES]
    tally = Tally(model.limit if model else None)
    measures = None
    if model is not None:
        measures = RowMeasures(found, model, tally, lambda line: unfit_lines.write(_PLACE.pack(line)))

    def update(content: bytes) -> None:
        nonlocal judged
        digest.update(content)
        judged += len(content)
        if has_lines:
            for line in BytesIO(content):
                index.update(line)
        progress(judged / num_bytes)

    try:
        control_tokens = model.renderer.tokenizer.control_tokens if model else ()
        format, num_rows = judge_file(
            path, found, control_tokens=control_tokens, update=update, tally=tally, measures=measures
        )
        if num_rows and has_lines:
            index.read_rest(path)
        if num_rows and not found.has_errors:
            judge_content(path, format, found, default_filter())
    finally:
        for each in files.values():
            each.close()
    figures = tally.statistics() if num_rows and format else None
    summary = Summary(
        file_format=format,
        layout=("lines" if has_lines else "array") if num_rows or judged == num_bytes else "foreign",
        sha256=digest.hexdigest() if judged == num_bytes else None,
        num_rows=num_rows,
        num_lines=index.num_lines,
        num_rows_with_errors=_num_rows_with_errors(format, num_rows, found, tally, measures),
        num_errors=found.count("error"),
        num_warnings=found.count("warning"),
        rules=found.rules(),
        figures=figures and (replace(figures, tokens=None) if found.count("error") else figures),
        context_length=model.context_length if model else None,
        lists=found.write(folder),
    )
    (folder / _SUMMARY).write_bytes(msgspec.json.encode(summary))
    return summary


class Report:
    """A report that was written. Raises FileNotFoundError where its folder is gone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.summary = msgspec.json.decode((folder / _SUMMARY).read_bytes(), type=Summary)
        self.rows = RowIndex(folder / _ROWS)

    def page(
        self, rule: str | None = None, severity: Severity | None = None, offset: int = 0, limit: int = 100
    ) -> tuple[list[dict[str, Any]], int]:
        """Findings in the file's order, and how many of them were kept in all."""
        start, count = self.summary.lists.get(_list_name(rule, severity), (0, 0))
        limit = max(0, min(limit, count - offset))
        with (self._folder / _PLACES).open("rb") as places, (self._folder / _FINDINGS).open("rb") as findings:
            places.seek((start + offset) * _PLACE.size)
            offsets = [place for (place,) in _PLACE.iter_unpack(places.read(limit * _PLACE.size))]
            return [_read_at(findings, at) for at in offsets], count

    def of_line(self, line: int, most: int = 100) -> list[dict[str, Any]]:
        """The findings of one line."""
        _, count = self.summary.lists.get(_list_name(None, None), (0, 0))
        low, high = 0, count
        while low < high:
            middle = (low + high) // 2
            if _line_order(self.page(None, None, middle, 1)[0][0]["line"]) < line:
                low = middle + 1
            else:
                high = middle
        return [finding for finding in self.page(None, None, low, most)[0] if finding["line"] == line]

    def lines_with_errors(self, *, of_model: bool = False) -> Iterator[int]:
        """In the file's order; with ``of_model``, also those that the report's model cannot be trained on."""
        names = (_BAD_LINES, _UNFIT_LINES) if of_model else (_BAD_LINES,)
        return merge(*map(self._lines, names))

    def _lines(self, name: str) -> Iterator[int]:
        with (self._folder / name).open("rb") as file:
            while part := file.read(_PLACE.size << 13):
                yield from array("Q", part)


def _num_rows_with_errors(
    format: FileFormat | None, num_rows: int, found: _Findings, tally: Tally, measures: RowMeasures | None
) -> int:
    """What gave no example has an error; lines do not say it, for the rows of an array may share one, or take many."""
    if format is None:
        return min(num_rows, found.num_bad_lines)
    return num_rows - tally.num_rows + (measures.num_unfit if measures else 0)


class _Findings:
    """validate's findings: counted, and kept as far as there is room."""

    def __init__(self, bad_lines: BinaryIO) -> None:
        self._bad_lines, self._last_bad_line = bad_lines, 0
        self.num_bad_lines = 0
        self._counts: Counter[tuple[str, Severity]] = Counter()
        self._kept: list[tuple[int, tuple[str, Severity], bytes]] = []
        self._num_kept: Counter[tuple[str, Severity]] = Counter()
        self._room = _MOST_KEPT_BYTES
        self.has_errors = False

    def wants(self, finding: Finding) -> bool:
        if finding.is_counted_only:
            return False
        has_room = len(self._kept) < MOST_KEPT and self._room > 0
        return has_room or self._num_kept[finding.rule, finding.severity] < KEPT_OF_EACH_RULE

    def add(
        self, finding: Finding, line: int | None = None, column: int | None = None, byte_column: int | None = None
    ) -> None:
        if finding.severity == "error":
            self.has_errors = True
            if line is not None and line > self._last_bad_line:
                self._bad_lines.write(_PLACE.pack(line))
                self._last_bad_line = line
                self.num_bad_lines += 1
        self._keep(finding, line, column, byte_column)

    def note(self, finding: Finding, line: int | None) -> None:
        self._keep(finding, line, None, None)

    def _keep(self, finding: Finding, line: int | None, column: int | None, byte_column: int | None) -> None:
        kind = (finding.rule, finding.severity)
        self._counts[kind] += 1
        if not self.wants(finding):
            return
        path = path_text(finding.path)
        encoded = msgspec.json.encode(
            {
                "rule": finding.rule, "severity": finding.severity, "message": _cut(finding.message, _LONGEST_TEXT),
                "hint": _cut(finding.hint, _LONGEST_TEXT), "line": line, "column": column,
                "byte_column": byte_column, "path": None if path is None else _cut(path, _LONGEST_PATH),
            }
        )  # fmt: skip
        self._num_kept[kind] += 1
        self._room -= len(encoded)
        self._kept.append((_line_order(line), kind, encoded))

    def count(self, severity: Severity) -> int:
        return sum(count for (_, its), count in self._counts.items() if its == severity)

    def rules(self) -> tuple[RuleCount, ...]:
        """Errors first, the most frequent first."""
        order = sorted(self._counts.items(), key=lambda item: (item[0][1], -item[1], item[0][0]))
        return tuple(RuleCount(*kind, count, self._num_kept[kind]) for kind, count in order)

    def write(self, folder: Path) -> dict[str, tuple[int, int]]:
        """→ the lists of the summary."""
        self._kept.sort(key=lambda kept: kept[0])
        lists: dict[str, array[int]] = {}
        with (folder / _FINDINGS).open("wb") as file:
            at = 0
            for _, (rule, severity), encoded in self._kept:
                for name in {_list_name(*names) for names in _filters(rule, severity)}:
                    lists.setdefault(name, array("Q")).append(at)
                at += file.write(encoded + b"\n")
        places, start = {}, 0
        with (folder / _PLACES).open("wb") as file:
            for name, offsets in lists.items():
                offsets.tofile(file)
                places[name] = (start, len(offsets))
                start += len(offsets)
        return places


def _filters(rule: str, severity: Severity) -> Iterator[tuple[str | None, Severity | None]]:
    yield from ((None, None), (None, severity), (rule, None), (rule, severity))


def _list_name(rule: str | None, severity: Severity | None) -> str:
    return f"{rule or ''}/{severity or ''}"


def _line_order(line: int | None) -> int:
    """What belongs to no line comes last."""
    return 1 << 62 if line is None else line


def _cut(text: str, most: int) -> str:
    """No longer than that, and text that every JSON can hold."""
    text = text if len(text) <= most else text[: most - 1] + "…"
    return text.encode(errors="backslashreplace").decode()


def _read_at(file: BinaryIO, at: int) -> dict[str, Any]:
    file.seek(at)
    found: dict[str, Any] = msgspec.json.decode(file.readline())
    return found
