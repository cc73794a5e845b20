"""Text → ids by its words, of which most were met before: a word is what stands between two blanks, with the first of
them.

Only for a tokenizer that cuts before every word (``word_borders``). The library is asked once a word and not once a
text, so nothing of its expressions is imitated here. Keeps a bounded number of words; texts are compared with what the
library gives for the whole of them, the first ones all and then some.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Final, Self, TypeVar

from tunesmith.core.errors import MachineError

Ids = tuple[int, ...]
Encode = Callable[[str], list[int]]
Value = TypeVar("Value")
_WORD_BYTES: Final = 32 << 20
_PIECE_BYTES: Final = 16 << 20
_HEAD_BYTES: Final = 8 << 20
_LONG: Final = 1 << 17
"""Characters of a text beyond which it is encoded as a whole: it may be anything, and is rare."""
_SPARSE: Final = 12
"""Characters to a blank, beyond which words hardly come again."""
_MOST_CHARACTERS: Final = 64
_ENTRY_BYTES: Final = 160
_ID_BYTES: Final = 40
_FIRST_CHECKED: Final = 16
_CHECKED_EVERY: Final = 2_048
_BORDER: Final = re.compile(r"(?<=\S) ")


@dataclass(frozen=True, slots=True)
class Encoder:
    """How a text is encoded, and how its ids are counted."""

    ids: Encode
    count: Callable[[str], int]

    @classmethod
    def of(cls, encode: Encode) -> Self:
        return cls(encode, lambda text: len(encode(text)))


def by_pieces(
    pieces: Callable[[str], list[str]], piece: Encoder, whole: Encoder, most_bytes: int = _PIECE_BYTES
) -> Encoder:
    """New words are put together from pieces that were met before, where they are of ASCII: a word with a comma behind it
    is two. Elsewhere ``whole`` is asked."""
    found = _Kept[Ids](lambda part: tuple(piece.ids(part)), most_bytes, is_any_kept=True)
    counts = _Kept[int](piece.count, most_bytes, is_any_kept=True)

    def ids(text: str) -> list[int]:
        if len(text) <= _MOST_CHARACTERS and text.isascii():
            return list(chain.from_iterable(map(found.__getitem__, pieces(text))))
        return whole.ids(text)

    def count(text: str) -> int:
        if len(text) <= _MOST_CHARACTERS and text.isascii():
            return sum(map(counts.__getitem__, pieces(text)))
        return whole.count(text)

    return Encoder(ids, count)


class _NotBetweenBorders(Exception):
    """A part ends with whitespace or is empty, so that the blank behind it is no border."""


class Words:
    """``encode`` gives the ids of a whole text, ``word`` those of a word, or of what stands before the first."""

    def __init__(self, encode: Encode, word: Encoder, where: str, most_bytes: int = _WORD_BYTES) -> None:
        self._encode, self._where = encode, where
        head_bytes = min(most_bytes, _HEAD_BYTES)
        self._heads = _Kept[Ids](lambda part: tuple(word.ids(part)), head_bytes)
        self._words = _Kept[Ids](lambda part: tuple(word.ids(f" {part}")), most_bytes)
        self._head_lengths = _Kept[int](word.count, head_bytes)
        self._lengths = _Kept[int](lambda part: word.count(f" {part}"), most_bytes)
        self._until_check, self._num_checked = 1, 0

    def ids(self, text: str) -> list[int]:
        if len(text) > _LONG:
            return self._encode(text)
        head, parts, last = _parts(text)
        if _is_no_prose(text, parts):
            return self._encode(text)
        try:
            ids = [*self._heads[head], *chain.from_iterable(map(self._words.__getitem__, parts))]
            if last is not None:
                ids += self._words.of(last)
        except _NotBetweenBorders:
            head, *parts = _BORDER.split(text)
            ids = [*self._heads.of(head), *chain.from_iterable(map(self._words.of, parts))]
        if self._is_sampled() and ids != self._checked(text):
            raise self._wrong(text)
        return ids

    def count(self, text: str) -> int:
        """How many ids there are."""
        if len(text) > _LONG:
            return len(self._encode(text))
        head, parts, last = _parts(text)
        if _is_no_prose(text, parts):
            return len(self._encode(text))
        try:
            count = self._head_lengths[head] + sum(map(self._lengths.__getitem__, parts))
            if last is not None:
                count += self._lengths.of(last)
        except _NotBetweenBorders:
            head, *parts = _BORDER.split(text)
            count = self._head_lengths.of(head) + sum(map(self._lengths.of, parts))
        if self._is_sampled() and count != len(self._checked(text)):
            raise self._wrong(text)
        return count

    def _is_sampled(self) -> bool:
        self._until_check -= 1
        return self._until_check <= 0

    def _checked(self, text: str) -> list[int]:
        """What the library gives for the whole text."""
        self._num_checked += 1
        self._until_check = 1 if self._num_checked < _FIRST_CHECKED else _CHECKED_EVERY
        return self._encode(text)

    def _wrong(self, text: str) -> MachineError:
        return MachineError(
            f"{self._where}: the tokens of this text, put together word by word, are not those that the tokenizer "
            f"gives for the whole of it: {text[:400]!r}.",
            "this is a mistake of Tunesmith's: report it with the text and the base model's tokenizer.json",
        )


def _parts(text: str) -> tuple[str, list[str], str | None]:
    """What stands before the first blank, between blanks, and behind the last one, if that ends with whitespace."""
    parts = text.split(" ")
    head = parts[0]
    del parts[0]
    return head, parts, parts.pop() if parts and text[-1].isspace() else None


def _is_no_prose(text: str, parts: list[str]) -> bool:
    """Whether the library is as fast with the whole of it: few blanks in other letters than ASCII's."""
    return len(text) > _SPARSE * (len(parts) + 1) and not text.isascii()


class _Kept(dict[str, Value]):
    """Parts of text with their ids, or how many these are; those that stand between two borders are kept, in two
    generations: when the younger one is full the elder is forgotten, and what is asked for again moves up."""

    def __init__(self, ask: Callable[[str], Value], most_bytes: int, *, is_any_kept: bool = False) -> None:
        super().__init__()
        self._ask, self._most_bytes, self._is_any_kept = ask, most_bytes, is_any_kept
        self._elder: dict[str, Value] = {}
        self._num_bytes = 0

    def __missing__(self, part: str) -> Value:
        if not self._is_any_kept and (not part or part[-1].isspace()):
            raise _NotBetweenBorders
        value = self._elder.get(part)
        if value is None:
            value = self._ask(part)
        if len(part) <= _MOST_CHARACTERS:
            self._num_bytes += _ENTRY_BYTES + 4 * len(part)
            if isinstance(value, tuple):
                self._num_bytes += _ID_BYTES * (1 + len(value))
            if self._num_bytes > self._most_bytes:
                self._elder, self._num_bytes = dict(self), 0
                self.clear()
            self[part] = value
        return value

    def of(self, part: str) -> Value:
        """That of any part that was cut at borders."""
        try:
            return self[part]
        except _NotBetweenBorders:
            return self._ask(part)
