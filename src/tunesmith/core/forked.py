"""Parts of one work, done by forked children at once, their answers given in order.

A child is a copy of this process: it needs no start, shares what was read already, and hashes texts with the same
seed. It writes nothing but its answers. A child that dies takes nothing with it: its part is done again here.
"""

from __future__ import annotations

import gc
import os
import signal
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from selectors import EVENT_READ, DefaultSelector
from typing import Final, NoReturn

_PART: Final = struct.Struct("<I")
_HEAD: Final = struct.Struct("<IQ")
MOST_PARTS: Final = 8_192
"""All of their numbers fit into a pipe that nobody reads yet (64 KiB on Linux)."""


def in_order(
    num_parts: int, work: Callable[[int], bytes], num_processes: int, meanwhile: Callable[[int], bool] = lambda part: False,
) -> Iterator[bytes]:  # fmt: skip
    """``work(0)``, ``work(1)`` … done by ``num_processes`` children, at most ``MOST_PARTS`` parts. While the answer of
    a part is waited for, ``meanwhile(part)`` is called as long as it says that there is more for it to do.

    ``work`` may be called twice for a part, and its errors are raised here.
    """
    if not 0 <= num_parts <= MOST_PARTS:
        raise ValueError(f"{num_parts:,} parts; at most {MOST_PARTS:,} can be shared out")
    with _Children(num_parts, work, num_processes) as children:
        for part in range(num_parts):
            while (answer := children.answer(part, wait=False)) is None and meanwhile(part):
                pass
            if answer is None:
                answer = children.answer(part, wait=True)
            yield work(part) if answer is None else answer
        while meanwhile(num_parts):
            pass


class _Children:
    def __init__(self, num_parts: int, work: Callable[[int], bytes], num_processes: int) -> None:
        self._answers: dict[int, bytes] = {}
        self._selector = DefaultSelector()
        self._children: list[int] = []
        self._pipes: list[int] = []
        waiting, order = os.pipe()
        gc.freeze()  # else every collection in a child copies the pages that it only looks at
        try:
            os.write(order, b"".join(map(_PART.pack, range(num_parts))))
            os.close(order)
            with suppress(OSError):  # no process or no memory is left: who is there does the work
                for _ in range(min(num_processes, num_parts)):
                    self._fork(waiting, work)
        finally:
            os.close(waiting)
            gc.unfreeze()

    def __enter__(self) -> _Children:
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        for pipe in self._pipes:
            os.close(pipe)
        for child in self._children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(child, 0)

    def answer(self, part: int, *, wait: bool) -> bytes | None:
        """None where it is not there: yet, or, if waited for, ever."""
        while part not in self._answers and self._selector.get_map():
            ready = self._selector.select(None if wait else 0)
            if not ready:
                break
            for key, _ in ready:
                self._read(key.fd)
        return self._answers.pop(part, None)

    def _fork(self, waiting: int, work: Callable[[int], bytes]) -> None:
        answers, answering = os.pipe()
        self._pipes.append(answers)
        try:
            with warnings.catch_warnings():
                # That other threads may hold locks which the child waits for: it takes none but its own.
                warnings.simplefilter("ignore", DeprecationWarning)
                child = os.fork()
            if child == 0:
                _live(waiting, answering, work, self._pipes)
        finally:
            os.close(answering)
        self._children.append(child)
        self._selector.register(answers, EVENT_READ)

    def _read(self, pipe: int) -> None:
        """One answer, whole; a pipe that ends is not listened to any more."""
        head = _read_whole(pipe, _HEAD.size)
        part, length = _HEAD.unpack(head) if head is not None else (0, 0)
        answer = _read_whole(pipe, length) if head is not None else None
        if answer is None:
            self._selector.unregister(pipe)
        else:
            self._answers[part] = answer


def _live(waiting: int, answering: int, work: Callable[[int], bytes], pipes: list[int]) -> NoReturn:
    """In the child: take a part, answer it, until none is left, or nobody hears the answers."""
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # who waits for the answers is interrupted, and ends its children
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for pipe in pipes:
            os.close(pipe)
        while len(taken := os.read(waiting, _PART.size)) == _PART.size:
            (part,) = _PART.unpack(taken)
            answer = work(part)
            _write_whole(answering, _HEAD.pack(part, len(answer)) + answer)
    finally:
        os._exit(0)  # an error is met again, and told, where the part is done anew


def _read_whole(pipe: int, num_bytes: int) -> bytes | None:
    """None where the pipe ends before."""
    parts, missing = [], num_bytes
    while missing:
        part = os.read(pipe, min(missing, 1 << 20))
        if not part:
            return None
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _write_whole(pipe: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(pipe, view) :]
