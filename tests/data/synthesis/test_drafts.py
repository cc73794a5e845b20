"""Drafts: a person decides, decisions last, the drafts file stays as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tunesmith.cli.draft_review import review_drafts
from tunesmith.core.errors import Problems, UserError
from tunesmith.data.synthesis.drafts import (
    Decision,
    count_drafts,
    decide,
    decisions_path,
    draft_of,
    draft_rows,
    read_drafts,
)


@pytest.fixture
def drafts(tmp_path: Path) -> Path:
    path = tmp_path / "drafts.jsonl"
    rows = [
        draft_of(number, f"What is {number}?", "A number." if number < 3 else None, {"model": "m"})
        for number in range(1, 5)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def decided(path: Path, *decisions: Decision) -> None:
    for decision in decisions:
        decide(path, read_drafts(path), decision)


def test_decisions_make_rows_and_leave_the_file(drafts: Path) -> None:
    before = drafts.read_bytes()
    decided(
        drafts,
        Decision("draft-1", "approved"),
        Decision("draft-2", "rejected"),
        Decision("draft-3", "rewritten", "三。"),
    )
    assert drafts.read_bytes() == before
    rows = list(draft_rows(read_drafts(drafts), "prompt_completion"))
    assert [(row["prompt"], row["completion"]) for row in rows] == [("What is 1?", "A number."), ("What is 3?", "三。")]
    assert rows[1]["metadata"] == {"model": "m", "provenance": "semi-synthetic", "decision": "rewritten"}
    assert count_drafts(read_drafts(drafts)) == {"pending": 1, "approved": 1, "rewritten": 1, "rejected": 1}


def test_last_decision_counts(drafts: Path) -> None:
    decided(drafts, Decision("draft-1", "approved"), Decision("draft-1", "rewritten", "One.", "What is one?"))
    decided(drafts, Decision("draft-1", "pending"))
    assert (read_drafts(drafts)[0].status, read_drafts(drafts)[0].question) == ("pending", "What is one?")


def test_draft_without_an_answer_is_not_approved(drafts: Path) -> None:
    with pytest.raises(UserError, match="no answer"):
        decided(drafts, Decision("draft-3", "approved"))
    assert not decisions_path(drafts).exists()


def test_file_edited_by_hand_is_read_and_its_faults_are_named(drafts: Path) -> None:
    rows: list[dict[str, Any]] = [json.loads(line) for line in drafts.read_text().splitlines()]
    rows[0] |= {"status": "rewritten", "answer": "By hand."}
    rows[1] |= {"status": "approved", "answer": " "}
    rows[2] |= {"status": "done"}
    rows[3]["id"] = "draft-1"
    drafts.write_text("".join(json.dumps(row) + "\n" for row in rows) + "no json\n")
    with pytest.raises(Problems) as refused:
        read_drafts(drafts)
    assert [(one.rule, one.line) for one in refused.value.problems] == [
        ("no_answer", 2), ("invalid_draft", 3), ("draft_twice", 4), ("invalid_draft", 5),
    ]  # fmt: skip


def test_decision_that_broke_off_is_passed_over(drafts: Path) -> None:
    decided(drafts, Decision("draft-1", "approved"))
    with decisions_path(drafts).open("ab") as file:
        file.write(b'{"id":"draft-2","sta')
    assert [draft.status for draft in read_drafts(drafts)][:2] == ["approved", "pending"]
    decided(drafts, Decision("draft-2", "rejected"))
    assert [draft.status for draft in read_drafts(drafts)][:2] == ["approved", "rejected"]


def test_review_in_a_terminal_decides_one_after_the_other(drafts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    typed: Iterator[str] = iter(["what?", "a", "s", "w", "Line 1", "第二行", ".", "q"])
    review_drafts(drafts, lambda _: next(typed))
    found = read_drafts(drafts)
    assert [draft.status for draft in found] == ["approved", "pending", "rewritten", "pending"]
    assert found[2].answer == "Line 1\n第二行"
    assert "1 approved, 1 rewritten" in capsys.readouterr().out
