"""A data file → another without personal data, with an account of every change.

Rows are read and written a few at a time, those of a large file by several processes; rows without a finding are copied
byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec

from tunesmith.core.errors import Problem, Problems, UserError
from tunesmith.data.clean_row import Account, Cleaning, Listed, clean_row, found_in
from tunesmith.data.encoding import HEAD_BYTES
from tunesmith.data.file_parts import in_parts, num_processes
from tunesmith.data.file_rows import FileRow, LineBatch, file_rows
from tunesmith.data.findings import Row
from tunesmith.data.personal.coverage import not_covered
from tunesmith.data.personal.decisions import row_id
from tunesmith.data.personal.scan import Scanner
from tunesmith.data.personal.vault import Vault
from tunesmith.data.row_file import refuse_foreign_bytes
from tunesmith.data.row_writer import RowWriter
from tunesmith.data.versions import Operation, Parent, Version, read_version, write_version

Progress = Callable[[int], None]
"""Told the bytes that were read since the last call."""
_MOST_PROBLEMS: Final = 50
_PART_BYTES: Final = 256 << 10
_LEAST_BYTES: Final = 1 << 20
_ENCODER: Final = msgspec.json.Encoder()


def clean_file(
    source: Path, out: Path, cleaning: Cleaning, *, overwrite: bool = False, progress: Progress | None = None
) -> Account:
    """Raises UserError where ``out`` may not be written, Problems where a line of ``source`` is no row."""
    refuse_output(source, out, overwrite=overwrite)
    account, digest = Account(), sha256()
    with RowWriter(out, replaces=overwrite) as writer:
        for lines in _cleaned_lines(source, cleaning, account, _updates(digest.update, progress)):
            writer.write_lines(lines)
    account.not_covered = not_covered(cleaning.scanner.kinds, len(cleaning.scanner.recognizers))
    parent = read_version(source)
    write_version(
        out,
        Version(
            writer.sha256, writer.num_rows, writer.num_bytes, (Parent(source.name, digest.hexdigest()),),
            (Operation("clean", _parameters(cleaning), account.as_counts()),),
            parent.licence if parent else None, parent.source if parent else None,
        ),
    )  # fmt: skip
    return account


def survey_file(source: Path, cleaning: Cleaning, progress: Progress | None = None) -> Account:
    """What ``clean_file`` would do, and nothing written."""
    account = Account()
    for _ in _cleaned_lines(source, cleaning, account, _updates(None, progress)):
        pass
    account.not_covered = not_covered(cleaning.scanner.kinds, len(cleaning.scanner.recognizers))
    return account


def list_findings(source: Path, scanner: Scanner, progress: Progress | None = None) -> Iterator[Listed]:
    """Every finding of the file, in its order."""
    update = _updates(None, progress)
    if (processes := _num_processes(source, scanner)) == 1:
        for row in object_rows(source, update):
            yield from found_in(row, scanner)
        return

    def work(batches: Iterator[LineBatch]) -> bytes:
        rows, num_bad = _object_rows_of(batches)
        found = [found for row in rows for found in found_in(row, scanner)]
        return msgspec.msgpack.encode((num_bad, found))

    for answer in in_parts(source, work, processes, _PART_BYTES, update, is_numbered=True):
        num_bad, found = msgspec.msgpack.decode(answer, type=tuple[int, list[Listed]])
        yield from found
        if num_bad:
            _raise_bad_rows(source)


class _Part(msgspec.Struct, array_like=True):
    """What became of a part of a file: the lines to be written, what a vault is to remember, and the counts."""

    num_bad: int
    lines: list[bytes]
    remembered: tuple[dict[str, tuple[str, list[str]]], dict[bytes, tuple[bytes, ...]]]
    rows: tuple[int, int, int]
    counts: tuple[dict[str, int], dict[str, int], dict[str, int], dict[str, int]]


def _cleaned_lines(
    source: Path, cleaning: Cleaning, account: Account, update: Callable[[bytes], None]
) -> Iterator[list[bytes]]:
    """The lines to be written, some at a time; ``account`` is kept."""
    if (processes := _num_processes(source, cleaning.scanner)) == 1:
        for row in object_rows(source, update):
            yield _cleaned(row, cleaning, account)
        return

    def work(batches: Iterator[LineBatch]) -> bytes:
        rows, num_bad = _object_rows_of(batches)
        of_part, vault = Account(), Vault()
        how = cleaning if cleaning.vault is None else replace(cleaning, vault=vault)
        lines = [line for row in rows for line in _cleaned(row, how, of_part)]
        return msgspec.msgpack.encode(_Part(num_bad, lines, (vault.entries, vault.rows), of_part.rows, of_part.counts))

    for answer in in_parts(source, work, processes, _PART_BYTES, update, is_numbered=True):
        part = msgspec.msgpack.decode(answer, type=_Part)
        if part.num_bad:
            _raise_bad_rows(source)
        account.add(part.rows, part.counts)
        if cleaning.vault is not None:
            cleaning.vault.add(Vault(*part.remembered))
        yield part.lines


def _cleaned(row: FileRow, cleaning: Cleaning, account: Account) -> list[bytes]:
    """Its line; none where it is dropped."""
    cleaned = clean_row(row.value, row_id(row.line, row.text), cleaning, account)
    if cleaned is row.value and "\n" not in row.text:
        return [row.text.encode()]
    return [] if cleaned is None else [encoded_row(cleaned)]


def _num_processes(source: Path, scanner: Scanner) -> int:
    """A recognizer of the user's may have threads, which no forked child has."""
    _refuse_unreadable(source)
    return 1 if scanner.recognizers else num_processes(source, _LEAST_BYTES)


