"""The commands that take personal data out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tunesmith.cli.main import run

ROW = {
    "messages": [
        {"role": "user", "content": "Dear Ann Fosbury, write to ann@corp.org"},
        {"role": "assistant", "content": "Yes."},
    ]
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps(ROW) + "\n", "utf-8")
    return path


def test_clean_writes_another_file_and_says_what_it_did(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = source.with_name("out.jsonl")
    assert run(["data", "clean", str(source), "--out", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["replaced"], said["rows_changed"]) == ({"name": 1, "email": 1}, 1)
    assert "corp" not in out.read_text("utf-8")


def test_a_dry_run_writes_nothing(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "clean", str(source), "--dry-run"]) == 0
    assert "Nothing was written" in capsys.readouterr().out
    assert [path.name for path in source.parent.iterdir()] == ["in.jsonl"]


def test_kinds_can_be_chosen_and_kept(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "clean", str(source), "--dry-run", "--keep-kinds", "name", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["found"] == {"email": 1}
    assert run(["data", "clean", str(source), "--dry-run", "--kinds", "nose"]) == 2


def test_findings_are_listed_one_a_line_and_masked(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "clean", str(source), "--list", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["kind"], line["value"][0]) for line in lines] == [("name", "A"), ("email", "a")]
    assert "corp" not in json.dumps(lines)


def test_the_same_key_gives_the_same_surrogates(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNESMITH_SURROGATE_KEY", "0123456789abcdef")
    first, second = source.with_name("1.jsonl"), source.with_name("2.jsonl")
    for out in (first, second):
        assert run(["data", "clean", str(source), "--out", str(out), "--policy", "surrogate"]) == 0
    assert first.read_bytes() == second.read_bytes() != source.read_bytes()
    monkeypatch.setenv("TUNESMITH_SURROGATE_KEY", "short")
    assert run(["data", "clean", str(source), "--out", str(first), "--policy", "surrogate", "--overwrite"]) == 2


def test_a_vault_restores_the_file(
    source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TUNESMITH_VAULT_PASSPHRASE", "sesame")
    out, vault, back = (source.with_name(name) for name in ("out.jsonl", "v.json", "back.jsonl"))
    assert run(["data", "clean", str(source), "--out", str(out), "--policy", "surrogate", "--vault", str(vault)]) == 0
    assert run(["data", "restore", str(out), "--vault", str(vault), "--out", str(back)]) == 0
    assert json.loads(back.read_text("utf-8")) == ROW
    assert "✓" in capsys.readouterr().out
    out.write_text(json.dumps(json.loads(out.read_text("utf-8")) | {"metadata": {"since": "1"}}) + "\n", "utf-8")
    assert run(["data", "restore", str(out), "--vault", str(vault), "--out", str(back), "--overwrite"]) == 0
    said = capsys.readouterr().out
    assert ("✓" in said, "1 rows are not in the vault as they are now" in said) == (False, True)
    monkeypatch.setenv("TUNESMITH_VAULT_PASSPHRASE", "mustard")
    assert run(["data", "restore", "--vault", str(vault), "--show", "x"]) == 2
    assert "passphrase is not its own" in capsys.readouterr().err


def test_a_person_is_found_and_erased(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "person", "find", str(source), "--who", "Ann Fosbury", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["line"] == 1
    out = source.with_name("out.jsonl")
    assert run(["data", "person", "erase", str(source), "--who", "ann@corp.org", "--out", str(out)]) == 0
    assert out.read_text("utf-8") == ""


def test_canaries_are_counted_by_kind(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "canaries", str(source), "--count", "4", "--kinds", "email,ip", "--json"]) == 0
    assert [kind["found"] for kind in json.loads(capsys.readouterr().out)["kinds"]] == [4, 4]


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "clean", str(tmp_path / "none.jsonl"), "--dry-run"]) != 0
    assert "none.jsonl" in capsys.readouterr().err


@pytest.mark.parametrize("more", [["--out", "out.jsonl"], ["--dry-run"], ["--list"]])
def test_a_pipe_is_refused_and_not_waited_for(
    tmp_path: Path, more: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    assert run(["data", "clean", "pipe", *more]) == 2
    assert "pipe is no regular file." in capsys.readouterr().err
    assert os.listdir() == ["pipe"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_that_is_asked_to_end_leaves_nothing_half_written(tmp_path: Path, number: int) -> None:
    row = {"messages": [{"role": "user", "content": "ann@shop.example " * 20}, {"role": "assistant", "content": "b"}]}
    (tmp_path / "in.jsonl").write_text(f"{json.dumps(row)}\n" * 40_000)
    command = [
        sys.executable,
        "-m",
        "tunesmith",
        "data",
        "clean",
        str(tmp_path / "in.jsonl"),
        "--out",
        str(tmp_path / "out.jsonl"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".out.jsonl.*.tmp")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    assert process.wait(60) in (128 + signal.SIGTERM, 130)
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]
