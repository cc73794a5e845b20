"""What is said in a file, judged in a pass of its own over its rows: every row, or of a large file every n-th."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tunesmith.data.clean_lines import CleanRow, read_lines
from tunesmith.data.content.judge import ContentFigures, ContentJudge, Sink
from tunesmith.data.content.provenance import provenance_of
from tunesmith.data.encoding import BOM, HEAD_BYTES, BadBytes
from tunesmith.data.examples import AnyExample, FileFormat
from tunesmith.data.file_rows import FileRow, file_rows, is_array, line_row
from tunesmith.data.findings import Finding
from tunesmith.data.formats import read_row
from tunesmith.data.harm.find import HarmFilter

MOST_BYTES: Final = 64 << 20
"""Of a larger file so much is looked at, spread evenly over its rows; the report says so."""
_BATCH_BYTES: Final = 1 << 16
_NO_TOKENS: Final = re.compile(r"(?!)")


def judge_content(
    path: Path, format: FileFormat | None, found: Sink, harm: HarmFilter, most_bytes: int = MOST_BYTES
) -> ContentFigures | None:
    """None where the file's format is not known. Rows that cannot be used are passed over: others judge them."""
    if format is None:
        return None
    stride = max(1, math.ceil(path.stat().st_size / most_bytes))
    judge = ContentJudge(harm)
    for example in _examples(path, format, stride):
        judge.add(example)
    if stride > 1:
        message = f"the file is large: what is said was looked at in every {stride}th row"
        hint = "shares are estimates, and single places may be missed; split the file to have every row looked at"
        found.add(Finding("content_sampled", message, hint, severity="warning"))
    return judge.finish(found, format, provenance_of(path))


def _examples(path: Path, format: FileFormat, stride: int) -> Iterator[AnyExample]:
    with path.open("rb") as file:
        has_lines = not is_array(file.read(HEAD_BYTES))
    if not has_lines:
        rows = (row for number, row in enumerate(file_rows(path, lambda _: None)) if number % stride == 0)
        yield from (example for row in rows if (example := _example(row, format)) is not None)
        return
    bad_bytes = BadBytes(path)
    for numbers, lines in _batches(path, stride):
        number = iter(numbers)
        for run in read_lines(lines, ()) if format == "chat" else lines:
            if not isinstance(run, bytes):
                yield from map(CleanRow.example, run, number)
            elif (example := _example(line_row(next(number), run, bad_bytes), format)) is not None:
                yield example


def _batches(path: Path, stride: int) -> Iterator[tuple[list[int], list[bytes]]]:
    """Lines that are not blank, with their numbers, so many that together they are worth reading at once."""
    numbers, lines, num_bytes = list[int](), list[bytes](), 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if (number - 1) % stride == 0 and not line.isspace():
                numbers.append(number)
                lines.append(line.removeprefix(BOM) if number == 1 else line)
                num_bytes += len(line)
                if num_bytes >= _BATCH_BYTES:
                    yield numbers, lines
                    numbers, lines, num_bytes = [], [], 0
    yield numbers, lines


def _example(row: FileRow, format: FileFormat) -> AnyExample | None:
    if row.faults or not isinstance(row.value, dict):
        return None
    example, findings = read_row(row.value, row.line, format, _NO_TOKENS)
    return None if any(finding.severity == "error" for finding in findings) else example
