"""Operations on both databases: one owner each, and what ends stays ended."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from sqlalchemy import insert

from tunesmith.store import blob_references, files, operations
from tunesmith.store.db import Database
from tunesmith.store.files import File
from tunesmith.store.operations import MoveRefused, NewFile, Operation, State
from tunesmith.store.queue import Fenced, Order
from tunesmith.store.tables import projects

NOW = 1_800_000_000.0


@pytest.fixture
def one_file(database: Database) -> File:
    with database.write() as connection:
        connection.execute(insert(projects).values(id="proj_one", name="one", created_at=0))
        blob_references.announce(connection, "ab" * 32, 9, NOW)
        return files.create(
            connection, "proj_one", filename="a.jsonl", purpose="fine-tune", num_bytes=9, sha256="ab" * 32, now=NOW
        )


def add(database: Database, file: File, now: float = NOW) -> Operation:
    with database.write() as connection:
        return operations.create(
            connection, "proj_one", member_id=None, kind="split", settings={"share": 0.1}, input_files=[file], now=now
        )


def claim(database: Database, worker_id: str = "w1", now: float = NOW) -> Operation | None:
    with database.write() as connection:
        return operations.claim(connection, worker_id=worker_id, now=now)


def test_each_is_claimed_once_the_oldest_first(database: Database, one_file: File) -> None:
    made = [add(database, one_file).id for _ in range(12)]
    claimed: list[str] = []
    lock = threading.Lock()

    def work(name: str) -> None:
        while (mine := claim(database, name)) is not None:
            with lock:
                claimed.append(mine.id)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(made)
    with database.read() as connection:
        assert len(operations.held(connection)) == 12
        assert not operations.is_due(connection, now=NOW)


def test_whoever_lost_it_writes_nothing_any_more(database: Database, one_file: File) -> None:
    made = add(database, one_file)
    first = claim(database)
    assert first is not None
    with database.write() as connection:
        (held,) = operations.held(connection)
        assert operations.seize(connection, held, worker_id="w2") is not None
        assert operations.heartbeat(connection, made.id, first.attempt) is Order.STOP
        with pytest.raises(Fenced):
            operations.fenced(connection, made.id, first.attempt)
        operations.note_progress(connection, made.id, first.attempt, 0.9)
        found = operations.get(connection, "proj_one", made.id)
    assert found is not None
    assert (found.progress, found.attempt) == (0.0, 2)


def test_a_heartbeat_saves_it_from_being_seized(database: Database, one_file: File) -> None:
    made = add(database, one_file)
    mine = claim(database)
    assert mine is not None
    with database.write() as connection:
        (held,) = operations.held(connection)
        assert operations.heartbeat(connection, made.id, mine.attempt) is Order.GO_ON
        assert operations.seize(connection, held, worker_id="w2") is None


def test_failures_are_counted_put_off_and_end(database: Database, one_file: File) -> None:
    add(database, one_file)
    states, now = [], NOW
    for _ in range(3):
        mine = claim(database, now=now)
        assert mine is not None
        with database.write() as connection:
            after = operations.fail_attempt(
                connection, mine.id, mine.attempt, code="c", cause="It broke", max_attempts=3, now=now
            )
        states.append((after.state, after.not_before_at - now if after.state is State.QUEUED else None))
        assert claim(database, now=now) is None or after.num_failures == 1
        now += 100
        with database.write() as connection:  # the second claim above
            for held in operations.held(connection):
                operations.release(connection, held.job_id, held.attempt)
    assert states == [(State.QUEUED, 0.0), (State.QUEUED, 1.0), (State.FAILED, None)]


def test_what_it_made_is_there_with_the_end_and_not_before(database: Database, one_file: File) -> None:
    add(database, one_file)
    mine = claim(database)
    assert mine is not None
    new = NewFile("b.jsonl", "fine-tune", 9, "ab" * 32, {"num_rows": 1})
    with database.write() as connection:
        done = operations.succeed(connection, mine, counts={"rows": 1}, problems=[], made=[new], now=NOW)
        (made,) = done.output_file_ids or ()
        assert blob_references.of(connection, "operation", mine.id) == ()
        assert files.get(connection, "proj_one", made, NOW) is not None
    with database.write() as connection, pytest.raises(MoveRefused, match="it is succeeded"):
        operations.cancel(connection, "proj_one", mine.id, NOW)


def test_nothing_is_made_by_one_who_lost_it_at_the_last_moment(database: Database, one_file: File) -> None:
    add(database, one_file)
    mine = claim(database)
    assert mine is not None
    with database.write() as connection:
        operations.cancel(connection, "proj_one", mine.id, NOW)
    new = NewFile("b.jsonl", "fine-tune", 9, "ab" * 32, {"num_rows": 1})

    def succeed(connection: Any) -> None:
        operations.succeed(connection, mine, counts={}, problems=[], made=[new], now=NOW)

    with pytest.raises(Fenced):
        write(database, succeed)
    with database.read() as connection:
        assert len(files.list_page(connection, "proj_one", now=time.time()).items) == 1


def write(database: Database, do: Any) -> None:
    with database.write() as connection:
        do(connection)


def test_lists_hold_the_projects_own_newest_first(database: Database, one_file: File) -> None:
    made = [add(database, one_file).id for _ in range(3)]
    with database.read() as connection:
        page = operations.list_page(connection, "proj_one", after=made[2], limit=1)
        assert ([each.id for each in page.items], page.has_more) == ([made[1]], True)
        assert operations.list_page(connection, "proj_two", after=None, limit=9).items == []
        assert operations.get(connection, "proj_two", made[0]) is None
        assert operations.list_page(connection, "proj_one", after=None, limit=9, kind="clean").items == []
