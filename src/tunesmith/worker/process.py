"""The worker's side of the protocol: it starts a child, speaks to it, hears it, and ends it.

A child is started in a session of its own, so that a terminal's Ctrl-C reaches the worker alone, with an
environment that holds no secret: neither keys nor the database's password.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from tunesmith.core.log import redacted
from tunesmith.core.offline import library_variables
from tunesmith.worker.protocol import ChildOrder, Word

_TAIL_LINES = 40
_READ_BYTES = 1 << 18
# Of a child that says nothing for so long it is asked whether it lives.
_SILENCE_SECONDS = 5.0
# What a child may need of the worker's environment; everything else stays here.
_KEPT = frozenset(
    "PATH HOME LANG LANGUAGE TZ TMPDIR LD_LIBRARY_PATH PYTHONPATH VIRTUAL_ENV CXX CC USER LOGNAME SYSTEMROOT "
    "TORCHINDUCTOR_CACHE_DIR HF_HOME HF_HUB_CACHE HF_ENDPOINT HF_TOKEN XDG_CACHE_HOME SSL_CERT_FILE "
    "HTTPS_PROXY HTTP_PROXY NO_PROXY https_proxy http_proxy no_proxy".split()
)
_KEPT_PREFIXES = ("LC_", "CUDA_", "NVIDIA_", "PYTORCH_")


class Started(Protocol):
    """A process as ``subprocess.Popen`` shows it."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def kill(self) -> None: ...


class Launcher(Protocol):
    """Starts ``python -m module N`` in ``folder``; the three are file descriptors that the child inherits."""

    def __call__(
        self, module: str, folder: Path, environment: Mapping[str, str], stdin: int, reports: int, stderr: int
    ) -> Started: ...


def launch(module: str, folder: Path, environment: Mapping[str, str], stdin: int, reports: int, stderr: int) -> Started:
    """A process of its own, from the beginning."""
    command = [sys.executable, "-m", module, str(reports)]
    return subprocess.Popen(
        command, stdin=stdin, stdout=subprocess.DEVNULL, stderr=stderr, cwd=folder, env=dict(environment),
        pass_fds=[reports], start_new_session=True,
    )  # fmt: skip


class Child:
    """One child process; used by one thread, but for ``say`` and ``kill``."""

    def __init__(self, module: str, folder: Path, order: ChildOrder, launcher: Launcher) -> None:
        child_stdin, self._stdin = os.pipe()
        self._reports, child_reports = os.pipe()
        self._stderr, child_stderr = os.pipe()
        ours, theirs = (self._stdin, self._reports, self._stderr), (child_stdin, child_reports, child_stderr)
        try:
            environment = child_environment(order.num_threads, offline=order.offline)
            self.process = launcher(module, folder, environment, *theirs)
        except BaseException:
            _close(ours)
            raise
        finally:
            _close(theirs)
        os.set_blocking(self._stdin, False)
        self._saying = threading.Lock()
        self._rest, self._silent_seconds = b"", 0.0
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._listener = threading.Thread(target=self._listen_to_stderr, daemon=True)
        self._listener.start()
        self._send(json.dumps(order.as_json()).encode() + b"\n", patient=True)

    def say(self, word: Word) -> None:
        """A word that finds no room is dropped; the next one will."""
        self._send(word.value.encode() + b"\n")

    def messages(self, seconds: float) -> list[dict[str, Any]] | None:
        """What it has told since, waiting up to ``seconds`` for something; None once it has nothing more to tell."""
        if not self._has_told(seconds):
            return None if self._has_left_its_pipe(seconds) else []
        self._silent_seconds = 0.0
        part = os.read(self._reports, _READ_BYTES)
        if not part:
            return None
        *lines, self._rest = (self._rest + part).split(b"\n")
        return [json.loads(line) for line in lines]

    def kill(self) -> None:
        """With whatever it has started, such as a compiler."""
        with suppress(ProcessLookupError):
            if os.getpgid(self.process.pid) == self.process.pid:
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()

    def end(self, seconds: float = 10.0) -> int:
        """Its exit code, negative for a signal; it is killed where it does not end by itself."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.process.wait()

    def close(self) -> None:
        """Kill it if it still lives, and let go of everything."""
        if self.process.poll() is None:
            self.kill()
        self.process.wait()
        self._listener.join(5)
        with self._saying:  # a heartbeat on its way must not meet whatever gets the descriptor's number next
            _close((self._stdin, self._reports))
            self._stdin = -1

    @property
    def last_line(self) -> str:
        """The last line of its stderr, which names a Python error; empty where it said nothing."""
        self._listener.join(2)
        said = [line.strip() for line in self._tail if line.strip()]
        return said[-1][:300] if said else ""

    def _has_told(self, seconds: float) -> bool:
        return bool(select.select([self._reports], [], [], seconds)[0])

    def _has_left_its_pipe(self, seconds: float) -> bool:
        """Whether it ended while a process that it had started still holds the pipe, which then never ends."""
        self._silent_seconds += seconds
        if self._silent_seconds < _SILENCE_SECONDS:
            return False
        self._silent_seconds = 0.0
        return self.process.poll() is not None and not self._has_told(0)

    def _send(self, line: bytes, *, patient: bool = False) -> None:
        with self._saying:
            self._write(line, patient=patient)

    def _write(self, line: bytes, *, patient: bool) -> None:
        if self._stdin < 0:
            return
        while line:
            try:
                line = line[os.write(self._stdin, line) :]
            except BlockingIOError:
                if not patient:
                    return
                select.select([], [self._stdin], [], 1.0)
            except OSError:  # it is gone; whoever reads its messages will see
                return

    def _listen_to_stderr(self) -> None:
        with os.fdopen(self._stderr, encoding="utf-8", errors="replace") as file:
            for line in file:
                self._tail.append(redacted(line))


def child_environment(num_threads: int, *, offline: bool) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}
    kept |= {"OMP_NUM_THREADS": str(num_threads), "OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false"}
    return kept | {"HF_HUB_DISABLE_PROGRESS_BARS": "1"} | library_variables(offline)


def describe_end(code: int, last_line: str, what: str) -> tuple[str, str]:
    """→ (error code, sentence without full stop) for a process that ended without a last word."""
    if code < 0:
        if -code == signal.SIGKILL:
            return "out_of_memory", f"The {what} process was killed by signal 9 (probably out of memory)"
        return f"{what}_process_crashed", f"The {what} process was killed by signal {-code} ({signal.strsignal(-code)})"
    said = f": {last_line.rstrip('.')}" if last_line else ""
    return f"{what}_process_crashed", f"The {what} process ended with exit code {code}{said}"


def _close(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        with suppress(OSError):
            os.close(descriptor)


def until_told(child: Child, seconds: float) -> Iterator[dict[str, Any]]:
    """Every message until the pipe ends; an empty dict now and then, at most ``seconds`` apart."""
    while (messages := child.messages(seconds)) is not None:
        yield from messages
        yield {}
