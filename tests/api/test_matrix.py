"""Who gets at what: every route × method × place for an id × caller, built from the application's own routes.

A foreign object and a missing one answer byte for byte the same; whoever is refused changes nothing. A new route
is in the matrix by being there; a new kind of object needs a line in MAKERS (tests/api/conftest.py).
"""

from __future__ import annotations

import json
import re
import secrets
import string
import time
import types
from collections.abc import Callable, Collection, Mapping
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from urllib.parse import quote

import httpx2
import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel
from sqlalchemy import select

from tunesmith.api.app import ANYBODY_MAY, ROUTERS
from tunesmith.api.labels import Slot, id_slots, permit_of
from tunesmith.store.keys import revoke_key
from tunesmith.store.principals import Action, Role
from tunesmith.store.tables import metadata

ROUTES = [
    route
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute) and route.path not in ANYBODY_MAY
]
CASES = [(route, method) for route in ROUTES for method in sorted(route.methods or ())]
SLOTS = [(route, method, slot) for route, method in CASES for slot in id_slots(route)]

# Places where naming another project's object is the very purpose, each with the reason.
MAY_NAME_OTHERS: Mapping[tuple[str, tuple[str, ...]], str] = {}

# Bodies that cannot be made from their description alone: method and path → JSON body.
BODIES: Mapping[str, Mapping[str, Any]] = {
    "POST /v1/files/{file_id}/revisions": {"edits": [{"line": 1, "text": None}]},
    "POST /v1/chat/completions": {"model": "starter", "messages": [{"role": "user", "content": "Hello"}]},
}

Make = Callable[[str, str], str]


@pytest.fixture
def server(shared_server: Any) -> Any:
    """One that has answered once, so that its own rows are there."""
    assert httpx2.get(f"{shared_server.base_url}/healthz").status_code == 200
    return shared_server


@pytest.fixture
def make_object(make_shared_object: Make) -> Make:
    return make_shared_object


def named(case: Any) -> str:
    route, method, *slot = case
    return f"{method} {route.path}" + (f" {slot[0].place}:{'.'.join(slot[0].steps)}" if slot else "")


@pytest.mark.parametrize("case", SLOTS, ids=named)
def test_foreign_and_missing_objects_look_the_same(case: Any, server: Any, make_object: Make) -> None:
    route, method, slot = case
    if (route.path, slot.steps) in MAY_NAME_OTHERS:
        pytest.skip(MAY_NAME_OTHERS[route.path, slot.steps])
    caller = Caller(server, server.new_key("owner").secret)
    foreign = make_object(slot.kind, "other")
    missing = like(foreign)
    request = Request(route, method, make_object)
    before = snapshot(server)
    told_foreign = told(caller.send(request, {slot: foreign}), foreign)
    told_missing = told(caller.send(request, {slot: missing}), missing)
    assert told_foreign == told_missing
    assert told_foreign[0] < 500
    assert snapshot(server) == before
    if slot.place == "path":
        expected = 403 if permit_of(route).action is Action.ADMINISTER else 404
        assert told_foreign[0] == expected


@pytest.mark.parametrize("case", CASES, ids=named)
def test_nobody_without_a_living_key_gets_in(case: Any, server: Any, make_object: Make) -> None:
    route, method = case
    revoked = server.new_key("owner")
    with server.database.write() as connection:
        revoke_key(connection, revoked.key.project_id, revoked.key.id, time.time())
    request = Request(route, method, make_object)
    before = snapshot(server)
    for key in (None, revoked.secret, "sk-" + "x" * 48):
        answer = Caller(server, key).send(request, {})
        assert (answer.status_code, set(answer.json()["error"])) == (401, {"message", "type", "param", "code"})
    assert snapshot(server) == before


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER, Role.OWNER])
@pytest.mark.parametrize("case", CASES, ids=named)
def test_roles_may_do_what_the_table_says(case: Any, role: Role, server: Any, make_object: Make) -> None:
    route, method = case
    made = server.new_key(role)
    may = server.principal(made.secret).may(permit_of(route).action)
    request = Request(route, method, make_object)
    before = snapshot(server)
    answer = Caller(server, made.secret).send(request, {})
    if may:
        assert answer.status_code not in (401, 403, 404, 405), answer.text
        assert answer.status_code < 500 or answer.status_code == 503, answer.text
    else:
        assert answer.status_code == 403
        assert snapshot(server) == before


def test_administrators_keep_projects_apart_too(server: Any, make_object: Make) -> None:
    """A key of one project is not found under another one, though an administrator may see both."""
    path = "/v1/organization/projects/{project_id}/api_keys/{key_id}"
    route = next(route for route in ROUTES if route.path == path)
    slot = next(slot for slot in id_slots(route) if slot.kind == "key")
    foreign = make_object("key", "other")
    for method in ("GET", "DELETE"):
        answer = Caller(server, server.key).send(Request(route, method, make_object), {slot: foreign})
        assert answer.status_code == 404


class Request:
    """One route's request with objects of the project ``default`` wherever it takes an id."""

    def __init__(self, route: APIRoute, method: str, make_object: Any) -> None:
        self.route, self.method = route, method
        slots = id_slots(route)
        self.own = _own_objects([slot for slot in slots if slot.place == "path"], make_object)
        self.bodies = {
            slot: _body(route, method, make_object, {slot.steps: _MARK}) for slot in slots if slot.place == "body"
        }
        self.body = _body(route, method, make_object, {})

    def parts(self, instead: Mapping[Slot, str]) -> dict[str, Any]:
        """What httpx takes, with other ids in some places."""
        path, query, body = self.route.path, {}, self.body
        for slot, value in {**self.own, **instead}.items():
            if slot.place == "path":
                path = path.replace("{" + slot.steps[0] + "}", quote(value, safe=":@,"))
            elif slot.place == "query":
                query[slot.steps[0]] = value
            else:
                body = json.loads(json.dumps(self.bodies[slot]).replace(_MARK, value))
        path = re.sub(r"\{\w+\}", "1", path)  # a place in an object, such as a line of a file
        return {"method": self.method, "url": path, "params": query, **({} if body is None else {"json": body})}


