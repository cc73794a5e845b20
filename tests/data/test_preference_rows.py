"""Rows for the methods dpo and reinforcement: judged whole, and refused with one sentence by supervised training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tunesmith.core.errors import Problem
from tunesmith.data.examples import AnyExample, PreferenceExample, ReinforcementExample
from tunesmith.data.validate import DataReport, check_file, validate_file

QUESTION = {"role": "user", "content": "你好？"}
GOOD, BAD = ({"role": "assistant", "content": text} for text in ("Hello!", "Go away."))
CALL = {
    "role": "assistant",
    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
}
TOOL = {"type": "function", "function": {"name": "look"}}
FOUND = {"role": "tool", "tool_call_id": "c1", "content": "3"}


def preference(**changed: Any) -> dict[str, Any]:
    return {
        "input": {"messages": [QUESTION]}, "preferred_output": [GOOD], "non_preferred_output": [BAD], **changed,
    }  # fmt: skip


class Kept(list[AnyExample]):
    keep = list.append

    def fits(self, example: AnyExample) -> None:
        """Each one is kept."""


def look(tmp_path: Path, *rows: dict[str, Any]) -> tuple[DataReport, list[AnyExample]]:
    """Beside good rows, so that the format is known and there are enough of them."""
    path = tmp_path / "rows.jsonl"
    more = [{**rows[0], "metadata": {"n": str(n)}} for n in range(9)] if len(rows) == 1 else []
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in (*rows, *more)), encoding="utf-8")
    kept = Kept()
    return check_file(path, measures=lambda found: kept), kept


def first(report: DataReport) -> Problem:
    return next(problem for problem in report.problems if problem.rule != "duplicate_example")


def test_preference_row_is_read_whole(tmp_path: Path) -> None:
    report, kept = look(tmp_path, preference())
    assert (report.format, report.errors) == ("preference", ())
    assert isinstance(kept[0], PreferenceExample)
    assert (kept[0].preferred[0].content, kept[0].non_preferred[0].content) == ("Hello!", "Go away.")


@pytest.mark.parametrize(
    ("row", "rule", "path"),
    [
        (preference(non_preferred_output=[GOOD]), "equal_outputs", "non_preferred_output"),
        (preference(preferred_output=[]), "missing_output", "preferred_output"),
        (preference(non_preferred_output="no"), "missing_output", "non_preferred_output"),
        (preference(preferred_output=[QUESTION]), "output_not_assistant", "preferred_output[0].role"),
        (preference(preferred_output=[CALL, FOUND]), "output_not_assistant", "preferred_output[1]"),
        (preference(input={"messages": [QUESTION, GOOD]}), "last_message_assistant", "input.messages[1]"),
        (preference(input={"messages": []}), "missing_messages_list", "input.messages"),
        (preference(input={"prompt": "a"}), "unrecognized_key", "input.prompt"),
        (preference(input="a"), "invalid_input", "input"),
        (preference(input={"messages": [{"role": "human", "content": "a"}]}), "unrecognized_role", "input.messages[0].role"),
        (preference(metadata={"source": 3}), "invalid_metadata", "metadata.source"),
    ],
)  # fmt: skip
def test_fault_of_a_preference_row_is_named(row: dict[str, Any], rule: str, path: str, tmp_path: Path) -> None:
    problem = first(look(tmp_path, row)[0])
    assert (problem.rule, problem.path, problem.line) == (rule, path, 1)


def test_preferred_answer_may_call_tools_that_the_input_declares(tmp_path: Path) -> None:
    row = preference(input={"messages": [QUESTION], "tools": [TOOL]}, preferred_output=[CALL, FOUND, GOOD])
    assert look(tmp_path, row)[0].errors == ()
    undeclared = preference(input={"messages": [QUESTION], "tools": []}, preferred_output=[CALL, FOUND, GOOD])
    problem = first(look(tmp_path, undeclared)[0])
    path = "preferred_output[0].tool_calls[0].function.name"
    assert (problem.rule, problem.path) == ("tool_not_declared", path)


def test_rows_that_wait_for_an_answer_and_hold_keys_for_a_grader_are_reinforcement(tmp_path: Path) -> None:
    report, kept = look(tmp_path, {"messages": [QUESTION], "solution": "[1, 2]", "tools": [TOOL]})
    assert (report.format, report.errors) == ("reinforcement", ())
    assert isinstance(kept[0], ReinforcementExample)
    assert kept[0].graded == {"solution": "[1, 2]"}


def test_reinforcement_row_that_is_answered_already_is_refused(tmp_path: Path) -> None:
    waiting = {"messages": [QUESTION], "solution": "a"}
    report, _ = look(tmp_path, waiting, {"messages": [QUESTION, GOOD], "solution": "b"}, {**waiting, "solution": "c"})
    assert [(problem.rule, problem.line) for problem in report.errors] == [("last_message_assistant", 2)]


def test_chat_row_without_answer_stays_a_chat_row(tmp_path: Path) -> None:
    report, _ = look(tmp_path, {"messages": [QUESTION, GOOD, QUESTION]})
    assert (report.format, first(report).rule) == ("chat", "last_message_not_assistant")


@pytest.mark.parametrize(
    ("row", "method"), [(preference(), "dpo"), ({"messages": [QUESTION], "solution": "a"}, "reinforcement")]
)
def test_supervised_training_says_which_method_wants_the_rows(row: dict[str, Any], method: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({**row, "metadata": {"n": str(n)}}) + "\n" for n in range(20)))
    report = validate_file(path)
    assert report.dataset is None
    (problem,) = report.errors
    assert (problem.rule, problem.line, f"the method {method}" in problem.message) == ("wrong_method", 1, True)


def test_byte_column_counts_bytes_and_column_characters(tmp_path: Path) -> None:
    row = {"messages": [{"role": "user", "content": "你好"}, {"role": "asistant", "content": "x"}]}
    path = tmp_path / "rows.jsonl"
    text = json.dumps(row, ensure_ascii=False)
    path.write_text("\ufeff" + text + "\n", encoding="utf-8")
    problem = validate_file(path).errors[0]
    assert (problem.column, problem.byte_column) == (
        text.index('"asis') + 1,
        len(text[: text.index('"asis')].encode()) + 4,
    )


def test_format_that_changes_midway_is_said_once_and_counted(tmp_path: Path) -> None:
    chat = [{"messages": [QUESTION, {"role": "assistant", "content": str(n)}]} for n in range(20)]
    other = [{"prompt": str(n), "completion": "x"} for n in range(15)]
    report, kept = look(tmp_path, *chat, *other)
    (change, *more) = [problem for problem in report.errors if problem.rule == "mixed_formats"]
    assert (change.line, change.message) == (
        21, "the format changes here: chat before, prompt_completion from this line on",
    )  # fmt: skip
    assert [each.message for each in more] == ["13 more problems of this rule are not listed (14 in all)"]
    assert (report.num_rows, len(kept)) == (35, 20)
