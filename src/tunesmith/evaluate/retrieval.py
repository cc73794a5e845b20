"""Finds the training questions nearest to a query, for the few-shot baseline.

Nearness is BM25 (Robertson & Zaragoza 2009, *The Probabilistic Relevance Framework*) over words; text
written without spaces (Chinese, Japanese) counts as overlapping pairs of characters.
"""

from __future__ import annotations

import heapq
import math
import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

_SATURATION = 1.2
"""BM25's k1: how soon a word that is repeated stops adding."""

_LENGTH_SHARE = 0.75
"""BM25's b: how much a long question must share its weight."""

_COMMON_QUESTIONS = 1000
"""Words that stand in more questions than this, and in over a quarter of all, are common."""

_UNSPACED = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUNS = re.compile(rf"([{_UNSPACED}]+)|[^\W{_UNSPACED}]+")


class NearestExamples:
    """An inverted index over questions; a question is known by its place in the list."""

    def __init__(self, questions: Sequence[str]) -> None:
        self._num_questions = len(questions)
        self._postings: dict[str, tuple[array[int], array[float]]] = {}
        """Term → the questions that hold it, and what it adds to the score of each."""
        self._fill([Counter(_terms(question)) for question in questions])

    def nearest(self, query: str, k: int) -> list[int]:
        """The ``k`` nearest questions (all of them when there are fewer), nearest first.

        Of equally near questions the earlier comes first, so a query that shares nothing with any
        gets the first ``k``. Common words are left out unless the query has no others: they hardly
        change the order and cost most of the time.
        """
        scores = [0.0] * self._num_questions
        for questions, gains in self._telling_postings(query):
            for question, gain in zip(questions, gains, strict=True):
                scores[question] += gain
        return heapq.nlargest(k, range(self._num_questions), key=scores.__getitem__)

    def _fill(self, counts: Sequence[Counter[str]]) -> None:
        mean_length = sum(map(Counter.total, counts)) / max(1, len(counts))
        num_holding = Counter(term for count in counts for term in count)
        for question, count in enumerate(counts):
            length_norm = 1 - _LENGTH_SHARE + _LENGTH_SHARE * count.total() / (mean_length or 1)
            for term, times in count.items():
                rarity = math.log1p((len(counts) - num_holding[term] + 0.5) / (num_holding[term] + 0.5))
                questions, gains = self._postings.setdefault(term, (array("I"), array("d")))
                questions.append(question)
                gains.append(rarity * times * (_SATURATION + 1) / (times + _SATURATION * length_norm))

    def _telling_postings(self, query: str) -> list[tuple[array[int], array[float]]]:
        terms = dict.fromkeys(_terms(query))
        found = [self._postings[term] for term in terms if term in self._postings]
        limit = max(_COMMON_QUESTIONS, self._num_questions // 4)
        return [postings for postings in found if len(postings[0]) <= limit] or found


def _terms(text: str) -> Iterator[str]:
    """Words in lower case and full-width forms folded; of unspaced runs, each pair of neighbours."""
    for run in _RUNS.finditer(unicodedata.normalize("NFKC", text).casefold()):
        word = run.group()
        if run.group(1) is None or len(word) == 1:
            yield word
        else:
            yield from map("".join, pairwise(word))
