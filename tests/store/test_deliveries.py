"""Deliveries in the store: written with what happened, one sender at a time, none lost."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from tunesmith.store import deliveries, jobs, webhooks
from tunesmith.store.db import Database
from tunesmith.store.deliveries import CLAIM_SECONDS, LONGEST_WAIT_SECONDS, Delivery
from tunesmith.store.members import add_to_project, create_member
from tunesmith.store.principals import Role
from tunesmith.store.projects import create_project
from tunesmith.store.tables import deliveries as table

FAILED = "fine_tuning.job.failed"


@pytest.fixture
def job(database: Database) -> jobs.Job:
    """Of a member of a project with two endpoints that want to hear of failures, and one that does not."""
    with database.write() as connection:
        project = create_project(connection, name="one", now=1)
        member = create_member(connection, name="Ada", email="ada@example.com", now=1)
        add_to_project(connection, project.id, member.id, Role.MEMBER, 1)
        for types in ([FAILED], [FAILED, "fine_tuning.job.succeeded"], ["fine_tuning.job.succeeded"]):
            webhooks.create(connection, project.id, name="n", url="https://a.example/", event_types=types, now=1)
        return jobs.create(
            connection, project.id, member_id=member.id, model="starter", requested_model="starter",
            training_file_id="file-1", validation_file_id=None, spec={"base_model": "starter"}, request={}, suffix=None,
            seed=1, metadata=None, now=2,
        )  # fmt: skip


def rows(database: Database) -> Sequence[Any]:
    with database.read() as connection:
        return connection.execute(select(table).order_by(table.c.seq)).all()


def enqueue(database: Database, job: jobs.Job, now: float = 100) -> None:
    with database.write() as connection:
        deliveries.enqueue_job_ended(connection, job, FAILED, now)


def claim(database: Database, now: float) -> Delivery | None:
    with database.write() as connection:
        return deliveries.claim_due(connection, now)


def test_a_job_s_end_is_told_to_every_endpoint_that_wants_it_and_to_the_member(
    database: Database, job: jobs.Job
) -> None:
    enqueue(database, job)
    first, second, mail = rows(database)
    assert [row.kind for row in (first, second, mail)] == ["webhook", "webhook", "email"]
    assert first.payload == second.payload
    assert first.payload["type"] == FAILED
    assert first.payload["data"] == {"id": job.id}
    assert first.payload["id"].startswith("evt_")
    assert first.id != second.id
    assert (mail.target_id, mail.payload["job_id"], mail.payload["state"]) == (job.member_id, job.id, "failed")


def test_what_is_rolled_back_tells_nobody(database: Database, job: jobs.Job) -> None:
    def enqueue_and_fail() -> None:
        with database.write() as connection:
            deliveries.enqueue_job_ended(connection, job, FAILED, 100)
            raise RuntimeError("the rest of the transaction failed")

    with pytest.raises(RuntimeError, match="the rest"):
        enqueue_and_fail()
    assert rows(database) == []


def test_a_claimed_delivery_is_nobody_else_s_until_the_claim_is_old(database: Database, job: jobs.Job) -> None:
    enqueue(database, job)
    claimed = [claim(database, 100) for _ in range(3)]
    assert len({delivery.id for delivery in claimed if delivery}) == 3
    assert claim(database, 100 + CLAIM_SECONDS - 1) is None
    again = claim(database, 100 + CLAIM_SECONDS)
    assert again is not None
    assert again.num_attempts == 2


def test_nothing_is_due_before_its_time(database: Database, job: jobs.Job) -> None:
    enqueue(database, job, now=100)
    assert claim(database, 99) is None
    with database.read() as connection:
        assert not deliveries.is_any_due(connection, 99)
        assert deliveries.is_any_due(connection, 100)


def test_a_clock_that_was_set_back_delays_nothing_for_years(database: Database, job: jobs.Job) -> None:
    enqueue(database, job, now=10 * 365 * 86400)
    assert claim(database, 100) is not None
    enqueue(database, job, now=1000 + LONGEST_WAIT_SECONDS - 1)
    assert [claim(database, 1000) is not None for _ in range(4)] == [True, True, True, False]


def test_who_lost_the_claim_settles_nothing(database: Database, job: jobs.Job) -> None:
    """A sender that stood still beyond its claim comes back after another one has taken the delivery."""
    enqueue(database, job)
    slow = claim(database, 100)
    assert slow is not None
    for _ in range(2):
        claim(database, 100)
    quick = claim(database, 100 + CLAIM_SECONDS)
    assert quick is not None
    assert quick.id == slow.id
    with database.write() as connection:
        deliveries.failed(connection, slow, "late", retry_at=None)
    assert next(row for row in rows(database) if row.id == slow.id).state == "pending"
    with database.write() as connection:
        deliveries.delivered(connection, quick)
        deliveries.failed(connection, quick, "twice", retry_at=999)
    settled = next(row for row in rows(database) if row.id == slow.id)
    assert (settled.state, settled.last_error) == ("delivered", None)


def test_many_senders_at_once_take_each_delivery_once(database: Database, job: jobs.Job) -> None:
    for _ in range(20):
        enqueue(database, job)
    taken: list[str] = []

    def take() -> None:
        while True:
            with database.read() as connection:
                if not deliveries.is_any_due(connection, 100):
                    return
            delivery = claim(database, 100)
            if delivery is not None:
                taken.append(delivery.id)

    with ThreadPoolExecutor(8) as pool:
        for sender in [pool.submit(take) for _ in range(8)]:
            sender.result()
    assert len(taken) == len(set(taken)) == 60


def test_settled_deliveries_are_forgotten_and_pending_ones_never(database: Database, job: jobs.Job) -> None:
    enqueue(database, job)
    first, second = claim(database, 100), claim(database, 100)
    assert first is not None
    assert second is not None
    with database.write() as connection:
        deliveries.delivered(connection, first)
        deliveries.failed(connection, second, "no", retry_at=None)
        assert deliveries.forget(connection, 100) == 0
        assert deliveries.forget(connection, 101) == 2
    assert [row.state for row in rows(database)] == ["pending"]
