"""The `tunesmith` command itself: version, help, and the border where errors become exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tunesmith import __version__
from tunesmith.cli.main import run

COMMANDS = ("quickstart", "train", "chat", "doctor", "data")


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"tunesmith {__version__}\n"


@pytest.mark.parametrize("text", ["[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory", ""])
def test_memory_that_torch_does_not_get_is_the_machines_fault(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class OutOfMemoryError(RuntimeError):
        """As torch has for a card."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(text) if text else OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("tunesmith.cli.chat.load_model", fail)
    assert run(["chat", "starter", "-m", "hello"]) == 1
    assert "There is not enough memory.\n→ lower micro_batch_tokens" in capsys.readouterr().err


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    assert [name for name in COMMANDS if f"\n  {name} " not in out] == []


@pytest.mark.parametrize("command", [[name] for name in COMMANDS] + [["data", "check"], ["data", "preview"]])
def test_every_command_has_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: tunesmith {' '.join(command)} [OPTIONS]")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nope"],
        ["data"],
        ["data", "nope"],
        ["train"],
        ["train", "job.yaml", "--nope"],
        ["train", "job.yaml", "another.yaml"],
        ["train", "job.yaml", "--out"],
        ["chat", "starter", "--temperature", "warm"],
        ["chat", "starter", "--max-tokens", "1.5"],
    ],
    ids=" ".join,
)
def test_command_line_that_cannot_be_understood_leaves_with_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    said = capsys.readouterr()
    assert re.search("Usage: tunesmith|Error: ", said.err + said.out)
    assert "Traceback" not in said.err + said.out


def test_unknown_command_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["nope"]) == 2
    assert "nope" in capsys.readouterr().err


def test_data_check_leaves_with_2_for_a_bad_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"messages": []}\n')
    assert run(["data", "check", str(path), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["num_errors"] == 1


def test_error_with_brackets_is_printed_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Square brackets in a name are no styling."""
    path = tmp_path / "[bold]job[/].yaml"
    assert run(["train", str(path)]) == 2
    assert str(path) in capsys.readouterr().err


def test_module_runs_as_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "tunesmith", "--version"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"tunesmith {__version__}\n", "")


def test_reader_that_leaves_early_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "tunesmith", "--help"], stdout=writing, stderr=subprocess.PIPE, timeout=60
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_output_to_a_full_disk_leaves_with_1() -> None:
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "tunesmith", "--help"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1
    assert "The disk is full" in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_while_modules_are_read_is_a_word(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    command = [sys.executable, "-m", "tunesmith", "data", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Interrupted.\n")


DATA_COMMANDS = (
    ["check", "IN"],
    ["preview", "IN"],
    ["fix", "IN", "--out", "OUT"],
    ["clean", "IN", "--out", "OUT"],
    ["canaries", "IN"],
    ["person", "find", "IN", "--who", "Ann Lee"],
    ["duplicates", "IN"],
    ["split", "IN", "--out-train", "OUT", "--out-validation", "OUT2"],
    ["diff", "IN", "IN"],
)


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl.gz"])
@pytest.mark.parametrize(
    "arguments",
    DATA_COMMANDS,
    ids=lambda arguments: arguments[0],
)
def test_what_is_no_json_leads_to_convert_in_every_command(
    name: str, arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.write_bytes(b"question,answer\na,b\n" if name.endswith("csv") else b"\x1f\x8b\x08\0\xff\n\xfe")
    places = {"IN": str(path), "OUT": str(tmp_path / "out.jsonl"), "OUT2": str(tmp_path / "out2.jsonl")}
    assert run(["data", *(places.get(argument, argument) for argument in arguments)]) == 2
    said = capsys.readouterr()
    assert f"tunesmith data convert {path} --out NEW.jsonl" in (said.out + said.err)
    assert [path.name] == [left.name for left in tmp_path.iterdir()]


def test_ctrl_c_within_a_command_is_a_word(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tunesmith.cli.data_pages.show_check", interrupted)
    assert run(["data", "check", "rows.jsonl"]) == 130
    assert capsys.readouterr().err == "Interrupted.\n"


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
@pytest.mark.parametrize(
    "arguments",
    [*DATA_COMMANDS, ["convert", "IN", "--out", "OUT"], ["version", "IN"]],
    ids=lambda arguments: arguments[0],
)
def test_what_cannot_be_read_is_the_users_mistake_in_every_command(
    name: str,
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    places = {"IN": name, "OUT": "out.jsonl", "OUT2": "out2.jsonl"}
    assert run(["data", *(places.get(argument, argument) for argument in arguments)]) == 2
    said = capsys.readouterr()
    assert name in said.out + said.err
    assert "→" in said.out + said.err
    assert list(tmp_path.iterdir()) == []
