"""Work that forked children do, given in order, whatever becomes of them."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tunesmith.core.forked import MOST_PARTS, in_order

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children are forked on Linux only")


def named(part: int) -> bytes:
    return f"{part} by {os.getpid()}".encode()


def parts_of(answers: list[bytes]) -> list[int]:
    return [int(answer.split()[0]) for answer in answers]


def test_answers_come_in_order_and_from_children() -> None:
    answers = list(in_order(300, named, 3))
    assert parts_of(answers) == list(range(300))
    workers = {int(answer.split()[2]) for answer in answers}
    assert workers
    assert os.getpid() not in workers


def test_answers_larger_than_a_pipe_arrive_whole() -> None:
    answers = list(in_order(9, lambda part: bytes([part]) * 3_000_000, 2))
    assert [(answer[:1], len(answer), len(set(answer))) for answer in answers] == [
        (bytes([part]), 3_000_000, 1) for part in range(9)
    ]


def test_part_of_a_killed_child_is_done_here() -> None:
    ours = os.getpid()

    def work(part: int) -> bytes:
        if part in (3, 7) and os.getpid() != ours:
            os.kill(os.getpid(), signal.SIGKILL)
        return named(part)

    answers = list(in_order(40, work, 2))
    assert parts_of(answers) == list(range(40))
    assert int(answers[3].split()[2]) == int(answers[7].split()[2]) == ours


def test_error_of_a_part_is_raised_here_and_no_child_is_left() -> None:
    def work(part: int) -> bytes:
        if part == 5:
            raise RuntimeError("part 5")
        return named(part)

    before = children()
    with pytest.raises(RuntimeError, match="part 5"):
        list(in_order(20, work, 2))
    assert children() == before


def test_who_stops_listening_leaves_no_child() -> None:
    before = children()
    answers = in_order(1_000, named, 2)
    assert parts_of([next(answers)]) == [0]
    assert children() != before
    answers.close()  # type: ignore[attr-defined]
    assert children() == before


def test_meanwhile_is_called_to_its_end() -> None:
    left = list(range(50))

    def meanwhile(part: int) -> bool:
        return bool(left) and left.pop() >= 0

    assert parts_of(list(in_order(3, named, 2, meanwhile))) == [0, 1, 2]
    assert not left


def test_where_no_process_can_be_forked_all_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def fork() -> int:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", fork)
    answers = list(in_order(5, named, 2))
    assert answers == [f"{part} by {os.getpid()}".encode() for part in range(5)]


def test_too_many_parts_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match="8,193 parts"):
        next(in_order(MOST_PARTS + 1, named, 2))


def test_no_part_needs_no_child() -> None:
    assert list(in_order(0, named, 2)) == []


def children() -> str:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text()
