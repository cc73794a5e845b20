"""Uploads in parts: any order, at the same time, ended once."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI

from tunesmith.api import uploads as routes
from tunesmith.store import audit, uploads

LINE = b'{"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]}\n'
BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))]


def begin(client: OpenAI, num_bytes: int, **more: Any) -> str:
    given = {"filename": "a.jsonl", "mime_type": "text/plain", "purpose": "evals", **more}
    return client.uploads.create(bytes=num_bytes, **given).id


def add(client: OpenAI, upload_id: str, content: bytes) -> str:
    return client.uploads.parts.create(upload_id, data=content).id


def test_an_upload_is_what_the_wire_says(client: OpenAI) -> None:
    made = client.uploads.create(
        filename="a.jsonl", mime_type="text/plain", purpose="fine-tune", bytes=len(LINE),
        expires_after={"anchor": "created_at", "seconds": 7200},
    )  # fmt: skip
    assert made.to_dict() == {
        "id": made.id, "object": "upload", "bytes": len(LINE), "created_at": made.created_at,
        "expires_at": made.created_at + 3600, "filename": "a.jsonl", "purpose": "fine-tune", "status": "pending", "file": None,
    }  # fmt: skip
    part = client.uploads.parts.create(made.id, data=LINE)
    assert part.to_dict() == {
        "id": part.id, "object": "upload.part", "created_at": part.created_at, "upload_id": made.id,
    }  # fmt: skip
    done = client.uploads.complete(
        made.id, part_ids=[part.id], md5=hashlib.md5(LINE, usedforsecurity=False).hexdigest()
    )
    assert done.status == "completed"
    assert done.file is not None
    assert done.file.expires_at == done.file.created_at + 7200
    assert client.files.retrieve(done.file.id) == done.file
    assert [made.id[:7], part.id[:5], done.file.id[:5]] == ["upload_", "part_", "file-"]


def test_parts_sent_at_the_same_time_make_one_file(client: OpenAI) -> None:
    contents = [os.urandom(700_000) for _ in range(8)]
    upload_id = begin(client, sum(map(len, contents)))
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda content: add(client, upload_id, content), contents))
    file = client.uploads.complete(upload_id, part_ids=ids).file
    assert file is not None
    assert client.files.content(file.id).content == b"".join(contents)


def test_the_sdk_sends_a_file_from_the_disk_in_parts(client: OpenAI, tmp_path: Path) -> None:
    content = LINE * 2000
    (tmp_path / "big.jsonl").write_bytes(content)
    made = client.uploads.upload_file_chunked(
        file=tmp_path / "big.jsonl", mime_type="application/jsonl", purpose="fine-tune", part_size=50_000
    )
    assert made.file is not None
    assert (made.file.filename, client.files.content(made.file.id).content) == ("big.jsonl", content)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"purpose": "nonsense"}, "purpose"),
        ({"bytes": 0}, "bytes"),
        ({"bytes": (8 << 30) + 1}, "bytes"),
        ({"bytes": "many"}, "bytes"),
        ({"filename": ""}, "filename"),
        ({"filename": "a\0b"}, None),
        ({"filename": "a.csv", "purpose": "fine-tune"}, "filename"),
        ({"mime_type": None}, "mime_type"),
        ({"expires_after": {"anchor": "created_at", "seconds": 60}}, "expires_after.seconds"),
        ({"expires_after": {"anchor": "now", "seconds": 3600}}, "expires_after.anchor"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_upload_is_refused_by_its_field(server: Any, change: dict[str, Any], param: str | None) -> None:
    body = {"filename": "a.jsonl", "mime_type": "text/plain", "purpose": "evals", "bytes": 5, **change}
    answer = post(server, "/v1/uploads", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_an_incomplete_upload_says_what_is_wrong_and_stays_open(client: OpenAI) -> None:
    upload_id, other = begin(client, 10), begin(client, 5)
    first, second, foreign = (
        add(client, upload_id, b"01234"),
        add(client, upload_id, b"56789"),
        add(client, other, b"x"),
    )
    wrong: dict[str, dict[str, Any]] = {
        "announced with 10": {"part_ids": [first]},
        "named twice": {"part_ids": [first, first]},
        "does not belong": {"part_ids": [first, foreign]},
        "The MD5 of the parts is": {"part_ids": [first, second], "md5": "0" * 32},
        "md5": {"part_ids": [first, second], "md5": "short"},
        "part_ids": {"part_ids": []},
    }
    for message, given in wrong.items():
        with pytest.raises(openai.BadRequestError, match=message):
            client.uploads.complete(upload_id, **given)
    file = client.uploads.complete(upload_id, part_ids=[second, first]).file
    assert file is not None
    assert client.files.content(file.id).content == b"5678901234"


def test_the_joined_file_is_judged_like_any_other(client: OpenAI) -> None:
    upload_id = begin(client, 4, purpose="fine-tune")
    part = add(client, upload_id, b"[1]\n")
    with pytest.raises(openai.BadRequestError, match="Line 1 is not a dictionary"):
        client.uploads.complete(upload_id, part_ids=[part])


def test_an_empty_part_and_one_that_is_too_large_are_refused(
    client: OpenAI, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = begin(client, 10)
    with pytest.raises(openai.BadRequestError, match="empty"):
        add(client, upload_id, b"")
    monkeypatch.setattr(routes, "MOST_PART_BYTES", 100)
    answer = post(server, f"/v1/uploads/{upload_id}/parts", files={"data": ("a", b"x" * 101)})
    assert (answer.status_code, answer.json()["error"]["param"]) == (413, "data")
    answer = post(server, f"/v1/uploads/{upload_id}/parts", files={"data": ("a", b"x")}, data={"colour": "red"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "colour")
    assert list((server.services.settings.folder / "blobs" / "tmp").glob("*/*")) == []


def test_parts_without_end_are_refused(client: OpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "MOST_PARTS", 3)
    many, large = begin(client, 10), begin(client, 10)
    for _ in range(3):
        add(client, many, b"x")
    with pytest.raises(openai.BadRequestError, match="has 3 parts with 3 bytes already"):
        add(client, many, b"x")
    monkeypatch.setattr(routes, "MOST_PART_BYTES", 100)
    add(client, large, b"x" * 100)
    with pytest.raises(openai.BadRequestError, match="announced with 10"):
        add(client, large, b"x" * 30)


@pytest.mark.parametrize("how", ["completed", "cancelled", "expired"])
def test_an_ended_upload_does_nothing_more(client: OpenAI, server: Any, how: str) -> None:
    upload_id = begin(client, 1)
    part = add(client, upload_id, b"x")
    if how == "completed":
        client.uploads.complete(upload_id, part_ids=[part])
    elif how == "cancelled":
        assert client.uploads.cancel(upload_id).status == "cancelled"
    else:
        later = server.services.now() + uploads.LIFETIME_SECONDS
        object.__setattr__(server.services, "now", lambda: later)
    for call in (
        lambda: add(client, upload_id, b"x"),
        lambda: client.uploads.complete(upload_id, part_ids=[part]),
        lambda: client.uploads.cancel(upload_id),
    ):
        with pytest.raises(openai.BadRequestError, match=f"The upload is {how}"):
            call()


@pytest.mark.parametrize("server_database_url", BOTH, indirect=True)
def test_of_several_who_end_an_upload_one_wins(client: OpenAI, server: Any) -> None:
    for _ in range(4):
        upload_id, before = begin(client, 2), len(client.files.list().data)
        parts = [add(client, upload_id, b"x"), add(client, upload_id, b"y")]

        def complete(ids: list[str] = parts, upload_id: str = upload_id) -> str:
            return client.uploads.complete(upload_id, part_ids=ids).status

        def cancel(upload_id: str = upload_id) -> str:
            return client.uploads.cancel(upload_id).status

        with ThreadPoolExecutor(6) as pool:
            results = [pool.submit(call) for call in (complete, cancel, complete, cancel, complete, complete)]
        won = [result.result() for result in results if result.exception() is None]
        lost = [result.exception() for result in results if result.exception() is not None]
        assert len(won) == 1
        assert {type(error) for error in lost} == {openai.BadRequestError}
        assert len(client.files.list().data) - before == (1 if won == ["completed"] else 0)


def test_another_project_does_not_see_an_upload(client: OpenAI, other_client: OpenAI) -> None:
    upload_id = begin(client, 1)
    for call in (
        lambda: add(other_client, upload_id, b"x"),
        lambda: other_client.uploads.complete(upload_id, part_ids=["part_x"]),
        lambda: other_client.uploads.cancel(upload_id),
    ):
        with pytest.raises(openai.NotFoundError, match=f"No such Upload object: {upload_id}"):
            call()


def test_the_same_idempotency_key_makes_one_upload(client: OpenAI) -> None:
    headers = {"Idempotency-Key": "k1"}
    first = begin(client, 1, extra_headers=headers)
    assert begin(client, 1, extra_headers=headers) == first
    with pytest.raises(openai.BadRequestError, match="another request"):
        begin(client, 2, extra_headers=headers)


def test_who_uploaded_is_written_down(client: OpenAI, server: Any) -> None:
    upload_id = begin(client, 1)
    part_id = add(client, upload_id, b"x")
    file = client.uploads.complete(upload_id, part_ids=[part_id]).file
    assert file is not None
    client.files.delete(file.id)
    with server.database.read() as connection:
        acts = audit.list_entries(connection, None, limit=10).items[:4]
    assert [(act.action, act.object_id) for act in acts] == [
        ("file.delete", file.id), ("file.create", file.id), ("upload.add_part", part_id), ("upload.create", upload_id),
    ]  # fmt: skip
    assert all(act.request_id and act.request_id.startswith("req_") for act in acts)


def post(server: Any, path: str, **given: Any) -> httpx2.Response:
    return httpx2.post(server.base_url + path, headers={"authorization": f"Bearer {server.key}"}, **given)
