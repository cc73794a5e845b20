"""Answers that are labels, and whether they are balanced; questions that are answered differently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

_MOST_LABELS: Final = 200
_LONGEST_LABEL: Final = 80
_ANSWERS_OF_A_LABEL: Final = 5
_FEWEST_ANSWERS: Final = 20
_UNBALANCED: Final = 10
_MOST_QUESTIONS: Final = 50_000


class Labels:
    """The answers' distinct values, as long as they are few and short."""

    def __init__(self) -> None:
        self._counts: Counter[str] | None = Counter()

    def add(self, answer: str) -> None:
        if self._counts is None:
            return
        if len(answer) > _LONGEST_LABEL or len(self._counts) > _MOST_LABELS:
            self._counts = None
        else:
            self._counts[answer.strip()] += 1

    def are_labels(self, num_answers: int) -> bool:
        """Few values that come again and again."""
        values = self._counts
        return values is not None and num_answers >= max(_FEWEST_ANSWERS, _ANSWERS_OF_A_LABEL * len(values))

    def unbalanced(self) -> tuple[tuple[str, int], tuple[str, int]] | None:
        """The most frequent value and the rarest, with their counts, where one is ten times as frequent as the other."""
        if self._counts is None or len(self._counts) < 2:
            return None
        ranked = self._counts.most_common()
        return (ranked[0], ranked[-1]) if ranked[0][1] >= _UNBALANCED * ranked[-1][1] else None


class Conflicts:
    """Questions that have more than one answer. Exact up to some ten thousand questions; in a larger file those whose
    hash ends in zeros stand for the others."""

    def __init__(self) -> None:
        self._answers: dict[int, tuple[int, int]] = {}
        self._lines: dict[int, tuple[int, int]] = {}
        self._zeros = 0

    @property
    def is_estimate(self) -> bool:
        return self._zeros > 0

    def add(self, question: Sequence[str], answer: str, line: int) -> None:
        if not question:
            return
        key = _hash("\0".join(question))
        if key & ((1 << self._zeros) - 1):
            return
        said = _hash(answer.strip())
        first = self._answers.setdefault(key, (said, line))
        if first[0] != said:
            self._lines.setdefault(key, (first[1], line))
        if len(self._answers) > _MOST_QUESTIONS:
            self._zeros += 1
            mask = (1 << self._zeros) - 1
            self._answers = {key: first for key, first in self._answers.items() if not key & mask}
            self._lines = {key: lines for key, lines in self._lines.items() if not key & mask}

    def found(self) -> tuple[int, tuple[int, int]]:
        """→ how many questions, and the lines of two answers to one of them (0, 0 where there is none)."""
        first = min(self._lines.values(), default=(0, 0))
        return len(self._lines) << self._zeros, first


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest(), "little")
