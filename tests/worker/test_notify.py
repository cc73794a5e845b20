"""Notices arrive: at receivers that answer, refuse, come back or are gone, and in mailboxes; on both databases."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from openai import OpenAI
from sqlalchemy import select

from tunesmith.core.mail import Mailer
from tunesmith.core.outbound import Outbound
from tunesmith.store import deliveries, jobs, members, webhooks
from tunesmith.store.db import Database
from tunesmith.store.principals import Role
from tunesmith.store.projects import create_project
from tunesmith.store.tables import deliveries as table
from tunesmith.worker.notify import JITTER, RETRY_SECONDS, Courier, Notifier

SUCCEEDED, FAILED = "fine_tuning.job.succeeded", "fine_tuning.job.failed"
SDK = OpenAI(api_key="sk-not-used-here")


@dataclass
class World:
    """A project with a member, an endpoint at the receiver, and a clock that tests set."""

    database: Database
    receiver: Any
    project_id: str
    member_id: str
    endpoint: webhooks.WebhookEndpoint
    at: float = field(default_factory=time.time)
    mailer: Mailer | None = None
    outbound: Outbound = field(default_factory=lambda: Outbound(allow_private=True))

    @property
    def courier(self) -> Courier:
        return Courier(
            self.database, self.outbound, self.mailer, lambda: self.at, "https://tune.example/v1", random.Random(1)
        )

    def job(self, **given: Any) -> jobs.Job:
        with self.database.write() as connection:
            job = jobs.create(
                connection, self.project_id, member_id=self.member_id, model="starter", requested_model="starter",
                training_file_id="file-1", validation_file_id=None, spec={"base_model": "starter"}, request={},
                suffix="support", seed=1, metadata=None, now=self.at,
            )  # fmt: skip
        return replace(job, **given)

    def end(self, job: jobs.Job, event_type: str = SUCCEEDED) -> None:
        with self.database.write() as connection:
            deliveries.enqueue_job_ended(connection, job, event_type, self.at)

    def rows(self, kind: str) -> list[Any]:
        with self.database.read() as connection:
            return list(connection.execute(select(table).where(table.c.kind == kind).order_by(table.c.seq)).all())


@pytest.fixture
def world(database: Database, receiver: Any) -> World:
    with database.write() as connection:
        project = create_project(connection, name="one", now=1)
        member = members.create_member(connection, name="Zoë 近", email="zoe@example.com", now=1)
        members.add_to_project(connection, project.id, member.id, Role.MEMBER, 1)
        endpoint = webhooks.create(
            connection, project.id, name="n", url=receiver.url, event_types=[SUCCEEDED, FAILED], now=1
        )
    return World(database, receiver, project.id, member.id, endpoint)


def test_the_sdk_unwraps_what_arrives(world: World) -> None:
    job = world.job()
    world.end(job)
    world.courier.deliver_due()
    (request,) = world.receiver.received
    event = SDK.webhooks.unwrap(request.body, request.headers, secret=world.endpoint.secret)
    assert (event.type, event.object, event.data.id) == (SUCCEEDED, "event", job.id)
    assert sorted(json.loads(request.body)) == ["created_at", "data", "id", "object", "type"]
    assert world.rows("webhook")[0].state == "delivered"


def test_both_secrets_verify_for_a_day_after_a_rotation(world: World) -> None:
    with world.database.write() as connection:
        rotated = webhooks.rotate_secret(connection, world.project_id, world.endpoint.id, keep_old=True, now=world.at)
    assert rotated is not None
    world.end(world.job())
    world.courier.deliver_due()
    (request,) = world.receiver.received
    assert len(request.headers["webhook-signature"].split()) == 2
    for secret in (rotated.secret, world.endpoint.secret):
        SDK.webhooks.verify_signature(request.body, request.headers, secret=secret)


def test_a_receiver_that_fails_is_asked_again_under_the_same_id(world: World) -> None:
    world.receiver.answer = lambda request: (500, {})
    world.end(world.job())
    assert world.courier.deliver_due() == 2  # the mail too, which has no server
    world.at += RETRY_SECONDS[0] * (1 + JITTER)
    world.receiver.answer = lambda request: (204, {})
    assert world.courier.deliver_due() == 1
    first, second = world.receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert int(second.headers["webhook-timestamp"]) > int(first.headers["webhook-timestamp"])
    (row,) = world.rows("webhook")
    assert (row.state, row.num_attempts, row.last_error) == ("delivered", 2, None)


def test_a_receiver_that_never_answers_well_is_given_up_after_three_days(world: World) -> None:
    world.receiver.answer = lambda request: (503, {})
    start = world.at
    world.end(world.job())
    pauses = []
    while (row := (world.courier.deliver_due(), world.rows("webhook")[0])[1]).state == "pending":
        pauses.append(row.next_attempt_at - world.at)
        world.at = row.next_attempt_at
    assert row.state == "failed"
    assert row.last_error == "The receiver answered HTTP 503."
    assert len(world.receiver.received) == len(RETRY_SECONDS) + 1
    assert all(base <= pause <= base * (1 + JITTER) for base, pause in zip(RETRY_SECONDS, pauses, strict=True))
    assert 3 * 86400 < world.at - start < 4 * 86400
    world.at += 30 * 86400
    assert world.courier.deliver_due() == 0


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 429, 500])
def test_any_answer_but_success_is_tried_again(status: int, world: World) -> None:
    world.receiver.answer = lambda request: (status, {"location": "http://127.0.0.1:1/"})
    world.end(world.job())
    world.courier.deliver_due()
    (row,) = world.rows("webhook")
    assert (row.state, row.last_error) == ("pending", f"The receiver answered HTTP {status}.")


def test_410_means_never_again(world: World) -> None:
    world.receiver.answer = lambda request: (410, {})
    world.end(world.job())
    world.courier.deliver_due()
    assert world.rows("webhook")[0].state == "failed"


def test_nothing_listening_is_tried_again(world: World) -> None:
    world.receiver.close()
    world.end(world.job())
    world.courier.deliver_due()
    (row,) = world.rows("webhook")
    assert row.state == "pending"
    assert "could not be reached" in row.last_error


def test_a_deleted_endpoint_hears_nothing_more(world: World) -> None:
    world.end(world.job())
    with world.database.write() as connection:
        webhooks.delete(connection, world.project_id, world.endpoint.id, world.at)
    world.courier.deliver_due()
    assert world.receiver.received == []
    assert world.rows("webhook")[0].state == "failed"


def test_a_changed_url_holds_for_what_waits(world: World, make_receiver: Callable[[], Any]) -> None:
    elsewhere = make_receiver()
    world.end(world.job())
    with world.database.write() as connection:
        webhooks.change(connection, world.project_id, world.endpoint.id, now=world.at, url=elsewhere.url)
    world.courier.deliver_due()
    assert (len(elsewhere.received), len(world.receiver.received)) == (1, 0)


def test_a_private_target_is_refused_when_it_is_sent(world: World, connections: Any) -> None:
    """The URL passed when it was made, or its name has come to lead inside since."""
    with world.database.write() as connection:
        webhooks.change(connection, world.project_id, world.endpoint.id, now=1, url="https://hooks.example/")
    world.outbound = Outbound(resolver=lambda host, port: ["10.0.0.1"])
    world.end(world.job())
    with connections:
        world.courier.deliver_due()
    assert [address for address in connections.addresses if address[0] == "10.0.0.1"] == []
    assert "is private" in world.rows("webhook")[0].last_error


def test_a_sender_that_died_after_sending_sends_again_under_the_same_id(world: World) -> None:
    world.end(world.job())
    with world.database.write() as connection:
        lost = deliveries.claim_due(connection, world.at)
    assert lost is not None
    world.at += deliveries.CLAIM_SECONDS
    world.courier.deliver_due()
    assert world.receiver.received[0].headers["webhook-id"] == lost.id


def test_a_delivery_that_kills_its_senders_is_given_up(world: World) -> None:
    world.end(world.job())
    for _ in range(2 * len(RETRY_SECONDS) + 4):
        with world.database.write() as connection:
            deliveries.claim_due(connection, world.at)
        world.at += deliveries.CLAIM_SECONDS
    world.courier.deliver_due()
    assert [row.state for row in (*world.rows("webhook"), *world.rows("email"))] == ["failed", "failed"]
    assert world.receiver.received == []


def test_many_couriers_send_each_notice_once(world: World) -> None:
    for _ in range(15):
        world.end(world.job())
    couriers = [world.courier for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        tried = sum(pool.map(Courier.deliver_due, couriers))
    ids = [request.headers["webhook-id"] for request in world.receiver.received]
    assert len(ids) == len(set(ids)) == 15
    assert tried == 30


def test_offline_neither_webhook_nor_mail_leaves(world: World, mail_server: Any, connections: Any) -> None:
    world.mailer = Mailer("starttls", "127.0.0.1", mail_server.port, "", "")
    world.outbound = Outbound(is_offline=True, allow_private=True)
    world.end(world.job())
    with connections:
        world.courier.deliver_due()
    outside = [address for address in connections.addresses if isinstance(address, tuple)]
    assert (outside, world.receiver.received, mail_server.mails) == ([], [], [])
    for row in (*world.rows("webhook"), *world.rows("email")):
        assert (row.state, "offline" in row.last_error) == ("pending", True)


def test_the_notifier_delivers_by_itself_and_ends(world: World) -> None:
    with Notifier(world.courier, poll_seconds=0.02):
        world.end(world.job())
        deadline = time.monotonic() + 30
        while world.rows("webhook")[0].state != "delivered":
            assert time.monotonic() < deadline
            time.sleep(0.01)
    world.end(world.job())
    assert world.rows("webhook")[1].state == "pending"
    assert len(world.receiver.received) == 1


def test_old_deliveries_are_forgotten(world: World) -> None:
    world.end(world.job())
    world.courier.deliver_due()
    world.at += 31 * 86400
    world.courier.tidy()
    assert world.rows("webhook") == world.rows("email") == []


# ---- mail ----------------------------------------------------------------------------------------


@pytest.fixture
def mailing(world: World, make_mail_server: Callable[..., Any]) -> tuple[World, Any]:
    server = make_mail_server(wants_login=True)
    world.mailer = Mailer("starttls", "127.0.0.1", server.port, "bot", "p@ss word", "Tunesmith <bot@example.com>")
    return world, server


pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


def test_a_member_reads_how_to_use_the_model(mailing: tuple[World, Any]) -> None:
    world, server = mailing
    job = world.job(
        fine_tuned_model="ft:starter:one:support:abc", started_at=int(world.at), finished_at=int(world.at) + 3725
    )
    world.end(job)
    world.courier.deliver_due()
    (mail,) = server.mails
    assert mail["to"] == "Zoë 近 <zoe@example.com>"
    assert mail["subject"] == f"Fine-tuning job succeeded: ft:starter:one:support:abc ({job.id})"
    text = mail.get_content()
    for words in (
        job.id,
        "one",
        "1 h 2 min 5 s",
        'base_url="https://tune.example/v1"',
        'model="ft:starter:one:support:abc"',
    ):
        assert words in text
    assert world.rows("email")[0].state == "delivered"


def test_a_member_reads_why_it_failed_and_what_to_mend(mailing: tuple[World, Any]) -> None:
    world, server = mailing
    error = {"code": "invalid_training_file", "message": "Line 7 has no messages. Add them.", "param": "training_file"}
    job = world.job(error=error)
    world.end(job, FAILED)
    world.courier.deliver_due()
    (mail,) = server.mails
    assert mail["subject"] == f"Fine-tuning job failed: support ({job.id})"
    assert "Why (training_file): Line 7 has no messages. Add them." in mail.get_content()
    assert f"tunesmith jobs events {job.id}" in mail.get_content()


def test_a_server_that_refuses_is_asked_again_and_its_mail_keeps_its_id(mailing: tuple[World, Any]) -> None:
    world, server = mailing
    server.refuse = "451 4.7.1 come back later"
    world.end(world.job())
    world.courier.deliver_due()
    (row,) = world.rows("email")
    assert (row.state, "451" in row.last_error) == ("pending", True)
    server.refuse = None
    world.at += RETRY_SECONDS[0] * (1 + JITTER)
    world.courier.deliver_due()
    (mail,) = server.mails
    assert mail["message-id"] == f"<{row.id}@example.com>"


def test_a_mailbox_that_does_not_exist_is_asked_once(mailing: tuple[World, Any]) -> None:
    world, server = mailing
    server.refuse = "550 5.1.1 no such user"
    world.end(world.job())
    world.courier.deliver_due()
    assert world.rows("email")[0].state == "failed"


def test_who_has_left_the_project_reads_nothing_of_it(mailing: tuple[World, Any]) -> None:
    world, server = mailing
    world.end(world.job())
    with world.database.write() as connection:
        members.remove_from_project(connection, world.project_id, world.member_id, world.at)
    world.courier.deliver_due()
    assert server.mails == []
    assert world.rows("email")[0].last_error == "The member has left the project."


def test_without_a_mail_server_no_mail_waits(world: World) -> None:
    world.end(world.job())
    world.courier.deliver_due()
    (row,) = world.rows("email")
    assert (row.state, "TUNESMITH_SMTP_URL" in row.last_error) == ("failed", True)
