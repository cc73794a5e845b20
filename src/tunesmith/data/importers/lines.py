"""An opened file → its lines as UTF-8, whatever encoding it is in; a line that cannot be read, or is too long, is told.

Nothing is ever replaced by U+FFFD: bytes that are no text in the encoding that was taken make a Left.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO, Final

from tunesmith.core.errors import UserError
from tunesmith.data.array_elements import MOST_ROW_BYTES
from tunesmith.data.encoding import BOM, text_encoding
from tunesmith.data.importers.opened import Opened
from tunesmith.data.importers.rows import Left, Place
from tunesmith.data.importers.unpacking import DamagedSource
from tunesmith.data.strict_json import is_json

_BYTES_TO_TELL_BY: Final = 400
Line = tuple[int, bytes | Left]
"""A line's number, and the line with the line feed at its end (only a file's last can lack it)."""


def read_lines(opened: Opened, encoding: str | None = None) -> Iterator[Line]:
    """Every line; ``encoding`` None is UTF-8, whose validity is left to who reads the line."""
    if encoding is not None and codecs.lookup(encoding).name.startswith(("utf-16", "utf-32")):
        yield from _wide_lines(opened, encoding)
        return
    is_utf8 = encoding is None or codecs.lookup(encoding).name in ("utf-8", "ascii")
    for number, line in _byte_lines(opened):
        if is_utf8 or isinstance(line, Left):
            yield number, line
        else:
            yield number, _decoded(line, encoding or "", Place(opened.name, number))


def known_encoding(name: str) -> str:
    """The name as it was given, if Python knows it as text; raises UserError."""
    try:
        "".encode(name)
    except (LookupError, ValueError) as error:
        hint = "name one such as gb18030, utf-16, windows-1252 or shift_jis"
        raise UserError(f"The encoding {name} is not known.", hint) from error
    return name


def not_utf8(content: bytes, error: UnicodeDecodeError, place: Place) -> Left:
    begin = 0 if error.start < _BYTES_TO_TELL_BY else error.start
    encoding = text_encoding(content[begin : error.start + _BYTES_TO_TELL_BY]) or "damaged"
    message = f"byte {error.start + 1:,} of the line is 0x{content[error.start]:02X}, which is not UTF-8"
    hint = f"if the file is {encoding}, say so: --encoding {encoding}"
    return Left("not_utf8", message, hint, place, "error")


def _byte_lines(opened: Opened) -> Iterator[Line]:
    """A carriage return ends a line as a line feed does, alone or before one."""
    number = 0
    rest = b""
    with opened.open() as file:
        try:
            while (piece := file.readline(MOST_ROW_BYTES + 1 - len(rest))) or rest:
                line, rest = rest + piece, b""
                if number == 0:
                    line = line.removeprefix(BOM)
                if (at := line.find(b"\r")) >= 0 and line[at:] not in (b"\r\n", b"\r"):
                    *lines, rest = _parted(line)
                    yield from enumerate(lines, number + 1)
                    number += len(lines)
                elif len(line) > MOST_ROW_BYTES and not line.endswith(b"\n"):
                    number += 1
                    yield number, too_long(len(line) + _skip_line(file), Place(opened.name, number))
                elif line:
                    number += 1
                    yield number, line
        except DamagedSource as error:
            yield number + 1, Left("damaged_file", error.message, error.hint, Place(opened.name, number + 1), "error")


def _parted(line: bytes) -> list[bytes]:
    """Lines that carriage returns end, and what goes on behind the last of them; between the parts of a value they are
    blanks."""
    if is_json(line):
        return [line, b""]
    if line.endswith(b"\n"):
        return [*(one + b"\n" for one in line.rstrip(b"\r\n").split(b"\r")), b""]
    *lines, rest = line.split(b"\r")
    return [*(one + b"\n" for one in lines), rest]


def too_long(num_bytes: int, place: Place) -> Left:
    message = f"the row has {num_bytes:,} bytes; at most {MOST_ROW_BYTES:,} are read"
    return Left("row_too_long", message, "is a line feed missing? Otherwise split the text", place, "error")


def _skip_line(file: BinaryIO) -> int:
    num_bytes = 0
    while piece := file.readline(1 << 20):
        num_bytes += len(piece)
        if piece.endswith(b"\n"):
            break
    return num_bytes


def _decoded(line: bytes, encoding: str, place: Place) -> bytes | Left:
    try:
        return line.decode(encoding).encode()
    except UnicodeError as error:
        message = f"the line is no {encoding}: {error}"
        return Left("not_in_encoding", message, "name the right one with --encoding", place, "error")


def _wide_lines(opened: Opened, encoding: str) -> Iterator[Line]:
    """Lines of UTF-16 or UTF-32; where one cannot be read nobody knows where the next begins, so that it is the last."""
    number = 0
    with io.TextIOWrapper(opened.open(), encoding, errors="strict", newline=None) as file:
        try:
            while line := file.readline(MOST_ROW_BYTES // 4):
                number += 1
                yield number, (line.removeprefix("\ufeff") if number == 1 else line).encode()
        except (UnicodeError, DamagedSource) as error:
            message = f"the file is no {encoding} from here on, and is not read further: {error}"
            hint = "export it again as UTF-8"
            yield number + 1, Left("not_in_encoding", message, hint, Place(opened.name, number + 1), "error")
