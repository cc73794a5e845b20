"""Text without its marks, so that José, José and Jose are one: compatible characters decomposed (Unicode's NFKD), accents
and other combining marks left out, apostrophes and hyphens of print as those of the keyboard. Case is left as it is."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

_ALIKE: Final = str.maketrans(
    {
        **dict.fromkeys("’‘ʼʹ′´＇‛", "'"), **dict.fromkeys("‐‑‒–—−", "-"), "ß": "ss", "ẞ": "SS", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O",
        "đ": "d", "Đ": "D", "ı": "i", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "\u200b": "", "\u00ad": "",
    }
)  # fmt: skip


class _Folds(dict[int, str]):
    """Code point → what it becomes, worked out once."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        parts = unicodedata.normalize("NFKD", sign.translate(_ALIKE)).translate(_ALIKE)
        self[code] = "".join(part for part in parts if not unicodedata.combining(part))
        return self[code]


_FOLDS: Final = _Folds()


def folded(text: str) -> str:
    return text if text.isascii() else text.translate(_FOLDS)


def places_before(text: str) -> Sequence[int]:
    """For each place between the signs of ``text``, how long what was folded before it is."""
    return range(len(text) + 1) if text.isascii() else [0, *accumulate(len(_FOLDS[ord(sign)]) for sign in text)]
