"""Whether an answer is supported by its passage: the share of its words that stand there, and its numbers, all of them.

Words that carry no fact (articles, pronouns …) are not counted, endings are cut off; where a script has no blanks, pairs
of neighbouring characters stand for words. It is a figure about words, not about truth: an answer that turns a
passage's words into the contrary passes, one that adds what the passage does not say does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from tunesmith.data.synthesis.tokens import is_wide, words

_LONGEST_STEM: Final = 6
_EMPTY_WORDS: Final = frozenset(
    "a about after all also an and any are as at be because been before being but by can could did do does for from had has "
    "have he her his how i if in into is it its it's may me more most must my no nor not of on one only or other our out "
    "over same she should so some such than that the their them then there these they this those to under up was we were "
    "what when where which while who whom why will with would yes you your".split()
)
_EMPTY_CHARACTERS: Final = frozenset("的了是在和与及或也都就而着过吗呢吧啊这那其之所被把对于从到为以可会能要不有个一")
_NUMBER: Final = re.compile(r"\d++(?:[.,]\d++)*+")
_LIST_NUMBER: Final = re.compile(r"^[ \t]{0,8}\(?\d{1,3}[.)、](?!\d)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Support:
    """``share`` of the answer's units that the passage has, 1 where it has none; ``numbers`` that it has not."""

    share: float
    numbers: tuple[str, ...]


class SupportedBy:
    """Judges answers by one passage."""

    def __init__(self, passage: str) -> None:
        self._units = _units(passage)
        self._numbers = _numbers(passage)

    def judge(self, answer: str) -> Support:
        units = _units(answer)
        share = len(units & self._units) / len(units) if units else 1.0
        return Support(share, tuple(sorted(_numbers(answer) - self._numbers)))


def _units(text: str) -> frozenset[str]:
    said = words(text)
    narrow = {_stem(word) for word in said if not is_wide(word) and word not in _EMPTY_WORDS}
    pairs = {
        one + other
        for one, other in pairwise(said)
        if is_wide(one) and is_wide(other) and not {one, other} & _EMPTY_CHARACTERS
    }
    return frozenset(narrow | pairs)


def _stem(word: str) -> str:
    """``explains`` and ``explained``, ``tables`` and ``table`` are one."""
    word = word.removesuffix("'s")
    if len(word) > _LONGEST_STEM:
        return word[:_LONGEST_STEM]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _numbers(text: str) -> frozenset[str]:
    """With their commas left out: 1,000 is 1000. Those that number a list say nothing."""
    return frozenset(number.replace(",", "") for number in _NUMBER.findall(_LIST_NUMBER.sub("", text)))
