"""What holds for every request: envelopes, headers, raw paths, limits, and what happens when things break."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import httpx2
import pytest
from fastapi import APIRouter
from openai import BadRequestError, NotFoundError, OpenAI
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from tunesmith.api.app import make_app
from tunesmith.api.auth import IdOf, permit
from tunesmith.api.services import Services
from tunesmith.api.wire import RequestBody, Wire, answer
from tunesmith.core.errors import MachineError
from tunesmith.store.db import DatabaseUnavailable
from tunesmith.store.keys import revoke_key
from tunesmith.store.principals import Action, Principal

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))]
Reader = Annotated[Principal, permit(Action.JOB_READ)]


class Inner(RequestBody):
    n_epochs: Annotated[int, Field(ge=1, le=50)] | Literal["auto"] = "auto"


class Message(RequestBody):
    role: Literal["user", "assistant"]
    content: str = ""


class Body(RequestBody):
    messages: list[Message] | None = None
    hyperparameters: Inner | None = None
    needed: str


class Echo(Wire):
    text: str


def probe_router() -> APIRouter:
    router = APIRouter()

    @router.get("/v1/probe/{name}")
    def echo(name: Annotated[str, IdOf("file")], principal: Reader) -> Response:
        return answer(Echo(text=name))

    @router.get("/v1/probe/{name}/inner")
    def echo_inner(name: Annotated[str, IdOf("file")], principal: Reader) -> Response:
        return answer(Echo(text=f"inner {name}"))

    @router.post("/v1/probe")
    def take(body: Body, principal: Reader) -> Response:
        return answer(Echo(text=body.needed))

    @router.post("/v1/broken/{how}")
    def break_down(how: Annotated[str, IdOf("file")], principal: Reader) -> Response:
        raise {
            "database": DatabaseUnavailable("The database does not answer: secret.host:5432."),
            "folder": MachineError("/home/canary/blobs could not be written: Permission denied."),
            "disk": MachineError("The disk is full: x could not be written."),
            "bug": RuntimeError("sk-canary-in-a-bug"),
        }[how]

    @router.get("/v1/stream")
    def stream(principal: Reader) -> Response:
        def lines() -> Iterator[str]:
            for number in range(10_000):
                yield f"data: {number}\n\n"
                time.sleep(0.02)

        return StreamingResponse(lines(), media_type="text/event-stream")

    return router


@pytest.fixture
def probe(services: Services, server: Any, run_app: Callable[..., Any]) -> Iterator[httpx2.Client]:
    """A client of an application whose routes are made to show the edge's work."""
    headers = {"Authorization": f"Bearer {server.key}"}
    with (
        run_app(make_app(services, [probe_router()])) as base_url,
        httpx2.Client(base_url=base_url, headers=headers, timeout=30) as client,
    ):
        yield client


def told(answer: httpx2.Response) -> dict[str, Any]:
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return error


def test_every_answer_carries_the_standard_headers(probe: httpx2.Client) -> None:
    answers = [
        probe.get("/v1/probe/a"),
        probe.get("/nowhere"),
        probe.post("/v1/probe", json={}),
        probe.post("/v1/broken/bug"),
    ]
    answers.append(httpx2.get(f"{probe.base_url}/v1/probe/a"))
    assert [each.status_code for each in answers] == [200, 404, 400, 500, 401]
    for each in answers:
        assert each.headers["x-request-id"].startswith("req_")
        assert int(each.headers["openai-processing-ms"]) >= 0
        assert each.headers["openai-version"] == "2020-10-01"
        assert each.headers["openai-organization"].startswith("org-")
    assert len({each.headers["x-request-id"] for each in answers}) == len(answers)


def test_unknown_route_and_wrong_method_are_told_in_the_envelope(probe: httpx2.Client) -> None:
    assert told(probe.get("/v1/nothing"))["code"] == "unknown_url"
    wrong = probe.delete("/v1/probe")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "OPTIONS, POST")
    assert "DELETE" in told(wrong)["message"]


def test_head_and_options_answer_without_a_body(probe: httpx2.Client) -> None:
    head = probe.head("/v1/probe/a")
    assert (head.status_code, head.content, int(head.headers["content-length"]) > 0) == (200, b"", True)
    options = probe.options("/v1/probe/a")
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("name", ["ft:org/base:o:s:id", "a b", "ü/..%2f", "a%2Fb", "..", "名/前"])
def test_ids_with_slashes_are_found_by_the_raw_path(probe: httpx2.Client, name: str) -> None:
    from urllib.parse import quote

    raw = quote(name, safe=":@,").replace("..", "%2E%2E")
    assert raw_get(probe, f"/v1/probe/{raw}")["text"] == name
    assert raw_get(probe, f"/v1/probe/{raw}/inner")["text"] == f"inner {name}"


