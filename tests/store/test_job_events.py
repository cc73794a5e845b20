"""What happened to a job, newest first, nothing said twice."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from tunesmith.store import job_events, jobs
from tunesmith.store.db import Database
from tunesmith.store.paging import UnknownCursor
from tunesmith.store.tables import projects

A, B = "proj_a", "proj_b"


@pytest.fixture
def job_id(database: Database) -> str:
    with database.write() as connection:
        for id in (A, B):
            connection.execute(insert(projects).values(id=id, name=id.replace("_", "-"), created_at=1))
        return jobs.create(
            connection, A, member_id=None, model="m", requested_model="m", training_file_id="f",
            validation_file_id=None, spec={}, request={}, suffix=None, seed=1, metadata=None, now=1,
        ).id  # fmt: skip


def said(database: Database, job_id: str, project_id: str = A, **query: object) -> list[str]:
    with database.read() as connection:
        page = job_events.list_page(connection, project_id, job_id, **query)  # type: ignore[arg-type]
    return [event.message for event in page.items]


def test_events_come_newest_first(database: Database, job_id: str) -> None:
    with database.write() as connection:
        for message in "abc":
            job_events.add(connection, job_id, message=message, now=5.9)
    assert said(database, job_id) == ["c", "b", "a"]


def test_an_event_keeps_its_level_kind_and_data(database: Database, job_id: str) -> None:
    with database.write() as connection:
        job_events.add(connection, job_id, message="m", now=5.9, level="warn", type="metrics", data={"step": 1})
    with database.read() as connection:
        (event,) = job_events.list_page(connection, A, job_id).items
    assert (event.level, event.type, event.data, event.created_at) == ("warn", "metrics", {"step": 1}, 5)
    assert event.id.startswith("ftevent-")


def test_what_happens_once_is_said_once(database: Database, job_id: str) -> None:
    for _ in range(2):
        with database.write() as connection:
            job_events.add(connection, job_id, message="Step 1", now=1, once="metrics:1")
            job_events.add(connection, job_id, message="again", now=1)
    assert said(database, job_id) == ["again", "again", "Step 1"]


def test_pages_of_one_second_have_no_gap(database: Database, job_id: str) -> None:
    with database.write() as connection:
        for number in range(5):
            job_events.add(connection, job_id, message=str(number), now=1)
        page = job_events.list_page(connection, A, job_id, limit=2)
        assert page.has_more
        following = job_events.list_page(connection, A, job_id, limit=3, after=page.items[-1].id)
        assert not following.has_more
    assert [event.message for event in following.items] == ["2", "1", "0"]


def test_another_projects_events_are_not_there(database: Database, job_id: str) -> None:
    with database.write() as connection:
        job_events.add(connection, job_id, message="m", now=1)
        (event,) = job_events.list_page(connection, A, job_id).items
    assert said(database, job_id, B) == []
    with pytest.raises(UnknownCursor):
        said(database, job_id, B, after=event.id)


def test_an_event_of_another_job_is_no_cursor(database: Database, job_id: str) -> None:
    with database.write() as connection:
        job_events.add(connection, job_id, message="m", now=1)
        (event,) = job_events.list_page(connection, A, job_id).items
    with pytest.raises(UnknownCursor):
        said(database, "ftjob-other", after=event.id)
