"""What stands in a message, once somebody asks: read from disk again, its text found, quotes and signature taken off.

Takes envelopes, gives a ``Letter`` for an index. Keeps the latest few hundred letters and a few open files, no more.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from tunesmith.data.importers.mail import drops
from tunesmith.data.importers.mail.bodies import MAX_CHARS, MAX_LINES, body
from tunesmith.data.importers.mail.envelopes import Envelope, is_forward, plain_subject
from tunesmith.data.importers.mail.headers import Headers, Person, people, readable
from tunesmith.data.importers.mail.headers import parse as parse_headers
from tunesmith.data.importers.mail.mailboxes import MAX_MESSAGE_BYTES
from tunesmith.data.importers.mail.quotes import written
from tunesmith.data.importers.mail.signatures import unsigned

_MOST_LETTERS: Final = 256
_MOST_FILES: Final = 8
_MOST_PEOPLE: Final = 20
_TOO_LONG: Final = (
    "too_long",
    f"Its text has more than {MAX_CHARS:,} characters or {MAX_LINES:,} lines, or too many parts.",
)
_INSTEAD: Final = dict((drops.ENCRYPTED, drops.CALENDAR, _TOO_LONG))
_NO_TEXT: Final = ("empty", "Nothing is left of its text without quotes and signature.")


@dataclass(frozen=True, slots=True)
class Letter:
    """``own``: its author's words. ``told``: those, and what is forwarded in it: what a reader has to answer.
    ``quoted``: the words it answers, with the line that says whose. ``problem``: (rule, sentence) of why it cannot be used.
    ``people``: names and addresses that stand in its headers and its signature."""

    own: str = ""
    told: str = ""
    quoted: str = ""
    introduction: str = ""
    subject: str = ""
    people: tuple[str, ...] = ()
    problem: tuple[str, str] | None = None


class Letters:
    """Closes its files at the end of a ``with``."""

    def __init__(self, envelopes: Sequence[Envelope]) -> None:
        self._envelopes = envelopes
        self._letters: OrderedDict[int, Letter] = OrderedDict()
        self._files: OrderedDict[Path, BinaryIO] = OrderedDict()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            file.close()

    def of(self, index: int) -> Letter:
        letter = self._letters.get(index) or self._read(self._envelopes[index])
        self._letters[index] = letter
        self._letters.move_to_end(index)
        if len(self._letters) > _MOST_LETTERS:
            self._letters.popitem(last=False)
        return letter

    def _read(self, envelope: Envelope) -> Letter:
        try:
            data = envelope.stored.read(self._file(envelope.stored.box.path))
        except OSError as error:
            return Letter(problem=("unreadable", f"It cannot be read: {error.strerror or error}."))
        return letter(data, envelope.stored.num_bytes > MAX_MESSAGE_BYTES)

    def _file(self, path: Path) -> BinaryIO:
        if path not in self._files:
            self._files[path] = path.open("rb")
            if len(self._files) > _MOST_FILES:
                self._files.popitem(last=False)[1].close()
        self._files.move_to_end(path)
        return self._files[path]


def letter(data: bytes, is_cut: bool = False) -> Letter:
    """The bytes of a message to its letter; ``is_cut`` where they are only its beginning."""
    headers = parse_headers(_head(data))
    found = body(data, is_cut)
    if found.instead:
        return Letter(problem=(found.instead, _INSTEAD[found.instead]))
    subject = readable(headers.get("subject", "")[:2000])
    parts = written(found.text, is_forward(subject))
    author = next(iter(people(headers.get("from", ""))), Person("", ""))
    signed = unsigned(parts.own, author.name, author.address)
    quoted = unsigned(parts.quoted) if parts.quoted else None
    forwarded = unsigned(parts.forwarded).text if parts.forwarded else ""
    told = "\n\n".join(text for text in (signed.text, forwarded) if text)
    return Letter(
        signed.text,
        told,
        quoted.text if quoted else "",
        parts.introduction,
        plain_subject(subject),
        _people(headers, [signed.name, *([quoted.name] if quoted else [])]),
        None if told else _NO_TEXT,
    )


def _head(data: bytes) -> bytes:
    ends = [end for end in (data.find(b"\n\n"), data.find(b"\n\r\n")) if end >= 0]
    return data[: min(ends)] if ends else data


def _people(headers: Headers, signed: list[str]) -> tuple[str, ...]:
    """``Name <address>``, one each; a name of a signature that no header has stands alone."""
    found = [str(one) for name in ("from", "reply-to", "to", "cc") for one in people(headers.get(name, ""))]
    known = "\n".join(found).casefold()
    names = [name.replace(";", " ") for name in signed if name and name.casefold() not in known]
    return tuple(dict.fromkeys([*(one.replace(";", " ") for one in found[: _MOST_PEOPLE - 2]), *names]))
