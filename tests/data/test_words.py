"""Ids that are put together word by word are those of the whole text, or the tokenizer is asked for the whole text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers import Tokenizer as RustTokenizer

from tunesmith.core.errors import MachineError
from tunesmith.data.expressions import ascii_expression, ends_before_blanks
from tunesmith.data.tokenizer import Piece, Tokenizer
from tunesmith.data.word_borders import cuts_before_words
from tunesmith.data.words import Encoder, Words

GPT_2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA_3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN_2 = LLAMA_3.replace("{1,3}", "")
QWEN_3_5 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_ENDINGS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
O200K = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+{_ENDINGS}|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*{_ENDINGS}"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
STARTER = r"\p{Lu}+\p{Ll}*| ?\p{Ll}+|\p{N}|[\p{Han}]+| ?[^\s\p{L}\p{N}]{1,3}|\p{L}+|\s+"
DEEPSEEK = (
    r"\p{N}{1,3}",
    "[一-龥぀-ゟ゠-ヿ]+",
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+""",
)
EXPRESSIONS = {"llama 3": LLAMA_3, "qwen 2": QWEN_2, "qwen 3.5": QWEN_3_5, "o200k": O200K, "starter": STARTER}


def byte_level() -> Any:
    return pre_tokenizers.ByteLevel(add_prefix_space=False)


def split(*expressions: str) -> Any:
    steps = [pre_tokenizers.Split(Regex(each), "isolated") for each in expressions]
    return pre_tokenizers.Sequence([*steps, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


CUTS: dict[str, Callable[[], Any]] = {
    "gpt 2": byte_level,
    "smollm": lambda: pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level()]),
    "starcoder": lambda: pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=False), byte_level()]),
    "deepseek": lambda: split(*DEEPSEEK),
    **{name: lambda each=each: split(each) for name, each in EXPRESSIONS.items()},  # type: ignore[misc]
}
CORPUS = [
    "Hello there, what is this?\n\n  It's red and blue, old and new; I'LL say: it's 1234 or 56.\n",
    "  def f(x):\n    return x + 1  # what\n\tends here\n",
    "你好，世界。今天天气很好，“真的”！ それは何ですか。 안녕하세요 세계",
    "Ünïcödé é é naïve Straße שלום عالم привет мир 🙂🙂 ½ ²³ Ⅷ ａｂｃ\u3000\u2028",
]
MADE: dict[str, Tokenizer] = {}


def made(name: str) -> Tokenizer:
    if name not in MADE:
        rust = RustTokenizer(models.BPE(ignore_merges=name == "llama 3"))
        rust.normalizer = normalizers.NFC() if name.startswith("qwen") else None
        rust.pre_tokenizer, rust.decoder = CUTS[name](), decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(vocab_size=600, initial_alphabet=alphabet, show_progress=False)
        rust.train_from_iterator(CORPUS * 3, trainer)
        rust.add_special_tokens([AddedToken("<|end|>", normalized=False)])
        MADE[name] = Tokenizer(rust.to_str(), {}, "base")
    return MADE[name]


SEEDS = [part for text in CORPUS for part in re.findall(r"\S+|\s", text)]
BLANKS = [
    *" \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u180e\u2000\u2007\u2028\u202f\u205f\u3000\u200b\ufeff",
    "  ",
    "\r\n",
]
ODD = [
    "\u0301",
    "\u0308a",
    "\u1100\u1161",
    "Å",
    "が",
    "\ud7a3",
    "ſ",
    "'ſ",
    "'S",
    "'Ll",
    "\U0001f469\u200d\U0001f467",
    "\x00",
    "İ",
]
TEXTS = st.lists(
    st.sampled_from([*SEEDS, *BLANKS, *ODD, "'", "-", "7", "x"]) | st.text(max_size=4) | st.just(" "), max_size=24
).map("".join)


@pytest.mark.parametrize("name", CUTS)
@given(text=TEXTS)
@settings(max_examples=150, deadline=None)
def test_ids_by_words_are_those_of_the_library(name: str, text: str) -> None:
    tokenizer = made(name)
    wanted = tokenizer.encode_whole(text)
    assert tokenizer.encode_text(text, "first") == wanted
    assert tokenizer.encode_text(text, "inner") == wanted
    assert tokenizer.count_text(text, "section") == len(wanted)


@pytest.mark.parametrize("name", CUTS)
def test_known_tokenizers_cut_before_words(name: str) -> None:
    raw = json.loads(made(name).source)
    assert cuts_before_words({**raw, "added_tokens": []})


@given(text=st.lists(TEXTS, max_size=6).map(" ".join))
@settings(max_examples=60, deadline=None)
def test_words_that_were_forgotten_are_asked_for_again(text: str) -> None:
    encode = made("gpt 2").encode_whole
    words = Words(encode, Encoder.of(encode), "base", most_bytes=4_000)
    for start in range(0, len(text), 7):
        assert words.ids(text[start:]) == encode(text[start:])
        assert words.count(text[start:]) == len(encode(text[start:]))


def test_words_that_come_again_are_asked_for_once() -> None:
    asked: list[str] = []

    def encode(text: str) -> list[int]:
        asked.append(text)
        return [len(part) for part in text.split(" ")[1:]]

    words = Words(encode, Encoder.of(encode), "base")
    for _ in range(40):
        words.ids("a the cat and the dog")
    assert [asked.count(f" {word}") for word in ("the", "cat", "and", "dog")] == [1, 1, 1, 1]


def test_tokens_that_differ_from_the_librarys_stop_the_job_with_the_text() -> None:
    words = Words(lambda text: [1], Encoder.of(lambda text: [2]), "base")
    with pytest.raises(MachineError, match=r"word by word.*'what it is about'"):
        words.ids("what it is about")


