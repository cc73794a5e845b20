"""Continue's development data: what was kept becomes a row, everything else is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tunesmith.data.importers.continue_dev import event_of, import_continue
from tunesmith.data.importers.continue_rows import ContinueOptions, conversation_of, relative_path
from tunesmith.data.importers.rows import Left, Made, Place, Record
from tunesmith.data.validate import validate_file

COMPLETION = {
    "eventName": "autocomplete", "schema": "0.2.0", "userId": "u-1", "accepted": True, "prefix": "def f(x):\n    ",
    "suffix": "\n", "prompt": "<fim_prefix>def f(x):<fim_suffix><fim_middle>", "completion": "return x",
    "filepath": "file:///home/lovelace/proj/f.py", "gitRepo": "git@example.com:team/proj.git", "modelName": "coder",
}  # fmt: skip
CHAT = {
    "eventName": "chatInteraction", "prompt": "<user>\nHow?\n\n", "completion": "So.", "sessionId": "s-1",
    "tools": ["read_file"], "modelName": "m",
}  # fmt: skip
RATED = {
    "eventName": "chatFeedback",
    "prompt": "<user>\nHow?\n\n",
    "completion": "So.",
    "feedback": True,
    "sessionId": "s-1",
}
EDIT = {
    "eventName": "editOutcome", "prompt": "add types", "completion": "…", "previousCode": "def f(x):",
    "newCode": "def f(x: int):", "accepted": True, "filepath": "file:///C:/Users/Lovelace/p/f.py",
}  # fmt: skip


def run(*values: dict[str, Any], options: ContinueOptions | None = None, file: str = "x.jsonl") -> list[Made | Left]:
    records = [Record(value, Place(file, line)) for line, value in enumerate(values, 1)]
    return list(import_continue(records, options))


def made(*values: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    return [found.row for found in run(*values, **options) if isinstance(found, Made)]


def rules(*values: dict[str, Any], **options: Any) -> list[str]:
    return [found.rule if isinstance(found, Left) else "made" for found in run(*values, **options)]


def test_accepted_completion_is_asked_for_at_the_cursor() -> None:
    (row,) = made(COMPLETION)
    question = row["messages"][0]["content"]
    assert "def f(x):\n    [[CURSOR]]\n" in question
    assert row["messages"][1] == {"role": "assistant", "content": "return x"}
    assert "fim" not in question


def test_who_worked_where_is_dropped() -> None:
    text = msgspec.json.encode(made(COMPLETION, EDIT)).decode()
    assert [word for word in ("ovelace", "u-1", "git@", "home", "Users") if word in text] == []
    assert made(COMPLETION)[0]["metadata"]["thread"] == "proj/f.py"


@pytest.mark.parametrize("event", [COMPLETION, EDIT])
def test_what_was_not_accepted_is_told_unless_asked_for(event: dict[str, Any]) -> None:
    refused = event | {"accepted": False}
    open_ = {key: value for key, value in event.items() if key != "accepted"}
    assert rules(refused, open_) == ["not_accepted", "undecided"]
    assert rules(refused, open_, options=ContinueOptions(only_accepted=False)) == ["made", "made"]


def test_edit_goes_from_the_code_before_to_the_code_after() -> None:
    (row,) = made(EDIT)
    assert row["messages"][0]["content"] == "add types\n\np/f.py:\n\n```python\ndef f(x):\n```"
    assert row["messages"][1]["content"] == "def f(x: int):"


def test_edit_asked_for_in_a_conversation_takes_its_last_question() -> None:
    prompt = "<system>\nYou edit.\n\n<user>\nmake it typed\n\n"
    assert made(EDIT | {"prompt": prompt})[0]["messages"][0]["content"].startswith("make it typed\n\np/f.py")


def test_edit_that_changed_nothing_is_told() -> None:
    assert rules(EDIT | {"newCode": EDIT["previousCode"]}) == ["no_change"]


def test_conversation_is_read_from_its_log() -> None:
    prompt = "<system>\nBe terse.\n\n<user>\nA\n\nB <user>\n\n<assistant>\nC\n\n<thinking>\nhm\n\n<user>\nD\n\n"
    assert conversation_of(prompt) == [
        {"role": "system", "content": "Be terse."},
        {"role": "user", "content": "A\n\nB <user>"},
        {"role": "assistant", "content": "C"},
        {"role": "user", "content": "D"},
    ]
    assert conversation_of("plain") == [{"role": "user", "content": "plain"}]
    assert conversation_of("") == []


def test_only_the_last_answer_of_a_conversation_is_trained_on() -> None:
    (row,) = made(CHAT | {"prompt": "<user>\nA\n\n<assistant>\nB\n\n<user>\nC\n\n"})
    assert [message.get("weight") for message in row["messages"]] == [None, 0, None, None]


def test_results_of_tools_without_their_calls_are_told() -> None:
    assert rules(CHAT | {"prompt": "<user>\nA\n\n<tool>\n{}\n\n<user>\nB\n\n"}) == ["tool_results"]


def test_feedback_counts_and_rules_the_interaction_that_follows() -> None:
    other = {"completion": "No.", "feedback": False}
    assert rules(RATED, RATED | other, CHAT, CHAT | {"completion": "No."}, CHAT | {"completion": "New."}) == [
        "made", "negative_feedback", "rated_already", "negative_feedback", "made",
    ]  # fmt: skip


def test_prompt_with_both_feedbacks_is_a_preference() -> None:
    options = ContinueOptions(output="preference")
    bad = RATED | {"completion": "No.", "feedback": False, "sessionId": "s-2"}
    (row,) = made(bad, RATED, options=options)
    assert (row["preferred_output"][0]["content"], row["non_preferred_output"][0]["content"]) == ("So.", "No.")
    assert sorted(rules(bad, RATED, CHAT, options=options)) == ["made", "no_pair", "paired"]
    assert rules(RATED, RATED | {"feedback": False}, options=options) == ["unpaired", "unpaired"]


def test_older_generation_is_known_by_its_files_name() -> None:
    old = {key: value for key, value in COMPLETION.items() if key not in ("eventName", "schema", "userId")}
    assert made(old, file="dev_data/0.1.0/autocomplete.jsonl")
    assert event_of({"prompt": "", "completion": ""}, Place("a.zip!chatFeedback.jsonl")) == "chatFeedback"
    assert event_of(old, Place("x.jsonl")) == "autocomplete"


def test_quick_edit_of_the_older_generation_is_put_together_from_its_lines() -> None:
    lines = [{"type": "same", "line": "a"}, {"type": "old", "line": "b"}, {"type": "new", "line": "c"}]
    old = {"prompt": "rename", "path": "/home/ada/x.py", "label": "accepted", "diffs": lines}
    (row,) = made(old, file="quickEdit.jsonl")
    assert row["messages"][0]["content"] == "rename\n\nx.py:\n\n```python\na\nb\n```"
    assert row["messages"][1]["content"] == "a\nc"
    assert rules(old | {"label": "rejected"}, file="quickEdit.jsonl") == ["not_accepted"]


def test_body_that_a_server_collected_is_opened() -> None:
    assert rules({"name": "editOutcome", "schema": "0.2.0", "level": "all", "data": EDIT}) == ["made"]


def test_events_without_an_example_or_without_texts_are_told() -> None:
    bare = {"eventName": "autocomplete", "accepted": True}
    assert rules({"eventName": "tokensGenerated"}, bare, {"x": 1}) == ["no_example", "missing_text", "unknown_event"]


def test_completion_may_continue_the_code_before_it() -> None:
    options = ContinueOptions(output="prompt_completion")
    assert made(COMPLETION, options=options)[0]["prompt"] == COMPLETION["prefix"]
    assert rules(COMPLETION | {"prefix": ""}, options=options) == ["empty_question"]


@pytest.mark.parametrize(
    ("path", "relative"),
    [
        ("file:///home/ada/proj/a%20b.py", "proj/a b.py"),
        ("file:///c%3A/Users/Ada/proj/a.py", "proj/a.py"),
        ("C:\\Users\\王伟\\proj\\a.py", "proj/a.py"),
        ("/Users/ada/a.py", "a.py"),
        ("/root/a.py", "a.py"),
        ("vscode-remote://ssh-remote%2Bhost/home/ada/a.py", "a.py"),
        ("/srv/app/a.py", "srv/app/a.py"),
        ("src/a.py", "src/a.py"),
        ("home/views/a.py", "home/views/a.py"),
        (None, None),
    ],
)
def test_path_tells_neither_who_nor_on_which_machine(path: str | None, relative: str | None) -> None:
    assert relative_path(path) == relative


def test_fence_is_longer_than_any_in_the_code() -> None:
    (row,) = made(EDIT | {"previousCode": "```\na\n```"})
    assert "````python\n```\na\n```\n````" in row["messages"][0]["content"]


@pytest.mark.parametrize("output", ["chat", "prompt_completion"])
def test_rows_validate_clean(tmp_path: Path, output: Any) -> None:
    path = tmp_path / "a.jsonl"
    rows = made(COMPLETION, EDIT, CHAT, RATED, options=ContinueOptions(output=output))
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    assert (len(rows), validate_file(path).errors) == (4, ())
