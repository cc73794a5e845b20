"""Whatever is sent: no 5xx, and every refusal in the envelope. Calls are made from our own OpenAPI document.

Half of the generated path parameters are replaced by ids of real objects, so that calls get past the first look-up.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tunesmith.api.app import ROUTERS
from tunesmith.api.labels import id_slots

CALM = settings(
    deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=False, derandomize=True
)
# Without a serving process these say so, with 503.
NEEDS_SERVING = {("POST", "/v1/chat/completions"), ("GET", "/healthz")}
# Streams without an end.
ENDLESS = ("/v1/fine_tuning/live", "/v1/fine_tuning/jobs/{job_id}/live")
BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))]
METHODS = st.sampled_from(["GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"])


@pytest.fixture
def caller(server: Any) -> httpx2.Client:
    client = httpx2.Client(base_url=server.base_url, timeout=60)
    client.headers = httpx2.Headers({"Authorization": f"Bearer {server.key}"})
    return client


@pytest.fixture
def fuzz(server: Any, caller: httpx2.Client, make_object: Any) -> Callable[[int], int]:
    """``fuzz(calls)``: about so many calls over all operations; → how many were made."""

    def fuzz(calls: int) -> int:
        known = schemathesis.openapi.from_dict(server.app.openapi()).get_all_operations()
        operations = [each for each in (operation.ok() for operation in known) if each.path not in ENDLESS]
        each = max(2, calls // len(operations))
        return sum(
            try_operation(caller, operation, real_ids(operation.path, make_object), each) for operation in operations
        )

    return fuzz


def try_operation(caller: httpx2.Client, operation: Any, real: dict[str, str], calls: int) -> int:
    made = 0

    @seed(7)
    @settings(CALM, max_examples=calls)
    @given(case=operation.as_strategy(), use_real=st.booleans())
    def one(case: Any, use_real: bool) -> None:
        nonlocal made
        made += 1
        if use_real:
            case.path_parameters = {**(case.path_parameters or {}), **real}
        answer = case.call(base_url=str(caller.base_url), headers=dict(caller.headers))
        judge(case.method, case.operation.path, answer.status_code, answer.content, answer.headers["x-request-id"][0])

    one()
    return made


@pytest.mark.parametrize("server_database_url", BOTH, indirect=True)
def test_generated_calls_find_no_5xx(fuzz: Callable[[int], int]) -> None:
    assert fuzz(400) >= 300


@pytest.mark.soak
def test_ten_thousand_generated_calls_find_no_5xx(fuzz: Callable[[int], int]) -> None:
    assert fuzz(14_000) >= 10_000


@pytest.mark.parametrize("server_database_url", BOTH, indirect=True)
def test_raw_bytes_find_no_5xx(server: Any, caller: httpx2.Client) -> None:
    """Bodies, paths and queries that no description allows."""
    every = {route.path for router in ROUTERS for route in router.routes if hasattr(route, "path")}
    paths = sorted(every - set(ENDLESS))
    segments = st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace"))

    @seed(7)
    @settings(CALM, max_examples=300)
    @given(
        method=METHODS, path=st.sampled_from(paths), value=segments, query=st.binary(max_size=30),
        body=st.one_of(st.binary(max_size=200), json_like()),
        kind=st.sampled_from(["application/json", "multipart/form-data; boundary=x", "multipart/form-data", "", "text/plain"]),
    )  # fmt: skip
    def one(method: str, path: str, value: bytes, query: bytes, body: bytes, kind: str) -> None:
        raw = "/".join(percent(value) if part.startswith("{") else part for part in path.split("/"))
        answer = caller.request(method, f"{raw}?{percent(query)}", content=body, headers={"Content-Type": kind})
        judge(method, path, answer.status_code, answer.content, answer.headers["x-request-id"])

    one()


def json_like() -> st.SearchStrategy[bytes]:
    """JSON values with the traps: null characters, huge numbers, deep nests, odd keys."""
    leaves = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=10),
        st.sampled_from(["\0", "auto", "starter", "file-x", 10**400, -(2**63) - 1, 2**63, "ft:a:b:c:d"]),
    )  # fmt: skip
    keys = st.sampled_from(
        ["model", "messages", "training_file", "method", "metadata", "purpose", "name", "role", "x", ""]
    )
    values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4))
    return values.map(lambda value: json.dumps(value).encode())


def real_ids(path: str, make_object: Any) -> dict[str, str]:
    routes: list[Any] = [route for router in ROUTERS for route in router.routes if getattr(route, "path", "") == path]
    slots = [slot for slot in id_slots(routes[0]) if slot.place == "path"]
    return {slot.steps[0]: make_object(slot.kind, "default") for slot in slots}


def judge(method: str, path: str, status: int, content: bytes, request_id: str) -> None:
    assert request_id.startswith("req_")
    if status == 503 and (method, path) in NEEDS_SERVING:
        return
    assert status < 500, content
    if status >= 400 and method != "HEAD":
        assert set(json.loads(content)["error"]) == {"message", "type", "param", "code"}
        assert status != 422


def percent(raw: bytes) -> str:
    return "".join(f"%{byte:02X}" for byte in raw)
