"""The command line against a server: what it asks for, what it prints, what it makes of refusals.

The server here answers as it is told to, over real HTTP; tests/acceptance runs the same commands against `tunesmith up`.
"""

from __future__ import annotations

import io
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from rich.console import Console

from tunesmith.cli import follow as follow_module
from tunesmith.cli.chat_options import ChatOptions
from tunesmith.cli.main import run
from tunesmith.cli.remote_chat import run_remote_chat
from tunesmith.cli.remote_train import body_of
from tunesmith.cli.rows_file import as_lines
from tunesmith.specs.yaml_file import parse_spec

KEY = "sk-a-key-of-the-tests"
Reply = tuple[int, Any]


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    """``answers``: (method, path without /v1/) → a reply, or one made from the request; ``headers`` go with each."""

    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    answers: dict[tuple[str, str], Reply | Callable[[Asked], Reply]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def reply(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        found = self.answers.get((asked.method, asked.path), (404, refusal("No such thing.")))
        return found(asked) if callable(found) else found


def refusal(message: str, param: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": None}}


def listed(*items: dict[str, Any], has_more: bool = False) -> dict[str, Any]:
    return {"object": "list", "data": list(items), "has_more": has_more}


def job(status: str = "running", **more: Any) -> dict[str, Any]:
    return {
        "id": "ftjob-1", "object": "fine_tuning.job", "model": "starter", "status": status, "created_at": 1,
        "training_file": "file-1", **more,
    }  # fmt: skip


def event(number: int, message: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"ftevent-{number}",
        "created_at": number,
        "level": "info",
        "message": message,
        "type": "message",
        **more,
    }


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    world = Server()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            asked = Asked(
                self.command, parts.path.removeprefix("/v1/"), parse_qs(parts.query), dict(self.headers.items()), body
            )
            status, value = world.reply(asked)
            content = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            for name, text in world.headers.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    world.url = f"http://127.0.0.1:{http.server_port}"
    monkeypatch.setenv("TUNESMITH_SERVER", world.url)
    monkeypatch.setenv("TUNESMITH_API_KEY", KEY)
    monkeypatch.setattr(follow_module, "ASK_SECONDS", 0.0)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield world
    http.shutdown()
    http.server_close()
    thread.join()


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


def tunesmith(*arguments: object, typed: str = "") -> Said:
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "stdin", io.StringIO(typed))
        code = run([str(argument) for argument in arguments])
    return Said(code, out.getvalue(), err.getvalue())


# ---- pages ----------------------------------------------------------------------------------------


def test_base_model_has_no_date(server: Server) -> None:
    server.answers["GET", "models"] = 200, listed({"id": "starter", "created": 0, "owned_by": "tunesmith"})
    assert "1970" not in tunesmith("models", "list").out


@pytest.mark.parametrize(
    ("name", "more", "said"),
    [("gpt-4o-mini", {"alias_of": "starter"}, r"alias of +starter"), ("ft:starter:p::1", {"base_model": "starter"}, r"base model +starter")],
)  # fmt: skip
def test_what_stands_behind_a_model_is_shown(server: Server, name: str, more: dict[str, str], said: str) -> None:
    server.answers["GET", f"models/{name}"] = 200, {"id": name, "created": 0, "owned_by": "tunesmith", **more}
    assert re.search(said, tunesmith("models", "show", name).out)


def test_job_says_why_it_waits_and_how_far_it_is(server: Server) -> None:
    waiting = job("queued", waiting_reason="too little free memory", step=3, total_steps=9)
    server.answers["GET", "fine_tuning/jobs/ftjob-1"] = 200, waiting
    shown = tunesmith("jobs", "show", "ftjob-1").out
    assert "too little free memory" in shown
    assert "3 of 9" in shown


# ---- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "value", "code", "words"),
    [
        (401, refusal("Incorrect API key provided: sk-…."), 2, "Incorrect API key.*\n→ set TUNESMITH_API_KEY"),
        (403, refusal("Your role viewer may not do this."), 2, "role viewer.*\n→ use a key with a higher role"),
        (404, refusal("No such thing.", "id"), 2, "No such thing.\n→ look it up: tunesmith files list"),
        (400, refusal("That is too much.", "limit"), 2, "too much.\n→ mend limit"),
        (429, refusal("Too many requests."), 1, "Too many requests.\n→ wait a little"),
        (500, refusal("Something broke."), 1, "Something broke.\n→ the server's log"),
        (503, refusal("The database does not answer."), 1, "database.*\n→ wait a little"),
        (502, b"<html>bad gateway</html>", 1, "answered HTTP 502"),
        (200, b"<html>hello</html>", 1, "no JSON.\n→ is it the URL of a Tunesmith server"),
        (200, {"id": 3}, 1, "not understood"),
    ],
)
def test_refusal_becomes_a_sentence(server: Server, status: int, value: Any, code: int, words: str) -> None:
    server.answers["GET", "fine_tuning/jobs/ftjob-1"] = (status, value)
    said = tunesmith("jobs", "show", "ftjob-1")
    assert said.code == code
    assert re.search(words, said.err)
    assert "Traceback" not in said.err


def test_server_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNESMITH_API_KEY", KEY)
    said = tunesmith("models", "list", "--server", "http://127.0.0.1:9")
    assert said.code == 1
    assert re.search("http://127.0.0.1:9 cannot be reached.*\n→ start it with: tunesmith up", said.err)
    assert KEY not in said.err


@pytest.mark.parametrize("url", ["nonsense", "http://[::1", "ftp://host"])
def test_url_that_is_none_is_named(url: str) -> None:
    said = tunesmith("models", "list", "--server", url)
    assert said.code in (1, 2)
    assert url in said.err
    assert "Traceback" not in said.err


def test_key_goes_with_every_request_and_v1_may_be_given(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answers["GET", "models"] = (200, listed())
    monkeypatch.delenv("TUNESMITH_API_KEY")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-the-other-name")
    assert tunesmith("models", "list", "--server", server.url + "/v1/").code == 0
    assert server.asked[0].headers["Authorization"] == "Bearer sk-the-other-name"


# ---- lists and files -----------------------------------------------------------------------------


def test_long_list_is_asked_for_page_by_page(server: Server) -> None:
    def page(asked: Asked) -> Reply:
        first = int(asked.query.get("after", ["file--1"])[0].removeprefix("file-")) + 1
        last = min(first + int(asked.query["limit"][0]), 250)
        files = [
            {"id": f"file-{n}", "filename": f"{n}.jsonl", "bytes": 2048, "purpose": "fine-tune", "status": "processed", "created_at": n}
            for n in range(first, last)
        ]  # fmt: skip
        return 200, listed(*files, has_more=last < 250)

    server.answers["GET", "files"] = page
    assert len(json.loads(tunesmith("files", "list", "--all", "--json").out)) == 250
    assert [asked.query.get("after") for asked in server.asked] == [None, ["file-99"], ["file-199"]]
    shown = tunesmith("files", "list", "--limit", 3)
    assert shown.out.count("2.0 KiB") == 3
    assert server.asked[-1].query["limit"] == ["3"]


SENT = {
    "id": "file-7",
    "filename": "a.jsonl",
    "bytes": 4,
    "purpose": "fine-tune",
    "status": "processed",
    "created_at": 1,
}


def test_upload_sends_purpose_then_the_file(server: Server, tmp_path: Path) -> None:
    server.answers["POST", "files"] = (200, SENT)
    (tmp_path / "a.jsonl").write_text("{}\n\n")
    assert tunesmith("files", "upload", tmp_path / "a.jsonl").out.startswith("file-7  a.jsonl, 4 bytes")
    body = server.asked[0].body
    assert 0 < body.index(b'name="purpose"') < body.index(b'name="file"; filename="a.jsonl"') < body.index(b"{}\n\n")


GOOD_ROWS = '{"prompt": "a", "completion": "b"}\n' * 12


def test_file_that_no_job_can_use_is_sent_with_a_warning(server: Server, tmp_path: Path) -> None:
    server.answers["POST", "files"] = (200, SENT)
    (tmp_path / "a.jsonl").write_text(GOOD_ROWS + '{"prompt": "a"}\n' * 5)
    said = tunesmith("files", "upload", tmp_path / "a.jsonl")
    assert (said.code, said.out.startswith("file-7  a.jsonl")) == (0, True)
    assert "5 errors in 17 rows" in said.err
    assert [f"a.jsonl:{line}" in said.err for line in (13, 14, 15, 16)] == [True, True, True, False]
    assert f"tunesmith data check {tmp_path / 'a.jsonl'} shows all" in said.err


@pytest.mark.parametrize(("purpose", "rows"), [("fine-tune", GOOD_ROWS), ("user_data", "no rows at all")])
def test_file_that_is_good_or_for_something_else_is_sent_without_a_word(
    server: Server, tmp_path: Path, purpose: str, rows: str
) -> None:
    server.answers["POST", "files"] = (200, SENT)
    (tmp_path / "a.jsonl").write_text(rows)
    assert tunesmith("files", "upload", tmp_path / "a.jsonl", "--purpose", purpose).err == ""


def test_file_that_is_not_there_is_named(server: Server, tmp_path: Path) -> None:
    said = tunesmith("files", "upload", tmp_path / "none.jsonl")
    assert said.code == 2
    assert "none.jsonl cannot be read: No such file" in said.err


def test_download_is_whole_or_absent(server: Server, tmp_path: Path) -> None:
    server.answers["GET", "files/file-1/content"] = (200, b"step,train_loss\n")
    assert tunesmith("files", "download", "file-1", "--out", tmp_path / "m.csv").code == 0
    assert (tmp_path / "m.csv").read_bytes() == b"step,train_loss\n"
    assert tunesmith("files", "download", "file-2", "--out", tmp_path / "n.csv").code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["m.csv"]


def test_name_with_slash_is_one_segment(server: Server) -> None:
    server.answers["DELETE", "models/ft:org%2Fbase:p::1"] = (200, {"id": "ft:org/base:p::1", "deleted": True})
    assert tunesmith("models", "delete", "ft:org/base:p::1").out == "ft:org/base:p::1 is deleted.\n"


def test_array_is_sent_as_lines_otherwise_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_bytes(
        b'\xef\xbb\xbf[\n {"instruction": "a\\nb",\n  "output": "\xc3\xa9"},\n {"instruction": "NaN", "n": 1e2}\n]'
    )
    with as_lines(path) as (copy, name):
        assert name == "rows.jsonl"
        assert copy.read_bytes() == (
            b'{"instruction": "a\\nb",   "output": "\xc3\xa9"}\n{"instruction": "NaN", "n": 1e2}\n'
        )
    assert not copy.exists()


@pytest.mark.parametrize("content", [b'{"a": 1}\n', b"[broken", b""])
def test_what_is_no_array_is_sent_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    with as_lines(path) as (copy, name):
        assert (copy, name) == (path, "rows.jsonl")


# ---- jobs ----------------------------------------------------------------------------------------


def test_job_takes_what_the_yaml_says_and_no_default() -> None:
    spec = parse_spec({"base_model": "starter", "training_file": "a.jsonl", "lora_rank": 4, "learning_rate": "auto"})
    body = body_of(spec, {"training_file": "file-1"})
    assert body == {"model": "starter", "training_file": "file-1", "lora_rank": 4, "learning_rate": "auto", "seed": 42}


def test_create_uploads_files_and_passes_settings(server: Server, tmp_path: Path) -> None:
    server.answers["POST", "files"] = (200, SENT)
    server.answers["POST", "fine_tuning/jobs"] = (200, job("validating_files"))
    (tmp_path / "a.jsonl").write_text("{}\n")
    options = ["--model", "starter", "--validation-file", "file-8", "--suffix", "mine", "--set", "lora_rank=4"]
    said = tunesmith("jobs", "create", "--training-file", tmp_path / "a.jsonl", *options, "--set", "adapter=none")
    assert (said.code, "jobs watch ftjob-1" in said.out) == (0, True)
    assert json.loads(server.asked[-1].body) == {
        "model": "starter", "training_file": "file-7", "validation_file": "file-8", "suffix": "mine", "lora_rank": 4,
        "adapter": "none",
    }  # fmt: skip


def problem(message: str, path: str, severity: str = "error", rule: str = "invalid_value") -> dict[str, Any]:
    return {
        "rule": rule,
        "severity": severity,
        "message": message,
        "hint": "",
        "path": path,
        "line": None,
        "column": None,
    }


NO_FILE = problem("Choose a training file.", "training_file", rule="missing")


@pytest.mark.parametrize("command", ["create", "train"])
def test_settings_that_are_refused_leave_no_file_on_the_server(server: Server, tmp_path: Path, command: str) -> None:
    unknown = problem("No such model.", "model", rule="model_not_available")
    problems = [NO_FILE, unknown, problem("Too small.", "lora_rank")]
    server.answers["POST", "fine_tuning/jobs/preview"] = (200, {"model": None, "problems": problems})
    (tmp_path / "a.jsonl").write_text(GOOD_ROWS)
    (tmp_path / "job.yaml").write_text("base_model: nobody/s\ntraining_file: a.jsonl\nlora_rank: 2\n")
    create = ["jobs", "create", "--model", "nobody/s", "--training-file", tmp_path / "a.jsonl", "--set", "lora_rank=2"]
    said = tunesmith(*(create if command == "create" else ["train", tmp_path / "job.yaml", "--server", server.url]))
    assert said.code == 2
    assert "No such model. Too small." in said.err
    assert "mend model, lora_rank" in said.err
    assert "training file" not in said.err
    assert [asked.path for asked in server.asked] == ["fine_tuning/jobs/preview"]
    asked = json.loads(server.asked[0].body)
    assert (asked["model"], asked["lora_rank"], "training_file" in asked) == ("nobody/s", 2, False)


def test_what_only_the_server_cannot_see_yet_refuses_nothing(server: Server, tmp_path: Path) -> None:
    away = problem("The model is not on this machine.", "model", rule="model_not_available")
    problems = [NO_FILE, away, problem("Odd.", "lora_rank", "warning")]
    server.answers["POST", "fine_tuning/jobs/preview"] = (200, {"model": "starter", "problems": problems})
    server.answers["POST", "files"] = (200, SENT)
    server.answers["POST", "fine_tuning/jobs"] = (200, job("validating_files"))
    (tmp_path / "a.jsonl").write_text(GOOD_ROWS)
    assert tunesmith("jobs", "create", "--model", "starter", "--training-file", tmp_path / "a.jsonl").code == 0


@pytest.mark.parametrize("setting", ["lora_rank", "=4", "a=[1"])
def test_setting_that_is_none_is_named(server: Server, setting: str) -> None:
    said = tunesmith("jobs", "create", "--model", "m", "--training-file", "file-1", "--set", setting)
    assert said.code == 2
    assert setting in said.err
    assert server.asked == []


def test_bad_rows_are_named_before_anything_is_sent(server: Server, tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"messages": []}\n')
    (tmp_path / "job.yaml").write_text("base_model: starter\ntraining_file: bad.jsonl\n")
    said = tunesmith("train", tmp_path / "job.yaml", "--server", server.url)
    assert said.code == 2
    assert "bad.jsonl:1" in said.err
    assert server.asked == []


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ({"status": "succeeded", "fine_tuned_model": "ft:starter:p::1"}, 0),
        ({"status": "failed", "error": {"code": "invalid_training_file", "message": "bad", "param": "training_file"}}, 2),
        ({"status": "failed", "error": {"code": "server_error", "message": "the process was killed", "param": None}}, 1),
        ({"status": "cancelled"}, 1),
    ],
)  # fmt: skip
def test_watch_leaves_as_the_job_ended(server: Server, end: dict[str, Any], code: int) -> None:
    server.answers["GET", "fine_tuning/jobs/ftjob-1"] = (200, job(**end))
    server.answers["GET", "fine_tuning/jobs/ftjob-1/events"] = (200, listed())
    said = tunesmith("jobs", "watch", "ftjob-1", "--json")
    assert said.code == code
    assert json.loads(said.out)["status"] == end["status"]