def test_sdk_finds_a_model_with_a_slash_in_its_name(server: Any, client: OpenAI) -> None:
    with pytest.raises(NotFoundError) as raised:
        client.models.retrieve("ft:org/base:default:s:abc")
    assert "ft:org/base:default:s:abc" in raised.value.message
    assert raised.value.code == "model_not_found"


def test_path_that_is_no_text_is_400(probe: httpx2.Client) -> None:
    for raw in ("/v1/probe/%ff", "/v1/probe/%00", "/v1/probe/a?x=%00"):
        assert raw_status(probe, raw) == 400


def test_hostile_host_changes_nothing(probe: httpx2.Client) -> None:
    for host in ("evil.example", "localhost/v1/healthz?", "a@b", "[::1", ""):
        assert probe.get("/v1/probe/a", headers={"Host": host}).json() == {"text": "a"}
        bare = httpx2.get(f"{probe.base_url}/v1/probe/a", headers={"Host": host})
        assert bare.status_code == 401


def test_field_is_named_as_the_caller_wrote_it(probe: httpx2.Client) -> None:
    cases: list[tuple[Any, str]] = [
        ({"needed": "x", "messages": [{"role": "user"}, {"role": "king"}]}, "messages.1.role"),
        ({"needed": "x", "messages": [{}]}, "messages.0.role"),
        ({"needed": "x", "hyperparameters": {"n_epochs": 99}}, "hyperparameters.n_epochs"),
        ({"needed": "x", "hyperparameters": {"n_epochs": "many"}}, "hyperparameters.n_epochs"),
        ({"needed": "x", "wild": 1}, "wild"),
        ({"needed": "x", "hyperparameters": {"wild": 1}}, "hyperparameters.wild"),
        ({}, "needed"),
        ({"needed": 5}, "needed"),
    ]
    assert [told(probe.post("/v1/probe", json=body))["param"] for body, _ in cases] == [param for _, param in cases]


def test_all_problems_are_told_at_once_with_what_was_found_and_what_is_allowed(probe: httpx2.Client) -> None:
    body = {"messages": [{"role": "king"}], "hyperparameters": {"n_epochs": 99}, "wild": 1}
    message = told(probe.post("/v1/probe", json=body))["message"]
    for part in (
        'found "king"',
        "'user' or 'assistant'",
        "found 99",
        "'auto'",
        "less than or equal to 50",
        "Missing required parameter: 'needed'",
        "Unrecognized request argument supplied: wild",
    ):
        assert part in message


def test_null_means_absent(probe: httpx2.Client) -> None:
    assert probe.post("/v1/probe", json={"needed": "x", "messages": None}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b'{"needed": "x"', b"[1]", b'"text"', b"null", b'{"needed": NaN}', b'{"needed": Infinity}',
        b'{"needed": -Infinity}', b'{"needed": "\\ud800"}', b'{"needed": "\\ud800abc\\ud801"}', b'{"needed": "\xff"}',
        b'{"needed": "\\u0000"}', b'{"\\u0000": 1, "needed": "x"}', b'{"needed": 1e999}', b"[" * 200_000,
        b'{"needed":' * 5_000, b'{"needed": "x"} trailing', b'{"needed": ' + b"1" * 5_000 + b"}", b"\x80\x04\x95",
        b'{"wild": ' + b"[" * 150 + b"]" * 150 + b"}",
    ],
)  # fmt: skip
def test_malformed_json_is_400_in_the_envelope(probe: httpx2.Client, body: bytes) -> None:
    answer = probe.post("/v1/probe", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, told(answer)["type"]) == (400, "invalid_request_error")


def test_text_that_only_looks_like_a_null_character_passes(probe: httpx2.Client) -> None:
    content = b'{"needed": "a literal \\\\u0000 in a text"}'
    answer = probe.post("/v1/probe", content=content, headers={"Content-Type": "application/json"})
    assert answer.json() == {"text": "a literal \\u0000 in a text"}


def test_byte_order_mark_is_no_obstacle(probe: httpx2.Client) -> None:
    answer = probe.post(
        "/v1/probe", content=b'\xef\xbb\xbf{"needed": "x"}', headers={"Content-Type": "application/json"}
    )
    assert answer.json() == {"text": "x"}


