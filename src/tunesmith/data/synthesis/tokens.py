"""Text → about how many tokens it is, for a model whose tokenizer nobody here has; and its words.

English has about four characters a token, Chinese a little less than a token a character; the estimate leans to the high
side, for it is what money is reckoned with.
"""

from __future__ import annotations

import re
from typing import Final

# Scripts that are written without blanks: kana, Han, Hangul.
_WIDE: Final = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_WIDE_LETTER: Final = re.compile(f"[{_WIDE}]")
_WORD: Final = re.compile(rf"[{_WIDE}]|[^\W_{_WIDE}]++(?:['’][^\W_{_WIDE}]++)*+")
_CHARACTERS_A_TOKEN: Final = 3.6
_MESSAGE_TOKENS: Final = 4


def estimated_tokens(text: str) -> int:
    """Of one message, with what a template puts around it."""
    return round(content_tokens(text)) + _MESSAGE_TOKENS


def content_tokens(text: str) -> float:
    """Of a part of a message: those of its parts add up."""
    wide = len(_WIDE_LETTER.findall(text))
    return wide + (len(text) - wide) / _CHARACTERS_A_TOKEN


def words(text: str) -> list[str]:
    """In lower case: words of scripts with blanks, single characters of those without."""
    return [word.replace("’", "'") for word in _WORD.findall(text.lower())]


def is_wide(word: str) -> bool:
    """Whether a word is a character of a script without blanks."""
    return _WIDE_LETTER.match(word) is not None


def num_units(text: str) -> int:
    """How long a text is to a reader: its words, where a Chinese character counts as one."""
    return len(_WORD.findall(text))
