"""JSON text as RFC 8259 has it: its value, or what is wrong and where.

A fast reader goes first; what it refuses or overlooks is read again by one that knows every place.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from tunesmith.data.findings import Finding, RowPath, shorten

MOST_NESTING: Final = 100
MOST_DIGITS: Final = 4_300
UNREAD: Final = object()


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a text as JSON, and the offset in characters where it is wrong."""

    finding: Finding
    offset: int
    is_at_end: bool = False


def invalid_json(message: str, hint: str, offset: int, is_at_end: bool = False) -> Fault:
    return Fault(Finding("invalid_json", message, hint), offset, is_at_end)


def is_json(content: bytes) -> bool:
    """Whether the fast reader takes it for one value."""
    try:
        msgspec.json.decode(content)
    except (ValueError, RecursionError):
        return False
    return True


def read_json(text: str, content: bytes) -> tuple[Any, list[Fault]]:
    """The value and no faults in most cases; what the fast reader refuses or overlooks is read again strictly."""
    try:
        value = msgspec.json.decode(content)
    except (ValueError, RecursionError):
        return StrictJson(text).read()
    num_keys = _num_keys(value)
    if len(_KEY.findall(content)) != num_keys and _num_unescaped_keys(content) != num_keys:
        return StrictJson(text).read()
    return value, []


# Every key of an object is a quote, maybe spaces, a colon. The fast reader keeps the last of two equal
# keys, so that fewer keys read than written means duplicates (or such characters inside a text).
_KEY: Final = re.compile(rb'"[ \t]*:')
_BACKSLASH: Final = ord("\\")


def _num_unescaped_keys(content: bytes) -> int:
    """Those whose quote ends a text: with none, or an even number, of backslashes before it."""
    count = 0
    for key in _KEY.finditer(content):
        at = start = key.start()
        while at and content[at - 1] == _BACKSLASH:
            at -= 1
        count += (start - at) % 2 == 0
    return count


def _num_keys(value: Any) -> int:
    """Keys in the value at all depths; −1, which is never the number written, if it nests too deep."""
    count = depth = 0
    level = [value] if isinstance(value, dict | list) else []
    while level:
        depth += 1
        if depth > MOST_NESTING:
            return -1
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                count += len(each)
                inner += each.values()
            else:
                inner += each
        level = [each for each in inner if isinstance(each, dict | list)]
    return count


_SPACES: Final = re.compile(r"[ \t\r\n]*+")
_STRING_START: Final = re.compile(r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+')
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*+)(\.[0-9]++)?([eE][+-]?[0-9]++)?")
_CONSTANTS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
_NOT_FINITE: Final = re.compile(r"[+-]?(?:NaN|nan|Infinity|infinity|inf)\b")
_WORD: Final = re.compile(r"[^\W\d]\w*")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)")
_QUOTES: Final = dict.fromkeys("'`", "a single quote") | dict.fromkeys("“”„‟‘’‚‛«»＂", "a typographic quote")
_QUOTES_HINT: Final = 'JSON wants straight double quotes: "'


