"""Characters that nobody sees are found where they do not belong, and left where they do."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.data.content.characters import (
    find_curly_quotes,
    find_invisible,
    find_mojibake,
    find_replaced,
    may_be_odd,
    without_invisible,
)

ODD = "\u00ad\u061c\u200b\u200c\u200d\u200e\u202e\u2028\u2060\u2066\ufeff\U000e0041\U000e0100"
NEAR = "ab 中\u05d0\u0645\u0915\U0001f469\U0001f3f4\ufe0f."


@pytest.mark.parametrize(
    "text",
    [
        "pay\u200bpal",
        "\ufeffhello",
        "soft\u00adhyphen",
        "left\u202eright",
        "a\u200db",
        "中\u200c文",
        "hi\U000e0041\U000e0042",
    ],
)
def test_character_that_nobody_sees_is_found_and_removed(text: str) -> None:
    assert find_invisible(text) is not None
    assert may_be_odd(text)
    mended, count = without_invisible(text)
    assert find_invisible(mended) is None
    assert count >= 1


@pytest.mark.parametrize(
    "text",
    [
        "family: \U0001f468\u200d\U0001f469\u200d\U0001f467",
        "heart \u2764\ufe0f\u200d\U0001f525",
        "می\u200cخواهم",  # Persian
        "क्\u200dष",  # Devanagari
        "\u200fשלום (hello)\u200e",
        "England \U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "葛\U000e0100城",
        "plain ASCII\twith a tab\nand a line",
        "“正常的中文引号”，以及全角标点！",
    ],
)
def test_character_that_belongs_where_it_stands_is_left_alone(text: str) -> None:
    assert find_invisible(text) is None
    assert without_invisible(text) == (text, 0)


def test_override_is_found_in_text_from_right_to_left_too() -> None:
    odd = find_invisible("שלום \u202eabc")
    assert odd is not None
    assert "U+202E" in odd.what


def test_control_character_is_named() -> None:
    odd = find_invisible("colour \x1b[31mred")
    assert odd is not None
    assert "u001b" in odd.what


def test_line_separator_becomes_a_line_feed() -> None:
    assert without_invisible("one\u2028two") == ("one\ntwo", 1)


@settings(max_examples=300)
@given(st.text(alphabet=ODD + NEAR, max_size=12))
def test_removing_twice_removes_nothing_more(text: str) -> None:
    mended, _ = without_invisible(text)
    assert find_invisible(mended) is None
    assert without_invisible(mended) == (mended, 0)


@pytest.mark.parametrize(
    ("broken", "meant"), [("cafÃ©", "é"), ("itâ€™s", "’"), ("20Â°", "°"), ("ä½ å¥½", "你"), ("naÃ¯ve", "ï")]
)
def test_mojibake_is_read_as_it_was_meant(broken: str, meant: str) -> None:
    broken = broken.replace("ä½ ", "ä½\u00a0")
    odd = find_mojibake(broken)
    assert odd is not None
    assert odd.mended == meant
    assert may_be_odd(broken)


@pytest.mark.parametrize("text", ["São Paulo", "ÂNGELO", "château", "naïve café", "SEÑOR", "Ærø", "à la carte"])
def test_accents_are_no_mojibake(text: str) -> None:
    assert find_mojibake(text) is None


def test_replacement_character_and_its_chinese_traces_are_found() -> None:
    assert find_replaced("a \ufffd b") is not None
    assert find_replaced("结果是锟斤拷") is not None
    assert find_replaced("结果是好的") is None


@pytest.mark.parametrize("text", ["{“a”: 1}", "```python\nprint(“hi”)\n```", "```js\nconst a = ‘x’;\nf(‘x’)\n```"])
def test_typographic_quotes_that_break_a_program_are_found(text: str) -> None:
    assert find_curly_quotes(text) is not None


@pytest.mark.parametrize(
    "text", ['{"said": "“yes”"}', "He said “yes”.", "```text\nno quotes\n``` and “these”", "[“see below”] is a note"]
)
def test_typographic_quotes_in_prose_are_left_alone(text: str) -> None:
    assert find_curly_quotes(text) is None


def test_endless_fences_cost_no_time() -> None:
    assert find_curly_quotes("`" * 200_000 + "“a”") is None
    assert find_curly_quotes("``` " * 50_000 + "“a”") is None
    assert find_curly_quotes("```\n" * 50_001 + "“a”") is None