def _object_rows_of(batches: Iterator[LineBatch]) -> tuple[list[FileRow], int]:
    """And how many of the lines are none."""
    read = [batch.row(number, line) for batch in batches for number, line in enumerate(batch.lines, batch.first_line)]
    rows = [row for row in read if row is not None]
    objects = [row for row in rows if isinstance(row.value, dict)]
    return objects, len(rows) - len(objects)


def _raise_bad_rows(source: Path) -> None:
    for _ in object_rows(source, lambda content: None):
        pass


def object_rows(source: Path, update: Callable[[bytes], None]) -> Iterator[FileRow]:
    """The rows of a file, all of them objects. Raises UserError where it cannot be read; Problems, at its end, where some are
    no objects."""
    _refuse_unreadable(source)
    problems: list[Problem] = []
    num_bad = 0
    for row in file_rows(source, update):
        if isinstance(row.value, dict):
            yield row
            continue
        num_bad += 1
        if len(problems) < _MOST_PROBLEMS:
            problems.append(_bad_row(source, row))
    if num_bad:
        raise Problems(
            f"{source} has {num_bad:,} lines that are no rows; nothing was written.",
            problems, f"mend them first: tunesmith data check {source}",
        )  # fmt: skip


def _refuse_unreadable(source: Path) -> None:
    if source.exists() and not source.is_file() and not source.is_dir():
        raise UserError(f"{source} is no regular file.", "write what it gives into a file first")
    try:
        with source.open("rb") as file:
            refuse_foreign_bytes(source, file.read(HEAD_BYTES))
    except OSError as error:
        raise UserError(f"{source} cannot be read: {error.strerror}.", "check its name and its permissions") from None


def encoded_row(row: Row) -> bytes:
    """As one line of JSON. Half a pair of UTF-16 in a text, which no UTF-8 can hold, stays written as its number."""
    try:
        return _ENCODER.encode(row)
    except UnicodeEncodeError:
        return json.dumps(row, separators=(",", ":")).encode()


def refuse_output(source: Path, out: Path, *, overwrite: bool) -> None:
    if out.exists() and source.exists() and out.samefile(source):
        raise UserError(f"{out} is the input; a data file is never changed in place.", "name another --out")
    if out.exists() and not overwrite:
        raise UserError(f"{out} exists already.", "name another --out, or add --overwrite")


def _parameters(cleaning: Cleaning) -> dict[str, Any]:
    """The key is not among them."""
    return {
        "policy": cleaning.policy,
        "kinds": sorted(cleaning.scanner.kinds),
        "num_recognizers": len(cleaning.scanner.recognizers),
        "num_decisions": len(cleaning.decisions.by_id) + len(cleaning.decisions.by_value),
    }


def _bad_row(source: Path, row: FileRow) -> Problem:
    if not row.faults:
        return Problem(
            "not_an_object", "the row is no JSON object", "write each row as {…}", "error", str(source), row.line
        )
    fault = row.faults[-1]
    line, column, byte = row.position(fault.offset)
    finding = fault.finding
    return Problem(finding.rule, finding.message, finding.hint, "error", str(source), line, column, byte_column=byte)


def _updates(update: Callable[[bytes], None] | None, progress: Progress | None) -> Callable[[bytes], None]:
    def read(content: bytes) -> None:
        if update:
            update(content)
        if progress:
            progress(len(content))

    return read
