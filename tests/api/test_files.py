"""Files on the wire: the SDK's calls, every rule of the form, and that nothing half received is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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


@pytest.mark.parametrize("purpose", ["assistants", "batch", "vision", "user_data", "evals"])
def test_only_fine_tuning_asks_for_a_name_that_ends_in_jsonl(client: OpenAI, purpose: Any) -> None:
    assert client.files.create(file=("a.csv", LINE), purpose=purpose).purpose == purpose
    assert client.files.create(file=("A.JSONL", LINE), purpose="fine-tune").filename == "A.JSONL"


def test_batch_files_expire_after_thirty_days_and_others_never(client: OpenAI) -> None:
    batch = client.files.create(file=LINE, purpose="batch")
    assert batch.expires_at == batch.created_at + 30 * 86400
    assert "expires_at" not in client.files.create(file=LINE, purpose="vision").to_dict()


def test_an_expired_file_is_gone(client: OpenAI, server: Any) -> None:
    file = client.files.create(file=LINE, purpose="evals", expires_after={"anchor": "created_at", "seconds": 3600})
    object.__setattr__(server.services, "now", lambda: float(file.created_at + 3600))
    assert client.files.list().data == []
    for call in (client.files.retrieve, client.files.content, client.files.delete):
        with pytest.raises(openai.NotFoundError, match="No such File object"):
            call(file.id)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + LINE,
        LINE.replace(b"\n", b"\r\n"),
        b"\n  \n" + LINE,
        LINE[:-1],
        b"  " + LINE,
        b'{"prompt": "\xff"}\n',
    ],
)
def test_lines_that_may_be_dictionaries_are_taken(client: OpenAI, content: bytes) -> None:
    """A byte order mark is what Azure demands; what is wrong inside a line, the job says with its place."""
    file = client.files.create(file=("a.jsonl", content), purpose="fine-tune")
    assert client.files.content(file.id).content == content


@pytest.mark.parametrize(
    ("content", "line"),
    [(b"hello\n" + LINE, 1), (LINE + b"[1]\n", 2), ("\ufeff{}".encode("utf-16"), 1), (b"PK\x03\x04", 1)],
)
def test_a_file_that_is_no_jsonl_is_refused_with_its_line(client: OpenAI, content: bytes, line: int) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.files.create(file=("a.jsonl", content), purpose="fine-tune")
    assert refused.value.body == {
        "message": "Expected file to have JSONL format, where every line is a JSON dictionary. "
        f"Line {line} is not a dictionary.",
        "type": "invalid_request_error", "param": "file", "code": "invalid_jsonl",
    }  # fmt: skip


@pytest.mark.parametrize(("query", "param"), [("limit=0", "limit"), ("limit=10001", "limit"), ("order=up", "order"),
                                              ("after=file-nobody", "after")])  # fmt: skip
def test_a_wrong_list_is_refused_by_its_field(server: Any, query: str, param: str) -> None:
    answer = httpx2.get(f"{server.base_url}/v1/files?{query}", headers={"authorization": f"Bearer {server.key}"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_the_same_idempotency_key_makes_one_file(client: OpenAI) -> None:
    def create(content: bytes = LINE) -> str:
        return client.files.create(file=("a", content), purpose="evals", extra_headers={"Idempotency-Key": "k"}).id

    assert create() == create()
    with pytest.raises(openai.BadRequestError, match="another request"):
        create(LINE + LINE)
    client.files.delete(client.files.list().data[0].id)
    with pytest.raises(openai.BadRequestError, match="has been deleted since"):
        create()


def test_the_sdk_learns_that_its_file_is_too_large(client: OpenAI, server: Any) -> None:
    """It sends all of it before it listens."""
    limit = server.services.settings.max_file_bytes
    small = server.services.settings.model_copy(update={"max_file_bytes": 1000})
    object.__setattr__(server.services, "settings", small)
    with pytest.raises(openai.APIStatusError, match="larger than 1,000 bytes") as refused:
        client.files.create(file=("a", b"x" * 50_000_000), purpose="evals")
    assert refused.value.status_code == 413
    assert limit == 1 << 30


def post(server, form: dict[str, str], files: dict[str, tuple[str, bytes]]) -> httpx2.Response:
    headers = {"authorization": f"Bearer {server.key}"}
    return httpx2.post(f"{server.base_url}/v1/files", data=form, files=files, headers=headers)
