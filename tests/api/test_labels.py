"""A route without its labels fails the build, and the published table is what the code does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import APIRouter
from starlette.responses import Response

from tunesmith.api.app import ANYBODY_MAY, ROUTERS, make_app
from tunesmith.api.auth import IdOf, NoId, permit
from tunesmith.api.labels import Slot, Unlabelled, id_slots
from tunesmith.api.services import Services
from tunesmith.api.wire import RequestBody
from tunesmith.store.principals import MINIMUM_ROLE, Action, Principal

ROLES_PAGE = Path(__file__).parent.parent.parent / "docs" / "roles.md"
Reader = Annotated[Principal, permit(Action.FILE_READ)]


class Part(RequestBody):
    file_ids: list[str]


class MarkedPart(RequestBody):
    file_ids: list[Annotated[str, IdOf("file")]] | None = None
    tool_call_id: Annotated[str, NoId("the caller's own")] = ""


class Nested(RequestBody):
    parts: list[Part]


class MarkedNested(RequestBody):
    parts: list[MarkedPart]


def build(services: Services, endpoint: Any, path: str = "/v1/x", method: str = "POST") -> APIRouter:
    router = APIRouter()
    router.add_api_route(path, endpoint, methods=[method])
    make_app(services, [router])
    return router


def test_route_without_permit_fails_the_build(services: Services) -> None:
    def open_door() -> Response:
        return Response()

    with pytest.raises(Unlabelled, match="POST /v1/x carries no permit"):
        build(services, open_door)


def test_route_with_two_permits_fails_the_build(services: Services) -> None:
    def two(a: Reader, b: Annotated[Principal, permit(Action.CHAT)]) -> Response:
        return Response()

    with pytest.raises(Unlabelled, match="2 permit"):
        build(services, two)


def test_unmarked_ids_in_path_query_and_nested_body_fail_the_build(services: Services) -> None:
    def path(principal: Reader, name: str) -> Response:
        return Response()

    def query(principal: Reader, after: str | None = None) -> Response:
        return Response()

    def body(principal: Reader, body: Nested) -> Response:
        return Response()

    with pytest.raises(Unlabelled, match="path name"):
        build(services, path, "/v1/x/{name}")
    with pytest.raises(Unlabelled, match="query after"):
        build(services, query)
    with pytest.raises(Unlabelled, match=r"body parts\.\*\.file_ids\.\*"):
        build(services, body)


def test_marked_ids_are_found_wherever_they_stand(services: Services) -> None:
    def take(principal: Reader, body: MarkedNested) -> Response:
        return Response()

    router = build(services, take)
    route: Any = router.routes[0]
    assert id_slots(route) == [Slot("body", ("parts", "*", "file_ids", "*"), "file")]


def test_two_routes_in_one_place_fail_the_build(services: Services) -> None:
    def one(principal: Reader) -> Response:
        return Response()

    router = APIRouter()
    router.add_api_route("/v1/x", one, methods=["GET"])
    router.add_api_route("/v1/x", one, methods=["GET"])
    with pytest.raises(ValueError, match="taken"):
        make_app(services, [router])


def test_few_routes_ask_for_no_key() -> None:
    paths = {route.path for router in ROUTERS for route in router.routes if hasattr(route, "path")}
    assert paths >= ANYBODY_MAY
    assert {"/healthz", "/openapi.json", "/", "/studio", "/studio/{place:path}"} == ANYBODY_MAY


def test_published_table_is_what_the_code_does() -> None:
    rows = re.findall(
        r"^\| `([\w.]+)` \| [^|]+ \| ([^|]*) \| ([^|]*) \| ([^|]*) \|", ROLES_PAGE.read_text(), re.MULTILINE
    )
    published = {action: [cell.strip() for cell in cells] for action, *cells in rows}
    expected = {}
    for action, role in MINIMUM_ROLE.items():
        cells = ["yes" if each.rank >= role.rank else "–" for each in type(role)]
        expected[action.value] = ["administrator's key"] * 3 if action is Action.ADMINISTER else cells
    assert published == expected
