"""What goes wrong inside a request is logged whole but for secrets, under the request's id; the caller learns the id."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tunesmith.api.services import Services
from tunesmith.core.log import LineFormatter
from tunesmith.core.standard_webhooks import new_secret

KEY, SECRET = "sk-canaryKeyCanaryKeyCanaryKey0123456789", new_secret()


class Failing:
    """In the place of the known models: whatever is asked of it fails, with secrets in the error."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"no {name} for {{'authorization': 'Bearer {KEY}'}}, {SECRET}, postgresql://u:{KEY}@h/d")


@pytest.fixture
def services(services: Services) -> Services:
    object.__setattr__(services, "known_models", Failing())
    return services


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter("api", is_json=False))
    root = logging.getLogger()
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


def test_an_error_inside_is_logged_without_secrets_and_hidden_from_the_caller(server: Any, log: io.StringIO) -> None:
    answer = httpx2.get(
        f"{server.base_url}/v1/models", headers={"authorization": f"Bearer {server.key}"}, trust_env=False
    )
    assert answer.status_code == 500
    assert "RuntimeError" not in answer.text
    text = log.getvalue()
    assert "RuntimeError: no " in text
    assert f"request_id={answer.headers['x-request-id']}" in text
    for secret in (KEY, SECRET, server.key):
        assert secret not in text
        assert secret not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("GET", f"/v1/{KEY}", None), ("GET", f"/v1/files/{KEY}", None), ("GET", f"/v1/files?after={KEY}", None),
     ("POST", "/v1/fine_tuning/jobs", f'{{"model": "{KEY}"'), ("POST", "/v1/webhook_endpoints", f'{{"{KEY}": 1}}'),
     ("POST", "/v1/webhook_endpoints", f'{{"name": "n", "url": "{KEY}", "event_types": ["{SECRET}"]}}')],
)  # fmt: skip
def test_a_key_in_the_wrong_place_is_not_repeated(method: str, path: str, body: str | None, server: Any) -> None:
    headers = {"authorization": f"Bearer {server.key}", "content-type": "application/json"}
    answer = httpx2.request(method, server.base_url + path, headers=headers, content=body, trust_env=False)
    assert 400 <= answer.status_code < 500
    assert KEY not in answer.text
    assert SECRET not in answer.text


def test_a_wrong_key_is_not_repeated(server: Any) -> None:
    answer = httpx2.get(f"{server.base_url}/v1/models", headers={"authorization": f"Bearer {KEY}"}, trust_env=False)
    assert answer.status_code == 401
    assert KEY[4:-4] not in answer.text
