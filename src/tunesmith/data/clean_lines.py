"""Clean chat lines, many at once: those of which nothing is to be said, told apart from those to be read strictly.

A line is clean where a closed schema takes it (roles, texts, an answer that is not empty; nothing else but weights of
answers and metadata), the assistant speaks last, some answer counts, no control token stands in a text, and no key stands twice. The last is told by counting
quotes: each key and each text that was read takes two, those inside texts are known, so a key that was written twice
leaves some over. Decision 0022 says why this is sound.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, compress, repeat
from operator import attrgetter, contains, sub
from typing import Annotated, Final, Literal

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
    weight: Literal[0, 1] | msgspec.UnsetType = msgspec.UNSET


_Messages = tuple[_System | _Developer | _User | _Assistant, ...]


class CleanRow(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One row; who wrote a message is told by its type."""

    messages: Annotated[_Messages, msgspec.Meta(min_length=1)]
    metadata: dict[str, str] | None = None

    def example(self, line: int) -> ChatExample:
        return ChatExample(line, tuple(map(_message, self.messages)))


def _message(said: _Said) -> Message:
    weight = 0 if isinstance(said, _Assistant) and said.weight == 0 else 1
    return Message(_ROLE_OF[type(said)], said.content, weight)


Searches = Sequence[tuple[str, re.Pattern[str]]]
"""Control tokens by their first character."""
_TYPES: Final[dict[Role, type[_Said]]] = {
    "system": _System, "developer": _Developer, "user": _User, "assistant": _Assistant,
}  # fmt: skip
_ROLE_OF: Final = {each: role for role, each in _TYPES.items()}
_GUIDES: Final = frozenset({_System, _Developer})
_RARE: Final = 32
"""So many bytes to a quote, and looking for them is quicker than counting."""
_FEW_BACKSLASHES: Final = 200
"""So many bytes to a backslash, and looking at each is quicker than a search."""
_decode: Final = msgspec.json.Decoder(CleanRow).decode
_content: Final = attrgetter("content")
_messages: Final = attrgetter("messages")


def read_lines(lines: Sequence[bytes], control_tokens: Searches) -> Iterator[list[CleanRow] | bytes]:
    """Runs of rows, and the lines between them that are to be read strictly; in order. Halved until what is not clean
    stands alone."""
    if (clean := _read_together(lines, control_tokens)) is not None:
        yield clean
    elif len(lines) > 1:
        half = len(lines) // 2
        yield from read_lines(lines[:half], control_tokens)
        yield from read_lines(lines[half:], control_tokens)
    elif lines:
        yield lines[0]


def said_key(example: AnyExample) -> int:
    """64 bits, equal for two examples that say the same, and of use in this process and those forked from it alone."""
    if isinstance(example, ChatExample) and not example.tools and all(map(_is_plain, example.messages)):
        return hash(tuple(map(_said_of, example.messages)))
    return hash(canonical(example))


def _said_of(message: Message) -> _Said:
    text = message.content or ""
    return _TYPES[message.role](text) if message.weight else _Assistant(text, 0)


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
    if message.name is not None or message.tool_calls or message.tool_call_id is not None:
        return False
    counts = message.weight == 1 or message.role == "assistant"
    return counts and message.role in _TYPES and message.content is not None


def _read_together(lines: Sequence[bytes], control_tokens: Searches) -> list[CleanRow] | None:
    """The rows, in which no weight of 1 is spelled out; None where anything is to be said of one."""
    try:
        rows = list(map(_decode, lines))
    except (ValueError, RecursionError):
        return None
    conversations = list(map(_messages, rows))
    if {each[-1].__class__ for each in conversations} != {_Assistant}:
        return None
    texts = list(map(_content, chain.from_iterable(conversations)))
    if any(_are_typed(tokens, texts, first) for first, tokens in control_tokens):
        return None
    # Quotes over those of the one key of a row, and of the two keys and two texts of a message.
    over = list(map(sub, _quotes(lines), [2 + 8 * len(each) for each in conversations]))
    return _explained(rows, lines, over) if any(over) else rows


def _are_typed(tokens: re.Pattern[str], texts: Sequence[str], first: str) -> bool:
    """Whether a control token stands in a text, each of which begins with ``first``."""
    return any(map(contains, texts, repeat(first))) and any(
        map(tokens.search, compress(texts, map(contains, texts, repeat(first))))
    )


def _quotes(lines: Sequence[bytes]) -> Iterable[int]:
    """How many each line has. They are looked for, not counted, where they are rare: that skips what is between them."""
    if lines[0].count(b'"') * _RARE > len(lines[0]):
        return map(bytes.count, lines, repeat(b'"'))
    return map(sub, map(len, lines), map(len, map(bytes.replace, lines, repeat(b'"'), repeat(b""))))


def _explained(rows: list[CleanRow], lines: Sequence[bytes], over: Sequence[int]) -> list[CleanRow] | None:
    """The rows, where quotes inside texts, metadata and weights are as many as those over."""
    odd, num_over = list(compress(rows, over)), sum(over)
    texts = list(map(_content, chain.from_iterable(map(_messages, odd))))
    quoting = list(compress(texts, map(contains, texts, repeat('"'))))
    num_over -= sum(map(str.count, quoting, repeat('"')))
    if num_over and (told := [row.metadata for row in odd if row.metadata is not None]):
        num_over -= sum(map(_num_quotes, told))
        quoting += [text for each in told for text in (*each, *each.values()) if '"' in text]
    if quoting and _has_hidden_quotes(b"".join(compress(lines, over))):
        return None
    return rows if num_over == 0 else _with_weights(rows, odd, num_over)


def _has_hidden_quotes(content: bytes) -> bool:
    """Whether some are written as a number. Backslashes are looked at one by one, unless there are many."""
    at = content.find(b"\\")
    for _ in range(len(content) // _FEW_BACKSLASHES):
        if at < 0 or content.startswith(b"u0022", at + 1):
            return at >= 0
        at = content.find(b"\\", at + 2)
    return b"\\u0022" in content


def _num_quotes(metadata: dict[str, str]) -> int:
    texts = (*metadata, *metadata.values())
    return 2 + 2 * len(texts) + sum(map(str.count, texts, repeat('"')))


def _with_weights(rows: list[CleanRow], odd: Sequence[CleanRow], num_over: int) -> list[CleanRow] | None:
    """The same, where no more quotes are over than those of the weights, which stand in odd rows."""
    weighted = [row for row in odd if any(map(_has_weight, row.messages))]
    weights = sum(map(_has_weight, chain.from_iterable(map(_messages, weighted))))
    if num_over != 2 * weights or not all(map(_is_trained_on, weighted)):
        return None
    plain = {id(row): _without_ones(row) for row in weighted}
    return [plain.get(id(row), row) for row in rows]


def _has_weight(said: _Said) -> bool:
    return said.__class__ is _Assistant and said.weight is not msgspec.UNSET


def _is_trained_on(row: CleanRow) -> bool:
    return any(isinstance(each, _Assistant) and each.weight != 0 for each in row.messages)


def _without_ones(row: CleanRow) -> CleanRow:
    """Weight 1 is what an answer has that names none: both say the same."""
    said = [_Assistant(each.content) if isinstance(each, _Assistant) and each.weight else each for each in row.messages]
    return CleanRow(tuple(said), row.metadata)
