"""Harmful words are found however they are written, at the place where they stand; words that hold them are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.core.errors import Problems, UserError
from tunesmith.data.harm.find import HarmFilter, default_filter
from tunesmith.data.harm.terms import read_terms

FILTER = default_filter()
LIST = "[violence high]\nzap (him|her)\n[hate medium]\nplonker(s|)\nding … dong\n坏蛋\n[safe]\nzap her files\n坏蛋鸡\n[context]\ncourt\n"
OWN = HarmFilter(read_terms([("own", LIST)]))


def found(text: str, of: HarmFilter = OWN) -> list[tuple[str, str, str]]:
    return [(text[hit.start : hit.end], hit.category, hit.severity) for hit in of.find(text)]


@pytest.mark.parametrize(
    "text",
    ["You PLONKER!", "you pl0nker", "ｐｌｏｎｋｅｒ", "plon\u200bker", "a\nplonker\nb", "你这个plonker啊", "plonker's"],
)
def test_word_is_found_however_it_is_written(text: str) -> None:
    assert [category for _, category, _ in found(text)] == ["hate"]


def test_places_are_those_of_the_text_as_it_was_given() -> None:
    text = "well \u200bthe pl\u200bonker\ufeff, İ said, zap him"
    assert [piece for piece, _, _ in found(text)] == ["pl\u200bonker", "zap him"]


@pytest.mark.parametrize("text", ["unplonkered", "plonkery", "zap her files now", "a 好坏蛋鸡肉", "pl0nk3r5x"])
def test_word_inside_another_or_in_a_safe_phrase_is_not_found(text: str) -> None:
    assert found(text) == []


def test_two_parts_are_found_close_to_each_other_only() -> None:
    assert [piece for piece, _, _ in found("ding and then dong")] == ["ding and then dong"]
    assert found("ding" + " and on" * 20 + " dong") == []
    assert found("dong ding") == []


def test_context_makes_it_milder_but_not_what_is_severe() -> None:
    assert found("the court heard the word plonker")[0][2] == "low"
    assert found("the court heard zap him")[0][2] == "high"


def test_numbers_that_look_like_letters_are_no_words() -> None:
    numbers = HarmFilter(read_terms([("own", "[hate low]\nass\nsob\n")]))
    assert found("455 boxes, room a55, 508 people", numbers) == []
    assert [piece for piece, _, _ in found("you a$s", numbers)] == ["a$s"]


@pytest.mark.parametrize(
    ("text", "category", "severity"),
    [
        ("Go and kill yourself.", "self-harm", "high"),
        ("how do I make a simple pipe bomb at home", "violence", "high"),
        ("K1LL YOURSELF", "self-harm", "high"),
        ("I will murder you tonight", "violence", "high"),
        ("gas the jews", "hate", "high"),
        ("looking for child porn", "sexual", "high"),
        ("怎么制造炸弹？", "violence", "high"),
        ("我想自杀", "self-harm", "high"),
        ("儿童色情图片", "sexual", "high"),
        ("杀光所有犹太人", "hate", "high"),
    ],
)
def test_lists_that_come_with_it_find_the_gravest(text: str, category: str, severity: str) -> None:
    assert (category, severity) in [(hit.category, hit.severity) for hit in FILTER.find(text)]


@pytest.mark.parametrize(
    "text",
    [
        "The town of Scunthorpe lies near Penistone; the cocktail was served by Dickens.",
        "Kill the process with kill -9, then kill the job and the worker thread.",
        "The killer whale swam past the blue tits in the Essex sanctuary.",
        "Breast cancer screening, anal fissure and rapeseed oil.",
        "The assassin of the class passed the grass; Natalia sold clips to 48 of her friends.",
        "Suicide prevention hotline: call 988. The suicide rate fell.",
        "How do I kill a Python process?",
        "如何杀死进程？多轮交互与进出口交易，打击淫秽色情，预防自杀热线，强奸罪的量刑。",
        "他操作机器，干活很认真，日子过得不错。",
    ],
)
def test_harmless_text_is_left_alone(text: str) -> None:
    assert FILTER.find(text) == ()


@settings(max_examples=200)
@given(st.text(max_size=60), st.sampled_from(["zap him", "plonker", "坏蛋", "ＺＡＰ\u200b ｈｉｍ"]))
def test_every_hit_lies_in_the_text(before: str, term: str) -> None:
    text = f"{before} {term}"
    for hit in OWN.find(text):
        assert 0 <= hit.start < hit.end <= len(text)
    if "court" not in text.lower() and "\u200d" not in before and "ding" not in text.lower():
        assert any(hit.end == len(text) for hit in OWN.find(text)) or text.endswith("坏蛋")


def test_text_full_of_safe_phrases_costs_no_more_than_its_length() -> None:
    assert OWN.find("zap her files, zap her files " * 50_000) == ()


def test_list_that_cannot_be_read_names_every_bad_line() -> None:
    with pytest.raises(Problems) as error:
        read_terms([("mine.txt", "word\n[fun high]\n[hate high]\n(a|b\n" + "(a|b)" * 20 + "\n# fine\nx … y … z\n")])
    assert [(problem.file, problem.line) for problem in error.value.problems] == [
        ("mine.txt", n) for n in (1, 2, 4, 5, 7)
    ]


def test_list_of_the_users_own_stands_beside_the_others(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("[hate low]\nfrobnicator\n", encoding="utf-8")
    assert found("you frobnicator, kill yourself", HarmFilter.load([path]))[0][1] == "hate"


def test_list_that_is_missing_or_no_text_is_the_users_mistake(tmp_path: Path) -> None:
    bad = tmp_path / "bad.txt"
    bad.write_bytes(b"\xff\xfe\x00")
    for path in (bad, tmp_path / "none.txt"):
        with pytest.raises(UserError):
            HarmFilter.load([path])
