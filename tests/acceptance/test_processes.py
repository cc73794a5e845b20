"""`tunesmith up` keeps its three processes running, ends them all, and keeps what it was given."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

KEY_LINE = re.compile(r"^  (sk-\S+)$", re.MULTILINE)


def until(condition: Callable[[], Any], seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def tunesmith_up(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """One that is expected to end by itself."""
    command = [sys.executable, "-m", "tunesmith", "up", "--home", str(home), *options]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TUNESMITH_")}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)


@pytest.mark.parametrize("part", ["api", "worker", "serve"])
def test_killed_part_is_started_again(platform, part: str) -> None:
    times = platform.said().count("Ready")
    before = platform.pids()
    os.kill(before[part], signal.SIGKILL)
    until(lambda: platform.pids().get(part, before[part]) != before[part])
    platform.wait_ready(times + 1)
    after = platform.pids()
    assert {name: after[name] == before[name] for name in after} == {
        name: name != part for name in ("api", "worker", "serve")
    }
    assert f"{part} ended (killed by SIGKILL); it is started again in 0.25 s." in platform.said()
    answer = platform.client().chat.completions.create(
        model="starter", messages=[{"role": "user", "content": "Hello"}], max_completion_tokens=2
    )
    assert answer.choices[0].finish_reason in ("stop", "length")


def test_requests_wait_while_the_api_is_started_again(platform) -> None:
    """The port is the supervisor's: nobody is refused in between."""
    os.kill(platform.pids()["api"], signal.SIGKILL)
    client = OpenAI(base_url=f"{platform.url}/v1", api_key=platform.key, max_retries=0, timeout=120)
    assert [model.id for model in client.models.list()] == ["starter"]


def test_api_never_loads_torch(platform) -> None:
    loaded = {name: "libtorch" in Path(f"/proc/{pid}/maps").read_text() for name, pid in platform.pids().items()}
    assert loaded["api"] is False
    assert loaded["serve"] is True


def test_no_secret_is_in_a_command_line_or_given_to_the_parts(platform) -> None:
    for pid in platform.pids().values():
        assert platform.key not in Path(f"/proc/{pid}/cmdline").read_text()
        assert platform.key not in Path(f"/proc/{pid}/environ").read_text()


def test_only_the_api_listens_and_only_on_this_machine(platform) -> None:
    tables = [Path(f"/proc/net/{table}").read_text() for table in ("tcp", "tcp6")]
    listening = {
        row.split()[9]: row.split()[1] for table in tables for row in table.splitlines()[1:] if row.split()[3] == "0A"
    }
    held: dict[str, set[str]] = {}
    for name, pid in platform.pids().items():
        links = [os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink()]
        inodes = {link.removeprefix("socket:[").rstrip("]") for link in links if link.startswith("socket:[")}
        held[name] = {listening[inode] for inode in inodes & listening.keys()}
    port = int(platform.url.rpartition(":")[2])
    assert held == {"api": {f"0100007F:{port:04X}"}, "worker": set(), "serve": set()}


def test_home_is_private(platform) -> None:
    modes = [path.stat().st_mode & 0o077 for path in (platform.home, *platform.home.iterdir())]
    assert set(modes) == {0}


def test_second_start_on_one_home_is_refused(platform) -> None:
    done = tunesmith_up(platform.home, "--port", "0")
    assert done.returncode == 2
    assert f"Tunesmith runs on {platform.home} already (process {platform.process.pid})." in done.stderr


def test_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = tunesmith_up(tmp_path, "--port", str(port))
    assert done.returncode == 2
    assert re.search(
        f"Port {port} of 127.0.0.1 cannot be used: Address already in use.\n→ choose another --port", done.stderr
    )


@pytest.mark.parametrize(
    ("home", "options", "words"),
    [
        ("file", (), "cannot be the home folder"),
        ("x" * 120, (), "is too long for the sockets in it"),
        ("home", ("--host", "nowhere.invalid"), "nowhere.invalid is no address to listen on"),
        ("home", ("--port", "99999"), "TUNESMITH_PORT.*less than or equal to 65535"),
    ],
    ids=["file", "long", "host", "port"],
)
def test_start_that_cannot_be_says_why(tmp_path: Path, home: str, options: tuple[str, ...], words: str) -> None:
    (tmp_path / "file").touch()
    done = tunesmith_up(tmp_path / home, *(options or ("--port", "0")))
    assert done.returncode == 2
    assert re.search(words, done.stderr)
    assert "Traceback" not in done.stderr


