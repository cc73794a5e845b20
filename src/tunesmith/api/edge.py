"""The outermost ring: what holds for every request, before and after its route.

In this order: the key, the route, the role, the body's kind and length, the route itself; any failure
becomes the envelope here, and nowhere else. Every answer carries the standard headers. A stream whose
key is revoked ends within a second.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final

from anyio import to_thread
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tunesmith.api.auth import TRUSTED_SECONDS, Callers, Permit
from tunesmith.api.azure import as_ours
from tunesmith.api.bodies import MOST_JSON_BYTES, JsonRequest, limited
from tunesmith.api.errors import ApiError, as_api_error, bad_request, not_found
from tunesmith.api.paths import Found, RouteTable
from tunesmith.core.log import redacted, request_id
from tunesmith.store.db import Database, DatabaseUnavailable
from tunesmith.store.instance import read_organization_id
from tunesmith.store.principals import Principal

VERSION: Final = "2020-10-01"
NUM_THREADS: Final = 8
"""Routes at work at the same time: more threads only wait for each other, and for the interpreter."""
_MULTIPART_OVERHEAD = 1 << 20

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Guarded:
    """A route with its label; ``permit`` is None for the few that anybody may ask."""

    route: APIRoute
    permit: Permit | None
    app: ASGIApp
    takes_json: bool
    most_bytes: int

    @property
    def path(self) -> str:
        return self.route.path

    @property
    def methods(self) -> Sequence[str]:
        return sorted(self.route.methods or ())


def guarded(route: APIRoute, permit: Permit | None, most_file_bytes: int) -> Guarded:
    """The route's own handler, told to read JSON strictly."""
    from fastapi import params

    body = route.body_field
    takes_json = body is not None and not isinstance(body.field_info, params.Form)
    most_bytes = (
        MOST_JSON_BYTES if takes_json or (body is None and not _reads(route)) else most_file_bytes + _MULTIPART_OVERHEAD
    )
    return Guarded(route, permit, _runner(route), takes_json, most_bytes)


def _reads(route: APIRoute) -> bool:
    """Whether the route reads the request by itself, as a streamed upload does."""
    return route.dependant.request_param_name is not None


def _runner(route: APIRoute) -> ASGIApp:
    handle = route.get_route_handler()

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        async with AsyncExitStack() as outer, AsyncExitStack() as inner:
            scope["fastapi_middleware_astack"] = scope["fastapi_inner_astack"] = outer
            scope["fastapi_function_astack"] = inner
            response = await handle(JsonRequest(scope, receive, send))
            await response(scope, receive, send)

    return run


