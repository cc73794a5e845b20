"""Several requests at once: threads that ask, wait when the endpoint says so, and hand over what came.

An endpoint that is busy is left alone by all of them, for as long as it asks or for ever longer pauses; after some tries
the request comes back unanswered.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final, Generic, TypeVar

from tunesmith.core.errors import TunesmithError
from tunesmith.data.synthesis.asking import AskAgain, ChatAnswer, ChatRequest

MOST_TRIES: Final = 8
LONGEST_PAUSE_SECONDS: Final = 900.0
_FIRST_PAUSE_SECONDS: Final = 1.0
_LAST_PAUSE_SECONDS: Final = 60.0
_JITTER: Final = 0.25

Key = TypeVar("Key")


class Crew(Generic[Key]):
    """``ask`` is called in its threads. ``in_flight`` counts what was submitted and not yet handed over."""

    def __init__(
        self, ask: Callable[[Key, ChatRequest], ChatAnswer], size: int, now: Callable[[], float] = time.monotonic
    ) -> None:  # fmt: skip
        self._ask, self._size, self._now = ask, size, now
        self._todo: SimpleQueue[tuple[Key, ChatRequest] | None] = SimpleQueue()
        self._done: SimpleQueue[tuple[Key, ChatAnswer | BaseException]] = SimpleQueue()
        self._is_over = threading.Event()
        self._not_before = 0.0
        self._num_threads = 0
        self._num_asking = 0
        self._asking_changed = threading.Condition()
        self.in_flight = 0

    def submit(self, key: Key, request: ChatRequest) -> None:
        if self._num_threads < self._size:
            self._num_threads += 1
            threading.Thread(target=self._work, daemon=True, name=f"ask-{self._num_threads}").start()
        self.in_flight += 1
        self._todo.put((key, request))

    def result(self) -> tuple[Key, ChatAnswer | TunesmithError]:
        """The next that is there, in any order; what no ``Ask`` may raise is raised here."""
        key, found = self._done.get()
        self.in_flight -= 1
        if not isinstance(found, ChatAnswer | TunesmithError):
            raise found
        return key, found

    @property
    def num_asking(self) -> int:
        """How many threads wait for an answer, or for their turn."""
        return self._num_asking

    def stop(self) -> None:
        """Nothing more is sent: what waits comes back unanswered."""
        self._is_over.set()

    def settle(self) -> None:
        """After ``stop``: until everything that was sent has its answer, or has none. Counted by the threads themselves,
        so that it holds wherever an interrupt found the caller."""
        with self._asking_changed:
            self._asking_changed.wait_for(lambda: self._num_asking == 0)

    def close(self) -> None:
        """The threads end once they have nothing to wait for; nobody waits for them."""
        self.stop()
        for _ in range(self._num_threads):
            self._todo.put(None)

    def _work(self) -> None:
        while (task := self._todo.get()) is not None:
            key, request = task
            self._count_asking(1)
            try:
                self._done.put((key, self._answer(key, request)))
            except BaseException as error:  # noqa: BLE001 - a thread has nobody to raise it to: ``result`` does
                self._done.put((key, error))
            finally:
                self._count_asking(-1)

    def _count_asking(self, change: int) -> None:
        with self._asking_changed:
            self._num_asking += change
            self._asking_changed.notify_all()

    def _answer(self, key: Key, request: ChatRequest) -> ChatAnswer | TunesmithError:
        last = AskAgain("it was not sent")
        for number in range(MOST_TRIES):
            if not self._may_go():
                return last
            try:
                return self._ask(key, request)
            except AskAgain as busy:
                last = busy
                pause = busy.after_seconds if busy.after_seconds is not None else _pause(number)
                if pause > LONGEST_PAUSE_SECONDS:
                    return AskAgain(f"{busy.message}; it asks for a pause of {pause:,.0f} s")
                self._not_before = max(self._not_before, self._now() + pause)
            except TunesmithError as error:
                return error
        return last

    def _may_go(self) -> bool:
        """After the pause; False once it is over."""
        while (left := self._not_before - self._now()) > 0:
            if self._is_over.wait(left):
                return False
        return not self._is_over.is_set()


def _pause(number: int) -> float:
    seconds = min(_LAST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2.0**number)
    return seconds * (1 + _JITTER * random.random())
