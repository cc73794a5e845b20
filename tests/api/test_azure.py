"""Azure's client reaches the same routes: its own paths, its own header."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from openai import AzureOpenAI, NotFoundError, OpenAI

from tunesmith.api.azure import as_ours
from tunesmith.api.errors import ApiError

VERSION = "2024-10-21"
HELLO: Any = [{"role": "user", "content": "Hello!"}]


@pytest.fixture
def azure(server: Any) -> Callable[..., AzureOpenAI]:
    def make(**more: Any) -> AzureOpenAI:
        endpoint = server.base_url.removesuffix("/v1")
        return AzureOpenAI(azure_endpoint=endpoint, api_key=server.key, api_version=VERSION, max_retries=0, **more)

    return make


@pytest.mark.usefixtures("serving")
def test_deployment_is_a_models_name(azure: Callable[..., AzureOpenAI]) -> None:
    named = azure().chat.completions.create(model="starter", messages=HELLO, max_tokens=3, temperature=0)
    assert (named.model, named.usage and named.usage.completion_tokens) == ("starter", 3)
    fixed = azure(azure_deployment="starter").chat.completions.create(
        model="nobody-reads-this", messages=HELLO, max_tokens=2
    )
    assert fixed.model == "starter"
    chunks = list(azure().chat.completions.create(model="starter", messages=HELLO, max_tokens=3, stream=True))
    assert chunks[0].model == "starter"


@pytest.mark.usefixtures("serving")
def test_plain_call_needs_no_model_in_its_body(server: Any) -> None:
    url = server.base_url.removesuffix("/v1") + f"/openai/deployments/starter/chat/completions?api-version={VERSION}"
    answer = httpx2.post(url, headers={"api-key": server.key}, json={"messages": HELLO, "max_tokens": 2}, timeout=60)
    assert (answer.status_code, answer.json()["model"]) == (200, "starter")


def test_unknown_deployment_is_no_model(azure: Callable[..., AzureOpenAI]) -> None:
    with pytest.raises(NotFoundError) as caught:
        azure(azure_deployment="of/nobody").chat.completions.create(model="starter", messages=HELLO)
    assert caught.value.code == "model_not_found"
    assert "of/nobody" in caught.value.message


def test_files_and_jobs_are_where_azure_has_them(azure: Callable[..., AzureOpenAI], server: Any) -> None:
    client = azure(azure_deployment="starter")
    file = client.files.create(file=("rows.jsonl", json.dumps({"messages": []}).encode()), purpose="fine-tune")
    job = client.fine_tuning.jobs.create(model="starter", training_file=file.id)
    assert client.fine_tuning.jobs.retrieve(job.id).training_file == file.id
    assert "starter" in {model.id for model in client.models.list()}
    plain = OpenAI(base_url=server.base_url.removesuffix("/v1") + "/openai/v1", api_key=server.key)
    assert plain.files.retrieve(file.id).filename == "rows.jsonl"


def test_keys_are_asked_for_there_too(server: Any) -> None:
    root = server.base_url.removesuffix("/v1")
    for path in (
        "/openai/files",
        "/openai/v1/models",
        "/openai/deployments/starter/chat/completions",
        "/openai/no/such",
    ):
        assert httpx2.get(root + path).status_code == 401


@pytest.mark.parametrize(
    "theirs, ours, deployment",
    [
        (b"/openai/files/file-1/content", b"/v1/files/file-1/content", None),
        (b"/openai/v1/models/a%2Fb", b"/v1/models/a%2Fb", None),
        (b"/openai/deployments/a%2Fb/chat/completions", b"/v1/chat/completions", "a/b"),
        (b"/openai/deployments/ft:x/y:p::1/chat/completions", b"/v1/chat/completions", "ft:x/y:p::1"),
        (b"/openai/deployments/a/embeddings", b"/v1/deployments/a/embeddings", None),
        (b"/v1/files", b"/v1/files", None),
        (b"/openaix/files", b"/openaix/files", None),
        (b"/openai/v1beta/files", b"/v1/v1beta/files", None),
    ],
)
def test_paths(theirs: bytes, ours: bytes, deployment: str | None) -> None:
    assert as_ours(theirs) == (ours, deployment)


def test_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(ApiError, match="UTF-8"):
        as_ours(b"/openai/deployments/%ff/chat/completions")
