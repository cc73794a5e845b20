"""Who is let in: by which header, with which key, and for how long after it was revoked."""

from __future__ import annotations

import time
from typing import Any

import httpx2
import pytest
from openai import AuthenticationError, OpenAI

from tunesmith.store.keys import revoke_key


def test_request_without_a_key_is_401_in_the_envelope(server: Any) -> None:
    answer = httpx2.get(f"{server.base_url}/v1/anything")
    assert answer.status_code == 401
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    message = answer.json()["error"]["message"]
    assert "You didn't provide an API key" in message
    assert "(i.e. Authorization: Bearer YOUR_KEY)" in message
    assert "`tunesmith keys create`" in message


@pytest.mark.parametrize("header", ["authorization", "api-key"])
def test_wrong_key_is_never_repeated_whole(server: Any, header: str) -> None:
    key = "sk-abcdefghijklmnopqrstuvwxyz"
    answer = httpx2.get(
        f"{server.base_url}/v1/models", headers={header: f"Bearer {key}" if header != "api-key" else key}
    )
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], key in answer.text) == (401, "invalid_api_key", False)
    assert error["message"].startswith("Incorrect API key provided: sk-ab***wxyz. ")
    assert "`tunesmith keys create`" in error["message"]


@pytest.mark.parametrize("key", ["sk-a", "sk-abcdefghijkl", "hunter2", "abcdefghijklmno"])
def test_nothing_of_a_short_key_is_repeated(server: Any, key: str) -> None:
    answer = httpx2.get(f"{server.base_url}/v1/models", headers={"api-key": key})
    assert answer.json()["error"]["message"].startswith("Incorrect API key provided: ***. ")


def test_sdk_raises_authentication_error(server: Any) -> None:
    client = OpenAI(base_url=f"{server.base_url}/v1", api_key="sk-nobody-knows-this-key", max_retries=0)
    with pytest.raises(AuthenticationError, match="Incorrect API key provided"):
        client.models.list()


def test_revoked_key_is_dead_within_a_second(server: Any) -> None:
    made = server.new_key()
    headers = {"Authorization": f"Bearer {made.secret}"}
    with httpx2.Client(base_url=server.base_url, headers=headers) as caller:
        assert caller.get("/v1/nothing").status_code == 404
        with server.database.write() as connection:
            assert revoke_key(connection, made.key.project_id, made.key.id, time.time())
        revoked_at = time.monotonic()
        while caller.get("/v1/nothing").status_code != 401:
            assert time.monotonic() - revoked_at < 1.0
