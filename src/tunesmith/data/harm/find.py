"""HarmFilter: a text → its hits, each with a category, a severity and where it stands.

All terms are looked for at once (Aho and Corasick 1975), so that time grows with the text alone, not with the list. The
text is compared without case, full width, look-alike digits (``sh1t``) and characters that nobody sees; offsets are
those of the text as it was given.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, chain
from pathlib import Path
from typing import Any, Final

import ahocorasick

from tunesmith.data.harm.terms import Category, Severity, Terms, load_terms

_NEAR: Final = 60
_GAP: Final = 40
_MILDER: Final[dict[Severity, Severity | None]] = {"high": "high", "medium": "low", "low": None}


@dataclass(frozen=True, slots=True)
class Hit:
    """``text[start:end]`` is what was found."""

    category: Category
    severity: Severity
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a phrase of the automaton stands for. ``part`` 0: a whole term; 1 and 2: half of a term in two parts."""

    term: int
    part: int
    is_word: bool


_SAFE: Final = -1


class HarmFilter:
    """Made once, used from any thread: it keeps nothing of what it reads."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms.harmful
        entries: dict[str, list[_Entry]] = {}
        for index, term in enumerate(terms.harmful):
            for phrase in term.phrases:
                _enter(entries, phrase, index, 1 if term.then else 0)
            for phrase in term.then:
                _enter(entries, phrase, index, 2)
        for phrase in terms.safe:
            _enter(entries, phrase, _SAFE, 0)
        words = sorted((_normalized(word)[0] for word in terms.context), key=len, reverse=True)
        self._context = re.compile(
            "|".join(rf"\b{re.escape(w)}\b" if w.isascii() else re.escape(w) for w in words) or "(?!)"
        )
        # A node looks through its branches one by one, so that the root of both together would be slow for either.
        self._ascii = _automaton({phrase: its for phrase, its in entries.items() if phrase.isascii()})
        others = {phrase: its for phrase, its in entries.items() if not phrase.isascii()}
        self._other = _automaton(others)
        self._first_of_other = re.compile(
            f"[{''.join(sorted({re.escape(phrase[0]) for phrase in others}))}]" if others else "(?!)"
        )

    @classmethod
    def load(cls, more: Iterable[Path] = ()) -> HarmFilter:
        """With the lists that come with it, and ``more`` of the user's. Raises UserError where one cannot be read."""
        return cls(load_terms(more))

    def find(self, text: str) -> tuple[Hit, ...]:
        """In the text's order. Hits never overlap within a category."""
        plain, places = _normalized(text)
        found: list[tuple[int, int, int]] = []
        safe: list[tuple[int, int]] = []
        firsts: dict[int, tuple[int, int]] = {}
        matches = self._ascii.iter(plain)
        if not plain.isascii() and (first := self._first_of_other.search(plain)):
            matches = chain(matches, self._other.iter(plain, first.start()))
        for last, (length, entries) in matches:
            start, end = last - length + 1, last + 1
            for entry in entries:
                if entry.part == 2 and entry.term not in firsts:
                    continue
                if entry.is_word and not _is_word(plain, text if places is None else plain, start, end):
                    continue
                if entry.term == _SAFE:
                    safe.append((start, end))
                elif entry.part == 0:
                    found.append((entry.term, start, end))
                elif entry.part == 1:
                    firsts[entry.term] = (start, end)
                elif 0 <= start - firsts[entry.term][1] <= _GAP:
                    found.append((entry.term, firsts[entry.term][0], end))
        if not found:
            return ()
        return self._hits(text, plain, found, safe, places)

    def _hits(
        self, text: str, plain: str, found: list[tuple[int, int, int]], safe: list[tuple[int, int]],
        places: Sequence[int] | None,
    ) -> tuple[Hit, ...]:  # fmt: skip
        hits: list[Hit] = []
        safe.sort()
        # The farthest end of all safe phrases up to each one, so that a text full of them costs no more than its length.
        ends = list(accumulate((end for _, end in safe), max))
        covered: dict[Category, int] = {}
        for index, start, end in sorted(found, key=lambda one: (one[1], -one[2])):
            term = self._terms[index]
            place = bisect_right(safe, (start, len(plain)))
            if (place and end <= ends[place - 1]) or start < covered.get(term.category, 0):
                continue
            is_told = term.severity != "high" and self._context.search(plain, max(0, start - _NEAR), end + _NEAR)
            severity = _MILDER[term.severity] if is_told else term.severity
            first, last = (start, end) if places is None else (places[start], places[end - 1] + 1)
            if severity is not None and _is_written(text[first:last]):
                covered[term.category] = end
                hits.append(Hit(term.category, severity, first, last))
        return tuple(hits)


