"""What is said in a file, judged in a pass of its own over its rows: every row, or of a large file every n-th."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from tunesmith.data.clean_lines import CleanRow, read_lines
from tunesmith.data.content.judge import ContentFigures, ContentJudge, Sink
from tunesmith.data.content.provenance import provenance_of
from tunesmith.data.content.said import said_in
from tunesmith.data.content.texts import Noted, TextJudge
from tunesmith.data.encoding import BadBytes
from tunesmith.data.examples import AnyExample, CompletionExample, FileFormat
from tunesmith.data.file_parts import in_parts, num_processes
from tunesmith.data.file_rows import FileRow, LineBatch, file_rows, has_lines, line_batches, line_row
from tunesmith.data.findings import Finding
from tunesmith.data.formats import read_row
from tunesmith.data.harm.find import HarmFilter

MOST_BYTES: Final = 64 << 20
"""Of a larger file so much is looked at, spread evenly over its rows; the report says so."""
_BATCH_BYTES: Final = 1 << 16
_PART_BYTES: Final = 512 << 10
_LEAST_BYTES: Final = 4 << 20
_NO_TOKENS: Final = re.compile(r"(?!)")


def judge_content(
    path: Path, format: FileFormat | None, found: Sink, harm: HarmFilter, most_bytes: int = MOST_BYTES
) -> ContentFigures | None:
    """None where the file's format is not known. Rows that cannot be used are passed over: others judge them."""
    if format is None:
        return None
    stride = max(1, math.ceil(path.stat().st_size / most_bytes))
    processes = num_processes(path, _LEAST_BYTES)
    judge = ContentJudge(TextJudge(harm) if processes == 1 else None)
    examples = _examples(path, format, stride)
    if processes > 1:
        _judge_texts_in_parts(path, format, stride, judge, harm, processes, examples)
    for example in examples:
        judge.add(example)
    if stride > 1:
        message = f"the file is large: what is said was looked at in one row of {stride}"
        hint = "shares are estimates, and single places may be missed; split the file to have every row looked at"
        found.add(Finding("content_sampled", message, hint, severity="warning"))
    return judge.finish(found, format, provenance_of(path))


def _judge_texts_in_parts(
    path: Path, format: FileFormat, stride: int, judge: ContentJudge, harm: HarmFilter, processes: int,
    examples: Iterator[AnyExample],
) -> None:  # fmt: skip
    """Children look at the texts; here, meanwhile, the answers are looked at together."""

    def work(batches: Iterator[LineBatch]) -> bytes:
        texts = TextJudge(harm)
        for example in _of_batches(_chosen(batches, stride), format, BadBytes(path)):
            texts.add(said_in(example), example.line, is_raw=isinstance(example, CompletionExample))
        texts.finish()
        return msgspec.msgpack.encode(texts.noted)

    def judge_one(part: int) -> bool:
        if (example := next(examples, None)) is not None:
            judge.add(example)
        return example is not None

    part_bytes = max(_PART_BYTES, _PART_BYTES * stride)
    for answer in in_parts(path, work, processes, part_bytes, meanwhile=judge_one, is_numbered=True):
        judge.noted.add(msgspec.msgpack.decode(answer, type=Noted))


def _examples(path: Path, format: FileFormat, stride: int) -> Iterator[AnyExample]:
    if not has_lines(path):
        rows = (row for number, row in enumerate(file_rows(path, lambda _: None)) if number % stride == 0)
        yield from (example for row in rows if (example := _example(row, format)) is not None)
        return
    batches = line_batches(path, lambda _: None)
    yield from _of_batches(_chosen(batches, stride), format, BadBytes(path))


def _of_batches(
    batches: Iterator[tuple[list[int], list[bytes]]], format: FileFormat, bad_bytes: BadBytes
) -> Iterator[AnyExample]:
    for numbers, lines in batches:
        number = iter(numbers)
        for run in read_lines(lines, ()) if format == "chat" else lines:
            if not isinstance(run, bytes):
                yield from map(CleanRow.example, run, number)
            elif (example := _example(line_row(next(number), run, bad_bytes), format)) is not None:
                yield example


def _chosen(batches: Iterable[LineBatch], stride: int) -> Iterator[tuple[list[int], list[bytes]]]:
    """Lines that are not blank, with their numbers, so many that together they are worth reading at once."""
    numbers, lines, num_bytes = list[int](), list[bytes](), 0
    for batch in batches:
        skipped = (1 - batch.first_line) % stride
        for number, line in enumerate(batch.lines[skipped::stride]):
            if not line.isspace():
                numbers.append(batch.first_line + skipped + number * stride)
                lines.append(line)
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
