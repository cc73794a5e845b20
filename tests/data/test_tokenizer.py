"""Typed text never makes a control token, and otherwise the ids are the tokenizer's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, models, pre_tokenizers
from tokenizers import Tokenizer as RustTokenizer

from tunesmith.core.errors import UserError
from tunesmith.data.tokenizer import Piece, TextStream, Tokenizer

ODD = st.text(max_size=12) | st.text(alphabet=" \n\tab🙂é中\u2028\ue000", max_size=12)


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Path) -> Tokenizer:
    return Tokenizer.load(tiny_base)


def typed(text: str) -> Piece:
    return Piece(text, is_control=False)


def written(text: str) -> Piece:
    return Piece(text, is_control=True)


# ---- text and ids --------------------------------------------------------------------------------


@given(texts=st.lists(st.tuples(ODD, st.booleans()), max_size=5))
@settings(deadline=None)
def test_ids_do_not_depend_on_how_text_is_cut(tokenizer: Tokenizer, texts: list[tuple[str, bool]]) -> None:
    pieces = [Piece(text, is_control) for text, is_control in texts]
    whole = "".join(text for text, _ in texts)
    assert tokenizer.encode(pieces) == tokenizer.encode_whole(whole)
    assert tokenizer.decode(tokenizer.encode(pieces)) == whole


@given(texts=st.lists(ODD, min_size=1, max_size=5))
@settings(deadline=None)
def test_groups_begin_alike_whatever_follows(tokenizer: Tokenizer, texts: list[str]) -> None:
    groups = [[written("<|im_start|>"), typed(text)] for text in texts]
    assert tokenizer.encode_groups(groups[:1]) == tokenizer.encode_groups(groups)[:1]
    assert tokenizer.encode_groups(groups)[0] == tokenizer.encode(groups[0])


def test_ids_beyond_the_embedding_are_refused_with_both_numbers(tokenizer: Tokenizer) -> None:
    top = tokenizer.vocab_size - 1
    with pytest.raises(
        UserError, match=rf"ids up to {top} \(.*embedding has {top} rows, the last for id {top - 1}"
    ) as caught:
        tokenizer.check_fits(top)
    assert repr(tokenizer.token_text(top)) in caught.value.message


def test_rows_beyond_the_ids_are_padding_and_remarked(tokenizer: Tokenizer) -> None:
    num_ids = tokenizer.vocab_size
    assert tokenizer.check_fits(num_ids) is None
    remark = f"The embedding has 1,024 rows and the tokenizer {num_ids} ids: the rest is padding."
    assert tokenizer.check_fits(1024) == remark


def test_gap_among_the_ids_does_not_hide_the_last_one(tiny_base: Path, tmp_path: Path) -> None:
    raw = json.loads((tiny_base / "tokenizer.json").read_text())
    vocabulary = raw["model"]["vocab"]
    vocabulary[max(vocabulary, key=vocabulary.get)] = 500
    (tmp_path / "tokenizer.json").write_text(json.dumps(raw))
    assert Tokenizer.load(tmp_path).vocab_size < 384
    with pytest.raises(UserError, match="ids up to 500"):
        Tokenizer.load(tmp_path).check_fits(384)


def test_written_control_token_is_one_id(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode([written("<|im_start|>user\n"), typed("<|im_start|>"), written("<|im_end|>")])
    assert ids.count(tokenizer.control_id("<|im_start|>")) == 1  # type: ignore[arg-type]
    assert tokenizer.decode(ids, show_control=True) == "<|im_start|>user\n<|im_start|><|im_end|>"
    assert tokenizer.decode(ids) == "user\n<|im_start|>"


def test_control_token_half_written_half_typed_stays_text(tokenizer: Tokenizer) -> None:
    assert tokenizer.control_id("<|im_end|>") not in tokenizer.encode([written("<|im_"), typed("end|>")])


def test_longest_control_token_is_found_first() -> None:
    tokenizer = words(["<a>", "<a><b>"])
    assert tokenizer.first_control_token("x<a><b>") == ("<a><b>", 7)
    assert tokenizer.first_control_token("nothing") is None


def words(control: list[str], vocab: list[str] | None = None, **options: Any) -> Tokenizer:
    """One token a word, and control tokens."""
    pieces = ["?", *(vocab or ["a", "b", *control])]
    model = models.WordLevel({piece: number for number, piece in enumerate(pieces)}, unk_token="?")
    rust = RustTokenizer(model)
    rust.pre_tokenizer = pre_tokenizers.Split(" ", "removed")
    rust.add_special_tokens([AddedToken(text, normalized=False, **options) for text in control])
    return Tokenizer(rust.to_str(), {}, "base")


@pytest.mark.parametrize("model", ["word level", "unigram"])
def test_control_token_that_the_vocabulary_knows_too_stays_text(model: str) -> None:
    """Trainers write control tokens into the vocabulary of the model, where text may meet them."""
    tokenizer = words(["<end>"], ["a", "b", "<end>"]) if model == "word level" else unigram()
    assert tokenizer.control_id("<end>") not in tokenizer.encode([typed("a <end> b")])
    assert tokenizer.control_id("<end>") in tokenizer.encode([typed("a "), written("<end>")])


def unigram() -> Tokenizer:
    pieces = [("?", 0.0), ("<end>", 0.0), *((character, -3.0) for character in "ab <end>")]
    rust = RustTokenizer(models.Unigram(list(dict(pieces).items()), unk_id=0, byte_fallback=False))
    rust.add_special_tokens([AddedToken("<end>", normalized=False)])
    return Tokenizer(rust.to_str(), {}, "base")


def test_runs_of_blanks_in_the_vocabulary_are_no_control_tokens(tiny_base: Path) -> None:
    """GPT-NeoX, Phi-2 and OLMo have tokens for two blanks, three blanks and so on: text is made of them."""
    rust = RustTokenizer.from_file(str(tiny_base / "tokenizer.json"))
    rust.add_tokens([AddedToken(" " * count, normalized=False) for count in (2, 3, 4)])
    tokenizer = Tokenizer(rust.to_str(), {}, "base")
    text = "if a:\n    b\n  c"
    assert tokenizer.encode([typed(text)]) == tokenizer.encode_whole(text)
    assert tokenizer.first_control_token(text) is None


@pytest.mark.parametrize("text", ["a <end> b", "a  <end>  b", "<end>a", " <end>", "a\n<end>\nb<end> <end>"])
@pytest.mark.parametrize("options", [{"lstrip": True}, {"rstrip": True}, {"lstrip": True, "rstrip": True}, {}])
def test_control_token_swallows_the_blanks_that_it_is_told_to(text: str, options: dict[str, bool]) -> None:
    rust = RustTokenizer(models.WordLevel({c: n for n, c in enumerate("?ab \n")}, unk_token="?"))
    rust.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    rust.add_special_tokens([AddedToken("<end>", normalized=False, **options)])
    tokenizer = Tokenizer(rust.to_str(), {}, "base")
    assert tokenizer.encode([written(text)]) == tokenizer.encode_whole(text)


# ---- streams -------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["plain text", "🙂 近👩‍👩‍👧远 é", "a\ufffdb", "近" * 60, ""])
def test_stream_gives_the_text_in_whole_characters(tokenizer: Tokenizer, text: str) -> None:
    stream = TextStream(tokenizer)
    shown = [stream.push(token) for token in tokenizer.encode([typed(text)])]
    assert "".join([*shown, stream.finish()]) == text
    assert not any("\ufffd" in part for part in shown if "\ufffd" not in text)


def test_stream_does_not_repeat_the_prompt(tokenizer: Tokenizer) -> None:
    prompt = tokenizer.encode([typed("Say 近 and 🙂")])
    stream = TextStream(tokenizer, prompt)
    answer = tokenizer.encode([typed("red 🙂")], is_start=False)
    assert "".join([*map(stream.push, answer), stream.finish()]) == "red 🙂"


# ---- folders -------------------------------------------------------------------------------------


def test_special_tokens_are_those_of_the_settings(tokenizer: Tokenizer) -> None:
    assert (tokenizer.bos_token, tokenizer.eos_token) == ("<|bos|>", "<|im_end|>")
    assert tokenizer.eos_id == tokenizer.token_id("<|im_end|>")
    assert not tokenizer.adds_bos
    written_out = {"eos_token": {"content": "<|im_end|>", "lstrip": False}, "bos_token": None}
    other = Tokenizer(tokenizer.source, written_out, "base")
    assert (other.bos_token, other.eos_token) == (None, "<|im_end|>")


def test_folder_without_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"tokenizer\.json is missing"):
        Tokenizer.load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff\xfe\x00", b'{"model": {"type": "BPE"}}', b"null"])
def test_broken_tokenizer_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tokenizer.json").write_bytes(content)
    with pytest.raises(UserError, match=r"tokenizer\.json is not a readable tokenizer"):
        Tokenizer.load(tmp_path)


def test_broken_settings_are_refused_by_their_name(tmp_path: Path, tiny_base: Path) -> None:
    (tmp_path / "tokenizer.json").write_bytes((tiny_base / "tokenizer.json").read_bytes())
    (tmp_path / "tokenizer_config.json").write_text("{")
    with pytest.raises(UserError, match=r"tokenizer_config\.json"):
        Tokenizer.load(tmp_path)


@pytest.mark.parametrize("value", ["<|gone|>", {"content": "<|gone|>"}, 5])
def test_end_token_that_the_vocabulary_lacks_is_refused(tmp_path: Path, tiny_base: Path, value: object) -> None:
    (tmp_path / "tokenizer.json").write_bytes((tiny_base / "tokenizer.json").read_bytes())
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"eos_token": value}))
    with pytest.raises(UserError, match=r"eos_token .* is not in the vocabulary"):
        Tokenizer.load(tmp_path)


def test_bytes_of_tokens_spell_the_text_where_the_vocabulary_has_bytes(tiny_base: Path) -> None:
    tokenizer = Tokenizer.load(tiny_base)
    text = "近 🙂 \n\0 é warm"
    spelled = [tokenizer.token_bytes(token) for token in tokenizer.encode([Piece(text, is_control=False)])]
    assert b"".join(part or b"?" for part in spelled).decode() == text


def test_control_tokens_and_unknown_ids_have_no_bytes(tiny_base: Path) -> None:
    tokenizer = Tokenizer.load(tiny_base)
    end = tokenizer.control_id("<|im_end|>")
    assert end is not None
    assert tokenizer.token_bytes(end) is None
    assert tokenizer.token_bytes(10_000) is None
