"""The engine's thread: works between steps, hands events over, survives what fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tunesmith.serve.engine import Engine


class Counting:
    """A scheduler of so many steps that notes each."""

    def __init__(self, engine: Engine, name: str, steps: int) -> None:
        self.engine, self.name, self.left = engine, name, steps

    def step(self) -> bool:
        self.left -= 1
        self.engine.note((self.name, self.left))
        return self.left > 0


class Broken:
    def step(self) -> bool:
        raise MemoryError


@pytest.fixture
def delivered() -> list[list[Any]]:
    return []


@pytest.fixture
def engine(delivered: list[list[Any]]) -> Iterator[Engine]:
    engine = Engine(delivered.append)
    engine.start()
    yield engine
    engine.stop()


def finish(engine: Engine, *schedulers: Counting) -> None:
    done = threading.Event()
    while not done.is_set():
        left = engine.do(lambda: sum(max(0, scheduler.left) for scheduler in schedulers)).result(10)
        if left == 0:
            done.set()


def test_schedulers_take_turns_and_events_come_step_by_step(engine: Engine, delivered: list[list[Any]]) -> None:
    a, b = Counting(engine, "a", 3), Counting(engine, "b", 3)

    def begin() -> None:
        for scheduler in (a, b):
            engine.add(scheduler, lambda reason: None)
            engine.wake(scheduler)

    engine.do(begin).result(10)
    finish(engine, a, b)
    names = "".join(name for events in delivered for name, _ in events)
    assert names in ("ababab", "bababa")
    assert all(len(events) == 1 for events in delivered)


def test_work_that_fails_fails_for_whoever_waits(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError):
        engine.do(lambda: 1 // 0).result(10)
    assert engine.do(lambda: 5).result(10) == 5


def test_scheduler_that_breaks_takes_nobody_with_it(engine: Engine) -> None:
    reasons: list[str] = []
    broken, good = Broken(), Counting(engine, "good", 4)

    def told(reason: str) -> None:
        reasons.append(reason)
        raise RuntimeError("and it does not even close")

    def begin() -> None:
        engine.add(broken, told)
        engine.add(good, lambda reason: None)
        engine.wake(broken)
        engine.wake(good)

    engine.do(begin).result(10)
    finish(engine, good)
    assert reasons == ["there was not enough memory"]
    assert engine.do(lambda: 1).result(10) == 1
