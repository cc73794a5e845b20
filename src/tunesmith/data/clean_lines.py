"""Clean chat lines, many at once: those of which nothing is to be said, told apart from those to be read strictly.

A line is clean where a closed schema takes it (roles, texts, an answer that is not empty; nothing else but metadata),
the assistant speaks last, no control token stands in a text, and no key stands twice. The last is told by counting
quotes: each key and each text that was read takes two, those inside texts are known, so a key that was written twice
leaves some over. Decision 0022 says why this is sound.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from operator import attrgetter
from typing import Annotated, Final

import msgspec

from tunesmith.data.examples import AnyExample, ChatExample, Message, Role
from tunesmith.data.formats import canonical


class _Said(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, tag_field="role"):
    content: str


class _System(_Said, tag="system", frozen=True):
    pass


class _Developer(_Said, tag="developer", frozen=True):
    pass


class _User(_Said, tag="user", frozen=True):
    pass


class _Assistant(_Said, tag="assistant", frozen=True):
    content: Annotated[str, msgspec.Meta(min_length=1)]


_Messages = tuple[_System | _Developer | _User | _Assistant, ...]


class CleanRow(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One row; who wrote a message is told by its type."""

    messages: Annotated[_Messages, msgspec.Meta(min_length=1)]
    metadata: dict[str, str] | None = None

    def example(self, line: int) -> ChatExample:
        return ChatExample(line, tuple(Message(_ROLE_OF[type(each)], each.content) for each in self.messages))


Searches = Sequence[tuple[str, re.Pattern[str]]]
"""Control tokens by their first character."""
_TYPES: Final[dict[Role, type[_Said]]] = {
    "system": _System, "developer": _Developer, "user": _User, "assistant": _Assistant,
}  # fmt: skip
_ROLE_OF: Final = {each: role for role, each in _TYPES.items()}
_GUIDES: Final = frozenset({_System, _Developer})
_decode: Final = msgspec.json.Decoder(CleanRow)
_content: Final = attrgetter("content")
_messages: Final = attrgetter("messages")


def read_lines(lines: Sequence[bytes], control_tokens: Searches) -> list[CleanRow | None]:
    """Each line's row; None where the line is to be read strictly. Halved until what is not clean stands alone."""
    content = b"".join(lines)
    rows = _read_together(lines, content)
    if rows is not None and _are_clean(rows, content, control_tokens):
        return [*rows]
    if len(lines) <= 1:
        return [_read_line(line, control_tokens) for line in lines]
    half = len(lines) // 2
    return [*read_lines(lines[:half], control_tokens), *read_lines(lines[half:], control_tokens)]


def said_key(example: AnyExample) -> int:
    """64 bits, equal for two examples that say the same, and of use in this process and those forked from it alone."""
    if isinstance(example, ChatExample) and not example.tools and all(map(_is_plain, example.messages)):
        return hash(tuple(_TYPES[each.role](each.content or "") for each in example.messages))
    return hash(canonical(example))


def said_keys(rows: Iterable[CleanRow]) -> list[int]:
    return list(map(hash, map(_messages, rows)))


def num_characters(rows: Iterable[CleanRow]) -> int:
    return sum(map(len, map(_content, chain.from_iterable(map(_messages, rows)))))


def who_speaks(rows: Sequence[CleanRow]) -> tuple[int, int, int]:
    """How many messages are the assistant's; rows with a system message; rows without a user's."""
    conversations = list(map(_messages, rows))
    types = list(map(type, chain.from_iterable(conversations)))
    # In most rows the first message is the only one of the system, and the one before the last is the user's.
    firsts = [each[0].__class__ for each in conversations]
    num_system = firsts.count(_System) + firsts.count(_Developer)
    if types.count(_System) + types.count(_Developer) != num_system:
        num_system = sum(not _GUIDES.isdisjoint(map(type, each)) for each in conversations)
    num_user = [each[-2:][0].__class__ for each in conversations].count(_User)
    if num_user != len(rows):
        num_user = sum(_User in map(type, each) for each in conversations)
    return types.count(_Assistant), num_system, len(rows) - num_user


def _is_plain(message: Message) -> bool:
    is_bare = message.weight == 1 and message.name is None and not message.tool_calls and message.tool_call_id is None
    return is_bare and message.role in _TYPES and message.content is not None


def _read_together(lines: Sequence[bytes], content: bytes) -> list[CleanRow] | None:
    """None where some line is not one object, with nothing before it and a line feed behind: no value spans lines then,
    for inside of one a line feed stands in no text and never between a closing and an opening brace."""
    if {line[:1] for line in lines} != {b"{"} or {line[-2:] for line in lines} != {b"}\n"}:
        return None
    try:
        rows = _decode.decode_lines(content)
    except (ValueError, RecursionError):
        return None
    return rows if len(rows) == len(lines) else None


def _read_line(line: bytes, control_tokens: Searches) -> CleanRow | None:
    try:
        row = _decode.decode(line)
    except (ValueError, RecursionError):
        return None
    return row if _are_clean([row], line, control_tokens) else None


def _are_clean(rows: Sequence[CleanRow], content: bytes, control_tokens: Searches) -> bool:
    conversations = list(map(_messages, rows))
    if {each[-1].__class__ for each in conversations} != {_Assistant}:
        return False
    messages = list(chain.from_iterable(conversations))
    said = "\n".join(map(_content, messages))
    if any(first in said and tokens.search(said) for first, tokens in control_tokens):
        return False
    num_quotes = 2 * len(rows) + 8 * len(messages)
    if '"' in said:
        num_quotes += said.count('"')
    metadata = [row.metadata for row in rows if row.metadata is not None]
    for each in metadata:
        texts = (*each, *each.values())
        num_quotes += 2 + 2 * len(texts) + sum(map(str.count, texts, repeat('"')))
    if b"\\" in content and b"\\u0022" in content:
        return False
    return content.count(b'"') == num_quotes
