"""Leakage: validation examples that were trained on are named with both lines."""

from __future__ import annotations

import pytest

from tunesmith.core.errors import Problems
from tunesmith.data.examples import ChatExample, CompletionExample, Dataset, Message
from tunesmith.data.leakage import leakage, refuse_leakage

LONG = (
    "When the parcel has not come after ten days please write to us with the number that stands on the bill "
    "you got from the shop and we will look where on its way to you it may have been left behind"
)


def dataset(*pairs: tuple[str, str], path: str = "train.jsonl") -> Dataset:
    examples = (CompletionExample(line, *pair) for line, pair in enumerate(pairs, 1))
    return Dataset(path, "prompt_completion", path, tuple(examples))


def held_out(*pairs: tuple[str, str]) -> Dataset:
    return dataset(*pairs, path="valid.jsonl")


def test_leak_between_two_files_names_both_lines() -> None:
    (problem,) = leakage(dataset(("a", "x"), ("b", "x"), ("c", "x")), held_out(("y", "x"), ("c", "x")))
    assert (problem.rule, problem.severity, problem.file, problem.line) == (
        "leaked_example", "error", "valid.jsonl", 2,
    )  # fmt: skip
    assert "train.jsonl, line 3" in problem.message


def test_surely_near_example_is_an_error_with_its_similarity() -> None:
    (problem,) = leakage(dataset(("z", "x"), (LONG, "x")), held_out((LONG.replace("parcel", "letter") + "!", "x")))
    assert (problem.rule, problem.severity, problem.line) == ("nearly_leaked_example", "error", 1)
    assert "line 2" in problem.message
    assert "91% alike" in problem.message


def test_less_than_surely_near_example_is_a_warning() -> None:
    changed = LONG.replace("parcel", "letter").replace("bill", "note")
    (problem,) = leakage(dataset((LONG, "x")), held_out((changed, "x")))
    assert (problem.rule, problem.severity) == ("nearly_leaked_example", "warning")


def test_same_question_with_another_answer_is_a_warning() -> None:
    (problem,) = leakage(dataset(("Is it open?", "Yes.")), held_out(("is it open", "No, not today.")))
    assert (problem.rule, problem.severity) == ("answered_differently", "warning")
    assert leakage(dataset(("", "One text.")), held_out(("", "Another one."))) == []


def test_choice_to_be_warned_makes_every_problem_a_warning() -> None:
    training, validation = dataset(("a", "x"), (LONG, "x")), held_out(("a", "x"), (LONG.upper(), "x"))
    assert {problem.severity for problem in leakage(training, validation, "warn")} == {"warning"}
    assert len(refuse_leakage(training, validation, "warn")) == 2


def test_refusal_counts_and_says_how_to_go_on() -> None:
    with pytest.raises(Problems) as refused:
        refuse_leakage(dataset(("a", "x"), (LONG, "x")), held_out(("a", "x"), (LONG.upper(), "x"), ("b", "x")), "error")
    assert [problem.line for problem in refused.value.problems] == [1, 2]
    assert "2 of 3 validation examples" in str(refused.value)
    assert "tunesmith data split" in refused.value.hint
    assert "leakage: warn" in refused.value.hint


def test_one_file_for_both_is_one_problem() -> None:
    training = dataset(*((str(number), "x") for number in range(50)))
    (problem,) = leakage(training, training)
    assert (problem.severity, problem.message) == ("error", "the validation file is the training file")
    with pytest.raises(Problems, match="Every validation example"):
        refuse_leakage(training, training, "error")


def test_long_instruction_in_every_row_is_no_leak() -> None:
    def chat(line: int, text: str) -> ChatExample:
        return ChatExample(line, (Message("system", LONG), Message("user", text), Message("assistant", "fine")))

    training = tuple(chat(line, f"wire {line} of engine {line * 7}") for line in range(1, 60))
    validation = tuple(chat(line, f"valve {line} at pump {line * 5}") for line in range(1, 9))
    found = leakage(Dataset("t", "chat", "t", training), Dataset("v", "chat", "v", validation))
    assert found == []
