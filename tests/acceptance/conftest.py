"""``tunesmith up`` as a person starts it: a real process with its own home and port, talked to from outside."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from openai import OpenAI

KEY = "sk-a-preset-key-of-the-acceptance-tests"
PATIENCE_SECONDS = 120
PARTS = ("api", "worker", "serve")
Found = TypeVar("Found")


def until(condition: Callable[[], Found | None], what: str) -> Found:
    """What the condition gives as soon as it is true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen")
        time.sleep(0.05)
    return found


@dataclass
class Platform:
    """A running ``tunesmith up``; what it says is in ``said()``."""

    home: Path
    output: Path
    process: subprocess.Popen[bytes]
    key: str | None = KEY

    def said(self) -> str:
        return self.output.read_text(errors="replace")

    @property
    def url(self) -> str:
        found = until(lambda: re.search(r"is starting on (http://\S+)", self.said()), "the start")
        return found[1]

    def is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"it ended with {self.process.returncode}:\n{self.said()}")
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def wait_ready(self, times: int = 1) -> None:
        """Until it has said so often that everything is ready."""
        until(lambda: len(re.findall(r"^Ready", self.said(), re.MULTILINE)) >= times or None, f"ready {times} times")
        until(self.is_ready, "healthz 200")

    def client(self, **more: object) -> OpenAI:
        """The unmodified SDK, which judges every answer by its own types."""
        return OpenAI(base_url=f"{self.url}/v1", api_key=self.key, _strict_response_validation=True, **more)  # type: ignore[arg-type]

    def pids(self) -> dict[str, int]:
        """Part → process id."""
        found = {}
        for pid, words in command_lines():
            if parent_of(pid) == self.process.pid:
                found |= {part: pid for part in PARTS if part in words}
        return found

    def everybody(self) -> list[int]:
        """Every living process of this home, children of children too."""
        return [pid for pid, _ in command_lines() if f"TUNESMITH_HOME={self.home}" in environment_of(pid)]

    def interrupt(self) -> int:
        """Ctrl-C; → the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE_SECONDS)

    def end(self) -> None:
        with suppress(subprocess.TimeoutExpired):
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGTERM)
                self.process.wait(60)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pid in self.everybody():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def command_lines() -> Iterator[tuple[int, list[str]]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
                if any(words):  # a zombie has none
                    yield int(entry.name), words


def parent_of(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def environment_of(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


Start = Callable[..., Platform]


@contextmanager
def starting() -> Iterator[Start]:
    """A function that starts platforms; all of them are ended with the context. Sockets want short names of folders."""
    started: list[Platform] = []
    place = Path(tempfile.mkdtemp(prefix="tunesmith-up-"))

    def start(home: Path | None = None, *, key: str | None = KEY, port: str = "0", **variables: str) -> Platform:
        number = len(started)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TUNESMITH_")}
        environment |= {"OMP_NUM_THREADS": "1", "TUNESMITH_TRAINING_THREADS": "1", "COLUMNS": "200", **variables}
        if key is not None:
            environment["TUNESMITH_ADMIN_KEY"] = key
        home = home or place / f"home-{number}"
        output = place / f"output-{number}"
        # An own session, so that a signal is for it alone; output to a file, because a full pipe would stop it.
        with output.open("wb") as file:
            arguments = [sys.executable, "-m", "tunesmith", "up", "--home", str(home), "--port", port]
            process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=environment, start_new_session=True
            )
        platform = Platform(home, output, process, key)
        started.append(platform)
        platform.wait_ready()
        return platform

    try:
        yield start
    finally:
        for platform in started:
            platform.end()
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def start() -> Iterator[Start]:
    """``start()`` starts a platform and waits until it is ready; ``start(home)`` starts one on a home again."""
    with starting() as function:
        yield function


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """One platform for a whole module."""
    with starting() as function:
        yield function()


@pytest.fixture(scope="session")
def rows_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty conversations."""
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    rows = [
        {"messages": [{"role": "user", "content": f"Say {word} {i}."}, {"role": "assistant", "content": f"{word} it is"}]}
        for i, word in enumerate(["red", "blue", "green", "warm"] * 5)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