def test_later_texts_are_compared_too() -> None:
    is_wrong = False

    def encode(text: str) -> list[int]:
        return [0] if is_wrong and text == "x y" else [1] * text.count(" ")

    words = Words(encode, Encoder.of(encode), "base")
    words.ids("x y")
    is_wrong = True
    with pytest.raises(MachineError):
        list(map(words.ids, ["x y"] * 10_000))


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw["pre_tokenizer"].update(add_prefix_space=True),
        lambda raw: raw["model"].update(dropout=0.1),
        lambda raw: raw.update(normalizer={"type": "NFKC"}),
        lambda raw: raw.update(normalizer={"type": "Replace", "pattern": {"String": " "}, "content": "x"}),
        lambda raw: raw.update(pre_tokenizer=None),
        lambda raw: raw.update(pre_tokenizer={"type": "Whitespace"}),
        lambda raw: raw.update(pre_tokenizer={"type": "Digits", "individual_digits": True}),
        lambda raw: raw["pre_tokenizer"].update(use_regex=False),
        lambda raw: raw.update(pre_tokenizer={"type": "Sequence", "pretokenizers": [raw["pre_tokenizer"]] * 2}),
        lambda raw: raw["model"].update(type="Unigram"),
    ],
)
def test_tokenizer_of_another_kind_is_asked_for_the_whole(change: Callable[[dict[str, Any]], object]) -> None:
    raw = {**json.loads(made("gpt 2").source), "added_tokens": []}
    assert cuts_before_words(raw)
    change(raw)
    assert not cuts_before_words(raw)


def test_tokens_for_runs_of_blanks_are_found() -> None:
    rust = RustTokenizer.from_str(made("gpt 2").source)
    rust.add_tokens([AddedToken(" " * count, normalized=False) for count in (2, 3, 4)] + [AddedToken("\n\n")])
    tokenizer = Tokenizer(rust.to_str(), {}, "base")
    for text in ("a  b   c    d e", "if a:\n    b\n\n  c d", "x \n\n y", "  ", " a  "):
        assert tokenizer.encode_text(text, "first") == tokenizer.encode_whole(text)
    rust.add_tokens([AddedToken(" " * 5, normalized=False, lstrip=True)])
    raw = json.loads(rust.to_str())
    blanks = [token for token in raw["added_tokens"] if not token["content"].strip()]
    assert not cuts_before_words({**raw, "added_tokens": blanks})


# ---- expressions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "alternative",
    [
        *(r"\p{L}+ ?", r"\p{L}+\s?", r"[^\r\n]+", ".+", r"\S+", r"[\n-z]+", "[ -~]+", r"[\t-a]", r"\p{L}+(?=\s)"),
        *(r"\s+(?!\s)", r"\p{L}+(?!\S)", r"\s+$", r"[^a&&b]", "[[a] b]", r"a\p{Z}", r"\p{L}*?\s", "a b", ""),
        *(r"\b", r"[^\P{L}]x ", r"(a| b)", r"(?i:'s| t)", r"\x20", r"a[\w ]", r"\p{^L}+", r"[\p{L}\p{Zs}]+ "),
    ],
)
def test_expression_that_may_reach_over_a_blank_is_not_trusted(alternative: str) -> None:
    assert not ends_before_blanks(alternative)


ATOMS = st.sampled_from(
    [
        " ",
        r"\s",
        r"\p{L}",
        r"\p{N}",
        r"[^\s\p{L}\p{N}]",
        r"[^\r\n\p{L}]",
        r"[\r\n]",
        r"[\p{L}' ]",
        "a",
        "'",
        r"[!-~]",
        r"[^a]",
    ]
)
ALTERNATIVES = st.lists(
    st.tuples(ATOMS, st.sampled_from(["", "?", "+", "*", "{1,3}", "?+"])), min_size=1, max_size=4
).map(lambda atoms: "".join(atom + repeated for atom, repeated in atoms))


@given(alternatives=st.lists(ALTERNATIVES, max_size=4), text=TEXTS)
@settings(max_examples=400, deadline=None)
def test_trusted_expressions_cut_at_every_border(alternatives: list[str], text: str) -> None:
    trusted = [each for each in alternatives if ends_before_blanks(each)]
    cut = pre_tokenizers.Split(Regex("|".join([*trusted, r"\s+(?!\S)", r"\s+"])), "isolated")
    starts = {start for _, (start, _) in cut.pre_tokenize_str(text)}
    borders = {found.start() for found in re.finditer(r"(?<=\S) ", text)}
    assert borders <= starts
    by_words = [piece for part in re.split(r"(?<=\S)(?= )", text) for piece, _ in cut.pre_tokenize_str(part)]
    assert by_words == [piece for piece, _ in cut.pre_tokenize_str(text)]


@pytest.mark.parametrize("expression", [GPT_2, *EXPRESSIONS.values()])
@given(text=st.text(alphabet=st.characters(max_codepoint=127), max_size=30))
@settings(max_examples=200, deadline=None)
def test_ascii_text_is_cut_by_python_as_by_the_library(expression: str, text: str) -> None:
    ours = ascii_expression(expression)
    assert ours is not None
    theirs = pre_tokenizers.Split(Regex(expression), "isolated").pre_tokenize_str(text)
    assert ours.findall(text) == [piece for piece, _ in theirs]


@pytest.mark.parametrize(
    "text", [" " * 100_000, "x" * 100_000, "x " * 50_000, " \n" * 50_000, "é " * 50_000, "'" * 100_000]
)
def test_hostile_text_is_tokenized_as_by_the_library(text: str) -> None:
    tokenizer = made("llama 3")
    assert tokenizer.encode([Piece(text, is_control=False)]) == tokenizer.encode_whole(text)
