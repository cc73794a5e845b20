"""The headers of a message, as they were written or nearly so, to what threads and rows need of them.

Takes raw bytes that may break every rule: eight-bit text, broken encoded words (RFC 2047), lists of 100,000 addresses.
Gives text; never raises, and looks at no more than the first 64 KiB of a header.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import mktime_tz, parsedate_tz
from typing import Final

from tunesmith.data.importers.mail.charsets import decoded

Headers = dict[str, str]
"""Lower-case name → the first value of that name, unfolded; bytes beyond ASCII as Latin-1 has them."""

_MAX_VALUE: Final = 1 << 16
_MAX_ADDRESSES: Final = 50
_MAX_ID: Final = 250
_FOLD: Final = re.compile(rb"\r?\n(?=[ \t])")
_ENCODED_WORD: Final = re.compile(r"=\?([^?\s]{1,40})\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_WORDS: Final = re.compile(r"\?=\s+(?==\?)")
_ADDRESS_BORDER: Final = re.compile(r"[\s<>\"(),;:\[\]]+")
_PARAMETER: Final = re.compile(r";\s*([a-z*]{1,20})\s*=\s*(?:\"([^\"]*)\"|([^;\s]*))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Person:
    """``address`` in lower case; ``name`` as the header spells it, or empty."""

    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else f"<{self.address}>"


def parse(head: bytes) -> Headers:
    """Lines that are no headers are passed over."""
    headers: Headers = {}
    for line in _FOLD.sub(b"", head).splitlines():
        name, colon, value = line.partition(b":")
        if colon and len(name) <= 80:
            headers.setdefault(name.strip().lower().decode("latin-1"), value[:_MAX_VALUE].strip().decode("latin-1"))
    return headers


def readable(value: str) -> str:
    """A header's text as a person would read it: encoded words and eight-bit bytes decoded."""
    if not value.isascii():
        value = decoded(value.encode("latin-1", "replace"), None)
    if "=?" not in value:
        return value
    parts, last = [], 0
    joined = _BETWEEN_WORDS.sub("?=", value)
    for words in _runs(joined):
        parts += [joined[last : words[0].start()], _words_text(words)]
        last = words[-1].end()
    return " ".join(("".join(parts) + joined[last:]).split())


def _runs(value: str) -> Iterator[list[re.Match[str]]]:
    """Encoded words that stand side by side in one charset: a character may be cut in two by their border."""
    run: list[re.Match[str]] = []
    for word in _ENCODED_WORD.finditer(value):
        if run and (word.start() != run[-1].end() or word[1].casefold() != run[-1][1].casefold()):
            yield run
            run = []
        run.append(word)
    if run:
        yield run


def _words_text(words: list[re.Match[str]]) -> str:
    return decoded(b"".join(_word_bytes(word[2], word[3]) for word in words), words[0][1].split("*")[0])


def _word_bytes(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    if encoding in "qQ":
        return binascii.a2b_qp(data.replace(b" ", b"_"), header=True)
    return base64_bytes(data)


def base64_bytes(data: bytes) -> bytes:
    """Whatever can be decoded, signs that do not belong there and missing padding passed over."""
    clean = data.translate(None, delete=_NOT_BASE64)
    return base64.b64decode(clean[: len(clean) - (len(clean) % 4 == 1)] + b"==")


_NOT_BASE64: Final = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))


def people(value: str) -> list[Person]:
    """Those of an address header, at most 50."""
    found = []
    for part in _address_parts(readable(value)):
        if person := _person(part):
            found.append(person)
        if len(found) == _MAX_ADDRESSES:
            break
    return found


def _address_parts(value: str) -> Iterator[str]:
    """Cut at commas and semicolons that stand outside of quotes and comments."""
    start, inside, depth = 0, False, 0
    for index, sign in enumerate(value):
        if sign == '"':
            inside = not inside
        elif inside:
            continue
        elif sign == "(":
            depth += 1
        elif sign == ")":
            depth = max(depth - 1, 0)
        elif sign in ",;" and depth == 0:
            yield value[start:index]
            start = index + 1
    yield value[start:]


def _person(part: str) -> Person | None:
    before, bracket, after = part.rpartition("<")
    address = _address(after.partition(">")[0]) if bracket else _address(part)
    if not address:
        return None
    name = before if bracket else part.partition("(")[2].partition(")")[0]
    name = " ".join(name.replace("\\", "").strip().strip("\"'").split())
    return Person("" if "@" in name else name[:100], address)


def _address(text: str) -> str:
    for word in _ADDRESS_BORDER.split(text):
        local, at, domain = word.strip("'.").rpartition("@")
        if at and local and domain:
            return f"{local}@{domain}".casefold()[:_MAX_ID]
    return ""


def message_ids(value: str) -> list[str]:
    """``<a@b> <c@d>`` → those ids; a bare word where there are no brackets."""
    found = [part.partition(">")[0] for part in value.split("<")[1:]] or value.split()[:1]
    ids = ["".join(text.split())[:_MAX_ID] for text in found]
    return [text for text in ids if text]


def sent_at(value: str) -> int | None:
    """Seconds since 1970; None where the date is none."""
    try:
        parsed = parsedate_tz(value[:200])
        seconds = int(mktime_tz(parsed)) if parsed else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return seconds if seconds is not None and 0 <= seconds < 1 << 33 else None


def parameter(value: str, name: str) -> str | None:
    """``text/plain; charset="utf-8"``, ``charset`` → ``utf-8``; the last of RFC 2231's ``charset*=us-ascii'en'utf-8``."""
    for key, quoted, bare in _PARAMETER.findall(value[:4096]):
        if key.casefold().rstrip("*") == name:
            text: str = quoted or bare
            return text.rpartition("'")[2] if key.endswith("*") else text
    return None
