"""Guessed mappings: sure by names, unsure by content, in English and Chinese."""

from __future__ import annotations

from typing import Any

import pytest

from tunesmith.data.importers.column_guess import describe, guess


def rows(columns: list[str], *cells: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in cells]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["question", "answer"], {"user": "question", "assistant": "answer"}),
        (["Answer", "User Query"], {"user": "User Query", "assistant": "Answer"}),
        (["问题", "回答"], {"user": "问题", "assistant": "回答"}),
        (["客户问题", "客服回复", "工单号"], {"user": "客户问题", "assistant": "客服回复", "thread": "工单号"}),
        (["instruction", "input", "output"], {"user": "{instruction}\n\n{input}", "assistant": "output"}),
        (["question", "context", "answer"], {"user": "question", "context": "context", "assistant": "answer"}),
        (["prompt", "chosen", "rejected"], {"user": "prompt", "chosen": "chosen", "rejected": "rejected"}),
        (["text", "label"], {"user": "text", "label": "label"}),
        (["Frage", "Antwort"], {"user": "Frage", "assistant": "Antwort"}),
        (["Réponse", "Question"], {"user": "Question", "assistant": "Réponse"}),
        (["問題", "答案"], {"user": "問題", "assistant": "答案"}),
        (["問題", "回答"], {"user": "問題", "assistant": "回答"}),
        (["文本", "标签"], {"user": "文本", "label": "标签"}),
    ],
)
def test_names_that_leave_no_doubt_are_sure(columns: list[str], expected: dict[str, str]) -> None:
    found = guess(columns, rows(columns, *[tuple(f"{name} {n}" for name in columns) for n in range(3)]))
    assert found.is_sure
    assert found.mapping is not None
    assert {key: value for key, value in found.mapping.as_json().items() if key != "output"} == expected


def test_label_of_numbers_gives_way_to_the_label_of_words() -> None:
    columns = ["title", "description", "label_int", "label"]
    found = guess(columns, rows(columns, *[(f"t{n}", f"d{n}", n % 2, ("World", "Sport")[n % 2]) for n in range(40)]))
    assert found.mapping is not None
    assert (found.mapping.label, found.mapping.user) == ("label", "{title}\n\n{description}")


def test_column_of_free_text_is_no_label_whatever_its_name() -> None:
    columns = ["text", "category"]
    found = guess(columns, rows(columns, *[(f"t{n}", f"a long remark of its own, number {n}") for n in range(40)]))
    assert not found.is_sure


def test_answer_that_is_mostly_empty_takes_the_certainty_away() -> None:
    columns = ["question", "answer"]
    found = guess(columns, rows(columns, ("a", ""), ("b", ""), ("c", "d")))
    assert (found.is_sure, "empty" in found.reason) == (False, True)


@pytest.mark.parametrize(
    "columns",
    [
        ["question", "cypher"],
        ["Date", "Supplier", "Description", "Classification"],
        ["column 1", "column 2"],
        ["response"],
        ["question", "answer", "model_answer"],
    ],
)
def test_what_content_alone_suggests_is_never_sure(columns: list[str]) -> None:
    table = rows(columns, *[tuple(f"{name} has the text {n}" for name in columns) for n in range(30)])
    assert not guess(columns, table).is_sure


def test_columns_and_first_rows_are_shown_to_who_must_decide() -> None:
    text = describe(["a", "b"], rows(["a", "b"], ("x" * 500, 1), ("y", 2)))
    assert 'columns: "a", "b"' in text
    assert max(map(len, text.splitlines())) < 130


def test_table_without_columns_gives_no_mapping() -> None:
    assert guess([], []).mapping is None
