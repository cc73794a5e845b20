"""The first lesson of the starter: rows that do nothing but copy.

Random pieces of the vocabulary, said once by the user and once more by the assistant. Copying is what
all dialogues build on. Learnt alone, from short rows to long ones, it takes minutes; mixed into
everything else from the start it takes many times the tokens (measured: 200 steps of 96 short rows
against no sign of it after 1,500 steps of dialogues).
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tunesmith.data.tokenizer import Tokenizer
from tunesmith.starter.names import is_reserved

_LONG_WORD = re.compile(r"[A-Za-z]{5,}")


def copy_rows(tokenizer: Tokenizer, seed: int, count: int, longest: int) -> Iterator[dict[str, Any]]:
    """``count`` rows of 2 to ``longest`` pieces, each a pure function of the vocabulary, the seed and its number."""
    pieces = vocabulary_pieces(tokenizer)
    for number in range(count):
        text = copy_text(random.Random(f"copy:{seed}:{number}"), pieces, longest)
        yield {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": text}]}


def write_copy_rows(path: Path, tokenizer: Tokenizer, seed: int, count: int, longest: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in copy_rows(tokenizer, seed, count, longest):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def copy_text(rng: random.Random, pieces: Sequence[str], longest: int) -> str:
    """Pieces in a row, no reserved word among them."""
    text = "".join(rng.choice(pieces) for _ in range(rng.randint(2, longest)))
    return _LONG_WORD.sub(_unreserved, text)


def vocabulary_pieces(tokenizer: Tokenizer) -> list[str]:
    """What each token says by itself, without control tokens and halves of characters."""
    control = {tokenizer.control_id(text) for text in tokenizer.control_tokens}
    said = (tokenizer.decode([i]) for i in range(tokenizer.vocab_size) if i not in control)
    return [text for text in said if text and "\ufffd" not in text and text.isprintable()]


def _unreserved(match: re.Match[str]) -> str:
    word = match.group()
    return f"{word[:3]}7{word[3:]}" if is_reserved(word) else word
