"""A column mapping: written, judged, applied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunesmith.core.errors import Problems, UserError
from tunesmith.data.importers.mapping import (
    ColumnMapping,
    apply,
    from_json,
    labels_of,
    parse,
    with_listed_labels,
)
from tunesmith.data.importers.rows import Left, Made, Place, Record
from tunesmith.data.validate import validate_file

PLACE = Place("t.csv", 2)
COLUMNS = ["question", "answer", "context", "ticket", "intent"]


def one(mapping: ColumnMapping, **cells: Any) -> Made | Left:
    (found,) = apply(mapping, [Record(cells, PLACE)])
    return found


def row(mapping: ColumnMapping, **cells: Any) -> dict[str, Any]:
    found = one(mapping, **cells)
    assert isinstance(found, Made)
    return found.row


def test_columns_become_messages_and_the_thread_is_kept() -> None:
    mapping = ColumnMapping("question", "answer", system="Be terse.", thread="ticket")
    assert row(mapping, question="Where?", answer="Here.", ticket="T1") == {
        "messages": [
            {"role": "system", "content": "Be terse."},
            {"role": "user", "content": "Where?"},
            {"role": "assistant", "content": "Here."},
        ],
        "metadata": {"thread": "T1"},
    }


def test_template_is_filled_and_doubled_braces_stand() -> None:
    mapping = ColumnMapping("{context}\n\n{question} {{sic}}", "answer")
    messages = row(mapping, question="Why?", answer="So.", context="")["messages"]
    assert messages[0]["content"] == "Why? {sic}"


def test_context_stands_before_the_question_where_there_is_any() -> None:
    mapping = ColumnMapping("question", "answer", context="context")
    contents = [
        row(mapping, question="Q", answer="A", context=text)["messages"][0]["content"] for text in ("C", " ", None)
    ]
    assert contents == ["C\n\nQ", "Q", "Q"]


def test_label_is_the_answer_and_told_to_splits() -> None:
    made = row(ColumnMapping("question", label="intent"), question="Where is it?", intent="delivery")
    assert made["messages"][-1]["content"] == made["metadata"]["label"] == "delivery"


def test_labels_are_listed_in_the_system_message() -> None:
    records = [Record({"question": "q", "intent": intent}, PLACE) for intent in ("a", "b{x}", "a", "")]
    mapping = with_listed_labels(ColumnMapping("question", label="intent"), labels_of("intent", records), COLUMNS)
    assert row(mapping, question="q", intent="a")["messages"][0]["content"].endswith("labels:\na\nb{x}")


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ({"question": " ", "answer": "A"}, "empty_question"),
        ({"question": "Q", "answer": ""}, "empty_answer"),
        ({"question": "Q", "answer": None}, "empty_answer"),
        ({"question": "Q", "answer": float("nan")}, "empty_answer"),
        ({"question": "Q"}, "empty_answer"),
    ],
)
def test_row_without_question_or_answer_is_left_out_with_its_place(cells: dict[str, Any], rule: str) -> None:
    found = one(ColumnMapping("question", "answer"), **cells)
    assert isinstance(found, Left)
    assert (found.rule, found.place) == (rule, PLACE)


def test_what_was_left_out_before_goes_out_as_it_is() -> None:
    left = Left("broken_quote", "m", "h", PLACE)
    assert list(apply(ColumnMapping("question", "answer"), [left])) == [left]


def test_preference_rows_need_two_answers_that_differ() -> None:
    mapping = from_json({"user": "q", "chosen": "c", "rejected": "r"}, ["q", "c", "r"])
    assert row(mapping, q="Q", c="good", r="bad")["non_preferred_output"] == [{"role": "assistant", "content": "bad"}]
    same = one(mapping, q="Q", c="good", r="good")
    assert isinstance(same, Left) and same.rule == "equal_answers"  # noqa: PT018


def test_reinforcement_keeps_its_reference_columns() -> None:
    mapping = from_json({"user": "question", "references": ["answer"], "output": "reinforcement"}, COLUMNS)
    assert row(mapping, question="6 × 7?", answer=42) == {
        "messages": [{"role": "user", "content": "6 × 7?"}],
        "answer": 42,
    }


@pytest.mark.parametrize(
    ("cell", "text"), [(3.0, "3"), (2.5, "2.5"), (7, "7"), (True, "true"), ({"a": [1]}, '{"a":[1]}')]
)
def test_cell_that_is_no_text_is_written_as_a_person_would(cell: Any, text: str) -> None:
    assert row(ColumnMapping("question", "answer"), question="q", answer=cell)["messages"][-1]["content"] == text


def test_mapping_is_written_in_pairs_or_as_json() -> None:
    short = parse("user={question}, please, assistant=answer", COLUMNS)
    assert short == parse('{"user": "{question}, please", "assistant": "answer"}', COLUMNS)
    assert from_json(short.as_json(), COLUMNS) == short


def test_everything_wrong_with_a_mapping_is_said_at_once() -> None:
    with pytest.raises(Problems) as raised:
        parse("user=qestion,assistant=answr,thread=tiket", COLUMNS)
    assert [problem.hint for problem in raised.value.problems] == [
        "did you mean question?",
        "did you mean answer?",
        "did you mean ticket?",
    ]


@pytest.mark.parametrize(
    "text",
    ["user=question", "assistant=answer", "user=question,assistant=answer,label=intent", "user=question,chosen=answer"],
)
def test_mapping_that_makes_no_row_is_refused(text: str) -> None:
    with pytest.raises(Problems):
        parse(text, COLUMNS)


def test_part_that_does_not_exist_gets_the_one_that_is_meant() -> None:
    with pytest.raises(Problems) as raised:
        parse('{"question": "question", "usr": "x"}', COLUMNS)
    assert [problem.hint for problem in raised.value.problems] == ["did you mean user?", "did you mean user?"]


def test_brace_in_a_text_is_explained() -> None:
    with pytest.raises(Problems, match="written twice"):
        from_json({"system": 'Answer as {"a": 1}', "user": "question", "assistant": "answer"}, COLUMNS)


@pytest.mark.parametrize("text", ["question", "{", "[1]", '{"user": 1}', '{"output": "poem"}'])
def test_text_that_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        parse(text, COLUMNS)


cells = st.one_of(st.none(), st.integers(), st.text(st.characters(exclude_categories=["Cs"]), max_size=12))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.fixed_dictionaries({"question": cells, "answer": cells, "context": cells}), min_size=1, max_size=5),
    st.sampled_from(["chat", "prompt_completion"]),
)
def test_rows_that_a_mapping_makes_validate_clean(tmp_path_factory: Any, table: list[Any], output: Any) -> None:
    mapping = ColumnMapping("{context}: {question}", "answer", context="context", system="context", output=output)
    found = list(apply(mapping, [Record(value, PLACE) for value in table]))
    rows = [outcome.row for outcome in found if isinstance(outcome, Made)]
    path: Path = tmp_path_factory.getbasetemp() / "mapped.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(made) + b"\n" for made in rows))
    assert len(found) == len(table)
    assert not rows or validate_file(path).errors == ()


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("user=question,user=answer,assistant=answer", "user"),
        ('{"user": "question", "user": "answer", "assistant": "answer"}', "user"),
        ("user=question,assistant=question", "assistant"),
        ("user=question,assistant={question}", "assistant"),
        ("user=question,label=question", "label"),
        ("user=question,chosen=answer,rejected=answer", "rejected"),
    ],
)
def test_a_part_given_twice_and_a_column_taken_twice_are_refused(written: str, path: str) -> None:
    with pytest.raises(Problems) as refused:
        parse(written, COLUMNS)
    assert [problem.path for problem in refused.value.problems] == [path]


def test_what_to_write_is_said_of_a_part_given_twice() -> None:
    with pytest.raises(Problems, match=r"user=\{context\} \{question\}"):
        parse("user=context,user=question,assistant=answer", COLUMNS)


def test_an_answer_may_repeat_what_a_template_asks_for() -> None:
    assert parse("user=Say again: {question},assistant=question", COLUMNS).assistant == "question"


@pytest.mark.parametrize("question", ["Frage", "question", "問題"])
def test_a_template_does_not_make_a_question_of_a_blank_one(question: str) -> None:
    mapping = ColumnMapping(f"{{{question}}} ({{price}} €)", "answer")
    left = one(mapping, **{question: " ", "price": "17.50", "answer": "a"})
    assert isinstance(left, Left)
    assert left.rule == "empty_question"
