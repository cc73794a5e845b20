"""A file of rows, gone through in order as often as needed, and read again by number.

Takes the path of JSON lines, or of one JSON array; gives each row's value and bytes. Keeps 16 bytes a row: where it
begins and its line. The rows of an array are laid out as lines in a temporary file first.
"""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final

import msgspec

from tunesmith.core.errors import Problem, Problems, UserError
from tunesmith.data.encoding import BOM, HEAD_BYTES, foreign_bytes
from tunesmith.data.file_rows import file_rows, is_array

_MOST_LISTED: Final = 1_000
_HINT: Final = "mend the row; tunesmith data check names every bad row with its column"


def refuse_foreign_bytes(path: Path, head: bytes) -> None:
    """Raises UserError where the file is a table, an archive, or text in another encoding: none of its lines is a row."""
    if (finding := foreign_bytes(path, head)) is not None:
        raise UserError(f"{path} has no rows: {finding.message}.", finding.hint)


class RowFile:
    """A context manager; rows are numbered from 0. Raises UserError where the file cannot be read, and Problems where
    a row is no JSON object, with the lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = array("Q")
        self._offsets = array("Q")
        self._decode = msgspec.json.Decoder().decode

    def __len__(self) -> int:
        return len(self._offsets)

    def __enter__(self) -> RowFile:
        try:
            self._file: BinaryIO = self.path.open("rb")
        except OSError as error:
            hint = "check its name and its permissions"
            raise UserError(f"{self.path} cannot be read: {error.strerror}.", hint) from None
        try:
            self._note_rows()
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for number in range(len(self)):
            yield self.row(number)

    def row(self, number: int) -> dict[str, Any]:
        value: dict[str, Any] = self._decode(self.line_bytes(number))
        return value

    def line_bytes(self, number: int) -> bytes:
        """The row as it stands in the file, without its line end."""
        if self._file.tell() != self._offsets[number]:
            self._file.seek(self._offsets[number])
        return self._stripped(self._file.readline(), number)

    def _stripped(self, line: bytes, number: int) -> bytes:
        return (line.removeprefix(BOM) if number == 0 else line).rstrip(b"\r\n")

    def _note_rows(self) -> None:
        head = self._file.read(HEAD_BYTES)
        self._file.seek(0)
        refuse_foreign_bytes(self.path, head)
        if is_array(head):
            self._lay_out()
        bad: list[Problem] = []
        num_bad = offset = 0
        for line, content in enumerate(self._file, start=1):
            if content.strip() and content != BOM:
                problem = self._judge(content.removeprefix(BOM), line)
                num_bad += problem is not None
                if problem is not None and len(bad) < _MOST_LISTED:
                    bad.append(problem)
                self._offsets.append(offset)
                if len(self.lines) < len(self._offsets):
                    self.lines.append(line)
            offset += len(content)
        if num_bad:
            raise Problems(f"{self.path} cannot be used: {num_bad:,} of its rows are no JSON objects.", bad, _HINT)

    def _judge(self, content: bytes, line: int) -> Problem | None:
        try:
            if isinstance(self._decode(content), dict):
                return None
            message = "the row is no object"
        except UnicodeDecodeError:
            message = "the row is not UTF-8"
        except (ValueError, RecursionError) as error:
            message = f"the row is no JSON: {error}"
        return Problem("invalid_json", message, _HINT, file=str(self.path), line=line)

    def _lay_out(self) -> None:
        copy: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - it takes the file's place, and is closed as that is
        try:
            self._write_lines(copy)
        except BaseException:
            copy.close()
            raise
        copy.seek(0)
        self._file.close()
        self._file = copy

    def _write_lines(self, copy: BinaryIO) -> None:
        for row in file_rows(self.path, lambda _: None):
            if row.faults:
                finding = row.faults[0].finding
                line, column, byte = row.position(row.faults[0].offset)
                problem = Problem(
                    finding.rule, finding.message, finding.hint, "error", str(self.path), line, column, byte_column=byte
                )
                raise Problems(f"{self.path} cannot be used: its array breaks.", [problem], _HINT)
            # A line feed inside JSON stands between values only, never in a text.
            copy.write(row.text.encode().replace(b"\r", b" ").replace(b"\n", b" ") + b"\n")
            self.lines.append(row.line)