def test_first_start_shows_a_key_once_and_a_restart_keeps_everything(start, rows_file: Path) -> None:
    first = start(key=None)
    keys = KEY_LINE.findall(first.said())
    assert len(keys) == 1
    assert f"Studio: {first.url}/studio/\n" in first.said()
    assert "#key=" not in first.said()  # no terminal: a log
    client = OpenAI(base_url=f"{first.url}/v1", api_key=keys[0])
    file = client.files.create(file=rows_file, purpose="fine-tune")
    job = client.fine_tuning.jobs.create(model="starter", training_file=file.id, extra_body={"max_steps": 1})
    until(lambda: client.fine_tuning.jobs.retrieve(job.id).status == "succeeded")
    assert first.interrupt() == 0
    assert first.said().rstrip().endswith("Stopped.")
    assert first.everybody() == []

    second = start(first.home, key=None)
    assert KEY_LINE.findall(second.said()) == []
    client = OpenAI(base_url=f"{second.url}/v1", api_key=keys[0])
    again = client.fine_tuning.jobs.retrieve(job.id)
    assert client.files.content(file.id).read() == rows_file.read_bytes()
    answer = client.chat.completions.create(
        model=str(again.fine_tuned_model), messages=[{"role": "user", "content": "Hello"}], max_completion_tokens=2
    )
    assert answer.model == again.fine_tuned_model
    assert keys[0] not in "".join(path.read_text() for path in (first.home / "logs").iterdir())


def test_preset_key_is_never_printed(platform) -> None:
    assert KEY_LINE.findall(platform.said()) == []
    assert platform.key not in platform.said()


def test_interrupted_job_goes_on_after_the_next_start(start, rows_file: Path) -> None:
    first = start()
    client = first.client()
    file = client.files.create(file=rows_file, purpose="fine-tune")
    job = client.fine_tuning.jobs.create(model="starter", training_file=file.id, extra_body={"max_steps": 60})
    until(lambda: (client.fine_tuning.jobs.retrieve(job.id).model_extra or {})["step"] >= 3)
    assert first.interrupt() == 0
    assert first.everybody() == []

    second = start(first.home)
    client = second.client()
    until(lambda: client.fine_tuning.jobs.retrieve(job.id).status == "succeeded")
    events = [event for event in client.fine_tuning.jobs.list_events(job.id, limit=100) if event.type == "metrics"]
    assert sorted(event.data["step"] for event in events) == list(range(1, 61))  # type: ignore[index]


def test_second_interrupt_stops_at_once(start) -> None:
    platform = start()
    os.kill(platform.pids()["serve"], signal.SIGSTOP)  # it cannot drain
    platform.process.send_signal(signal.SIGINT)
    until(lambda: "Stopping" in platform.said())

    def ended() -> bool:
        platform.process.send_signal(signal.SIGINT)  # within half a second of the first it counts as the same
        return platform.process.poll() is not None

    until(ended)
    assert platform.process.returncode == 130
    assert platform.said().rstrip().endswith("Stopped at once.")
    assert platform.everybody() == []


def test_nobody_outlives_a_killed_supervisor(start) -> None:
    first = start()
    first.process.kill()
    first.process.wait()
    until(lambda: not first.everybody())
    assert start(first.home).is_ready()


@pytest.mark.needs("postgres")
def test_everything_runs_on_postgresql(start, postgres_url: str, rows_file: Path) -> None:
    platform = start(TUNESMITH_DATABASE_URL=postgres_url)
    client = platform.client()
    file = client.files.create(file=rows_file, purpose="fine-tune")
    job = client.fine_tuning.jobs.create(model="starter", training_file=file.id, extra_body={"max_steps": 2})
    until(lambda: client.fine_tuning.jobs.retrieve(job.id).status == "succeeded")
    os.kill(platform.pids()["worker"], signal.SIGKILL)
    model = str(client.fine_tuning.jobs.retrieve(job.id).fine_tuned_model)
    answer = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "Hello"}], max_completion_tokens=2
    )
    assert answer.model == model
    platform.wait_ready(2)
    assert platform.interrupt() == 0
    assert not (platform.home / "tunesmith.db").exists()
    assert "postgres" not in "".join(path.read_text() for path in (platform.home / "logs").iterdir())
