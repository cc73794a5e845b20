"""A finding in a text: what, from where to where, who says so and how surely."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Span:
    """``text[start:end]`` is personal data of this kind. ``source`` names the detector; ``confidence`` is its own
    estimate, 0 to 1: a checksum that fits is near 1, a capital letter after a salutation is not."""

    kind: str
    start: int
    end: int
    source: str
    confidence: float


class Recognizer(Protocol):
    """A named-entity model of the user's. Gives the spans of each text, in the order of the texts."""

    def find(self, texts: Sequence[str]) -> Sequence[Sequence[Span]]: ...


def without_overlaps(spans: Iterable[Span]) -> list[Span]:
    """In the text's order; of two that overlap the surer one stays, of two as sure the longer one."""
    kept: list[Span] = []
    starts: list[int] = []
    for span in sorted(spans, key=lambda span: (-span.confidence, span.start - span.end, span.start)):
        place = bisect_left(starts, span.start)
        is_free = (place == 0 or kept[place - 1].end <= span.start) and (
            place == len(kept) or span.end <= starts[place]
        )
        if is_free:
            kept.insert(place, span)
            starts.insert(place, span.start)
    return kept


class Places:
    """Stretches of a text, asked whether another one touches any of them."""

    def __init__(self, stretches: Iterable[tuple[int, int]]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(stretches):
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(end, self._ends[-1])
            else:
                self._starts.append(start)
                self._ends.append(end)

    def touch(self, start: int, end: int) -> bool:
        place = bisect_left(self._starts, end) - 1
        return place >= 0 and self._ends[place] > start
