"""The same request sent twice makes one thing, also when both come at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tunesmith.store.db import Database
from tunesmith.store.idempotency import KEPT_SECONDS, KeyReused, find, forget_old, remember
from tunesmith.store.projects import create_project


@pytest.fixture
def project_id(database: Database) -> str:
    with database.write() as connection:
        return create_project(connection, name="a", now=1).id


def test_second_request_finds_what_the_first_made(database: Database, project_id: str) -> None:
    with database.write() as connection:
        assert find(connection, project_id, "k", "hash") is None
        remember(connection, project_id, "k", "hash", "ftjob-1", 1)
    with database.write() as connection:
        assert find(connection, project_id, "k", "hash") == "ftjob-1"
        other = create_project(connection, name="b", now=1).id
        assert find(connection, other, "k", "hash") is None


def test_key_that_was_used_for_another_request_is_refused(database: Database, project_id: str) -> None:
    with database.write() as connection:
        remember(connection, project_id, "k", "hash", "ftjob-1", 1)
        with pytest.raises(KeyReused):
            find(connection, project_id, "k", "another hash")


def test_requests_that_come_at_once_make_one_thing(database: Database, project_id: str) -> None:
    start, made = threading.Barrier(6), []

    def one(number: int) -> str:
        start.wait()
        with database.write() as connection:
            found = find(connection, project_id, "k", "hash")
            if found is None:
                made.append(number)
                found = f"ftjob-{number}"
                remember(connection, project_id, "k", "hash", found, 1)
            return found

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(one, range(6)))) == 1
    assert len(made) == 1


def test_keys_are_forgotten_after_a_day(database: Database, project_id: str) -> None:
    with database.write() as connection:
        remember(connection, project_id, "k", "hash", "ftjob-1", 1)
        assert forget_old(connection, KEPT_SECONDS) == 0
        assert forget_old(connection, KEPT_SECONDS + 10) == 1
