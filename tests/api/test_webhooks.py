"""Webhook endpoints by the unmodified SDK: what it sends, what it reads, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from openai import BadRequestError, NotFoundError, OpenAI, PermissionDeniedError
from sqlalchemy import select

from tunesmith.core.settings import Settings
from tunesmith.store import tables

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))]
URL = "https://hooks.example/in"
EVENTS: Any = ["fine_tuning.job.succeeded", "fine_tuning.job.failed"]


def create(client: OpenAI, **given: Any) -> Any:
    return client.webhooks.create(**{"name": "ci", "url": URL, "event_types": EVENTS, **given})


@pytest.mark.parametrize("server_database_url", BOTH, indirect=True)
def test_the_whole_life_of_an_endpoint(client: OpenAI) -> None:
    made = create(client)
    assert (made.object, made.name, made.url, made.event_types) == ("webhook_endpoint", "ci", URL, EVENTS)
    assert made.signing_secret.startswith("whsec_")
    assert made.signing_secret_hint == f"whsec_…{made.signing_secret[-4:]}"
    found = client.webhooks.retrieve(made.id)
    assert (found.id, found.created_at, found.updated_at) == (made.id, made.created_at, made.updated_at)
    changed = client.webhooks.update(made.id, name="new", event_types=["batch.completed", "batch.completed"])
    assert (changed.name, changed.url, changed.event_types) == ("new", URL, ["batch.completed"])
    rotated = client.webhooks.rotate_secret(made.id, keep_old_secret_active_for_24_hours=True)
    assert rotated.signing_secret not in ("", made.signing_secret)
    assert client.webhooks.rotate_secret(made.id).signing_secret != rotated.signing_secret
    deleted = client.webhooks.delete(made.id)
    assert (deleted.id, deleted.object, deleted.deleted) == (made.id, "webhook_endpoint.deleted", True)
    with pytest.raises(NotFoundError, match=f"No such WebhookEndpoint object: {made.id}"):
        client.webhooks.retrieve(made.id)


def test_a_secret_is_shown_at_creation_and_rotation_only(client: OpenAI) -> None:
    made = create(client)
    answers = [
        client.webhooks.with_raw_response.retrieve(made.id).text,
        client.webhooks.with_raw_response.list().text,
        client.webhooks.with_raw_response.update(made.id, name="new").text,
    ]
    for text in answers:
        assert "signing_secret_hint" in text
        assert '"signing_secret"' not in text
        assert made.signing_secret not in text


def test_lists_are_newest_first_in_pages(client: OpenAI) -> None:
    ids = [create(client, name=str(number)).id for number in range(5)]
    assert [endpoint.id for endpoint in client.webhooks.list(limit=2)] == ids[::-1]
    raw = json.loads(client.webhooks.with_raw_response.list(limit=2).text)
    assert (raw["object"], raw["has_more"], raw["first_id"], raw["last_id"]) == ("list", True, ids[4], ids[3])
    empty = json.loads(client.webhooks.with_raw_response.list(after=ids[0]).text)
    assert (empty["data"], empty["has_more"], empty["first_id"], empty["last_id"]) == ([], False, None, None)


def test_event_types_are_those_of_jobs_evals_and_batches(client: OpenAI) -> None:
    found = json.loads(client.webhooks.event_types.with_raw_response.list().text)
    assert found["object"] == "list"
    assert set(found["data"]) == {
        "fine_tuning.job.succeeded", "fine_tuning.job.failed", "fine_tuning.job.cancelled",
        "eval.run.succeeded", "eval.run.failed", "eval.run.canceled",
        "batch.completed", "batch.failed", "batch.expired", "batch.cancelled",
    }  # fmt: skip


@pytest.mark.parametrize(
    "url",
    ["http://hooks.example/", "ftp://hooks.example/", "hooks.example", "https://user:pw@hooks.example/", "https://127.0.0.1/",
     "https://169.254.169.254/latest/", "https://[::ffff:10.0.0.1]/", "https://2130706433/", "https://localhost:8000/",
     "https://0x7f.1/", "https://hooks.example:0/", f"https://hooks.example/{'x' * 3000}", "", "https://[64:ff9b::7f00:1]/"],
)  # fmt: skip
def test_a_url_that_must_not_be_reached_is_refused_at_once(url: str, client: OpenAI) -> None:
    with pytest.raises(BadRequestError) as caught:
        create(client, url=url)
    assert caught.value.body["param"] == "url"  # type: ignore[index]
    made = create(client)
    with pytest.raises(BadRequestError):
        client.webhooks.update(made.id, url=url)
    assert client.webhooks.retrieve(made.id).url == URL


@pytest.mark.parametrize(
    ("given", "param"),
    [({"event_types": []}, "event_types"), ({"event_types": ["job.done"]}, "event_types.0"), ({"name": ""}, "name"),
     ({"name": "x" * 201}, "name"), ({"extra_body": {"secret": "whsec_mine"}}, "secret"),
     ({"extra_body": {"project_id": "proj_other"}}, "project_id")],
)  # fmt: skip
def test_a_body_that_does_not_fit_is_refused(given: dict[str, Any], param: str, client: OpenAI) -> None:
    with pytest.raises(BadRequestError) as caught:
        create(client, **given)
    assert caught.value.body["param"] == param  # type: ignore[index]


def test_a_project_cannot_have_endpoints_without_end(client: OpenAI) -> None:
    for _ in range(100):
        create(client)
    with pytest.raises(BadRequestError, match="100 webhook endpoints"):
        create(client)


def test_members_see_nothing_they_could_change(make_client: Callable[..., OpenAI], client: OpenAI) -> None:
    made = create(client)
    for role in ("viewer", "member"):
        other = make_client(role)
        assert other.webhooks.retrieve(made.id).id == made.id
        with pytest.raises(PermissionDeniedError):
            other.webhooks.rotate_secret(made.id)


def test_who_did_what_is_written_down_without_secrets(client: OpenAI, server: Any) -> None:
    made = create(client, url=f"{URL}?token=canary-of-a-url")
    client.webhooks.update(made.id, name="new")
    client.webhooks.rotate_secret(made.id)
    client.webhooks.delete(made.id)
    with server.database.read() as connection:
        rows = connection.execute(select(tables.audit_log).where(tables.audit_log.c.object_id == made.id)).all()
    assert [row.action for row in rows] == [
        "webhook.create",
        "webhook.update",
        "webhook.rotate_secret",
        "webhook.delete",
    ]
    assert "canary" not in str(rows)
    assert "whsec_" not in str(rows)


class TestSamples:
    """With private addresses allowed, as for a receiver beside the server."""

    @pytest.fixture
    def settings(self, tmp_path: Path, server_database_url: str) -> Settings:
        return Settings(home=tmp_path / "home", database_url=server_database_url, allow_private_addresses=True)

    def test_a_sample_arrives_and_verifies(self, client: OpenAI, receiver: Any) -> None:
        made = create(client, url=receiver.url)
        receiver.answer = lambda request: (503, {})
        found = client.webhooks.test(made.id, event_type="fine_tuning.job.failed")
        assert (found.object, found.webhook_endpoint_id, found.event_type) == (
            "webhook_endpoint.test", made.id, "fine_tuning.job.failed",
        )  # fmt: skip
        assert (found.status_code, found.success) == (503, True)
        (request,) = receiver.received
        event = client.webhooks.unwrap(request.body, request.headers, secret=made.signing_secret)
        assert event.type == "fine_tuning.job.failed"
        assert client.webhooks.retrieve(made.id).updated_at == made.updated_at

    def test_every_event_type_has_a_sample(self, client: OpenAI, receiver: Any) -> None:
        types = json.loads(client.webhooks.event_types.with_raw_response.list().text)["data"]
        made = create(client, url=receiver.url, event_types=types)
        for event_type in types:
            client.webhooks.test(made.id, event_type=event_type)
        found = [client.webhooks.unwrap(r.body, r.headers, secret=made.signing_secret).type for r in receiver.received]
        assert found == types

    def test_nobody_answering_is_the_caller_s_matter(self, client: OpenAI, receiver: Any) -> None:
        made = create(client, url=receiver.url)
        receiver.close()
        with pytest.raises(BadRequestError, match="could not be reached"):
            client.webhooks.test(made.id, event_type="batch.failed")

    def test_what_was_sent_is_written_down_whoever_answers(self, client: OpenAI, server: Any, receiver: Any) -> None:
        made = create(client, url=receiver.url)
        client.webhooks.test(made.id, event_type="batch.failed")
        receiver.close()
        with pytest.raises(BadRequestError):
            client.webhooks.test(made.id, event_type="fine_tuning.job.failed")
        with server.database.read() as connection:
            query = select(tables.audit_log).where(tables.audit_log.c.action == "webhook.test")
            rows = connection.execute(query.order_by(tables.audit_log.c.seq)).all()
        assert [(row.object_id, row.detail) for row in rows] == [
            (made.id, {"event_type": "batch.failed"}), (made.id, {"event_type": "fine_tuning.job.failed"}),
        ]  # fmt: skip
        assert rows[0].request_id.startswith("req_")

    def test_a_redirect_is_an_answer_not_a_way(self, client: OpenAI, make_receiver: Callable[[], Any]) -> None:
        first, second = make_receiver(), make_receiver()
        first.answer = lambda request: (302, {"location": second.url})
        made = create(client, url=first.url)
        assert client.webhooks.test(made.id, event_type="batch.failed").status_code == 302
        assert second.received == []


class TestOffline:
    @pytest.fixture
    def settings(self, tmp_path: Path, server_database_url: str) -> Settings:
        return Settings(
            home=tmp_path / "home", database_url=server_database_url, allow_private_addresses=True, offline=True
        )

    def test_endpoints_can_be_set_up_and_nothing_is_sent(self, client: OpenAI, receiver: Any) -> None:
        made = create(client, url=receiver.url)
        with pytest.raises(BadRequestError, match="offline"):
            client.webhooks.test(made.id, event_type="batch.failed")
        assert receiver.received == []


def test_a_rotation_needs_no_body(client: OpenAI, server: Any) -> None:
    made = create(client)
    answer = httpx2.post(
        f"{server.base_url}/v1/webhook_endpoints/{made.id}/rotate_secret",
        headers={"authorization": f"Bearer {server.key}"}, trust_env=False,
    )  # fmt: skip
    assert answer.status_code == 200
    assert answer.json()["signing_secret"] != made.signing_secret
