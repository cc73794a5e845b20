"""The child's side of the protocol: it listens on stdin, tells on its pipe, and never outlives its worker for long.

Runs in every child process, whether it trains or judges files; no torch.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

from tunesmith.core.errors import Problems, TrainingStopped, TunesmithError, UserError, is_disk_full, is_out_of_memory
from tunesmith.worker.protocol import MAX_PROBLEMS, ChildOrder, Refusal, Word

AnyOrder = TypeVar("AnyOrder", bound=ChildOrder)

# Exit codes that a worker understands without a last word.
ORPHANED = 75
CANCELLED = 76
_PR_SET_PDEATHSIG = 1
_NICENESS = 10
_LONGEST_ORDER_BYTES = 16 << 20


class Lifeline:
    """Reads stdin on a thread of its own: remembers what was asked, and ends the process when nothing comes."""

    def __init__(self, stdin: int, reports: int) -> None:
        self._stdin, self._reports = stdin, reports
        self._rest = b""
        self._asked: set[Word] = set()
        self._writing = threading.Lock()

    def read_order(self, kind: type[AnyOrder]) -> AnyOrder:
        """The first line; then the thread begins to listen."""
        while b"\n" not in self._rest:
            part = os.read(self._stdin, 1 << 16)
            if not part or len(self._rest) > _LONGEST_ORDER_BYTES:
                os._exit(ORPHANED)
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\n")
        order = kind.of(json.loads(line))
        threading.Thread(target=self._listen, args=(order.lease_seconds,), daemon=True).start()
        return order

    def was_asked(self, *words: Word) -> bool:
        return any(word in self._asked for word in words)

    def tell(self, kind: str, **facts: Any) -> None:
        """One message, whole; a worker that is gone ends the process."""
        line = json.dumps({"type": kind, **facts}, ensure_ascii=False).encode() + b"\n"
        try:
            with self._writing:
                while line:
                    line = line[os.write(self._reports, line) :]
        except OSError:
            os._exit(ORPHANED)

    def _listen(self, lease_seconds: float) -> None:
        heard = time.monotonic()
        while True:
            self._take_words()
            left = lease_seconds - (time.monotonic() - heard)
            if left <= 0:
                os._exit(ORPHANED)
            if select.select([self._stdin], [], [], left)[0]:
                part = os.read(self._stdin, 1 << 16)
                if not part:
                    os._exit(ORPHANED)
                self._rest += part
                heard = time.monotonic()

    def _take_words(self) -> None:
        *lines, self._rest = self._rest.split(b"\n")
        for line in lines:
            with suppress(ValueError):
                word = Word(line.decode())
                if word is Word.CANCEL:
                    os._exit(CANCELLED)
                self._asked.add(word)


def settle_in(parent_pid: int) -> None:
    """Yield to everybody else, be the first that the system kills for memory, and die with the parent.

    ``parent_pid`` 0 says that the worker is not the parent; then silence on stdin alone ends the process.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):
        os.nice(max(0, _NICENESS - os.nice(0)))
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("500")
    if sys.platform == "linux" and parent_pid:
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent_pid:  # it died before it could be bound to
            os._exit(ORPHANED)


def refuse(lifeline: Lifeline, error: BaseException) -> None:
    """The last word of a child that cannot go on."""
    problems = [problem.as_json() for problem in error.problems] if isinstance(error, Problems) else []
    hint = error.hint if isinstance(error, TunesmithError) else ""
    lifeline.tell(
        "refused", why=_why(error), message=_sentence(error), hint=hint, problems=problems[:MAX_PROBLEMS],
        num_problems=len(problems),
    )  # fmt: skip


def leave(code: int) -> NoReturn:
    """Without waiting for threads: everything is written."""
    sys.stderr.flush()
    os._exit(code)


def _why(error: BaseException) -> Refusal:
    if is_disk_full(error):
        return Refusal.DISK_FULL
    if is_out_of_memory(error):
        return Refusal.MEMORY
    if isinstance(error, TrainingStopped):
        return Refusal.DIVERGED
    return Refusal.USER if isinstance(error, UserError) else Refusal.MACHINE


def _sentence(error: BaseException) -> str:
    if isinstance(error, TunesmithError):
        return error.message
    return f"{type(error).__name__}: {error}"
