"""The texts of a row that can speak of people, each with its path; JSON inside a text is opened, so that what is changed
in it stays JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tunesmith.data.findings import Row, RowPath
from tunesmith.data.row_texts import texts, with_texts

PEOPLE: Final = frozenset({"people", "author"})
_NOT_OF_PEOPLE: Final = frozenset({"provenance", "label", "source", "format"})
_SPEAKERS: Final = frozenset({"system", "developer", "user", "assistant"})
_LONGEST_JSON: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Leaf:
    """``inside`` is the way through the JSON that the text at ``path`` holds; None where it is text and nothing else.
    ``is_number``: it stands there without quotes. ``key`` is the JSON's key before it: it may say what it is."""

    path: RowPath
    text: str
    inside: RowPath | None = None
    is_number: bool = False

    @property
    def key(self) -> str:
        keys = [part for part in self.inside or () if isinstance(part, str)]
        return keys[-1].replace("_", " ") if keys else ""

    @property
    def holds_people(self) -> bool:
        """Nothing but names stands here."""
        return self.is_message_name or (self.path[0] == "metadata" and self.path[-1] in PEOPLE)

    @property
    def is_message_name(self) -> bool:
        """The ``name`` of who speaks: letters, digits, ``_`` and ``-`` only."""
        return self.path[0] == "messages" and len(self.path) == 3 and self.path[-1] == "name"

    @property
    def is_thread(self) -> bool:
        """An id that groups rows, often a Message-ID."""
        return self.path == ("metadata", "thread")


def leaves(row: Row) -> Iterator[Leaf]:
    for path, text in texts(row):
        if not text or _is_structure(row, path):
            continue
        value = _opened(text)
        if value is None:
            yield Leaf(path, text)
        else:
            yield from _inside(path, value, ())


def with_leaves(row: Row, changed: Mapping[Leaf, str]) -> dict[str, Any]:
    """A copy of the row in which these leaves read otherwise."""
    plain: dict[RowPath, str] = {}
    opened: dict[RowPath, Any] = {}
    originals = dict(texts(row))
    for leaf, text in changed.items():
        if leaf.inside is None:
            plain[leaf.path] = text
            continue
        value = opened.setdefault(leaf.path, _opened(originals[leaf.path]))
        _put(value, leaf.inside, _as_number(text) if leaf.is_number else text)
    for path, value in opened.items():
        plain[path] = _closed(value, like=originals[path])
    return with_texts(row, plain)


def _is_structure(row: Row, path: RowPath) -> bool:
    """Names of functions, declared tools but for their descriptions, and what metadata says of the row itself."""
    if path[0] == "metadata":
        return path[-1] in _NOT_OF_PEOPLE
    if "tools" in path[:2]:
        return path[-1] != "description"
    if path[-1] != "name":
        return False
    return not (path[0] == "messages" and len(path) == 3 and row["messages"][path[1]].get("role") in _SPEAKERS)


def _opened(text: str) -> Any:
    """The JSON object or array that the text is; None where it is none."""
    if text.lstrip()[:1] not in ("{", "[") or len(text) > _LONGEST_JSON:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) and value else None


def _inside(path: RowPath, value: Any, inside: RowPath) -> Iterator[Leaf]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _inside(path, item, (*inside, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _inside(path, item, (*inside, index))
    elif isinstance(value, str):
        yield Leaf(path, value, inside)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield Leaf(path, str(value), inside, is_number=True)


def _put(value: Any, inside: RowPath, item: Any) -> None:
    for part in inside[:-1]:
        value = value[part]
    value[inside[-1]] = item


def _as_number(text: str) -> int | str:
    """A surrogate that is a number as well stays one."""
    return int(text) if text.isascii() and text.isdigit() and (text == "0" or text[0] != "0") else text


def _closed(value: Any, like: str) -> str:
    separators = (", ", ": ") if '": ' in like else (",", ":")
    indent = 2 if "\n" in like.strip() else None
    return json.dumps(value, ensure_ascii=False, indent=indent, separators=None if indent else separators)