class Edge:
    """The ASGI application around all routes; one for each process."""

    def __init__(self, app: Any, table: RouteTable[Guarded], callers: Callers, database: Database) -> None:
        self.app, self.table, self.callers, self.database = app, table, callers, database
        self.organization: str | None = None
        self.has_begun = False
        self.tasks: set[asyncio.Future[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.has_begun:
            self.has_begun = True
            to_thread.current_default_thread_limiter().total_tokens = NUM_THREADS
        if scope["type"] == "lifespan":
            await self.app.router(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await _Exchange(self, scope, send).run(receive)

    async def know_organization(self) -> None:
        """Asked until the database has answered once."""
        try:
            self.organization = await run_in_threadpool(read_organization_id, self.database)
        except DatabaseUnavailable:
            log.warning("The database does not answer yet.")

    def note_use(self, principal: Principal) -> None:
        if self.callers.is_due(principal):
            task = asyncio.get_running_loop().run_in_executor(None, self.callers.note_use, principal)
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)


class _KeyRevoked(Exception):
    """Ends a stream in its middle."""


class _Exchange:
    """One request and its answer."""

    def __init__(self, edge: Edge, scope: Scope, send: Send) -> None:
        self.edge, self.scope, self.raw_send = edge, scope, send
        self.started_at = time.perf_counter()
        self.request_id = "req_" + secrets.token_hex(16)
        self.headers = Headers(scope=scope)
        self.has_started = self.is_event_stream = False
        self.principal: Principal | None = None
        self.key_hash: str | None = None
        self.trusted_at = 0.0

    async def run(self, receive: Receive) -> None:
        self.scope["app"] = self.edge.app
        self.scope["tunesmith.request_id"] = self.request_id
        request_id.set(self.request_id)
        try:
            if self.edge.organization is None:
                await self.edge.know_organization()
            await self.answer(receive)
        except (ClientDisconnect, _KeyRevoked):
            return
        except Exception as error:  # noqa: BLE001 - the border: whatever happened, the caller gets an envelope
            await self.answer_error(error, receive)
        if self.principal is not None:
            self.edge.note_use(self.principal)

    async def answer(self, receive: Receive) -> None:
        if b"%00" in self.scope["query_string"]:
            raise bad_request("The query holds a null character.")
        path, self.scope["tunesmith.deployment"] = as_ours(_raw_path(self.scope))
        found = self.edge.table.find(path)
        entry = _entry(found, self.scope["method"])
        if entry is None or entry[0].permit is not None:
            await self.identify()
        if found is None:
            raise _unknown_url(self.scope)
        if entry is None:
            await self.answer_other_method(found, receive)
            return
        guarded, names = entry
        if guarded.permit is not None and self.principal is not None:
            guarded.permit.check(self.principal)
        self.scope["path_params"] = dict(zip(names, found.values, strict=True))
        self.scope["endpoint"], self.scope["route"] = guarded.route.endpoint, guarded.route
        if guarded.takes_json:
            _check_content_type(self.headers)
        receive = limited(receive, guarded.most_bytes, self.headers.get("content-length"))
        await guarded.app(self.scope, receive, self.send)

    async def identify(self) -> None:
        self.trusted_at = time.monotonic()
        caller = await self.edge.callers.identify(self.headers)
        self.principal, self.key_hash = caller.principal, caller.secret_hash
        self.scope["tunesmith.principal"] = caller.principal

    async def answer_other_method(self, found: Found[Guarded], receive: Receive) -> None:
        if self.scope["method"] == "OPTIONS":
            await Response(None, 204, {"allow": found.allowed})(self.scope, receive, self.send)
            return
        raise ApiError(
            405,
            f"Not allowed to {self.scope['method']} on {_shown_path(self.scope)}.",
            headers={"allow": found.allowed},
        )

    async def answer_error(self, error: Exception, receive: Receive) -> None:
        told = as_api_error(error)
        if told is None:
            log.error("%s failed", self.request_id, exc_info=error)
            told = ApiError(
                500, f"The server had an error while processing your request. Request id: {self.request_id}."
            )
        elif told.status >= 500 and not isinstance(error, ApiError):
            log.error("%s failed: %s", self.request_id, error)
        if self.has_started:
            log.warning("%s broke off in its middle: %s", self.request_id, type(error).__name__)
            return
        await told.response()(self.scope, receive, self.send)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_started = True
            headers = message["headers"] = [*message.get("headers", ()), *self.standard_headers()]
            self.is_event_stream = any(
                name.lower() == b"content-type" and value.startswith(b"text/event-stream") for name, value in headers
            )
        elif message.get("more_body") and self.key_hash is not None:
            await self.check_key_again()
        await self.raw_send(message)

    async def check_key_again(self) -> None:
        if time.monotonic() - self.trusted_at < TRUSTED_SECONDS:
            return
        self.trusted_at = time.monotonic()
        if await self.edge.callers.find(self.key_hash or "") is not None:
            return
        if self.is_event_stream:
            error = {
                "message": "The API key was revoked.",
                "type": "invalid_request_error",
                "param": None,
                "code": "invalid_api_key",
            }
            line = f"data: {json.dumps({'error': error})}\n\n".encode()
            await self.raw_send({"type": "http.response.body", "body": line, "more_body": False})
        raise _KeyRevoked

    def standard_headers(self) -> list[tuple[bytes, bytes]]:
        milliseconds = round((time.perf_counter() - self.started_at) * 1000)
        headers = [
            (b"x-request-id", self.request_id.encode()),
            (b"openai-processing-ms", b"%d" % milliseconds),
            (b"openai-version", VERSION.encode()),
        ]
        if self.edge.organization is not None:
            headers.append((b"openai-organization", self.edge.organization.encode()))
        return headers


def _raw_path(scope: Scope) -> bytes:
    """As it came over the wire, without the query."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.partition(b"?")[0]


def _entry(found: Found[Guarded] | None, method: str) -> tuple[Guarded, tuple[str, ...]] | None:
    if found is None:
        return None
    return found.by_method.get("GET" if method == "HEAD" else method)


def _check_content_type(headers: Headers) -> None:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    if has_body and kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise bad_request(f"Unsupported content type: '{kind[:100]}'. This API method takes 'application/json'.")


def _unknown_url(scope: Scope) -> ApiError:
    return not_found(
        f"Unknown request URL: {scope['method']} {_shown_path(scope)}. Please check the URL for typos.",
        code="unknown_url",
    )


def _shown_path(scope: Scope) -> str:
    return _raw_path(scope)[:200].decode("ascii", "replace")


def envelope_of(error: ApiError) -> Mapping[str, Any]:
    """For a route that streams and must tell of an error within the stream."""
    return {"error": {"message": redacted(error.message), "type": error.type, "param": error.param, "code": error.code}}
