"""Errors say what, where and what next."""

from __future__ import annotations

import json

import pytest

from tunesmith.core.errors import (
    Interrupted,
    MachineError,
    Problem,
    Problems,
    TrainingStopped,
    TunesmithError,
    UserError,
)


def test_an_error_says_what_and_what_next() -> None:
    assert str(UserError("There is no file a.yaml.", "name one")) == "There is no file a.yaml.\n→ name one"
    assert str(MachineError("The disk is full.")) == "The disk is full."


@pytest.mark.parametrize(
    ("kind", "code"), [(MachineError, 1), (TrainingStopped, 1), (UserError, 2), (Problems, 2), (Interrupted, 130)]
)
def test_exit_codes_tell_whose_fault_it_was(kind: type[TunesmithError], code: int) -> None:
    assert kind.exit_code == code


@pytest.mark.parametrize(
    ("spot", "where"),
    [
        ({}, ""),
        ({"file": "a.jsonl"}, "a.jsonl"),
        ({"file": "a.jsonl", "line": 3}, "a.jsonl:3"),
        ({"file": "a.jsonl", "line": 3, "column": 7}, "a.jsonl:3:7"),
        ({"file": "a.jsonl", "line": 3, "path": "messages[1].content"}, "a.jsonl:3 (messages[1].content)"),
    ],
)
def test_a_problem_names_the_spot_as_far_as_it_is_known(spot: dict[str, object], where: str) -> None:
    problem = Problem("rule", "is odd", "mend it", **spot)  # type: ignore[arg-type]
    assert problem.where() == where
    assert str(problem) == f"{where + ': ' if where else ''}is odd [rule] → mend it"


def test_a_problem_is_json() -> None:
    entry = json.loads(json.dumps(Problem("r", "m", "h", line=3).as_json()))
    assert list(entry) == ["rule", "message", "hint", "severity", "file", "line", "column", "path", "byte_column"]
    assert (entry["severity"], entry["line"], entry["column"]) == ("error", 3, None)


def test_all_problems_are_listed() -> None:
    text = str(Problems("Two faults:", [Problem("a", "first", "x"), Problem("b", "second", "y")], "mend both"))
    assert text == "Two faults:\n  first [a] → x\n  second [b] → y\n→ mend both"


def test_problems_beyond_fifty_are_counted() -> None:
    error = Problems("Many:", [Problem("a", f"fault {i}", "x") for i in range(1051)])
    assert len(error.problems) == 1051
    assert str(error).splitlines()[-1].strip() == "… and 1,001 more"
    assert "fault 49 " in str(error)
    assert "fault 50 " not in str(error)