class _Broken(Exception):
    """The text stops being JSON here."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.finding.message)
        self.fault = fault


def _too_deep(offset: int) -> Fault:
    message = f"brackets nest too deep (at most {MOST_NESTING} levels are read)"
    return Fault(Finding("nesting_too_deep", message, "flatten the value"), offset)


class StrictJson:
    """Reads JSON text as RFC 8259 has it, knowing where everything stands.

    Duplicate keys and lone surrogates are noted and reading goes on; anything else that is wrong ends it.
    ``spans`` are the starts and ends of the elements of an array.
    """

    def __init__(self, text: str) -> None:
        self.spans: list[tuple[int, int]] = []
        self._text = text
        self._faults: list[Fault] = []
        self._offsets: dict[tuple[RowPath, bool], int] = {}

    def read(self) -> tuple[Any, list[Fault]]:
        """The value (``UNREAD`` if the text is broken) and the faults, the one that ended it last."""
        try:
            value, end = self._value(self._skip(0), ())
            end = self._skip(end)
            if end < len(self._text):
                raise self._after_the_value(end)
        except _Broken as broken:
            return UNREAD, [*self._faults, broken.fault]
        except RecursionError:  # a caller that is deep in its own stack leaves less room
            return UNREAD, [*self._faults, _too_deep(max(self._offsets.values(), default=0))]
        return value, self._faults

    def offsets(self) -> dict[tuple[RowPath, bool], int]:
        """Where each path's value (and, with True, its key) stands."""
        self.read()
        return self._offsets

    def _value(self, at: int, path: RowPath) -> tuple[Any, int]:
        self._offsets[path, False] = at
        first = self._text[at : at + 1]
        if first == '"':
            return self._string(at)
        if first in ("{", "["):
            if len(path) >= MOST_NESTING:
                raise _Broken(_too_deep(at))
            return self._object(at, path) if first == "{" else self._array(at, path)
        if (word := _WORD.match(self._text, at)) and word[0] in _CONSTANTS:
            return _CONSTANTS[word[0]], word.end()
        if (number := _NUMBER.match(self._text, at)) and not _NOT_FINITE.match(self._text, at):
            return self._number(number)
        raise self._unexpected(at, "a value")

    def _object(self, at: int, path: RowPath) -> tuple[dict[str, Any], int]:
        members: dict[str, Any] = {}
        comma = None
        at = self._skip(at + 1)
        while self._text[at : at + 1] != "}":
            if self._text[at : at + 1] != '"':
                raise self._unexpected(at, "a key in double quotes")
            key, end = self._string(at)
            if key in members:
                finding = Finding("duplicate_key", f"the key {shorten(key)} stands twice", "keep one", (*path, key))
                self._faults.append(Fault(finding, at))
            self._offsets[(*path, key), True] = at
            end = self._skip(end)
            if self._text[end : end + 1] != ":":
                raise self._unexpected(end, "a colon after the key")
            members[key], end = self._value(self._skip(end + 1), (*path, key))
            comma, at = self._comma(end, "}")
        self._no_trailing_comma(comma)
        return members, at + 1

    def _array(self, at: int, path: RowPath) -> tuple[list[Any], int]:
        elements: list[Any] = []
        comma = None
        at = self._skip(at + 1)
        while self._text[at : at + 1] != "]":
            element, end = self._value(at, (*path, len(elements)))
            elements.append(element)
            if not path:
                self.spans.append((at, end))
            comma, at = self._comma(end, "]")
        self._no_trailing_comma(comma)
        return elements, at + 1

    def _comma(self, end: int, closing: str) -> tuple[int | None, int]:
        """Where the comma after a member stands (None before the closing bracket), and what follows it."""
        at = self._skip(end)
        if self._text[at : at + 1] == ",":
            return at, self._skip(at + 1)
        if self._text[at : at + 1] == closing:
            return None, at
        raise self._unexpected(at, f"a comma or {closing}")

    def _string(self, at: int) -> tuple[str, int]:
        match = _STRING_START.match(self._text, at)
        end = match.end() if match else at
        if self._text[end : end + 1] != '"':
            raise _Broken(self._fault_in_string(at, end))
        token = self._text[at : end + 1]
        if "\\u" in token:
            self._note_lone_surrogates(token, at)
        return (json.loads(token) if "\\" in token else token[1:-1]), end + 1

    def _fault_in_string(self, start: int, at: int) -> Fault:
        character, rest = self._text[at : at + 1], self._text[at:]
        if not character:
            return invalid_json("a text has no closing quote", 'add the closing "', start, is_at_end=True)
        if character != "\\":
            what = "a NUL byte" if character == "\0" else f"a raw control character ({character!r})"
            hint = "the file is damaged: export it again" if character == "\0" else r"write it as \n, \t or \u00XX"
            return invalid_json(f"{what} stands inside a text", hint, at)
        message, hint = f"{shorten(rest[:2])} is no escape of JSON", r"write \\ for a backslash"
        return invalid_json(message, hint, at, is_at_end=re.fullmatch(r"\\(?:u[0-9a-fA-F]{0,3})?", rest) is not None)

    def _note_lone_surrogates(self, token: str, start: int) -> None:
        high: re.Match[str] | None = None
        for escape in _ESCAPE.finditer(token):
            code = int(escape[1], 16) if escape[1] else 0
            follows = high is not None and high.end() == escape.start()
            if 0xDC00 <= code <= 0xDFFF and follows:
                high = None
                continue
            if high is not None:
                self._note_lone_surrogate(high, start)
            high = escape if 0xD800 <= code <= 0xDBFF else None
            if 0xDC00 <= code <= 0xDFFF:
                self._note_lone_surrogate(escape, start)
        if high is not None:
            self._note_lone_surrogate(high, start)

    def _note_lone_surrogate(self, escape: re.Match[str], start: int) -> None:
        message = f"{escape[0]} is half of a surrogate pair, and no character"
        hint = "remove it: an emoji was cut in two when the text was shortened"
        self._faults.append(Fault(Finding("invalid_unicode", message, hint), start + escape.start()))

    def _number(self, match: re.Match[str]) -> tuple[int | float, int]:
        is_whole = match[1] is None and match[2] is None
        if is_whole and len(match[0]) > MOST_DIGITS:
            message = f"a whole number of {len(match[0]):,} digits"
            raise _Broken(invalid_json(message, "write it as text, in quotes", match.start()))
        number = int(match[0]) if is_whole else float(match[0])
        if number in (float("inf"), float("-inf")):
            message = f"the number {shorten(match[0])[1:-1]} is too large"
            raise _Broken(invalid_json(message, "write it as text, in quotes", match.start()))
        return number, match.end()

    def _no_trailing_comma(self, comma: int | None) -> None:
        if comma is not None:
            raise _Broken(invalid_json("a comma stands before the closing bracket", "remove the comma", comma))

    def _after_the_value(self, at: int) -> _Broken:
        if self._text[at] in "{[":
            message = "a second value starts on the same line"
            return _Broken(invalid_json(message, "write one example per line, with no comma between them", at))
        if self._text[at] == ",":
            return _Broken(
                invalid_json("a comma follows the row", "remove it: JSON lines have no comma between them", at)
            )
        return self._unexpected(at, "the end of the row")

    def _unexpected(self, at: int, wanted: str) -> _Broken:
        found = self._text[at : at + 1]
        if not found:
            message = f"the row ends where {wanted} should follow"
            return _Broken(invalid_json(message, "close every bracket and quote", at, is_at_end=True))
        if found in _QUOTES:
            return _Broken(invalid_json(f"{_QUOTES[found]} ({found}) instead of a double quote", _QUOTES_HINT, at))
        if not_finite := _NOT_FINITE.match(self._text, at):
            return _Broken(invalid_json(f"{not_finite[0]} is no value of JSON", "write a number, or null", at))
        if found == "\0":
            return _Broken(invalid_json("a NUL byte", "the file is damaged: export it again", at))
        if self._text.startswith(("//", "/*", "#"), at):
            return _Broken(invalid_json("a comment", "remove it: JSON has no comments", at))
        word = _WORD.match(self._text, at)
        return _Broken(
            invalid_json(f"expected {wanted}, found {shorten(word[0] if word else found)}", _hint_for(wanted, word), at)
        )

    def _skip(self, at: int) -> int:
        return _SPACES.match(self._text, at).end()  # type: ignore[union-attr]


def _hint_for(wanted: str, word: re.Match[str] | None) -> str:
    if word and word[0] in ("True", "False", "None"):
        return "this is Python, not JSON: write the row with json.dumps, not with str or print"
    if wanted.startswith("a comma"):
        return r"a comma is missing before it, or a quote inside the text before lacks its backslash: \""
    if wanted.startswith("a key"):
        return 'write keys in double quotes: {"messages": …}'
    return "write the row with a JSON library, such as json.dumps"
