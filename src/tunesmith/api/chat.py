"""``POST /chat/completions``: a request is judged, its model found, its tokens reserved; the serving process answers.

A client that goes away cancels the generation at once, and pays for what was made until then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response

from tunesmith.api.auth import RequestId, permit
from tunesmith.api.chat_answer import ChatCompletion, Chunks, Collected
from tunesmith.api.chat_request import Asked, ChatBody, judge
from tunesmith.api.errors import ApiError, as_api_error, not_found
from tunesmith.api.rate_limits import Reservation
from tunesmith.api.services import Services, ServicesOf
from tunesmith.api.serving_client import Conversation
from tunesmith.api.wire import answer
from tunesmith.core.errors import TunesmithError
from tunesmith.core.ids import new_id
from tunesmith.infer.protocol import Began, Ended, Piece, Reply, Served
from tunesmith.store import audit, models, stored_chats
from tunesmith.store.principals import Action, Principal

_CLIENT_CLOSED_REQUEST = 499

log = logging.getLogger(__name__)
router = APIRouter()
Result = TypeVar("Result")
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@router.post("/v1/chat/completions", responses={200: {"model": ChatCompletion}})
async def create_chat_completion(
    body: ChatBody, request: Request, services: ServicesOf, principal: Annotated[Principal, permit(Action.CHAT)],
    request_id: RequestId,
) -> Response:  # fmt: skip
    asked = judge(body)
    served = await find_served(services, principal, body.model)
    reservation = services.rate_limits.reserve(principal.key_id, asked.estimated_tokens)
    turn = _Turn.of(services, principal, asked, served, reservation, request_id)
    try:
        turn.conversation = await services.serving.converse(asked.chat(served, principal.project_id))
        replies = await _unless_client_leaves(request, turn.next_replies())
        if asked.streams:
            return _EventStream(turn, replies)
        await _unless_client_leaves(request, turn.gather(replies))
        return await turn.whole()
    except _ClientLeft:
        turn.abandon()
        return Response(status_code=_CLIENT_CLOSED_REQUEST)
    except BaseException:
        turn.abandon()
        raise


async def find_served(services: Services, principal: Principal, name: str) -> Served:
    """The model that a name means to this caller; raises ApiError 404."""
    known = services.known_models.resolve(name)
    if known is not None:
        return Served("base", known.name, known.name, known.location)
    found = await to_thread.run_sync(_find_servable, services, principal.project_id, name)
    if found is None:
        raise not_found(f"The model `{name}` does not exist or you do not have access to it.", code="model_not_found")
    base = services.known_models.resolve(found.base_model)
    location = found.base_model if base is None else base.location
    return Served(found.owner_type, found.owner_id, found.name, location)


def _find_servable(services: Services, project_id: str, name: str) -> models.Servable | None:
    with services.database.read() as connection:
        return models.find_servable(connection, project_id, name)


@dataclass(slots=True)
class _Turn:
    """One request and the answer to it, as far as it has come."""

    services: Services
    principal: Principal
    asked: Asked
    reservation: Reservation
    collected: Collected
    headers: Mapping[str, str]
    request_id: str
    conversation: Conversation | None = None

    @classmethod
    def of(
        cls, services: Services, principal: Principal, asked: Asked, served: Served,
        reservation: Reservation, request_id: str,
    ) -> _Turn:  # fmt: skip
        collected = Collected(
            new_id("chatcmpl-"),
            int(services.now()),
            asked.body.model,
            with_logprobs=bool(asked.body.logprobs),
            has_functions=asked.has_functions,
        )
        headers = {**reservation.headers, "x-tunesmith-model": quote(served.name, safe=":/@,.-_ ")}
        return cls(services, principal, asked, reservation, collected, headers, request_id)

    async def next_replies(self) -> list[Reply]:
        """Raises ApiError where the process refuses or goes away; before the first one that is a plain answer."""
        if self.conversation is None:
            return []
        replies = await self.conversation.next_replies()
        if not replies:
            message = "The serving process ended before its answer did."
            raise ApiError(503, message, code="serving_unavailable", headers={"retry-after": "1"})
        return replies

    async def gather(self, replies: list[Reply]) -> None:
        while True:
            for reply in replies:
                self.collected.add(reply)
            if self.collected.done is not None:
                return
            replies = await self.next_replies()

    async def whole(self) -> Response:
        self.end()
        completion = self.collected.completion(self.asked.body.metadata if self.asked.body.store else None)
        await self.keep(completion)
        response = answer(completion)
        response.headers.update(self.headers)
        return response

    async def keep(self, completion: ChatCompletion | None = None) -> None:
        """Stores the completion where the request asked for that."""
        if self.asked.body.store:
            completion = completion or self.collected.completion(self.asked.body.metadata)
            await to_thread.run_sync(self._keep, completion)

    def end(self) -> None:
        """The answer is whole."""
        done = self.collected.done
        self.reservation.settle(done.prompt_tokens + done.completion_tokens if done else 0)
        if self.conversation is not None:
            self.conversation.close()

    def abandon(self) -> None:
        """Nobody waits for the rest: it is cancelled, and what was made is paid for."""
        if self.conversation is None:
            self.reservation.settle(0)
        elif self.collected.done is not None:
            self.end()
        else:
            self.services.serving.abandon(self.conversation, self.reservation.settle)

    def _keep(self, completion: ChatCompletion) -> None:
        now = self.services.now()
        with self.services.database.write() as connection:
            stored_chats.create(
                connection,
                self.principal.project_id,
                id=completion.id,
                model=completion.model,
                metadata=self.asked.body.metadata,
                messages=self.asked.body.messages,
                completion=completion.model_dump(mode="json"),
                now=now,
            )
            audit.record(connection, self.principal, "stored_chat.create", completion.id, now, self.request_id)


class _EventStream(Response):
    """Chunks as they come. An error after the first one is a data line, since the status is out."""

    media_type = "text/event-stream"

    def __init__(self, turn: _Turn, replies: list[Reply]) -> None:
        super().__init__(headers={**turn.headers, "cache-control": "no-cache", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._turn, self._replies = turn, replies
        self._chunks = Chunks(turn.collected, n=turn.asked.n, includes_usage=turn.asked.includes_usage)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        sending = asyncio.ensure_future(self._send_all(send))
        leaving = asyncio.ensure_future(_client_left(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            sending.cancel()
            leaving.cancel()
            self._turn.abandon()

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        try:
            await self._send_answer(send)
        except TunesmithError as error:
            log.error("An answer broke off: %s", error)
            told = as_api_error(error) or ApiError(503, "The answer could not be finished. Please try again.")
            await _send_body(send, _error_line(told), more=False)
        except ApiError as error:
            await _send_body(send, _error_line(error), more=False)

    async def _send_answer(self, send: Send) -> None:
        replies, collected = self._replies, self._turn.collected
        while True:
            lines = b"".join(self._line(reply) for reply in replies)
            if collected.done is not None:
                break
            if lines:
                await _send_body(send, lines)
            replies = await self._turn.next_replies()
        self._turn.end()
        await self._turn.keep()
        await _send_body(send, lines + self._chunks.last(collected.done), more=False)

    def _line(self, reply: Reply) -> bytes:
        if isinstance(reply, Piece):
            if self._turn.asked.body.store:
                self._turn.collected.add(reply)
            return self._chunks.piece(reply)
        self._turn.collected.add(reply)
        if isinstance(reply, Began):
            return self._chunks.first()
        return self._chunks.ended(reply) if isinstance(reply, Ended) else b""


class _ClientLeft(Exception):
    """The connection is closed: there is nobody to answer."""


async def _unless_client_leaves(request: Request, work: Awaitable[Result]) -> Result:
    """Raises _ClientLeft, and stops the work, where the client closes its connection first."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_client_left(request.receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise _ClientLeft
    finally:
        working.cancel()
        leaving.cancel()


async def _client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_body(send: Send, body: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


def _error_line(error: ApiError) -> bytes:
    return b"data: " + bytes(error.response().body) + b"\n\n"
