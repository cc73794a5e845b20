"""A file's bytes as an answer: whole or one range, and never damaged ones for whole ones."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI

CONTENT = b"".join(b"%07d\n" % number for number in range(125))  # 1,000 bytes


@pytest.fixture
def server(shared_server: Any) -> Any:
    return shared_server


def upload(client: OpenAI, content: bytes = CONTENT, name: str = "a.txt") -> str:
    return client.files.create(file=(name, content), purpose="user_data").id


def ask(server: Any, file_id: str, method: str = "GET", **headers: str) -> httpx2.Response:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"{server.base_url}/v1/files/{file_id}/content"
    return httpx2.request(method, url, headers={"authorization": f"Bearer {server.key}", **headers})


def place_of(server: Any, file_id: str) -> Path:
    """Where the bytes lie; put there once more by another test, they would be whole again."""
    with server.database.read() as connection:
        from tunesmith.store import blob_references

        (ref,) = blob_references.of(connection, "file", file_id)
    return Path(server.services.settings.folder / "blobs" / ref.sha256[:2] / ref.sha256[2:4] / ref.sha256)


def test_the_whole_file_comes_as_an_attachment_of_known_length(client: OpenAI, server: Any) -> None:
    answer = ask(server, upload(client, name='<script>"ä/../b.html'))
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-length"] == "1000"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''%3Cscript%3E%22%C3%A4%2F..%2Fb.html"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_head_has_the_length_and_no_body(client: OpenAI, server: Any) -> None:
    answer = ask(server, upload(client), "HEAD")
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, "1000", b"")


@pytest.mark.parametrize(
    ("asked", "span"),
    [("bytes=0-0", (0, 1)), ("bytes=10-19", (10, 20)), ("bytes=990-", (990, 1000)), ("bytes=990-5000", (990, 1000)),
     ("bytes=-10", (990, 1000)), ("bytes=-5000", (0, 1000)), ("bytes=0-", (0, 1000))],
)  # fmt: skip
def test_one_range_is_given(client: OpenAI, server: Any, asked: str, span: tuple[int, int]) -> None:
    answer, (start, end) = ask(server, upload(client), range=asked), span
    assert (answer.status_code, answer.content) == (206, CONTENT[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/1000"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize(
    "asked",
    ["bytes=0-1,5-6", "bytes=" + ",".join(f"{n}-{n}" for n in range(300)), "bytes=9-3", "bytes=-", "bytes=a-b", "lines=1-2",
     "bytes=٣-٤", "bytes=" + "9" * 400 + "-", ""],
)  # fmt: skip
def test_many_ranges_and_what_is_none_mean_the_whole_file(client: OpenAI, server: Any, asked: str) -> None:
    url, key = f"{server.base_url}/v1/files/{upload(client)}/content", f"Bearer {server.key}"
    answer = httpx2.get(url, headers={"authorization": key, "range": asked.encode()})
    assert (answer.status_code, answer.content) == (200, CONTENT)


@pytest.mark.parametrize("asked", ["bytes=1000-", "bytes=5000-6000", "bytes=-0"])
def test_a_range_behind_the_end_is_refused(client: OpenAI, server: Any, asked: str) -> None:
    answer = ask(server, upload(client), range=asked)
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */1000")
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_a_range_of_other_bytes_than_expected_is_the_whole_file(client: OpenAI, server: Any) -> None:
    file_id = upload(client)
    tag = ask(server, file_id).headers["etag"]
    assert ask(server, file_id, range="bytes=0-1", if_range=tag).status_code == 206
    assert ask(server, file_id, range="bytes=0-1", if_range='"other"').status_code == 200


@pytest.mark.parametrize("harm", ["changed", "cut", "gone"])
def test_damaged_bytes_of_a_small_file_are_an_error_that_is_not_retried(client: OpenAI, server: Any, harm: str) -> None:
    file_id = upload(client, os.urandom(1000))
    place = place_of(server, file_id)
    if harm == "gone":
        place.unlink()
    else:
        place.write_bytes(b"x" * (1000 if harm == "changed" else 10))
    with pytest.raises(openai.InternalServerError, match="damaged or lost") as refused:
        client.files.content(file_id)
    assert refused.value.response.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("where", [0, 5 << 20, (9 << 20) - 1])
def test_a_download_of_damaged_bytes_breaks_off(client: OpenAI, server: Any, where: int) -> None:
    file_id = upload(client, os.urandom(9 << 20))
    with place_of(server, file_id).open("r+b") as file:
        file.seek(where)
        (byte,) = file.read(1)
        file.seek(where)
        file.write(bytes([byte ^ 1]))
    with pytest.raises(httpx2.RemoteProtocolError):
        ask(server, file_id)


def test_whoever_hangs_up_in_the_middle_leaves_no_open_file(client: OpenAI, server: Any) -> None:
    file_id = upload(client, os.urandom(20 << 20))
    place = str(place_of(server, file_id))
    headers = {"authorization": f"Bearer {server.key}"}
    with httpx2.stream("GET", f"{server.base_url}/v1/files/{file_id}/content", headers=headers) as answer:
        assert len(next(answer.iter_raw())) > 0
    server.eventually(lambda: place not in _open_files())


def _open_files() -> set[str]:
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        try:
            found.add(os.readlink(link))
        except OSError:
            continue
    return found