@cache
def default_filter() -> HarmFilter:
    """Of the lists that come with it; read once."""
    return HarmFilter.load()


def _automaton(entries: Mapping[str, Sequence[_Entry]]) -> Any:
    automaton = ahocorasick.Automaton()
    for phrase, its in (entries or {"\0": ()}).items():
        automaton.add_word(phrase, (len(phrase), tuple(its)))
    automaton.make_automaton()
    return automaton


def _enter(entries: dict[str, list[_Entry]], phrase: str, term: int, part: int) -> None:
    plain, _ = _normalized(phrase)
    entries.setdefault(plain, []).append(_Entry(term, part, is_word=phrase.isascii()))


_LOOKS_LIKE: Final = dict(zip("@0134$57!|", "aoieasstil", strict=True))
_LOWER: Final = {chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)}
_ASCII_TABLE: Final = str.maketrans({**_LOWER, **_LOOKS_LIKE, **dict.fromkeys("\t\n\r_", " ")})
_REPLACED: Final = (*_LOOKS_LIKE.items(), *((c, " ") for c in "\t\n\r_\u00a0\u3000"), *((c, "'") for c in "’‘＇"))
# Punctuation is wide in any Chinese text, and no part of a term.
_WIDE: Final = re.compile("[\uff10-\uff19\uff20-\uff3a\uff41-\uff5a\uff04]")
_WIDE_TABLE: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_UNSEEN: Final = re.compile("[\u00ad\u034f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")


def _normalized(text: str) -> tuple[str, Sequence[int] | None]:
    """→ the text as it is compared, and of each of its characters the place in ``text`` (None: the same place)."""
    if text.isascii():
        return text.translate(_ASCII_TABLE), None
    if _UNSEEN.search(text) is not None:
        places = [at for at, character in enumerate(text) if _UNSEEN.match(character) is None]
        plain = "".join(map(text.__getitem__, places))
        return _compared(plain), places
    return _compared(text), None


def _compared(text: str) -> str:
    """One character for one: the few whose lower case has two stay as they are."""
    narrow = text.translate(_WIDE_TABLE) if _WIDE.search(text) is not None else text
    lowered = narrow.lower()
    if len(lowered) != len(text):
        lowered = "".join(low if len(low := character.lower()) == 1 else character for character in narrow)
    for written, meant in _REPLACED:
        lowered = lowered.replace(written, meant)  # far faster than a table, which asks for each character
    return lowered


def _is_word(plain: str, written: str, start: int, end: int) -> bool:
    """Nothing of a longer word stands beside it (``Scunthorpe``). Between letters of other scripts it stands alone. Signs
    that look like letters count as what they are written as: ``yourself!`` ends at the f."""
    before, after = written[start - 1 : start] if start else "", written[end : end + 1]
    return not (_goes_on(before) or _goes_on(after))


def _goes_on(character: str) -> bool:
    return character.isalnum() and character < "\u0250"


def _is_written(words: str) -> bool:
    """Letters, at least for the most part: 455 is a number, a55 a name, 4ss and a$$ are meant."""
    letters = sum(character.isalpha() for character in words)
    signs = sum(character in "@$!|" for character in words)
    digits = sum(character.isdigit() for character in words)
    return 2 * digits <= letters + signs and letters > 0
