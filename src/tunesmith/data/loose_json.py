"""Text that is nearly JSON → its value, where only one reading is possible.

Read are trailing commas, comments, texts in single quotes, and Python's True, False and None. Whatever else is wrong, a
key that stands twice, or a number that is none, is no single reading: then nothing is given.
"""

from __future__ import annotations

import re
from typing import Any, Final

from tunesmith.data.strict_json import MOST_DIGITS, MOST_NESTING, UNREAD

_SPACES: Final = re.compile(r"(?:[ \t\r\n]++|//[^\n]*+|#[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)*+")
_TEXT: Final = {
    '"': re.compile(r'"((?:[^"\\\x00-\x1f]++|\\[^\x00-\x1f])*+)"'),
    "'": re.compile(r"'((?:[^'\\\x00-\x1f]++|\\[^\x00-\x1f])*+)'"),
}
_ESCAPE: Final = re.compile(
    r"\\(?:(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|U([0-9a-fA-F]{8})|(.))"
)
_ESCAPED: Final = {
    "n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\\": "\\", '"': '"', "'": "'",
}  # fmt: skip
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*+)(\.[0-9]++)?([eE][+-]?[0-9]++)?(?![\w.])")
_CONSTANTS: Final = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}
_WORD: Final = re.compile(r"[A-Za-z]++(?!\w)")


def read_loosely(text: str) -> Any:
    """The value, or ``UNREAD``. A comma after the whole value is passed over too."""
    reader = _Reader(text)
    try:
        value, at = reader.value(reader.skip(0), 0)
        at = reader.skip(at)
        if text[at : at + 1] == ",":
            at = reader.skip(at + 1)
    except (_ManyReadings, RecursionError):
        return UNREAD
    return value if at == len(text) else UNREAD


class _ManyReadings(Exception):
    """What stands here cannot be told."""


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text

    def skip(self, at: int) -> int:
        return _SPACES.match(self._text, at).end()  # type: ignore[union-attr]

    def value(self, at: int, depth: int) -> tuple[Any, int]:
        first = self._text[at : at + 1]
        if depth >= MOST_NESTING:
            raise _ManyReadings
        if first == "{":
            return self._object(at, depth)
        if first == "[":
            return self._array(at, depth)
        if first in ('"', "'"):
            return self._string(at)
        if (word := _WORD.match(self._text, at)) and word[0] in _CONSTANTS:
            return _CONSTANTS[word[0]], word.end()
        return self._number(at)

    def _object(self, at: int, depth: int) -> tuple[dict[str, Any], int]:
        members: dict[str, Any] = {}
        at = self.skip(at + 1)
        while self._text[at : at + 1] != "}":
            key, at = self._string(at)
            at = self.skip(at)
            if key in members or self._text[at : at + 1] != ":":
                raise _ManyReadings
            members[key], at = self.value(self.skip(at + 1), depth + 1)
            at = self._comma(at, "}")
        return members, at + 1

    def _array(self, at: int, depth: int) -> tuple[list[Any], int]:
        elements: list[Any] = []
        at = self.skip(at + 1)
        while self._text[at : at + 1] != "]":
            element, at = self.value(at, depth + 1)
            elements.append(element)
            at = self._comma(at, "]")
        return elements, at + 1

    def _comma(self, at: int, closing: str) -> int:
        at = self.skip(at)
        if self._text[at : at + 1] == ",":
            return self.skip(at + 1)
        if self._text[at : at + 1] != closing:
            raise _ManyReadings
        return at

    def _string(self, at: int) -> tuple[str, int]:
        pattern = _TEXT.get(self._text[at : at + 1])
        match = pattern.match(self._text, at) if pattern else None
        if match is None:
            raise _ManyReadings
        return (_ESCAPE.sub(_unescaped, match[1]) if "\\" in match[1] else match[1]), match.end()

    def _number(self, at: int) -> tuple[int | float, int]:
        match = _NUMBER.match(self._text, at)
        if match is None or len(match[0]) > MOST_DIGITS:
            raise _ManyReadings
        number = float(match[0]) if match[1] or match[2] else int(match[0])
        if number in (float("inf"), float("-inf")):
            raise _ManyReadings
        return number, match.end()


def _unescaped(match: re.Match[str]) -> str:
    pair, short, byte, long, other = match.groups()
    if pair:
        return bytes.fromhex(pair[1:5] + pair[7:11]).decode("utf-16-be")
    if other:
        if other not in _ESCAPED:
            raise _ManyReadings
        return _ESCAPED[other]
    code = int(short or byte or long, 16)
    if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:
        raise _ManyReadings
    return chr(code)
