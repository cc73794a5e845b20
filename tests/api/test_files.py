"""Files on the wire: the SDK's calls, every rule of the form, and that nothing half received is left."""

from __future__ import annotations

import io
from pathlib import Path

import httpx2
import openai
import pytest
from openai import OpenAI

LINE = b'{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]}\n'


def upload(client: OpenAI, content: bytes = LINE, name: str = "a.jsonl") -> str:
    return client.files.create(file=(name, content), purpose="fine-tune").id


def litter(server) -> list[Path]:
    return list((server.services.settings.folder / "blobs" / "tmp").glob("*/*"))


def test_a_file_comes_back_as_it_was_sent(client: OpenAI) -> None:
    content = LINE * 40_000
    file = client.files.create(file=('näme ".jsonl', content), purpose="fine-tune")
    assert (file.bytes, file.filename, file.status) == (len(content), 'näme ".jsonl', "processed")
    assert client.files.content(file.id).content == content
    assert client.files.retrieve(file.id) == file


def test_bare_bytes_are_taken(client: OpenAI) -> None:
    assert client.files.create(file=LINE, purpose="fine-tune").filename == "upload"


def test_newest_file_is_listed_first_and_pages_join(client: OpenAI) -> None:
    ids = [upload(client) for _ in range(5)]
    assert [file.id for file in client.files.list(limit=2)] == ids[::-1]
    assert [file.id for file in client.files.list(order="asc", purpose="fine-tune")] == ids
    assert list(client.files.list(purpose="batch")) == []


def test_files_can_be_deleted_while_they_are_listed(client: OpenAI) -> None:
    made = [upload(client) for _ in range(5)]
    assert [client.files.delete(file.id).id for file in client.files.list(limit=2, order="asc")] == made
    assert not client.files.list().data


def test_a_deleted_file_is_gone(client: OpenAI) -> None:
    file_id = upload(client)
    assert client.files.delete(file_id).deleted
    for call in (client.files.retrieve, client.files.content, client.files.delete):
        with pytest.raises(openai.NotFoundError) as refused:
            call(file_id)
        assert refused.value.body == {
            "message": f"No such File object: {file_id}", "type": "invalid_request_error", "param": "id", "code": None,
        }  # fmt: skip


def test_expiry_is_taken_in_both_spellings(client: OpenAI, server) -> None:
    file = client.files.create(file=LINE, purpose="evals", expires_after={"anchor": "created_at", "seconds": 3600})
    assert file.expires_at == file.created_at + 3600
    form = {"purpose": "batch", "expires_after.anchor": "created_at", "expires_after.seconds": "7200"}
    answer = post(server, form, {"file": ("a.jsonl", LINE)}).json()
    assert answer["expires_at"] == answer["created_at"] + 7200


@pytest.mark.parametrize(
    ("form", "file", "param"),
    [
        ({}, ("a.jsonl", LINE), "purpose"),
        ({"purpose": "nonsense"}, ("a.jsonl", LINE), "purpose"),
        ({"purpose": "fine-tune"}, ("a.csv", LINE), "file"),
        ({"purpose": "fine-tune"}, ("a.jsonl", b""), "file"),
        ({"purpose": "fine-tune"}, ("a.jsonl", b"[1]\n"), "file"),
        ({"purpose": "fine-tune"}, None, "file"),
        ({"purpose": "evals", "colour": "red"}, ("a", LINE), "colour"),
        ({"purpose": "evals", "expires_after[anchor]": "created_at", "expires_after[seconds]": "60"}, ("a", LINE), "expires_after"),
        ({"purpose": "evals", "expires_after[seconds]": "x"}, ("a", LINE), "expires_after"),
    ],
)  # fmt: skip
def test_a_wrong_form_is_refused_by_its_field(
    server, form: dict[str, str], file: tuple[str, bytes] | None, param: str
) -> None:
    answer = post(server, form, {"file": file} if file else {"other": ("b", b"b")})
    assert answer.status_code == 400
    assert param in (answer.json()["error"]["param"] or answer.json()["error"]["message"])
    assert litter(server) == []


