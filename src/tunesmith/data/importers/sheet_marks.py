"""What a sheet's XML says beside its cells: which are merged, and whether any has a formula.

Read as it streams by: the library that reads a sheet row by row does not tell.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CHUNK: Final = 1 << 20
_FORMULA: Final = re.compile(rb"<(?:\w{1,20}:)?f[ >/]")
_MERGED: Final = re.compile(rb'<(?:\w{1,20}:)?mergeCell [^<>]{0,200}?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_MOST_MERGED: Final = 100_000


@dataclass(frozen=True, slots=True)
class SheetMarks:
    """What the sheet's XML has beside its cells: merged ranges (first and last row and column), and any formulas."""

    merged: tuple[tuple[int, int, int, int], ...]
    has_formulas: bool


def read_marks(path: Path, member: str) -> SheetMarks:
    """Read from the sheet's XML as it streams by: the library does not tell them of a sheet that it reads in rows."""
    merged: list[tuple[int, int, int, int]] = []
    has_formulas = False
    with zipfile.ZipFile(path) as archive, archive.open(member) as file:
        rest = b""
        while chunk := file.read(_CHUNK):
            content = rest + chunk
            has_formulas = has_formulas or _FORMULA.search(content) is not None
            cut = 0
            for match in _MERGED.finditer(content):
                cut = match.end()
                if len(merged) < _MOST_MERGED:
                    left, first, right, last = match.groups()
                    merged.append((int(first), _column_number(left), int(last), _column_number(right)))
            rest = content[max(cut, len(content) - 512) :]
    return SheetMarks(tuple(merged), has_formulas)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


class MergedCells:
    """Fills a merged range's text into every row and column that it spans; rows must come in order."""

    def __init__(self, ranges: Sequence[tuple[int, int, int, int]]) -> None:
        self._waiting = sorted(ranges, reverse=True)
        self._open: list[tuple[int, int, int, str]] = []

    def fill(self, number: int, texts: list[str]) -> None:
        while self._waiting and self._waiting[-1][0] <= number:
            first, left, last, right = self._waiting.pop()
            text = texts[left - 1] if first == number and left <= len(texts) else ""
            self._open.append((last, left, right, text))
        self._open = [item for item in self._open if item[0] >= number]
        for _, left, right, text in self._open:
            if text:
                texts.extend([""] * (right - len(texts)))
                for index in range(left - 1, right):
                    texts[index] = texts[index] or text


def column_letters(index: int) -> str:
    """``0`` → ``A``, ``27`` → ``AB``: a column's letters."""
    letters, number = "", index + 1
    while number:
        number, digit = divmod(number - 1, 26)
        letters = chr(65 + digit) + letters
    return letters