_MARK = "THE-ID-IN-QUESTION"


def _own_objects(slots: list[Slot], make_object: Any) -> dict[Slot, str]:
    """The last one first: it brings the one that it lives in."""
    own: dict[Slot, str] = {}
    for place, slot in reversed(list(enumerate(slots))):
        if slot not in own:
            *parents, own[slot] = make_object.with_parent(slot.kind, "default")
            if parents and place > 0:
                own[slots[place - 1]] = parents[-1]
    return own


def _body(route: APIRoute, method: str, make_object: Make, wanted: Mapping[tuple[str, ...], str]) -> Any:
    field = route.body_field
    if field is None:
        return None
    known = BODIES.get(f"{method} {route.path}")
    return (
        dict(known) if known and not wanted else Examples(make_object, wanted).of(field.field_info.annotation, (), ())
    )


class Examples:
    """The smallest body of a kind, with chosen ids in chosen places."""

    def __init__(self, make_object: Make, wanted: Mapping[tuple[str, ...], str]) -> None:
        self.make, self.wanted = make_object, wanted

    def of(self, kind: Any, steps: tuple[str, ...], marks: tuple[Any, ...]) -> Any:
        if steps in self.wanted:
            return self.wanted[steps]
        origin = get_origin(kind)
        if origin is Annotated:
            inner, *more = get_args(kind)
            return self.of(inner, steps, (*marks, *more))
        if origin in (Union, types.UnionType):
            return self.of(self._branch(kind, steps), steps, marks)
        if origin is Literal:
            return get_args(kind)[0]
        if origin is not None and issubclass(origin, Mapping):
            return {}
        if origin is not None and issubclass(origin, Collection):
            return [self.of(get_args(kind)[0], (*steps, "*"), ())]
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return self._model(kind, steps)
        return self._plain(kind, marks)

    def _branch(self, kind: Any, steps: tuple[str, ...]) -> Any:
        branches = [branch for branch in get_args(kind) if branch is not type(None)]
        leads = [branch for branch in branches if self._is_wanted_below(steps) and not branch_is_plain(branch)]
        return (leads or branches)[0]

    def _model(self, kind: type[BaseModel], steps: tuple[str, ...]) -> dict[str, Any]:
        body = {}
        for name, field in kind.model_fields.items():
            name = field.alias or name
            if field.is_required() or self._is_wanted_below((*steps, name)):
                marks = tuple(field.metadata)
                examples = field.examples or [
                    example for mark in marks for example in getattr(mark, "examples", None) or ()
                ]
                use_example = (
                    examples and (*steps, name) not in self.wanted and not self._is_wanted_below((*steps, name))
                )
                body[name] = examples[0] if use_example else self.of(field.annotation, (*steps, name), marks)
        return body

    def _is_wanted_below(self, steps: tuple[str, ...]) -> bool:
        return any(place[: len(steps)] == steps for place in self.wanted)

    def _plain(self, kind: Any, marks: tuple[Any, ...]) -> Any:
        for mark in marks:
            if hasattr(mark, "kind"):
                return self.make(mark.kind, "default")
        if isinstance(kind, type) and issubclass(kind, Enum):
            return next(iter(kind)).value
        low = max([0, *(getattr(mark, "ge", None) or 0 for mark in marks)])
        return {str: "text", int: low or 1, float: float(low or 1), bool: False}.get(kind, "text")


class Caller:
    def __init__(self, server: Any, key: str | None) -> None:
        self.server, self.key = server, key

    def send(self, request: Request, instead: Mapping[Slot, str]) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        parts = request.parts(instead)
        given = {**parts, "url": self.server.base_url + parts["url"], "headers": headers}
        with httpx2.stream(**given) as answer:
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                answer.read()  # a live stream has no end
        return answer


def branch_is_plain(branch: Any) -> bool:
    if get_origin(branch) is Annotated:
        return branch_is_plain(get_args(branch)[0])
    return branch in (str, int, float, bool) or get_origin(branch) is Literal


def like(known: str) -> str:
    """An id of the same shape that names nothing."""
    head, tail = known[:-12], known[-12:]
    return head + "".join(secrets.choice(string.ascii_letters) if letter.isalnum() else letter for letter in tail)


def told(answer: httpx2.Response, used: str) -> tuple[int, str, dict[str, str]]:
    """Everything a caller learns, but for what differs from request to request."""
    changing = (
        "x-request-id",
        "openai-processing-ms",
        "date",
        "x-ratelimit-reset-requests",
        "x-ratelimit-reset-tokens",
    )
    headers = {name: value for name, value in answer.headers.items() if name not in changing}
    return answer.status_code, answer.text.replace(used, "ID"), headers


def snapshot(server: Any) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table; what a mere look may change is left out."""
    with server.database.read() as connection:
        return {
            table.name: sorted(
                tuple(str(value) for name, value in row._mapping.items() if name != "last_used_at")
                for row in connection.execute(select(table))
            )
            for table in metadata.sorted_tables
            if table.name != "audit_log"
        }
