"""``tunesmith data synthesize`` as a person starts it, against a real HTTP server that answers as a script says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.data.synthesis.conftest import Reply, ScriptedEndpoint, endpoint, guide, new_text, pairs_of, seeds_file

from tunesmith.cli.main import run
from tunesmith.data.synthesis.drafts import Decision, decide, read_drafts
from tunesmith.data.validate import validate_file
from tunesmith.data.versions import read_version

__all__ = ["endpoint", "guide", "seeds_file"]

KEY = "sk-a-key-of-the-tests"


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "TUNESMITH_API_KEY", "OPENAI_BASE_URL", "TUNESMITH_OFFLINE"):
        monkeypatch.delenv(name, raising=False)


def by_request(body: dict[str, Any], _: int) -> Reply:
    """The same request, the same pairs."""
    return Reply(pairs_of(sum(body["messages"][-1]["content"].encode()) % 100_000))


def arguments(out: Path, seeds: Path, endpoint: ScriptedEndpoint, *more: str) -> list[str]:
    return ["data", "synthesize", str(out), "--seeds", str(seeds), "--endpoint", endpoint.url, "--yes", *more]


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_rows_say_what_they_are_made_of(
    tmp_path: Path, seeds_file: Path, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl"
    assert (
        run(arguments(out, seeds_file, endpoint, "--count", "10", "--model", "big", "--system", "Be kind.", "--json"))
        == 0
    )
    report = json.loads(capsys.readouterr().out)
    assert (report["kept"], report["refused"], report["usage"]["num_requests"]) == (10, 0, 2)
    rows = rows_of(out)
    assert [message["role"] for message in rows[0]["messages"]] == ["system", "user", "assistant"]
    said = rows[0]["metadata"]
    assert (said["provenance"], said["model"], said["source"]) == ("synthetic", "big", "synthesis: request 1, row 1")
    assert len(said["seeds"].split(", ")) == 4
    version = read_version(out)
    assert version is not None
    assert (version.parents[0].name, version.operations[0].counts["rows"]) == ("seeds.jsonl", 10)
    assert validate_file(out).errors == ()


def test_key_goes_to_the_endpoint_and_into_no_file(
    tmp_path: Path, seeds_file: Path, endpoint: ScriptedEndpoint, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    monkeypatch.setenv("MY_KEY", KEY)
    assert run(arguments(tmp_path / "out.jsonl", seeds_file, endpoint, "--count", "5", "--key-variable", "MY_KEY")) == 0
    assert endpoint.headers[0]["authorization"] == f"Bearer {KEY}"
    written = [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert (written, KEY in "".join(capfd.readouterr())) == ([], False)


def test_previews_and_refusals_send_nothing(
    tmp_path: Path, seeds_file: Path, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl"
    given = arguments(out, seeds_file, endpoint)
    assert run([*given, "--show-prompt", "--json"]) == 0
    previewed = json.loads(capsys.readouterr().out)["requests"]
    assert run([word for word in given if word != "--yes"]) == 2
    assert "about 20 requests" in capsys.readouterr().err
    assert run([*given, "--max-similarity", "7"]) == 2
    assert run([*given, "--key-variable", "NOT_SET"]) == 2
    assert run(arguments(seeds_file, seeds_file, endpoint, "--overwrite")) == 2
    assert run(arguments(tmp_path / "in.jsonl", seeds_file, endpoint, "--documents", str(tmp_path))) == 2
    assert (endpoint.asked, out.exists()) == ([], False)
    assert run(given) == 0
    assert [body for body in previewed if body not in endpoint.asked] == []
    assert run(given) == 2  # it is there already


@pytest.mark.parametrize(
    "url", ["http://10.0.0.7/v1", "http://h.example/v1", "https://169.254.169.254/v1", "https://me:pw@h.example/v1", "ftp://h", "h"]
)  # fmt: skip
def test_endpoint_that_may_not_be_reached_is_refused(
    tmp_path: Path, seeds_file: Path, url: str, connections: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with connections:
        code = run(
            ["data", "synthesize", str(tmp_path / "o.jsonl"), "--seeds", str(seeds_file), "--endpoint", url, "--yes"]
        )
    assert (code, connections.addresses) == (2, [])
    assert "TUNESMITH_ALLOW_PRIVATE" not in capsys.readouterr().err


def test_offline_reaches_this_machine_alone(
    tmp_path: Path, seeds_file: Path, endpoint: ScriptedEndpoint, monkeypatch: pytest.MonkeyPatch, connections: Any
) -> None:
    monkeypatch.setenv("TUNESMITH_OFFLINE", "1")
    assert run(arguments(tmp_path / "a.jsonl", seeds_file, endpoint, "--count", "5")) == 0
    with connections:
        given = ["--seeds", str(seeds_file), "--endpoint", "https://h.example/v1", "--yes"]
        assert run(["data", "synthesize", str(tmp_path / "b.jsonl"), *given]) == 2
    assert (connections.names, connections.addresses) == ([], [])


def test_busy_endpoint_is_left_alone_as_long_as_it_asks(
    tmp_path: Path, seeds_file: Path, endpoint: ScriptedEndpoint
) -> None:
    asked_at: list[float] = []

    def answer(body: dict[str, Any], number: int) -> Reply:
        asked_at.append(time.monotonic())
        return (
            Reply(status=429, headers={"Retry-After": "0.3"}, error="slow") if number == 0 else by_request(body, number)
        )

    endpoint.answer = answer
    assert run(arguments(tmp_path / "out.jsonl", seeds_file, endpoint, "--count", "5")) == 0
    assert len(asked_at) == 2
    assert asked_at[1] - asked_at[0] >= 0.3


def test_no_more_are_asked_at_once_than_allowed(tmp_path: Path, seeds_file: Path, endpoint: ScriptedEndpoint) -> None:
    inside, most, lock = 0, 0, threading.Lock()
    both = threading.Barrier(2, timeout=30)

    def answer(body: dict[str, Any], number: int) -> Reply:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        if number < 2:
            both.wait()
        with lock:
            inside -= 1
        return by_request(body, number)

    endpoint.answer = answer
    assert run(arguments(tmp_path / "out.jsonl", seeds_file, endpoint, "--count", "60", "--concurrency", "2")) == 0
    assert most == 2


def test_key_that_is_refused_ends_it_with_the_endpoints_words(
    tmp_path: Path, seeds_file: Path, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.answer = lambda *_: Reply(status=401, error="Incorrect API key provided")
    assert run(arguments(tmp_path / "out.jsonl", seeds_file, endpoint)) == 2
    assert "HTTP 401, Incorrect API key provided" in capsys.readouterr().err
    assert not (tmp_path / "out.jsonl").exists()


def test_where_nothing_is_kept_nothing_is_written_but_the_reasons(
    tmp_path: Path, seeds_file: Path, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.answer = lambda *_: Reply("I'm sorry, but I can't.")
    out = tmp_path / "out.jsonl"
    assert run(arguments(out, seeds_file, endpoint, "--count", "5", "--json")) == 2
    assert json.loads(capsys.readouterr().out)["refused_by_reason"] == {"malformed": 15}
    assert not out.exists()
    assert len(rows_of(tmp_path / "out.jsonl.synthesis" / "refused.jsonl")) == 15


# ---- killed and interrupted ----------------------------------------------------------------------


@pytest.fixture
def start() -> Iterator[Callable[[list[str]], subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start_one(given: list[str]) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tunesmith", *given]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )  # fmt: skip
        started.append(process)
        return process

    yield start_one
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("concurrency", ["1", "4"])
def test_killed_and_started_again_it_loses_nothing_and_pays_nothing_twice(
    tmp_path: Path, seeds_file: Path, endpoint: ScriptedEndpoint, concurrency: str, start: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("SECOND_KEY", "of-the-second")
    endpoint.answer = by_request
    given = ("--count", "60", "--concurrency", concurrency)
    assert run(arguments(tmp_path / "whole.jsonl", seeds_file, endpoint, *given)) == 0
    planned = len(endpoint.asked)
    assert planned == 12
    processes: list[subprocess.Popen[str]] = []
    may_kill = threading.Event()

    def kill_at_the_seventh(body: dict[str, Any], number: int) -> Reply:
        if number == planned + 6:
            may_kill.wait(30)
            os.kill(processes[0].pid, signal.SIGKILL)
        return by_request(body, number)

    endpoint.answer = kill_at_the_seventh
    killed = tmp_path / "killed.jsonl"
    processes.append(start(arguments(killed, seeds_file, endpoint, *given)))
    may_kill.set()
    assert processes[0].wait(60) == -signal.SIGKILL
    assert not killed.exists()
    journal = rows_of(tmp_path / "killed.jsonl.synthesis" / "answers.jsonl")
    saved = {line["request"] for line in journal if line["event"] == "answered"}
    sent = {line["request"] for line in journal if line["event"] == "asked"}

    again = start(arguments(killed, seeds_file, endpoint, *given, "--json", "--key-variable", "SECOND_KEY"))
    report = json.loads(again.communicate(timeout=60)[0])
    assert again.returncode == 0
    assert killed.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    asked_again = [headers for headers in endpoint.headers if headers.get("authorization") == "Bearer of-the-second"]
    assert len(asked_again) == planned - len(saved)
    assert report["usage"]["num_unheard"] == len(sent - saved)
    assert report["usage"]["num_requests"] == planned


def test_ctrl_c_leaves_with_130_and_the_answers_saved(
    tmp_path: Path, seeds_file: Path, endpoint: ScriptedEndpoint, start: Callable[..., Any]
) -> None:
    processes: list[subprocess.Popen[str]] = []
    may_interrupt = threading.Event()

    def interrupt_at_the_third(body: dict[str, Any], number: int) -> Reply:
        if number == 2:
            may_interrupt.wait(30)
            os.kill(processes[0].pid, signal.SIGINT)
        return by_request(body, number)

    endpoint.answer = interrupt_at_the_third
    given = arguments(tmp_path / "out.jsonl", seeds_file, endpoint, "--count", "60", "--concurrency", "1")
    processes.append(start(given))
    may_interrupt.set()
    _, said = processes[0].communicate(timeout=60)
    assert processes[0].returncode == 130
    assert "3 answers are saved" in said
    assert not (tmp_path / "out.jsonl").exists()
    again = start(given)
    again.communicate(timeout=60)
    assert (again.returncode, len(endpoint.asked)) == (0, 12)


# ---- the other two ways --------------------------------------------------------------------------


def test_drafts_are_answered_by_a_person_and_become_rows(
    tmp_path: Path, seeds_file: Path, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.answer = lambda _, number: Reply(json.dumps([f"{new_text(number * 9 + at)}?" for at in range(3)]))
    drafts, out = tmp_path / "drafts.jsonl", tmp_path / "rows.jsonl"
    assert run(arguments(drafts, seeds_file, endpoint, "--mode", "semi-synthetic", "--count", "3")) == 0
    found = read_drafts(drafts)
    assert [(draft.answer, draft.status) for draft in found] == [(None, "pending")] * 3
    assert "It reached" not in json.dumps(endpoint.asked)  # only questions are shown where only they are asked for
    assert run(["data", "synthesize", str(out), "--drafts", str(drafts)]) == 2
    decide(drafts, found, Decision("draft-2", "rewritten", "我来回答。"))
    capsys.readouterr()
    assert run(["data", "synthesize", str(out), "--drafts", str(drafts), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["drafts"]["rewritten"] == 1
    (row,) = rows_of(out)
    assert row["messages"][1]["content"] == "我来回答。"
    assert row["metadata"]["provenance"] == "semi-synthetic"


def test_proposals_come_with_the_drafts_where_they_are_wanted(
    tmp_path: Path, seeds_file: Path, endpoint: ScriptedEndpoint
) -> None:
    out = tmp_path / "d.jsonl"
    more = ("--mode", "semi-synthetic", "--with-proposals", "--count", "5")
    assert run(arguments(out, seeds_file, endpoint, *more)) == 0
    assert all(draft.answer for draft in read_drafts(out))


def test_rows_about_documents_name_document_passage_and_support(
    tmp_path: Path, guide: Path, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    said = [{"question": "灯泡以外的零件怎样更换？", "answer": "保修期内可以免费更换，需要提供发票。"},
            {"question": "保修期有多长时间呢？", "answer": "保修期是7年。"}]  # fmt: skip
    endpoint.answer = lambda *_: Reply(f"好的：\n{json.dumps(said, ensure_ascii=False)}")
    (guide / "old.pdf").write_bytes(b"%PDF-1.4")
    out = tmp_path / "out.jsonl"
    given = [
        "data",
        "synthesize",
        str(out),
        "--documents",
        str(guide),
        "--language",
        "zh",
        "--endpoint",
        endpoint.url,
        "--yes",
    ]
    assert run([*given, "--json"]) == 0
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert report["documents_left_out"] == {"unsupported_document": 1}
    assert "pdftotext" in printed.err
    assert (report["kept"], report["refused_by_reason"]) == (1, {"unsupported_number": 2, "unsupported": 1})
    (row,) = rows_of(out)
    said_of = row["metadata"]
    assert (said_of["document"], said_of["passage"], said_of["support"]) == ("保修.txt:1", "保修.txt#1", "0.90")


def test_own_prompt_is_used_and_a_wrong_one_refused(
    tmp_path: Path, seeds_file: Path, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    prompt, out = tmp_path / "prompt.txt", tmp_path / "out.jsonl"
    assert run(["data", "synthesize", "--save-prompt", str(prompt)]) == 0
    prompt.write_text(prompt.read_text() + "\nIn rhymes. {{abuot}}")
    assert run(arguments(out, seeds_file, endpoint, "--prompt", str(prompt))) == 2
    assert "did you mean {{about}}?" in capsys.readouterr().err
    prompt.write_text(prompt.read_text().replace("{{abuot}}", ""))
    assert run(arguments(out, seeds_file, endpoint, "--prompt", str(prompt), "--count", "5")) == 0
    assert endpoint.asked[0]["messages"][1]["content"].endswith("In rhymes.")


def test_larger_budget_goes_on_where_the_smaller_one_stopped(
    tmp_path: Path, seeds_file: Path, endpoint: ScriptedEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.answer = by_request
    out = tmp_path / "out.jsonl"
    given = arguments(out, seeds_file, endpoint, "--count", "30", "--json")
    assert run([*given, "--max-requests", "2"]) == 0
    assert (json.loads(capsys.readouterr().out)["ended"], len(rows_of(out))) == ("budget", 10)
    assert run([*given, "--max-requests", "9"]) == 2
    assert run([*given, "--max-requests", "9", "--overwrite"]) == 0
    assert (len(rows_of(out)), len(endpoint.asked)) == (30, 6)
    capsys.readouterr()
    assert run([*given, "--overwrite", "--temperature", "0"]) == 2
    assert "temperature differ" in capsys.readouterr().err
    assert run([*given, "--overwrite", "--temperature", "0", "--restart"]) == 0
    assert len(endpoint.asked) == 12


def test_rows_of_another_file_are_not_written_again(
    tmp_path: Path, seeds_file: Path, endpoint: ScriptedEndpoint
) -> None:
    endpoint.answer = by_request
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    assert run(arguments(first, seeds_file, endpoint, "--count", "10", "--to", "prompt_completion")) == 0
    assert run(arguments(second, seeds_file, endpoint, "--count", "10", "--against", str(first))) == 0
    known = {row["prompt"] for row in rows_of(first)}
    assert known & {row["messages"][0]["content"] for row in rows_of(second)} == set()
