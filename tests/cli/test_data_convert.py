"""``tunesmith data convert``: what is printed, what is written, and with which exit code it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tunesmith.cli.main import run

PAIRS = [{"instruction": f"{number}加1？", "output": str(number + 1)} for number in range(12)]


@pytest.fixture
def alpaca(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.json"
    path.write_text(json.dumps([*PAIRS, {"instruction": "x", "output": ""}], ensure_ascii=False))
    return path


def test_says_what_the_file_is_what_was_made_and_what_not(alpaca: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = alpaca.with_name("train.jsonl")
    assert run(["data", "convert", str(alpaca), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "pairs.json: alpaca, 12 rows made, 1 left out" in said
    assert "13 of the first 13 rows have instruction and output" in said
    assert "1 left out: empty_output" in said
    assert "pairs.json:1 ([12].output)" in said
    assert f"{out}: 12 chat rows" in said
    assert f"{out}.version.json" in said


def test_what_was_written_passes_the_check(alpaca: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = alpaca.with_name("train.jsonl")
    assert run(["data", "convert", str(alpaca), "--out", str(out)]) == 0
    assert run(["data", "check", str(out)]) == 0
    assert "加1？" in out.read_text()


def test_json_has_every_source_reason_and_place(alpaca: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = alpaca.with_name("train.jsonl")
    assert run(["data", "convert", str(alpaca), "--out", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["num_rows"], said["num_left"], said["file_format"]) == (12, 1, "chat")
    assert said["sources"][0]["left"] == {"empty_output": 1}
    assert said["left"][0]["first"][0]["path"] == "[12].output"
    assert said["version"]["num_rows"] == 12


def test_nothing_made_leaves_with_2_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "a.jsonl", tmp_path / "out.jsonl"
    path.write_text('{"colour": "\\u001b[31mred"}\n')
    assert run(["data", "convert", str(path), "--out", str(out)]) == 2
    said = capsys.readouterr()
    assert "unknown_format" in said.out
    assert "nothing is written" in said.err
    assert "\x1b" not in said.out
    assert not out.exists()


def test_mistakes_are_sentences(alpaca: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(alpaca.with_name("train.jsonl"))
    for more in (["--fill", "name"], ["--encoding", "klingon"], ["--me", "nobody"]):
        assert run(["data", "convert", str(alpaca), "--out", out, *more]) == 2
    assert run(["data", "convert", str(alpaca.with_name("none.json")), "--out", out]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_mail_says_whose_answers_are_learnt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask = "From: Ana <ana@a.example>\nTo: help@b.example\nSubject: Tea\nMessage-ID: <1@a>\nDate: Mon, 3 Mar 2025 10:00:00 +0000\n\nIs there tea?\n"
    reply = "From: Bo <help@b.example>\nTo: ana@a.example\nSubject: Re: Tea\nMessage-ID: <2@b>\nIn-Reply-To: <1@a>\nDate: Mon, 3 Mar 2025 11:00:00 +0000\n\nYes, green tea.\n"
    box, out = tmp_path / "box.mbox", tmp_path / "out.jsonl"
    box.write_text("".join(f"From x Mon Mar  3 10:00:00 2025\n{message}\n" for message in (ask, reply)))
    assert run(["data", "convert", str(box), "--out", str(out), "--me", "help@b.example"]) == 0
    assert json.loads(out.read_text())["messages"][1]["content"].strip() == "Yes, green tea."


def test_a_tables_delimiter_and_header_are_said_and_may_be_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "t.csv", tmp_path / "out.jsonl"
    path.write_text("question;answer\n你好;Hi\n")
    command = ["data", "convert", str(path), "--out", str(out), "--overwrite"]
    assert run(command) == 0
    assert "cells are parted by semicolons; the first row names the columns" in capsys.readouterr().out
    assert run([*command, "--no-header", "--mapping", "user=column 1,assistant=column 2"]) == 0
    assert len(out.read_text().splitlines()) == 2
    assert run([*command, "--delimiter", ";;"]) == 2
    assert "is no delimiter" in capsys.readouterr().err


def test_all_labels_can_be_named_in_the_system_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "t.csv", tmp_path / "out.jsonl"
    path.write_text("text,category\nWhere is it?,delivery\n钱呢？,refund\n")
    command = ["data", "convert", str(path), "--out", str(out), "--overwrite", "--list-labels"]
    assert run(command) == 0
    row = json.loads(out.read_text().splitlines()[0])
    assert row["messages"][0] == {"role": "system", "content": "Answer with one of these labels:\ndelivery\nrefund"}
    assert "the system message lists its 2 labels" in capsys.readouterr().out
    path.write_text("question,answer\na,b\n")
    assert run([*command, "--mapping", "user=question,assistant=answer"]) == 2
    assert "No column is known as the label." in capsys.readouterr().err


def test_rows_of_classification_list_their_labels_too(tmp_path: Path) -> None:
    path, out = tmp_path / "t.jsonl", tmp_path / "out.jsonl"
    path.write_text('{"text": "a", "label": "x"}\n{"text": "b", "label": "y"}\n')
    assert run(["data", "convert", str(path), "--out", str(out), "--list-labels"]) == 0
    assert json.loads(out.read_text().splitlines()[1])["messages"][0]["content"].endswith(":\nx\ny")


def test_of_continues_data_refused_suggestions_and_pairs_may_be_asked_for(tmp_path: Path) -> None:
    events = [
        {"prompt": "Why?", "completion": answer, "feedback": is_good, "sessionId": "s"}
        for answer, is_good in (("So.", True), ("No.", False))
    ]
    path, out = tmp_path / "chatFeedback.jsonl", tmp_path / "out.jsonl"
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    assert run(["data", "convert", str(path), "--out", str(out), "--output", "preference"]) == 0
    assert json.loads(out.read_text())["preferred_output"][0]["content"] == "So."
    edits = tmp_path / "autocomplete.jsonl"
    edits.write_text(json.dumps({"prefix": "a = ", "suffix": "", "completion": "1", "accepted": False}) + "\n")
    command = ["data", "convert", str(edits), "--out", str(out), "--overwrite"]
    assert (run(command), run([*command, "--refused"])) == (2, 0)


def test_mail_is_read_by_the_options_of_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = "From: ann@a.example\nTo: bo@b.example\nSubject: Card\nMessage-ID: <1@a>\n\nWhere is my card?\n"
    reply = (
        "From: bo@b.example\nTo: ann@a.example\nSubject: Re: Card\nMessage-ID: <2@b>\nIn-Reply-To: <1@a>\n\nPosted.\n"
    )
    path, out = tmp_path / "a.mbox", tmp_path / "out.jsonl"
    path.write_text("".join(f"From - Mon Jan  1 00:00:00 2024\n{letter}\n" for letter in (asked, reply)))
    said = ["data", "convert", str(path), "--out", str(out), "--me", "bo@b.example"]
    assert run([*said, "--with-subject", "--min-chars", "3"]) == 0
    assert json.loads(out.read_text())["messages"][0]["content"].startswith("Card")
    assert run([*said, "--max-chars", "3", "--overwrite"]) == 2
    assert "--max-chars" in capsys.readouterr().out
    assert run([*said[:-1], "@typo.example", "--overwrite"]) == 2
    assert "--me" in capsys.readouterr().err
