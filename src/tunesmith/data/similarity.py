"""How alike two rows are: what is asked and what is answered, each as a set of shingles, by Jaccard's measure.

A shingle is two neighbouring words; of Chinese, Japanese and Korean two neighbouring characters. Upper and lower case,
spaces and punctuation do not count, signs of mathematics and code do. What many rows share, such as an instruction
that stands in each of them, is their *template*: two rows are alike only if they are with it and without it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b
from itertools import pairwise
from typing import Final, Literal, get_args

from tunesmith.data.examples import ChatExample, Example
from tunesmith.data.findings import Row
from tunesmith.data.row_texts import answers, texts

Compared = Literal["both", "question", "answer"]
COMPARED: Final[tuple[Compared, ...]] = get_args(Compared)
Shingles = frozenset[bytes]
Said = tuple[Shingles, Shingles]
"""What is asked, and what is answered."""

# A shingle in more than this share of the rows is template; told from no fewer rows than this.
TEMPLATE_SHARE: Final = 0.25
FEWEST_FOR_TEMPLATE: Final = 20

_SIGNS: Final = "+*/=<>%$#@&|^~\\"
_ANSWER_MARK: Final = b"\0"
_NO_TEXT: Final = frozenset({"metadata", "tools"})
_ASCII_WORDS: Final = bytes(
    ord(chr(code).lower()) if chr(code).isalnum() or chr(code) in _SIGNS else 32 for code in range(128)
) + bytes([32] * 128)
_CJK: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_UNIT: Final = re.compile(rf"[{_CJK}]|(?:[^\W_{_CJK}]|[{re.escape(_SIGNS)}])++")


def said_by_row(row: Row, compared: Compared = "both") -> Said:
    """Of any row: its answers, and everything else that is text in it but ``tools`` and ``metadata``."""
    answered = dict(answers(row))
    asked = [text for path, text in texts(row) if path not in answered and path[0] not in _NO_TEXT]
    return _said(asked, answered.values(), compared)


def said_by_example(example: Example, compared: Compared = "both") -> Said:
    asked, answered = _parts(example)
    return _said(asked, answered, compared)


def asked_key(example: Example) -> bytes:
    """Equal for examples that ask the same, word for word; empty where nothing is asked."""
    units = [b" ".join(_units(text)) for text in _parts(example)[0]]
    return blake2b(b"\0".join(units), digest_size=16).digest() if any(units) else b""


def _parts(example: Example) -> tuple[list[str], list[str]]:
    if not isinstance(example, ChatExample):
        return [example.prompt], [example.completion]
    asked: list[str] = []
    answered: list[str] = []
    for message in example.messages:
        part = answered if message.role == "assistant" else asked
        part += [message.content] if message.content else []
        for call in message.tool_calls:
            part += [call.name, call.arguments]
    return asked, answered


def tokens(said: Said, template: Shingles = frozenset()) -> list[bytes]:
    """What a sketch is made of: the shingles of question and answer, told apart, without the template's."""
    asked, answered = said
    marked = [*asked, *(_ANSWER_MARK + shingle for shingle in answered)]
    return [token for token in marked if token not in template] if template else marked


def template_of(sample: Iterable[Said]) -> Shingles:
    """The shingles, as ``tokens`` has them, that stand in many of these rows."""
    counts: Counter[bytes] = Counter()
    num_rows = 0
    for said in sample:
        counts.update(tokens(said))
        num_rows += 1
    most = TEMPLATE_SHARE * num_rows
    if num_rows < FEWEST_FOR_TEMPLATE:
        return frozenset()
    return frozenset(shingle for shingle, count in counts.items() if count > most)


def similarity(one: Said, other: Said, template: Shingles = frozenset()) -> float:
    """From 0 to 1: the least of the question's and the answer's Jaccard similarity, with the template and without."""
    least = min(jaccard(one[0], other[0]), jaccard(one[1], other[1]))
    if least == 0 or not template:
        return least
    for part, mark in ((0, b""), (1, _ANSWER_MARK)):
        a, b = ({shingle for shingle in said[part] if mark + shingle not in template} for said in (one, other))
        least = min(least, jaccard(a, b))
    return least


def jaccard(one: frozenset[bytes] | set[bytes], other: frozenset[bytes] | set[bytes]) -> float:
    """How much two sets share of what is in either; 1 where both are empty."""
    shared = len(one & other)
    either = len(one) + len(other) - shared
    return shared / either if either else 1.0


def shingles(text: str) -> list[bytes]:
    """In order. A text of one word is one shingle; a text without any, such as ``!!!``, is a shingle as it stands."""
    units = _units(text)
    if len(units) > 1:
        return list(map(b" ".join, pairwise(units)))
    stripped = text.strip()
    return units or ([stripped.encode(errors="replace")] if stripped else [])


def _said(asked: Iterable[str], answered: Iterable[str], compared: Compared) -> Said:
    return (
        _set(asked) if compared != "answer" else frozenset(),
        _set(answered) if compared != "question" else frozenset(),
    )


def _set(parts: Iterable[str]) -> Shingles:
    return frozenset(shingle for text in parts for shingle in shingles(text))


def _units(text: str) -> list[bytes]:
    if text.isascii():
        return text.encode().translate(_ASCII_WORDS).split()
    return [unit.encode() for unit in _UNIT.findall(unicodedata.normalize("NFKC", text).casefold())]
