"""Names and phrases that stand in many answers, and will be learnt: counted over a sample, with bounded memory.

Answers are sampled more and more thinly as a file goes on, and each one counts for those that were passed over, so that
a share is an estimate of the whole file. Phrases are kept as in Space-Saving sketches (Metwally, Agrawal, El Abbadi 2005),
evicted half a table at a time: what stands in more than a hundredth of the answers is never lost.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["start", "end", "sentence", "name"]
_CAPACITY: Final = 4_000
_ANSWERS_AT_ONE_RATE: Final = 1_000
_READ: Final = 2_000
_LONGEST: Final = 160

_SENTENCE: Final = re.compile(r"[^.!?。！？\n；;]+[.!?。！？]*")
_CLAUSE: Final = re.compile(r"[^，,。！？!?；;：:、\s\"“”]{3,24}")
_NAME: Final = re.compile(r"(?<=[a-z,;] )[A-Z][A-Za-z]*[a-z](?: [A-Z][a-z]+){0,3}+")
_HAN: Final = re.compile("[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Frequent:
    """``share`` of the answers, at least; the line of the first example that was seen with it."""

    kind: Kind
    phrase: str
    share: float
    line: int


class Sampler:
    """Which answers are looked at closely: all of the first thousand, then ever fewer."""

    def __init__(self) -> None:
        self._random = random.Random(0)  # the same file, the same sample
        self._taken = 0
        self._rate = 1

    def weight(self) -> int:
        """How many answers this one stands for; 0: it is passed over."""
        if self._rate > 1 and self._random.random() * self._rate >= 1:
            return 0
        weight = self._rate
        self._taken += 1
        if self._taken % _ANSWERS_AT_ONE_RATE == 0:
            self._rate *= 2
        return weight


class FrequentPhrases:
    """Fed answer by answer; ``most_frequent`` gives what stands in many of them, the most frequent first."""

    def __init__(self) -> None:
        self._counts: dict[tuple[Kind, str], list[int]] = {}
        self._total = 0

    def add(self, answer: str, line: int, weight: int) -> None:
        self._total += weight
        for key in set(_phrases(answer[:_READ])):
            entry = self._counts.get(key)
            if entry is None:
                self._counts[key] = [weight, line]
            else:
                entry[0] += weight
        if len(self._counts) > 2 * _CAPACITY:
            kept = sorted(self._counts.items(), key=lambda item: -item[1][0])[:_CAPACITY]
            self._counts = dict(kept)

    def most_frequent(self, least_share: float, least_count: int, most: int) -> list[Frequent]:
        """One phrase that holds another stands for both, unless the other is much more frequent."""
        enough = max(least_share * self._total, least_count)
        ranked = sorted(
            ((count, kind, phrase, line) for (kind, phrase), (count, line) in self._counts.items() if count >= enough),
            key=lambda found: (-found[0], -len(found[2]), found[2]),
        )
        chosen: list[Frequent] = []
        for count, kind, phrase, line in ranked:
            share = min(1.0, count / self._total)
            if len(chosen) < most and not any(_says_the_same(one, phrase, share) for one in chosen):
                chosen.append(Frequent(kind, phrase, share, line))
        return chosen


def _says_the_same(one: Frequent, phrase: str, share: float) -> bool:
    return (phrase in one.phrase or one.phrase in phrase) and share > 0.5 * one.share


def _phrases(answer: str) -> Iterator[tuple[Kind, str]]:
    text = answer.strip()
    if not text:
        return
    words = text[:_LONGEST].split(" ", 6)
    if len(words) > 4:
        yield "start", " ".join(words[:4])
    sentences = [sentence.strip()[:_LONGEST] for sentence in _SENTENCE.findall(text)]
    for sentence in sentences:
        if len(sentence) >= 12:
            yield "sentence", sentence
    if len(sentences) > 1 and len(sentences[-1]) >= 6:
        yield "end", sentences[-1]
    if _HAN.search(text):
        for clause in _CLAUSE.findall(text):
            yield "sentence", clause
    else:
        for name in _NAME.findall(text):
            yield "name", name
