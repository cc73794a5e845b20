"""A finding in a text: what, from where to where, who says so and how surely."""

from __future__ import annotations

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
    for span in sorted(spans, key=lambda span: (-span.confidence, span.start - span.end, span.start)):
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda span: span.start)
