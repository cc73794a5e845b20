"""One thread that runs every model's scheduler, a step of each in turn, and hands tokens to the event loop.

Takes work to do between steps (``do``): requests join and leave there, models come and go. Events of one
step reach the loop in one call. A scheduler that fails takes its own streams with it and nobody else's.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

from tunesmith.core.errors import is_out_of_memory

Result = TypeVar("Result")
log = logging.getLogger(__name__)


class Steps(Protocol):
    """What the thread asks of a scheduler."""

    def step(self) -> bool:
        """One token for every stream; → whether there is more to do."""


class Engine:
    """``deliver`` is called in the thread after a step that made events, with those noted by ``note``."""

    def __init__(self, deliver: Callable[[list[Any]], None], prepare_thread: Callable[[], None] = lambda: None) -> None:
        self._deliver, self._prepare_thread = deliver, prepare_thread
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._events: list[Any] = []
        # Scheduler → what to do when it fails.
        self._schedulers: dict[Steps, Callable[[str], None]] = {}
        self._busy: set[Steps] = set()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._work.put(None)
        self._thread.join()

    def do(self, work: Callable[[], Result]) -> Future[Result]:
        """Run ``work`` in the thread, between two steps."""
        done: Future[Result] = Future()

        def run() -> None:
            try:
                done.set_result(work())
            except BaseException as error:  # noqa: BLE001 - handed to whoever waits for the result
                done.set_exception(error)

        self._work.put(run)
        return done

    # What follows is for work within the thread.

    def add(self, scheduler: Steps, failed: Callable[[str], None]) -> None:
        """``failed`` hears the reason when a step of the scheduler breaks; it is not run any more then."""
        self._schedulers[scheduler] = failed

    def remove(self, scheduler: Steps) -> None:
        self._schedulers.pop(scheduler, None)
        self._busy.discard(scheduler)

    def wake(self, scheduler: Steps) -> None:
        """It has something to do."""
        if scheduler in self._schedulers:
            self._busy.add(scheduler)

    def note(self, event: Any) -> None:
        self._events.append(event)

    def _run(self) -> None:
        self._prepare_thread()
        while self._do_work():
            for scheduler in list(self._busy):
                self._step(scheduler)
                self._hand_over()

    def _do_work(self) -> bool:
        """All that waits; blocks where there is nothing to step. → whether to go on."""
        is_idle = not self._busy
        while True:
            try:
                work = self._work.get(block=is_idle)
            except queue.Empty:
                return True
            if work is None:
                return False
            work()
            self._hand_over()
            is_idle = not self._busy

    def _step(self, scheduler: Steps) -> None:
        try:
            if not scheduler.step():
                self._busy.discard(scheduler)
        except Exception as error:  # the border of a model: the others go on
            log.error("a model's step failed", exc_info=error)
            self._give_up(scheduler, "there was not enough memory" if is_out_of_memory(error) else "its step failed")

    def _give_up(self, scheduler: Steps, reason: str) -> None:
        failed = self._schedulers.get(scheduler)
        self.remove(scheduler)
        try:
            if failed is not None:
                failed(reason)
        except Exception as error:  # what is broken may not even close
            log.error("a model that failed did not close", exc_info=error)

    def _hand_over(self) -> None:
        if self._events:
            events, self._events = self._events, []
            self._deliver(events)
