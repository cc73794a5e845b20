"""The painted text is decoded from the tokens themselves, and cut where the weight changes."""

from __future__ import annotations

import json

from tokenizers import AddedToken, decoders, models, pre_tokenizers
from tokenizers import Tokenizer as RustTokenizer

from tunesmith.data.examples import TokenizedExample
from tunesmith.data.preview import Segment, marked, paint, visible
from tunesmith.data.tokenizer import Piece, Tokenizer


def byte_tokenizer() -> Tokenizer:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    rust = RustTokenizer(models.BPE({letter: number for number, letter in enumerate(alphabet)}, []))
    rust.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    rust.decoder = decoders.ByteLevel()
    rust.add_special_tokens([AddedToken("</s>", special=True)])
    return Tokenizer(json.dumps(json.loads(rust.to_str())), {"eos_token": "</s>"}, "here")


def painted(*parts: tuple[str, float]) -> list[Segment]:
    tokenizer = byte_tokenizer()
    ids: list[int] = []
    weights: list[float] = []
    for text, weight in parts:
        encoded = tokenizer.encode([Piece(text, is_control=True)])
        ids, weights = ids + encoded, weights + [weight] * len(encoded)
    return paint(TokenizedExample(1, tuple(ids), tuple(weights)), tokenizer)


def test_text_is_cut_where_the_weight_changes() -> None:
    segments = painted(("What? ", 0), ("日本</s>", 1), ("\n", 0))
    assert segments == [Segment("What? ", 0, 6), Segment("日本</s>", 1, 7), Segment("\n", 0, 1)]
    assert marked(segments) == "What? ⟦日本</s>⟧\n"


def test_first_token_is_never_painted_as_nothing_predicts_it() -> None:
    assert marked(painted(("abc", 1))) == "a⟦bc⟧"


def test_other_weights_are_told() -> None:
    assert marked(painted(("ab", 0), ("cd", 0.1))) == "ab⟦0.1× cd⟧"


def test_nothing_gives_nothing() -> None:
    assert painted() == []


def test_characters_that_steer_a_terminal_are_spelled_out() -> None:
    assert visible("a\tb\n\x1b[31m\r\x9b\u202e日👍") == "a\tb\n␛[31m␍<U+009B><U+202E>日👍"
