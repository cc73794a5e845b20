"""How alike a text is to all that were kept before it, and how diverse a set of texts is.

Alikeness is the F measure of the longest common subsequence of words (ROUGE-L; Lin 2004), by which Self-Instruct (Wang et
al. 2022) tells a new instruction from an old one. Few texts are all compared; among many, MinHash of their words finds
those worth comparing, so that the figure is the same and only the search for candidates may miss one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rensa import RMinHash, RMinHashLSH

from tunesmith.data.synthesis.tokens import words

MANY: Final = 1_000
"""Kept texts from which on candidates are looked up."""
_LONGEST_WORDS: Final = 400
_NUM_PERMUTATIONS: Final = 126
# Three digests a band: two texts with 54 % of their words in common, as alike as 0.7 or more are, meet in one of 42 bands
# with a probability of 0.999.
_NUM_BANDS: Final = 42


@dataclass(frozen=True, slots=True)
class Nearest:
    """The kept text that is most alike: its name, and the figure from 0 to 1. ``name`` is None where none is at all."""

    name: str | None
    similarity: float


class KeptTexts:
    """Grows with ``add``. Texts longer than 400 words are compared by those."""

    def __init__(self, many: int = MANY) -> None:
        self._many = many
        self._texts: list[tuple[str, ...]] = []
        self._vocabularies: list[frozenset[str]] = []
        self._names: list[str] = []
        self._same: dict[tuple[str, ...], int] = {}
        self._lookup: RMinHashLSH | None = None

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, name: str, text: str) -> None:
        said = tuple(words(text)[:_LONGEST_WORDS])
        number = len(self._texts)
        self._texts.append(said)
        self._vocabularies.append(frozenset(said))
        self._names.append(name)
        self._same.setdefault(said, number)
        if self._lookup is not None:
            self._lookup.insert(number, _min_hash(said))
        elif len(self._texts) > self._many:
            self._lookup = RMinHashLSH(0.5, _NUM_PERMUTATIONS, _NUM_BANDS)
            for earlier, its_words in enumerate(self._texts):
                self._lookup.insert(earlier, _min_hash(its_words))

    def nearest(self, text: str) -> Nearest:
        said = tuple(words(text)[:_LONGEST_WORDS])
        if (same := self._same.get(said)) is not None:
            return Nearest(self._names[same], 1.0)
        best, most = None, 0.0
        masks, vocabulary = _masks(said), frozenset(said)
        repeated = len(said) - len(vocabulary)
        for number in self._candidates(said):
            other, its_vocabulary = self._texts[number], self._vocabularies[number]
            num_shared = len(vocabulary & its_vocabulary)
            if not num_shared:
                continue
            # No longer a subsequence than there are words of the shared kinds, in either text.
            longest = num_shared + min(repeated, len(other) - len(its_vocabulary))
            if 2 * longest / (len(said) + len(other)) > most and (figure := _alike(masks, len(said), other)) > most:
                best, most = number, figure
        return Nearest(self._names[best] if best is not None else None, most)

    def _candidates(self, said: Sequence[str]) -> Iterable[int]:
        if self._lookup is None:
            return range(len(self._texts))
        return sorted(self._lookup.query(_min_hash(said))) if said else ()


def rouge_l(one: str, other: str) -> float:
    """From 0 (no word in common) to 1 (the same words in the same order)."""
    said = words(one)
    return _alike(_masks(said), len(said), words(other))


def distinct_share(texts: Iterable[str], size: int) -> float:
    """Distinct-n (Li et al. 2016): how many of the runs of ``size`` words differ; 1 where none stands twice."""
    seen: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        said = words(text)
        seen.update(tuple(said[at : at + size]) for at in range(len(said) - size + 1))
    return len(seen) / seen.total() if seen else 1.0


def _min_hash(said: Iterable[str]) -> RMinHash:
    made = RMinHash(_NUM_PERMUTATIONS, 1)
    made.update(sorted(set(said)))
    return made


def _masks(said: Sequence[str]) -> dict[str, int]:
    """Word → where it stands, as bits."""
    masks: dict[str, int] = {}
    for at, word in enumerate(said):
        masks[word] = masks.get(word, 0) | 1 << at
    return masks


def _alike(masks: dict[str, int], length: int, other: Sequence[str]) -> float:
    """The longest common subsequence with a bit a word (Hyyrö 2004)."""
    if not length or not other:
        return 0.0
    row = whole = (1 << length) - 1
    for word in other:
        if (mask := masks.get(word)) is not None:
            found = row & mask
            row = ((row + found) | (row - found)) & whole
    return 2 * (length - row.bit_count()) / (length + len(other))