def test_watch_shows_each_event_once_oldest_first_and_steps_as_progress(server: Server) -> None:
    events = [event(1, "Created fine-tuning job: ftjob-1")]
    statuses = iter(["queued", "running", "running", "succeeded"])

    def next_job(_: Asked) -> Reply:
        number = len(events) + 1
        step = {"step": number - 1, "total_steps": 4, "train_loss": 1.5}
        events.insert(0, event(number, f"Step {number - 1}/4", type="metrics", data=step))
        return 200, job(next(statuses))

    server.answers["GET", "fine_tuning/jobs/ftjob-1"] = next_job
    server.answers["GET", "fine_tuning/jobs/ftjob-1/events"] = lambda _: (200, listed(*events))
    said = tunesmith("jobs", "watch", "ftjob-1")
    assert said.code == 0
    assert said.out.count("Created fine-tuning job") == 1
    assert re.findall(r"step (\d)/4 \(\d+ %\): loss 1\.500", said.out) == ["1", "2", "3", "4"]
    assert [said.out.count(f"ftjob-1 is {state}") for state in ("queued", "running", "succeeded")] == [1, 1, 1]


def test_watch_survives_a_server_that_is_away_for_a_while(server: Server) -> None:
    replies = iter([(200, job()), (503, refusal("Away.")), (502, b""), (200, job("succeeded"))])
    server.answers["GET", "fine_tuning/jobs/ftjob-1"] = lambda _: next(replies)
    server.answers["GET", "fine_tuning/jobs/ftjob-1/events"] = (200, listed())
    said = tunesmith("jobs", "watch", "ftjob-1")
    assert said.code == 0
    assert said.out.count("trying again") == 1
    assert said.out.count("The server answers again.") == 1


