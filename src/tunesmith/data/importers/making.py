"""What every record format shares: records go in one by one, rows or the reason why not come out, and what a row could
not take along is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from tunesmith.core.errors import Severity
from tunesmith.data.findings import shorten
from tunesmith.data.importers.rows import Left, Made, Outcomes, Place, Record

Row = dict[str, Any]
Note = Callable[[str, str], None]
"""Called with a rule and a sentence for what a row says and the row made of it does not, or says otherwise."""
Make = Callable[[Mapping[str, Any], Note], list[Row]]
"""A record's value → the rows made of it; raises Refused."""


class Refused(Exception):
    """A record gives no row, and why."""

    def __init__(
        self, rule: str, message: str, hint: str, path: str | None = None, severity: Severity = "error"
    ) -> None:
        super().__init__(message)
        self.rule, self.message, self.hint, self.path = rule, message, hint, path
        self.severity: Severity = severity

    def left(self, place: Place) -> Left:
        path = ".".join(part for part in (place.path, self.path) if part) or None
        return Left(self.rule, self.message, self.hint, replace(place, path=path), self.severity)


@dataclass(slots=True)
class Counted:
    """A note, in how many rows, and where first."""

    rule: str
    message: str
    count: int
    first: Place


@dataclass(slots=True)
class Notes:
    """What was noted on the way, each sentence once."""

    counted: dict[str, Counted] = field(default_factory=dict)
    filled: set[str] = field(default_factory=set)
    """Names left open that were filled."""
    open: set[str] = field(default_factory=set)
    """Names that stay open, some hundred at most."""

    def add(self, rule: str, message: str, place: Place) -> None:
        if message not in self.counted and len(self.counted) >= _MOST_NOTES:
            rule, message = "more_notes", "more is noted than is listed"
        if message in self.counted:
            self.counted[message].count += 1
        else:
            self.counted[message] = Counted(rule, message, 1, place)


_MOST_NOTES: Final = 1_000


def outcomes(records: Iterable[Record | Left], make: Make, notes: Notes) -> Outcomes:
    """What became of each record."""
    for record in records:
        if isinstance(record, Left):
            yield record
            continue
        noted: list[tuple[str, str]] = []
        try:
            rows = make(record.value, lambda rule, message, noted=noted: noted.append((rule, message)))  # type: ignore[misc]
        except Refused as refused:
            yield refused.left(record.place)
            continue
        for rule, message in dict.fromkeys(noted):
            notes.add(rule, message, record.place)
        yield from (Made(row, record.place) for row in rows)


def text_of(value: Mapping[str, Any], key: str, note: Note) -> str:
    """The text at ``key``, empty where there is none."""
    item = value.get(key)
    if isinstance(item, str):
        return item
    if item is None:
        return ""
    if isinstance(item, bool | int | float):
        note("number_as_text", f"{key} holds numbers, which are written as text")
        return msgspec.json.encode(item).decode()
    raise Refused("not_text", f"{key} is {shorten(item)}, not text", "write it as text, in quotes", key)


# What a row says of itself, and what its metadata then calls it.
_SAYS_OF_ITSELF: Final = {
    **{key: key for key in ("thread", "author", "label", "source", "provenance", "id", "title", "url", "lang", "topic")},
    **{key: key for key in ("language", "dataset", "repo", "path", "book", "chapter", "subject", "name", "task")},
    "category": "label", "class": "label", "intent": "label", "licence": "licence", "license": "licence",
}  # fmt: skip
_MEDIA: Final = frozenset({"images", "image", "videos", "video", "audios", "audio"})


def with_metadata(row: Row, value: Mapping[str, Any], used: Set[str], note: Note) -> Row:
    """``row`` with what ``value`` says of itself beside ``used``; other keys are noted, for nothing takes them along."""
    if value.keys() <= used:
        return row
    metadata = {**dict(_texts_of(value.get("metadata"), note)), **row.get("metadata", {})}
    for key, item in value.items():
        if key in used or key == "metadata" or item is None or item in ("", [], {}):
            continue
        if key in _MEDIA:
            raise Refused("not_text", f"the row has {key}: {shorten(item)}", "only text can be trained on", key)
        name = _SAYS_OF_ITSELF.get(key)
        if name is not None and isinstance(item, str | int | float) and not isinstance(item, bool):
            metadata.setdefault(key if name in metadata else name, str(item))
        else:
            note("key_not_taken", f"the key {shorten(key)} is not taken along")
    return {**row, "metadata": metadata} if metadata else row


def _texts_of(metadata: Any, note: Note) -> Iterable[tuple[str, str]]:
    if isinstance(metadata, dict):
        for key, item in metadata.items():
            if item is not None:
                yield key, item if isinstance(item, str) else msgspec.json.encode(item).decode()
    elif metadata is not None:
        note("key_not_taken", "the key metadata is not taken along where it is no object")
