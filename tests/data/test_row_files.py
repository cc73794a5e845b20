"""Rows as people have them in files: their texts, written whole or not at all, with what they were made from."""

from __future__ import annotations

import json
import os
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from tunesmith.core import durable
from tunesmith.core.errors import MachineError, UserError
from tunesmith.data.row_texts import answers, texts, with_texts
from tunesmith.data.row_writer import RowWriter
from tunesmith.data.versions import Operation, Parent, Version, read_version, version_path, write_version

CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Ulm"}'}}
ROW = {
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "Rain?"}]},
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "no"},
        {"role": "assistant", "content": "No."},
    ],
    "metadata": {"id": "7", "author": "Ann"},
}


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    with RowWriter(path) as out:
        for row in rows:
            out.write(row)


def test_texts_are_what_people_and_models_wrote() -> None:
    found = [text for _, text in texts(ROW)]
    assert found == ["Rain?", "weather", '{"city": "Ulm"}', "no", "No.", "7", "Ann"]


def test_answers_are_the_assistants_texts() -> None:
    assert [text for _, text in answers(ROW)] == ["weather", '{"city": "Ulm"}', "No."]
    preferred = {"input": {"messages": []}, "preferred_output": [{"role": "assistant", "content": "yes"}]}
    assert [text for _, text in answers(preferred)] == ["yes"]


def test_changed_texts_leave_the_row_itself_alone() -> None:
    changed = with_texts(ROW, {("messages", 3, "content"): "Yes."})
    assert changed["messages"][3]["content"] == "Yes."
    assert ROW["messages"][3]["content"] == "No."


def test_what_somebody_else_wrote_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    writer = RowWriter(path, replaces=False)
    with writer:
        writer.write({"prompt": "ours"})
    with pytest.raises(UserError, match="somebody else"), RowWriter(path, replaces=False) as writer:
        writer.write({"prompt": "late"})
    assert path.read_bytes() == b'{"prompt":"ours"}\n'
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("replaces", [True, False])
def test_a_pipe_is_not_replaced_by_a_file(tmp_path: Path, replaces: bool) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(MachineError, match="no regular file"), RowWriter(path, replaces=replaces) as out:
        out.write({"prompt": "a"})
    with pytest.raises(MachineError, match="no regular file"):
        durable.write_text(path, "a")
    assert path.is_fifo()
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_written_is_counted_and_hashed(tmp_path: Path) -> None:
    with RowWriter(tmp_path / "out" / "a.jsonl") as out:
        out.write({"prompt": "größer", "completion": "ja"})
        out.write_line(b'{"prompt": "a"}')
    content = (tmp_path / "out" / "a.jsonl").read_bytes()
    assert [json.loads(line)["prompt"] for line in content.splitlines()] == ["größer", "a"]
    assert (out.num_rows, out.num_bytes, out.sha256) == (2, len(content), sha256(content).hexdigest())


def test_an_error_leaves_what_stood_there_before(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("before\n")
    with pytest.raises(UnicodeEncodeError):
        write_rows(path, [{"prompt": "fine", "completion": "yes"}, {"prompt": "\ud800", "completion": "half of one"}])
    assert [each.name for each in tmp_path.iterdir()] == ["a.jsonl"]
    assert path.read_text() == "before\n"


def test_what_a_killed_process_left_half_written_goes_with_the_next_try(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    litter = tmp_path / f".a.jsonl.{ended.pid}.tmp"
    others = [tmp_path / ".b.jsonl.1.tmp", tmp_path / f".a.jsonl.{os.getppid()}.tmp", tmp_path / ".a.jsonl.notes.tmp"]
    for path in (litter, *others):
        path.write_text("half")
    write_rows(tmp_path / "a.jsonl", [{"prompt": "a", "completion": "b"}])
    assert not litter.exists()
    assert all(path.exists() for path in others)


def test_version_is_read_back_for_these_bytes_only(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"{}\n")
    done = Operation("clean", {"policy": "redact"}, {"rows_read": 2, "rows_written": 1})
    version = Version(sha256(b"{}\n").hexdigest(), 1, 3, (Parent("mail.mbox", "0" * 64),), (done,), "CC0-1.0", None)
    write_version(path, version)
    assert read_version(path) == version
    path.write_bytes(b"[]\n")
    assert read_version(path) is None
    version_path(path).write_text("{")
    assert read_version(path) is None