def test_why_a_job_waits_is_said_once(server: Server) -> None:
    waiting = job("queued", waiting_reason="it needs 9 GiB, 4 GiB are free")
    replies = iter([waiting, waiting, job("succeeded")])
    server.answers["GET", "fine_tuning/jobs/ftjob-1"] = lambda _: (200, next(replies))
    server.answers["GET", "fine_tuning/jobs/ftjob-1/events"] = (200, listed())
    assert tunesmith("jobs", "watch", "ftjob-1").out.count("it waits: it needs 9 GiB") == 1


def test_interrupted_watch_leaves_the_job_and_says_what_to_type(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    server.answers["GET", "fine_tuning/jobs/ftjob-1"] = (200, job())
    server.answers["GET", "fine_tuning/jobs/ftjob-1/events"] = (200, listed())
    monkeypatch.setattr(time, "sleep", interrupt)
    said = tunesmith("jobs", "watch", "ftjob-1")
    assert said.code == 130
    assert f"jobs watch ftjob-1 --server {server.url}" in said.err
    assert f"jobs cancel ftjob-1 --server {server.url}" in said.err
    assert [asked.method for asked in server.asked] == ["GET", "GET"]


# ---- chat ----------------------------------------------------------------------------------------


def chunks(*pieces: str, end: bytes = b"data: [DONE]\n\n") -> bytes:
    lines = [json.dumps({"choices": [{"index": 0, "delta": {"content": piece}}]}) for piece in pieces]
    return b"".join(f"data: {line}\n\n".encode() for line in lines) + end


def test_chat_streams_and_passes_its_options(server: Server) -> None:
    server.answers["POST", "chat/completions"] = (200, chunks("Good ", "morrow"))
    options = ["--system", "Be old.", "--max-tokens", 9, "--seed", 3, "--stop", "!", "--temperature", 0.5]
    said = tunesmith("chat", "ft:starter:p::1", "--server", server.url, "-m", "Hello", *options)
    assert said == Said(0, "Good morrow\n", "")
    body = json.loads(server.asked[0].body)
    assert body.pop("messages") == [{"role": "system", "content": "Be old."}, {"role": "user", "content": "Hello"}]
    assert body == {
        "model": "ft:starter:p::1", "temperature": 0.5, "top_p": 1.0, "max_completion_tokens": 9, "seed": 3,
        "stream": True, "stop": ["!"],
    }  # fmt: skip


def test_model_that_answers_in_the_place_of_an_alias_is_named_once(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.headers["x-tunesmith-model"] = "org/a%20model"
    server.answers["POST", "chat/completions"] = (200, chunks("Yes"))
    said = tunesmith("chat", "gpt-4o-mini", "--server", server.url, "-m", "Hello")
    assert said == Said(0, "Yes\n", "gpt-4o-mini is another name here: org/a model answers.\n")
    options = ChatOptions("gpt-4o-mini", None, None, 0.0, 1.0, 9, 0, ())
    asked = iter(["One", "Two"])
    monkeypatch.setattr(Console, "input", lambda *_: next(asked, "/quit"))
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        run_remote_chat(options, server.url)
    assert (out.getvalue().count("Yes"), err.getvalue().count("another name")) == (2, 1)


def test_model_that_answers_under_its_own_name_is_not_named_again(server: Server) -> None:
    server.headers["x-tunesmith-model"] = "starter"
    server.answers["POST", "chat/completions"] = (200, chunks("Yes"))
    assert tunesmith("chat", "starter", "--server", server.url, "-m", "Hello").err == ""


def test_question_for_a_server_comes_from_a_pipe(server: Server) -> None:
    server.answers["POST", "chat/completions"] = (200, chunks("Yes"))
    assert tunesmith("chat", "starter", "--server", server.url, typed="Is it?\n").out == "Yes\n"
    assert json.loads(server.asked[0].body)["messages"] == [{"role": "user", "content": "Is it?"}]


@pytest.mark.parametrize(
    ("end", "words"),
    [(b"", "The answer broke off"), (b'data: {"error": {"message": "It stopped."}}\n\n', "It stopped.")],
)
def test_answer_that_breaks_off_is_said_so(server: Server, end: bytes, words: str) -> None:
    server.answers["POST", "chat/completions"] = (200, chunks("Yes", end=end))
    said = tunesmith("chat", "starter", "--server", server.url, "-m", "Hello")
    assert said.code != 0
    assert said.out == "Yes"
    assert words in said.err
