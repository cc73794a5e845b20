"""Keeps programs running: starts them, starts dead ones again, and stops them all in order.

Takes argument lists; keeps one log file a program. A program that dies is started again after a pause that
doubles with every quick death; one that has lived a while begins anew. Programs run in sessions of their
own, so that Ctrl-C reaches the supervisor alone, and die with it where the system can promise that (Linux).
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import re
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, Literal

from tunesmith.core.log import redacted

NOTICE_SECONDS: Final = 0.1
_PR_SET_PDEATHSIG: Final = 1
_LONGEST_LINE: Final = 64 << 10
# As core.log writes it, in either format.
_WARNING: Final = re.compile(r'^(\S+ )?(WARNING|ERROR|CRITICAL) |"level": "(WARNING|ERROR|CRITICAL)"')
_LAST_WORDS_SECONDS: Final = 2.0

State = Literal["waiting", "running", "stopped"]


@dataclass(frozen=True, slots=True)
class Program:
    """One program to keep running. ``inherited`` are the descriptors that it gets beside the usual three."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    inherited: tuple[int, ...] = ()
    drain_seconds: float = 60.0
    """How long it may take to end after SIGTERM before it is killed."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How soon a dead program is started again."""

    first_pause_seconds: float = 0.25
    longest_pause_seconds: float = 30.0
    settled_seconds: float = 20.0
    """One that lived so long begins anew with the first pause."""
    quick_deaths: int = 5
    """After so many quick deaths in a row, and every so many more, the last lines of its log are shown."""

    def pause_seconds(self, deaths: int) -> float:
        """The pause after ``deaths`` quick deaths in a row, from 1."""
        return float(min(self.longest_pause_seconds, self.first_pause_seconds * 2 ** min(deaths - 1, 20)))


@dataclass(slots=True)
class Supervisor:
    """``say`` gets sentences for the terminal; ``on_start`` is told the name of each program that was started."""

    log_folder: Path
    say: Callable[[str], None]
    on_start: Callable[[str], None] = lambda name: None
    patience: Patience = Patience()
    _kept: dict[str, _Kept] = field(default_factory=dict)

    def start(self, program: Program) -> None:
        """Keep it running until it is stopped."""
        kept = _Kept(program, LogFile(self.log_folder / f"{program.name}.log"))
        self._kept[program.name] = kept
        kept.task = asyncio.create_task(self._keep(kept))

    async def stop(self, names: Sequence[str]) -> None:
        """SIGTERM to all of them, then wait; one that does not end in its time is killed."""
        stopping = [self._kept[name] for name in names]
        for kept in stopping:
            kept.state = "stopped"
            kept.send(signal.SIGTERM)
            kept.wake.set()
        await asyncio.gather(*(self._end(kept) for kept in stopping))

    def kill(self) -> None:
        """End them all, and what they started, at once."""
        for kept in self._kept.values():
            kept.state = "stopped"
            kept.wake.set()
            kept.kill_group()

    def processes(self) -> dict[str, int]:
        """Name → process id of those that run."""
        return {name: kept.process.pid for name, kept in self._kept.items() if kept.process is not None}

    async def _end(self, kept: _Kept) -> None:
        if kept.task is None:
            return
        done, _ = await asyncio.wait([kept.task], timeout=kept.program.drain_seconds)
        if not done:
            self.say(f"{kept.program.name} did not end within {kept.program.drain_seconds:g} s and is killed.")
            kept.kill_group()
        await kept.task

    async def _keep(self, kept: _Kept) -> None:
        deaths = 0
        loop = asyncio.get_running_loop()
        while kept.state != "stopped":
            started = loop.time()
            code = await self._live(kept)
            if kept.is_stopped:
                return
            deaths = 1 if loop.time() - started >= self.patience.settled_seconds else deaths + 1
            pause = self.patience.pause_seconds(deaths)
            kept.state = "waiting"
            self._report(kept, code, deaths, pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(kept.wake.wait(), pause)

    async def _live(self, kept: _Kept) -> int:
        """Start it and wait for its end; → its exit code as subprocess has it."""
        try:
            process = _start(kept.program)
        except OSError as error:
            kept.log.write(f"It could not be started: {error}")
            return os.EX_OSERR
        kept.process = process
        kept.state = "running"
        self.on_start(kept.program.name)
        output = asyncio.create_task(self._pump(kept, process))
        while not _has_ended(process):
            await asyncio.sleep(NOTICE_SECONDS)
        kept.kill_group()  # whatever it left behind; before it is reaped, so that its id is nobody else's
        kept.process = None
        code = process.wait()
        with suppress(TimeoutError):  # somebody else may hold the other end of the pipe
            await asyncio.wait_for(output, _LAST_WORDS_SECONDS)
        return code

    async def _pump(self, kept: _Kept, process: subprocess.Popen[bytes]) -> None:
        """Its output into its log; warnings and errors to the terminal as well."""
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), process.stdout
        )
        rest = b""
        try:
            while chunk := await reader.read(_LONGEST_LINE):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._note(kept, line)
                if len(rest) > _LONGEST_LINE:
                    self._note(kept, rest)
                    rest = b""
            if rest:
                self._note(kept, rest)
        finally:
            transport.close()

    def _note(self, kept: _Kept, line: bytes) -> None:
        text = redacted(line.decode("utf-8", "replace").rstrip("\r"))
        kept.log.write(text)
        if _WARNING.search(text):
            self.say(f"{kept.program.name}: {text}")

    def _report(self, kept: _Kept, code: int, deaths: int, pause: float) -> None:
        name = kept.program.name
        self.say(f"{name} ended ({how_it_ended(code)}); it is started again in {pause:g} s.")
        if deaths % self.patience.quick_deaths == 0:
            last = "".join(f"\n  {line}" for line in kept.log.last_lines) or "\n  (nothing)"
            self.say(
                f"{name} has ended {deaths} times soon after its start. The last lines of {kept.log.path}:{last}\n"
                f"→ mend what they name; it is tried again every {self.patience.longest_pause_seconds:g} s at the latest"
            )