def test_body_of_another_kind_is_told_what_is_taken(probe: httpx2.Client) -> None:
    answer = probe.post("/v1/probe", content=b"a=b", headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert (answer.status_code, "application/json" in told(answer)["message"]) == (400, True)


@pytest.mark.parametrize("declared", [True, False])
def test_oversize_body_is_refused_before_it_is_held(probe: httpx2.Client, declared: bool) -> None:
    """Declared too long, or longer than it may be while it comes in pieces."""
    piece = b" " * (1 << 20)
    pieces = (piece for _ in range(34))
    content: Any = piece * 34 if declared else pieces
    answer = probe.post("/v1/probe", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, "33,554,432" in told(answer)["message"]) == (413, True)


def test_database_that_is_gone_is_503_and_retried_soon(probe: httpx2.Client) -> None:
    answer = probe.post("/v1/broken/database")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "secret.host" not in answer.text


def test_servers_paths_go_to_the_log_and_not_to_the_caller(
    probe: httpx2.Client, caplog: pytest.LogCaptureFixture
) -> None:
    answer = probe.post("/v1/broken/folder")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert "canary" not in answer.text
    assert "/home/canary/blobs could not be written" in caplog.text


def test_full_disk_is_503_with_the_reason(probe: httpx2.Client) -> None:
    answer = probe.post("/v1/broken/disk")
    assert (answer.status_code, "disk is full" in told(answer)["message"]) == (503, True)


def test_bug_is_500_without_any_detail_and_logged_with_its_request_id(
    probe: httpx2.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="tunesmith.api.edge"):
        answer = probe.post("/v1/broken/bug")
    assert (answer.status_code, told(answer)["type"]) == (500, "server_error")
    assert "canary" not in answer.text
    assert any(answer.headers["x-request-id"] in record.getMessage() for record in caplog.records)


def test_stream_ends_within_a_second_of_its_keys_end(probe: httpx2.Client, server: Any) -> None:
    made = server.new_key()
    with probe.stream("GET", "/v1/stream", headers={"Authorization": f"Bearer {made.secret}"}) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "data: 0"
        with server.database.write() as connection:
            revoke_key(connection, made.key.project_id, made.key.id, time.time())
        revoked_at = time.monotonic()
        last = [line for line in lines if line][-1]
        assert time.monotonic() - revoked_at < 1.0
    assert json.loads(last.removeprefix("data: "))["error"]["code"] == "invalid_api_key"


def test_headers_of_another_platforms_projects_change_nothing(server: Any, probe: httpx2.Client) -> None:
    other, own = server.project("other"), server.principal()
    answers = [
        probe.get("/v1/probe/a", headers={"OpenAI-Project": value, "OpenAI-Organization": "org-theirs"})
        for value in (own.project_id, "default", other.id, "proj_nothing")
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, answers[0].text)}


def test_nothing_is_told_before_the_key_is_known(server: Any) -> None:
    """Unknown routes, wrong methods and malformed bodies look the same to a stranger."""
    answers = [
        httpx2.request(method, server.base_url + path, content=b"{", headers={"Content-Type": "application/json"})
        for method, path in (("GET", "/v1/nothing"), ("PATCH", "/v1/files"), ("POST", "/v1/fine_tuning/jobs"))
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(401, answers[0].text)}


@pytest.mark.parametrize(
    "secret", ["' OR 1=1 --", '"; DROP TABLE keys; --', "%00", "ü" * 50, "a" * 7000, "sk-\u202e", "${jndi:x}", "Bearer"]
)
@pytest.mark.parametrize("header", ["authorization", "api-key"])
def test_hostile_keys_are_401(server: Any, secret: str, header: str) -> None:
    value = (f"Bearer {secret}" if header == "authorization" else secret).encode("utf-8")
    answer = httpx2.get(f"{server.base_url}/v1/models", headers=[(header.encode(), value)])
    assert (answer.status_code, told(answer)["type"]) == (401, "invalid_request_error")


@pytest.mark.parametrize("server_database_url", BOTH[1:], indirect=True)
def test_database_server_that_stops_is_503_and_comes_back(server: Any, client: OpenAI, postgres_server: Any) -> None:
    from openai import InternalServerError

    assert client.files.list().data == []
    postgres_server.stop()
    try:
        with pytest.raises(InternalServerError) as raised:
            client.files.list()
        assert (raised.value.status_code, raised.value.response.headers["retry-after"]) == (503, "1")
        health = httpx2.get(f"{server.base_url}/healthz")
        assert (health.status_code, health.json()["status"]) == (503, "not_ready")
    finally:
        postgres_server.start()
    assert client.files.list().data == []
    assert httpx2.get(f"{server.base_url}/healthz").status_code == 200


def test_bad_request_reaches_the_sdk_as_such(client: OpenAI) -> None:
    with pytest.raises(BadRequestError) as raised:
        client.chat.completions.create(model="starter", messages=[], extra_body={"wild": 1})
    assert raised.value.request_id is not None


def raw_get(probe: httpx2.Client, raw: str) -> Any:
    return json.loads(raw_exchange(probe, raw).partition(b"\r\n\r\n")[2])


def raw_status(probe: httpx2.Client, raw: str) -> int:
    return int(raw_exchange(probe, raw).split(b" ")[1])


def raw_exchange(probe: httpx2.Client, raw: str) -> bytes:
    """The path exactly as written, past any client that would tidy it up."""
    url = urlsplit(str(probe.base_url))
    with socket.create_connection((url.hostname, url.port)) as connection:
        head = f"GET {raw} HTTP/1.1\r\nHost: x\r\nAuthorization: {probe.headers['authorization']}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode("latin-1"))
        content = b""
        while piece := connection.recv(65536):
            content += piece
    return content
