"""``/v1/fine_tuning/…/live``: what becomes of jobs, as it happens, in server-sent events.

A stream ends when its job has ended and all was said (``event: end``), when its key is revoked, when its client takes
nothing, and when the server ends; whoever was not told the end comes back with ``Last-Event-ID``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from tunesmith.api.auth import permit
from tunesmith.api.errors import ApiError
from tunesmith.api.job_figures import JobId, find_job
from tunesmith.api.live_feed import Listener, LiveFeed
from tunesmith.api.protocol import on_server_end
from tunesmith.api.services import Services, ServicesOf
from tunesmith.store.db import DatabaseUnavailable
from tunesmith.store.principals import Action, Principal

BEAT_SECONDS: Final = 10.0
# How often something is sent, were it nothing: each sending has the edge judge the key again.
_CHECK_SECONDS: Final = 1.0
_GOODBYE_SECONDS: Final = 1.0

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


async def _feed(request: Request) -> LiveFeed:
    feed: LiveFeed = request.app.state.live_feed
    if feed.is_full:
        raise ApiError(503, "Too many listen already. Please try again soon.", headers={"retry-after": "5"})
    return feed


FeedOf = Annotated[LiveFeed, Depends(_feed)]
Reader = Annotated[Principal, permit(Action.JOB_READ)]

router = APIRouter(tags=["Fine-tuning"])


class EventStream(Response):
    """The kind, for the description."""

    media_type = "text/event-stream"


class LiveStream(EventStream):
    """The events that a listener hears, as long as the connection is there."""

    def __init__(self, feed: LiveFeed, listener: Listener) -> None:
        super().__init__(headers={"cache-control": "no-cache", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._feed, self._listener = feed, listener

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        on_server_end(scope, self._listener.close)
        with self._feed.hearing(self._listener):
            sending = asyncio.ensure_future(self._send_all(send))
            leaving = asyncio.ensure_future(_client_left(receive))
            overdue = asyncio.ensure_future(self._is_overdue())
            try:
                await asyncio.wait((sending, leaving, overdue), return_when=asyncio.FIRST_COMPLETED)
                if sending.done():
                    sending.result()
            finally:
                for task in (sending, leaving, overdue):
                    task.cancel()

    async def _send_all(self, send: Send) -> None:
        """``retry`` is for browsers that reconnect by themselves."""
        listener, beat_at = self._listener, time.monotonic() + BEAT_SECONDS
        await _send_body(send, b"retry: 1000\n\n")
        while not (listener.is_over and not listener.has_news.is_set()):
            frames = await listener.next_frames(_CHECK_SECONDS)
            if time.monotonic() >= beat_at:
                frames, beat_at = frames + b": \n\n", time.monotonic() + BEAT_SECONDS
            await _send_body(send, frames)
        await send({"type": "http.response.body", "body": b""})

    async def _is_overdue(self) -> None:
        """It is closed, and its client takes nothing of what is left."""
        await self._listener.is_closed.wait()
        await asyncio.sleep(_GOODBYE_SECONDS)


@router.get("/v1/fine_tuning/jobs/{job_id}/live", response_class=EventStream)
async def follow_fine_tuning_job(
    job_id: JobId, principal: Reader, services: ServicesOf, feed: FeedOf,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:  # fmt: skip
    """The job now and whenever it changes (``job``); its steps (``metrics``: a list), events (``job_event``, whose ids
    ``Last-Event-ID`` takes) and checkpoints from now on; ``end`` when it has ended."""
    await run_in_threadpool(_check_job, services, principal, job_id)
    return LiveStream(feed, Listener(principal.project_id, job_id, last_event_id))


@router.get("/v1/fine_tuning/live", response_class=EventStream)
async def follow_fine_tuning_jobs(principal: Reader, feed: FeedOf) -> Response:
    """The project's jobs that have not ended, at most a hundred; then each job that changes, also into its end."""
    return LiveStream(feed, Listener(principal.project_id))


def _check_job(services: Services, principal: Principal, job_id: str) -> None:
    with services.database.read() as connection:
        find_job(connection, principal, job_id)


async def _send_body(send: Send, body: bytes) -> None:
    """The edge asks the database for the key first. Where that is away, it asks again half a second later, and the
    stream stays."""
    message = {"type": "http.response.body", "body": body, "more_body": True}
    try:
        await send(message)
    except DatabaseUnavailable:
        await send(message)


async def _client_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