@dataclass(slots=True)
class _Kept:
    program: Program
    log: LogFile
    state: State = "waiting"
    process: subprocess.Popen[bytes] | None = None
    task: asyncio.Task[None] | None = None
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_stopped(self) -> bool:
        return self.state == "stopped"

    def send(self, number: signal.Signals) -> None:
        if self.process is not None and not _has_ended(self.process):
            os.kill(self.process.pid, number)

    def kill_group(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)


@dataclass(slots=True)
class LogFile:
    """A log of bounded size: NAME.log, the older NAME.log.1, and so on. A full disk stops no program."""

    path: Path
    max_bytes: int = 10 << 20
    num_old: int = 4
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=20))
    _file: IO[str] | None = None

    def write(self, line: str) -> None:
        self.last_lines.append(line)
        with suppress(OSError):
            file = self._file or self._open()
            file.write(line + "\n")
            file.flush()
            if file.tell() >= self.max_bytes:
                self._rotate(file)

    def _open(self) -> IO[str]:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = self.path.open("a", encoding="utf-8")
        return self._file

    def _rotate(self, file: IO[str]) -> None:
        file.close()
        self._file = None
        for number in range(self.num_old, 0, -1):
            older = self._old(number - 1) if number > 1 else self.path
            with suppress(FileNotFoundError):
                os.replace(older, self._old(number))

    def _old(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


def how_it_ended(code: int) -> str:
    """``code`` as subprocess has it: below zero, the signal that killed it."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


def _start(program: Program) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        program.arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=dict(program.environment), pass_fds=program.inherited, start_new_session=True, preexec_fn=_dying_with_parent(),
    )  # fmt: skip


def _dying_with_parent() -> Callable[[], None] | None:
    """What a child does before it becomes the program: ask the kernel to kill it when its parent dies."""
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
        if os.getppid() != parent:  # it died before the kernel was asked
            os.kill(os.getpid(), signal.SIGKILL)

    return ask


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether it has ended; where the system can tell without reaping, its id stays taken."""
    if hasattr(os, "waitid"):
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return process.poll() is not None
