"""Webhook endpoints in the store: whose they are, what changes them, which secrets sign."""

from __future__ import annotations

import pytest

from tunesmith.store import webhooks
from tunesmith.store.db import Database
from tunesmith.store.paging import UnknownCursor
from tunesmith.store.projects import create_project

SUCCEEDED, FAILED = "fine_tuning.job.succeeded", "fine_tuning.job.failed"


@pytest.fixture
def project_id(database: Database) -> str:
    with database.write() as connection:
        return create_project(connection, name="one", now=1).id


@pytest.fixture
def other_id(database: Database) -> str:
    with database.write() as connection:
        return create_project(connection, name="two", now=1).id


def made(database: Database, project_id: str, *event_types: str, now: float = 10) -> webhooks.WebhookEndpoint:
    with database.write() as connection:
        return webhooks.create(
            connection, project_id, name="n", url="https://a.example/", event_types=event_types or [SUCCEEDED], now=now
        )


def test_an_endpoint_is_as_it_was_made(database: Database, project_id: str) -> None:
    endpoint = made(database, project_id)
    with database.read() as connection:
        assert webhooks.get(connection, project_id, endpoint.id) == endpoint
    assert endpoint.secret.startswith("whsec_")
    assert (endpoint.created_at, endpoint.updated_at, list(endpoint.event_types)) == (10, 10, [SUCCEEDED])


def test_its_secret_is_in_no_text_of_it(database: Database, project_id: str) -> None:
    endpoint = made(database, project_id)
    assert endpoint.secret not in repr(endpoint)
    assert endpoint.secret_hint == f"whsec_…{endpoint.secret[-4:]}"


def test_another_project_neither_sees_nor_changes_it(database: Database, project_id: str, other_id: str) -> None:
    endpoint = made(database, project_id)
    with database.write() as connection:
        assert webhooks.get(connection, other_id, endpoint.id) is None
        assert webhooks.change(connection, other_id, endpoint.id, now=20, name="x") is None
        assert webhooks.rotate_secret(connection, other_id, endpoint.id, keep_old=False, now=20) is None
        assert not webhooks.delete(connection, other_id, endpoint.id, 20)
        assert webhooks.list_page(connection, other_id, after=None, limit=9, newest_first=True).items == []
        assert webhooks.list_for(connection, other_id, SUCCEEDED) == []
        with pytest.raises(UnknownCursor):
            webhooks.list_page(connection, other_id, after=endpoint.id, limit=9, newest_first=True)
        assert webhooks.get(connection, project_id, endpoint.id) == endpoint


def test_only_what_is_new_changes_the_time_of_its_change(database: Database, project_id: str) -> None:
    endpoint = made(database, project_id)
    with database.write() as connection:
        same = webhooks.change(connection, project_id, endpoint.id, now=20, name="n", event_types=[SUCCEEDED])
        renamed = webhooks.change(connection, project_id, endpoint.id, now=30, name="m")
    assert same == endpoint
    assert renamed is not None
    assert (renamed.name, renamed.url, renamed.updated_at) == ("m", endpoint.url, 30)


def test_the_old_secret_signs_for_a_day_where_it_is_kept(database: Database, project_id: str) -> None:
    endpoint = made(database, project_id)
    with database.write() as connection:
        rotated = webhooks.rotate_secret(connection, project_id, endpoint.id, keep_old=True, now=100)
    assert rotated is not None
    assert rotated.secret != endpoint.secret
    assert rotated.secrets_at(100 + 86399) == (rotated.secret, endpoint.secret)
    assert rotated.secrets_at(100 + 86400) == (rotated.secret,)


def test_the_old_secret_is_dead_at_once_where_it_is_not_kept(database: Database, project_id: str) -> None:
    endpoint = made(database, project_id)
    with database.write() as connection:
        webhooks.rotate_secret(connection, project_id, endpoint.id, keep_old=True, now=100)
        rotated = webhooks.rotate_secret(connection, project_id, endpoint.id, keep_old=False, now=101)
    assert rotated is not None
    assert rotated.secrets_at(102) == (rotated.secret,)


def test_endpoints_are_found_by_what_they_want_to_hear_of(database: Database, project_id: str) -> None:
    both, one = made(database, project_id, SUCCEEDED, FAILED), made(database, project_id, FAILED)
    with database.write() as connection:
        assert [found.id for found in webhooks.list_for(connection, project_id, SUCCEEDED)] == [both.id]
        assert [found.id for found in webhooks.list_for(connection, project_id, FAILED)] == [both.id, one.id]
        assert webhooks.list_for(connection, project_id, "fine_tuning.job") == []
        assert webhooks.delete(connection, project_id, both.id, 20)
        assert [found.id for found in webhooks.list_for(connection, project_id, FAILED)] == [one.id]


def test_a_deleted_endpoint_is_gone_for_every_question(database: Database, project_id: str) -> None:
    endpoint = made(database, project_id)
    with database.write() as connection:
        assert webhooks.count(connection, project_id) == 1
        assert webhooks.delete(connection, project_id, endpoint.id, 20)
        assert not webhooks.delete(connection, project_id, endpoint.id, 21)
        assert webhooks.get(connection, project_id, endpoint.id) is None
        assert webhooks.change(connection, project_id, endpoint.id, now=22, name="x") is None
        assert webhooks.count(connection, project_id) == 0


def test_pages_are_newest_first_and_complete(database: Database, project_id: str) -> None:
    ids = [made(database, project_id).id for _ in range(5)]
    with database.read() as connection:
        first = webhooks.list_page(connection, project_id, after=None, limit=3, newest_first=True)
        rest = webhooks.list_page(connection, project_id, after=first.items[-1].id, limit=3, newest_first=True)
    assert [item.id for item in (*first.items, *rest.items)] == ids[::-1]
    assert (first.has_more, rest.has_more) == (True, False)
