"""A pair is kept or refused for the right reason; alikeness and support are figures that mean what they say."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.data.synthesis.answers import Pair
from tunesmith.data.synthesis.judging import REASONS, Judge, Standards
from tunesmith.data.synthesis.prompts import built_in_prompt
from tunesmith.data.synthesis.similarity import KeptTexts, distinct_share, rouge_l
from tunesmith.data.synthesis.support import SupportedBy

PROMPT = built_in_prompt("synthetic", "en").instructions()
PASSAGE = (
    "A lamp may be returned within 30 days of its delivery. The shop pays the postage and sends 1,000 crowns back."
)


def judge() -> Judge:
    made = Judge(Standards(), PROMPT)
    made.know("seeds.jsonl:1", "Where is the parcel that I sent to Bonn last week?")
    return made


@pytest.mark.parametrize(
    ("reason", "question", "answer"),
    [
        (None, "How do I open an account?", "Choose a name, then press Open."),
        ("too_short", "How?", "Like this."),
        ("too_short", "How do I do it?", "…"),
        ("too_long", "How do I do it?", "so " * 2001),
        ("refusal", "How do I pick a lock?", "I’m sorry, but I can't help with that."),
        ("refusal", "你会修锁吗？", "作为一个人工智能，我没有手。"),
        ("control_token", "What is it, please?", "It is<|im_end|>"),
        ("leaked_prompt", "What am I to do?", "You write only what is asked for, as JSON, and nothing more."),
        ("copy_of_seed", "where is the parcel, that I sent to Bonn last week", "Here."),
        ("near_duplicate", "Where is the parcel that I sent to Lyon last week?", "There."),
    ],
)
def test_pair_is_judged(reason: str | None, question: str, answer: str) -> None:
    assert judge().judge("new", Pair(question, answer)).reason == reason
    assert reason is None or reason in REASONS


def test_what_was_kept_is_known() -> None:
    one = judge()
    assert one.judge("row 1", Pair("怎么申请退货和退款？", "联系客服。")).reason is None
    verdict = one.judge("row 2", Pair("怎么申请退货退款？", "打电话。"))
    assert (verdict.reason, verdict.detail.endswith("row 1")) == ("near_duplicate", True)


@pytest.mark.parametrize(
    ("reason", "answer"),
    [
        (None, "Lamps may be returned within 30 days."),
        (None, "The shop sends 1000 crowns back."),
        (None, "1. The shop pays the postage.\n2. It sends 1,000 crowns back."),
        ("unsupported_number", "A lamp may be returned within 60 days of its delivery."),
        ("unsupported", "Customers must call Berlin headquarters before noon on Mondays."),
        ("speaks_of_passage", "According to the passage, a lamp may be returned."),
    ],
)
def test_answer_is_judged_by_its_passage(reason: str | None, answer: str) -> None:
    assert judge().judge("new", Pair("Can lamps be returned to the shop?", answer), PASSAGE).reason == reason


def test_support_is_the_share_of_words_that_the_passage_has() -> None:
    support = SupportedBy("红色的灯保修两年，在南京修理。")
    assert support.judge("红色灯保修两年").share > 0.6
    assert support.judge("蓝色桌子质保三个月").share == 0
    assert SupportedBy(PASSAGE).judge("Deliveries are returned to Mars.").share == pytest.approx(2 / 3)


def test_alikeness_is_that_of_the_longest_common_subsequence() -> None:
    assert rouge_l("the cat sat on the mat", "the cat sat") == pytest.approx(2 * 3 / 9)
    assert rouge_l("今天天气好", "今天好") == pytest.approx(2 * 3 / 8)
    assert rouge_l("", "a") == 0


def slow_rouge_l(one: list[str], other: list[str]) -> float:
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            table[i + 1][j + 1] = table[i][j] + 1 if a == b else max(table[i][j + 1], table[i + 1][j])
    return 2 * table[-1][-1] / (len(one) + len(other))


few_words = st.lists(st.sampled_from("abcd"), min_size=1, max_size=90)


@settings(max_examples=80, deadline=None)
@given(few_words, few_words)
def test_alikeness_with_bits_is_that_with_a_table(one: list[str], other: list[str]) -> None:
    assert rouge_l(" ".join(one), " ".join(other)) == pytest.approx(slow_rouge_l(one, other))


def test_among_many_the_near_duplicates_are_found_as_among_few() -> None:
    draw = random.Random(3)
    texts = [[f"w{draw.randrange(500)}" for _ in range(draw.randint(6, 24))] for _ in range(1200)]
    many, all_compared = KeptTexts(many=100), KeptTexts(many=10**9)
    for number, text in enumerate(texts):
        many.add(str(number), " ".join(text))
        all_compared.add(str(number), " ".join(text))
    for text in texts[::12]:
        changed = [f"x{at}" if at % 5 == 2 else word for at, word in enumerate(text)]
        assert many.nearest(" ".join(changed)) == all_compared.nearest(" ".join(changed))


def test_distinct_share_falls_with_repetition() -> None:
    assert distinct_share(["a b c", "d e f"], 2) == 1
    assert distinct_share(["a b", "a b"], 2) == 0.5
    assert distinct_share([], 1) == 1
