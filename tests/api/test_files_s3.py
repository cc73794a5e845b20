"""The file API with its bytes in a bucket of a real S3-speaking server."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI

from tunesmith.core.settings import Settings
from tunesmith.store.blobs_s3 import S3Blobs
from tunesmith.store.collection import collect

pytestmark = pytest.mark.needs("s3")


@pytest.fixture
def settings(aws: Any, tmp_path: Path, server_database_url: str) -> Settings:
    url = f"s3://{aws.bucket}/{tmp_path.name}"
    return Settings(home=tmp_path / "home", database_url=server_database_url, blob_url=url)


def test_a_file_goes_in_and_comes_out(client: OpenAI, server: Any) -> None:
    assert isinstance(server.services.blobs, S3Blobs)
    content = os.urandom(20 << 20)  # more than one part of the bucket's
    file = client.files.create(file=("a.bin", content), purpose="user_data")
    assert client.files.content(file.id).content == content
    headers = {"authorization": f"Bearer {server.key}", "range": "bytes=9000000-9000009"}
    answer = httpx2.get(f"{server.base_url}/v1/files/{file.id}/content", headers=headers)
    assert (answer.status_code, answer.content) == (206, content[9_000_000:9_000_010])
    assert [path for path in server.services.settings.folder.rglob("*") if path.stat().st_size > 1 << 20] == []


def test_an_upload_in_parts_becomes_a_file(client: OpenAI) -> None:
    content = os.urandom(300_000)
    made = client.uploads.upload_file_chunked(
        file=content, filename="a.bin", bytes=len(content), mime_type="x/y", purpose="user_data", part_size=100_000
    )
    assert made.file is not None
    assert client.files.content(made.file.id).content == content


def test_a_files_report_its_rows_and_a_revision(client: OpenAI, server: Any) -> None:
    row = b'{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}\n'
    file = client.files.create(file=("a.jsonl", row * 12 + b"{}\n"), purpose="fine-tune")
    url, headers = f"{server.base_url}/v1/files/{file.id}", {"authorization": f"Bearer {server.key}"}

    def report() -> Any:
        return httpx2.get(f"{url}/report", headers=headers).json()

    server.eventually(lambda: report()["status"] == "completed")
    assert (report()["num_rows"], report()["num_errors"]) == (13, 1)
    assert httpx2.get(f"{url}/rows/13", headers=headers).json()["text"] == "{}"
    made = httpx2.post(f"{url}/revisions", headers=headers, json={"drops_rows_with_errors": True}).json()
    assert client.files.content(made["file"]["id"]).content == row * 12
    assert not list((server.services.settings.folder / "reports").rglob("rows.jsonl"))


def test_a_deleted_file_leaves_the_bucket_after_the_grace(client: OpenAI, server: Any) -> None:
    file = client.files.create(file=("a.bin", b"content"), purpose="user_data")
    client.files.delete(file.id)
    services = server.services
    assert collect(services.database, services.blobs, services.now() + 10, 1).num_blobs == 1
    assert list(services.blobs.names()) == []


def test_a_refused_bucket_is_told_without_its_secret(
    client: OpenAI, server: Any, aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mistyped")
    blobs = S3Blobs(server.services.settings.blob_url, server.services.settings.folder / "tmp")
    object.__setattr__(server.services, "blobs", blobs)
    with pytest.raises(openai.InternalServerError, match="its log says why") as refused:
        client.files.create(file=("a.bin", b"content"), purpose="user_data")
    assert refused.value.status_code == 503
    assert "mistyped" not in refused.value.response.text + str(refused.value.response.headers)
    assert client.files.list().data == []