def test_a_file_beyond_the_limit_is_refused(server, monkeypatch: pytest.MonkeyPatch) -> None:
    from tunesmith.api import multipart

    small = server.services.settings.model_copy(update={"max_file_bytes": 1000})
    object.__setattr__(server.services, "settings", small)
    answer = post(server, {"purpose": "evals"}, {"file": ("a", b"x" * 1001)})
    assert (answer.status_code, answer.json()["error"]["param"]) == (413, "file")
    assert litter(server) == []
    assert multipart.PIECE_BYTES > 1000


def test_a_body_that_ends_too_early_leaves_nothing(server) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n' + LINE
    headers = {"authorization": f"Bearer {server.key}", "content-type": "multipart/form-data; boundary=b"}
    answer = httpx2.post(f"{server.base_url}/v1/files", content=body, headers=headers)
    assert answer.status_code == 400
    assert "ends too early" in answer.json()["error"]["message"]
    assert litter(server) == []


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data", "text/plain", ""])
def test_another_kind_of_body_is_refused(server, content_type: str) -> None:
    headers = {"authorization": f"Bearer {server.key}", "content-type": content_type}
    answer = httpx2.post(f"{server.base_url}/v1/files", content=b"x", headers=headers)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..\\..\\x.jsonl", "/abs/a.jsonl", "a/../../b.jsonl", "C:\\x.jsonl"]
)
def test_a_name_is_data_and_never_a_path(client: OpenAI, server, name: str) -> None:
    name = name if name.endswith(".jsonl") else name + ".jsonl"
    before = {path for path in server.services.settings.folder.rglob("*") if "blobs" not in path.parts}
    file = client.files.create(file=(name, LINE), purpose="fine-tune")
    assert client.files.content(file.id).content == LINE
    after = {path for path in server.services.settings.folder.rglob("*") if "blobs" not in path.parts}
    assert {path.name for path in after - before} <= {"tunesmith.db-wal", "tunesmith.db-shm"}


def test_an_upload_in_parts_becomes_a_file(client: OpenAI) -> None:
    content = LINE * 1000
    file = client.uploads.upload_file_chunked(
        file=content, filename="big.jsonl", bytes=len(content), mime_type="application/jsonl", purpose="fine-tune",
        part_size=10_000,
    ).file  # fmt: skip
    assert file is not None
    assert client.files.content(file.id).content == content


def test_parts_are_joined_in_the_order_asked_for(client: OpenAI) -> None:
    begun = client.uploads.create(filename="a.jsonl", bytes=2 * len(LINE), mime_type="text/plain", purpose="evals")
    first, second = (
        client.uploads.parts.create(begun.id, data=io.BytesIO(half)) for half in (LINE[:40] + LINE[40:], LINE)
    )
    with pytest.raises(openai.BadRequestError, match="announced"):
        client.uploads.complete(begun.id, part_ids=[first.id])
    done = client.uploads.complete(begun.id, part_ids=[second.id, first.id])
    assert (done.status, done.file and done.file.bytes) == ("completed", 2 * len(LINE))
    with pytest.raises(openai.BadRequestError, match="completed"):
        client.uploads.cancel(begun.id)


def test_a_cancelled_upload_takes_no_part(client: OpenAI) -> None:
    begun = client.uploads.create(filename="a.jsonl", bytes=10, mime_type="text/plain", purpose="evals")
    assert client.uploads.cancel(begun.id).status == "cancelled"
    with pytest.raises(openai.BadRequestError, match="cancelled"):
        client.uploads.parts.create(begun.id, data=b"x")


def post(server, form: dict[str, str], files: dict[str, tuple[str, bytes]]) -> httpx2.Response:
    headers = {"authorization": f"Bearer {server.key}"}
    return httpx2.post(f"{server.base_url}/v1/files", data=form, files=files, headers=headers)
