"""A TokenizedExample made visible: its text, cut where the loss weight changes.

Takes token ids and weights, gives segments to paint; keeps nothing. What is painted is decoded from the
very tokens that are trained on, so a wrong mask shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from tunesmith.data.examples import TokenizedExample
from tunesmith.data.tokenizer import Tokenizer

MARKS: Final = ("⟦", "⟧")


@dataclass(frozen=True, slots=True)
class Segment:
    """Tokens in a row with the same weight, as text. ``weight`` 0: not trained on."""

    text: str
    weight: float
    num_tokens: int


def paint(example: TokenizedExample, tokenizer: Tokenizer) -> list[Segment]:
    """The example's segments; joined, their texts are the whole text, control tokens included."""
    segments: list[Segment] = []
    shown, end = "", 0
    for weight, num_tokens in _runs(example):
        end += num_tokens
        text = tokenizer.decode(example.token_ids[:end], show_control=True)
        if text.startswith(shown):
            fresh = text[len(shown) :]
        else:  # a decoder that rewrites earlier text when more follows
            fresh = tokenizer.decode(example.token_ids[end - num_tokens : end], show_control=True)
        segments.append(Segment(fresh, weight, num_tokens))
        shown = text
    return segments


def marked(segments: Sequence[Segment]) -> str:
    """Plain text for a pipe: what is trained on stands between marks, with its weight where that is not 1."""
    return "".join(_marked(segment) for segment in segments)


def visible(text: str) -> str:
    """The text with characters that would move the cursor, colour or turn round the terminal spelled out."""
    return text.translate(_VISIBLE)


_VISIBLE: Final = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"},
    **{code: f"<U+{code:04X}>" for code in (*range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))},
}


def _runs(example: TokenizedExample) -> Iterator[tuple[float, int]]:
    """Weights with the number of tokens in a row that have it; nothing predicts the first token, so its is 0."""
    weights = (0.0, *example.loss_weights[1:])[: len(example.token_ids)]
    return ((weight, len(list(run))) for weight, run in groupby(weights))


def _marked(segment: Segment) -> str:
    if segment.weight == 0:
        return segment.text
    weight = "" if segment.weight == 1 else f"{segment.weight:g}× "
    return f"{MARKS[0]}{weight}{segment.text}{MARKS[1]}"
