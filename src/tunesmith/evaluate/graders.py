"""Graders: an answer and its reference → right or wrong. Pure functions of two strings."""

from __future__ import annotations

import unicodedata


def exact_match(answer: str, reference: str) -> bool:
    """Whether both texts are the same characters.

    Two differences are overlooked, because nobody can see them: white space around the text, and the
    Unicode form (both are brought to NFC, so that ``é`` as one character equals ``e`` + accent).
    Nothing else is: upper and lower case, inner spaces, punctuation and full-width forms all count.
    """
    return _normalised(answer) == _normalised(reference)


def _normalised(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip())
